import AlertModel
import ChannelKit
import ChannelKitTesting
import FoundationEssentials
import Logging
import Synchronization

@testable import WiFiPortal

/// Wall time of a test, turned by hand.
final class Hand: Sendable {
    private let time: Mutex<Date>
    init(_ time: Date) { self.time = Mutex(time) }
    var now: Date { time.withLock { $0 } }
    func turn(_ seconds: TimeInterval) { time.withLock { $0 += seconds } }
}

/// 2026-11-23 14:46 in Japan.
let start = Date(timeIntervalSince1970: 1_795_412_760)

func folder() -> URL {
    let path = NSTemporaryPath() + "/noroshi-portal-\(UInt64.random(in: 0 ... .max))"
    return URL(fileURLWithPath: path)
}

private func NSTemporaryPath() -> String { FileManager.default.temporaryDirectory.path }

struct NoTransport: HTTPTransport {
    func send(_ call: HTTPCall, deadline: ContinuousClock.Instant) async throws(TransportFailure) -> HTTPAnswer {
        throw .unreachable("a page needs no transport")
    }
}

struct NoStream: StreamPublisher {
    func publish(_ event: StreamEvent, to topic: StreamTopic) -> (position: StreamPosition, live: Int) {
        (StreamPosition(epoch: 0, offset: 0), 0)
    }
}

func setup<M: Mode>(_ mode: M.Type, in directory: URL, _ hand: Hand) -> ChannelSetup<M> {
    ChannelSetup(
        settings: [:], transport: NoTransport(), stream: NoStream(), notebook: MemoryNotebook(), directory: directory,
        logger: Logger(label: "test"), wallClock: { hand.now })
}

struct Sample {
    var event = "e"
    var serial = 1
    var message = MessageType.alert
    var kind = AlertKind.evacuation
    var detail = Detail.evacuation(
        EvacuationOrder(level: .order, hazard: "洪水", districts: ["本町"], reason: nil))
    var title = "警戒レベル4 避難指示"
    var body = "さくら市 本町地区に、洪水の避難指示を出しました。\n\n危険な場所にいる人は、全員避難してください。"
    var sent = start
    var lasting: TimeInterval = 3600
    var priority = Priority.urgent
    var endpoint = "spot-1"
    var town = TownID("042056")!
    var settings: [String: String] = [:]
    var shelters: [ShelterStatus] = []
    var gravity: Gravity?
    /// 地区 the spot stands in.
    var district: String?

    var content: AlertContent {
        AlertContent(
            id: AlertID("\(event)-\(serial)-\(message.rawValue)"), event: EventID(event), kind: kind, message: message,
            revision: Revision(series: "operator", serial: serial, sent: sent, isCancel: message == .cancel),
            type: "operator", title: title, sender: "さくら市", sent: sent, expires: sent + lasting, detail: detail)
    }

    func texts(drill: Bool) -> [Language: RenderedText] {
        let mark = drill ? "【訓練】" : ""
        return [
            .japanese: RenderedText(title: mark + title, body: body),
            .easyJapanese: RenderedText(title: mark + "にげて ください", body: "川の 水が あふれます。すぐに にげて ください。"),
            .english: RenderedText(title: (drill ? "[DRILL] " : "") + "Evacuate now", body: "Flood. Leave dangerous places at once."),
        ]
    }

    func message<M: Mode>(_ mode: M.Type) -> Message<M> {
        let place = Town(
            id: town, name: "さくら市", romanName: "Sakura City", areas: [:],
            endpoints: [Endpoint(id: endpoint, channel: "wifi-portal", name: "市民体育館", district: district)],
            districtRomanNames: ["本町": "Honcho"])
        return Message(
            alert: Alert<M>(content), town: place, priority: priority, texts: texts(drill: M.name == .exercise),
            local: [], shelters: shelters, gravity: gravity)
    }

    func delivery<M: Mode>(_ mode: M.Type) -> Delivery<M> {
        let end = FarEnd<M>(town: town, id: endpoint, name: "市民体育館", settings: settings)
        return Delivery(
            id: DeliveryID(alert: content.id, town: town, channel: "wifi-portal", endpoint: endpoint),
            alert: content.id, event: content.event, message: message, farEnd: end, priority: priority, attempt: 1,
            deadline: .now + .seconds(5))
    }
}

/// A portal of both modes over one folder, as the hub has them.
struct Both {
    let directory: URL
    let hand: Hand
    let pages = PageShelf()
    let notebook: MemoryNotebook
    let site: PortalSite
    let real: WiFiPortal<Actual>
    let drill: WiFiPortal<Exercise>

    init(in directory: URL = folder(), notebook: MemoryNotebook = MemoryNotebook(), at date: Date = start) throws {
        hand = Hand(date)
        self.directory = directory
        self.notebook = notebook
        site = PortalSite(directory: directory.path, pages, notebook, disk: PortalThread())
        real = try WiFiPortal(setup(Actual.self, in: directory, hand), site: site, clock: ContinuousClock())
        drill = try WiFiPortal(setup(Exercise.self, in: directory, hand), site: site, clock: ContinuousClock())
    }

    /// The next start of the program: what was in memory alone is gone.
    func restarted(after seconds: TimeInterval? = nil) throws -> Both {
        try Both(in: directory, notebook: MemoryNotebook(notebook.all), at: seconds.map { hand.now + $0 } ?? start)
    }

    @discardableResult
    func send(_ sample: Sample) async throws(DeliveryFailure) -> Receipt {
        try await real.deliver(sample.message(Actual.self), sample.delivery(Actual.self))
    }

    @discardableResult
    func practise(_ sample: Sample) async throws(DeliveryFailure) -> Receipt {
        try await drill.deliver(sample.message(Exercise.self), sample.delivery(Exercise.self))
    }

    func age() async { _ = await site.age(now: hand.now) { _, _ in } }

    /// As the hub serves it.
    func file(_ name: String, spot: String = "spot-1") -> [UInt8]? {
        let plain = name.hasSuffix(".gz") ? String(name.dropLast(3)) : name
        let file = (pages[spot] as? PageBundle)?.file(plain)
        return plain == name ? file?.bytes : file?.gzip
    }

    /// What the disk would show after a restart.
    func kept(_ spot: String = "spot-1") -> SpotState? {
        (try? SpotFolder(path: "\(directory.path)/\(spot)").readState()).flatMap(\.self).flatMap { try? SpotState(encoded: $0) }
    }

    /// The Japanese page without what stands over its words; `written` with it.
    func page(_ language: Language = .japanese, of spot: String = "spot-1") -> String {
        language == .japanese ? written(language, of: spot).withoutReadings : written(language, of: spot)
    }

    func written(_ language: Language = .japanese, of spot: String = "spot-1") -> String {
        String(decoding: file("index.\(language).html", spot: spot) ?? [], as: UTF8.self)
    }
}
