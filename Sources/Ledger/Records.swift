package import AlertModel
package import ChannelKit
package import FoundationEssentials

/// What some far ends of a channel were given to say; others of the same channel may have been given other words.
package struct SaidText: Sendable, Hashable, Codable {
    package var channel: String
    package var endpoints: [String]
    package var texts: [Language: RenderedText]

    package init(channel: String, endpoints: [String], texts: [Language: RenderedText]) {
        self.channel = channel
        self.endpoints = endpoints
        self.texts = texts
    }
}

/// An alert as a town's ledger has it.
package struct RecordedAlert: Sendable, Hashable, Codable {
    package var content: AlertContent
    package var mode: ModeName
    package var accepted: Date
    /// Who: `jma`, `cap:sender`, an operator's name.
    package var actor: String
    package var deliveries: [RecordedDelivery]
    /// The words as they were handed to each channel. Empty where an alert is read: `said` gives them.
    package var said: [SaidText] = []

    package init(
        content: AlertContent, mode: ModeName, accepted: Date, actor: String, deliveries: [RecordedDelivery],
        said: [SaidText] = []
    ) {
        self.said = said
        self.content = content
        self.mode = mode
        self.accepted = accepted
        self.actor = actor
        self.deliveries = deliveries
    }
}

/// A decision: to send to one far end, or why not. A reason that holds for a whole channel is one row with
/// endpoint `*`.
package struct RecordedDelivery: Sendable, Hashable, Codable {
    package var id: DeliveryID
    package var channel: String
    package var endpoint: String
    /// How many far ends the row speaks of.
    package var endpoints: Int
    package var isSend: Bool
    package var priority: Priority
    /// A stable word, and the sentence for people.
    package var reason: String
    package var sentence: String
    package var expires: Date

    package init(
        id: DeliveryID, channel: String, endpoint: String, endpoints: Int = 1, isSend: Bool, priority: Priority,
        reason: String, sentence: String, expires: Date
    ) {
        self.id = id
        self.channel = channel
        self.endpoint = endpoint
        self.endpoints = endpoints
        self.isSend = isSend
        self.priority = priority
        self.reason = reason
        self.sentence = sentence
        self.expires = expires
    }
}

/// How a delivery stands. The last five are ends.
package enum DeliveryState: String, Sendable, CaseIterable, Codable {
    case waiting, sending, retrying, stopped, held, skipped
    case delivered, superseded, annulled, expired, rejected

    package var isEnd: Bool {
        switch self {
        case .delivered, .superseded, .annulled, .expired, .rejected, .skipped: true
        case .waiting, .sending, .retrying, .stopped, .held: false
        }
    }
}

/// One step of a delivery.
package struct RecordedStep: Sendable, Hashable, Codable {
    package var delivery: DeliveryID
    package var at: Date
    package var state: DeliveryState
    package var attempt: Int
    /// The far end's words, or ours.
    package var detail: String?
    package var reference: String?
    /// Who: the line itself, or the person who decided it.
    package var actor: String

    package init(
        delivery: DeliveryID, at: Date, state: DeliveryState, attempt: Int = 0, detail: String? = nil,
        reference: String? = nil, actor: String = "line"
    ) {
        self.actor = actor
        self.delivery = delivery
        self.at = at
        self.state = state
        self.attempt = attempt
        self.detail = detail
        self.reference = reference
    }
}

/// What one device says about one alert.
package struct RecordedReceipt: Sendable, Hashable, Codable {
    package var id: String
    package var alert: AlertID
    package var channel: String
    package var endpoint: String
    package var device: String
    package var reach: Reach
    /// When it happened, computed from the device's elapsed time, and when we heard.
    package var occurred: Date
    package var received: Date

    package init(
        id: String, alert: AlertID, channel: String, endpoint: String, device: String, reach: Reach, occurred: Date,
        received: Date
    ) {
        self.id = id
        self.alert = alert
        self.channel = channel
        self.endpoint = endpoint
        self.device = device
        self.reach = reach
        self.occurred = occurred
        self.received = received
    }
}

/// What a shelter reports back. The body is the shelter's own JSON, at most 16 KB.
package struct RecordedReport: Sendable, Hashable, Codable {
    /// Of one device the newest so many are listed: however much one says, the others' are seen.
    package static let shownPerDevice = 50

    package var id: String
    package var site: String
    package var device: String
    package var occurred: Date
    package var received: Date
    package var body: String

    package init(id: String, site: String, device: String, occurred: Date, received: Date, body: String) {
        self.id = id
        self.site = site
        self.device = device
        self.occurred = occurred
        self.received = received
        self.body = body
    }
}

/// What a person at the desk did that is no alert, and that whoever looks into the night afterwards wants to know: a
/// telephone call and its answer. In the town's chain like an alert.
package struct RecordedDeed: Sendable, Hashable, Codable {
    package var id: String
    package var mode: ModeName
    /// `call`.
    package var kind: String
    /// What it is about: of a call the far end, `school-tablet/daiichi-sho`.
    package var subject: String
    package var at: Date
    package var actor: String
    /// JSON, as its kind has it.
    package var body: String

    package init(id: String, mode: ModeName, kind: String, subject: String, at: Date, actor: String, body: String) {
        self.id = id
        self.mode = mode
        self.kind = kind
        self.subject = subject
        self.at = at
        self.actor = actor
        self.body = body
    }
}

/// A place in the order of time, to read on from: what happened before this moment, and of the moment itself what sorts before this id.
package struct RecordPlace: Sendable, Hashable {
    package var at: Date
    /// Empty: nothing of the moment.
    package var id: String

    package init(at: Date, id: String = "") { (self.at, self.id) = (at, id) }

    package func isAfter(_ other: Date, _ otherID: String) -> Bool { (other, otherID) < (at, id) }
}

/// Which deeds: the newest first.
package struct DeedQuery: Sendable {
    package var id: String?
    package var kind: String?
    package var mode: ModeName?
    /// At or after.
    package var since: Date?
    /// Only what was done before this one.
    package var before: String?
    /// Only what stands before this place.
    package var earlier: RecordPlace?
    /// Also what has left the record for its archive, as far back as the limit goes.
    package var reachesBack = false
    package var limit = 500

    package init() {}

    package func takes(_ deed: RecordedDeed) -> Bool {
        (earlier?.isAfter(deed.at, deed.id) ?? true) && (id == nil || id == deed.id) && (kind == nil || kind == deed.kind) && (mode == nil || mode == deed.mode) && (since.map { deed.at >= $0 } ?? true)
    }
}

/// Which reports: the newest first.
package struct ReportQuery: Sendable {
    package var id: String?
    package var site: String?
    /// Of one device all of them; else of each the newest `RecordedReport.shownPerDevice`.
    package var device: String?
    /// Of these devices none.
    package var without: Set<String> = []
    /// Only what came before this report.
    package var before: String?
    /// Received at or after, and before this place.
    package var since: Date?
    package var earlier: RecordPlace?
    /// However much one device says.
    package var isEveryOne = false
    /// With `isEveryOne`: also what has left the record for its archive, as far back as the limit goes.
    package var reachesBack = false
    package var limit = 500

    package init() {}

    package func takes(_ report: RecordedReport) -> Bool {
        (id == nil || id == report.id) && (site == nil || site == report.site) && (device == nil || device == report.device)
            && !without.contains(report.device) && (since.map { report.received >= $0 } ?? true) && (earlier?.isAfter(report.received, report.id) ?? true)
    }
}

package struct DeliveryQuery: Sendable {
    package var alert: AlertID?
    /// Of any of these; nil: of all.
    package var alerts: [AlertID]?
    package var channel: String?
    package var endpoint: String?
    package var state: DeliveryState?
    /// Who sent it, or said yes to it: a person's name.
    package var by: String?
    /// What is real, or drills; nil: both.
    package var mode: ModeName?
    /// Only deliveries that have not ended.
    package var unfinishedOnly = false
    /// Only rows of the town's own, and none of what passed it by.
    package var concernedOnly = false
    /// Offered at or after, and before. Where one of them is given what is archived is read too.
    package var since: Date?
    package var until: Date?
    /// Rows after this number.
    package var after: Int64 = 0
    /// Asks for the last rows instead of the first.
    package var newest = false
    package var limit = 100

    package init() {}

    package var reachesBack: Bool { since != nil || until != nil }

    /// `operator:佐藤`, `operator:鈴木 approved:佐藤`, `operator:佐藤（石巻市）` in another town's name, `safe:佐藤`, and a word that stands alone: `hub`.
    static func isAct(_ actor: String, by name: String) -> Bool {
        [name, "operator:\(name)", "safe:\(name)"].contains(actor) || [" ", "（"].contains { actor.hasPrefix("operator:\(name)\($0)") }
            || actor.hasSuffix(" approved:\(name)")
    }
}

package struct AlertQuery: Sendable {
    package var id: AlertID?
    package var event: EventID?
    package var mode: ModeName?
    /// Accepted at or after.
    package var since: Date?
    /// Only what was accepted before this place.
    package var earlier: RecordPlace?
    /// Only what the town has rows of its own of, and not what passed it by.
    package var concernedOnly = false
    /// Also what has left the ledger for its archive, accepted within a month of this.
    package var archivedAround: Date?
    /// With `concernedOnly`: also what has left the record for its archive, as far back as the limit goes.
    package var reachesBack = false
    package var limit = 100
    package init() {}

    /// Of the archive: a month to each side.
    package var archived: ClosedRange<Date>? {
        archivedAround.map { $0.addingTimeInterval(-31 * 86_400)...$0.addingTimeInterval(31 * 86_400) }
    }
}

/// A row of the delivery log: the decision, and how it stands.
package struct DeliveryRow: Sendable, Hashable {
    package var number: Int64
    package var delivery: RecordedDelivery
    package var town: TownID
    package var alert: AlertID
    package var event: EventID
    package var mode: ModeName
    package var kind: AlertKind
    package var title: String
    package var offered: Date
    package var state: DeliveryState
    package var attempts: Int
    package var settled: Date?
    package var detail: String?
    package var reference: String?
    /// Devices that reached each level.
    package var reached: Int
    package var shown: Int
    package var touched: Int

    package init(
        number: Int64, delivery: RecordedDelivery, town: TownID, alert: AlertID, event: EventID, mode: ModeName,
        kind: AlertKind, title: String, offered: Date, state: DeliveryState, attempts: Int = 0, settled: Date? = nil,
        detail: String? = nil, reference: String? = nil, reached: Int = 0, shown: Int = 0, touched: Int = 0
    ) {
        self.number = number
        self.delivery = delivery
        self.town = town
        self.alert = alert
        self.event = event
        self.mode = mode
        self.kind = kind
        self.title = title
        self.offered = offered
        self.state = state
        self.attempts = attempts
        self.settled = settled
        self.detail = detail
        self.reference = reference
        self.reached = reached
        self.shown = shown
        self.touched = touched
    }

    /// A later step. Steps come in order; nothing follows an end.
    package mutating func take(_ step: RecordedStep) {
        guard !state.isEnd else { return }
        state = step.state
        attempts = max(attempts, step.attempt)
        detail = step.detail ?? detail
        reference = step.reference ?? reference
        if step.state.isEnd { settled = step.at }
    }

    /// A receipt of a device that had not said as much before.
    package mutating func take(_ reach: Reach) {
        switch reach {
        case .accepted: break
        case .reached: reached += 1
        case .shown: shown += 1
        case .touched: touched += 1
        }
    }
}

extension DeliveryRow {
    /// As it stands when it was decided.
    package init(number: Int64, delivery: RecordedDelivery, in alert: RecordedAlert, town: TownID) {
        self.init(
            number: number, delivery: delivery, town: town, alert: alert.content.id, event: alert.content.event,
            mode: alert.mode, kind: alert.content.kind, title: alert.content.title, offered: alert.accepted,
            state: delivery.isSend ? .waiting : .skipped, settled: delivery.isSend ? nil : alert.accepted)
    }
}
