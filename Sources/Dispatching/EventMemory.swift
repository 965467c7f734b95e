package import AlertModel
internal import DequeModule
internal import Synchronization

/// Who was told of which event: a cancel goes to exactly those.
///
/// Bounded by events; the ledger has the rest, and fills this again after a restart.
package final class EventMemory: Sendable {
    package struct Told: Sendable, Hashable {
        package var channel: String
        package var endpoint: String
        package var priority: Priority
        /// Told before this process started: the queue does not know of it.
        package var isFromBefore = false
    }

    /// What was said last of an event in a town: a cancel says what it takes back.
    package struct Words: Sendable {
        package var content: AlertContent
        package var local: [AreaStatement]
    }

    private struct State {
        var told: [EventID: [TownID: [String: Told]]] = [:]
        var words: [EventID: [TownID: Words]] = [:]
        var order: Deque<EventID> = []
    }

    /// Some three days of a busy country: EEW, earthquakes, warnings of 47 prefectures.
    package static let bound = 4000
    private let state = Mutex(State())

    package init() {}

    package func remember(_ event: EventID, in town: TownID, _ told: [Told]) {
        guard !told.isEmpty else { return }
        state.withLock { state in
            if state.told[event] == nil {
                state.order.append(event)
                if state.order.count > Self.bound { forgetOldest(&state) }
            }
            for entry in told {
                let key = "\(entry.channel)/\(entry.endpoint)"
                let before = state.told[event]?[town]?[key]?.priority ?? entry.priority
                var kept = entry
                kept.priority = min(before, entry.priority)
                kept.isFromBefore = entry.isFromBefore || state.told[event]?[town]?[key]?.isFromBefore == true
                state.told[event, default: [:]][town, default: [:]][key] = kept
            }
        }
    }

    private func forgetOldest(_ state: inout State) {
        let oldest = state.order.removeFirst()
        state.told[oldest] = nil
        state.words[oldest] = nil
    }

    /// Remembered for events somebody was told of.
    package func remember(_ content: AlertContent, in town: TownID, local: [AreaStatement]) {
        guard content.message != .cancel else { return }
        state.withLock { state in
            guard state.told[content.event]?[town] != nil else { return }
            state.words[content.event, default: [:]][town] = Words(content: content, local: local)
        }
    }

    package func words(_ event: EventID, in town: TownID) -> Words? { state.withLock { $0.words[event]?[town] } }

    package var count: Int { state.withLock { $0.order.count } }

    package func told(_ event: EventID, in town: TownID) -> [Told] {
        state.withLock { Array(($0.told[event]?[town] ?? [:]).values) }
            .sorted { ($0.channel, $0.endpoint) < ($1.channel, $1.endpoint) }
    }
}
