/// Sentences on their way to the hub, and the memory that keeps repeats out.
///
///     sentence ──▶ known? ──▶ [waiting] ──▶ on the way ──▶ settle ─┬─ accepted, duplicate: its message is known
///                    │            ▲                                ├─ refused: this very sentence is known
///                    └─ dropped   └──────── not recorded ◀─────────┘
///
/// A message stays known for ten minutes after it was last heard: satellites repeat it every few seconds.
struct SentenceQueue {
    struct Item: Sendable {
        let sentence: NMEASentence
        let identity: [UInt8]
        var notBefore: SourceClock.Instant?
        var backoff = Backoff(first: .seconds(1), longest: .seconds(30))
    }

    enum Step {
        case handOn(Item)
        case wait(until: SourceClock.Instant)
        case idle
    }

    static let memory: Duration = .seconds(600)
    /// Waiting sentences. Beyond it the oldest goes, which its satellite says again if it still holds.
    let bound: Int
    /// Messages that are known; beyond it the one heard longest ago is forgotten.
    let memoryBound: Int
    private var waiting: [Item] = []
    /// Waiting or on the way.
    private var pending: Set<[UInt8]> = []
    private var known: [[UInt8]: SourceClock.Instant] = [:]
    /// Sentences that went because too many waited, since the beginning.
    private(set) var dropped = 0

    init(bound: Int = 4096, memoryBound: Int = 4096) {
        self.bound = bound
        self.memoryBound = memoryBound
    }

    var count: Int { waiting.count }

    /// - Returns: True when there is more to hand on than before.
    mutating func offer(_ sentence: NMEASentence, now: SourceClock.Instant) -> Bool {
        let identity = sentence.identity
        for key in [identity, sentence.octets] {
            guard let heard = known[key] else { continue }
            if now - heard < Self.memory {
                known[key] = now
                return false
            }
            known[key] = nil
        }
        guard pending.insert(identity).inserted else { return false }
        if waiting.count >= bound {
            pending.remove(waiting.removeFirst().identity)
            dropped += 1
        }
        waiting.append(Item(sentence: sentence, identity: identity))
        return true
    }

    mutating func next(now: SourceClock.Instant) -> Step {
        if let place = waiting.firstIndex(where: { ($0.notBefore ?? now) <= now }) {
            return .handOn(waiting.remove(at: place))
        }
        return waiting.compactMap(\.notBefore).min().map { .wait(until: $0) } ?? .idle
    }

    /// - Parameter chance: 0…1, for the pause before a sentence that was not recorded is offered again.
    mutating func settle(_ item: Item, _ answer: SinkAnswer, now: SourceClock.Instant, chance: Double) {
        switch answer {
        case .accepted, .duplicate:
            pending.remove(item.identity)
            remember(item.identity, now)
        case .refused:
            pending.remove(item.identity)
            remember(item.sentence.octets, now)
        case .notRecorded:
            var item = item
            item.notBefore = now + item.backoff.next(chance: chance)
            if waiting.count < bound {
                waiting.append(item)
            } else {
                pending.remove(item.identity)
                dropped += 1
            }
        }
    }

    private mutating func remember(_ key: [UInt8], _ now: SourceClock.Instant) {
        if known.count >= memoryBound {
            known = known.filter { now - $0.value < Self.memory }
            if known.count >= memoryBound, let oldest = known.min(by: { $0.value < $1.value }) {
                known[oldest.key] = nil
            }
        }
        known[key] = now
    }
}
