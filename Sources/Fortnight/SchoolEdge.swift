/// A school's machine: the edge's own values as `EdgeProgram` wires them, over a disk that outlives them, and a line that is played.
import AlertModel
import ChannelKit
import Devices
import Foundation
import HTTPTypes
import Hummingbird
import Ledger
import Logging
import NIOCore
import NIOEmbedded
import Relay
import Serving
import Streams
import Synchronization

/// The line of one school to whoever answers under the hub's name.
final class PlayedLine: Sendable {
    struct State: Sendable {
        var far: (any Answering)?
        var losesAnswers = false
    }

    private let state = Mutex(State())
    private let chance: PlayedChance
    let lost = Mutex(0)

    init(chance: PlayedChance) { self.chance = chance }

    func set(_ change: (inout State) -> Void) { state.withLock { change(&$0) } }

    func carry(_ call: HTTPCall) async throws(TransportFailure) -> HTTPAnswer {
        guard let far = state.withLock({ $0.far }) else { throw .unreachable("cut") }
        let answer = await far.answer(call)
        let now = state.withLock { $0 }
        // The line was cut meanwhile, or the answer is lost on its way: it was taken all the same.
        guard now.far != nil, !(now.losesAnswers && chance.happens(30)) else {
            lost.withLock { $0 += 1 }
            throw .noAnswer("lost")
        }
        return answer
    }
}

final class SchoolEdge: Sendable {
    let topic: StreamTopic
    let ledger: FortnightLedger
    let watch: LineWatch
    let stream: StreamHub
    let devices: DeviceRegister
    let outbox: Outbox
    let calls: RollCalls
    let upstream: Upstream
    let forwarder: Forwarder
    let mirror: SiteMirror
    let counts: RollCallForwarder
    private let responder: any HTTPResponder<EdgeContext>
    private let time: PlayedTime

    init(_ disk: FortnightDisk, topic: StreamTopic, token: String, line: PlayedLine, clock: PlayedClock, chance: PlayedChance, planted: FortnightFault?) {
        self.topic = topic
        let ledger = FortnightLedger(disk), time = clock.time, logger = PlayedLogger.logger
        (self.ledger, self.time) = (ledger, time)
        let hub = HubLine(address: "http://hub", token: token, over: .init(playing: { (call) async throws(TransportFailure) in try await line.carry(call) }))
        let watch = LineWatch(patience: .seconds(40), notebook: ledger, clock: { clock.date }, ticking: { time.ticking })
        let tellsItsOwn = planted == .tellsItsOwnTime
        let said: @Sendable () -> Date = { tellsItsOwn ? clock.date : watch.hubTime() }
        let stream = StreamHub.silent(epoch: EdgeEpoch.next(ledger, clock.date), notebook: ledger, clock: { watch.hubTime() }, ticking: { time.ticking })
        let devices = DeviceRegister(notebook: ledger, clock: { clock.date })
        let outbox = Outbox(ledger: ledger, hubTime: { watch.certainHubTime() }, clock: { clock.date }, ticking: { time.ticking })
        let forwarder = Forwarder(
            hub: hub, outbox: outbox, logger: logger, ticking: { time.ticking }, jitter: { chance.number($0) })
        let mirror = SiteMirror(hub: hub, topic: topic, devices: devices, stream: stream, watch: watch, notebook: ledger, logger: logger)
        let calls = RollCalls(notebook: ledger)
        let counts = RollCallForwarder(hub: hub, topic: topic, devices: devices, calls: calls, stream: stream, clock: { watch.hubTime() }, logger: logger)
        let spots = SpotMirror(spots: [], hub: hub, watch: watch, notebook: ledger, logger: logger)
        let upstream = Upstream(
            hub: hub, stream: stream, topic: topic, watch: watch, notebook: ledger,
            hooks: .init(connected: {}, alerted: {}, registerChanged: {}, rollCalled: {}), logger: logger)
        (self.watch, self.stream, self.devices, self.outbox, self.calls) = (watch, stream, devices, outbox, calls)
        (self.upstream, self.forwarder, self.mirror, self.counts) = (upstream, forwarder, mirror, counts)
        let parts = EdgeRouter.Parts(
            site: topic.site, hub: hub, devices: devices, stream: stream, watch: watch, upstream: upstream, mirror: mirror, spots: spots,
            outbox: outbox, ledger: ledger, calls: calls, clock: { clock.date }, said: said)
        responder = EdgeRouter(parts).responder()
    }

    /// What comes over the line to the hub.
    func take(_ octets: some Collection<UInt8>) {
        _ = Array(octets).withUnsafeBytes { upstream.take($0) }
    }

    func answer(_ method: String, _ path: String, _ body: String?, token: String) async -> HTTPAnswer {
        var fields = HTTPFields()
        fields[.authorization] = "Bearer \(token)"
        if let body { (fields[.contentType], fields[.contentLength]) = ("application/json", "\(body.utf8.count)") }
        let head = HTTPRequest(method: .init(method) ?? .get, scheme: "http", authority: "edge", path: path, headerFields: fields)
        let context = EdgeContext(source: ApplicationRequestContextSource(channel: EmbeddedChannel(), logger: PlayedLogger.logger))
        guard let response = try? await responder.respond(to: Request(head: head, body: RequestBody(buffer: ByteBuffer(string: body ?? ""))), context: context) else {
            return HTTPAnswer(status: 500)
        }
        return HTTPAnswer(
            status: Int(response.status.code), headers: response.headers.map { ($0.name.rawName, $0.value) }, body: await PlayedPaper.octets(response))
    }
}
