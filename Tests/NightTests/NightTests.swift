import Foundation
import Night
import Testing

/// Nights from seeds: what broke one is replayed by `make night SEED=…`.
@Suite("A simulated night", .serialized)
struct NightTests {
    static let package: URL = {
        var url = URL(filePath: #filePath).resolvingSymlinksInPath()
        for _ in 0..<3 { url.deleteLastPathComponent() }
        return url
    }()
    static let shelf = Task { try await NightShelf(templates: package.appending(path: "Templates")) }

    /// A wider look is `make night NIGHTS=…`. `NOROSHI_NIGHTS`: seconds for it.
    static let time = Duration.seconds(ProcessInfo.processInfo.environment["NOROSHI_NIGHTS"].flatMap(Int.init) ?? 25)

    static let sum = Task { Nights(count: 100_000, within: time).play(try await shelf.value) }

    @Test("Whatever a night brings, every invariant holds after every step, and everything settles")
    func nights() async throws {
        let sum = try await Self.sum.value
        print(sum.words)
        #expect(sum.nights > 0)
        for night in sum.broken { Issue.record("\(night.verdict)") }
    }

    @Test("The same seed is the same night in another process, to the last letter of its story")
    func deterministic() async throws {
        let sum = try await Self.sum.value
        let count: UInt64 = 100
        let process = Process()
        process.executableURL = Self.package.appending(path: ".build/debug/noroshi-night")
        process.arguments = [
            "--digests", "--nights", "\(count)", "--templates", Self.package.appending(path: "Templates").path,
        ]
        let pipe = Pipe()
        process.standardOutput = pipe
        try process.run()
        var here = sum.digests.filter { $0.key < count }
        // A slow machine has not come so far.
        for seed in 0..<count where here[seed] == nil { here[seed] = Night(seed: seed).play(try await Self.shelf.value).digest }
        let lines = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self).split(separator: "\n")
        process.waitUntilExit()
        let there = Dictionary(lines.compactMap { line -> (UInt64, UInt64)? in
            let words = line.split(separator: " ")
            guard words.count == 2, let seed = UInt64(words[0]), let digest = UInt64(words[1]) else { return nil }
            return (seed, digest)
        }, uniquingKeysWith: { $1 })
        #expect(here.count == Int(count) && here == there)
    }

    /// Where the rarer ones were found last: the search begins there.
    static let near: [PlantedFault: UInt64] = [
        .sendsWhatIsOver: 140, .doesNotAskTheRecordForApprovals: 124, .asksNobodyAboutWhatIsHeld: 42, .waitsForWhoHangs: 28,
    ]

    /// Each in the simulator's own wrappers; the number is the invariant that has to notice.
    @Test("Each check bites: a fault that is planted is found", arguments: PlantedFault.allCases)
    func planted(fault: PlantedFault) async throws {
        let found = Nights(from: Self.near[fault] ?? 0, count: 200, planted: fault).firstBroken(try await Self.shelf.value)
        print(fault, found?.verdict ?? "not found")
        #expect(found.flatMap(\.broken).map { fault.noticed.contains($0.invariant) } == true, "\(found?.verdict ?? "not found")")
    }
}
