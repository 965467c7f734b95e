/// `make fortnight SEED=7` plays the fortnight of a whole town; `make fortnight SEED=7 EDGES=7 TABLETS=15 STORY=1` tells a small one.
import ArgumentParser
import Fortnight
import Foundation

@main
struct FortnightCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "noroshi-fortnight", abstract: "避難所の二週間を種から再現します (a simulated fortnight of a town's shelters, from its seed)")

    @Argument(help: "種 (the seed)")
    var seed: UInt64 = 7
    @Option(help: "学校の数 (schools)")
    var edges = 70
    @Option(help: "学校ごとのタブレットの数 (tablets at each)")
    var tablets = 150
    @Option(help: "日数。2から (days, from 2 on)")
    var days = 14
    @Option(help: "この種から、この数だけ (so many seeds from this one on)")
    var count: UInt64 = 1
    @Option(help: "わざと入れる誤り (a fault planted into the simulator)")
    var plant: String?
    @Flag(help: "壊れても続けます (goes on when something is broken)")
    var goesOn = false
    @Flag(help: "物語ります (tells the story)")
    var story = false
    @Flag(help: "一行の要約だけを書きます (writes the digest alone)")
    var digest = false

    func validate() throws {
        guard edges >= 1, tablets >= 1, days >= 2, count >= 1 else { throw ValidationError("学校とタブレットは1から、日数は2からです (one school, one tablet, two days at least)") }
    }

    func run() throws {
        let planted = try plant.map { word in
            guard let fault = FortnightFault(rawValue: word) else {
                throw ValidationError("plant: \(FortnightFault.allCases.map(\.rawValue).joined(separator: ", "))")
            }
            return fault
        }
        var broken = 0
        for seed in seed..<seed + count {
            var fortnight = Fortnight(seed: seed, edges: edges, tablets: tablets, days: days, planted: planted)
            fortnight.goesOn = goesOn
            broken += play(fortnight) ? 0 : 1
        }
        if broken > 0 { throw ExitCode.failure }
    }

    /// True where everything held.
    private func play(_ fortnight: Fortnight) -> Bool {
        let begun = ContinuousClock.now
        let report = fortnight.play(tells: story) { report, day in
            guard !digest, !story else { return }
            // Beside what is written at the end, so that that can be kept alone.
            let line = "seed \(fortnight.seed), day \(day) of \(fortnight.days): \(report.happenings) happenings, \(report.checks) looks at a screen (\(begun.duration(to: .now).components.seconds) s)\n"
            FileHandle.standardError.write(Data(line.utf8))
        }
        guard !digest else {
            print(report.seed, report.digest)
            return report.flaw == nil
        }
        if story { print(report.story.joined(separator: "\n")) }
        print("\(report.verdict) (digest \(report.digest), \(begun.duration(to: .now).components.seconds) s)")
        print("  \(report.figures)")
        return report.flaw == nil
    }
}
