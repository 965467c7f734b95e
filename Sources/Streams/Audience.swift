internal import ChannelKit
internal import NIOCore

/// The tablets of one event loop, by topic and the languages they follow, each in one contiguous array.
///
/// Touched on its loop only.
final class Audience {
    private typealias Seats = ContiguousArray<StreamConnection>

    private var sections: [StreamTopic: [LanguageChoice: Seats]] = [:]
    private(set) var count = 0
    private let onLeave: (StreamConnection) -> Void
    private let onCut: () -> Void
    private var beat = 0

    init(onLeave: @escaping (StreamConnection) -> Void, onCut: @escaping () -> Void) {
        self.onLeave = onLeave
        self.onCut = onCut
    }

    func add(_ connection: StreamConnection) {
        let (topic, languages) = (connection.listener.topic, connection.listener.languages)
        connection.seat = sections[topic]?[languages]?.count ?? 0
        sections[topic, default: [:]][languages, default: []].append(connection)
        connection.seat(in: self)
        count += 1
    }

    func remove(_ connection: StreamConnection) {
        let (topic, languages) = (connection.listener.topic, connection.listener.languages)
        let seat = connection.seat
        guard seat >= 0, let last = sections[topic]?[languages]?.last else { return }
        // A seat is a place of its section until it is given back, and is set to -1 then.
        sections[topic]?[languages]?[seat] = last
        last.seat = seat
        sections[topic]?[languages]?.removeLast()
        if sections[topic]?[languages]?.isEmpty == true { sections[topic]?[languages] = nil }
        if sections[topic]?.isEmpty == true { sections[topic] = nil }
        connection.seat = -1
        count -= 1
        onLeave(connection)
    }

    func countCut() { onCut() }

    /// Backwards, since a connection that is cut leaves its seat to the last one.
    func deliver(_ buffer: ByteBuffer, offset: UInt64, to topic: StreamTopic, in languages: LanguageChoice) {
        guard let seats = sections[topic]?[languages] else { return }
        for connection in seats.reversed() where connection.joinedAt < offset { connection.send(buffer) }
    }

    func cut(device: String) {
        for connection in everyone where connection.listener.device == device { connection.cut(reason: "revoked") }
    }

    /// The older lines of one device.
    func cut(_ listener: StreamListener, upTo line: UInt64) {
        for connection in everyone(of: listener.topic) where connection.line <= line && connection.listener.device == listener.device {
            connection.cut(reason: "newer")
        }
    }

    func cut(topic: StreamTopic) {
        for connection in everyone(of: topic) { connection.cut(reason: "changed") }
    }

    func tell(_ buffer: ByteBuffer, device: String) {
        for connection in everyone where connection.listener.device == device { connection.send(buffer) }
    }

    func closeAll() {
        for connection in everyone { connection.cut(reason: "closing") }
    }

    /// As they are now: who is cut leaves its seat meanwhile.
    private var everyone: [StreamConnection] { sections.values.flatMap { $0.values.flatMap { Array($0) } } }
    private func everyone(of topic: StreamTopic) -> [StreamConnection] { sections[topic]?.values.flatMap { Array($0) } ?? [] }

    /// One fifteenth of the tablets a second, so that each hears something every 15 s and the loop never stands still.
    func heartbeat() {
        beat = (beat + 1) % StreamHub.heartbeatSeconds
        for seats in sections.values.flatMap({ Array($0.values) }) {
            var seat = beat
            while seat < seats.count {
                seats[seat].send(ServerSentEvent.heartbeat)
                seat += StreamHub.heartbeatSeconds
            }
        }
    }
}
