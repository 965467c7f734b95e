package import AlertModel
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

    private struct State {
        var told: [EventID: [TownID: [String: Told]]] = [:]
        var order: [EventID] = []
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
                if state.order.count > Self.bound { state.told[state.order.removeFirst()] = nil }
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

    package func told(_ event: EventID, in town: TownID) -> [Told] {
        state.withLock { Array(($0.told[event]?[town] ?? [:]).values) }
            .sorted { ($0.channel, $0.endpoint) < ($1.channel, $1.endpoint) }
    }
}
