package import AlertModel
package import ChannelKit
package import FoundationEssentials
internal import Logging

/// One town, its far ends and what happens there, for tests of channels. Everything is invented but the town's code.
package enum Sample {
    /// The wall clock of all samples: 2026-04-01T09:00:00+09:00.
    package static let now = Date(timeIntervalSince1970: 1_775_001_600)

    /// 気仙沼市; 総務省 全国地方公共団体コード.
    package static let town = Town(
        id: townID, name: "気仙沼市", romanName: "Kesennuma City",
        areas: [
            .localGovernment: ["042056"], .jmaCity: ["0420500"], .jmaTsunami: ["220"], .jmaEEW: ["9220"],
        ],
        districts: ["南町", "魚町"], shelters: [shelter])

    private static var townID: TownID {
        guard let id = TownID("042056") else { preconditionFailure("the sample's town code is wrong") }
        return id
    }

    package static let shelter = Shelter(
        id: "shelter-1", name: "第一小学校", romanName: "Daiichi Elementary School", address: "南町1",
        place: Coordinate(latitude: 38.9, longitude: 141.57), capacity: 300)

    package static func farEnd<M: Mode>(_ settings: [String: String] = [:], id: String = "far-end-1", as mode: M.Type)
        -> FarEnd<M>
    { FarEnd(town: town.id, id: id, name: "一号", settings: settings) }

    /// An alert with its texts. `words` are found in every text, so that a test can look for them over there.
    package static func message<M: Mode>(
        kind: AlertKind = .evacuation, _ type: MessageType = .alert, event: String = "sample-1", revision: Int = 1,
        words: String = "高台へ", priority: Priority = .urgent,
        languages: [Language] = [.japanese, .easyJapanese, .english],
        texts: [Language: RenderedText]? = nil, as mode: M.Type
    ) -> Message<M> {
        let sent = now.addingTimeInterval(Double(revision))
        let content = AlertContent(
            id: AlertID("\(event)-\(revision)"), event: EventID("op/\(town.id.code)/\(event)"), kind: kind,
            message: type,
            revision: Revision(series: "operator", serial: revision, sent: sent, isCancel: type == .cancel),
            type: "operator", title: title(kind), headline: words, sender: town.name, sent: sent, reported: sent,
            expires: now.addingTimeInterval(6 * 3600), areas: [statement(kind)], detail: detail(kind, type),
            town: town.id)
        return Message(
            alert: Alert<M>(content), town: town, priority: priority,
            texts: texts ?? Self.texts(languages, title: title(kind), words: words, type, as: mode),
            local: content.areas,
            shelters: [ShelterStatus(shelter: shelter, state: .open, since: now.timeIntervalSince1970)])
    }

    /// The message's way to `farEnd`. The same message and far end give the same delivery id, whatever the attempt.
    package static func delivery<M: Mode>(
        of message: Message<M>, to farEnd: FarEnd<M>, channel: String, attempt: Int = 1,
        deadline: ContinuousClock.Instant = .now + .seconds(20)
    ) -> Delivery<M> {
        Delivery(
            id: DeliveryID(alert: message.alert.id, town: farEnd.town, channel: channel, endpoint: farEnd.id),
            alert: message.alert.id, event: message.alert.event, message: message.alert.message, farEnd: farEnd,
            priority: message.priority, attempt: attempt, deadline: deadline)
    }

    package static func setup<M: Mode>(
        settings: [String: String] = [:], transport: any HTTPTransport = NoTransport(),
        stream: any StreamPublisher = RecordingStream(), wakes: (any WakeBook)? = nil, notebook: any Notebook = MemoryNotebook(),
        directory: URL = FileManager.default.temporaryDirectory.appending(component: "noroshi-\(UUID().uuidString)"),
        pages: PageShelf = PageShelf(),
        as mode: M.Type
    ) -> ChannelSetup<M> {
        ChannelSetup(
            settings: settings, transport: transport, stream: stream, wakes: wakes, notebook: notebook, directory: directory, pages: pages,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }, wallClock: { now })
    }

    // MARK: Words

    private static func texts<M: Mode>(
        _ languages: [Language], title: String, words: String, _ type: MessageType, as mode: M.Type
    ) -> [Language: RenderedText] {
        let isDrill = M.name == .exercise
        let act = type == .cancel ? "取消" : type == .update ? "更新" : "発表"
        var texts: [Language: RenderedText] = [:]
        for language in languages {
            let drill = !isDrill ? "" : language == .english ? "[DRILL] " : "【訓練】"
            texts[language] = RenderedText(title: drill + title, body: "\(drill)\(act) \(town.name) \(words)")
        }
        return texts
    }

    private static func title(_ kind: AlertKind) -> String {
        switch kind {
        case .eew: "緊急地震速報"
        case .tsunami: "大津波警報"
        case .evacuation: "避難指示"
        case .shelter: "避難所開設"
        case .headquarters: "災害対策本部の設置"
        default: "お知らせ"
        }
    }

    private static func detail(_ kind: AlertKind, _ type: MessageType) -> Detail {
        switch kind {
        case .evacuation:
            .evacuation(EvacuationOrder(
                level: .order, hazard: "津波", districts: ["南町"], shelters: [shelter.id], isLifted: type == .cancel))
        case .shelter:
            .shelter(ShelterNotice(shelter: shelter.id, name: shelter.name, address: shelter.address, state: .open))
        case .headquarters: .headquarters(Headquarters(state: type == .cancel ? .closed : .open))
        case .notice: .notice(Notice(title: "お知らせ", body: "断水"))
        default: .none
        }
    }

    private static func statement(_ kind: AlertKind) -> AreaStatement {
        switch kind {
        case .eew:
            AreaStatement(scheme: .jmaEEW, code: "9220", name: "宮城", kindCode: "31", kindName: "緊急地震速報（警報）")
        case .tsunami:
            AreaStatement(scheme: .jmaTsunami, code: "220", name: "宮城県", kindCode: "52", kindName: "大津波警報：発表")
        default: AreaStatement(scheme: .localGovernment, code: town.id.code, name: town.name)
        }
    }
}
