/// Towns as data: what the record says of a town, in the words of one item of `towns:` in the settings. Where both name a town
/// the record counts; the file seeds it.
///
///     settings file ──seed──▶ document (version 0)
///     desk ──change, with a reason──▶ document (version n), who and why ──▶ the towns in use
///
/// A change tells nobody anything: what is said is said by an order.
package import AlertModel
package import ChannelKit
internal import Dispatching
package import FoundationEssentials
internal import Memories
internal import Streams

package struct TownDocument: Codable, Sendable, Hashable {
    package struct Change: Codable, Sendable, Hashable {
        package var version: Int
        package var at: Date
        package var by: String
        package var reason: String
        /// In words, a line each.
        package var what: [String]
        /// SHA-256 of the document it made, hex.
        package var digest: String

        package init(version: Int, at: Date, by: String, reason: String, what: [String], digest: String) {
            (self.version, self.at, self.by, self.reason, self.what, self.digest) = (version, at, by, reason, what, digest)
        }
    }

    /// 0 as the settings file has it.
    package var version: Int
    /// JSON, with its secrets.
    package var octets: Data
    /// The newest last; the oldest leave.
    package private(set) var changes: [Change]

    static let mostChanges = 500

    package init(version: Int = 0, octets: [UInt8], changes: [Change] = []) {
        (self.version, self.octets, self.changes) = (version, Data(octets), changes)
    }

    package func changed(to octets: [UInt8], _ change: Change) -> TownDocument {
        TownDocument(version: change.version, octets: octets, changes: Array((changes + [change]).suffix(Self.mostChanges)))
    }
}

package struct TownBook: Sendable {
    /// The town's code stands in the key: it goes along when the town moves.
    package static let prefix = "settings/"
    private let notebook: any Notebook

    package init(notebook: any Notebook) { self.notebook = notebook }

    package subscript(_ town: TownID) -> TownDocument? {
        notebook.read(Self.prefix + town.code).flatMap { Self.document($0) }
    }

    package var all: [TownID: TownDocument] {
        Self.documents(notebook.keys(prefix: Self.prefix).map { ($0, notebook.read($0) ?? []) })
    }

    package static func documents(_ notes: [(key: String, value: [UInt8])]) -> [TownID: TownDocument] {
        notes.reduce(into: [:]) { all, note in
            guard note.key.hasPrefix(prefix), let id = TownID(String(note.key.dropFirst(prefix.count))) else { return }
            all[id] = document(note.value)
        }
    }

    private static func document(_ octets: [UInt8]) -> TownDocument? { try? JSONDecoder().decode(TownDocument.self, from: Data(octets)) }

    /// Nil: as the settings file has it again.
    package func keep(_ document: TownDocument?, of town: TownID) throws {
        notebook.write(Self.prefix + town.code, try document.map { Array(try JSONEncoder().encode($0)) })
    }
}

/// Whoever reads settings: the rooms behind the desk know no settings file.
package protocol TownReader: Sendable {
    /// What the settings file says of a town; nil where it is silent.
    func seed(of town: TownID) -> [UInt8]?
    /// The document this run began with; nil for none.
    func started(with town: TownID) -> [UInt8]?
    /// The town a document describes, looked at as a start would look at it.
    func read(_ document: [UInt8], of town: TownID) throws(TownRefused) -> Town
}

/// Why a document is none, in words, a line each.
package struct TownRefused: Error, Sendable {
    package var reason: String
    package init(_ reason: String) { self.reason = reason }
}

extension Hub {
    /// From now on this town is so: names, areas, districts, shelters, far ends. What is on its way keeps the old ones, and
    /// goes on to a far end that is no more until it ends.
    package func use(_ town: Town) async {
        let before = Set(towns[town.id]?.endpoints ?? [])
        let whole = shelters.replacing(town)
        towns.replace(whole)
        let fresh = whole.endpoints.filter { !before.contains($0) }
        // An examination of a place is said with what stands there, also for who comes later.
        let exams = Dictionary(before.map { ("\($0.channel)/\($0.id)", $0.exams) }, uniquingKeysWith: { first, _ in first })
        for end in whole.endpoints where end.exams != exams["\(end.channel)/\(end.id)"] ?? [] { stream.owe(StreamTopic(town: town.id, site: end.id)) }
        await actual.prepare(whole, only: Set(fresh))
        await exercise.prepare(whole, only: Set(fresh))
    }

    /// A town that this hub serves from now on.
    package func begin(_ town: Town) async {
        let whole = shelters.replacing(town)
        towns.add(whole)
        await actual.prepare(whole, only: Set(whole.endpoints))
        await exercise.prepare(whole, only: Set(whole.endpoints))
    }

    /// Districts under an order of either mode: a town does not lose one while somebody in it is told to leave.
    package func districtsUnderOrders(of town: TownID) -> Set<String> {
        Set(ModeName.allCases.flatMap { mode in standing(of: town, mode).orders().compactMap(\.subject.district) })
    }
}
