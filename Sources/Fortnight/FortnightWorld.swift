/// The loop of a fortnight, and the machines in it.
import AlertModel
import Chance
import ChannelKit
import Devices
import Foundation
import HeapModule
import Relay
import Streams
import Synchronization

final class FortnightWorld {
    struct Happening: Comparable {
        var at, order: Int
        var what: (FortnightWorld) -> Void
        static func < (left: Self, right: Self) -> Bool { (left.at, left.order) < (right.at, right.order) }
        static func == (left: Self, right: Self) -> Bool { (left.at, left.order) == (right.at, right.order) }
    }

    /// A school's place in the world: what outlives its machine.
    final class School {
        let index: Int
        let topic: StreamTopic
        let token: String
        let disk = FortnightDisk()
        let clock: PlayedClock
        let line: PlayedLine
        var edge: SchoolEdge?
        var isCut = false
        var stranger: StrangerKind?
        /// How far the hub has told this line; nil: it is not connected.
        var heard: StreamPosition?
        var connectedAt = 0
        /// How far its own tablets were told.
        var told: StreamPosition?
        var isSyncPlanned = false, isForwardPlanned = false
        var tablets: [PageTablet] = []
        var rollCall: OpenCall?
        var bornAt = 0

        init(_ index: Int, topic: StreamTopic, token: String, clock: PlayedClock, line: PlayedLine) {
            (self.index, self.topic, self.token, self.clock, self.line) = (index, topic, token, clock, line)
        }
    }

    /// Something said, as the world knows it.
    struct Issue {
        var id, key, mode: String
        var number: UInt64
        var expires: Int
        var isOver: Bool
        /// Milliseconds since the fortnight began.
        var saidAt: Int
    }

    struct OpenCall {
        var id: String
        var mode: String
        var openedAt: Int
        /// By who: when his newest word that was taken was said.
        var taken: [String: Int] = [:]
    }

    static let town = "042056"
    let plan: Fortnight
    let tells: Bool
    let time = PlayedTime()
    let executor = TurnExecutor()
    let chance: PlayedChance
    var report: FortnightReport
    private var heap = Heap<Happening>()
    private var order = 0
    private let finished = FinishedCalls()
    private var handlers: [Int: (HTTPAnswer?) -> Void] = [:]
    private var lastHandler = 0

    let hubDisk = FortnightDisk()
    let hubClock: PlayedClock
    var hub: TownHub?
    var isHubSyncPlanned = false
    var copy: (contents: FortnightDisk.Contents, truth: [[String: Issue]], at: Int)?
    var lastNumber: UInt64 = 0
    var schools: [School] = []
    /// What the hub's record says stands at each place, by key; over a restored copy what that says.
    var truth: [[String: Issue]] = []
    var issues: [String: Issue] = [:]
    var lines: [[UInt8]: PageEvent] = [:]

    var said: Set<String> = []
    var gone: Set<String> = []
    var answerTimes: [String: Int] = [:]
    /// Of these, whose tablet knew the time when they were said.
    var dated: Set<String> = []
    var lastID = 0
    var areFaultsOver = false
    var days: Int { plan.days * 86_400_000 }

    /// Called at the end of each day.
    let dayIsOver: (FortnightReport, Int) -> Void

    init(_ plan: Fortnight, tells: Bool, dayIsOver: @escaping (FortnightReport, Int) -> Void) {
        self.dayIsOver = dayIsOver
        (self.plan, self.tells) = (plan, tells)
        report = FortnightReport(seed: plan.seed)
        chance = PlayedChance(seed: plan.seed)
        hubClock = PlayedClock(time)
    }

    var now: Int { time.now }
    static func clock(_ at: Int) -> String {
        let seconds = at / 1000
        func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
        return "\(two(seconds / 3600 % 24)):\(two(seconds / 60 % 60)):\(two(seconds % 60))"
    }

    func tell(_ line: @autoclosure () -> String) { report.tell("day \(now / 86_400_000) \(Self.clock(now)) \(line())", keeps: tells) }

    func fail(_ rule: FortnightFlaw.Rule, _ words: String) {
        guard !report.flaws.contains(where: { $0.rule == rule }) else { return }
        let flaw = FortnightFlaw(rule: rule, at: now, words: words)
        report.flaws.append(flaw)
        tell("BROKEN \(flaw)")
    }

    func at(_ moment: Int, _ what: @escaping (FortnightWorld) -> Void) {
        order += 1
        heap.insert(Happening(at: max(moment, now), order: order, what: what))
    }

    func after(_ milliseconds: Int, _ what: @escaping (FortnightWorld) -> Void) { at(now + milliseconds, what) }
    func between(_ low: Int, _ high: Int) -> Int { chance.number(low...high) }

    func play() -> FortnightReport {
        makeTown()
        planFaults()
        planPeople()
        for day in 1...max(1, plan.days) { at(day * 86_400_000) { $0.dayIsOver($0.report, day) } }
        at(days) { $0.settle() }
        // Whatever still goes on a day after all should have settled has not settled: the books say what.
        while report.flaw == nil || plan.goesOn, let next = heap.popMin(), next.at < days + 60 * Self.hour {
            time.turn(to: next.at)
            report.happenings += 1
            next.what(self)
            pump()
        }
        if report.flaw == nil || plan.goesOn { closeBooks() }
        // Nobody waits for an answer that does not come.
        hubDisk.kill(kept: 0)
        for school in schools { school.disk.kill(kept: 0) }
        executor.run()
        return report
    }

    // MARK: asynchronous calls of the program

    /// Begins it; `then` is called when it has come to its end, or never, where the power went.
    func begin(_ work: @escaping @Sendable () async -> HTTPAnswer?, then: @escaping (HTTPAnswer?) -> Void) {
        lastHandler += 1
        let number = lastHandler, finished = finished
        handlers[number] = then
        _ = executor.begin {
            let answer = await work()
            finished.add(number, answer)
        }
    }

    func pump() {
        while true {
            executor.run()
            let done = finished.take()
            guard !done.isEmpty else { break }
            for (number, answer) in done { handlers.removeValue(forKey: number)?(answer) }
        }
        if !isHubSyncPlanned, hubDisk.tail > 0 {
            isHubSyncPlanned = true
            after(between(5, 40)) { world in
                world.isHubSyncPlanned = false
                world.hubDisk.sync()
            }
        }
    }

    /// Something was done at a school's machine: its disk follows.
    func touch(_ school: School) {
        guard !school.isSyncPlanned else { return }
        school.isSyncPlanned = true
        after(between(5, 40)) { world in
            school.isSyncPlanned = false
            school.disk.sync()
            // Whoever waited for it goes on and writes.
            world.after(1) { if school.disk.tail > 0 { $0.touch(school) } }
        }
    }
}

/// Calls that have come to their end.
private final class FinishedCalls: Sendable {
    private let calls = Mutex<[(Int, HTTPAnswer?)]>([])
    func add(_ number: Int, _ answer: HTTPAnswer?) { calls.withLock { $0.append((number, answer)) } }
    func take() -> [(Int, HTTPAnswer?)] {
        calls.withLock { calls in
            defer { calls = [] }
            return calls
        }
    }
}
