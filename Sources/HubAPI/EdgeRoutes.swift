internal import AlertModel
internal import Bundles
internal import Certificates
internal import ChannelKit
internal import Devices
internal import Foundation
internal import HTTPTypes
internal import Logging
internal import NIOCore
internal import Seals
internal import Streams
internal import Synchronization
internal import Hub
internal import Hummingbird
internal import Serving
internal import Tablets
internal import Web

/// What an edge asks for beyond what every device may: who is of its site and of its town, and what the town's other places were told, so that
/// tablets get in and know what stands while the line is cut.
extension HubRouter {
    private struct SiteRegister: Encodable {
        var town, site: String
        var devices: [MirroredDevice]
        /// Where they stand.
        var place: SitePlace?
        /// How the edge that asks is called in its certificate, and the fingerprint of the authority that signs it now.
        var hosts: [String]
        var authority: String
    }

    /// Where a site's tablets stand, by the town's settings of now.
    func place(of topic: StreamTopic) -> SitePlace? {
        guard let town = hub.town(topic.town), let endpoint = town.endpoints.first(where: { $0.id == topic.site && configuration.has($0, .tablet) }) else { return nil }
        return SitePlace(endpoint, of: town)
    }

    /// Tablets that an edge tells of: a school's worth at once, after a day without its line, and then one a second. A stolen edge fills nothing with them.
    private final class EdgeLimit: Sendable {
        let redeemed = Mutex(Allowance(atOnce: 600, perMinute: 60))
    }

    func addEdge(to router: Router<Context>) {
        let limit = EdgeLimit()
        router.get("/v1/edge/register") { request, _ in
            let edge = try edge(request)
            return try Answer.json(
                SiteRegister(
                    town: edge.town.code, site: edge.site, devices: hub.devices.tablets(of: edge.site, in: edge.town), place: place(of: StreamTopic(town: edge.town, site: edge.site)),
                    hosts: edge.hosts ?? [], authority: edge.hosts?.isEmpty == false ? hub.authorities(of: edge.town).last?.fingerprint ?? "" : ""))
        }
        router.get("/v1/edge/guests") { request, _ in
            let edge = try edge(request)
            let (octets, tag) = try registers.register(of: edge.town, hub)
            return Self.tagged(tag, request, "application/json") { octets }
        }
        router.post("/v1/edge/redeemed") { request, _ in
            struct Redeemed: Decodable { var redeemed: [RedeemedCode] }
            struct Result: Encodable {
                var device: String
                var state: Redemption
            }
            let edge = try edge(request)
            let told = try await Body.decode(Redeemed.self, request, upTo: 256 << 10).redeemed
            guard told.count <= 200 else { throw Problem(.badRequest, "redeemed: 一度に200件までです (at most 200 at once)") }
            let now = hub.clock()
            if let wait = limit.redeemed.withLock({ $0.take(max(1, told.count), of: edge.id, at: now) }) {
                var problem = Problem(.tooManyRequests, "この中継機からの数が多すぎます (too many from this edge)")
                // Two hundred at one a second.
                problem.headers[.retryAfter] = "\(Int(min(wait, 200).rounded(.up)))"
                throw problem
            }
            let results = told.map { item in
                let ago = min(max(0, (item.elapsed_ms.flatMap { $0.isFinite ? $0 : nil } ?? 0) / 1000), 200 * 86_400)
                let (outcome, device) = hub.devices.merge(item, in: edge.town, at: now.addingTimeInterval(-ago)) { hub.seals.revocation(of: $0, in: edge.town) }
                if let device { noteRedeemed(device, outcome, at: edge) }
                return Result(device: item.device, state: outcome)
            }
            try await hub.onDisk()
            for site in Set(told.compactMap { hub.devices.device(id: $0.device, of: edge.town)?.site }) { tellEdges(of: site, in: edge.town) }
            return try Answer.json(["results": results])
        }
        router.get("/v1/edge/elsewhere") { request, _ in
            let edge = try edge(request)
            let places = Set(sites(of: edge.town)).subtracting([edge.site])
            let here = request.uri.queryParameters["here"].map { $0.split(separator: ",").map(String.init) } ?? []
            hub.stream.heardBeyond(here.filter(places.contains).map { StreamTopic(town: edge.town, site: $0) }, every: TownSeals.stateEvery)
            let told = Elsewhere(hub.stream.elsewhere(of: edge.town, besides: edge.site), places: places)
            return Self.tagged(told.tag, request, "text/event-stream") { told.octets(now: .now) }
        }
    }

    private func edge(_ request: Request) throws(Problem) -> Device {
        let edge = try hub.devices.asking(request)
        guard edge.isEdge else { throw Problem(.forbidden, "町の端末を尋ねられるのは中継機だけです (only an edge asks for its town's devices)") }
        return edge
    }

    private func noteRedeemed(_ device: Device, _ outcome: Redemption, at edge: Device) {
        guard let town = hub.town(device.town) else { return }
        let name = { (site: String) in town.endpoints.first { $0.id == site }?.name ?? site }
        let words = switch outcome {
        case .taken: "事前に出した番号で登録した"
        case .used: "事前に出した番号が先に使われていたので断った"
        case .revoked, .expired, .unknown: "事前に出した番号が取り消されていたか期限切れなので断った"
        }
        hub.noteDown(.device, "\(words)：\(name(device.site))の端末\(device.id)（\(name(edge.site))の中継機で）", about: device.id, .actual, in: town.id, by: "device:\(edge.id)")
        hub.logger.notice("paper code merged", metadata: ["device": "\(device.id)", "edge": "\(edge.id)", "outcome": "\(outcome.rawValue)"])
    }

    private func sites(of town: TownID) -> [String] {
        hub.town(town)?.endpoints.filter { configuration.has($0, .tablet) }.map(\.id) ?? []
    }

    private static func tagged(_ tag: String, _ request: Request, _ type: String, _ body: () -> [UInt8]) -> Response {
        let fields: HTTPFields = [.eTag: tag, .cacheControl: "no-store", .contentType: type]
        if EntityTags(request.headers[.ifNoneMatch])?.contains(tag) == true { return Response(status: .notModified, headers: fields) }
        return Response(status: .ok, headers: fields, body: .init(byteBuffer: ByteBuffer(bytes: body())))
    }

    /// The site's edges ask again, now and not at their next round.
    func tellEdges(of site: String, in town: TownID) {
        for device in hub.devices.devices(of: town) where device.isEdge && device.site == site && device.revoked == nil {
            hub.stream.tell(device: device.id, "register")
        }
    }
}

/// A town's register as its edges have it, signed once for all of them.
final class SealedRegisters: Sendable {
    private struct Sealed {
        var version: UInt64
        /// By which the tablets know it to be the town's: another key signs anew.
        var key: String
        var octets: [UInt8]
    }
    private let run = DeviceRegister.randomToken().prefix(8)
    private let known = Mutex<[TownID: Sealed]>([:])

    func register(of town: TownID, _ hub: Hub) throws -> (octets: [UInt8], tag: String) {
        // Before it is read: what changes meanwhile is told with the next number.
        let version = hub.devices.version(of: town), key = hub.seals.key(of: town).mark
        let tag = "\"\(run)-\(version)-\(key)\""
        if let one = known.withLock({ $0[town] }), one.version == version, one.key == key { return (one.octets, tag) }
        var register = hub.devices.register(of: town)
        if let own = hub.town(town) {
            (register.name, register.key) = (own.name, hub.seals.key(of: town).text)
            register.sites = Dictionary(own.endpoints.map { ($0.id, $0.name) }, uniquingKeysWith: { first, _ in first })
        }
        let line = try AlertJSON.line(register)
        let octets = hub.seals.seal(line, as: "register", of: town)?.line ?? line
        known.withLock { $0[town] = Sealed(version: version, key: key, octets: octets) }
        return (octets, tag)
    }
}

/// What a town's other places were told, as one finite stream: each line once, and at its end who heard which. A place's own `delivery` is put
/// back by whoever reads.
///
///     event: alert
///     data: {…}
///
///     event: site
///     data: {"site":"school-2","told":[{"line":0,"at":210,"piece":"\"delivery\":…,","lasts":3600}]}
///
///     event: end
///     data: {}
struct Elsewhere {
    private struct Heard: Encodable {
        var site: String
        var told: [Told]
    }
    private struct Told: Encodable {
        var line: Int
        var at: Int?
        var piece: String?
        /// Seconds.
        var lasts: Int64?
    }

    private let sites: [(site: String, entries: [StreamLog.Entry])]
    /// The same for as long as nothing was told anywhere.
    let tag: String

    init(_ told: (epoch: UInt64, sites: [String: [StreamLog.Entry]]), places: Set<String>) {
        sites = places.sorted().map { (site: $0, entries: Array((told.sites[$0] ?? []).suffix(TownSeals.mostInForce))) }
        let text = sites.map { one in one.site + ":" + one.entries.map { "\($0.offset)" }.joined(separator: ",") }.joined(separator: ";")
        tag = "\"\(told.epoch)-\(DeviceRegister.digest(text).prefix(24))\""
    }

    func octets(now: ContinuousClock.Instant) -> [UInt8] {
        var all: [UInt8] = [], numbers: [[UInt8]: Int] = [:], heard: [Heard] = []
        for (site, entries) in sites {
            heard.append(Heard(site: site, told: entries.map { entry in
                let (line, at, piece) = Self.withoutDelivery(entry.event.data)
                let number = numbers[line] ?? numbers.count
                if number == numbers.count {
                    numbers[line] = number
                    all += ServerSentEvent.encode(entry.event.name, data: line, position: nil).readableBytesView
                }
                // At most a year.
                return Told(line: number, at: at, piece: piece, lasts: entry.expires.map { max(0, now.duration(to: $0).components.seconds) })
            }))
        }
        for one in heard {
            guard let line = try? Answer.encoder().encode(one) else { continue }
            all += ServerSentEvent.encode("site", data: [UInt8](line), position: nil).readableBytesView
        }
        return all + ServerSentEvent.encode("end", data: Array("{}".utf8), position: nil).readableBytesView
    }

    private static func withoutDelivery(_ line: [UInt8]) -> (line: [UInt8], at: Int?, piece: String?) {
        guard let members = JSONMembers(line, in: line.indices), let place = members.all.firstIndex(where: { line[$0.key].elementsEqual("delivery".utf8) }),
            place + 1 < members.all.count
        else { return (line, nil, nil) }
        // From its quote to the next member's.
        let piece = members.all[place].key.lowerBound - 1..<members.all[place + 1].key.lowerBound - 1
        var rest = line
        rest.removeSubrange(piece)
        return (rest, piece.lowerBound, String(decoding: line[piece], as: UTF8.self))
    }
}
