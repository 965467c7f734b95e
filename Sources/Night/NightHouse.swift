/// One run of the hub: the program's own rooms over the night's disk and clocks, from a start to a kill.
import AlertModel
import ChannelKit
import Codes
import Desk
import Devices
import Dispatching
import Streams
package import Foundation
import Hub
import Ledger
import Logging
import NIOPosix
import Rendering
import Synchronization
import Targeting

/// What all nights share: texts, which take a second to read, and a stream on which nobody listens.
package struct NightShelf: Sendable {
    let renderer: Renderer
    let stream: StreamHub

    package init(templates: URL) async throws {
        renderer = try Renderer(directory: templates)
        stream = try await StreamHub.start(on: MultiThreadedEventLoopGroup.singleton, epoch: 1, notebook: MemoryLedger())
    }
}

/// The night's time: one that runs, and a wall clock that somebody sets.
final class NightClocks: Sendable {
    static let base = ContinuousClock.now
    /// 2026-11-29T20:00:00+09:00.
    static let evening = Date(timeIntervalSince1970: 1_795_950_000)
    private let state = Mutex((micros: 0, skew: 0.0))

    var micros: Int {
        get { state.withLock(\.micros) }
        set { state.withLock { $0.micros = newValue } }
    }
    var skew: Double {
        get { state.withLock(\.skew) }
        set { state.withLock { $0.skew = newValue } }
    }
    var steady: ContinuousClock.Instant { Self.base.advanced(by: .microseconds(micros)) }
    /// What the senders' clocks say.
    var truth: Date { state.withLock { Self.evening.addingTimeInterval(Double($0.micros) / 1e6) } }
    var wall: Date { state.withLock { Self.evening.addingTimeInterval(Double($0.micros) / 1e6 + $0.skew) } }

    static func micros(_ instant: ContinuousClock.Instant) -> Int {
        let (seconds, attoseconds) = base.duration(to: instant).components
        // Up, so that what is woken for a moment comes after it.
        return Int(seconds) * 1_000_000 + Int((attoseconds + 999_999_999_999) / 1_000_000_000_000)
    }
}

enum NextFlight {
    case flight(Flight)
    case wait(until: Int)
    case idle
}

struct NightHouse {
    let hub: Hub
    let ledger: NightLedger
    /// A channel in a mode each: what may begin now.
    let runners: [() -> NextFlight]
    let gauges: () -> (timers: Int, bound: Int, waiting: Int, onWire: Int, loads: Int)

    init(
        _ shelf: NightShelf, _ disk: NightDisk, _ clocks: NightClocks, towns: [Town], approvals: [TownID: ApprovalPolicy],
        chance: @escaping @Sendable () -> UInt64, planted: PlantedFault?
    ) {
        let ledger = NightLedger(disk, planted: planted)
        let clock: @Sendable () -> Date = { clocks.wall }
        let steady: @Sendable () -> ContinuousClock.Instant = { clocks.steady }
        let time = HubClock(wall: clock, steady: steady)
        let now: @Sendable () -> Date = { time.now }
        let journal = DeliveryJournal(ledger: ledger, clock: now)
        let logger = Logger(label: "night") { _ in SwiftLogNoOpLogHandler() }
        let register = TownRegister(towns)
        func line<M: Mode>(_ mode: M.Type) -> Line<M> {
            Line<M>(
                channels: [
                    ChannelSlot(NightChannel<M, Mail>(), observer: journal, logger: logger),
                    ChannelSlot(NightChannel<M, Portal>(), observer: journal, logger: logger),
                    ChannelSlot(NightChannel<M, Tablet>(), observer: journal, logger: logger),
                ],
                towns: register, routing: RoutingTable(), renderer: shelf.renderer, ledger: ledger, journal: journal, logger: logger,
                clock: now, steady: steady)
        }
        let (actual, exercise) = (line(Actual.self), line(Exercise.self))
        var parts = Hub.Parts(
            actual: actual, exercise: exercise, towns: register, ledger: ledger, journal: journal,
            devices: DeviceRegister(notebook: ledger, clock: now), stream: shelf.stream,
            people: People(NightPeople.all, notebook: ledger), approvals: approvals, logger: logger, time: time,
            start: StartWatch(began: time.now))
        parts.chance = chance
        hub = Hub(parts)
        self.ledger = ledger
        let run = ledger.run
        runners = Self.runners(actual, clocks, run) + Self.runners(exercise, clocks, run)
        gauges = {
            let all = actual.channels.map(\.runner.gauges).map(Self.counts) + exercise.channels.map(\.runner.gauges).map(Self.counts)
            return all.reduce((0, 0, 0, 0, 0)) { ($0.0 + $1.0, $0.1 + $1.1, $0.2 + $1.2, $0.3 + $1.3, $0.4 + $1.4) }
        }
    }

    private static func counts<M: Mode>(_ gauges: ChannelRunner<M>.Gauges) -> (Int, Int, Int, Int, Int) {
        let waiting = gauges.waiting.values.reduce(0, +)
        return (gauges.timers, 4 * waiting + 4096 + 2 * gauges.onWire + 1024, waiting, gauges.onWire, gauges.loads)
    }

    private static func runners<M: Mode>(_ line: Line<M>, _ clocks: NightClocks, _ run: Int) -> [() -> NextFlight] {
        line.channels.map { slot in
            {
                switch slot.runner.begin(now: clocks.steady) {
                case .attempt(let attempt): .flight(Flight(attempt, slot.runner, slot.manifest.name, run))
                case .wait(let until): .wait(until: NightClocks.micros(until))
                case .idle: .idle
                }
            }
        }
    }
}

extension Flight {
    init<M: Mode>(_ attempt: Attempt<M>, _ runner: ChannelRunner<M>, _ channel: String, _ run: Int) {
        let (delivery, message) = (attempt.delivery, attempt.load.message)
        let text = message.texts[.japanese]
        self.init(
            id: delivery.id.text, key: FarEndKey(town: delivery.farEnd.town, channel: channel, endpoint: delivery.farEnd.id),
            mode: M.name, side: delivery.farEnd.settings["side"] ?? "", content: message.alert.content, isOver: message.isOver,
            isMarkedAsDrill: text?.title.hasPrefix(DrillMark.prefix(.japanese)) ?? false, priority: delivery.priority,
            attempt: delivery.attempt, deadline: delivery.deadline, run: run,
            cause: { attempt.ending.cause?.words },
            settle: { end, now, jitter in "\(runner.settle(attempt, end, now: now, jitter: jitter).word)" })
    }
}

extension Settlement {
    /// Without its moment, which is another in each process.
    fileprivate var word: String {
        switch self {
        case .delivered: "delivered"
        case .retry: "retry"
        case .superseded: "superseded"
        case .expired: "expired"
        case .rejected: "rejected"
        case .stopped: "stopped"
        case .putBack: "put back"
        case .unknown: "unknown"
        }
    }
}

/// Who is awake.
enum NightPeople {
    static let duty = person("当直", .duty)
    static let tired = person("疲れた当直", .duty)
    static let chief = person("防災課長", .chief)
    static let all = [duty, tired, chief]

    private static func person(_ name: String, _ role: Role) -> Operator {
        Operator(name: name, kind: .settings, credential: "credential-\(name)", grants: [.init(towns: nil, rights: role.rights)])
    }
}
