/// The dated vocabularies: which codes exist, what they are called, and which areas a town lies in.
///
///     Bundled.swift ──▶ bundled ──▶ adding(overlay) ──▶ the hub swaps the value, no restart
///
/// A code nobody knows is no error: it is kept, shown by the name the bulletin gives, and reported to the operator.
/// Names of kinds change on a day (警戒レベル entered the names of warnings on 2026-05-28), so they are asked for
/// with a date; an overlay can carry tomorrow's names today.
///
/// Source of the bundled tables: 気象庁 個別コード表 and 地震火山関連コード表, edition 2026-07-07
/// (出典：気象庁ホームページ, 公共データ利用規約 1.0); 全国地方公共団体コード: localgovjp 2026-07-09 (CC0).
package import AlertModel
package import FoundationEssentials

package struct CodeTables: Sendable {
    /// The tables that come with the program.
    package static let bundled: CodeTables = {
        do throws(UnreadableTable) {
            var tables = CodeTables()
            let text = Bundled.tables
            try tables.add(Array(UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount)), from: "Bundled.swift")
            return tables
        } catch {
            preconditionFailure("\(error)")
        }
    }()

    /// The day of JMA's edition, `2026-07-07`; an overlay with an edition of its own moves it.
    package internal(set) var edition = ""
    var tables: [String: NameTable] = [:]
    var areasOfTowns: [TownID: TownAreas] = [:]

    /// Every municipality and ward, by code.
    package var towns: [TownAreas] { areasOfTowns.values.sorted { $0.id < $1.id } }

    package func town(_ id: TownID) -> TownAreas? { areasOfTowns[id] }

    /// The municipality meant by a code as people write it: six digits, five without the check digit, or six that
    /// lost a leading zero. Nil when no known town, or when two different towns could be meant.
    package func town(written code: String) -> TownID? {
        let readings: [String] = switch code.utf8.count {
        case 6: [code]
        case 5: ["0" + code] + (0...9).map { "\(code)\($0)" }
        case 4: (0...9).map { "0\(code)\($0)" }
        default: []
        }
        let known = readings.compactMap { TownID($0) }.filter { areasOfTowns[$0] != nil }
        return known.count == 1 ? known[0] : nil
    }

    /// The name of an area's code, nil when no table knows it. Lost leading zeros are forgiven.
    package func name(_ scheme: AreaScheme, _ code: String) -> String? {
        tables[scheme.rawValue]?.name(code, at: nil)
    }

    /// The code of an area that a bulletin names and gives no code of.
    package func code(_ scheme: AreaScheme, named name: String) -> String? { tables[scheme.rawValue]?.code(named: name) }

    /// Whether there is a table for this scheme at all; where there is none, a code cannot be called unknown.
    package func knows(_ scheme: AreaScheme) -> Bool { tables[scheme.rawValue] != nil }

    package func knows(_ scheme: AreaScheme, _ code: String) -> Bool { name(scheme, code) != nil }

    /// The name of a code whose scheme is `other`, by the codeType as JMA writes it (全国・地方予報区等), or by one of
    /// our tables without a scheme: 震央地名, 震央地名（詳細）, 都道府県, 津波観測点.
    package func name(codeType: String, _ code: String) -> String? {
        tables[codeType]?.name(code, at: nil)
    }

    /// What a kind is called in bulletins of that day; nil when the table does not know it, or not yet.
    package func kindName(_ table: KindTable, _ code: String, at date: Date) -> String? {
        tables[table.rawValue]?.name(code, at: date)
    }
}

/// The tables of what happens, as opposed to where.
package enum KindTable: String, Sendable, CaseIterable {
    /// 気象警報・注意報: `03` 大雨警報, from 2026-05-28 レベル３大雨警報.
    case weather
    /// 津波警報等種類: `52` 大津波警報.
    case tsunami
    /// 噴火警報等: `15` レベル５（避難）, `52` 噴火.
    case volcano
    /// 緊急地震速報（警報）: `31`.
    case eewWarning = "eew-warning"
    /// 緊急地震速報（予報）, per place: `10`, `11`, `19`.
    case eewForecast = "eew-forecast"
    /// 土砂災害警戒情報: `0`, `1`, `3`.
    case landslide
    case tornado
    case heavyRainRecord = "heavy-rain-record"
    /// 海上警報.
    case marine
    /// 危険度: `30` 警報級, `41` 警戒レベル４相当.
    case significancy
    /// 地震関連情報番号 of Nankai Trough bulletins: `120` 巨大地震警戒.
    case nankai
    /// 固定付加文: `0215` この地震による津波の心配はありません。
    case comment
}
