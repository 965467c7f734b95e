import AlertModel
import Chance
import ChannelKit
import ChannelKitTesting
import Foundation
import Testing

@testable import Dispatching

@Suite("Of an early warning whoever shakes sooner hears first", .timeLimit(.minutes(1)))
struct ShakingOrderTests {
    static func town(_ number: Int) throws -> TownID { try #require(TownID.numbered(number)) }

    func shaking(_ town: TownID, by second: Int64?, revision: Int = 1, event: String = "eew", at endpoint: String = "a", _ priority: Priority = .immediate) -> Parcel {
        let plain = parcel(event, revision: revision, priority, at: endpoint, in: town)
        return Parcel(
            id: plain.id, event: plain.event, lane: plain.lane, priority: priority, revision: plain.revision, message: .alert, expires: plain.expires, shakes: second)
    }

    /// Everything that goes out, each answered at once.
    func drain(_ queue: inout ChannelQueue) -> [Parcel] {
        var sent: [Parcel] = []
        while let next = queue.take() {
            sent.append(next)
            _ = queue.settle(next.id, .success(Receipt()), now: start)
        }
        return sent
    }

    @Test("In the order of the seconds, whatever order they were offered in, and each once", arguments: 0..<100)
    func inOrder(seed: UInt64) throws {
        var dice = Dice(seed: seed)
        var queue = makeQueue(8)
        var offered: [Parcel] = []
        for number in 0..<30 {
            let second = Int64.random(in: 1000...1012, using: &dice)
            for end in 0..<Int.random(in: 1...3, using: &dice) { offered.append(shaking(try Self.town(number), by: second, at: "e\(end)")) }
        }
        for parcel in offered.shuffled(using: &dice) { _ = queue.offer(parcel, now: start) }
        let sent = drain(&queue)
        #expect(sent.count == offered.count && Set(sent.map(\.id)) == Set(offered.map(\.id)))
        #expect(sent.map { $0.shakes ?? 0 } == sent.map { $0.shakes ?? 0 }.sorted())
        // Towns of one second take turns: nobody's second far end before another's first.
        for second in Set(sent.map(\.shakes)) {
            var turns: [TownID: Int] = [:]
            let counts = sent.filter { $0.shakes == second }.map { parcel in
                turns[parcel.lane.town, default: 0] += 1
                return turns[parcel.lane.town] ?? 0
            }
            #expect(counts == counts.sorted(), "\(counts)")
        }
    }

    @Test("A thousand far ends that hear something else as urgent do not hold it up, nor it them")
    func everySecondTurn() throws {
        var queue = makeQueue(1, waiting: 5000)
        for number in 0..<100 { for end in 0..<10 { _ = queue.offer(parcel("sea", .immediate, at: "e\(end)", in: try Self.town(number)), now: start) } }
        for number in 100..<140 { _ = queue.offer(shaking(try Self.town(number), by: Int64(1000 + number)), now: start) }
        let sent = drain(&queue)
        #expect(sent.count == 1040)
        let places = sent.indices.filter { sent[$0].shakes != nil }
        #expect(places == (0..<40).map { 2 * $0 })
    }

    @Test("A report that says sooner moves a town forward; one that says later leaves it where it stands; nobody is told twice")
    func revisions() throws {
        var queue = makeQueue(1)
        for number in 0..<5 { _ = queue.offer(shaking(try Self.town(number), by: Int64(1000 + number)), now: start) }
        _ = queue.offer(shaking(try Self.town(4), by: 900, revision: 2), now: start)
        _ = queue.offer(shaking(try Self.town(0), by: 2000, revision: 2), now: start)
        _ = queue.offer(shaking(try Self.town(2), by: nil, revision: 2), now: start)
        let sent = drain(&queue)
        #expect(sent.count == 5 && Set(sent.map(\.lane.town)).count == 5)
        #expect(sent.first?.lane.town == (try Self.town(4)))
    }

    @Test("Other classes take turns as ever", arguments: [Priority.urgent, .routine, .background])
    func others(priority: Priority) throws {
        var plain = makeQueue(2), timed = makeQueue(2)
        for number in 0..<20 {
            for end in 0..<(number % 3 + 1) {
                let second = Int64(2000 - number)
                _ = timed.offer(shaking(try Self.town(number), by: second, at: "e\(end)", priority), now: start)
                _ = plain.offer(shaking(try Self.town(number), by: nil, at: "e\(end)", priority), now: start)
            }
        }
        #expect(drain(&timed).map(\.lane) == drain(&plain).map(\.lane))
    }

    @Test("Through failures, late answers and new reports everybody hears the last word, once", arguments: 0..<60)
    func trouble(seed: UInt64) throws {
        var dice = Dice(seed: seed), now = start
        var queue = makeQueue(3, window: 1)
        var last: [LaneID: Int] = [:], heard: [LaneID: [Int]] = [:], flying: [(Parcel, Int)] = []
        for step in 0..<400 {
            now = now.advanced(by: .milliseconds(Int.random(in: 0...400, using: &dice)))
            switch Int.random(in: 0..<3, using: &dice) {
            case 0 where step < 300:
                let town = try Self.town(Int.random(in: 0..<12, using: &dice)), lane = LaneID(town: town, endpoint: "a"), revision = (last[lane] ?? 0) + 1
                last[lane] = revision
                let second = Bool.random(using: &dice) ? Int64.random(in: 1000...1030, using: &dice) : nil
                _ = queue.offer(shaking(town, by: second, revision: revision), now: now)
            case 1:
                if case .send(let parcel, _) = queue.next(now: now) { flying.append((parcel, parcel.revision.serial ?? 0)) }
            default:
                guard let place = flying.indices.randomElement(using: &dice) else { continue }
                let (parcel, serial) = flying.remove(at: place)
                let isWell = Int.random(in: 0..<3, using: &dice) > 0
                _ = queue.settle(parcel.id, isWell ? .success(Receipt()) : .failure(.unavailable("x")), now: now, jitter: 0)
                if isWell { heard[parcel.lane, default: []].append(serial) }
            }
        }
        for (parcel, serial) in flying {
            _ = queue.settle(parcel.id, .success(Receipt()), now: now)
            heard[parcel.lane, default: []].append(serial)
        }
        for _ in 0..<2000 {
            now = now.advanced(by: .milliseconds(100))
            guard case .send(let parcel, _) = queue.next(now: now) else { continue }
            _ = queue.settle(parcel.id, .success(Receipt()), now: now)
            heard[parcel.lane, default: []].append(parcel.revision.serial ?? 0)
        }
        #expect(queue.waitingCount == 0 && queue.onWireCount == 0)
        for (lane, serial) in last { #expect(heard[lane]?.last == serial && heard[lane] == heard[lane].map { Array(Set($0)).sorted() }, "\(heard[lane] ?? [])") }
    }

    @Test("No time known is now, a time to come is itself, what shakes already is after all that can still be warned, and its turn comes all the same")
    func turns() {
        let now = Sample.now, second = Int64(now.timeIntervalSince1970)
        let order = [Shaking.Arrival.unknown, .expected(now + 1), .expected(now + 90), .expected(now + 10_000), .arrived, .expected(now), .expected(now - 30)]
        #expect(order.map { ShakingOrder.turn($0, at: now) - second } == [0, 1, 90, 300, 300, 300, 300])
        #expect(ShakingOrder.turn(.arrived, at: now) < ShakingOrder.turn(.unknown, at: now + 301))
        #expect(ShakingOrder.turn(.expected(.distantFuture), at: now) - second == 300)
    }

    @Test("The line writes and offers to the towns as they shake, whatever the order of the settings")
    func line() async throws {
        let towns = try (0..<6).map { number in
            Town(
                id: try Self.town(number), name: "町\(number)", romanName: "", areas: [.jmaSeismic: ["\(200 + number)"]],
                endpoints: [Endpoint(id: "e\(number)", channel: "school-tablet", name: "e", actual: [:], exercise: nil)])
        }
        let stage = try Stage(neighbours: towns)
        let now = stage.clock.now
        // Of each town's area: seconds to its shaking; nil: no time; 999: it shakes there.
        let ways: [Int?] = [40, 999, 7, nil, -3, 12]
        var content = AlertContent(
            id: AlertID("q1"), event: EventID("jma/eew/q"), kind: .eew, message: .alert, revision: Revision(series: "VXSE43", serial: 1, sent: now), type: "VXSE43",
            title: "緊急地震速報", sender: "気象庁", sent: now, reported: now, expires: now + 180)
        content.areas = ways.enumerated().map { number, way in
            var area = AreaStatement(scheme: .jmaSeismic, code: "\(200 + number)", kindCode: "31", kindName: "緊急地震速報（警報）", value: "5-")
            if way == 999 { area.status = "既に主要動到達と推測" } else if let way { area.arrival = JapanTime.text(now + Double(way), milliseconds: false) }
            return area
        }
        var asked: [TownID] = []
        _ = stage.line.offer(Alert<Actual>(content), actor: "test") { town, _ in
            asked.append(town.id)
            return .news
        }
        let own = towns.map(\.id)
        #expect(Array(asked.prefix(6)) == [own[3], own[2], own[5], own[0], own[1], own[4]])
        #expect(asked.count == 7, "the town that it does not concern comes last")
        let rows = stage.journal.rows(of: content.id)
        #expect(rows.count == 6)
    }
}

extension TownID {
    /// Invented, with a check digit that fits.
    static func numbered(_ number: Int) -> TownID? {
        let five = String(10_000 + number)
        return (0...9).lazy.compactMap { TownID(five + "\($0)") }.first
    }
}
