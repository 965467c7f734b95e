/// An alert for one town as JSON: the one form that every channel speaking JSON sends, with keys of its own beside it.
///
/// Every key is explained in `Channels/README.md`, "An alert as JSON". A channel puts its own beside these:
///
/// ```swift
/// struct SirenCall: Encodable {
///     let alert: AlertJSON
///     let volume: Int
///     func encode(to encoder: any Encoder) throws {
///         try alert.encode(to: encoder)                       // the shared keys, on the same level
///         var own = encoder.container(keyedBy: CodingKeys.self)
///         try own.encode(volume, forKey: .volume)
///     }
///     enum CodingKeys: CodingKey { case volume }
/// }
/// ```
public import AlertModel
internal import FoundationEssentials

public struct AlertJSON: Sendable, Encodable {
    /// The keys that even the shortest form has.
    public struct Head: Sendable, Encodable, Equatable {
        public let id, event: String
        public let kind: AlertKind
        public let message: MessageType
        public let mode: ModeName
        /// How bad, and what this revision does to what was said; `over` when nothing of it is left in force here.
        public let gravity: Gravity
        public let change: Change
        public let over: Bool
        /// `reported` is when it was announced; `sent` where nobody has said.
        public let priority, sender, sent, reported: String
        /// By BCP 47 tag.
        public let texts: [String: RenderedText]

        /// - Parameters:
        ///   - milliseconds: Whether the times have them.
        ///   - languages: the texts in these alone; nil for all.
        public init<M: Mode>(_ message: Message<M>, milliseconds: Bool = true, languages: [Language]? = nil) {
            let alert = message.alert.content
            id = alert.id.text
            event = alert.event.text
            kind = alert.kind
            self.message = alert.message
            mode = M.name
            gravity = message.gravity
            change = message.change
            over = message.isOver
            priority = message.priority.word
            sender = alert.sender
            sent = JapanTime.text(alert.sent, milliseconds: milliseconds)
            reported = JapanTime.text(alert.reported ?? alert.sent, milliseconds: milliseconds)
            texts = Dictionary(uniqueKeysWithValues: message.texts.filter { languages?.contains($0.key) ?? true }.map { ($0.key.rawValue, $0.value) })
        }
    }

    /// One shelter as it stands now. State: `open`, `full`, `closed`; absent when nobody has said.
    public struct House: Sendable, Encodable, Equatable {
        public let id, name: String
        /// `kana`: how its name is read, as the register says it.
        public let romanName, kana, address, state, note: String?
        /// By hazard: `fit`, `conditional`, `unfit`. What is not there is unknown, and unknown is not fit.
        public let fitness: [String: String]?
        /// Degrees, both or none.
        public let latitude, longitude: Double?

        public init(_ status: ShelterStatus) {
            id = status.shelter.id
            name = status.shelter.name
            romanName = status.shelter.romanName
            kana = status.shelter.kana
            address = status.shelter.address
            state = status.state?.rawValue
            note = status.note
            fitness = status.shelter.fitnessWords
            (latitude, longitude) = (status.shelter.place?.latitude, status.shelter.place?.longitude)
        }

        enum CodingKeys: String, CodingKey {
            case id, name, kana, address, state, note, fitness, latitude, longitude
            case romanName = "roman_name"
        }
    }

    private struct Place: Encodable {
        let code, name, romanName: String
        enum CodingKeys: String, CodingKey {
            case code, name
            case romanName = "roman_name"
        }
    }

    private struct Rest: Encodable {
        let title, expires: String
        let headline: String?
        let town: Place
        let areas: [AreaStatement]
        let hypocentre: Hypocentre?
        let evacuation: EvacuationOrder?
        let shelter: ShelterNotice?
        let headquarters: Headquarters?
        let notice: Notice?
        let shelters: [House]
    }

    public let head: Head
    private let rest: Rest

    public init<M: Mode>(_ message: Message<M>) {
        let alert = message.alert.content
        head = Head(message)
        var evacuation: EvacuationOrder?, shelter: ShelterNotice?, notice: Notice?, headquarters: Headquarters?
        switch alert.detail {
        case .evacuation(let order): evacuation = order
        case .shelter(let state): shelter = state
        case .headquarters(let seat): headquarters = seat
        case .notice(let words): notice = words
        case .none: break
        }
        rest = Rest(
            title: alert.title, expires: JapanTime.text(alert.expires), headline: alert.headline,
            town: Place(code: message.town.id.code, name: message.town.name, romanName: message.town.romanName),
            // A town's own act speaks of the town, whichever way it goes: an order, its cancel and a notice are filled alike.
            areas: message.local.isEmpty && alert.town == message.town.id ? alert.areas : message.local,
            // The numbers of an assumed hypocentre are placeholders and must not be shown.
            hypocentre: alert.hypocentre.flatMap { $0.isAssumed ? nil : $0 }, evacuation: evacuation, shelter: shelter,
            headquarters: headquarters, notice: notice, shelters: message.shelters.map { House($0) })
    }

    public func encode(to encoder: any Encoder) throws {
        try head.encode(to: encoder)
        try rest.encode(to: encoder)
    }

    /// One line: sorted keys, no line break outside of strings, and none inside that is not escaped.
    public static func line(_ value: some Encodable) throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return Array(try encoder.encode(value))
    }
}
