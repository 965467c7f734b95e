import AlertModel
import ChannelKit
import FoundationEssentials

/// `message` of a request: an alert for one town, as README shows it. Keys are `snake_case`, times RFC 3339.
struct ProgramMessage: Encodable {
    struct Place: Encodable {
        let code, name, romanName: String
        enum CodingKeys: String, CodingKey {
            case code, name
            case romanName = "roman_name"
        }
    }
    struct Text: Encodable {
        let title, body: String
    }
    struct House: Encodable {
        let id, name: String
        let address, state, note: String?
    }

    let id, event: String
    let kind: AlertKind
    let message: MessageType
    let mode: ModeName
    let priority, title, sender, sent, reported, expires: String
    let headline: String?
    let town: Place
    /// By BCP 47 tag.
    let texts: [String: Text]
    let areas: [AreaStatement]
    let hypocentre: Hypocentre?
    let evacuation: EvacuationOrder?
    let shelter: ShelterNotice?
    let notice: Notice?
    let shelters: [House]

    init<M: Mode>(_ message: Message<M>) {
        let alert = message.alert.content
        id = alert.id.text
        event = alert.event.text
        kind = alert.kind
        self.message = alert.message
        mode = M.name
        priority = message.priority.word
        title = alert.title
        headline = alert.headline
        sender = alert.sender
        sent = JapanTime.text(alert.sent)
        reported = JapanTime.text(alert.reported ?? alert.sent)
        expires = JapanTime.text(alert.expires)
        town = Place(code: message.town.id.code, name: message.town.name, romanName: message.town.romanName)
        texts = Dictionary(uniqueKeysWithValues: message.texts.map {
            ($0.key.rawValue, Text(title: $0.value.title, body: $0.value.body))
        })
        areas = message.local
        // The numbers of an assumed hypocentre are placeholders and must not be shown.
        hypocentre = alert.hypocentre.flatMap { $0.isAssumed ? nil : $0 }
        evacuation = if case .evacuation(let order) = alert.detail { order } else { nil }
        shelter = if case .shelter(let notice) = alert.detail { notice } else { nil }
        notice = if case .notice(let notice) = alert.detail { notice } else { nil }
        shelters = message.shelters.map {
            House(
                id: $0.shelter.id, name: $0.shelter.name, address: $0.shelter.address, state: $0.state?.rawValue,
                note: $0.note)
        }
    }

    /// One line: nothing in it is a line break.
    func json() throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return Array(try encoder.encode(self))
    }
}
