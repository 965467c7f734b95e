import AlertModel
import ChannelKit
import ChannelKitTesting
import Testing

@testable import LAlert

@Suite("One revision of a document at a time", .timeLimit(.minutes(1)))
struct TurnsTests {
    @Test("Who comes second goes when the first leaves; other keys do not wait")
    func order() async {
        let turns = Turns()
        #expect(await turns.take("a"))
        #expect(await turns.take("b"))
        async let second = turns.take("a")
        turns.leave("a")
        #expect(await second)
        turns.leave("a")
        #expect(await turns.take("a"))
    }

    @Test("Who is cancelled gives up, and does not keep the next one waiting")
    func cancelled() async {
        let turns = Turns()
        #expect(await turns.take("a"))
        await withTaskGroup(of: Bool.self) { group in
            group.addTask { await turns.take("a") }
            group.cancelAll()
            #expect(await group.next() == false)
        }
        turns.leave("a")
        #expect(await turns.take("a"))
    }

    @Test("Two states of the shelters at once go out one after the other, an order does not wait for them")
    func shelters() async throws {
        let hall = try await TownHall()
        let adapter = try hall.adapter()
        let gate = Gate()
        hall.normal.server.behave { request in
            let answer = hall.normal.answer(to: request)
            return request.text.contains("EvacuationOrder") ? answer : .after(gate, answer)
        }
        async let first = hall.shelters([("第一小", .open)], revision: 1, by: adapter)
        await hall.normal.server.arrived(1)
        async let second = hall.shelters([("第一小", .full)], revision: 2, by: adapter)
        _ = try await hall.order(.order, ["南町"], by: adapter)
        #expect(hall.normal.server.requests.count == 2)
        gate.open()
        #expect(try await [first.reference?.suffix(2), second.reference?.suffix(2)] == ["/1", "/2"])
        await hall.close()
        #expect(hall.normal.complaints.isEmpty)
    }
}
