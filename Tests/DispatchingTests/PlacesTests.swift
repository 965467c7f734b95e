import AlertModel
import Chance
import ChannelKit
import DequeModule
import Dispatching
import Foundation
import Testing

/// A channel's far ends in turned time: some hang, some fail, some answer.
struct Night {
    enum Manner: Sendable {
        case well, hung, dead
        /// When its answer comes, and what it is. A webhook's attempt may take 15 s.
        var answer: (after: Duration, end: Result<Receipt, DeliveryFailure>) {
            switch self {
            case .well: (.milliseconds(2), .success(Receipt()))
            case .hung: (.seconds(15), .failure(.unavailable("no answer in time")))
            case .dead: (.milliseconds(1), .failure(.unavailable("connection refused")))
            }
        }
    }

    var queue: ChannelQueue
    let ends: [(lane: LaneID, manner: Manner)]
    var now = start
    private let manners: [LaneID: Manner]
    /// One far end of a kind answers as late as another: the first to be asked is the first to answer.
    private var answers: [Manner: Deque<(at: ContinuousClock.Instant, id: DeliveryID)>] = [:]
    private var offered: [DeliveryID: ContinuousClock.Instant] = [:]
    private(set) var delays: [LaneID: [Duration]] = [:]
    private(set) var mostLate = 0

    init(_ limits: QueueLimits, _ ends: [(LaneID, Manner)]) {
        queue = ChannelQueue(limits: limits)
        self.ends = ends.map { ($0.0, $0.1) }
        manners = Dictionary(uniqueKeysWithValues: ends.map { ($0.0, $0.1) })
    }

    /// An event for all of them, in the order they stand.
    mutating func tell(_ event: String, revision: Int = 1, _ priority: Priority = .immediate) {
        for end in ends {
            let parcel = parcel(
                event, revision: revision, priority, at: end.lane.endpoint, in: end.lane.town,
                lasts: start.duration(to: now) + .seconds(600))
            offered[parcel.id] = now
            _ = queue.offer(parcel, now: now)
        }
        go()
    }

    mutating func pass(_ time: Duration) {
        let end = now.advanced(by: time)
        while true {
            let until = go()
            let next = (answers.values.compactMap { $0.first?.at } + [until ?? end]).min() ?? end
            guard next < end else { break }
            now = max(now, next)
            for manner in answers.keys {
                while let answer = answers[manner]?.first, answer.at <= now {
                    answers[manner]?.removeFirst()
                    _ = queue.settle(answer.id, manner.answer.end, now: now, jitter: 0.5)
                }
            }
        }
        now = end
        go()
    }

    /// Begins all that may begin. Returns when to look again.
    @discardableResult
    private mutating func go() -> ContinuousClock.Instant? {
        defer { mostLate = max(mostLate, queue.lateCount) }
        while true {
            switch queue.next(now: now) {
            case .send(let parcel, let attempt):
                let manner = manners[parcel.lane]!
                if attempt == 1, parcel.priority == .immediate { delays[parcel.lane, default: []].append(offered[parcel.id]!.duration(to: now)) }
                answers[manner, default: []].append((now.advanced(by: manner.answer.after), parcel.id))
            case .expired: break
            case .cut(let id):
                answers[.hung]?.removeAll { $0.id == id }
                _ = queue.settle(id, .failure(.unavailable("too many hang")), now: now, jitter: 0.5)
            case .wait(let until): return until
            case .idle: return nil
            }
        }
    }

    /// How long every far end that is well was kept waiting for a warning, at the most.
    var worst: Duration { ends.filter { $0.manner == .well }.flatMap { delays[$0.lane] ?? [] }.max() ?? .zero }
    var heard: [Int] { ends.filter { $0.manner == .well }.map { delays[$0.lane]?.count ?? 0 } }
}

/// Towns with their right check digits.
let towns: [TownID] = (1...99).flatMap { prefecture in
    (201...260).compactMap { number in
        let base = prefecture * 1000 + number
        return (0...9).lazy.compactMap { TownID(String(format: "%05d%d", base, $0)) }.first
    }
}

@Suite("Places on the wire")
struct PlacesTests {
    private static let webhook = QueueLimits(concurrency: 32, reservedForImmediate: 8, endpointWindow: 4)
    private static let mail = QueueLimits(concurrency: 8, reservedForImmediate: 2, endpointWindow: 2)

    private static func hung(_ count: Int, in number: Int, _ manner: Night.Manner = .hung) -> [(LaneID, Night.Manner)] {
        (0..<count).map { (LaneID(town: towns[$0 % number], endpoint: "bad-\($0)"), manner) }
    }

    private static let healthy = (LaneID(town: towns[77], endpoint: "good"), Night.Manner.well)

    @Test("Beside 200 hung far ends in 20 towns a warning goes out at once to one that answers, the first time and every time",
        arguments: [webhook, mail], [Night.Manner.hung, .dead])
    func besideHung(limits: QueueLimits, manner: Night.Manner) {
        // It stands behind all of them in the list.
        var night = Night(limits, Self.hung(200, in: 20, manner) + [Self.healthy])
        for number in 1...5 {
            night.tell("eew-\(number)")
            night.pass(.seconds(2))
        }
        #expect(night.heard == [5])
        #expect(night.worst == .zero)
    }

    @Test("So it is with five serials of one earthquake, and when the notices of a night hang already")
    func serials() {
        var night = Night(Self.webhook, Self.hung(200, in: 20) + [Self.healthy])
        for number in 1...10 { night.tell("notice-\(number)", .routine) }
        night.pass(.seconds(1))
        for number in 1...5 {
            night.tell("eew", revision: number)
            night.pass(.seconds(2))
        }
        #expect(night.worst == .zero)
    }

    @Test("Hung far ends of the same town do not keep one that answers waiting, once they are known")
    func sameTown() {
        let ends = (0..<100).map { (LaneID(town: towns[0], endpoint: "bad-\($0)"), Night.Manner.hung) }
            + [(LaneID(town: towns[0], endpoint: "good"), .well)]
        var night = Night(Self.webhook, ends)
        night.tell("first")
        night.pass(.seconds(2))
        // Unknown yet, 32 at a time found out in a quarter of a second each.
        #expect(night.worst <= .milliseconds(750))
        for number in 2...5 {
            night.tell("eew-\(number)")
            #expect(night.delays[ends[100].0]?.last == .zero)
            night.pass(.seconds(2))
        }
    }

    @Test("Whoever is well is told within a fraction of a second, however many hang or are dead", arguments: 0..<12)
    func anyNight(seed: Int) {
        var dice = Dice(seed: UInt64(seed))
        let count = Int.random(in: 1...120, using: &dice)
        let share = Int.random(in: 0...100, using: &dice)
        let ends = (0..<Int.random(in: 50...250, using: &dice)).map { index -> (LaneID, Night.Manner) in
            let manner: Night.Manner = Int.random(in: 0..<100, using: &dice) >= share
                ? .well : Bool.random(using: &dice) ? .hung : .dead
            return (LaneID(town: towns[Int.random(in: 0..<count, using: &dice)], endpoint: "\(index)"), manner)
        }
        let limits = [Self.webhook, Self.mail].randomElement(using: &dice)!
        var night = Night(limits, ends)
        for number in 1...6 {
            let before = night.heard
            night.tell("eew-\(number)")
            night.pass(.seconds(Int.random(in: 1...4, using: &dice)))
            #expect(night.heard == before.map { $0 + 1 }, "everyone who is well hears everything")
        }
        let late = ends.filter { $0.1 == .well }.flatMap { Array((night.delays[$0.0] ?? []).dropFirst()) }.max() ?? .zero
        #expect(late <= .milliseconds(500), "once it is known who hangs, only the answers of the others are waited for: \(late)")
    }

    @Test("A lane that answers again is well again, and one in trouble is asked as its retries want")
    func recovery() {
        var queue = ChannelQueue(limits: Self.webhook)
        let first = parcel("one", .immediate)
        _ = queue.offer(first, now: start)
        #expect(queue.take()?.id == first.id)
        var now = start.advanced(by: .milliseconds(300))
        _ = queue.next(now: now)
        #expect(queue.lateCount == 1)
        #expect(queue.oldest(.immediate).troubled == start, "it is the far end's trouble")
        #expect(queue.oldest(.immediate).well == nil)
        // Another event for the same far end: it stands with those in trouble, and one of their places is free.
        let second = parcel("two", .immediate)
        _ = queue.offer(second, now: now)
        #expect(queue.take(now)?.id == second.id)
        now = now.advanced(by: .milliseconds(5))
        #expect(queue.settle(second.id, .success(Receipt()), now: now) == .delivered)
        #expect(queue.settle(first.id, .success(Receipt()), now: now) == .delivered)
        _ = queue.offer(parcel("three", .immediate), now: now)
        #expect(queue.oldest(.immediate).well == now)
    }

    @Test("Beyond the bound of those that hang the one that has hung longest is cut short, and nothing is lost")
    func tooMany() {
        let limits = QueueLimits(concurrency: 8, reservedForImmediate: 2, late: 20)
        var night = Night(limits, Self.hung(60, in: 12) + [Self.healthy])
        for number in 1...8 {
            night.tell("eew-\(number)")
            night.pass(.seconds(3))
        }
        #expect(night.heard == [8])
        #expect(night.mostLate <= 21, "\(night.mostLate)")
    }

    @Test("A slow far end that answers keeps nobody waiting and loses nothing")
    func slow() {
        var queue = makeQueue(2, reserved: 1)
        _ = queue.offer(parcel("notice", at: "slow"), now: start)
        _ = queue.offer(parcel("notice", at: "b"), now: start)
        let slow = queue.take()!
        #expect(queue.take() == nil, "the town's place for notices is held")
        guard case .wait(let until) = queue.next(now: start) else {
            Issue.record("a place will be free")
            return
        }
        #expect(until == start.advanced(by: .milliseconds(250)))
        #expect(queue.take(until)?.lane.endpoint == "b")
        #expect(queue.settle(slow.id, .success(Receipt()), now: until.advanced(by: .seconds(9))) == .delivered)
    }
}
