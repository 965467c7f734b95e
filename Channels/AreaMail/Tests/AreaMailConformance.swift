import AlertModel
import CellBroadcast
import ChannelKit
import ChannelKitTesting
import Curl
import FoundationEssentials
import Synchronization
import Testing

@testable import AreaMail

/// A cell-broadcast centre that really listens, for the suite every channel runs.
private final class CentreFarEnd: ConformanceFarEnd {
    private let server = Mutex<FarEndServer?>(nil)
    private let seen = Mutex(0)
    private let active = Active()
    private let mode: ModeName
    init(_ mode: ModeName) { self.mode = mode }

    /// What is on the air, by message identifier, as osmo-cbc keeps it.
    private final class Active: Sendable {
        let messages = Mutex<[Int: ECBEMessage]>([:])

        func answer(_ request: FarEndServer.Request) -> FarEndServer.Reply {
            messages.withLock { messages in
                if request.method == "POST", let message = try? JSONDecoder().decode(ECBEMessage.self, from: Data(request.body)) {
                    let key = message.smscb_message.message_id
                    guard messages[key] == nil else { return .answer(409, body: Array("Could not allocate".utf8)) }
                    messages[key] = message
                    return .answer(201, body: Array("Created".utf8))
                }
                let key = request.path.split(separator: "/").last.flatMap { Int($0) }
                guard let key, messages.removeValue(forKey: key) != nil else {
                    return .answer(404, body: Array("Unknown message ID".utf8))
                }
                return .answer(200, body: Array("OK".utf8))
            }
        }
    }

    let repertoire = Set(FarEndBehaviour.allCases)
    var settings: [String: String] { ["url": server.withLock { $0?.url } ?? ""] }
    var forbiddenSettings: [[String: String]] {
        let wrong = mode == .exercise ? ["0x1100", "0xA004"] : ["0x1103", "0x111D"]
        return [["etws_earthquake": wrong[0]], ["evacuation": wrong[1]]].map { settings.merging($0) { $1 } }
    }

    func start() async throws {
        let server = try await FarEndServer { [active] in active.answer($0) }
        self.server.withLock { $0 = server }
    }

    func setBehaviour(_ behaviour: FarEndBehaviour) async throws {
        guard let server = server.withLock({ $0 }) else { return }
        seen.withLock { $0 = server.requests.count }
        switch behaviour {
        case .well: server.behave { [active] in active.answer($0) }
        // Silent after the work is done: the message is on the air and the answer lost.
        case .silent:
            server.behave { [active] request in
                _ = active.answer(request)
                return .silent
            }
        case .slow: server.behave { _ in .halfAnswer(201) }
        case .lying: server.behave { _ in .answer(200, body: Array("<html>Created</html>".utf8)) }
        case .refusing: server.behave { _ in .answer(400, body: Array("REST: no".utf8)) }
        case .busy: server.behave { _ in .answer(429, headers: [("Retry-After", "7")]) }
        case .gone: await server.goDown()
        case .back:
            server.behave { [active] in active.answer($0) }
            try await server.comeBack()
        }
    }

    func arrived() async { await server.withLock { $0 }?.arrived(seen.withLock { $0 } + 1) }

    func messagesHeld() async -> [HeldMessage] {
        active.messages.withLock { $0 }.sorted { $0.key < $1.key }.map { HeldMessage(id: "\($0)", text: $1.text) }
    }

    func stop() async { await server.withLock { $0 }?.stop() }
}

@Suite("Area mail is a channel", .timeLimit(.minutes(2)))
struct AreaMailConformance {
    @Test("Real, as texts", arguments: ConformanceCheck.allCases)
    func actual(check: ConformanceCheck) async throws { try await verify(check, .evacuation, Actual.self) }

    @Test("Drills, as texts", arguments: ConformanceCheck.allCases)
    func exercise(check: ConformanceCheck) async throws { try await verify(check, .evacuation, Exercise.self) }

    /// An ETWS primary and a text: two messages a delivery. Two tsunamis at once are one too many for this channel:
    /// the later takes the earlier's place, which `WarningTests` looks at.
    @Test("Warnings", arguments: ConformanceCheck.allCases.filter { $0 != .twoDeliveries })
    func warnings(check: ConformanceCheck) async throws { try await verify(check, .tsunami, Actual.self) }

    @Test("Real, straight to a controller", arguments: ConformanceCheck.allCases)
    func controller(check: ConformanceCheck) async throws {
        try await ChannelConformance<AreaMail<Actual>> { ControllerFarEnd() }.verify(check)
    }

    @Test("Drills, straight to a controller", arguments: ConformanceCheck.allCases)
    func drillController(check: ConformanceCheck) async throws {
        try await ChannelConformance<AreaMail<Exercise>> { ControllerFarEnd() }.verify(check)
    }

    private func verify<M: Mode>(_ check: ConformanceCheck, _ kind: AlertKind, _ mode: M.Type) async throws {
        let transport = try CurlTransport()
        var suite = ChannelConformance<AreaMail<M>>(transport: transport) { CentreFarEnd(M.name) }
        suite.kind = kind
        try await suite.verify(check)
        await transport.shutdown()
    }
}
