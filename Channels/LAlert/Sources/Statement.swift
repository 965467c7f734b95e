import AlertModel
import ChannelKit
import FoundationEssentials

/// What one delivery says, as far as L-Alert has words for it.
struct Statement: Sendable {
    enum Subject: Sendable {
        case evacuation(EvacuationOrder)
        /// All shelters of the town as they stand.
        case shelters([ShelterStatus])
        case headquarters(Headquarters)
        case notice(Notice)
    }

    let delivery: DeliveryID
    let event: EventID
    let subject: Subject
    let message: MessageType
    let mode: ModeName
    let town: TownID
    let townName: String
    let text: RenderedText
    let sent: Date
    /// The official announcement, for people.
    let reported: Date
    let expires: Date
    /// What the act changes and what stands after it; nil before acts were recorded.
    let act: Act?

    init<M: Mode>(_ message: Message<M>, _ delivery: Delivery<M>) throws(DeliveryFailure) {
        guard delivery.message == .alert || delivery.message == .update || delivery.message == .cancel else {
            throw .rejected("\(delivery.message.rawValue)は公開するものではありません (nothing one publishes)")
        }
        guard let text = message.texts[.japanese] else { throw .rejected("日本語の文面がありません (no Japanese text was rendered)") }
        self.delivery = delivery.id
        event = delivery.event
        self.message = delivery.message
        mode = M.name
        town = message.town.id
        townName = message.town.name
        self.text = text
        sent = message.alert.sent
        reported = message.alert.reported ?? message.alert.sent
        expires = message.alert.expires
        act = message.alert.act
        subject = try Self.subject(message)
    }

    /// Whether the whole document is taken back. One shelter's mistake does not close the others: that is a correction.
    var isCancel: Bool {
        guard message == .cancel else { return false }
        guard case .shelters(let shelters) = subject else { return true }
        return !shelters.contains { $0.state == .open || $0.state == .full }
    }

    var category: Category {
        switch subject {
        case .evacuation: .evacuationOrder
        case .shelters: .shelter
        case .headquarters: .antidisasterHeadquarter
        case .notice: .generalInformation
        }
    }

    /// A cancel may come without the details of what it takes back.
    private static func subject<M: Mode>(_ message: Message<M>) throws(DeliveryFailure) -> Subject {
        let alert = message.alert
        switch (alert.kind, alert.detail) {
        case (.evacuation, .evacuation(let order)): return .evacuation(order)
        case (.evacuation, _) where alert.message == .cancel:
            return .evacuation(EvacuationOrder(level: .order, hazard: "", districts: []))
        case (.shelter, _):
            // An empty state would close every shelter of the town.
            guard !message.shelters.isEmpty else { throw .rejected("この市町村の避難所の登録がありません (the town's register has no shelters)") }
            return .shelters(message.shelters)
        case (.headquarters, .headquarters(let seat)): return .headquarters(seat)
        case (.notice, .notice(let notice)): return .notice(notice)
        case (.notice, _):
            guard let text = message.texts[.japanese] else { throw .rejected("日本語の文面がありません (no Japanese text was rendered)") }
            return .notice(Notice(title: text.title, body: text.body))
        case (.headquarters, _):
            throw .rejected("名前と状態のない本部は公開しません (a headquarters without a name and a state is not published)")
        case (.evacuation, _):
            throw .rejected("警戒レベルと地区のない避難情報は公開しません (an evacuation order without level and districts is not published)")
        default:
            throw .rejected("\(alert.kind.rawValue)をＬアラートに出すのは気象庁で、市町村ではありません (not a municipality's to publish)")
        }
    }
}

/// The kinds of document (Control/Title and commons:category). DamageInformation and Event need kinds of alert that the
/// hub does not have (README).
enum Category: String, Sendable, Codable {
    case evacuationOrder = "EvacuationOrder"
    case shelter = "Shelter"
    case antidisasterHeadquarter = "AntidisasterHeadquarter"
    case generalInformation = "GeneralInformation"
    case urgentMail = "UrgentMail"

    /// Head/Title, after the organisation.
    var words: String {
        switch self {
        case .evacuationOrder: "避難情報"
        case .shelter: "避難所情報"
        case .antidisasterHeadquarter: "災害対策本部設置状況"
        case .generalInformation: "お知らせ"
        case .urgentMail: "緊急速報メール"
        }
    }
}
