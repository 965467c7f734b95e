// What the core lends to a channel, as memory.

internal import AlertModel
package import ChannelKit
internal import Synchronization

package final class MemoryNotebook: Notebook {
    private let entries: Mutex<[String: [UInt8]]>

    /// Begin with `entries` to play a restart.
    package init(_ entries: [String: [UInt8]] = [:]) { self.entries = Mutex(entries) }

    package var all: [String: [UInt8]] { entries.withLock { $0 } }

    package func read(_ key: String) -> [UInt8]? { entries.withLock { $0[key] } }
    package func write(_ key: String, _ value: [UInt8]?) { entries.withLock { $0[key] = value } }
    package func keys(prefix: String) -> [String] {
        entries.withLock { entries in entries.keys.filter { $0.hasPrefix(prefix) }.sorted() }
    }
}

/// Keeps everything that was published, in order.
package final class RecordingStream: StreamPublisher {
    package struct Published: Sendable {
        package let event: StreamEvent
        package let topic: StreamTopic
        package let position: StreamPosition
    }

    private struct State {
        var published: [Published] = []
        var live: [StreamTopic: Int] = [:]
    }
    private let state = Mutex(State())
    private let tally = Tally()

    package init() {}

    package var published: [Published] { state.withLock { $0.published } }

    package var position: StreamPosition? { StreamPosition(epoch: 1, offset: UInt64(published.count)) }

    /// How many listen to `topic` from now on; nobody does at first.
    package func setListeners(_ count: Int, to topic: StreamTopic) { state.withLock { $0.live[topic] = count } }

    @discardableResult
    package func publish(_ event: StreamEvent, to topic: StreamTopic) -> (position: StreamPosition, live: Int) {
        defer { tally.add() }
        return state.withLock { state in
            let position = StreamPosition(epoch: 1, offset: UInt64(state.published.count + 1))
            state.published.append(Published(event: event, topic: topic, position: position))
            return (position, state.live[topic] ?? 0)
        }
    }

    /// Returns when `count` events were published since the beginning.
    package func reaches(_ count: Int) async { await tally.reaches(count) }
}

/// For channels that speak no HTTP: any call is a mistake, and says so.
package struct NoTransport: HTTPTransport {
    package init() {}
    package func send(
        _ call: HTTPCall, deadline: ContinuousClock.Instant
    ) async throws(TransportFailure) -> HTTPAnswer {
        throw .refused("this channel was said to need no HTTP, and called \(call.url)")
    }
}
