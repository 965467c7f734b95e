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
        case utf8 = "UTF-8", utf16 = "UTF-16", cp932 = "CP932", eucJP = "EUC-JP"
    }

    package var layout: Layout
    package var encoding: Encoding
    package var shelters: [Shelter]
    /// What was mended, row by row, and which rows were refused; in the order of the file, the first 20,000.
    package var remarks: [Remark]
    /// All of them, also beyond the remarks that are kept.
    package var refusedRows: Int
    /// What became of every column, in the order of the file.
    package var columns: [Column] = []
    /// Rows of other municipalities, where the list was read for one.
    package var elsewhere: [TownID: Int] = [:]

    package struct Column: Sendable, Hashable {
        package enum Verdict: String, Sendable { case used, ignored, doubtful }
        /// Counted from 1.
        package let position: Int
        package let header: String
        package var verdict: Verdict
        /// What it is used as, in our words.
        package var use: String?
        package var remark: String?
    }

    package struct Remark: Sendable, Hashable, CustomStringConvertible {
        /// Doubtful is what was taken as written, though somebody should look at it.
        package enum Kind: String, Sendable { case mended, doubtful, refused }
        /// Line of the file on which the row begins, counted from 1.
        package let line: Int
        package let kind: Kind
        package let text: String
        package var description: String { "line \(line): \(kind.rawValue): \(text)" }
    }
}

/// One row of a list.
package struct Shelter: Sendable, Hashable, Identifiable {
    package typealias Hazard = AlertModel.Shelter.Hazard
    package typealias Kind = AlertModel.Shelter.Kind
    package typealias Fitness = AlertModel.Shelter.Fitness

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
    package var romanName: String?
    package var address: String?
    package var district: String?
    /// Degrees, north and east positive; both or none.
    package var latitude: Double?
    package var longitude: Double?
    package var phone: String?
    /// Hazards nothing is said of are not in it.
    package var fitness: [Hazard: Fitness] = [:]
    package var hazards: Set<Hazard> { Set(fitness.filter { $0.value == .fit }.keys) }
    package var kinds: Set<Kind> = []
    package var capacity: Capacity?
    /// People counted there, and when, in lists of open shelters.
    package var occupants: Int?
    package var countedAt: String?
    package var note: String?
}
