import Testing

@testable import Program

@Suite("What a program writes to the log")
struct LineBudgetTests {
    private let start = ContinuousClock.now

    @Test("A program that writes without end has forty lines, then one every ten seconds, which says how many were left out")
    func endless() {
        var budget = LineBudget(now: start)
        var said: [Int] = []
        // A hundred thousand lines in 150 s, as was measured.
        for index in 0..<100_000 {
            if let leftOut = budget.take(now: start + .microseconds(1500 * index)) { said.append(leftOut) }
        }
        #expect(said.count == 40 + 14)
        #expect(said.prefix(40).allSatisfy { $0 == 0 })
        #expect(said.reduce(0, +) + budget.leftOut + said.count == 100_000, "none is forgotten in the count")
    }

    @Test("One that speaks now and then is heard whole, and after a quiet hour there are forty again and no more")
    func seldom() {
        var budget = LineBudget(now: start)
        for index in 0..<200 { #expect(budget.take(now: start + .seconds(11 * index)) == 0) }
        let later = start + .seconds(7200)
        let heard = (0..<50).filter { _ in budget.take(now: later) != nil }
        #expect(heard.count == 40)
    }
}
