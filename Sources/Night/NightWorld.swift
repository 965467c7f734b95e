/// The loop of a night, and what happens around the hub: the disk, the power, the clock, the far ends.
import AlertModel
import Hub
import Chance
import ChannelKit
import Desk
import Dispatching
import Foundation
import HeapModule
import Ledger
import Synchronization

final class NightWorld {
    struct Happening: Comparable {
        var at: Int
        var order: Int
        var what: (NightWorld) -> Void
        static func < (left: Self, right: Self) -> Bool { (left.at, left.order) < (right.at, right.order) }
        static func == (left: Self, right: Self) -> Bool { (left.at, left.order) == (right.at, right.order) }
    }

    let planted: PlantedFault?
    let shelf: NightShelf
    let tells: Bool
    let clocks = NightClocks()
    let disk = NightDisk()
    let executor = TurnExecutor()
    var dice: Dice
    private let letters: Mutex<Dice>
    var report: NightReport
    private var heap = Heap<Happening>()
    private var order = 0

    // What the seed has made.
    var towns: [Town] = []
    var approvals: [TownID: ApprovalPolicy] = [:]
    var farEnds: [FarEndKey: NightFarEnd] = [:]
    /// How this night is: many do not have everything.
    var hasTroubledDisk = false, hasKills = false, hasClockSteps = false, hasLongClockSteps = false
    /// In microseconds: until then faults happen.
    var faultsEnd = 0
    var areFaultsOver = false

    // The run.
    var house: NightHouse?
    var flights: [Int: Flight] = [:]
    var lastFlight = 0
    private var wakes: [Int] = []
    /// Channels whose bell has rung.
    var rung: Set<Int> = []
    /// Places where something has changed since they were looked at.
    var stale: Set<FarEndKey> = []
    var diskRefusesUntil = 0
    private var isSyncPlanned = false

    // Who waits for an answer, and what is known.
    var waiters: [Int: Waiter] = [:]
    var lastWaiter = 0
    var isBeating = false
    /// The hub took its clock for wrong lately, by what a late bulletin says: ends move with it.
    var doubtsClockUntil = 0
    var known = NightKnowledge()

    init(seed: UInt64, planted: PlantedFault?, shelf: NightShelf, tells: Bool) {
        self.planted = planted
        self.shelf = shelf
        self.tells = tells
        dice = Dice(seed: seed)
        letters = Mutex(Dice(seed: seed ^ 0x6E69_6768_74))
        report = NightReport(seed: seed)
    }

    var now: Int { clocks.micros }
    static let second = 1_000_000

    // MARK: Chance

    func roll(_ sides: Int) -> Int { Int(dice.next() % UInt64(sides)) }
    func chance(_ percent: Int) -> Bool { roll(100) < percent }
    func pick<Value>(_ values: [Value]) -> Value { values[roll(values.count)] }
    /// Microseconds between two numbers of milliseconds.
    func between(_ low: Int, _ high: Int) -> Int { (low + roll(max(1, high - low))) * 1000 }

    // MARK: Story

    func tell(_ words: @autoclosure () -> String) {
        let line = words()
        report.stir("\(now) \(line)\n")
        guard tells else { return }
        let seconds = Double(now) / 1e6
        report.story.append(String(format: "%8.3f  ", seconds) + line)
    }

    func breaks(_ invariant: Int, _ words: @autoclosure () -> String) {
        guard report.broken == nil else { return }
        let words = words()
        tell("BROKEN \(invariant): \(words)")
        report.broken = .init(invariant: invariant, words: words)
    }

    // MARK: The loop

    func later(_ micros: Int, _ what: @escaping (NightWorld) -> Void) {
        order += 1
        heap.insert(Happening(at: now + max(0, micros), order: order, what: what))
    }

    func run() {
        make()
        start()
        turn()
        while report.broken == nil, let next = heap.popMin(), next.at <= faultsEnd + Self.calm {
            clocks.micros = max(now, next.at)
            next.what(self)
            turn()
            report.happenings += 1
        }
        report.hours = Double(now) / 3.6e9
        end()
    }

    /// Everything that follows at once from what has happened.
    func turn() {
        // Whatever the hub did may have been an offer to any channel.
        if executor.run() { ringAll() }
        repeat {
            drive()
            if executor.run() { ringAll() }
        } while settleWhatWasCut() || !rung.isEmpty
        hear()
        if !rung.isEmpty || executor.run() { return turn() }
        planSync()
        checkStep()
    }

    // MARK: Channels

    func ringAll() { rung = Set(0..<(house?.runners.count ?? 0)) }

    /// As the bell does it: after an offer, after an answer, and when a moment has come that a channel waits for.
    private func drive() {
        guard let house else { return rung = [] }
        if planted == .waitsForWhoHangs, hangs { return rung = [] }
        let due = rung.union(wakes.indices.filter { wakes[$0] <= now }).sorted()
        rung = []
        for index in due {
            wakes[index] = Int.max
            var isWaiting = false
            while !isWaiting {
                switch house.runners[index]() {
                case .flight(let flight): fly(flight, index)
                case .wait(let until):
                    wake(index, until)
                    isWaiting = true
                case .idle: isWaiting = true
                }
            }
        }
    }

    /// For the planted fault: somebody has not answered and is waited for.
    private var hangs: Bool {
        flights.values.contains { farEnds[$0.key]?.manner == .hanging && $0.deadline > clocks.steady }
    }

    private func wake(_ index: Int, _ until: Int) {
        wakes[index] = max(until, now + 1)
        // `drive` is run after everything that happens; there has to be something.
        later(max(1, until - now)) { _ in }
    }

    // MARK: Start and kill

    func start() {
        let letters = Chances(letters)
        let house = NightHouse(
            shelf, disk, clocks, towns: towns, approvals: approvals, chance: { letters.next() }, planted: planted)
        self.house = house
        wakes = house.runners.map { _ in Int.max }
        ringAll()
        stale = Set(farEnds.keys)
        tell("the hub starts, run \(disk.run)")
        let hub = house.hub
        let pending = executor.begin { () -> Bool in
            do { try await hub.recover() } catch { return false }
            return true
        }
        executor.run()
        guard pending.value == true else { return breaks(8, "the hub does not start") }
        house.ledger.isStarting.withLock { $0 = false }
        while disk.hasTail {
            disk.sync()
            executor.run()
        }
        checkStart()
    }

    func kill() {
        guard house != nil else { return }
        report.kills += 1
        let kept = roll(disk.tailCount + 1)
        tell("killed; \(kept) of \(disk.tailCount) rows of the tail are on the disk")
        disk.kill(kept: kept)
        // Who waited for an answer has none.
        let left = waiters.sorted { $0.key < $1.key }.map(\.value)
        waiters = [:]
        for waiter in left { waiter.cancel() }
        executor.run()
        for waiter in left { waiter.lost(self) }
        house = nil
        // What is on its way over there may arrive all the same.
        for number in flights.keys.sorted() {
            if let flight = flights[number], chance(50), !areFaultsOver { arrive(flight) }
        }
        flights = [:]
        for row in known.forgetWhatIsNotOnDisk(disk) { farEnds[row.key]?.unknown.insert(row.event) }
        let away = chance(70) ? between(500, 20_000) : between(20_000, 1_200_000)
        later(away) { $0.start() }
    }

    // MARK: The disk

    private func planSync() {
        guard disk.hasTail, !isSyncPlanned else { return }
        isSyncPlanned = true
        let isSlow = hasTroubledDisk && !areFaultsOver && chance(10)
        later(isSlow ? between(500, 8_000) : between(1, 30)) { world in
            world.isSyncPlanned = false
            if world.now < world.diskRefusesUntil, !world.areFaultsOver {
                world.tell("the disk refuses")
                world.disk.refuse("no space left")
                world.isSyncPlanned = true
                world.later(500_000) { $0.isSyncPlanned = false }
            } else {
                world.disk.sync()
            }
        }
    }
}

/// Chance for the hub's own letters, apart from the night's.
private final class Chances: Sendable {
    private let dice: Mutex<Dice>
    init(_ dice: borrowing Mutex<Dice>) { self.dice = Mutex(Dice(seed: dice.withLock { $0.next() })) }
    func next() -> UInt64 { dice.withLock { $0.next() } }
}
