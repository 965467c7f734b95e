import AlertModel
import CellBroadcast
import ChannelKit
import FoundationEssentials

/// Whose message it is: a far end's, under one identifier.
struct AirName: Sendable, Hashable, Comparable, CustomStringConvertible {
    let mode: String
    let town: String
    let farEnd: String
    let identifier: UInt16

    var description: String { "\(mode)/\(town)/\(farEnd)/\(identifier)" }
    static func < (one: Self, other: Self) -> Bool {
        (one.mode, one.town, one.farEnd, one.identifier) < (other.mode, other.town, other.farEnd, other.identifier)
    }
}

/// What stands, or may stand, at one address, whoever of us put it there: drills and real alerts, and all towns behind
/// one centre, share its cells.
///
/// Both modes' adapters read it; each writes only what is its own, or strikes out what it took off for the other.
struct Air: Sendable {
    struct Record: Sendable, Codable, Hashable {
        var role: Order.Role
        var serial: SerialNumber
        var pages: Int
        var period: Int
        var gravity: Int
        var ends: Date?
        /// Since when these words are on the air, where the far end has confirmed them.
        var since: Date?
        /// Taken off by the other mode, which needed the room; its owner reads it here.
        var isStruck: Bool?
    }

    let notebook: any Notebook

    func all(at address: String) -> [AirName: Record] {
        let folder = Self.folder(address)
        return Dictionary(notebook.keys(prefix: folder).compactMap { key -> (AirName, Record)? in
            guard let name = Self.name(key.dropFirst(folder.count)), let record = read(key) else { return nil }
            return (name, record)
        }, uniquingKeysWith: { $1 })
    }

    func record(_ name: AirName, at address: String) -> Record? { read(Self.folder(address) + name.description) }

    func write(_ name: AirName, _ record: Record?, at address: String) {
        notebook.write(
            Self.folder(address) + name.description, record.flatMap { try? JSONEncoder().encode($0) }.map { Array($0) })
    }

    func strike(_ name: AirName, at address: String) {
        guard var record = record(name, at: address) else { return }
        record.isStruck = true
        write(name, record, at: address)
    }

    private func read(_ key: String) -> Record? {
        notebook.read(key).flatMap { try? JSONDecoder().decode(Record.self, from: Data($0)) }
    }

    private static func folder(_ address: String) -> String { "area-mail/air/\(address)|" }

    private static func name(_ text: some StringProtocol) -> AirName? {
        // A far end's id may hold slashes; the mode, the town and the identifier do not.
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count >= 4, let identifier = UInt16(parts[parts.count - 1]) else { return nil }
        return AirName(
            mode: String(parts[0]), town: String(parts[1]), farEnd: parts[2..<(parts.count - 1)].joined(separator: "/"),
            identifier: identifier)
    }
}

extension Air {
    /// How long words are repeated before others of the same gravity, which nobody has heard, may take their room: a phone in the cell has
    /// shown them after the first repetition, and has had ten.
    static let heard: TimeInterval = 40 * 60

    /// - Parameter now: nil where nobody asks for room.
    func room(at address: String, mode: ModeName, wished: Int, without own: Set<AirName>, now: Date? = nil) -> Room {
        let texts = all(at: address).compactMap { name, record -> Room.Text? in
            guard record.role == .text, record.isStruck != true, !own.contains(name) else { return nil }
            return Room.Text(
                name: name, pages: record.pages, period: record.period, gravity: record.gravity,
                isOurs: name.mode == mode.rawValue, isDrill: name.mode == ModeName.exercise.rawValue,
                heardSince: record.since.flatMap { since in now.flatMap { $0.timeIntervalSince(since) >= Self.heard ? since : nil } })
        }
        return Room(texts: texts, wished: wished)
    }

    /// The ETWS primaries that stand there: a cell takes one, and refuses a second (osmo-bsc: cause 0x06).
    func warnings(at address: String) -> [AirName: Record] {
        all(at: address).filter { $0.value.role == .warning && $0.value.isStruck != true }
    }
}
