import AlertModel
import Dispatching
import Testing

@Suite("Who was told of what")
struct EventMemoryTests {
    private let memory = EventMemory()
    private let town = TownID("042056")!
    private let other = TownID("042021")!
    private let told = [EventMemory.Told(channel: "school-tablet", endpoint: "a", priority: .urgent)]

    @Test("However much other towns and the country say, what a town has said can be taken back")
    func crowd() {
        memory.remember(EventID("op/first"), in: town, isOwn: true, told)
        memory.remember(EventID("jma/last"), in: town, isOwn: false, told)
        for number in 0..<(EventMemory.bound + 100) {
            memory.remember(EventID("op/\(number)"), in: other, isOwn: true, told)
            memory.remember(EventID("jma/\(number)"), in: other, isOwn: false, told)
        }
        #expect(memory.told(EventID("op/first"), in: town) == told)
        #expect(memory.told(EventID("jma/last"), in: town).isEmpty, "the oldest of the country's goes")
        #expect(memory.told(EventID("op/0"), in: other).isEmpty && memory.told(EventID("op/4000"), in: other) == told)
        #expect(memory.count == 1 + EventMemory.boundOfTown + EventMemory.bound)
    }

    @Test("A far end is there once, with its most urgent word; who was told before this run stays so")
    func merging() {
        let event = EventID("jma/1")
        func tell(_ endpoint: String, _ priority: Priority, before: Bool = false) {
            memory.remember(event, in: town, isOwn: false, [.init(channel: "webhook", endpoint: endpoint, priority: priority, isFromBefore: before)])
        }
        tell("b", .routine, before: true)
        tell("a", .urgent)
        tell("b", .immediate)
        tell("b", .background)
        #expect(memory.told(event, in: town).map { "\($0.endpoint) \($0.priority) \($0.isFromBefore)" } == ["a urgent false", "b immediate true"])
        #expect(memory.told(event, in: other).isEmpty && memory.words(event, in: town) == nil)
    }
}
