import AlertModel
import ChannelKit
import ChannelKitTesting
import Commons
import Curl
import Synchronization
import Testing

@testable import LAlert

/// One node, for the suite every channel runs.
private final class NodeUnderTest: ConformanceFarEnd {
    private let node = Mutex<CommonsFarEnd?>(nil)
    private let seen = Mutex(0)
    private let mode: ModeName
    init(_ mode: ModeName) { self.mode = mode }

    let repertoire = Set(FarEndBehaviour.allCases)
    var settings: [String: String] {
        ["url": node.withLock { $0?.url } ?? "", "user": "town", "password": "合言葉&<secret>", "sender_id": "editor.example.lg.jp"]
    }
    /// A drill that rings phones; a drill's permission among the real settings.
    var forbiddenSettings: [[String: String]] {
        mode == .exercise
            ? [settings.merging(["urgent_mail": "UMC1"]) { $1 }] : [settings.merging(["urgent_mail_drills": "send"]) { $1 }]
    }

    func start() async throws {
        let node = try await CommonsFarEnd()
        self.node.withLock { $0 = node }
    }

    func setBehaviour(_ behaviour: FarEndBehaviour) async throws {
        guard let node = node.withLock({ $0 }) else { return }
        seen.withLock { $0 = node.server.requests.count }
        switch behaviour {
        case .well: node.behaveWell()
        case .slow: node.behave(.halfAnswer(200))
        case .silent: node.behave(.silent)
        case .lying: node.refuse(.answer(200, body: Array("<html><body><code>0</code></body></html>".utf8)))
        case .refusing: node.refuse(CommonsFarEnd.code(402, "does not follow the schema"))
        case .busy: node.refuse(.answer(503, headers: [("Retry-After", "7")]))
        case .gone: await node.server.goDown()
        case .back:
            node.behaveWell()
            try await node.server.comeBack()
        }
    }

    func arrived() async { await node.withLock { $0 }?.server.arrived(seen.withLock { $0 } + 1) }

    func messagesHeld() async -> [HeldMessage] {
        (node.withLock { $0?.held } ?? []).map { held in
            let words = ["Headline/Text", "ComplementaryInfo"].compactMap { held.report.words($0) }.joined(separator: "\n")
            return HeldMessage(id: held.id, text: words, isTakenBack: held.type == "Cancel")
        }
    }

    func stop() async { await node.withLock { $0 }?.server.stop() }
}

@Suite("L-Alert is a channel", .timeLimit(.minutes(2)))
struct LAlertConformanceTests {
    @Test("For real alerts", arguments: ConformanceCheck.allCases)
    func actual(check: ConformanceCheck) async throws { try await verify(check, Actual.self) }

    @Test("For drills", arguments: ConformanceCheck.allCases)
    func exercise(check: ConformanceCheck) async throws { try await verify(check, Exercise.self) }

    private func verify<M: Mode>(_ check: ConformanceCheck, _ mode: M.Type) async throws {
        let transport = try CurlTransport()
        try await ChannelConformance<LAlert<M>>(transport: transport) { NodeUnderTest(M.name) }.verify(check)
        await transport.shutdown()
    }
}
