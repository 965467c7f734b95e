/// Emergency mail to every phone in the area (緊急速報メール・エリアメール), down to the base station.
///
/// The far end is a cell-broadcast centre (protocol `ecbe`) or, with no centre between, a base-station controller
/// (protocol `cbsp`).
///
///     earthquake, tsunami ──▶ [ETWS primary, no text] then [the text, UCS-2 pages]
///     everything else     ──▶                              [the text, UCS-2 pages]
///
/// Every message on the air is a slot (identifier and serial number) of the far end's `Shelf`, which outlives a
/// restart: an update finds the message code it must keep, a cancel finds what to take back, and an attempt whose
/// answer was lost goes out again under the same serial.
///
/// A centre's yes is not the air. `Sending` is one attempt, `Room` is what a cell can hold, `Errands` take things off
/// without anybody waiting behind them, and `Keeper` compares what should stand there with what does.
public import AlertModel
public import ChannelKit
import TextRules

public struct AreaMail<M: Mode>: ChannelAdapter {
    /// Where the numbers come from: title and body, LGDIS and SaigaiTask (README). `concurrency`: a centre answers in
    /// milliseconds or not for 15 s (osmo-cbc's own limit, measured), so that eight attempts cover eight silent far
    /// ends; two of them are kept for what cannot wait. `cancelWindow`: as many as there are identifiers for orders, since
    /// a DELETE takes osmo-cbc 10 s when all is well. `attemptLimit` is those 15 s and 5 s to spare. Two at once to one far end: a warning does not wait behind a text to a slow centre.
    public static var manifest: ChannelManifest {
        ChannelManifest(
            name: "area-mail", title: "緊急速報メール", role: .crowd, afterSending: .canBeReplaced, drills: .needOwnFarEnd, titleLimit: 15, bodyLimit: 200,
            languages: [.japanese], concurrency: 8, reservedForImmediate: 2, endpointWindow: 2,
            cancelWindow: 32, attemptLimit: .seconds(20), hearsEarthquakeWarningsElsewhere: true,
            farEndKeys: GatewaySettings.keys + Identifiers.keys, secretKeys: ["token"], channelKeys: [])
    }

    private let setup: ChannelSetup<M>
    let desk: Desk

    public init(_ setup: ChannelSetup<M>) throws(SettingsError) { self.init(setup, pace: .real) }

    init(_ setup: ChannelSetup<M>, pace: Pace) {
        self.setup = setup
        desk = Desk(setup, pace: pace)
    }

    public static func check(_ farEnd: FarEnd<M>) throws(SettingsError) {
        _ = try GatewaySettings(farEnd.settings, mode: M.name)
    }

    /// A cancel puts no text on the air, so that no text can hold it up.
    public static func lint(
        _ text: RenderedText, _ language: Language, in content: AlertContent
    ) -> [TextProblem] {
        guard content.message != .cancel else { return [] }
        return TextRules().problems(in: text, about: content.kind, mode: M.name)
    }

    /// Reserves message codes before anything is sent, and lets the keeper know where the far end is.
    public func prepare(
        _ farEnd: FarEnd<M>, of town: Town, shelters: [ShelterStatus]
    ) async throws(DeliveryFailure) {
        _ = try station(of: farEnd)
    }

    public func deliver(
        _ message: Message<M>, _ delivery: Delivery<M>
    ) async throws(DeliveryFailure) -> Receipt {
        let sending = Sending(desk: desk, station: try station(of: delivery.farEnd), deadline: delivery.deadline)
        guard delivery.message != .cancel else { return try await sending.takeBack(delivery.event) }
        // Asked before it was queued; asked again, as nothing on the air can be made unseen.
        let problems = message.texts.sorted { $0.key < $1.key }.flatMap { Self.lint($0.value, $0.key, in: message.alert.content) }
        guard problems.isEmpty else {
            throw .rejected("携帯電話会社の決まりに合いません: " + problems.map(\.line).joined(separator: "; ") + " (the carriers' rules)")
        }
        return try await sending.put(Order(message, delivery, sending.station.settings, now: setup.wallClock()))
    }

    /// A centre is asked for its list. A base-station controller has one line, which a second one might cut: it is left alone.
    public func reach(_ farEnd: FarEnd<M>, deadline: ContinuousClock.Instant) async throws(DeliveryFailure) -> String? {
        let settings = try settings(of: farEnd)
        guard settings.way == .ecbe else {
            return "確かめていません。基地局制御局への線は一本だけで、試すと本線が切れることがあります。ハブを動かしてから noroshi endpoint list で見てください "
                + "(not tried: a controller has one line; look at noroshi endpoint list once the hub runs)"
        }
        return try await setup.transport.reach("\(settings.address)/api/ecbe/v1/message", method: "GET", deadline: deadline)
    }

    public func report(on farEnd: FarEnd<M>) -> FarEndReport? {
        (try? station(of: farEnd)).flatMap { desk.report(on: $0) }
    }

    /// Keeps the lines to base-station controllers, those with something on the air from the first moment, and what
    /// stands at centres.
    public func run() async { await desk.keep() }

    private func station(of farEnd: FarEnd<M>) throws(DeliveryFailure) -> Station {
        desk.station(farEnd.town, farEnd.id, try settings(of: farEnd))
    }

    private func settings(of farEnd: FarEnd<M>) throws(DeliveryFailure) -> GatewaySettings {
        do {
            return try GatewaySettings(farEnd.settings, mode: M.name)
        } catch {
            throw .misconfigured("\(farEnd.id): \(error)")
        }
    }
}
