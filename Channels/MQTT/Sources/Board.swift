/// What stands at one sign, as a value, and the one message that says all of it.
///
///     alert, update ──▶ in its event's place ──▶ { said, standing: [ … ] } ──▶ the topic's retained message
///     cancel, lifted, over time ──▶ taken out ──┘
///
/// Each message says the whole state: a sign that was without power reads one retained message and knows. Whatever became of a
/// message before, the next one is right. 24 events stand at the most; beyond that the least grave, and of these the oldest, makes room.
import AlertModel
import ChannelKit
import FoundationEssentials

struct Board: Codable {
    static let room = 24

    struct Entry: Codable {
        let event: String
        let delivery: String
        let revision: Double
        let gravity: Int
        let until: Date
        /// The alert as JSON, as the sign gets it: made once.
        let json: String
        var isHeld = false
    }

    private(set) var standing: [Entry] = []
    private(set) var serial = 0
    /// Something was said of it: after a broker's restart its state is said again.
    private(set) var isSaid = false

    /// - Returns: what the room was too small for.
    @discardableResult
    mutating func take(_ entry: Entry, isOver: Bool) -> [String] {
        // The core's rule: revisions of one event never overlap. An older one that comes all the same changes nothing.
        if let newer = standing.first(where: { $0.event == entry.event }), newer.revision > entry.revision { return [] }
        standing.removeAll { $0.event == entry.event }
        if !isOver { standing.append(entry) }
        var left: [String] = []
        while standing.count > Self.room, let least = standing.min(by: { ($0.gravity, $0.until) < ($1.gravity, $1.until) }) {
            standing.removeAll { $0.event == least.event }
            left.append(least.event)
        }
        return left
    }

    /// - Returns: true where something was over.
    mutating func age(now: Date) -> Bool {
        let before = standing.count
        standing.removeAll { $0.until <= now }
        return standing.count < before
    }

    mutating func drop(_ event: String) { standing.removeAll { $0.event == event } }
    mutating func empty() { standing = [] }
    mutating func held(_ delivery: String) {
        for place in standing.indices where standing[place].delivery == delivery { standing[place].isHeld = true }
    }

    /// Seconds until nothing of it is in force any more: a broker then forgets it. Nil where nothing stands: that is told to whoever comes, for ever.
    func life(now: Date) -> UInt32? {
        standing.map(\.until).max().map { UInt32(min(max(1, $0.timeIntervalSince(now)), 366 * 86_400)) }
    }

    /// - Parameter said: what this message is about; nil where it only says again what stands.
    mutating func message(mode: ModeName, town: TownID, sign: String, said: String?, now: Date) -> [UInt8] {
        serial += 1
        isSaid = true
        let head = [
            "\"form\":1", "\"mode\":\"\(mode.rawValue)\"", "\"town\":\"\(town.code)\"", "\"sign\":\(Self.quoted(sign))", "\"at\":\"\(JapanTime.text(now, milliseconds: false))\"",
            "\"serial\":\(serial)", "\"again\":\(said == nil)",
        ]
        let parts = head + (said.map { ["\"said\":\($0)"] } ?? []) + ["\"standing\":[\(standing.map(\.json).joined(separator: ","))]"]
        return Array("{\(parts.joined(separator: ","))}".utf8)
    }

    static func quoted(_ text: String) -> String {
        // A text always has a form in JSON.
        (try? JSONEncoder().encode(text)).map { String(decoding: $0, as: UTF8.self) } ?? "\"\""
    }
}

/// One alert as a sign gets it: the shared keys, and until when it is to be shown.
struct SignAlert: Encodable {
    let head: AlertJSON.Head
    let delivery: String
    let validUntil: String
    let level: Int?

    init<M: Mode>(_ message: Message<M>, _ delivery: DeliveryID, until: Date) {
        head = AlertJSON.Head(message)
        self.delivery = delivery.text
        validUntil = JapanTime.text(until, milliseconds: false)
        level = message.orderLevel
    }

    func encode(to encoder: any Encoder) throws {
        try head.encode(to: encoder)
        var own = encoder.container(keyedBy: CodingKeys.self)
        try own.encode(delivery, forKey: .delivery)
        try own.encode(validUntil, forKey: .validUntil)
        try own.encodeIfPresent(level, forKey: .level)
    }

    enum CodingKeys: String, CodingKey {
        case delivery, level
        case validUntil = "valid_until"
    }
}

/// What a device says of a delivery: `{"delivery":"…","reach":"shown","device":"harbour-1"}`.
struct DeviceAnswer: Decodable {
    static let limit = 4096

    let delivery: String
    let reach: Reach
    let device: String?
    let note: String?

    init?(_ payload: [UInt8]) {
        guard payload.count <= Self.limit, let answer = try? JSONDecoder().decode(Self.self, from: Data(payload)) else { return nil }
        self = answer
    }

    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        delivery = try container.decode(String.self, forKey: .delivery)
        guard let reach = Reach(word: try container.decode(String.self, forKey: .reach)), reach > .accepted else {
            throw DecodingError.dataCorruptedError(forKey: .reach, in: container, debugDescription: "reached, shown or touched")
        }
        self.reach = reach
        device = try container.decodeIfPresent(String.self, forKey: .device).map(Self.plain)
        note = try container.decodeIfPresent(String.self, forKey: .note).map(Self.plain)
    }

    private static func plain(_ text: String) -> String { String(text.prefix(100).filter { !$0.isNewline && $0.unicodeScalars.allSatisfy { $0.value >= 0x20 } }) }

    enum CodingKeys: CodingKey { case delivery, reach, device, note }

    /// Who said how far it got, Japanese first.
    var words: String {
        let word = switch reach {
        case .accepted: "受け付け"
        case .reached: "届いた"
        case .shown: "鳴らした・表示した"
        case .touched: "人が触れた"
        }
        return "端末\(device.map { " \($0)" } ?? ""): \(word) (\(reach.word))\(note.map { "、\($0)" } ?? "")"
    }
}
