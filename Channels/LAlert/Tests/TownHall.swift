import AlertModel
import ChannelKit
import ChannelKitTesting
import Commons
import Curl
import Foundation
import Testing

@testable import LAlert

/// 気仙沼市 before its two nodes, with an adapter that can be restarted.
struct TownHall<M: Mode> {
    let normal: CommonsFarEnd
    let backup: CommonsFarEnd?
    let notebook = MemoryNotebook()
    let transport: CurlTransport
    var extra: [String: String] = [:]

    init(_ mode: M.Type = Actual.self, withBackup: Bool = false) async throws {
        normal = try await CommonsFarEnd()
        backup = withBackup ? try await CommonsFarEnd() : nil
        transport = try CurlTransport()
    }

    var settings: [String: String] {
        var settings = [
            "url": normal.url, "user": "town", "password": "合言葉&<secret>", "sender_id": "editor.city.example.lg.jp",
            "office": "危機管理課",
        ]
        settings["backup_url"] = backup?.url
        return settings.merging(extra) { $1 }
    }

    /// A new one on the same notebook is what a restart is.
    func adapter(days: Double = 0) throws -> LAlert<M> {
        let setup = Sample.setup(transport: transport, notebook: notebook, as: M.self)
        return try LAlert(ChannelSetup(
            settings: [:], transport: transport, stream: setup.stream, notebook: notebook, directory: setup.directory,
            logger: setup.logger, wallClock: { Sample.now + days * 86400 }))
    }

    func close() async {
        await transport.shutdown()
        await normal.server.stop()
        await backup?.server.stop()
    }

    static func message(
        _ kind: AlertKind, _ type: MessageType, event: String, revision: Int, detail: Detail, title: String, body: String,
        shelters: [ShelterStatus] = []
    ) -> Message<M> {
        let sent = Sample.now + Double(revision)
        let mark = M.name == .exercise ? "【訓練】" : ""
        let content = AlertContent(
            id: AlertID("\(event)-\(revision)-\(type.rawValue)"), event: EventID("op/042056/\(event)"), kind: kind, message: type,
            revision: Revision(series: "operator", serial: revision, sent: sent, isCancel: type == .cancel),
            type: "operator", title: title, sender: "気仙沼市", sent: sent, reported: sent, expires: sent + 86400,
            detail: detail, town: Sample.town.id)
        return Message(
            alert: Alert<M>(content), town: Sample.town, priority: .urgent,
            texts: [.japanese: RenderedText(title: mark + title, body: mark + body)], local: [], shelters: shelters)
    }

    func send(
        _ message: Message<M>, by adapter: LAlert<M>, attempt: Int = 1, deadline: Duration = .seconds(20)
    ) async throws(DeliveryFailure) -> Receipt {
        let delivery = Sample.delivery(
            of: message, to: Sample.farEnd(settings, as: M.self), channel: "l-alert", attempt: attempt,
            deadline: .now + deadline)
        return try await adapter.deliver(message, delivery)
    }

    /// An evacuation order; the same revision and type is the same delivery.
    func order(
        _ level: EvacuationOrder.Level, _ districts: [String], _ type: MessageType = .alert, revision: Int = 1,
        event: String = "flood", isLifted: Bool = false, body: String = "川から離れて高台へ避難してください。",
        by adapter: LAlert<M>, attempt: Int = 1, deadline: Duration = .seconds(20)
    ) async throws(DeliveryFailure) -> Receipt {
        let order = EvacuationOrder(level: level, hazard: "洪水", districts: districts, isLifted: isLifted)
        return try await send(
            Self.message(.evacuation, type, event: event, revision: revision, detail: .evacuation(order), title: order.sortWord, body: body),
            by: adapter, attempt: attempt, deadline: deadline)
    }

    func shelters(
        _ states: [(String, ShelterNotice.State?)], _ type: MessageType = .alert, revision: Int, by adapter: LAlert<M>
    ) async throws(DeliveryFailure) -> Receipt {
        let statuses = states.map { name, state in
            ShelterStatus(
                shelter: Shelter(id: name, name: name, address: "\(name)1-1", place: Coordinate(latitude: 38.9, longitude: 141.5), capacity: 100),
                state: state, since: Sample.now.timeIntervalSince1970)
        }
        let detail = Detail.shelter(ShelterNotice(shelter: states[0].0, name: states[0].0, state: states[0].1 ?? .open))
        return try await send(
            Self.message(
                .shelter, type, event: "shelter-\(revision)", revision: revision, detail: detail, title: "避難所情報",
                body: "避難所の状況をお知らせします。", shelters: statuses),
            by: adapter)
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
