package import AlertModel
internal import DequeModule
internal import Synchronization

/// Who was told of which event: a cancel goes to exactly those.
///
/// Bounded by events: the bulletins' together, and each town's own for itself, so that however much other towns say, what a town has said can be
/// taken back. The ledger has the rest, and fills this again after a restart.
package final class EventMemory: Sendable {
    package struct Told: Sendable, Hashable {
        package var channel: String
        package var endpoint: String
        package var priority: Priority
        /// Told before this process started: the queue does not know of it.
        package var isFromBefore = false

        package init(channel: String, endpoint: String, priority: Priority, isFromBefore: Bool = false) {
            self.channel = channel
            self.endpoint = endpoint
            self.priority = priority
            self.isFromBefore = isFromBefore
        }
    }

    /// What was said last of an event in a town: a cancel says what it takes back.
    package final class Words: Sendable {
        package let content: AlertContent
        package let local: [AreaStatement]

        init(_ content: AlertContent, _ local: [AreaStatement]) {
            self.content = content
            // Of a town's own alert they are the same: in memory once.
            self.local = local == content.areas ? content.areas : local
        }
    }

    private struct Entry {
        var told: [Told] = []
        var words: Words?

        mutating func add(_ new: [Told]) {
            var places = Dictionary(told.enumerated().map { ($1.place, $0) }, uniquingKeysWith: { $1 })
            for var entry in new {
                guard let place = places[entry.place] else {
                    places[entry.place] = told.count
                    told.append(entry)
                    continue
                }
                // In the array: the dictionary says where.
                entry.priority = min(told[place].priority, entry.priority)
                entry.isFromBefore = entry.isFromBefore || told[place].isFromBefore
                told[place] = entry
            }
        }
    }

    /// Events in the order in which they were first told.
    private struct Events<Value> {
        private(set) var values: [EventID: Value] = [:]
        private var order: Deque<EventID> = []

        subscript(event: EventID) -> Value? { values[event] }

        mutating func change(_ event: EventID, bound: Int, _ empty: @autoclosure () -> Value, _ body: (inout Value) -> Void) {
            if values[event] == nil {
                order.append(event)
                if order.count > bound, let oldest = order.popFirst() { values[oldest] = nil }
            }
            body(&values[event, default: empty()])
        }

        mutating func changeIfThere(_ event: EventID, _ body: (inout Value) -> Void) {
            guard let place = values.index(forKey: event) else { return }
            body(&values.values[place])
        }
    }

    private struct State {
        var bulletins = Events<[TownID: Entry]>()
        var own: [TownID: Events<Entry>] = [:]
    }

    /// Some three days of a busy country: EEW, earthquakes, warnings of 47 prefectures.
    package static let bound = 4000
    /// What one town says of its own: every district under every hazard, and its shelters again and again.
    package static let boundOfTown = 1000
    private let state = Mutex(State())

    package init() {}

    /// - Parameter isOwn: the town's own event.
    package func remember(_ event: EventID, in town: TownID, isOwn: Bool, _ told: [Told]) {
        guard !told.isEmpty else { return }
        state.withLock { state in
            if isOwn {
                state.own[town, default: Events()].change(event, bound: Self.boundOfTown, Entry()) { $0.add(told) }
            } else {
                state.bulletins.change(event, bound: Self.bound, [:]) { $0[town, default: Entry()].add(told) }
            }
        }
    }

    /// Remembered for events somebody was told of.
    package func remember(_ content: AlertContent, in town: TownID, local: [AreaStatement]) {
        guard content.message != .cancel else { return }
        let words = Words(content, local)
        state.withLock { state in
            if content.town != nil {
                state.own[town]?.changeIfThere(content.event) { $0.words = words }
            } else {
                state.bulletins.changeIfThere(content.event) { $0[town]?.words = words }
            }
        }
    }

    private func entry(_ event: EventID, in town: TownID) -> Entry? {
        state.withLock { $0.own[town]?[event] ?? $0.bulletins[event]?[town] }
    }

    package func words(_ event: EventID, in town: TownID) -> Words? { entry(event, in: town)?.words }

    package var count: Int { state.withLock { $0.bulletins.values.count + $0.own.values.reduce(0) { $0 + $1.values.count } } }

    package func told(_ event: EventID, in town: TownID) -> [Told] {
        (entry(event, in: town)?.told ?? []).sorted { ($0.channel, $0.endpoint) < ($1.channel, $1.endpoint) }
    }
}

extension EventMemory.Told {
    /// A far end of a town.
    fileprivate var place: String { "\(channel)/\(endpoint)" }
}
