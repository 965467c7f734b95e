internal import ChannelKit
internal import FoundationEssentials
internal import AlertModel
internal import OwnJSON

/// What is in force on the stream, kept across restarts: a tablet that comes back after the hub was down asks for the
/// present state, and an empty answer would take a tsunami warning off its screen.
///
/// Written behind by the notebook, so that publishing never waits for a disk. What an event says is a note of its own beside its head,
/// octet for octet: the notebook and the stream's log share it in memory, and a start has nothing to read in it.
struct StreamMemory: Sendable {
    /// What there is of an event beside its line, its school and its key, which are in the note's name.
    private struct Head: Codable {
        var name: String
        /// Octets of the line.
        var length: Int
        var expires: Date
        var isRevocation: Bool?
        var mode: ModeName?
        var gravity: Gravity?
        var isOver: Bool?
        var number: UInt64?
        var revision: Revision?

        init(_ event: StreamEvent, expires: Date) {
            name = event.name
            length = event.data.count
            self.expires = expires
            isRevocation = event.isRevocation ? true : nil
            number = event.number
            (mode, gravity, isOver) = (event.bearing?.mode, event.bearing?.gravity, event.bearing?.isOver)
            revision = event.bearing?.revision
        }

        init(_ whole: Whole) {
            (name, length, expires, isRevocation) = (whole.name, whole.data.utf8.count, whole.expires, whole.isRevocation)
            (mode, gravity, isOver) = (whole.mode, whole.gravity, whole.isOver)
        }

        var bearing: StreamEvent.Bearing? {
            guard let mode, let gravity, let isOver else { return nil }
            return StreamEvent.Bearing(mode: mode, gravity: gravity, isOver: isOver, revision: revision)
        }
    }

    /// As it was kept before the line had a note of its own.
    private struct Whole: Decodable {
        var name: String
        var data: String
        var expires: Date
        var isRevocation: Bool
        var mode: ModeName?
        var gravity: Gravity?
        var isOver: Bool?
    }

    private static let prefix = "stream/"
    private static let linePrefix = "stream-line/"
    let notebook: any Notebook
    let clock: @Sendable () -> Date

    /// Events without an end are not kept: there are none but those for measuring.
    func keep(_ event: StreamEvent, _ topic: StreamTopic) {
        guard let lasts = event.expiresIn else { return }
        guard let octets = try? JSONEncoder().encode(Head(event, expires: clock().addingTimeInterval(lasts / .seconds(1)))) else { return }
        let name = name(topic, event.key)
        notebook.write([(Self.linePrefix + name, event.data), (Self.prefix + name, [UInt8](octets))])
    }

    func forget(_ key: String, _ topic: StreamTopic) { forget(name(topic, key)) }

    private func forget(_ name: String) { notebook.write([(Self.linePrefix + name, nil), (Self.prefix + name, nil)]) }

    /// Events that are read side by side at a start.
    private static let handful = 512

    /// What still holds, oldest name first; what is over is forgotten.
    func restore() async -> [(StreamTopic, StreamEvent)] {
        let now = clock(), names = notebook.keys(prefix: Self.prefix)
        return await withTaskGroup(of: (Int, [(StreamTopic, StreamEvent)]).self) { group in
            for start in stride(from: 0, to: names.count, by: Self.handful) {
                // So many at the most, from a place that is in the array.
                group.addTask { (start, names.dropFirst(start).prefix(Self.handful).compactMap { restore($0, now) }) }
            }
            var parts: [Int: [(StreamTopic, StreamEvent)]] = [:]
            for await (start, events) in group { parts[start] = events }
            return parts.sorted { $0.key < $1.key }.flatMap(\.value)
        }
    }

    /// The same one after the other.
    func restored() -> [(StreamTopic, StreamEvent)] {
        let now = clock()
        return notebook.keys(prefix: Self.prefix).compactMap { restore($0, now) }
    }

    /// - Parameter note: with its prefix.
    private func restore(_ note: String, _ now: Date) -> (StreamTopic, StreamEvent)? {
        let name = String(note.dropFirst(Self.prefix.count))
        let (code, rest) = Self.split(name), (site, key) = Self.split(rest)
        guard let town = TownID(code), !key.isEmpty, let octets = notebook.read(note), let (head, line) = read(octets, name), head.expires > now
        else {
            forget(name)
            return nil
        }
        let event = StreamEvent(
            name: head.name, data: line, key: key, expiresIn: .seconds(head.expires.timeIntervalSince(now)),
            isRevocation: head.isRevocation ?? false, bearing: head.bearing, number: head.number)
        return (StreamTopic(town: town, site: site), event)
    }

    private func read(_ octets: [UInt8], _ name: String) -> (Head, [UInt8])? {
        if let head = try? OwnJSON.decode(Head.self, from: octets) {
            guard let line = notebook.read(Self.linePrefix + name), line.count == head.length else { return nil }
            return (head, line)
        }
        guard let whole = try? OwnJSON.decode(Whole.self, from: octets) else { return nil }
        return (Head(whole), Array(whole.data.utf8))
    }

    /// Before the first slash, and behind it.
    private static func split(_ name: String) -> (String, String) {
        guard let slash = name.unicodeScalars.firstIndex(of: "/") else { return (name, "") }
        // The slash was found in this name.
        return (String(name.unicodeScalars.prefix(upTo: slash)), String(name.unicodeScalars.suffix(from: slash).dropFirst()))
    }

    private func name(_ topic: StreamTopic, _ key: String) -> String { "\(topic.town.code)/\(topic.site)/\(key)" }
}
