/// One night from a seed: the hub's own code, with everything around it made by chance that comes again.
///
///     seed ──▶ towns, far ends, people, sky, disk, clock
///                 │
///     [heap of (time, order, what)] ──▶ one thing happens ──▶ the hub's calls run ──▶ channels begin, far ends answer
///                 ▲                                                                        │
///                 └──────────────── what follows from it ◀─────────────────────────────────┤
///                                                                     every check, after every thing
///
/// One thread, one loop, one generator, turned clocks: the same seed is the same night, to the last letter of its story.
import Foundation

package struct Night: Sendable {
    package let seed: UInt64
    package var planted: PlantedFault?

    package init(seed: UInt64, planted: PlantedFault? = nil) {
        self.seed = seed
        self.planted = planted
    }

    package func play(_ shelf: NightShelf, tells: Bool = false) -> NightReport {
        let world = NightWorld(seed: seed, planted: planted, shelf: shelf, tells: tells)
        world.run()
        return world.report
    }
}

package struct NightReport: Sendable {
    package var seed: UInt64
    /// What does not hold, in which invariant; nil: all held, and everything has settled.
    package var broken: Broken?
    /// Of everything that happened, in order.
    package var digest: UInt64 = 14_695_981_039_346_656_037
    package var happenings = 0
    package var alerts = 0
    package var attempts = 0
    package var kills = 0
    package var hours = 0.0
    /// Empty unless asked for.
    package var story: [String] = []

    package struct Broken: Sendable, CustomStringConvertible {
        package var invariant: Int
        package var words: String
        package var description: String { "invariant \(invariant): \(words)" }
    }

    /// FNV-1a.
    mutating func stir(_ text: String) {
        for octet in text.utf8 { digest = (digest ^ UInt64(octet)) &* 1_099_511_628_211 }
    }
}
