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
/// Serial first where both are numeric and of one series (JMA counts a serial per type: serial 1 of VXSE43 may be
/// serial 4 of VXSE45), then the time it was sent. A cancel repeats its serial and comes after it.
public struct Revision: Sendable, Codable, Hashable {
    /// What counts the serial: the bulletin's type (`VXSE45`), or a sender.
    public var series: String
    public var serial: Int?
    public var sent: Date
    public var isCancel: Bool

    public init(series: String, serial: Int?, sent: Date, isCancel: Bool = false) {
        self.series = series
        self.serial = serial
        self.sent = sent
        self.isCancel = isCancel
    }

    /// Whether this one says more than `other` about the same event.
    public func isNewer(than other: Revision) -> Bool {
        if series == other.series, let mine = serial, let theirs = other.serial, mine != theirs {
            return mine > theirs
        }
        if sent != other.sent { return sent > other.sent }
        return isCancel && !other.isCancel
    }
}

/// What an alert says, without saying whether it is real.
public struct AlertContent: Sendable, Codable, Hashable {
    public var id: AlertID
    public var event: EventID
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
    /// The town that issued it; nil for a bulletin that concerns whoever lives there.
    public var town: TownID?

    public init(
        id: AlertID, event: EventID, kind: AlertKind, message: MessageType, revision: Revision, type: String,
        title: String, headline: String? = nil, sender: String, sent: Date, reported: Date? = nil, expires: Date,
        areas: [AreaStatement] = [], hypocentre: Hypocentre? = nil, detail: Detail = .none, town: TownID? = nil
    ) {
        self.id = id
        self.event = event
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
        self.town = town
    }
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
