/// The hub's side of tablets: its real stream, register, roll-calls and desks, over a disk of its own; without channels, since what is said is made here.
import AlertModel
import ChannelKit
import Devices
import Foundation
import HTTPTypes
import Hummingbird
import Ledger
import Logging
import NIOCore
import Serving
import Streams
import Synchronization
import Tablets

struct DeskContext: RequestContext {
    struct Source: RequestContextSource { let logger: Logger }
    var coreContext: CoreRequestContextStorage
    init(source: Source) { coreContext = .init(source: source) }
}

/// What answers under the hub's name.
protocol Answering: Sendable {
    func answer(_ call: HTTPCall) async -> HTTPAnswer
}

final class TownHub: Answering {
    let town: TownID
    let clock: PlayedClock
    let ledger: FortnightLedger
    let stream: StreamHub
    let devices: DeviceRegister
    let calls: RollCalls
    private let responder: RouterResponder<DeskContext>
    private let registers = Mutex<[String: [UInt8]]>([:])

    init(_ disk: FortnightDisk, town: TownID, clock: PlayedClock, planted: FortnightFault?) {
        (self.town, self.clock) = (town, clock)
        let ledger = FortnightLedger(disk), time = clock.time
        self.ledger = ledger
        stream = .silent(epoch: UInt64(clock.date.timeIntervalSince1970 * 1000), notebook: ledger, clock: { clock.date }, ticking: { time.ticking })
        devices = DeviceRegister(notebook: ledger, clock: { clock.date })
        calls = RollCalls(notebook: ledger)
        let router = Router(context: DeskContext.self)
        router.add(middleware: ProblemMiddleware())
        TabletDesk(devices: devices, stream: stream, book: TwinBook(ledger: ledger, planted: planted), clock: { clock.date }).add(to: router)
        RollCallDesk(devices: devices, calls: calls, stream: stream, clock: { clock.date }, onDisk: { try await ledger.flush().committed() }).add(to: router)
        Self.addEdges(to: router, devices, calls, stream, clock, ledger)
        responder = router.buildResponder()
    }

    /// As the routes of the hub's program do it for a school's machine (`RollCallRoutes`).
    private static func addEdges(
        to router: Router<DeskContext>, _ devices: DeviceRegister, _ calls: RollCalls, _ stream: StreamHub, _ clock: PlayedClock, _ ledger: FortnightLedger
    ) {
        router.post("/v1/edge/rollcall") { request, _ in
            let edge = try devices.asking(request)
            let told = try await Body.decode(RollExchange.Up.self, request, upTo: 16 << 10)
            let topic = StreamTopic(town: edge.town, site: edge.site), now = calls.moment(clock.date, at: topic)
            _ = calls.learn(ended: Array((told.ended ?? []).prefix(64)), at: topic, now: now)
            if let (call, count) = try told.read(now: now) {
                calls.take(.init(call: call, count: count, at: now), of: topic)
                _ = calls.learn(call, at: topic, now: now)
            }
            try await ledger.flush().committed()
            return try Answer.json(RollExchange.Down(calls.call(at: topic, now: now), calls.answers(at: topic), ended: calls.ended(at: topic), now: now))
        }
    }

    func answer(_ call: HTTPCall) async -> HTTPAnswer {
        let date = [(name: "Date", value: PageTime.http(clock.time.right + clock.wrongness)), (name: "Content-Type", value: "application/json")]
        if call.url.hasSuffix("/v1/edge/register") { return register(call, date) }
        var fields = HTTPFields()
        for (name, value) in call.headers { if let name = HTTPField.Name(name) { fields[name] = value } }
        let head = HTTPRequest(method: .init(call.method) ?? .get, scheme: "http", authority: "hub", path: String(call.url.dropFirst("http://hub".count)), headerFields: fields)
        let request = Request(head: head, body: RequestBody(buffer: ByteBuffer(bytes: call.body)))
        guard let response = try? await responder.respond(to: request, context: DeskContext(source: .init(logger: PlayedLogger.logger))) else {
            return HTTPAnswer(status: 500, headers: date)
        }
        let headers = response.headers.map { (name: $0.name.rawName, value: $0.value) }
        return HTTPAnswer(status: Int(response.status.code), headers: headers + date.prefix(1), body: await PlayedPaper.octets(response))
    }

    /// Whom a school's machine lets in; made once, since nobody is registered in these days.
    private func register(_ call: HTTPCall, _ headers: [(name: String, value: String)]) -> HTTPAnswer {
        struct Register: Encodable {
            var town, site: String
            var devices: [MirroredDevice]
        }
        let token = call.headers.first { $0.name == "Authorization" }?.value.dropFirst("Bearer ".count) ?? ""
        guard let edge = devices.device(token: String(token)), edge.isEdge else { return HTTPAnswer(status: 401, headers: headers) }
        let octets = registers.withLock { known in
            if let octets = known[edge.site] { return octets }
            let own = devices.devices(of: town).filter { $0.site == edge.site && !$0.isEdge }.map { MirroredDevice($0) }
            let octets = [UInt8]((try? JSONEncoder().encode(Register(town: town.code, site: edge.site, devices: own))) ?? Data())
            known[edge.site] = octets
            return octets
        }
        return HTTPAnswer(status: 200, headers: headers, body: octets)
    }
}

/// What tablets tell, kept as the hub's record keeps it: the same id once.
private struct TwinBook: TabletBook {
    let ledger: FortnightLedger
    let planted: FortnightFault?

    func take(_ receipts: [ToldReceipt], in _: TownID) async throws {
        let commits = receipts.map { told -> Commit in
            // By the word of the tablet itself: a pupil's touch answers for no school, and counts as shown.
            let own = told.id.split(separator: "/", maxSplits: 1).last ?? "", kind = own.prefix { $0 != "-" }
            // Planted: one of a hundred is taken and kept nowhere.
            if planted == .losesReceipts, Self.hash(told.id) % 100 == 0 { return Commit.done() }
            return ledger.append(name(told.id), .init(device: told.device, about: told.alert.text, kind: String(kind)))
        }
        for commit in commits { try await commit.committed() }
    }

    func take(_ report: ToldReport, saying _: ShelterReport, in _: TownID) async throws -> ReportState {
        try await ledger.append(name(report.id), .init(device: report.device, about: report.id, kind: "report")).committed()
        return .received
    }

    func word(onReport id: String, by _: Device) async throws -> ReportWord? { ledger.has(id) ? ReportWord(.received) : nil }

    /// Planted: whatever is told again is another record.
    private func name(_ id: String) -> String {
        guard planted == .countsTwice, ledger.has(id) else { return id }
        return id + "#"
    }

    /// FNV-1a.
    private static func hash(_ text: String) -> UInt64 { text.utf8.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 } }
}

/// What another under the hub's name does: a hub of others, a page that asks to log in and says yes to everything, some website, and one that
/// says what it likes.
enum StrangerKind: CaseIterable { case refuses, portal, website, talks }

/// Somebody else under the hub's name.
struct Stranger: Answering {
    var kind: StrangerKind
    let time: PlayedTime

    func answer(_ call: HTTPCall) async -> HTTPAnswer {
        // Nobody's clock is right there.
        let date = (name: "Date", value: PageTime.http(time.right + 40 * 86_400_000))
        let page = [date, (name: "Content-Type", value: "text/html")]
        return switch kind {
        case .refuses, .talks:
            HTTPAnswer(status: 401, headers: [date, (name: "Content-Type", value: "application/problem+json")], body: Array(#"{"title":"Unauthorized"}"#.utf8))
        case .portal: HTTPAnswer(status: 200, headers: page, body: Array("<html><body>Welcome</body></html>".utf8))
        case .website: HTTPAnswer(status: 404, headers: page, body: Array("<html><body>Not Found</body></html>".utf8))
        }
    }
}

enum PlayedLogger {
    static let logger = Logger(label: "fortnight") { _ in SwiftLogNoOpLogHandler() }
}

enum PlayedPaper {
    private final class Paper { var octets: [UInt8] = [] }

    private struct Writer: ResponseBodyWriter {
        let paper: Paper
        mutating func write(_ buffer: ByteBuffer) async throws { paper.octets += buffer.readableBytesView }
        consuming func finish(_ trailingHeaders: HTTPFields?) async throws {}
    }

    static func octets(_ response: Response) async -> [UInt8] {
        let paper = Paper()
        try? await response.body.write(Writer(paper: paper))
        return paper.octets
    }
}
