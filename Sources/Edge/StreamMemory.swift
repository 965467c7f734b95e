internal import ChannelKit
internal import FoundationEssentials
internal import AlertModel

/// What is in force on the stream, kept across restarts: a tablet that comes back after the hub was down asks for the
/// present state, and an empty answer would take a tsunami warning off its screen.
///
/// Written behind by the notebook, so that publishing never waits for a disk.
struct StreamMemory: Sendable {
    private struct Kept: Codable {
        var town: TownID
        var site: String
        var name: String
        var data: String
        var key: String
        var expires: Date
        var isRevocation: Bool
        /// Absent in what was written before a stream knew them, and of what is no alert.
        var mode: ModeName?
        var gravity: Gravity?
        var isOver: Bool?

        var bearing: StreamEvent.Bearing? {
            guard let mode, let gravity, let isOver else { return nil }
            return StreamEvent.Bearing(mode: mode, gravity: gravity, isOver: isOver)
        }
    }

    private static let prefix = "stream/"
    let notebook: any Notebook
    let clock: @Sendable () -> Date

    /// Events without an end are not kept: there are none but those for measuring.
    func keep(_ event: StreamEvent, _ topic: StreamTopic) {
        guard let lasts = event.expiresIn else { return }
        let kept = Kept(
            town: topic.town, site: topic.site, name: event.name, data: String(decoding: event.data, as: UTF8.self),
            key: event.key, expires: clock().addingTimeInterval(lasts / .seconds(1)), isRevocation: event.isRevocation,
            mode: event.bearing?.mode, gravity: event.bearing?.gravity, isOver: event.bearing?.isOver)
        guard let octets = try? JSONEncoder().encode(kept) else { return }
        notebook.write(name(topic, event.key), [UInt8](octets))
    }

    func forget(_ key: String, _ topic: StreamTopic) { notebook.write(name(topic, key), nil) }

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

    private func restore(_ name: String, _ now: Date) -> (StreamTopic, StreamEvent)? {
        guard let octets = notebook.read(name), let kept = try? JSONDecoder().decode(Kept.self, from: Data(octets)), kept.expires > now
        else {
            notebook.write(name, nil)
            return nil
        }
        let event = StreamEvent(
            name: kept.name, data: Array(kept.data.utf8), key: kept.key,
            expiresIn: .seconds(kept.expires.timeIntervalSince(now)), isRevocation: kept.isRevocation,
            bearing: kept.bearing)
        return (StreamTopic(town: kept.town, site: kept.site), event)
    }

    private func name(_ topic: StreamTopic, _ key: String) -> String {
        "\(Self.prefix)\(topic.town.code)/\(topic.site)/\(key)"
    }
}
