/// Fourteen days of a town's shelters, made of a seed: schools with a machine of their own, tablets that hang at it, and one hub.
///
/// What runs is the program: the edge's stream, mirror, outbox, forwarder, roll-calls and routes, the hub's stream, register and desks. Power, lines,
/// clocks, disks and people are made by one seeded generator and done by one loop over a heap of (time, order, what happens). A tablet is a model of its page.
import Foundation

package struct Fortnight: Sendable {
    package var seed: UInt64
    package var edges: Int
    package var tablets: Int
    package var days: Int
    package var planted: FortnightFault?
    /// Also when something is broken.
    package var goesOn = false

    package init(seed: UInt64, edges: Int = 7, tablets: Int = 15, days: Int = 14, planted: FortnightFault? = nil) {
        (self.seed, self.edges, self.tablets, self.days, self.planted) = (seed, edges, tablets, days, planted)
    }

    /// - Parameter dayIsOver: called at the end of each day, with what has happened so far.
    package func play(tells: Bool = false, dayIsOver: @escaping (_ report: FortnightReport, _ day: Int) -> Void = { _, _ in }) -> FortnightReport {
        FortnightWorld(self, tells: tells, dayIsOver: dayIsOver).play()
    }
}

package struct FortnightReport: Sendable {
    package var seed: UInt64
    /// The first of each rule; the fortnight ends with the first of all, unless it goes on.
    package var flaws: [FortnightFlaw] = []
    package var flaw: FortnightFlaw? { flaws.first }
    package var story: [String] = []
    /// Of all that was told, FNV-1a.
    package var digest: UInt64 = 0xcbf2_9ce4_8422_2325
    package var happenings = 0, acts = 0, lines = 0, cuts = 0, powerCuts = 0, strangers = 0, restored = 0, clockSteps = 0
    package var sleeps = 0, reloads = 0, carried = 0, answersLost = 0
    package var receipts = 0, reports = 0, answers = 0, rollCalls = 0, goneWithTheDisk = 0, shown = 0, checks = 0

    package var figures: String {
        "\(acts) acts (\(lines) lines at places), \(cuts) lines cut, \(powerCuts) power cuts, \(clockSteps) clocks set, \(strangers) strangers under the hub's name, "
            + "\(restored) hubs restored, \(answersLost) answers lost, \(sleeps) sleeps, \(reloads) reloads, \(carried) tablets carried; "
            + "\(receipts) receipts, \(reports) reports, \(rollCalls) roll-calls with \(answers) answers, \(goneWithTheDisk) gone with the hub's disk; "
            + "\(shown) words shown, \(checks) looks at a screen, \(happenings) happenings"
    }

    package var verdict: String { "seed \(seed): " + (flaws.isEmpty ? "everything held and has settled" : flaws.map { "\($0)" }.joined(separator: "\n  and ")) }

    mutating func tell(_ line: String, keeps: Bool) {
        for octet in line.utf8 { digest = (digest ^ UInt64(octet)) &* 0x100_0000_01b3 }
        if keeps { story.append(line) }
    }
}
