import ChannelKitTesting
import Hub
import Synchronization
import Testing

@testable import HubAPI

private final class Count: Sendable {
    private let number = Mutex((now: 0, most: 0))
    @discardableResult
    func add(_ change: Int = 1) -> Int {
        number.withLock {
            $0.now += change
            $0.most = max($0.most, $0.now)
            return $0.now
        }
    }
    var most: Int { number.withLock { $0.most } }
}

@Suite("Below the line", .timeLimit(.minutes(5)))
struct TogetherTests {
    @Test("Twenty who ask the same while it is made are answered by one more making, and none by what began before he asked")
    func once() async throws {
        let together = Together<String, Int>()
        let made = Count()
        let (begun, go) = (Gate(), Gate())
        try await withThrowingTaskGroup(of: Int.self) { group in
            group.addTask {
                try await together.value("a") {
                    let number = made.add()
                    begun.open()
                    _ = await go.opens(within: .seconds(600))
                    return number
                }
            }
            _ = await begun.opens(within: .seconds(600))
            for _ in 0..<20 {
                group.addTask { try await together.value("a") { made.add() } }
            }
            while together.waitingFor("a") < 20, !Task.isCancelled { await Task.yield() }
            go.open()
            var answers: [Int] = []
            for try await answer in group { answers.append(answer) }
            #expect(answers.sorted() == [1] + Array(repeating: 2, count: 20))
        }
        #expect(try await together.value("a") { 7 } == 7, "nothing is kept")
    }

    @Test("What fails fails for those who waited for it, and the next who asks tries again")
    func failing() async throws {
        struct Broken: Error {}
        let together = Together<String, Int>()
        await #expect(throws: Broken.self) { try await together.value("a") { throw Broken() } }
        #expect(try await together.value("a") { 1 } == 1)
    }

    @Test("A lane has so many places, lets in who waits in their order, and says when too many do")
    func lane() async throws {
        let lane = Lane(places: 2, waiting: 3)
        let busy = Count()
        let go = Gate()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<5 {
                group.addTask {
                    try await lane.run {
                        busy.add()
                        _ = await go.opens(within: .seconds(600))
                        busy.add(-1)
                    }
                }
            }
            while lane.gauges != (2, 3), !Task.isCancelled { await Task.yield() }
            await #expect(throws: Lane.Full.self) { try await lane.run {} }
            go.open()
            try await group.waitForAll()
        }
        #expect(busy.most == 2 && lane.gauges == (0, 0))
        try await lane.run {}
    }

    @Test("The quiet thread does what it is given, one after the other")
    func quiet() async {
        let thread = QuietThread("test")
        let sum = await withTaskGroup(of: Int.self) { group in
            for number in 0..<100 { group.addTask { await thread.run { number } } }
            return await group.reduce(0, +)
        }
        #expect(sum == 4950)
    }
}
