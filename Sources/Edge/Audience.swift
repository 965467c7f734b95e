internal import ChannelKit
internal import NIOCore

/// The tablets of one event loop, by topic, each topic in one contiguous array.
///
/// Touched on its loop only.
final class Audience {
    private struct Section {
        var seats: ContiguousArray<StreamConnection> = []
    }

    private var sections: [StreamTopic: Section] = [:]
    private(set) var count = 0
    private let onLeave: (StreamConnection) -> Void
    private let onCut: () -> Void
    private var beat = 0

    init(onLeave: @escaping (StreamConnection) -> Void, onCut: @escaping () -> Void) {
        self.onLeave = onLeave
        self.onCut = onCut
    }

    func add(_ connection: StreamConnection) {
        let topic = connection.listener.topic
        connection.seat = sections[topic, default: Section()].seats.count
        sections[topic, default: Section()].seats.append(connection)
        connection.seat(in: self)
        count += 1
    }

    func remove(_ connection: StreamConnection) {
        let topic = connection.listener.topic
        let seat = connection.seat
        guard seat >= 0, let last = sections[topic]?.seats.last else { return }
        // A seat is a place of its section until it is given back, and is set to -1 then.
        sections[topic]?.seats[seat] = last
        last.seat = seat
        sections[topic]?.seats.removeLast()
        if sections[topic]?.seats.isEmpty == true { sections[topic] = nil }
        connection.seat = -1
        count -= 1
        onLeave(connection)
    }

    func countCut() { onCut() }

    /// Backwards, since a connection that is cut leaves its seat to the last one.
    func deliver(_ buffer: ByteBuffer, offset: UInt64, to topic: StreamTopic) {
        guard let seats = sections[topic]?.seats else { return }
        for connection in seats.reversed() where connection.joinedAt < offset { connection.send(buffer) }
    }

    func cut(device: String) {
        for section in sections.values {
            for connection in section.seats where connection.listener.device == device { connection.cut(reason: "revoked") }
        }
    }

    /// The older lines of one device.
    func cut(_ listener: StreamListener, upTo line: UInt64) {
        for connection in sections[listener.topic]?.seats ?? [] where connection.line <= line && connection.listener == listener {
            connection.cut(reason: "newer")
        }
    }

    func cut(topic: StreamTopic) {
        for connection in sections[topic]?.seats ?? [] { connection.cut(reason: "changed") }
    }

    func tell(_ buffer: ByteBuffer, device: String) {
        for section in sections.values {
            for connection in section.seats where connection.listener.device == device { connection.send(buffer) }
        }
    }

    func closeAll() {
        for section in sections.values {
            for connection in section.seats { connection.cut(reason: "closing") }
        }
    }

    /// One fifteenth of the tablets a second, so that each hears something every 15 s and the loop never stands still.
    func heartbeat() {
        beat = (beat + 1) % StreamHub.heartbeatSeconds
        for section in sections.values {
            var seat = beat
            let seats = section.seats
            while seat < seats.count {
                seats[seat].send(ServerSentEvent.heartbeat)
                seat += StreamHub.heartbeatSeconds
            }
        }
    }
}
