package import ChannelKit
package import FoundationEssentials

/// The note in a record that is a copy's: whose moment it is, and whether a person has put it to work.
package struct RestoredCopy: Sendable, Codable, Hashable {
    package static let note = "restored"

    /// When the copy was made, and when it was put here.
    package var made: Date
    package var at: Date
    /// Until then no hub starts on it.
    package var isBegun = false

    package init(made: Date, at: Date) { (self.made, self.at) = (made, at) }

    /// Nil for what is no such note.
    package init?(octets: [UInt8]) {
        guard let note = try? JSONDecoder().decode(Self.self, from: Data(octets)) else { return nil }
        self = note
    }

    package func octets() throws -> [UInt8] { [UInt8](try JSONEncoder().encode(self)) }

    /// Nil in a record that was not restored from a copy.
    package static func read(in notebook: any Notebook) -> Self? { notebook.read(note).flatMap { Self(octets: $0) } }
}
