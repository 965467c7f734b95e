import AlertModel
import Bundles
import ChannelKit
import Desk
import Devices
import Dispatching
import Streams
import Foundation
import HTTPTypes
import Hub
import Hummingbird
import Ledger
import Logging
import NIOCore
import NIOEmbedded
import NIOPosix
import Rendering
import Targeting

@testable import HubAPI

/// A whole hub in memory behind its front door, without a socket: one town, one spot, one school, no channels; a second town
/// where one is wanted, for which `desk` does not work.
struct House {
    static let token = "desk"
    /// Of whom everything is everywhere.
    static let root = "root"
    static let town = "042056"
    static let neighbour = "042021"
    static let logger = Logger(label: "house", factory: { _ in SwiftLogNoOpLogHandler() })

    let hub: Hub
    let router: HubRouter
    let wakes: WakeRegister
    private let door: any HTTPResponder<HubRouter.Context>

    init(
        start: StartWatch = StartWatch(), ledger: any Ledger = MemoryLedger(), approval: ApprovalPolicy? = nil,
        hasNeighbour: Bool = false, isElsewhere: Bool = false, networks: [String] = [], plans: TownPlans? = nil, crowding: Bool? = nil, shelters: [Shelter] = [], districts: [String] = [], outline: [[Coordinate]] = [], areas: [AreaScheme: Set<String>] = [:], hasTablets: Bool = false, copies: HeldCopies? = nil, operators: [Operator] = [], clock: (@Sendable () -> Date)? = nil,
        paperKey: OwnPaperKey = OwnPaperKey(), roots: URL? = nil, chance: (@Sendable () -> UInt64)? = nil,
        time given: HubClock? = nil, staff: (any StaffCaller)? = nil, photos: ReportPhotos? = nil, hasWakes: Bool = false
    ) async throws {
        let time = given ?? clock.map { HubClock(wall: $0) } ?? HubClock()
        let journal = DeliveryJournal(ledger: ledger)
        let renderer = try Renderer(directory: Self.package.appending(path: "Templates"))
        guard let id = TownID(Self.town), let other = TownID(Self.neighbour) else { throw NoTown() }
        var all = [Town(
            id: id, name: "気仙沼市", romanName: "Kesennuma City", areas: areas, districts: districts, shelters: crowding != nil ? [Shelter(id: "gym", name: "市民体育館")] : shelters,
            endpoints: [
                Endpoint(id: "eki", channel: "wifi-portal", name: "駅前 <1>"),
                Endpoint(id: "school", channel: "school-tablet", name: "第一小学校", shelter: crowding == nil ? nil : "gym"),
            ] + (hasWakes ? [Endpoint(id: "school", channel: "push", name: "第一小学校", actual: [:], exercise: [:])] : []), outline: outline)]
        if hasNeighbour {
            all.append(Town(
                id: other, name: "石巻市", romanName: "Ishinomaki City", areas: [:],
                endpoints: [
                    Endpoint(id: "ishinomaki-eki", channel: "wifi-portal", name: "石巻駅"),
                    Endpoint(id: "ishinomaki-school", channel: "school-tablet", name: "湊小学校"),
                ]))
        }
        // A hub of other towns, far away.
        if isElsewhere { all = [Town(id: other, name: "石巻市", romanName: "Ishinomaki City", areas: [:], endpoints: [Endpoint(id: "ishinomaki-eki", channel: "wifi-portal", name: "石巻駅")])] }
        let towns = TownRegister(all)
        func line<M: Mode>() -> Line<M> {
            Line(
                channels: hasTablets ? [ChannelSlot(MuteTablets<M>(), observer: journal, logger: Self.logger)] : [], towns: towns, routing: RoutingTable(), renderer: renderer, ledger: ledger, journal: journal, logger: Self.logger,
                clock: { time.now })
        }
        let stream = try await StreamHub.start(on: MultiThreadedEventLoopGroup.singleton, epoch: 7, notebook: ledger)
        var parts = Hub.Parts(
            actual: line(), exercise: line(), towns: towns, ledger: ledger, journal: journal,
            devices: DeviceRegister(notebook: ledger), stream: stream,
            people: People(
                [
                    Operator(name: "desk", tokenDigest: DeviceRegister.digest(Self.token), towns: hasNeighbour ? [id] : nil, scopes: Set(Scope.allCases)),
                    Operator(name: "root", tokenDigest: DeviceRegister.digest(Self.root)),
                ] + operators, notebook: ledger, cost: 4),
            approvals: approval.map { [id: $0] } ?? [:], networks: networks.isEmpty ? [:] : [id: networks.compactMap { Network($0) }],
            plans: plans.map { [id: $0] } ?? [:], crowding: crowding == true ? [id] : [], logger: Self.logger,
            time: time, start: start)
        (parts.paperKey, parts.rootFolder, parts.staffCaller) = (paperKey, roots, staff)
        if let chance { parts.chance = chance }
        hub = Hub(parts)
        var configuration = HubRouter.Configuration(
            publicAddress: "https://hub.example.jp",
            channels: [
                ChannelManifest(
                    name: "wifi-portal", title: "Wi-Fiスポット", role: .page, afterSending: .lastStateWins, drills: .shownApart, concurrency: 2,
                    reservedForImmediate: 1, attemptLimit: .seconds(1)),
                ChannelManifest(
                    name: "school-tablet", title: "学校タブレット", role: .tablet, afterSending: .lastStateWins, drills: .shownApart, concurrency: 2,
                    reservedForImmediate: 1, attemptLimit: .seconds(1)),
                ChannelManifest(
                    name: "webhook", title: "外部システム", role: .machine, afterSending: .cannotBeChanged, drills: .needOwnFarEnd, concurrency: 2,
                    reservedForImmediate: 1, attemptLimit: .seconds(1), secretKeys: ["secret"]),
                ChannelManifest(
                    name: "program", title: "外部プログラム", role: .machine, afterSending: .cannotBeChanged, drills: .needOwnFarEnd, concurrency: 2,
                    reservedForImmediate: 1, attemptLimit: .seconds(1), runsHere: true),
                ChannelManifest(
                    name: "push", title: "端末を起こす合図", role: .hint, afterSending: .lastStateWins, drills: .shownApart, concurrency: 2,
                    reservedForImmediate: 1, attemptLimit: .seconds(1)),
            ])
        wakes = WakeRegister(
            devices: hub.devices, folder: FileManager.default.temporaryDirectory.appending(path: "noroshi-wakes-\(UUID().uuidString)"), hosts: try WakeHosts("https://push.town.example"),
            appleTopic: "jp.example.city.bosai")
        configuration.wakes = wakes
        configuration.townReader = PaperReader()
        configuration.heldCopies = copies
        configuration.photos = photos
        configuration.voice = HubVoice(sender: "hub.example.jp", signer: nil)
        router = HubRouter(
            hub: hub, readiness: Readiness(ledger: ledger, renderer: renderer, logger: Self.logger), configuration: configuration)
        door = router.responder()
    }
    private struct NoTown: Error {}

    static let package: URL = {
        var url = URL(filePath: #filePath).resolvingSymlinksInPath()
        for _ in 0..<3 { url.deleteLastPathComponent() }
        return url
    }()

    struct Heard {
        var status: Int
        var headers: HTTPFields
        var body: String
    }

    /// - Parameter host: nil leaves the field out.
    func call(
        _ method: String, _ path: String, _ body: String? = nil, token: String? = House.token, host: String? = "hub", headers: HTTPFields = [:],
        from: String? = nil, door: (any HTTPResponder<HubRouter.Context>)? = nil
    ) async throws -> Heard {
        var fields = headers
        if let token { fields[.authorization] = "Bearer \(token)" }
        if let body {
            if fields[.contentType] == nil { fields[.contentType] = "application/json" }
            fields[.contentLength] = "\(body.utf8.count)"
        }
        return try await answer(method, path, fields, RequestBody(buffer: ByteBuffer(string: body ?? "")), host, from, door)
    }

    /// A body that is more than its octets.
    func call(_ method: String, _ path: String, body: RequestBody, headers: HTTPFields) async throws -> Heard {
        try await answer(method, path, headers, body, "hub", nil)
    }

    /// Without a length, piece by piece; `fails`: whoever sends is gone before the end.
    func stream(_ path: String, pieces: [String], headers: HTTPFields, fails: Bool = false) async throws -> Heard {
        let body = AsyncThrowingStream<ByteBuffer, any Error> { stream in
            for piece in pieces { stream.yield(ByteBuffer(string: piece)) }
            stream.finish(throwing: fails ? ChannelError.eof : nil)
        }
        return try await answer("POST", path, headers, RequestBody(asyncSequence: body), "hub", nil)
    }

    private func answer(_ method: String, _ path: String, _ fields: HTTPFields, _ body: RequestBody, _ host: String?, _ from: String?, _ other: (any HTTPResponder<HubRouter.Context>)? = nil) async throws -> Heard {
        let head = HTTPRequest(method: .init(method) ?? .get, scheme: "http", authority: host, path: path, headerFields: fields)
        let channel = EmbeddedChannel()
        if let from { channel.remoteAddress = try SocketAddress(ipAddress: from, port: 1) }
        let context = HubRouter.Context(source: ApplicationRequestContextSource(channel: channel, logger: Self.logger))
        let response = try await (other ?? door).respond(
            to: Request(head: head, body: body), context: context)
        let paper = Paper()
        try await response.body.write(PaperWriter(paper: paper))
        return Heard(status: response.status.code, headers: response.headers, body: String(buffer: paper.buffer))
    }
}

private final class Paper {
    var buffer = ByteBuffer()
}

private struct PaperWriter: ResponseBodyWriter {
    let paper: Paper
    mutating func write(_ buffer: ByteBuffer) async throws { paper.buffer.writeImmutableBuffer(buffer) }
    consuming func finish(_ trailing: HTTPFields?) async throws {}
}

extension Hub {
    /// What was done of this kind, as the record has it.
    func deedsForTests(_ kind: String) async throws -> [RecordedDeed] {
        var query = DeedQuery()
        query.kind = kind
        guard let town = TownID(House.town) else { return [] }
        return try await ledger.town(town).deeds(query)
    }
}

/// A channel that decides like the tablets' and never sends: nobody runs it.
private struct MuteTablets<M: Mode>: ChannelAdapter {
    static var manifest: ChannelManifest {
        ChannelManifest(
            name: "school-tablet", role: .tablet, afterSending: .lastStateWins, drills: .shownApart, languages: [.japanese], concurrency: 2,
            reservedForImmediate: 1, attemptLimit: .seconds(1))
    }

    init() {}
    init(_ setup: ChannelSetup<M>) throws(SettingsError) {}
    func deliver(_ message: Message<M>, _ delivery: Delivery<M>) async throws(DeliveryFailure) -> Receipt { Receipt() }
}
