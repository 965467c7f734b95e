import AlertModel
import Chance
import ChannelKit
import Dispatching
import Foundation
import Testing

/// Throws random offers, answers and time at the queue and watches what must always hold.
@Suite("The channel's queue, whatever happens")
struct ChannelQueuePropertyTests {
    @Test("Bounds, order, expiry and the fate of every delivery hold under random traffic", arguments: 0..<60)
    func invariants(seed: Int) throws {
        var dice = Dice(seed: UInt64(seed))
        let limits = QueueLimits(concurrency: 4, reservedForImmediate: 1, endpointWindow: 1, waiting: 60)
        var queue = ChannelQueue(limits: limits)
        var now = start
        var flying: [DeliveryID: Parcel] = [:]
        var begun: [DeliveryID: ContinuousClock.Instant] = [:]
        var fate: [DeliveryID: String] = [:]
        var open: Set<DeliveryID> = []
        var newestOffered: [String: Revision] = [:]
        var told: [String: Revision] = [:]

        func end(_ id: DeliveryID, _ how: String) {
            #expect(fate[id] == nil, "\(id) ended twice: \(fate[id] ?? "") and \(how)")
            fate[id] = how
            open.remove(id)
        }

        for _ in 0..<800 {
            switch Int.random(in: 0..<10, using: &dice) {
            case 0...3:
                let message: MessageType = Int.random(in: 0..<6, using: &dice) == 0 ? .cancel : .alert
                let offered = parcel(
                    "e\(Int.random(in: 0..<5, using: &dice))", revision: Int.random(in: 1..<40, using: &dice),
                    Priority.allCases.randomElement(using: &dice)!, message,
                    at: ["a", "b", "c"].randomElement(using: &dice)!, in: [town, otherTown].randomElement(using: &dice)!,
                    lasts: start.duration(to: now) + .seconds(Int.random(in: 0..<400, using: &dice)))
                guard fate[offered.id] == nil, !open.contains(offered.id) else { continue }
                open.insert(offered.id)
                let key = "\(offered.lane)\(offered.event)"
                switch queue.offer(offered, now: now) {
                case .waiting: newestOffered[key] = offered.revision
                case .followsOnWire(_, let older):
                    if let older { end(older, "superseded") }
                    newestOffered[key] = offered.revision
                case .superseded(let older):
                    end(older, "superseded")
                    newestOffered[key] = offered.revision
                case .annulled(let older):
                    if let older { end(older, "annulled") }
                    end(offered.id, "annulled")
                    newestOffered[key] = offered.revision
                case .outdated: end(offered.id, "superseded")
                case .expired: end(offered.id, "expired")
                case .full: end(offered.id, "rejected")
                case .displaced(let victim):
                    end(victim, "rejected")
                    newestOffered[key] = offered.revision
                }
            case 4...6:
                switch queue.next(now: now) {
                case .send(let parcel, _):
                    let key = "\(parcel.lane)\(parcel.event)"
                    #expect(parcel.expires > now, "nothing stale goes out")
                    #expect(!flying.values.contains { $0.event == parcel.event && $0.lane == parcel.lane })
                    if let before = told[key] { #expect(!before.isNewer(than: parcel.revision)) }
                    if let newest = newestOffered[key] { #expect(!newest.isNewer(than: parcel.revision)) }
                    told[key] = parcel.revision
                    flying[parcel.id] = parcel
                    begun[parcel.id] = now
                    let young = flying.values.filter { begun[$0.id]!.advanced(by: limits.patience) > now }
                    for each in [town, otherTown] {
                        // A town's own places, and those that all lanes in trouble share.
                        let own = young.filter { $0.lane.town == each }
                        #expect(own.count <= limits.concurrency + limits.placesInTrouble)
                        #expect(own.filter { $0.priority != .immediate }.count <= 3 + limits.placesInTrouble)
                    }
                case .expired(let parcel):
                    #expect(parcel.expires <= now)
                    end(parcel.id, "expired")
                case .wait(let until): #expect(until > now)
                case .cut: Issue.record("so many do not hang here")
                case .idle: break
                }
            case 7, 8:
                guard let parcel = flying.values.min(by: { $0.id < $1.id }) else { continue }
                flying[parcel.id] = nil
                let answers: [Result<Receipt, DeliveryFailure>] = [
                    .success(Receipt()), .success(Receipt()), .failure(.unavailable("x")), .failure(.rejected("x")),
                    .failure(.throttled(retryAfter: .seconds(2))), .failure(.cancelled),
                ]
                switch queue.settle(
                    parcel.id, answers.randomElement(using: &dice)!, now: now,
                    jitter: Double.random(in: 0...1, using: &dice))
                {
                case .delivered: end(parcel.id, "delivered")
                case .superseded: end(parcel.id, "superseded")
                case .expired: end(parcel.id, "expired")
                case .rejected: end(parcel.id, "rejected")
                case .retry(let at): #expect(at > now && at < parcel.expires)
                case .putBack: break
                case .stopped, .unknown: Issue.record("not possible here")
                }
            default: now = now.advanced(by: .milliseconds(Int.random(in: 0..<4000, using: &dice)))
            }
            #expect(queue.waitingCount <= 60)
            #expect(queue.waitingCount + flying.count == open.count, "a delivery was lost or doubled")
        }

        // Left alone, everything comes to an end.
        for id in flying.keys.sorted() {
            if queue.settle(id, .success(Receipt()), now: now) == .delivered { end(id, "delivered") }
        }
        now = now.advanced(by: .seconds(3600))
        while case .expired(let parcel) = queue.next(now: now) { end(parcel.id, "expired") }
        #expect(open.isEmpty)
        #expect(queue.waitingCount == 0)
    }
}
