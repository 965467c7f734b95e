/// Where the present state was said, and where it is owed: a value.
internal import ChannelKit

struct Stated {
    private var said: [StreamTopic: ContinuousClock.Instant] = [:]
    private var owed: Set<StreamTopic> = []

    mutating func published(_ event: StreamEvent, to topic: StreamTopic, _ now: ContinuousClock.Instant) {
        if event.name == "state" {
            said[topic] = now
            owed.remove(topic)
        } else if event.bearing != nil {
            owed.insert(topic)
        }
    }

    mutating func changed(_ topic: StreamTopic) { owed.insert(topic) }

    mutating func listened(_ topic: StreamTopic, every: Duration, _ now: ContinuousClock.Instant) {
        if said[topic].map({ $0.duration(to: now) >= every }) ?? true { owed.insert(topic) }
    }

    /// At most so many at once, those first to which something has happened.
    func due(every: Duration, live: some Sequence<StreamTopic>, upTo most: Int, _ now: ContinuousClock.Instant) -> [StreamTopic] {
        let late = live.lazy.filter { topic in !owed.contains(topic) && (said[topic].map { $0.duration(to: now) >= every } ?? true) }
        return Array(owed.prefix(most)) + Array(late.prefix(max(0, most - owed.count)))
    }
}
