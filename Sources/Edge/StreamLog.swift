package import ChannelKit
internal import DequeModule

/// What tablets can catch up with: per topic, the last word on every event, numbered by one offset for all.
///
/// A tablet that was away gets what it missed and nothing it would misunderstand: the newest revision of each event,
/// no event that was taken back before it ever heard of it, nothing whose time is over. Where too much has happened
/// to tell, it is told so (`gap`) and takes the present state instead.
///
/// A value: no clock, no lock.
package struct StreamLog: Sendable {
    package struct Entry: Sendable {
        package var offset: UInt64
        /// Where the event first appeared: who has heard at least that far may have shown it.
        package var firstOffset: UInt64
        package var event: StreamEvent
        package var expires: ContinuousClock.Instant?
    }

    package enum Replay: Sendable {
        case events([Entry])
        /// The position cannot be continued; these are in force now.
        case gap([Entry])
    }

    private struct Topic: Sendable {
        var latest: [String: Entry] = [:]
        /// Offsets up to here may be missing.
        var forgottenTo: UInt64 = 0
    }

    package let epoch: UInt64
    package private(set) var offset: UInt64 = 0
    private var topics: [StreamTopic: Topic] = [:]
    /// Events remembered per topic. A night of aftershocks has some hundred.
    private let keysPerTopic: Int

    package init(epoch: UInt64, keysPerTopic: Int = 512) {
        self.epoch = epoch
        self.keysPerTopic = keysPerTopic
    }

    /// Events of the topic with the longest past.
    package var longestPast: Int { topics.values.map(\.latest.count).max() ?? 0 }

    package var position: StreamPosition { StreamPosition(epoch: epoch, offset: offset) }

    @discardableResult
    package mutating func append(
        _ event: StreamEvent, to topic: StreamTopic, now: ContinuousClock.Instant
    ) -> StreamPosition {
        offset += 1
        var entries = topics[topic] ?? Topic()
        let first = entries.latest[event.key]?.firstOffset ?? offset
        entries.latest[event.key] = Entry(
            // A channel says at most a year, an edge what `Upstream` bounds.
            offset: offset, firstOffset: first, event: event, expires: event.expiresIn.map { now.advanced(by: $0) })
        if entries.latest.count > keysPerTopic,
            let oldest = entries.latest.min(by: { $0.value.offset < $1.value.offset })
        {
            entries.latest[oldest.key] = nil
            entries.forgottenTo = max(entries.forgottenTo, oldest.value.offset)
        }
        topics[topic] = entries
        return position
    }

    /// The last word on an event that is still remembered.
    package func latest(_ key: String, in topic: StreamTopic) -> StreamEvent? { topics[topic]?.latest[key]?.event }

    /// Forgets every event in force of which `isGone` is true. Who heard of one takes the present state instead (`gap`).
    /// Returns the forgotten keys.
    package mutating func forget(
        in topic: StreamTopic, now: ContinuousClock.Instant, _ isGone: (StreamEvent) -> Bool
    ) -> [String] {
        let entries = topics[topic]?.latest.values.filter { entry in
            !entry.event.isRevocation && entry.expires.map { $0 > now } ?? true && isGone(entry.event)
        }
        let keys = entries?.map(\.event.key) ?? []
        guard !keys.isEmpty else { return [] }
        offset += 1
        for key in keys { topics[topic]?.latest[key] = nil }
        topics[topic]?.forgottenTo = offset
        return keys.sorted()
    }

    /// What someone at `since` has to hear; nil is someone who has heard nothing.
    package func replay(
        _ topic: StreamTopic, since: StreamPosition?, now: ContinuousClock.Instant
    ) -> Replay {
        guard let entries = topics[topic] else {
            guard let since else { return .events([]) }
            return since.epoch == epoch && since.offset <= offset ? .events([]) : .gap([])
        }
        let alive = entries.latest.values.filter { $0.expires.map { $0 > now } ?? true }
            .sorted { $0.offset < $1.offset }
        guard let since else { return .events(alive.filter { !$0.event.isRevocation }) }
        guard since.epoch == epoch, since.offset <= offset, since.offset >= entries.forgottenTo else {
            return .gap(alive.filter { !$0.event.isRevocation })
        }
        return .events(alive.filter { entry in
            entry.offset > since.offset && (!entry.event.isRevocation || entry.firstOffset <= since.offset)
        })
    }
}
