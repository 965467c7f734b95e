/// `make bench`: measures beside peers in one run, prints ratios, and ends with 1 when a threshold is missed.
import ArgumentParser
import Foundation
import Glibc

@main
struct Bench: ParsableCommand {
    enum Part: String, CaseIterable, ExpressibleByArgument { case read, country, stream, line, takeback, crowd }

    @Option(help: "The release program under measurement.") var hub = ".build/release/noroshi"
    @Option(help: "Open streams.") var streams = 10_000
    @Option(help: "Earthquakes for each measurement of the line.") var shots = 100
    @Option(help: "Streams of the crowd; not measured unless named.") var crowd = 100_000
    @Option(help: "Rounds of the stream beside its peer.") var rounds = 3
    @Option(help: "Writes all figures as JSON.") var report: String?
    @Option(help: "What must hold.") var thresholds = "Benchmarks/Thresholds/thresholds.json"
    @Argument(help: "Parts to measure.") var parts: [Part] = [.read, .country, .stream, .line, .takeback]

    func run() throws {
        signal(SIGPIPE, SIG_IGN)
        let figures = try Figures(thresholds: thresholds)
        let work = FileManager.default.temporaryDirectory.appending(path: "noroshi-bench-\(getpid())")
        try FileManager.default.createDirectory(at: work, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: work) }
        if parts.contains(.read) { try ReadBench().run(figures) }
        if parts.contains(.country) { try CountryBench(hub: hub, shots: max(5, shots / 5), work: work).run(figures) }
        let stream = try parts.contains(.stream)
            ? StreamBench(hub: hub, streams: streams, rounds: rounds, work: work).run(figures) : nil
        if parts.contains(.crowd) { try CrowdBench(hub: hub, streams: crowd, work: work).run(figures) }
        if parts.contains(.line) {
            try LineBench(hub: hub, streams: streams, shots: shots, work: work).run(figures, stream: stream)
        }
        if parts.contains(.takeback) {
            try TakeBackBench(line: LineBench(hub: hub, streams: streams, shots: shots, work: work)).run(figures)
        }
        guard try figures.close(report: report) else { throw ExitCode(1) }
    }
}
