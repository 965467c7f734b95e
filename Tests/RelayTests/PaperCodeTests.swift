import AlertModel
import ChannelKit
import ChannelKitTesting
import Crypto
import Curl
import Devices
import Foundation
import Ledger
import Logging
import NIOPosix
import Seals
import Serving
import Streams
import Synchronization
import Tablets
import Testing

@testable import Relay

/// Codes of paper: what the town issues, what an edge does with one while its line is cut, and what becomes of it.
@Suite("Codes issued beforehand")
struct PaperCodeTests {
    private static let town = TownID("042056")!
    private static let day: TimeInterval = 86_400

    private final class Time: Sendable {
        private let value = Mutex(Date(timeIntervalSince1970: 1_796_000_000))
        var now: Date { value.withLock { $0 } }
        func turn(_ seconds: Double) { value.withLock { $0 += seconds } }
    }

    private struct Edge {
        let notes = MemoryLedger()
        let devices: DeviceRegister
        let codes: PaperCodes
        let hub: FarEndServer
        let transport: CurlTransport

        /// - Parameter town: who stands at the other end.
        init(_ site: String, time: Time, town: DeviceRegister, seals: TownSeals, notes: MemoryLedger? = nil) async throws {
            let notes = notes ?? self.notes
            devices = DeviceRegister(notebook: notes, clock: { time.now })
            hub = try await FarEndServer { request in
                if request.path == "/v1/reports" || request.path == "/v1/signs" { return PaperCodeTests.hear(request, town) }
                struct Told: Decodable { var redeemed: [RedeemedCode] }
                struct One: Encodable { var device: String; var state: Redemption }
                guard let told = try? JSONDecoder().decode(Told.self, from: Data(request.body)).redeemed else { return .answer(400) }
                let results = told.map { item in
                    let used = time.now.addingTimeInterval(-(item.elapsed_ms ?? 0) / 1000)
                    return One(device: item.device, state: town.merge(item, in: PaperCodeTests.town, at: used) { seals.revocation(of: $0, in: PaperCodeTests.town) }.outcome)
                }
                return .answer(200, body: [UInt8]((try? JSONEncoder().encode(["results": results])) ?? Data()))
            }
            transport = try CurlTransport()
            codes = PaperCodes(
                hub: HubLine(address: hub.url, token: "t", transport: transport), topic: StreamTopic(town: PaperCodeTests.town, site: site), devices: devices, notebook: notes,
                clock: { time.now }, onDisk: {}, logger: Logger(label: "t") { _ in SwiftLogNoOpLogHandler() })
        }

        func end() async {
            await transport.shutdown()
            await hub.stop()
        }
    }

    /// As a hub takes what an edge hands in: nothing, where one of it is nobody's.
    private static func hear(_ request: FarEndServer.Request, _ register: DeviceRegister) -> FarEndServer.Reply {
        let devices = request.text.matches(of: /"device":"([^"]+)"/).map { String($0.1) }
        guard devices.allSatisfy({ register.device(id: $0, of: town) != nil }) else { return .answer(403, headers: [("Content-Type", "application/problem+json")], body: Array("{}".utf8)) }
        let ids = request.text.matches(of: /"id":"([^"]+)"/).map { "\"\($0.1)\"" }.joined(separator: ",")
        return .answer(202, headers: [("Content-Type", "application/json")], body: Array("{\"accepted\":[\(ids)]}".utf8))
    }

    private static func problem(_ body: () async throws -> some Sendable) async -> Int? {
        do {
            _ = try await body()
            return nil
        } catch let problem as Problem { return Int("\(problem.status)".prefix(3)) } catch { return -1 }
    }

    @Test("A code lets one tablet in while the line is cut, for its own site, after a restart too, and never a second one; the town has it once when it hears of it")
    func redeemed() async throws {
        let time = Time(), town = DeviceRegister(notebook: MemoryLedger(), clock: { time.now }), seals = TownSeals(notebook: MemoryLedger())
        let (batch, codes) = try town.issue(2, to: "far", of: Self.town, days: 30, by: "desk")
        #expect(codes.allSatisfy { DeviceRegister.isPaper(DeviceRegister.spelled(paper: $0)) } && batch.left == 2)
        let edge = try await Edge("school", time: time, town: town, seals: seals)
        let written = DeviceRegister.spelled(paper: codes[0]) + ".MARK"
        #expect(await Self.problem { try await edge.codes.redeem(written, publicKey: nil, name: "") } == 404, "not heard of yet")
        var register = town.register(of: Self.town)
        (register.name, register.sites) = ("気仙沼市", ["far": "第二小学校"])
        edge.codes.learn(register)
        #expect(await Self.problem { try await edge.codes.redeem(written, publicKey: "no key", name: "") } == 400)
        let made = try await edge.codes.redeem(written.lowercased(), publicKey: nil, name: "体育館")
        #expect((made.site, made.site_name, made.town_name) == ("far", "第二小学校", "気仙沼市"))
        #expect(edge.devices.device(token: made.token)?.id == made.device_id && town.device(token: made.token) == nil)
        #expect(await Self.problem { try await edge.codes.redeem(written, publicKey: nil, name: "") } == 404, "used here")
        // A list of the town's that does not have it yet takes nothing away.
        _ = edge.devices.mirror(guests: [], besides: "school", in: Self.town)
        #expect(edge.devices.device(token: made.token) != nil)
        let again = try await Edge("school", time: time, town: town, seals: seals, notes: edge.notes)
        #expect(again.codes.unheard == [made.device_id] && again.devices.device(token: made.token)?.site == "far")
        #expect(await Self.problem { try await again.codes.redeem(written, publicKey: nil, name: "") } == 404)
        await again.codes.tell()
        await again.codes.tell()
        #expect(again.codes.unheard.isEmpty)
        #expect(await Self.problem { try await again.codes.redeem(written, publicKey: nil, name: "") } == 404, "told, and the list is the old one still")
        let known = try #require(town.device(token: made.token))
        #expect((known.id, known.site, known.name) == (made.device_id, "far", "体育館") && town.batches(of: Self.town)[0].left == 1)
        _ = again.devices.mirror(guests: town.register(of: Self.town).devices, besides: "school", in: Self.town)
        _ = again.devices.mirror(guests: [], besides: "school", in: Self.town)
        #expect(again.devices.device(token: made.token) == nil, "from then on the town's list alone counts")
        #expect(throws: EnrolmentFailure.unknownCode) { try town.enrol(code: written, publicKey: nil, name: "") }
        #expect(try town.enrol(code: codes[1], publicKey: nil, name: "").device.site == "far", "with the line up the town takes it itself")
        time.turn(31 * Self.day)
        let late = try town.issue(1, to: "far", of: Self.town, days: 1, by: "desk")
        edge.codes.learn(town.register(of: Self.town))
        time.turn(2 * Self.day)
        #expect(await Self.problem { try await edge.codes.redeem(late.codes[0], publicKey: nil, name: "") } == 410)
        #expect(throws: EnrolmentFailure.expiredPaper) { try town.enrol(code: late.codes[0], publicKey: nil, name: "") }
        for one in [edge, again] { await one.end() }
    }

    @Test("Of two tablets that used one code at two cut edges the first that is heard of has it; the other is out by the town's signature, and why is said; so is one of a batch that was taken back")
    func twice() async throws {
        let time = Time(), notes = MemoryLedger(), town = DeviceRegister(notebook: notes, clock: { time.now }), seals = TownSeals(notebook: MemoryLedger())
        let (batch, codes) = try town.issue(2, to: "school", of: Self.town, days: 30, by: "desk")
        let (one, two) = (try await Edge("school", time: time, town: town, seals: seals), try await Edge("far", time: time, town: town, seals: seals))
        for edge in [one, two] { edge.codes.learn(town.register(of: Self.town)) }
        let first = try await one.codes.redeem(codes[0], publicKey: nil, name: "")
        let second = try await two.codes.redeem(codes[0], publicKey: nil, name: "")
        let third = try await two.codes.redeem(codes[1], publicKey: nil, name: "")
        await one.codes.tell()
        #expect(town.revoke(batch: batch.id, of: Self.town)?.left == 1)
        await two.codes.tell()
        #expect(town.device(token: first.token) != nil, "who came by it before stays")
        for (made, why) in [(second, RevokedFor.codeUsed), (third, nil)] {
            #expect(town.device(token: made.token) == nil && town.revoked(token: made.token) == made.device_id)
            #expect(town.revocation(of: made.device_id) != nil && town.why(of: made.device_id) == why)
        }
        _ = two.devices.mirror(guests: town.register(of: Self.town).devices, besides: "far", in: Self.town)
        #expect(two.devices.revoked(token: second.token) == second.device_id && two.devices.why(of: second.device_id) == .codeUsed, "its tablet hears why, where it is")
        #expect(town.register(of: Self.town).codes == [])
        let later = DeviceRegister(notebook: notes, clock: { time.now })
        #expect(later.batches(of: Self.town).first?.revoked != nil && later.why(of: second.device_id) == .codeUsed, "after a restart too")
        for edge in [one, two] { await edge.end() }
    }

    @Test("What a tablet of a code of paper told waits until the hub has heard of it; what others told goes, and their signs too")
    func unheard() async throws {
        let time = Time(), town = DeviceRegister(notebook: MemoryLedger(), clock: { time.now }), seals = TownSeals(notebook: MemoryLedger())
        let (_, codes) = try town.issue(1, to: "school", of: Self.town, days: 30, by: "desk")
        let own = try town.enrol(code: town.invite(to: "school", of: Self.town, by: "desk").code, publicKey: nil, name: "").device
        let edge = try await Edge("school", time: time, town: town, seals: seals), logger = Logger(label: "t") { _ in SwiftLogNoOpLogHandler() }
        _ = edge.devices.mirror([MirroredDevice(own)], of: "school", in: Self.town)
        edge.codes.learn(town.register(of: Self.town))
        let made = try await edge.codes.redeem(codes[0], publicKey: nil, name: "").device_id
        let outbox = Outbox(ledger: edge.notes), line = HubLine(address: edge.hub.url, token: "t", transport: edge.transport)
        for device in [made, own.id] {
            _ = try await outbox.take(ToldReport(id: "\(device)/water", site: "school", device: device, occurred: Date(), received: Date(), body: "{}"), in: Self.town)
            edge.devices.take(DeviceSign(charge: 80, at: time.now), of: device)
        }
        let forwarder = Forwarder(hub: line, outbox: outbox, unheard: { edge.codes.unheard }, logger: logger)
        let signs = SignForwarder(
            hub: line, topic: StreamTopic(town: Self.town, site: "school"), devices: edge.devices, stream: try await StreamHub.start(on: MultiThreadedEventLoopGroup.singleton, epoch: 1, notebook: edge.notes),
            power: "/nonexistent", unheard: { edge.codes.unheard }, logger: logger, clock: { time.now })
        await forwarder.send()
        await signs.tell()
        #expect(outbox.gauges.reports == 1 && outbox.gauges.forwarded == 1 && outbox.gauges.refused == 0, "\(outbox.gauges)")
        #expect(edge.hub.requests.count == 2 && edge.hub.requests.allSatisfy { !$0.text.contains(made) && $0.text.contains(own.id) }, "\(edge.hub.requests.map(\.text))")
        await edge.codes.tell()
        await forwarder.send()
        await signs.tell()
        #expect(outbox.gauges.reports == 0 && outbox.gauges.forwarded == 2 && outbox.gauges.refused == 0, "\(outbox.gauges)")
        #expect(edge.hub.requests.last?.text.contains(made) == true)
        await edge.end()
    }

    @Test("A tablet that the hub let in by a code, and whose answer was lost, is not put out by itself: what the hub made of it goes; another tablet of the same code, and one that was in use, stay as they are")
    func ghost() async throws {
        let time = Time(), town = DeviceRegister(notebook: MemoryLedger(), clock: { time.now }), seals = TownSeals(notebook: MemoryLedger())
        let (_, codes) = try town.issue(3, to: "school", of: Self.town, days: 30, by: "desk")
        let edge = try await Edge("school", time: time, town: town, seals: seals)
        edge.codes.learn(town.register(of: Self.town))
        let keys = (0..<2).map { _ in P256.Signing.PrivateKey().publicKey.derRepresentation.base64EncodedString() }
        let ghosts = try codes.map { try town.enrol(code: $0, publicKey: keys[0], name: "") }
        town.saw(ghosts[2].device.id)
        let own = try await edge.codes.redeem(codes[0], publicKey: keys[0], name: ""), other = try await edge.codes.redeem(codes[1], publicKey: keys[1], name: "")
        let late = try await edge.codes.redeem(codes[2], publicKey: keys[0], name: "")
        for _ in 0..<2 { await edge.codes.tell() }
        #expect(town.device(token: own.token)?.id == own.device_id && town.device(token: ghosts[0].token) == nil && town.device(id: ghosts[0].device.id, of: Self.town) == nil)
        for (used, ghost) in [(other, ghosts[1]), (late, ghosts[2])] {
            #expect(town.device(token: ghost.token) != nil && town.revoked(token: used.token) == used.device_id && town.why(of: used.device_id) == .codeUsed)
        }
        #expect(town.batches(of: Self.town)[0].left == 0)
        await edge.end()
    }

    @Test("Who does not know the code redeems nothing: a digest is none, and no id or digest of another tablet is taken over")
    func forged() throws {
        let town = DeviceRegister(notebook: MemoryLedger()), (_, codes) = try town.issue(2, to: "school", of: Self.town, days: 1, by: "desk")
        let own = try town.enrol(code: codes[0], publicKey: nil, name: "")
        func merge(_ code: String, _ device: String, _ digest: String, in place: TownID = Self.town) -> Redemption {
            town.merge(RedeemedCode(code: code, device: device, token_sha256: digest, name: "", public_key: nil), in: place, at: Date()) { _ in nil }.outcome
        }
        let digest = DeviceRegister.digest("mine")
        #expect(merge(DeviceRegister.paperDigest(codes[1]), "d-AAAAAAAAAAAA", digest) == .unknown)
        #expect(merge(codes[1], own.device.id, digest) == .unknown && town.device(token: "mine") == nil, "another's id")
        #expect(merge(codes[1], "d-AAAAAAAAAAAA", digest, in: TownID("042021")!) == .unknown, "another town's edge")
        let stolen = DeviceRegister.digest(own.token)
        #expect(merge(codes[1], "d-AAAAAAAAAAAA", stolen) == .unknown && town.device(token: own.token)?.id == own.device.id, "another's digest")
        #expect(town.batches(of: Self.town).first?.left == 1, "and the code is as good as before")
        for bad in ["x-AAAAAAAAAAAA", "d-AAAAAAAAAA/A", "d-"] { #expect(merge(codes[1], bad, digest) == .unknown) }
        #expect(merge(codes[1], "d-AAAAAAAAAAAA", digest) == .taken && merge(codes[1], "d-AAAAAAAAAAAA", digest) == .taken, "the same told twice")
        #expect(town.revoke("d-AAAAAAAAAAAA", of: Self.town) && town.device(token: own.token)?.id == own.device.id)
        #expect(merge(codes[0], "d-BBBBBBBBBBBB", digest) == .unknown && town.revoked(token: "mine") == "d-AAAAAAAAAAAA", "nor that of one that is out")
        #expect(throws: CodeBatchFailure.self) { try town.issue(0, to: "school", of: Self.town, days: 1, by: "desk") }
        #expect(throws: CodeBatchFailure.self) { try town.issue(1, to: "school", of: Self.town, days: 91, by: "desk") }
    }
}
