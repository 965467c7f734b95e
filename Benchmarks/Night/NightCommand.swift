/// `make night SEED=7` tells that night; `make night NIGHTS=100000` plays as many as one has time for.
import ArgumentParser
import Foundation
import Night
import Synchronization

@main
struct NightCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "noroshi-night", abstract: "一夜を種から再現します (a simulated night, from its seed)")

    @Argument(help: "種。その夜を物語ります (the seed: its night is told)")
    var seed: UInt64?
    @Option(help: "この種から (from this seed on)")
    var from: UInt64 = 0
    @Option(help: "この数の夜を (so many nights)")
    var nights: UInt64 = 1000
    @Option(help: "わざと入れる誤り (a fault planted into the simulator)")
    var plant: String?
    @Option(help: "文面のフォルダー (the folder of texts)")
    var templates = "Templates"
    @Flag(help: "誤りの出た最初の夜で終わります (ends with a night that breaks)")
    var first = false
    @Flag(help: "夜ごとの要約値だけを書きます (one digest a night, and nothing else)")
    var digests = false

    func run() async throws {
        let shelf = try await NightShelf(templates: URL(filePath: templates))
        let planted = try plant.map { word in
            guard let fault = PlantedFault(rawValue: word) else {
                throw ValidationError("plant: \(PlantedFault.allCases.map(\.rawValue).joined(separator: ", "))")
            }
            return fault
        }
        if let seed {
            let report = Night(seed: seed, planted: planted).play(shelf, tells: true)
            print(report.story.joined(separator: "\n"))
            print(report.verdict)
            if report.broken != nil { throw ExitCode.failure }
            return
        }
        if digests {
            let all = Nights(from: from, count: nights, planted: planted).play(shelf).digests
            for (seed, digest) in all.sorted(by: { $0.key < $1.key }) { print(seed, digest) }
            return
        }
        let begun = ContinuousClock.now
        if first {
            let broken = Nights(from: from, count: nights, planted: planted).firstBroken(shelf)
            print(broken?.verdict ?? "all held", begun.duration(to: .now))
            if broken != nil { throw ExitCode.failure }
            return
        }
        let sum = Nights(from: from, count: nights, planted: planted).play(shelf)
        for broken in sum.broken { print(broken.verdict) }
        print("\(sum.words) \(begun.duration(to: .now))")
        if !sum.broken.isEmpty { throw ExitCode.failure }
    }
}
