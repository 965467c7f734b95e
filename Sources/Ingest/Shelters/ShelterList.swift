/// A municipality's list of shelters as the hub knows it, whatever layout it came in.
package import AlertModel

package struct ShelterList: Sendable, Hashable {
    package enum Layout: String, Sendable, Codable {
        /// 国土地理院 指定避難所 (`…_1.csv`) and 指定緊急避難場所 (`…_2.csv`).
        case gsiShelters = "gsi-1", gsiSites = "gsi-2"
        /// 自治体標準オープンデータセット 03 (39 columns), its earlier edition (26), and lists made from them.
        case recommended
        case lgdis
        case line
        /// None of these, but with names under a header we know.
        case other
    }

    package enum Encoding: String, Sendable, Codable {
        case utf8 = "UTF-8", utf16 = "UTF-16", cp932 = "CP932"
    }

    package var layout: Layout
    package var encoding: Encoding
    package var shelters: [Shelter]
    /// What was mended, row by row, and which rows were refused; in the order of the file, the first 20,000.
    package var remarks: [Remark]
    /// All of them, also beyond the remarks that are kept.
    package var refusedRows: Int

    package struct Remark: Sendable, Hashable, CustomStringConvertible {
        package enum Kind: String, Sendable { case mended, refused }
        /// Line of the file on which the row begins, counted from 1.
        package let line: Int
        package let kind: Kind
        package let text: String
        package var description: String { "line \(line): \(kind.rawValue): \(text)" }
    }
}

package struct Shelter: Sendable, Hashable, Identifiable {
    /// The eight hazards a site is fit for (災害対策基本法施行令 第20条の4).
    package enum Hazard: String, Sendable, Codable, CaseIterable {
        case flood = "洪水", landslide = "土砂災害", stormSurge = "高潮", earthquake = "地震", tsunami = "津波"
        case fire = "大規模な火事", inlandFlood = "内水氾濫", volcano = "火山現象"
    }

    package enum Kind: String, Sendable, Codable, CaseIterable {
        case shelter = "指定避難所", site = "指定緊急避難場所", temporary = "臨時避難所", wideArea = "広域避難場所"
        case firstSite = "一時避難場所", welfare = "福祉避難所"
    }

    /// The number where it is one, and the words always: 屋内1,371人／屋外5,470人（面積の1/2） is no number.
    package struct Capacity: Sendable, Hashable {
        package var people: Int?
        package var text: String
    }

    /// As in the list; made from town, name and address where the list has none, so it stays when rows move.
    package var id: String
    /// Whether `id` was made here.
    package var hasOwnID: Bool
    package var town: TownID?
    package var name: String
    package var kana: String?
    package var address: String?
    package var district: String?
    /// Degrees, north and east positive; both or none.
    package var latitude: Double?
    package var longitude: Double?
    package var phone: String?
    package var hazards: Set<Hazard> = []
    package var kinds: Set<Kind> = []
    package var capacity: Capacity?
    /// People counted there, and when, in lists of open shelters.
    package var occupants: Int?
    package var countedAt: String?
    package var note: String?
}
