import AlertModel
import Foundation
@testable import Memories
import Testing

/// A generator whose seed is printed with a failure.
struct Seeded: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}

@Suite("Any acts of any two people") struct StandingPropertyTests {
    /// What the table ought to be, kept in the plainest way: a stack of states per hazard and district.
    struct Oracle {
        var levels: [String: [String: Int]] = [:]
        func table(_ hazard: String) -> [String: Int] { levels[hazard] ?? [:] }
    }

    static let hazards = ["洪水", "土砂災害"]

    @Test("The table is what the acts say, at each step, after any restart, and each act tells the whole state", arguments: 0..<200)
    func table(seed: UInt64) throws {
        var random = Seeded(state: seed)
        var hall = TownHall()
        var oracle = Oracle()
        var acts: [AlertContent] = []
        var kept = (standing: hall.standing, from: 0)
        for _ in 0..<40 {
            let hazard = Self.hazards.randomElement(using: &random)!
            let districts = TownHall.districts.filter { _ in Bool.random(using: &random) }
            let person = Bool.random(using: &random) ? "当直" : "課長"
            let before = oracle
            switch Int.random(in: 0..<4, using: &random) {
            case 0, 1:
                guard !districts.isEmpty else { continue }
                let level = Int.random(in: 3...5, using: &random)
                acts.append(try hall.order(level, districts, hazard, by: person))
                for district in districts { oracle.levels[hazard, default: [:]][district] = level }
            case 2:
                let standing = oracle.table(hazard)
                let isPossible = !standing.isEmpty && districts.allSatisfy { standing[$0] != nil }
                let lifted = try? hall.lift(districts, hazard, by: person)
                #expect((lifted != nil) == isPossible, "seed \(seed)")
                guard let lifted else { continue }
                acts.append(lifted)
                for district in districts.isEmpty ? Array(standing.keys) : districts { oracle.levels[hazard]?[district] = nil }
            default:
                guard let act = acts.randomElement(using: &random), let its = act.act else { continue }
                guard let undone = try? hall.takeBack(act, by: person) else { continue }
                acts.append(undone)
                for step in its.steps {
                    guard case .evacuation(let hazard, let district) = step.subject else { continue }
                    oracle.levels[hazard, default: [:]][district] = step.before?.state.level
                }
            }
            guard let last = acts.last?.act else { continue }
            for hazard in Self.hazards {
                #expect(hall.table(hazard) == oracle.table(hazard), "seed \(seed)")
                let told = Dictionary(last.standing(of: hazard).map { ($0.subject.district ?? "", $0.state.level ?? 0) }) { $1 }
                #expect(told == oracle.table(hazard), "seed \(seed): the act tells another state")
            }
            // Before and after are what was and is.
            for step in last.steps {
                guard case .evacuation(let hazard, let district) = step.subject else { continue }
                #expect(step.before?.state.level == before.table(hazard)[district], "seed \(seed)")
                #expect(step.after?.state.level == oracle.table(hazard)[district], "seed \(seed)")
            }
            // One hazard is one event while anything of it stands.
            for hazard in Self.hazards { #expect(Set(hall.standing.orders(hazard: hazard).map(\.event)).count <= 1, "seed \(seed)") }
            if Int.random(in: 0..<8, using: &random) == 0 {
                // A restart: what was kept, and the record after it, some of it twice.
                var again = kept.standing
                for content in acts[max(0, kept.from - 3)...] { again.take(content) }
                #expect(again.rows == hall.standing.rows && again.version == hall.standing.version, "seed \(seed)")
                kept = (hall.standing, acts.count)
            }
        }
        // Every act was newer than the one before it.
        for (older, newer) in zip(acts, acts.dropFirst()) where older.event == newer.event {
            #expect(newer.revision.isNewer(than: older.revision), "seed \(seed)")
        }
    }
}
