import Fortnight
import Foundation
import Testing

/// Small ones: six schools with ten tablets each. The whole town is `make fortnight SEED=…`.
@Suite("A simulated fortnight", .serialized)
struct FortnightTests {
    static let package: URL = {
        var url = URL(filePath: #filePath).resolvingSymlinksInPath()
        for _ in 0..<3 { url.deleteLastPathComponent() }
        return url
    }()

    /// Seconds in which another seed may begin; the first one is always played. More: `NOROSHI_FORTNIGHTS=600`.
    static let time = Duration.seconds(ProcessInfo.processInfo.environment["NOROSHI_FORTNIGHTS"].flatMap(Int.init) ?? 8)

    @Test("Whatever a fortnight brings, nothing is lost or counted twice, nothing over is shown and nothing in force forgotten")
    func fortnights() {
        let end = ContinuousClock.now.advanced(by: Self.time)
        var seed: UInt64 = 1
        repeat {
            let report = Fortnight(seed: seed, edges: 6, tablets: 10).play()
            print(report.verdict, report.figures)
            #expect(report.flaw == nil, "\(report.verdict)")
            #expect(report.powerCuts > 0 && report.strangers > 0 && report.restored > 0 && report.clockSteps > 0 && report.receipts > 0)
            seed += 1
        } while ContinuousClock.now < end
    }

    @Test("The same seed is the same fortnight in another process, to the last letter of its story")
    func deterministic() throws {
        let process = Process()
        process.executableURL = Self.package.appending(path: ".build/debug/noroshi-fortnight")
        process.arguments = ["3", "--edges", "3", "--tablets", "5", "--days", "4", "--digest"]
        let pipe = Pipe()
        process.standardOutput = pipe
        try process.run()
        let here = Fortnight(seed: 3, edges: 3, tablets: 5, days: 4).play()
        let there = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        #expect(there == "3 \(here.digest)\n")
    }

    /// Each in the simulator's own wrappers.
    @Test("Each check bites: a fault that is planted is found", arguments: FortnightFault.allCases)
    func planted(fault: FortnightFault) {
        let found = (1...20 as ClosedRange<UInt64>).lazy.map { Fortnight(seed: $0, edges: 3, tablets: 6, days: 5, planted: fault).play() }.first { $0.flaw != nil }
        print(fault, found?.verdict ?? "not found")
        #expect(found?.flaw.map { fault.noticed.contains($0.rule) } == true, "\(found?.verdict ?? "not found")")
    }
}
