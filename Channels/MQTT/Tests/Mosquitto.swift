import ChannelKit
import ChannelKitTesting
import Foundation
import Synchronization
import Testing

/// Debian's mosquitto on loopback, with mosquitto_sub as everybody who listens.
final class Mosquitto: ConformanceFarEnd {
    static let program = "/usr/sbin/mosquitto"
    static let isThere = ["/usr/sbin/mosquitto", "/usr/bin/mosquitto_sub", "/usr/bin/mosquitto_pub"].allSatisfy { FileManager.default.isExecutableFile(atPath: $0) }
    static let missing: Comment = "apt install mosquitto mosquitto-clients"

    struct Failed: Error { let words: String }

    private struct State {
        var broker: ChildProcess?
        var reader: ChildProcess?
        var heard: [Line] = []
        var reading: Task<Void, Never>?
    }
    /// `%r`: 1 where the broker had kept it.
    struct Line: Sendable { let retained: Bool, topic: String, payload: String }

    private let state = Mutex(State())
    private let lines = Tally()
    let folder: URL
    let port: HeldPort
    private let version: String
    private let isDrill: Bool
    private let extra: String

    /// - Parameter extra: lines of its configuration.
    init(version: String = "5", isDrill: Bool = false, extra: String = "") throws {
        folder = FileManager.default.temporaryDirectory.appending(component: "noroshi-mqtt-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        port = try HeldPort()
        (self.version, self.isDrill, self.extra) = (version, isDrill, extra)
    }

    var repertoire: Set<FarEndBehaviour> { version == "5" ? [.well, .refusing, .gone, .back] : [.well, .gone, .back] }
    var topic: String { (isDrill ? "drill/" : "") + "kesennuma/sirens/harbour" }
    var settings: [String: String] { ["server": "mqtt://127.0.0.1:\(port.number)", "topic": topic, "version": version] }

    func start() async throws {
        try configure(mayWrite: true)
        try await begin()
        let reader = try ChildProcess(
            "/usr/bin/stdbuf", ["-oL", "/usr/bin/mosquitto_sub", "-h", "127.0.0.1", "-p", "\(port.number)", "-i", "ears", "-c", "-V", "mqttv311", "-q", "1", "-t", "#", "-d", "-F", "=%r %t %p"], output: .lines)
        let heard = try self.require(reader.lines, "no pipe")
        let subscribed = Gate()
        let reading = Task { [self] in
            for await line in heard {
                if line.contains("Subscribed") { subscribed.open() }
                let parts = line.split(separator: " ", maxSplits: 2).map(String.init)
                guard let first = parts.first, first.hasPrefix("="), parts.count == 3 else { continue }
                state.withLock { $0.heard.append(Line(retained: first == "=1", topic: parts[1], payload: parts[2])) }
                lines.add()
            }
        }
        state.withLock { state in (state.reader, state.reading) = (reader, reading) }
        await subscribed.opened()
    }

    /// Without anybody who listens.
    func startBroker(anonymous: Bool) async throws {
        try configure(mayWrite: true, anonymous: anonymous)
        try await begin()
    }

    private func configure(mayWrite: Bool, anonymous: Bool = true) throws {
        try """
        listener \(port.number) 127.0.0.1
        allow_anonymous \(anonymous)
        persistence true
        persistence_location \(folder.path)/
        autosave_interval 1
        autosave_on_changes true
        acl_file \(folder.path)/acl
        log_dest stderr
        user root
        \(extra)

        """.write(to: folder.appending(component: "mosquitto.conf"), atomically: true, encoding: .utf8)
        try (mayWrite ? "topic readwrite #\npattern readwrite #\n" : "topic read #\ntopic readwrite marker\n").write(to: folder.appending(component: "acl"), atomically: true, encoding: .utf8)
    }

    private func begin() async throws {
        let broker = try ChildProcess(Self.program, ["-c", folder.appending(component: "mosquitto.conf").path], output: .lines)
        state.withLock { $0.broker = broker }
        for await line in try self.require(broker.lines, "no pipe") where line.contains("running") { return }
        throw Failed(words: "mosquitto does not run")
    }

    func end(_ signal: Int32 = SIGTERM) {
        let broker = state.withLock { state in
            defer { state.broker = nil }
            return state.broker
        }
        broker?.end(signal)
    }
    func beginAgain() async throws { try await begin() }

    func setBehaviour(_ behaviour: FarEndBehaviour) async throws {
        switch behaviour {
        case .gone: end()
        case .back: try await begin()
        case .refusing:
            end()
            try configure(mayWrite: false)
            try await begin()
        default: break
        }
    }

    func arrived() async {}

    /// Everything that was published before this, as whoever listens has it.
    func heard() async throws -> [Line] {
        let word = UUID().uuidString
        guard try await publish("marker", word) == 0 else { throw Failed(words: "nobody listens") }
        var seen = 0
        while !Task.isCancelled {
            let heard = state.withLock(\.heard)
            if heard.contains(where: { $0.payload == word }) { return heard.filter { $0.topic != "marker" } }
            seen = heard.count
            await lines.reaches(seen + 1)
        }
        throw Failed(words: "not heard")
    }

    func publish(_ topic: String, _ words: String, retain: Bool = false) async throws -> Int32 {
        try await ChildProcess.run("/usr/bin/mosquitto_pub", ["-h", "127.0.0.1", "-p", "\(port.number)", "-q", "1", "-t", topic, "-m", words] + (retain ? ["-r"] : []))
    }

    /// What a sign that comes now is told at once.
    func keptFor(_ topic: String) async throws -> [Line] {
        let reader = try ChildProcess(
            "/usr/bin/stdbuf", ["-oL", "/usr/bin/mosquitto_sub", "-h", "127.0.0.1", "-p", "\(port.number)", "-t", topic, "-t", "end", "-F", "=%r %t %p", "-C", "2", "-d"], output: .lines)
        var kept: [Line] = []
        for await line in try self.require(reader.lines, "no pipe") {
            if line.contains("Subscribed") { _ = try await publish("end", "end") }
            let parts = line.split(separator: " ", maxSplits: 2).map(String.init)
            guard let first = parts.first, first.hasPrefix("="), parts.count == 3 else { continue }
            if parts[1] == "end" { break }
            kept.append(Line(retained: first == "=1", topic: parts[1], payload: parts[2]))
        }
        reader.end()
        return kept
    }

    func messagesHeld() async -> [HeldMessage] { Sign.held(((try? await heard()) ?? []).map { ($0.topic, $0.payload) }, topic + "/state") }

    func stop() async {
        let (reader, reading) = state.withLock { ($0.reader, $0.reading) }
        end(SIGKILL)
        reader?.end()
        await reading?.value
        try? FileManager.default.removeItem(at: folder)
    }

    private func require<T>(_ value: T?, _ words: String) throws -> T {
        guard let value else { throw Failed(words: words) }
        return value
    }
}
