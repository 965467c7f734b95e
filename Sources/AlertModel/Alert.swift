public import FoundationEssentials

/// One revision of what we say about an event.
public struct AlertID: Hashable, Sendable, Codable, Comparable, CustomStringConvertible {
    public let text: String
    public init(_ text: String) { self.text = text }
    public var description: String { text }
    public static func < (left: Self, right: Self) -> Bool { left.text < right.text }

    public init(from decoder: any Decoder) throws { text = try decoder.singleValueContainer().decode(String.self) }
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(text)
    }
}

/// What happens in the world: `jma/eew/20110311144640`, `op/042056/…`. Revisions of one event share it.
public struct EventID: Hashable, Sendable, Codable, CustomStringConvertible {
    public let text: String
    public init(_ text: String) { self.text = text }
    public var description: String { text }

    public init(from decoder: any Decoder) throws { text = try decoder.singleValueContainer().decode(String.self) }
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(text)
    }
}

/// The place of an alert among the revisions of its event.
///
/// Of one series with serials (JMA counts a serial per type: serial 1 of VXSE43 may be serial 4 of VXSE45) the higher
/// serial is newer; under one serial a correction (訂正) comes after what it corrects and a cancel (取消) after both,
/// because both repeat the serial, and sometimes the second, of the original. Else the later time wins.
public struct Revision: Sendable, Codable, Hashable {
    /// What counts the serial: the bulletin's type (`VXSE45`), or a sender.
    public var series: String
    public var serial: Int?
    public var sent: Date
    public var isCancel: Bool
    public var isCorrection: Bool

    public init(series: String, serial: Int?, sent: Date, isCancel: Bool = false, isCorrection: Bool = false) {
        self.series = series
        self.serial = serial
        self.sent = sent
        self.isCancel = isCancel
        self.isCorrection = isCorrection
    }

    /// Whether this one says more than `other` about the same event. Never true both ways, never of itself.
    public func isNewer(than other: Revision) -> Bool {
        if series == other.series, let mine = serial, let theirs = other.serial {
            if mine != theirs { return mine > theirs }
            return weight == other.weight ? sent > other.sent : weight > other.weight
        }
        if sent != other.sent { return sent > other.sent }
        if weight != other.weight { return weight > other.weight }
        // Two types of one second: any rule will do that does not depend on the way they came. This one takes the
        // warning (VXSE43) rather than the forecast (VXSE45).
        return series < other.series
    }

    private var weight: Int { isCancel ? 2 : isCorrection ? 1 : 0 }

    private enum CodingKeys: String, CodingKey {
        case series, serial, sent, isCancel, isCorrection
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        series = try container.decode(String.self, forKey: .series)
        serial = try container.decodeIfPresent(Int.self, forKey: .serial)
        sent = try container.decode(Date.self, forKey: .sent)
        isCancel = try container.decode(Bool.self, forKey: .isCancel)
        isCorrection = try container.decodeIfPresent(Bool.self, forKey: .isCorrection) ?? false
    }
}

/// What an alert says, without saying whether it is real.
public struct AlertContent: Sendable, Codable, Hashable {
    public var id: AlertID
    public var event: EventID
    /// Other names of the same event, by which a later bulletin may call it: a second EventID, the identifiers a CAP
    /// message refers to and its own.
    public var aliases: [EventID]?
    public var kind: AlertKind
    public var message: MessageType
    public var revision: Revision
    /// `VXSE43`, `cap`, `qzss`, `operator`.
    public var type: String
    public var title: String
    public var headline: String?
    public var sender: String
    public var sent: Date
    /// When it happened or was announced (ReportDateTime), for people.
    public var reported: Date?
    /// After this nobody is told any more.
    public var expires: Date
    public var areas: [AreaStatement]
    public var hypocentre: Hypocentre?
    public var detail: Detail
    /// The issuer's own words on how heavy it is; nil where codes say it.
    public var weight: Weight?
    /// The town that issued it; nil for a bulletin that concerns whoever lives there.
    public var town: TownID?
    /// What a person's act does to the town's state; nil for bulletins, and for alerts recorded before acts were.
    public var act: Act?
    /// The office's fixed sentences (固定付加文) about the event: whether there is a tsunami, and what to expect.
    public var remarks: [Remark]?
    /// When it happened, as far as the bulletin says: of an earthquake its origin, of an eruption its beginning.
    public var happened: Date?
    /// Until when the bulletin itself says that it holds (ValidDateTime); nil where the limit is ours.
    public var validUntil: Date?
    /// Who says it in the town's name (代行); nil where the town does so itself.
    public var onBehalf: OnBehalf?
    /// By whom it came; nil for what a person of the town says, and in records older than this field.
    public var provenance: Provenance?

    public init(
        id: AlertID, event: EventID, kind: AlertKind, message: MessageType, revision: Revision, type: String,
        title: String, headline: String? = nil, sender: String, sent: Date, reported: Date? = nil, expires: Date,
        areas: [AreaStatement] = [], hypocentre: Hypocentre? = nil, detail: Detail = .none, town: TownID? = nil, aliases: [EventID]? = nil,
        weight: Weight? = nil, act: Act? = nil
    ) {
        self.id = id
        self.event = event
        self.aliases = aliases
        self.kind = kind
        self.message = message
        self.revision = revision
        self.type = type
        self.title = title
        self.headline = headline
        self.sender = sender
        self.sent = sent
        self.reported = reported
        self.expires = expires
        self.areas = areas
        self.hypocentre = hypocentre
        self.detail = detail
        self.weight = weight
        self.town = town
        self.act = act
    }
}

/// Another town that does a town's work for it, because both had agreed so (代行).
public struct OnBehalf: Sendable, Codable, Hashable {
    /// The agreement's id.
    public var pact: String
    public var town: TownID
    public var name: String
    public var romanName: String

    public init(pact: String, town: TownID, name: String, romanName: String) {
        self.pact = pact
        self.town = town
        self.name = name
        self.romanName = romanName
    }

    /// 気仙沼市（南三陸町が代行）
    public func sender(for town: String) -> String { "\(town)（\(name)が代行）" }
}

/// One revision of what we say about an event, real or drill by its type.
///
/// Only this package makes alerts: the mode is decided once, at the door (`SortedAlert`).
@dynamicMemberLookup
public struct Alert<M: Mode>: Sendable {
    public let content: AlertContent
    package init(_ content: AlertContent) { self.content = content }

    public subscript<Value>(dynamicMember path: KeyPath<AlertContent, Value>) -> Value { content[keyPath: path] }
}
