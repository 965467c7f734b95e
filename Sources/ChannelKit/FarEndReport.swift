public import AlertModel
public import FoundationEssentials

/// What a channel believes its far end holds, and how sure it is.
///
///     asked ──▶ said yes ──▶ confirmed        a gateway's yes is not the air:
///         └───────┴────▶ doubtful             a far end that cannot be asked stays at "said yes"
public struct FarEndReport: Sendable, Hashable, Encodable {
    public enum Certainty: String, Sendable, Hashable, Codable {
        /// The call went out and no answer has come.
        case asked
        /// The far end took it, and its yes proves no more than that.
        case saidYes = "said-yes"
        /// The far end knows, and says so.
        case confirmed
        /// A late yes, a lost answer, a restart over there: nobody knows.
        case doubtful
    }

    /// One message over there.
    public struct Item: Sendable, Hashable, Encodable {
        public var event: EventID
        /// The far end's own name for it.
        public var reference: String
        public var certainty: Certainty
        /// It is being taken away.
        public var isLeaving: Bool
        /// When it ends by itself.
        public var until: Date?
        /// Japanese first.
        public var remark: String?

        public init(
            event: EventID, reference: String, certainty: Certainty, isLeaving: Bool, until: Date?, remark: String? = nil
        ) {
            self.event = event
            self.reference = reference
            self.certainty = certainty
            self.isLeaving = isLeaving
            self.until = until
            self.remark = remark
        }

        enum CodingKeys: String, CodingKey {
            case event, reference, state, leaving, until, remark
        }

        public func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: CodingKeys.self)
            try container.encode(event.text, forKey: .event)
            try container.encode(reference, forKey: .reference)
            try container.encode(certainty, forKey: .state)
            try container.encode(isLeaving, forKey: .leaving)
            try container.encodeIfPresent(until.map { JapanTime.text($0) }, forKey: .until)
            try container.encodeIfPresent(remark, forKey: .remark)
        }
    }

    /// What is taken of a room that has an end, and its size; nil where there is none.
    public var used: Int?
    public var room: Int?
    public var items: [Item]

    public init(used: Int? = nil, room: Int? = nil, items: [Item]) {
        self.used = used
        self.room = room
        self.items = items
    }
}
