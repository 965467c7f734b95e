import AlertModel
import Certificates
import ChannelKitTesting
import Curl
import Foundation
import Ledger
import Logging
import Synchronization
import Testing

@testable import Relay

/// An edge's certificate over weeks, by clocks that somebody turns and a hub that really listens.
@Suite("An edge keeps its certificate")
struct CertificateKeeperTests {
    private static let start = Date(timeIntervalSince1970: 1_795_000_000)
    private static let town = TownAuthorities.Owner(id: TownID("042056")!, name: "気仙沼市")
    private static let hosts = ["edge.local"]

    private final class Clock: Sendable {
        private let held = Mutex(CertificateKeeperTests.start)
        var now: Date { held.withLock { $0 } }
        func stand(at days: Double) { held.withLock { $0 = CertificateKeeperTests.start.addingTimeInterval(days * 86_400) } }
    }

    private struct Scene {
        /// The hub's, which the edge goes by once it has heard it; and the one by which certificates are signed.
        let clock = Clock(), signing = Clock()
        let authorities: TownAuthorities
        let key = ServingKey()
        let shelf: CertificateShelf
        let keeper: CertificateKeeper
        let hub: FarEndServer
        let transport: CurlTransport

        init() async throws {
            let (theirs, ours, own) = (self.signing, self.clock, self.key)
            let all = TownAuthorities(notebook: MemoryLedger(), keys: AuthorityKeys(folder: nil), clock: { theirs.now })
            authorities = all
            _ = all.made(of: CertificateKeeperTests.town)
            hub = try await FarEndServer { request in Self.answer(request.body, all, own) }
            transport = try CurlTransport()
            shelf = try CertificateShelf(own, folder: nil)
            keeper = CertificateKeeper(
                shelf, key: own, hub: HubLine(address: hub.url, token: "t", transport: transport),
                logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }), clock: { ours.now })
        }

        static func answer(_ body: [UInt8], _ all: TownAuthorities, _ key: ServingKey) -> FarEndServer.Reply {
            struct Wish: Decodable { var csr: String }
            guard let wish = try? JSONDecoder().decode(Wish.self, from: Data(body)),
                let one = try? all.issue(wish.csr, of: key.publicKey, names: CertificateKeeperTests.hosts, called: "edge", in: CertificateKeeperTests.town).issued
            else { return .answer(400) }
            let answer: [String: Any] = [
                "certificate": one.chain, "authorities": one.authorities, "authority": one.authority, "names": one.names,
                "not_after": one.notAfter.ISO8601Format(), "renew_after": one.renewAfter.ISO8601Format(),
            ]
            return .answer(201, body: [UInt8]((try? JSONSerialization.data(withJSONObject: answer)) ?? Data()))
        }

        func answers() { hub.behave { [authorities, key] request in Self.answer(request.body, authorities, key) } }

        var authority: String { authorities.trusted(of: CertificateKeeperTests.town.id).last?.fingerprint ?? "" }
        func look(_ authority: String? = nil) async { await keeper.look(hosts: CertificateKeeperTests.hosts, authority: authority ?? self.authority) }
        /// Both go on.
        func turn(to days: Double) {
            clock.stand(at: days)
            signing.stand(at: days)
        }

        func end() async {
            await transport.shutdown()
            await hub.stop()
        }
    }

    @Test("It is asked for anew after thirty days and not before; a hub that is away for weeks, or says no, costs nothing while the old one is good, and the first day it is back there is another one")
    func weeks() async throws {
        let scene = try await Scene()
        try await scene.keeper.ask()
        let first = try #require(scene.shelf.state)
        #expect(first.notAfter == Self.start.addingTimeInterval(90 * 86_400) && first.notBefore < Self.start)
        scene.turn(to: 29.9)
        await scene.look()
        #expect(scene.hub.requests.count == 1)
        // Weeks in which it does not answer: each look is one try.
        await scene.hub.goDown()
        for day in [31.0, 45, 60, 89.9] {
            scene.turn(to: day)
            await scene.look()
            #expect(scene.shelf.state == first)
        }
        // Over, and nothing else there: it serves on with what it has.
        scene.turn(to: 120)
        await scene.look()
        #expect(scene.shelf.state == first)
        try await scene.hub.comeBack()
        await scene.look()
        #expect(scene.shelf.state?.notAfter == Self.start.addingTimeInterval(210 * 86_400))
        await scene.end()
    }

    @Test("After a no it waits, and asks at once where something is different; what a hub says of another key is not taken")
    func refused() async throws {
        let scene = try await Scene()
        try await scene.keeper.ask()
        let first = scene.shelf.state
        scene.turn(to: 31)
        scene.hub.behave { _ in .answer(409, body: Array(#"{"detail":"鍵がありません"}"#.utf8)) }
        await scene.look()
        await scene.look()
        #expect(scene.hub.requests.count == 2 && scene.shelf.state == first)
        // Another machine's certificate under our question.
        let stranger = ServingKey()
        let wish = try [UInt8](JSONEncoder().encode(["csr": try stranger.request()]))
        scene.hub.behave { [authorities = scene.authorities] _ in Scene.answer(wish, authorities, stranger) }
        await scene.look("another")
        #expect(scene.hub.requests.count == 3 && scene.shelf.state == first, "the old one serves on")
        scene.answers()
        await scene.keeper.look(hosts: ["edge.local", "other.local"], authority: scene.authority)
        #expect(scene.hub.requests.count == 4 && scene.shelf.state != first)
        await scene.end()
    }

    @Test("One that was signed by a clock that was ahead is changed as soon as the hub's time is right; a hub that names no authority takes none away")
    func clocks() async throws {
        let scene = try await Scene()
        scene.signing.stand(at: 400)
        try await scene.keeper.ask()
        #expect(scene.shelf.state.map { $0.notBefore > Self.start } == true)
        scene.signing.stand(at: 0)
        await scene.look()
        #expect(scene.shelf.state.map { $0.notBefore < Self.start && $0.notAfter == Self.start.addingTimeInterval(90 * 86_400) } == true)
        await scene.look("")
        #expect(scene.hub.requests.count == 2)
        await scene.end()
    }
}
