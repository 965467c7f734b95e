/// Signs and sirens that listen to a broker of MQTT: one retained message for each says all that stands there.
///
///     alert ──▶ Board (what stands at this sign) ──QoS 1──▶ broker ──▶ sign, siren
///                                        PUBACK: accepted ◀──┘         │
///                          reached, shown, touched ◀── {topic}/ack ◀───┘
///
/// A drill is said on a tree of topics of its own and never retained: who comes back next morning hears of none.
public import AlertModel
public import ChannelKit
import FoundationEssentials
import Logging
import Synchronization

public struct MQTT<M: Mode>: ChannelAdapter {
    /// All ours. `attemptLimit`: connect (4 s), PUBACK (5 s) and the device's own word (10 s at most). `endpointWindow` 4: each message says the
    /// whole state, so that events do not wait for each other. `concurrency` 64: a town's hundred sirens hang on one line to one broker.
    public static var manifest: ChannelManifest {
        ChannelManifest(
            name: "mqtt", title: "サイレン・表示板（MQTT）", role: .machine, afterSending: .lastStateWins, drills: .needOwnFarEnd, concurrency: 64,
            reservedForImmediate: 16, endpointWindow: 4, attemptLimit: .seconds(20), farEndKeys: SignSettings.keys, secretKeys: ["password"], channelKeys: [])
    }

    /// Octets of one message: what a small device can hold.
    static var messageLimit: Int { 128 << 10 }

    private let signs: Signs<M>

    public init(_ setup: ChannelSetup<M>) throws(SettingsError) { signs = Signs(setup) }

    public static func check(_ farEnd: FarEnd<M>) throws(SettingsError) { _ = try SignSettings(farEnd) }

    /// Connects, so that the line stands before the first warning and `online` with it.
    public func prepare(_ farEnd: FarEnd<M>, of town: Town, shelters: [ShelterStatus]) async throws(DeliveryFailure) {
        signs.open(farEnd, try Self.settings(of: farEnd))
    }

    public func deliver(_ message: Message<M>, _ delivery: Delivery<M>) async throws(DeliveryFailure) -> Receipt {
        let settings = try Self.settings(of: delivery.farEnd)
        let until = DrillRule.end(of: message.alert)
        let json: String
        do {
            json = String(decoding: try AlertJSON.line(SignAlert(message, delivery.id, until: until)), as: UTF8.self)
        } catch {
            throw .rejected("JSONに書けません: \(error) (cannot be written as JSON)")
        }
        guard json.utf8.count <= Self.messageLimit / 4 else { throw .rejected("\(json.utf8.count)オクテットあり、表示板の上限\(Self.messageLimit / 4)を超えます (too long for a sign)") }
        let entry = Board.Entry(
            event: message.alert.event.text, delivery: delivery.id.text, revision: message.alert.content.revision.sent.timeIntervalSince1970,
            gravity: message.gravity.rawValue, until: until, json: json)
        let said = signs.say(entry, isOver: message.isOver || message.alert.message == .cancel, delivery.farEnd, settings)
        defer { signs.ended(delivery.id) }
        let note: String?
        do throws(DeliveryFailure) {
            note = try await said.asked.answer(deadline: delivery.deadline)
        } catch {
            // A final no: it is not there, and is not to be said again with the next.
            if case .rejected = error { signs.drop(entry, delivery.farEnd) }
            throw error
        }
        let answer = await signs.answer(to: delivery.id, within: min(settings.wait, delivery.deadline - .now))
        signs.held(entry, delivery.farEnd)
        let words = [answer?.words, note, said.left.isEmpty ? nil : "表示板がいっぱいで、\(said.left.count)件を外しました (no room: left out)"].compactMap(\.self)
        return Receipt(reach: answer?.reach ?? .accepted, reference: settings.state, note: words.isEmpty ? nil : words.joined(separator: "、"))
    }

    public func clear(_ farEnd: FarEnd<M>) async throws(DeliveryFailure) {
        _ = try await signs.empty(farEnd, try Self.settings(of: farEnd)).answer(deadline: .now + .seconds(10))
    }

    /// PING and its answer, and what the sign's own will says of it. Nothing is published.
    public func reach(_ farEnd: FarEnd<M>, deadline: ContinuousClock.Instant) async throws(DeliveryFailure) -> String? {
        let settings = try Self.settings(of: farEnd)
        signs.open(farEnd, settings)
        _ = try await signs.line(to: settings.broker).ping().answer(deadline: deadline)
        let presence = signs.presence(of: farEnd)
        if presence == "offline" { throw .unavailable("ブローカーは答えましたが、端末が切れています (the broker answers, its device is offline)") }
        let device = presence == "online" ? "端末もつながっています (so does the device)" : "端末がいるかは分かりません (whether a device is there is not known)"
        return "ブローカーが答えました。\(device)"
    }

    public func report(on farEnd: FarEnd<M>) -> FarEndReport? { signs.report(on: farEnd) }

    /// Takes what is over off the signs, each half minute; at the end says `offline`.
    public func run() async {
        while !Task.isCancelled {
            try? await Task.sleep(for: .seconds(30))  // cancelled: the loop ends
            if !Task.isCancelled { signs.age() }
        }
        await signs.close()
    }

    private static func settings(of farEnd: FarEnd<M>) throws(DeliveryFailure) -> SignSettings {
        do {
            return try SignSettings(farEnd)
        } catch {
            throw .misconfigured("\(farEnd.id): \(error)")
        }
    }
}
