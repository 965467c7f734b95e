internal import ChannelKit
internal import FoundationEssentials
internal import Synchronization

/// What the feeds' readers and the fetchers share: the queue between them, the memory and the budget.
final class FeedDesk: Sendable {
    private struct State {
        var queue = FetchQueue()
        var memory: FetchMemory
        var budget: ByteBudget
    }
    private let state: Mutex<State>
    private let clock: SourceClock
    private let types: Set<String>?
    private let reach: Double
    /// One for each fetcher.
    private let bells: [Bell]

    init(_ settings: FeedSource.Settings, _ notebook: any Notebook, _ clock: SourceClock) {
        state = Mutex(State(
            memory: FetchMemory(notebook), budget: ByteBudget(notebook, limit: settings.dailyBytes)))
        self.clock = clock
        types = settings.types
        reach = Double(settings.reach.components.seconds)
        bells = (0..<settings.fetchesAtOnce).map { _ in Bell() }
    }

    /// Puts what is new on the list.
    func announce(_ page: FeedPage, source: String) {
        let oldest = clock.wall().timeIntervalSince1970 - reach
        state.withLock { state in
            let new = page.entries.filter { entry in
                // A file of unknown type is fetched: it may be the one that counts.
                entry.updated >= oldest && (types == nil || entry.type.map { types?.contains($0) == true } ?? true)
                    && !state.memory.holds(entry)
            }
            state.queue.add(new.map { FetchQueue.Order($0, source: source) })
        }
        wake()
    }

    /// Lets the fetchers look again: the budget may be free by now.
    func wake() {
        for bell in bells { bell.ring() }
    }

    /// The next file, once there is one that the budget allows.
    func next(fetcher: Int) async throws -> FetchQueue.Order {
        while true {
            let step = state.withLock { state in
                switch state.budget.verdict(at: clock.wall()) {
                case .free: state.queue.next(now: clock.now) { _ in true }
                case .urgentOnly: state.queue.next(now: clock.now) { $0.urgency == 0 }
                case .usedUp: state.queue.next(now: clock.now) { _ in false }
                }
            }
            switch step {
            case .fetch(let order):
                // Whatever else waits is for the other fetchers.
                return order
            case .wait(let time): try await bells[fetcher].wait(until: time, clock)
            // Rung when something is added, and with every reading of a feed.
            case .idle: try await bells[fetcher].wait(until: nil, clock)
            }
        }
    }

    func done(_ order: FetchQueue.Order) {
        state.withLock { state in
            state.memory.remember(order.entry)
            state.queue.settle(order)
        }
    }

    /// Not now, and nothing of it is remembered: a later reading of a feed brings it again.
    func giveUp(_ order: FetchQueue.Order) { state.withLock { $0.queue.settle(order) } }

    func again(_ order: FetchQueue.Order) {
        var order = order
        order.notBefore = clock.now + order.backoff.next(chance: .random(in: 0...1))
        state.withLock { $0.queue.putBack(order) }
        wake()
    }

    func spend(_ octets: Int) { state.withLock { $0.budget.spend(octets, at: clock.wall()) } }

    var verdict: ByteBudget.Verdict { state.withLock { $0.budget.verdict(at: clock.wall()) } }

    /// For the operator, when it is used up.
    var budgetWords: String {
        state.withLock { state in
            "24時間で\(state.budget.spent(at: clock.wall()) / 1_000_000) MBを取りました。上限は\(state.budget.limit / 1_000_000) MBです (fetched in 24 hours)"
        }
    }
}
