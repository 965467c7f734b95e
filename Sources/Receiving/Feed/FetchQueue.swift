/// Files to fetch: the most urgent first, among these the newest. Each waits at most once.
struct FetchQueue {
    struct Order: Sendable {
        let entry: FeedEntry
        /// The source's name for the hub.
        let source: String
        var notBefore: SourceClock.Instant?
        var backoff = Backoff(first: .seconds(2), longest: .seconds(60))
        /// Fetched, and not recorded by the hub: offered again without being fetched again.
        var octets: [UInt8]?

        init(_ entry: FeedEntry, source: String) {
            self.entry = entry
            self.source = source
        }
    }

    enum Step {
        case fetch(Order)
        case wait(until: SourceClock.Instant)
        case idle
    }

    /// Files that wait. Beyond it the least urgent, oldest one is left out; a later reading of a feed brings it again.
    let bound: Int
    /// Octets kept for offering again. What goes beyond is let go, and fetched a second time.
    let octetBound: Int
    private var waiting: [Order] = []
    private var names: Set<String> = []
    private var kept = 0

    init(bound: Int = 50_000, octetBound: Int = 64 << 20) {
        self.bound = bound
        self.octetBound = octetBound
    }

    var count: Int { waiting.count }

    /// Nothing happens to what is here already, waiting or under way.
    mutating func add(_ orders: [Order]) {
        put(orders.filter { names.insert($0.entry.url).inserted })
    }

    mutating func next(now: SourceClock.Instant, where isAllowed: (FeedEntry) -> Bool) -> Step {
        var soonest: SourceClock.Instant?
        for place in waiting.indices.reversed() where isAllowed(waiting[place].entry) {
            if let time = waiting[place].notBefore, time > now {
                soonest = min(soonest ?? time, time)
                continue
            }
            let order = waiting.remove(at: place)
            kept -= order.octets?.count ?? 0
            return .fetch(order)
        }
        return soonest.map { .wait(until: $0) } ?? .idle
    }

    /// It is done, or given up.
    mutating func settle(_ order: Order) { names.remove(order.entry.url) }

    mutating func putBack(_ order: Order) {
        var order = order
        if kept + (order.octets?.count ?? 0) > octetBound { order.octets = nil }
        put([order])
    }

    private mutating func put(_ orders: [Order]) {
        guard !orders.isEmpty else { return }
        waiting += orders
        kept += orders.reduce(0) { $0 + ($1.octets?.count ?? 0) }
        // The next one stands at the end.
        waiting.sort { Self.isBefore($1.entry, $0.entry) }
        guard waiting.count > bound else { return }
        // More than the bound, as the guard above asks.
        for order in waiting.prefix(waiting.count - bound) {
            names.remove(order.entry.url)
            kept -= order.octets?.count ?? 0
        }
        waiting.removeFirst(waiting.count - bound)
    }

    private static func isBefore(_ one: FeedEntry, _ other: FeedEntry) -> Bool {
        (one.urgency, -one.updated, one.url) < (other.urgency, -other.updated, other.url)
    }
}
