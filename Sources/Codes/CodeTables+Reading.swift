/// How the tables are written, bundled and overlay alike: UTF-8 lines, columns apart by tabs.
///
///     # a comment
///     @edition 2026-07-07
///     @table weather
///     03⇥大雨警報
///     03⇥レベル３大雨警報⇥2026-05-28          valid from that day, 0:00 in Japan
///     @table town
///     042056⇥気仙沼市⇥宮城県⇥けせんぬまし⇥(city of a ward)⇥city codes⇥seismic⇥forecast⇥eew⇥tsunami candidates
///
/// Lists are apart by spaces; `\n` in a name is a line break. Later lines win, so an overlay says only what changed.
package import FoundationEssentials
import AlertModel

/// A table file that is not taken; nothing of it is.
package struct UnreadableTable: Error, Equatable, CustomStringConvertible {
    package let file: String
    /// Counted from 1; 0 where the file as a whole is meant.
    package let line: Int
    package let reason: String
    package var description: String { line == 0 ? "\(file): \(reason)" : "\(file):\(line): \(reason)" }
}

extension CodeTables {
    /// Twelve times the bundled tables: larger is no overlay.
    static let sizeLimit = 4 << 20

    /// These tables with a file of newer entries laid over them. The file is taken whole or not at all.
    package func adding(contentsOf url: URL) throws(UnreadableTable) -> CodeTables {
        let data: Data
        do {
            data = try Data(contentsOf: url)
        } catch {
            throw UnreadableTable(file: url.path, line: 0, reason: "読めません: \(error) (cannot be read)")
        }
        return try adding(Array(data), from: url.path)
    }

    /// The same from memory; `file` is for the error.
    package func adding(_ octets: [UInt8], from file: String) throws(UnreadableTable) -> CodeTables {
        var result = self
        try result.add(octets, from: file)
        return result
    }

    mutating func add(_ octets: [UInt8], from file: String) throws(UnreadableTable) {
        guard octets.count <= Self.sizeLimit else {
            throw UnreadableTable(file: file, line: 0, reason: "\(Self.sizeLimit)オクテットを超えています (too large)")
        }
        guard String(validating: octets, as: UTF8.self) != nil else {
            throw UnreadableTable(file: file, line: 0, reason: "UTF-8ではありません (is not UTF-8)")
        }
        var section = Section.none
        var number = 0
        for line in octets.split(separator: 0x0A, omittingEmptySubsequences: false) {
            number += 1
            let line = line.last == 0x0D ? line.dropLast() : line
            guard let first = line.first, first != UInt8(ascii: "#") else { continue }
            do throws(Flaw) {
                if first == UInt8(ascii: "@") {
                    try open(String(decoding: line.dropFirst(), as: UTF8.self), &section)
                } else {
                    try add(line.split(separator: 0x09, omittingEmptySubsequences: false), to: &section)
                }
            } catch {
                throw UnreadableTable(file: file, line: number, reason: error.reason)
            }
        }
        close(section)
    }

    private struct Flaw: Error { let reason: String }

    /// A table under way is kept apart from the dictionary, so that adding a row does not copy it.
    private enum Section {
        case none
        case names(String, NameTable)
        case towns
    }

    private mutating func open(_ directive: String, _ section: inout Section) throws(Flaw) {
        let words = directive.split(separator: " ", maxSplits: 1).map(String.init)
        switch (words.first, words.count) {
        case ("edition", 2):
            guard Self.day(words[1]) != nil else { throw Flaw(reason: "「\(words[1])」は 2026-07-07 のような日付ではありません (no day)") }
            edition = words[1]
        case ("table", 2):
            close(section)
            section = words[1] == "town" ? .towns : .names(words[1], tables.removeValue(forKey: words[1]) ?? NameTable())
        default:
            throw Flaw(reason: "@\(directive): 使えるのは @edition 日付 と @table 名前 だけです (unknown directive)")
        }
    }

    private mutating func close(_ section: Section) {
        if case .names(let name, let table) = section { tables[name] = table }
    }

    private mutating func add(_ columns: [ArraySlice<UInt8>], to section: inout Section) throws(Flaw) {
        switch section {
        case .none: throw Flaw(reason: "最初の @table より前に行があります (a row before the first @table)")
        case .towns: try addTown(columns)
        case .names(let name, var table):
            section = .none
            try Self.add(columns, to: &table)
            section = .names(name, table)
        }
    }

    private static func add(_ columns: [ArraySlice<UInt8>], to table: inout NameTable) throws(Flaw) {
        guard (2...3).contains(columns.count), !columns[0].isEmpty, !columns[1].isEmpty else {
            throw Flaw(reason: "一行は、コード、名前、必要なら日付です (a row is a code, a name and perhaps a day)")
        }
        var from: Date?
        if columns.count == 3 {
            let text = String(decoding: columns[2], as: UTF8.self)
            guard let day = day(text) else { throw Flaw(reason: "「\(text)」は 2026-05-28 のような日付ではありません (no day)") }
            from = day
        }
        table.add(String(decoding: columns[0], as: UTF8.self), text(columns[1]), from: from)
    }

    private static func text(_ octets: ArraySlice<UInt8>) -> String {
        guard octets.contains(UInt8(ascii: "\\")) else { return String(decoding: octets, as: UTF8.self) }
        return String(decoding: octets, as: UTF8.self).split(separator: "\\n", omittingEmptySubsequences: false)
            .joined(separator: "\n")
    }

    private mutating func addTown(_ columns: [ArraySlice<UInt8>]) throws(Flaw) {
        guard columns.count == 10 else { throw Flaw(reason: "市町村は10列ですが、\(columns.count)列あります (a town has ten columns)") }
        let code = String(decoding: columns[0], as: UTF8.self)
        guard let id = TownID(code) else { throw Flaw(reason: "「\(code)」は地方公共団体コードではありません (no local government code)") }
        func list(_ column: Int) -> [String] {
            columns[column].split(separator: 0x20).map { String(decoding: $0, as: UTF8.self) }
        }
        let name = String(decoding: columns[1], as: UTF8.self)
        areasOfTowns[id] = TownAreas(
            id: id, name: name, prefecture: String(decoding: columns[2], as: UTF8.self),
            kana: columns[3].isEmpty ? nil : String(decoding: columns[3], as: UTF8.self),
            parent: TownID(String(decoding: columns[4], as: UTF8.self)),
            cityCodes: list(5), seismic: list(6), forecast: list(7), eew: list(8), tsunamiCandidates: list(9))
        tables[AreaScheme.localGovernment.rawValue, default: NameTable()].add(code, name, from: nil)
    }

    /// Midnight in Japan (UTC+9) of a day written `2026-05-28`.
    private static func day(_ text: String) -> Date? {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard text.utf8.count == 10, parts.count == 3, let year = Int(parts[0]), let month = Int(parts[1]),
            let day = Int(parts[2]), (1...12).contains(month), (1...31).contains(day)
        else { return nil }
        // Days before the month in a year that begins in March; the leap day comes last.
        let shifted = month <= 2 ? year - 1 : year
        let dayOfYear = (153 * ((month + 9) % 12) + 2) / 5 + day - 1
        let days = shifted * 365 + shifted / 4 - shifted / 100 + shifted / 400 + dayOfYear - 719_468
        return Date(timeIntervalSince1970: Double(days * 86_400 - 9 * 3_600))
    }
}
