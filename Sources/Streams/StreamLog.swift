package import AlertModel
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

        func isAlive(_ now: ContinuousClock.Instant) -> Bool { expires.map { $0 > now } ?? true }
        /// To be followed still: neither taken back, nor lifted, nor out of time.
        func isInForce(_ now: ContinuousClock.Instant) -> Bool {
            isAlive(now) && !event.isRevocation && event.bearing?.isOver != true
        }
        /// What goes first where even what is in force finds no room: drills, then what matters least, then what is oldest.
        var worth: (Int, Int, UInt64) {
            (event.bearing?.mode == .exercise ? 0 : 1, event.bearing?.gravity.rawValue ?? 0, offset)
        }
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
    /// Events remembered per topic of what is past. A night of aftershocks has some hundred.
    private let keysPerTopic: Int
    /// What is in force is not let go for what is past; sixteen times as much of it is a town's mistake, and has an end.
    private var keysInForce: Int { keysPerTopic * 16 }

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
        if entries.latest.count > keysPerTopic { trim(&entries, now) }
        topics[topic] = entries
        return position
    }

    /// Only the past is trimmed, oldest first. What has expired would not be told anyway: nobody misses it.
    private func trim(_ topic: inout Topic, _ now: ContinuousClock.Instant) {
        for (key, entry) in topic.latest where !entry.isAlive(now) { topic.latest[key] = nil }
        let past = topic.latest.filter { !$0.value.isInForce(now) }
        let gone =
            past.count > keysPerTopic
            ? past.min { $0.value.offset < $1.value.offset }
            : topic.latest.count - past.count > keysInForce
                ? topic.latest.filter { $0.value.isInForce(now) }.min { $0.value.worth < $1.value.worth } : nil
        guard let gone else { return }
        topic.latest[gone.key] = nil
        topic.forgottenTo = max(topic.forgottenTo, gone.value.offset)
    }

    /// Lets go of what is out of time, in all topics: it would not be told any more. Returns what it was.
    package mutating func expire(now: ContinuousClock.Instant) -> [(topic: StreamTopic, key: String)] {
        var gone: [(topic: StreamTopic, key: String)] = []
        for (topic, entries) in topics {
            for (key, entry) in entries.latest where !entry.isAlive(now) {
                topics[topic]?.latest[key] = nil
                gone.append((topic, key))
            }
        }
        return gone
    }

    /// What has a number up to this one ends so much sooner.
    package mutating func shorten(upTo last: UInt64, by time: Duration) {
        for (topic, entries) in topics {
            for (key, entry) in entries.latest where entry.offset <= last {
                topics[topic]?.latest[key]?.expires = entry.expires?.advanced(by: .zero - time)
            }
        }
    }

    /// What has a later number and an end, with what is left of it.
    package func told(after last: UInt64, now: ContinuousClock.Instant) -> [(topic: StreamTopic, event: StreamEvent)] {
        topics.flatMap { topic, entries in
            entries.latest.values.compactMap { entry in
                guard entry.offset > last, let expires = entry.expires, expires > now else { return nil }
                var event = entry.event
                event.expiresIn = now.duration(to: expires)
                return (topic, event)
            }
        }
    }

    /// The gravest of what is real and in force.
    package func gravestReal(in topic: StreamTopic, now: ContinuousClock.Instant) -> Gravity? {
        topics[topic]?.latest.values.compactMap { entry in
            guard let bearing = entry.event.bearing, bearing.mode == .actual, entry.isInForce(now) else { return nil }
            return bearing.gravity
        }.max()
    }

    /// The same for a town, over all its schools.
    package func gravestReal(of town: TownID, now: ContinuousClock.Instant) -> Gravity? {
        topics.keys.filter { $0.town == town }.compactMap { gravestReal(in: $0, now: now) }.max()
    }

    /// What a place has to hear of alerts now, by key, with the number of the last word; 0 where that has none.
    package func standing(in topic: StreamTopic, now: ContinuousClock.Instant) -> [String: UInt64] {
        (topics[topic]?.latest ?? [:]).compactMapValues { entry in
            entry.event.bearing == nil || entry.event.isRevocation || !entry.isAlive(now) ? nil : entry.event.number ?? 0
        }
    }

    /// The last word on each event at every other place of a town, as far as it is to be told; by the place, in the order they came.
    package func elsewhere(of town: TownID, besides site: String, now: ContinuousClock.Instant) -> [String: [Entry]] {
        var all: [String: [Entry]] = [:]
        for (topic, entries) in topics where topic.town == town && topic.site != site {
            all[topic.site] = entries.latest.values.filter { $0.isAlive(now) }.sorted { $0.offset < $1.offset }
        }
        return all
    }

    /// The last word on an event that is still remembered.
    package func latest(_ key: String, in topic: StreamTopic) -> StreamEvent? { topics[topic]?.latest[key]?.event }

    /// Forgets every event in force of which `isGone` is true. Who heard of one takes the present state instead (`gap`).
    /// Returns the forgotten keys.
    package mutating func forget(
        in topic: StreamTopic, now: ContinuousClock.Instant, _ isGone: (StreamEvent) -> Bool
    ) -> [String] {
        let entries = topics[topic]?.latest.values.filter { entry in
            !entry.event.isRevocation && entry.isAlive(now) && isGone(entry.event)
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
        let alive = entries.latest.values.filter { $0.isAlive(now) }
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
