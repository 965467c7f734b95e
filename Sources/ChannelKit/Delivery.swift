public import AlertModel

/// The name of one delivery: the same text on every attempt, across restarts, and in the ledger.
public struct DeliveryID: Hashable, Sendable, Codable, Comparable, CustomStringConvertible {
    public let text: String
    public init(_ text: String) { self.text = text }

    /// One alert, to one far end, over one channel.
    public init(alert: AlertID, town: TownID, channel: String, endpoint: String) {
        text = "\(alert.text).\(town.code).\(channel).\(endpoint)"
    }

    public var description: String { text }
    public static func < (left: Self, right: Self) -> Bool { left.text < right.text }
}

/// A far end with the settings of one mode. Made by the core from the settings; a channel never makes one.
public struct FarEnd<M: Mode>: Sendable, Hashable {
    public let town: TownID
    public let id: String
    public let name: String
    public let settings: [String: String]

    package init(town: TownID, id: String, name: String, settings: [String: String]) {
        self.town = town
        self.id = id
        self.name = name
        self.settings = settings
    }

    /// The side of an endpoint that belongs to this mode; nil when it has none.
    package init?(_ endpoint: Endpoint, of town: TownID) {
        guard let settings = M.name == .actual ? endpoint.actual : endpoint.exercise else { return nil }
        self.init(town: town, id: endpoint.id, name: endpoint.name, settings: settings)
    }
}

/// One alert on its way to one far end.
public struct Delivery<M: Mode>: Sendable {
    public let id: DeliveryID
    public let alert: AlertID
    public let event: EventID
    public let message: MessageType
    public let farEnd: FarEnd<M>
    public let priority: Priority
    /// From 1.
    public let attempt: Int
    /// The attempt is cancelled at this instant.
    public let deadline: ContinuousClock.Instant

    package init(
        id: DeliveryID, alert: AlertID, event: EventID, message: MessageType, farEnd: FarEnd<M>, priority: Priority,
        attempt: Int, deadline: ContinuousClock.Instant
    ) {
        self.id = id
        self.alert = alert
        self.event = event
        self.message = message
        self.farEnd = farEnd
        self.priority = priority
        self.attempt = attempt
        self.deadline = deadline
    }
}

/// How far a message got. Four levels, never merged into one.
public enum Reach: Int, Sendable, Codable, Comparable, CaseIterable {
    /// A gateway took it.
    case accepted
    /// A device has it.
    case reached
    /// It is on a screen.
    case shown
    /// A person touched it.
    case touched

    public var word: String {
        switch self {
        case .accepted: "accepted"
        case .reached: "reached"
        case .shown: "shown"
        case .touched: "touched"
        }
    }
    public init?(word: String) {
        guard let match = Self.allCases.first(where: { $0.word == word }) else { return nil }
        self = match
    }
    public static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
}

/// The far end's yes.
public struct Receipt: Sendable, Codable, Hashable {
    public var reach: Reach
    /// The far end's own name for the message.
    public var reference: String?
    /// What the far end said, in its words.
    public var note: String?

    public init(reach: Reach = .accepted, reference: String? = nil, note: String? = nil) {
        self.reach = reach
        self.reference = reference
        self.note = note
    }
}

/// Why an attempt failed. A closed set: the lane owns the reaction to each.
public enum DeliveryFailure: Error, Sendable, Hashable {
    /// Nobody there, no answer, or an answer that promises nothing: tried again with full jitter until it expires.
    case unavailable(String)
    /// The far end asked for a pause.
    case throttled(retryAfter: Duration)
    /// A final no for this message.
    case rejected(String)
    /// Our settings or credentials are wrong: the lane stops and a person is called.
    case misconfigured(String)
    /// Ours: the task was cancelled.
    case cancelled
}

extension DeliveryFailure: CustomStringConvertible {
    /// The case and its reason, for people.
    public var description: String {
        switch self {
        case .unavailable(let reason): "unavailable: \(reason)"
        case .throttled(let pause): "相手が\(pause)待つよう求めています (throttled)"
        case .rejected(let reason): "rejected: \(reason)"
        case .misconfigured(let reason): "misconfigured: \(reason)"
        case .cancelled: "cancelled"
        }
    }
}
