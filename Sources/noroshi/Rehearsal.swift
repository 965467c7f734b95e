import AlertModel
import ChannelKit
import Codes
import Curl
import Desk
import Devices
import Dispatching
import Streams
import Foundation
import Hub
import LedgerStore
import Logging
import NIOPosix
import Rendering
import Seals
import Synchronization

/// Before the first warning one is gone through, in a room that nothing leaves.
///
/// What a process does for the first time takes longer: types are looked up, tables made, memory is asked for. So a start plays the
/// recorded earthquake as real, through the program's own rooms and channels. Nothing in that room is the town's, and nothing gets out:
/// town and far ends are the demonstration's, the clock is that day's, the record lies in a folder that is thrown away, nobody listens to the
/// stream, and the transport opens no line. The hub's own door is knocked at as well, since the first to come to it is a warning too.
///
/// It runs beside the reading of the record. A hub that cannot have it (no recordings, no room on the disk) does without.
struct Rehearsal: Sendable {
    let renderer: Renderer
    let bulletins: URL
    let data: URL
    let logger: Logger
    /// At the hub's own door.
    let knock: @Sendable () async -> Void

    /// Of this hub alone, not there before or after, and named as what no copy takes along.
    private var folder: URL { data.appending(path: Stage.mark + "rehearsal") }

    /// Returns how many calls came to the sealed transport.
    func run() async -> Int {
        let began = ContinuousClock.now
        async let knocks: Void = knock()
        let calls = await play()
        await knocks
        logger.info("rehearsed", metadata: ["sealed calls": "\(calls)", "took": "\((ContinuousClock.now - began).formatted)"])
        return calls
    }

    private func play() async -> Int {
        // What a kill in the middle of it left.
        try? FileManager.default.removeItem(at: folder)
        defer { try? FileManager.default.removeItem(at: folder) }
        do {
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            return try await play(try Play.scenes(in: bulletins))
        } catch {
            logger.info("not rehearsed", metadata: ["reason": "\(error)"])
            return 0
        }
    }

    private func play(_ scenes: [Play.Scene]) async throws -> Int {
        guard let first = scenes.first else { return 0 }
        let logger = Logger(label: "rehearsal") { _ in SwiftLogNoOpLogHandler() }
        let day = Mutex(first.sent)
        let time = HubClock(wall: { day.withLock(\.self) })
        let clock: @Sendable () -> Date = { time.now }
        let ledger = try SQLiteLedger(path: folder.appending(path: "ledger.sqlite").path, logger: logger)
        let stream = try await StreamHub.start(on: MultiThreadedEventLoopGroup.singleton, epoch: 1, notebook: ledger, clock: clock)
        let sealed = SealedTransport()
        let settings = try DemonstrationTown.rehearsal()
        let house = House(settings: settings, data: folder, ledger: ledger, stream: stream, seals: TownSeals(notebook: ledger, clock: clock), transport: sealed, logger: logger, clock: clock)
        let journal = DeliveryJournal(ledger: ledger, clock: clock)
        let manifests = Channels.all.map(\.manifest)
        let towns = TownRegister(try settings.makeTowns(codes: .bundled, channels: manifests).map { town in
            // Pages are written by threads of their own, which nobody waits for.
            var town = town
            town.endpoints.removeAll { end in manifests.contains { $0.name == end.channel && $0.role == .page } }
            return town
        })
        let (actual, exercise) = try house.lines(towns, renderer, journal)
        let hub = Hub(Hub.Parts(
            actual: actual, exercise: exercise, towns: towns, ledger: ledger, journal: journal, devices: DeviceRegister(notebook: ledger),
            stream: stream, people: People([], notebook: ledger), logger: logger, time: time, start: StartWatch(began: time.now)))
        await withDiscardingTaskGroup { group in
            for slot in actual.channels { group.addTask { try? await slot.runner.run() } }
            for scene in scenes {
                day.withLock { $0 = scene.sent }
                _ = try? await hub.take(scene.octets, Intake(source: "demonstration"))
            }
            await quiet(actual)
            group.cancelAll()
        }
        stream.close()
        await ledger.close()
        return sealed.calls
    }

    /// Until nothing waits any more, and not for long.
    private func quiet(_ line: Line<Actual>) async {
        for _ in 0..<20 where line.channels.contains(where: { $0.runner.gauges.loads > 0 }) {
            try? await ContinuousClock().sleep(for: .milliseconds(5))
        }
    }

    private static let knocks = 8

    /// So many at once, as a crowd comes: nobody has to answer. They go again: a line kept open would take a place from somebody at the door.
    static func knock(at host: String, _ port: Int, with transport: any HTTPTransport) async {
        let name = ["0.0.0.0": "127.0.0.1", "::": "[::1]"][host] ?? (host.contains(":") ? "[\(host)]" : host)
        await withDiscardingTaskGroup { group in
            for _ in 0..<knocks {
                group.addTask {
                    _ = try? await transport.send(
                        HTTPCall(method: "GET", url: "http://\(name):\(port)/healthz", headers: [("Connection", "close")]), deadline: .now.advanced(by: .seconds(1)))
                }
            }
        }
    }
}

/// Says yes to everything and opens nothing.
final class SealedTransport: HTTPTransport {
    private let count = Atomic(0)
    var calls: Int { count.load(ordering: .relaxed) }

    func send(_ call: HTTPCall, deadline: ContinuousClock.Instant) async throws(TransportFailure) -> HTTPAnswer {
        count.add(1, ordering: .relaxed)
        return HTTPAnswer(status: call.method == "POST" ? 201 : 200)
    }
}
