import AlertModel
import FoundationEssentials
import Synchronization

extension SpotState {
    /// JSON with sorted keys. An alert stands in seventy spots' states, and again with each one that comes after it: what it is in JSON is
    /// made once (`EntryLines`), the rest of a state is its place and a few shelters.
    func encoded() throws -> [UInt8] {
        var line = try Self.json(emptied)
        try fill(&line, "exercise", exercise)
        try fill(&line, "actual", actual)
        return line
    }

    init(encoded bytes: [UInt8]) throws {
        let decoder = JSONDecoder()
        decoder.dateDecodingStrategy = .secondsSince1970
        self = try decoder.decode(SpotState.self, from: Data(bytes))
    }

    /// Puts a list's entries where the empty list stands. It cannot be found inside of words, where each quotation mark has its backslash.
    private func fill<M: Mode>(_ line: inout [UInt8], _ name: String, _ list: PortalList<M>) throws {
        guard !list.entries.isEmpty else { return }
        guard let empty = line.firstRange(of: Array("\"\(name)\":{\"entries\":[]}".utf8)) else {
            line = try Self.json(self)
            return
        }
        // Before the two brackets that close the empty list.
        line.insert(contentsOf: try EntryLines.joined(list.entries), at: empty.upperBound - 2)
    }

    fileprivate static func json(_ value: some Encodable) throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.dateEncodingStrategy = .secondsSince1970
        encoder.outputFormatting = [.sortedKeys]
        return Array(try encoder.encode(value))
    }
}

/// Entries as JSON, each made once for all spots that show it.
private enum EntryLines {
    /// What is looked up before whole texts are compared.
    private struct Key: Hashable {
        let mode: ModeName
        let alert: AlertID
        let since: Date
        let wasShown: Bool
    }

    private struct Line {
        let entry: any Sendable
        let octets: [UInt8]
    }

    private static let lines = Mutex<[Key: Line]>([:])
    /// Beyond so many, some hundred kilobytes, all are made anew.
    private static let most = 128

    static func joined<M: Mode>(_ entries: [PortalEntry<M>]) throws -> [UInt8] {
        try lines.withLock { lines in
            var all: [UInt8] = []
            for entry in entries {
                if !all.isEmpty { all.append(UInt8(ascii: ",")) }
                all += try line(of: entry, in: &lines)
            }
            return all
        }
    }

    private static func line<M: Mode>(of entry: PortalEntry<M>, in lines: inout [Key: Line]) throws -> [UInt8] {
        let key = Key(mode: M.name, alert: entry.alert, since: entry.since, wasShown: entry.wasShown)
        if let made = lines[key], made.entry as? PortalEntry<M> == entry { return made.octets }
        let octets = try SpotState.json(entry)
        if lines.count >= most { lines.removeAll(keepingCapacity: true) }
        lines[key] = Line(entry: entry, octets: octets)
        return octets
    }
}
