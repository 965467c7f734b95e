import ChannelKitTesting
import FoundationEssentials
import Glibc
import Receiving
import ServiceLifecycle
import Logging
import Synchronization

/// The hub as the sources see it: keeps what it was handed and told, and answers as a test wishes.
final class Witness: BulletinSink, SourceWatch {
    struct Handed: Sendable {
        let octets: [UInt8]
        let name: String?
        let source: String
        var text: String { String(decoding: octets, as: UTF8.self) }
    }
    private struct State {
        var handed: [Handed] = []
        var troubles: [String] = []
        var expected: [String: Duration?] = [:]
        var heard: [String: Int] = [:]
        var told: [String: Date] = [:]
        var script: @Sendable (Handed) -> SinkAnswer
    }
    private let state: Mutex<State>
    let taken = Tally()
    let troubled = Tally()
    let hearings = Tally()

    init(_ script: @escaping @Sendable (Handed) -> SinkAnswer = { _ in .accepted }) {
        state = Mutex(State(script: script))
    }

    var handed: [Handed] { state.withLock { $0.handed } }
    var names: [String] { handed.map { $0.name ?? "" } }
    var troubles: [String] { state.withLock { $0.troubles } }
    var told: [String: Date] { state.withLock { $0.told } }
    var expected: [String: Duration?] { state.withLock { $0.expected } }
    func heardCount(_ name: String) -> Int { state.withLock { $0.heard[name] ?? 0 } }
    func behave(_ script: @escaping @Sendable (Handed) -> SinkAnswer) { state.withLock { $0.script = script } }

    func take(_ octets: [UInt8], name: String?, source: String) async -> SinkAnswer {
        let one = Handed(octets: octets, name: name, source: source)
        let script = state.withLock { state in
            state.handed.append(one)
            return state.script
        }
        defer { taken.add() }
        return script(one)
    }
    func expect(_ name: String, within patience: Duration?) { state.withLock { $0.expected[name] = .some(patience) } }
    func heard(_ name: String) {
        state.withLock { $0.heard[name, default: 0] += 1 }
        hearings.add()
    }
    func told(_ name: String, _ time: Date) { state.withLock { $0.told[name] = time } }
    func trouble(_ name: String, _ words: String) {
        state.withLock { $0.troubles.append("\(name): \(words)") }
        troubled.add()
    }
}

/// A clock turned by hand that says when somebody is about to sleep.
final class NapClock: Clock {
    typealias Instant = ContinuousClock.Instant
    let hand = HandClock()
    private let begun = Tally()
    private let happenings = Tally()
    var now: Instant { hand.now }
    var minimumResolution: Duration { .zero }
    var sleeperCount: Int { hand.sleeperCount }
    func sleeps(_ count: Int) async { await hand.sleeps(count) }
    func advance(by step: Duration) { hand.advance(by: step) }
    func sleep(until deadline: Instant, tolerance: Duration?) async throws {
        begun.add()
        happenings.add()
        try await hand.sleep(until: deadline)
    }

    /// Turns once for every sleep since the beginning until `tally` has counted `count`.
    func turn(until tally: Tally, _ count: Int, by step: Duration) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                await tally.reaches(count)
                self.happenings.add()
            }
            var turned = 0
            while tally.count < count, !Task.isCancelled {
                let seen = happenings.count
                if begun.count > turned {
                    turned += 1
                    await hand.sleeps(turned)
                    hand.advance(by: step)
                } else if tally.count < count {
                    await happenings.reaches(seen + 1)
                }
            }
        }
    }
}

/// Runs a source while `body` runs, and then stops it as the hub does: gracefully.
func running(_ service: any Service, _ body: () async throws -> Void) async throws {
    let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    let group = ServiceGroup(services: [service], logger: logger)
    try await withThrowingTaskGroup(of: Void.self) { tasks in
        tasks.addTask { try await group.run() }
        do {
            try await body()
        } catch {
            await group.triggerGracefulShutdown()
            throw error
        }
        await group.triggerGracefulShutdown()
        try await tasks.waitForAll()
    }
}

/// A folder of the test's own, gone after it.
final class Scratch: Sendable {
    let path: String
    init() throws {
        path = FileManager.default.temporaryDirectory.path + "/noroshi-receiving-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }
    deinit { try? FileManager.default.removeItem(atPath: path) }

    func write(_ text: String, _ name: String) throws {
        try Data(text.utf8).write(to: URL(filePath: "\(path)/\(name)"))
    }
    func append(_ text: String, _ name: String) throws {
        let file = open("\(path)/\(name)", O_WRONLY | O_APPEND)
        defer { close(file) }
        guard Glibc.write(file, text, text.utf8.count) == text.utf8.count else { throw CocoaError(.fileWriteUnknown) }
    }
    /// Under another name first, then moved in: whole at once.
    func moveIn(_ text: String, _ name: String) throws {
        try write(text, ".\(name)")
        try FileManager.default.moveItem(atPath: "\(path)/.\(name)", toPath: "\(path)/\(name)")
    }
    func list(_ folder: String = "") -> [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: "\(path)/\(folder)")) ?? []).sorted()
    }
    func text(_ name: String) -> String? {
        FileManager.default.contents(atPath: "\(path)/\(name)").map { String(decoding: $0, as: UTF8.self) }
    }
}

/// The corpus: real inputs that nobody here wrote. Nil where it is absent.
enum Corpus {
    static let path: String? = {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        let given = ProcessInfo.processInfo.environment["NOROSHI_CORPUS"]
        let path = given ?? root.deletingLastPathComponent().appending(path: "shared/corpus").path
        return FileManager.default.fileExists(atPath: path) ? path : nil
    }()
    static func octets(_ name: String) -> [UInt8]? {
        path.flatMap { FileManager.default.contents(atPath: "\($0)/\(name)") }.map { Array($0) }
    }
}
