import AlertModel
import ChannelKit
import FoundationEssentials
import Logging
import Synchronization
import Testing

@testable import AreaMail

/// 気仙沼市, a centre, a notebook, and an adapter that can be restarted.
struct Scene<M: Mode> {
    let centre: any HTTPTransport
    var notebook = PaperNotebook()
    var pace = Pace.real
    let remarks = Remarks()
    let town: TownID
    var settings: [String: String] = ["url": "http://127.0.0.1:12345"]
    var now = Date(timeIntervalSince1970: 1_300_000_000)

    init(_ centre: any HTTPTransport, _ mode: M.Type = Actual.self) throws {
        self.centre = centre
        town = try #require(TownID("042056"))
    }

    /// A new adapter on the same notebook: what a restart is.
    func adapter() throws -> AreaMail<M> {
        let now = now
        return try adapter { now }
    }

    func adapter(_ wallClock: @escaping @Sendable () -> Date) throws -> AreaMail<M> {
        AreaMail<M>(
            ChannelSetup(
                settings: [:], transport: centre, stream: NoStream(), notebook: notebook,
                directory: URL(filePath: "/tmp"), logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
                wallClock: wallClock, remark: { [remarks] in remarks.add($0, $2) }),
            pace: pace)
    }

    /// The same with the keeper at work.
    func running<Value: Sendable>(
        _ adapter: AreaMail<M>, _ body: @Sendable (AreaMail<M>) async throws -> Value
    ) async throws -> Value {
        try await withThrowingTaskGroup(of: Void.self) { group in
            adapter.desk.errands.open()
            group.addTask { await adapter.run() }
            defer { group.cancelAll() }
            return try await body(adapter)
        }
    }

    var farEnd: FarEnd<M> { FarEnd(town: town, id: "centre", name: "市の配信端末", settings: settings) }

    /// Delivers revision `revision` of `event`; the same revision is the same delivery.
    @discardableResult
    func deliver(
        _ body: String, to adapter: AreaMail<M>, event: String = "op/042056/1", revision: Int = 1,
        kind: AlertKind = .evacuation, message: MessageType = .alert, priority: Priority = .urgent,
        gravity: Gravity? = nil, validFor seconds: Double = 3600, within limit: Duration = .seconds(20)
    ) async throws(DeliveryFailure) -> Receipt {
        let id = AlertID("\(event)-\(revision)-\(message.rawValue)")
        let content = AlertContent(
            id: id, event: EventID(event), kind: kind, message: message,
            revision: Revision(series: "op", serial: revision, sent: now), type: "operator", title: "避難指示",
            sender: "気仙沼市", sent: now, expires: now + seconds, town: town)
        let mark = M.name == .exercise ? "訓練" : ""
        return try await adapter.deliver(
            Message(
                alert: Alert(content), town: Town(id: town, name: "気仙沼市", romanName: "Kesennuma City", areas: [:]),
                priority: priority, texts: [.japanese: RenderedText(title: mark + "避難指示", body: body)], local: [],
                shelters: [], gravity: gravity),
            Delivery(
                id: DeliveryID(alert: id, town: town, channel: "area-mail", endpoint: "centre"), alert: id,
                event: EventID(event), message: message, farEnd: farEnd, priority: priority, attempt: 1,
                deadline: pace.now() + limit))
    }
}

/// The failure of `attempt`, which must fail.
func failure(
    _ attempt: () async throws(DeliveryFailure) -> Receipt, sourceLocation: SourceLocation = #_sourceLocation
) async -> DeliveryFailure? {
    do {
        let receipt = try await attempt()
        Issue.record("went out: \(receipt)", sourceLocation: sourceLocation)
        return nil
    } catch {
        return error
    }
}

/// What was written under deliveries that had ended.
final class Remarks: Sendable {
    private let held = Mutex<[(DeliveryID, String)]>([])
    func add(_ delivery: DeliveryID, _ words: String) { held.withLock { $0.append((delivery, words)) } }
    var words: [String] { held.withLock { $0.map(\.1) } }
}
