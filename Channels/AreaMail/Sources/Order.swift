import AlertModel
import CellBroadcast
import ChannelKit
import FoundationEssentials

/// Where an entry went, to write it again there.
struct Route: Sendable, Codable, Hashable {
    /// `host:port` of a base-station controller we speak to ourselves; nil behind a centre.
    let controller: String?
    let rhythm: Rhythm
    /// Where the far end is, whichever it is. Absent in entries of older programs.
    var address: String?

    init(controller: String?, rhythm: Rhythm, address: String? = nil) {
        self.controller = controller
        self.rhythm = rhythm
        self.address = address
    }
}

/// What one delivery wants on the air: the broadcasts in the order they go out, and until when.
struct Order: Sendable {
    enum Role: String, Sendable, Codable {
        /// ETWS primary: no text, on the screen within seconds.
        case warning
        case text
    }

    struct Broadcast: Sendable {
        let role: Role
        /// Any of these will do, the first best; one: whatever is there gives way.
        let identifiers: [UInt16]
        /// Set for a warning.
        let warning: WarningType?
    }

    let delivery: DeliveryID
    let event: EventID
    let kind: AlertKind
    let gravity: Gravity
    let isDrill: Bool
    let broadcasts: [Broadcast]
    /// Title and body as a phone shows them, one below the other.
    let words: String
    let pages: PagedText
    let route: Route
    let made: Date
    let expires: Date
    let refusesRepeats: Bool
    /// The repetition period of the cell, once that is decided.
    var period: Int?

    init<M: Mode>(
        _ message: Message<M>, _ delivery: Delivery<M>, _ settings: GatewaySettings, now: Date
    ) throws(DeliveryFailure) {
        guard let text = message.texts[.japanese] else { throw .rejected("日本語の文面がありません (no Japanese text was rendered)") }
        guard message.alert.expires > now else { throw .rejected("期限が過ぎています (the alert has expired)") }
        self.delivery = delivery.id
        event = delivery.event
        kind = message.alert.kind
        gravity = message.gravity
        isDrill = M.name == .exercise
        made = now
        expires = message.alert.expires
        words = text.title.isEmpty ? text.body : "\(text.title)\n\(text.body)"
        broadcasts = Self.broadcasts(message.alert.kind, message.priority, M.name, settings.identifiers)
        refusesRepeats = settings.refusesRepeats && !broadcasts.contains { $0.role == .warning }
        route = Route(controller: settings.way == .cbsp ? settings.address : nil, rhythm: settings.rhythm, address: settings.address)
        do {
            pages = try PagedText(ucs2: words)
        } catch {
            throw .rejected("\(error)")
        }
    }

    var airing: Airing {
        Airing(pages: pages.pages.count, period: period, seconds: expires.timeIntervalSince(made), route.rhythm)
    }

    var isWarning: Bool { broadcasts.contains { $0.role == .warning } }
    /// Behind a centre there is no replacement: the new text goes out under another identifier before the old one goes.
    var shifts: Bool { route.controller == nil }

    /// JMA has ETWS sent for warnings only; a tsunami advisory (priority routine and below) is a text.
    private static func broadcasts(
        _ kind: AlertKind, _ priority: Priority, _ mode: ModeName, _ identifiers: Identifiers
    ) -> [Broadcast] {
        func warning(_ identifier: UInt16, _ value: UInt8) -> Broadcast {
            let type = WarningType(value: mode == .exercise ? WarningType.test : value)
            return Broadcast(role: .warning, identifiers: [identifier], warning: type)
        }
        func text(_ identifiers: [UInt16]) -> Broadcast {
            Broadcast(role: .text, identifiers: identifiers, warning: nil)
        }
        switch kind {
        case .eew:
            return [
                warning(identifiers.earthquake, WarningType.earthquake), text([identifiers.earthquakeText] + identifiers.texts),
            ]
        case .tsunami where priority <= .urgent:
            return [warning(identifiers.tsunami, WarningType.tsunami), text([identifiers.tsunamiText] + identifiers.texts)]
        default:
            return [text(identifiers.texts)]
        }
    }
}
