package import ChannelKit
package import Desk
package import Streams
package import Hub
package import Hummingbird
internal import Logging
internal import Web
internal import AlertModel
package import Devices
internal import HTTPTypes
internal import Serving
package import Tablets

/// Everything the hub says over HTTP, except the tablets' stream, which has its own door.
package struct HubRouter: Sendable {
    package typealias Context = HubContext

    package struct Configuration: Sendable {
        /// What people type: `https://hub.example.jp`, for QR codes and feeds.
        package var publicAddress: String
        /// Where the channel of pages shows them.
        package var pages = PageShelf()
        /// Every channel of the program.
        package var channels: [ChannelManifest]
        /// Who signs what the hub says to other systems; without it there is no CAP out.
        package var voice: HubVoice?
        /// SHA-256 of the token that whoever watches the hub needs, hex; nil: the gauges are open to all who reach them.
        package var watcherDigest: String?
        /// Calls to the outside that are under way.
        package var callCount: @Sendable () -> Int = { 0 }
        /// Who keeps the door; nil where there is no socket.
        package var keeper: Doorkeeper?
        /// How often a quiet delivery stream says that it is alive; who hears nothing for longer hangs up.
        package var heartbeat = Duration.seconds(15)
        /// `POST /v1/bench/publish`, for measuring. Never in production settings.
        package var hasBenchmarkDoor = false

        /// Where a town's own people are signed in, and how it is reached.
        package struct OpenID: Sendable {
            package var provider: OpenIDProvider
            package var transport: any HTTPTransport
            let visits = OpenIDVisits()

            package init(provider: OpenIDProvider, transport: any HTTPTransport) {
                self.provider = provider
                self.transport = transport
            }
        }
        package var openID: OpenID?
        /// Other towns' sealed copies; nil: none are held here.
        package var heldCopies: HeldCopies?
        /// Where photographs of shelters lie; nil: none are kept.
        package var photos: ReportPhotos?
        /// Who asked to be woken; nil: nobody can here.
        package var wakes: WakeRegister?
        /// Who reads towns' own settings; nil: they are not changed here.
        package var townReader: (any TownReader)?

        package init(publicAddress: String, channels: [ChannelManifest]) {
            self.publicAddress = publicAddress
            self.channels = channels
        }

        func has(_ endpoint: Endpoint, _ role: ChannelManifest.Role) -> Bool {
            channels.contains { $0.role == role && $0.name == endpoint.channel }
        }
    }

    let hub: Hub
    let configuration: Configuration
    let readiness: Readiness
    let refusals = RefusalCount()
    /// Below the line: what readers ask for in crowds, and what takes long to make.
    let gauges = Together<String, String>()
    let feeds = Together<String, [UInt8]>()
    let documents = Lane(places: 2, waiting: 256)
    let registers = SealedRegisters()
    let asks: DeviceAsks
    let chains = Lane(places: 1, waiting: 8)
    /// Bodies that may be long, in memory at once: 8 MiB each. Who waits has not been read yet.
    let longBodies = Lane(places: 2, waiting: 32)

    package init(hub: Hub, readiness: Readiness, configuration: Configuration) {
        self.hub = hub
        asks = DeviceAsks(clock: hub.clock)
        self.readiness = readiness
        self.configuration = configuration
    }

    package func responder() -> some HTTPResponder<Context> { FrontDoor(router(), .hub, refusals: refusals, acts: acts(), nonce: { [devices = hub.devices] in devices.nonce }) }

    private func acts() -> ActLog {
        ActLog(logger: hub.logger, clock: hub.clock) { [self, devices = hub.devices] request in
            if let person = somebody(request)?.person { return person.actor }
            if let slip = Self.slipInHead(request), let partner = configuration.heldCopies?.partner(of: slip) { return "partner:\(partner.town)" }
            guard let token = request.head.bearer else { return Self.cookie(request) == nil ? "nobody" : "unknown" }
            return (devices.device(token: token)?.id ?? devices.revoked(token: token)).map { "device:\($0)" } ?? "unknown"
        }
    }

    func router() -> Router<Context> {
        let router = Router(context: Context.self)
        router.add(middleware: ProblemMiddleware(refusals: refusals))
        router.add(middleware: StartingMiddleware(start: hub.start))
        router.add(middleware: DutyMiddleware(hub: hub))
        router.add(middleware: RouteGuard(router: self))
        let desk = router.group(context: DeskContext.self)
        addBulletins(to: router, desk)
        addAlerts(to: router, desk)
        addSaid(to: desk)
        addTowns(to: router, desk)
        addTownSettings(to: desk)
        addTownMap(to: desk)
        addStanding(to: desk)
        addPapers(to: desk)
        addCopies(to: router, desk)
        addAlertPage(to: router)
        addShelters(to: desk)
        addShelterBatch(to: desk)
        addDeliveries(to: desk)
        addChain(to: desk)
        addKeys(to: desk)
        addCertificates(to: router, desk)
        addEndpoints(to: desk)
        addDevices(to: router, desk)
        addDeviceCodes(to: desk)
        addDeviceAsks(to: router, desk)
        addTablets(to: router, desk)
        addWakes(to: router)
        addEdge(to: router)
        addPages(to: router)
        addAttention(to: desk)
        addCalls(to: desk)
        addPresence(to: desk)
        addFelt(to: desk)
        addVoices(to: desk)
        addRollCalls(to: router, desk)
        addSessions(to: router)
        addPasskeys(to: router)
        addOpenID(to: router)
        addUsers(to: desk)
        addApprovals(to: desk)
        addPlans(to: desk)
        addDrills(to: desk)
        addPacts(to: desk)
        addOverview(to: desk)
        addSchedules(to: desk)
        addChronicle(to: desk)
        addMusters(to: router, desk)
        addSources(to: desk)
        addHealth(to: router)
        if configuration.hasBenchmarkDoor { addBenchmark(to: router) }
        return router
    }

    // MARK: who is asking

    /// Who may listen to the stream, and whose connections the door keeps first.
    package func admission() -> DeviceAdmission {
        DeviceAdmission(
            devices: hub.devices, benchmarkTopic: configuration.hasBenchmarkDoor ? Self.benchmarkTopic : nil,
            log: ActLog(logger: hub.logger, clock: hub.clock),
            people: { [self] head in somebody(Request(head: head, body: .init(buffer: .init())))?.person.actor })
    }

    /// A watcher's token, or an operator's with `watch`.
    func mayWatch(_ request: Request) -> Bool {
        guard let digest = configuration.watcherDigest else { return true }
        guard let token = request.head.bearer else { return false }
        return DeviceRegister.digest(token) == digest || hub.people.with(token: token, now: hub.clock())?.may(.watch) == true
    }

    /// The town that is asked about: said, or the only one this person has.
    func town(_ written: String?, for person: Operator) throws(Problem) -> Town {
        if let written {
            guard let id = TownID(written) else {
                throw Problem(.badRequest, "「\(written)」は市町村コードではありません。6桁の数字です (town: no local government code: six digits, the last one checks the others)")
            }
            guard person.may(id) else { throw Problem(.forbidden, "市町村\(id)の仕事をする権限がありません (this operator does not work for town \(id))") }
            guard let town = hub.town(id) else { throw Problem(.notFound, "このハブは市町村\(id)を受け持っていません (this hub does not serve town \(id))") }
            return town
        }
        let own = hub.allTowns.filter { person.may($0.id) }
        guard own.count == 1 else { throw Problem(.badRequest, "市町村を選んでください。\(own.count)市町村の担当です (town: say which of \(own.count) towns)") }
        return own[0]
    }

    /// In its turn; when too many wait, later.
    static func inLane<Value>(_ lane: Lane, _ work: () async throws -> Value) async throws -> Value {
        do {
            return try await lane.run(work)
        } catch is Lane.Full {
            var problem = Problem(.serviceUnavailable, "混み合っています。数秒後にもう一度お願いします (busy: ask again in a few seconds)")
            problem.headers[.retryAfter] = "5"
            throw problem
        }
    }
}
