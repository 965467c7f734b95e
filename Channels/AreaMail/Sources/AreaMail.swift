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
/// answer was lost is resolved by taking the message off before it is sent again.
public import AlertModel
public import ChannelKit
import TextRules

public struct AreaMail<M: Mode>: ChannelAdapter {
    /// Where the numbers come from: title and body, LGDIS and SaigaiTask (README). `concurrency`: a centre answers in
    /// milliseconds or not for 15 s (osmo-cbc's own limit, measured), so that eight attempts cover eight silent far
    /// ends; two of them are kept for what cannot wait. `attemptLimit` is those 15 s, the 3 s a DELETE may take before
    /// them, and 2 s to spare. Two at once to one far end: a warning does not wait behind a text to a slow centre.
    public static var manifest: ChannelManifest {
        ChannelManifest(
            name: "area-mail", afterSending: .canBeReplaced, drills: .needOwnFarEnd, titleLimit: 15, bodyLimit: 200,
            languages: [.japanese], concurrency: 8, reservedForImmediate: 2, endpointWindow: 2,
            attemptLimit: .seconds(20), hearsEarthquakeWarningsElsewhere: true,
            farEndKeys: GatewaySettings.keys + Identifiers.keys, channelKeys: [])
    }

    private let shelves: Shelves
    private let lines: Lines
    private let setup: ChannelSetup<M>

    public init(_ setup: ChannelSetup<M>) throws(SettingsError) {
        self.setup = setup
        shelves = Shelves(notebook: setup.notebook, mode: M.name)
        lines = Lines(shelves: shelves, logger: setup.logger, wallClock: setup.wallClock)
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

    /// Reserves message codes before anything is sent.
    public func prepare(
        _ farEnd: FarEnd<M>, of town: Town, shelters: [ShelterStatus]
    ) async throws(DeliveryFailure) {
        _ = shelves.shelf(of: farEnd.town, farEnd.id)
    }

    public func deliver(
        _ message: Message<M>, _ delivery: Delivery<M>
    ) async throws(DeliveryFailure) -> Receipt {
        let settings = try settings(of: delivery.farEnd)
        let shelf = shelves.shelf(of: delivery.farEnd.town, delivery.farEnd.id)
        let gateway = gateway(settings, deadline: delivery.deadline)
        guard delivery.message != .cancel else { return try await takeBack(delivery.event, gateway, shelf) }
        // Asked before it was queued; asked again, as nothing on the air can be made unseen.
        let problems = message.texts.sorted { $0.key < $1.key }.flatMap { Self.lint($0.value, $0.key, in: message.alert.content) }
        guard problems.isEmpty else {
            throw .rejected("the carriers' rules: " + problems.map(\.line).joined(separator: "; "))
        }
        let order = try Order(message, delivery, settings, now: setup.wallClock())
        return try await put(order, gateway, shelf)
    }

    private func put(
        _ order: Order, _ gateway: any Gateway, _ shelf: Shelf
    ) async throws(DeliveryFailure) -> Receipt {
        let entry = try shelf.plan(order)
        guard !entry.isOnTheAir(order) else {
            return Receipt(reference: entry.reference, note: "すでに放送中です。送っていません。 (on the air already; nothing was sent)")
        }
        var meaning: String?
        for slot in entry.slots where !slot.isRetired && slot.confirmed != order.delivery {
            meaning = try await gateway.put(slot, order) { shelf.note($0, of: slot, in: order) }
        }
        for slot in entry.slots where slot.isRetired {
            try await gateway.remove(slot)
            shelf.note(.gone, of: slot, in: order)
        }
        return Receipt(reference: entry.reference, note: meaning)
    }

    /// Takes every slot of the event off the air. What is not there any more counts as taken off.
    private func takeBack(
        _ event: EventID, _ gateway: any Gateway, _ shelf: Shelf
    ) async throws(DeliveryFailure) -> Receipt {
        guard let entry = shelf.entry(of: event) else { return Receipt(note: "この件は放送していません。 (nothing of this event is on the air)") }
        for slot in entry.slots where slot.mayBeOnTheAir {
            try await gateway.remove(slot)
        }
        shelf.forget(event)
        return Receipt(reference: entry.reference, note: "放送を止めました。 (taken off the air)")
    }

    private func gateway(
        _ settings: GatewaySettings, deadline: ContinuousClock.Instant
    ) -> any Gateway {
        switch settings.way {
        case .ecbe: ECBEGateway(transport: setup.transport, settings: settings, deadline: deadline)
        case .cbsp:
            CBSPGateway(line: lines.line(to: settings.address, keepAlive: settings.keepAlive), deadline: deadline)
        }
    }

    /// Keeps the lines to base-station controllers, those with something on the air from the first moment.
    public func run() async {
        lines.openRemembered()
        // A stream that says nothing ends when the task is cancelled, and never otherwise.
        let (silence, end) = AsyncStream<Never>.makeStream()
        for await _ in silence {}
        end.finish()
        await lines.close()
    }

    private func settings(of farEnd: FarEnd<M>) throws(DeliveryFailure) -> GatewaySettings {
        do {
            return try GatewaySettings(farEnd.settings, mode: M.name)
        } catch {
            throw .misconfigured("\(farEnd.id): \(error)")
        }
    }
}
