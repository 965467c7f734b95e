/// Bulletins between a connection that must not wait and a hub that may take its time.
struct BulletinQueue {
    struct Item: Sendable {
        let octets: [UInt8]
        let name: String
        var notBefore: SourceClock.Instant?
        var backoff = Backoff(first: .seconds(1), longest: .seconds(30))

        init(_ octets: [UInt8], name: String) {
            self.octets = octets
            self.name = name
        }
    }

    enum Step {
        case handOn(Item)
        case wait(until: SourceClock.Instant)
        case idle
    }

    let bound: Int
    let octetBound: Int
    private var waiting: [Item] = []
    private var octets = 0

    /// JMA's largest bulletin has 3.84 MB, most have some ten thousand octets.
    init(bound: Int = 2000, octetBound: Int = 64 << 20) {
        self.bound = bound
        self.octetBound = octetBound
    }

    var count: Int { waiting.count }

    /// - Returns: False when there is no room, and the bulletin is let go.
    mutating func add(_ item: Item) -> Bool {
        guard waiting.count < bound, octets + item.octets.count <= octetBound else { return false }
        waiting.append(item)
        octets += item.octets.count
        return true
    }

    /// The one that has waited longest and may go.
    mutating func next(now: SourceClock.Instant) -> Step {
        if let place = waiting.firstIndex(where: { ($0.notBefore ?? now) <= now }) {
            let item = waiting.remove(at: place)
            octets -= item.octets.count
            return .handOn(item)
        }
        return waiting.compactMap(\.notBefore).min().map { .wait(until: $0) } ?? .idle
    }
}
