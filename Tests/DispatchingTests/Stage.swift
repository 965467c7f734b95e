/// A line with one channel before a far end of the test's own making.
import AlertModel
import ChannelKit
import ChannelKitTesting
import Dispatching
import Foundation
import Ledger
import Logging
import Rendering
import Synchronization
import Targeting

/// Answers as the test says, and remembers what it was asked.
final class FarEndScript: Sendable {
    typealias Answer = @Sendable (_ attempt: Int, Delivery<Actual>) async throws(DeliveryFailure) -> Receipt
    private let answer: Mutex<Answer>
    private let seen = Mutex<[Delivery<Actual>]>([])
    private let tally = Tally()

    init(_ answer: @escaping Answer = { _, _ in Receipt() }) { self.answer = Mutex(answer) }

    func behave(_ new: @escaping Answer) { answer.withLock { $0 = new } }
    var deliveries: [Delivery<Actual>] { seen.withLock { $0 } }
    /// Returns when it was asked for the `count`-th time.
    func asked(_ count: Int) async { await tally.reaches(count) }

    fileprivate func take(_ delivery: Delivery<Actual>) async throws(DeliveryFailure) -> Receipt {
        let count = seen.withLock { seen in
            seen.append(delivery)
            return seen.count
        }
        tally.add()
        return try await answer.withLock { $0 }(count, delivery)
    }
}

/// A channel whose far end answers as a script says.
protocol Scripted: ChannelAdapter where M == Actual {
    var script: FarEndScript { get }
    init(_ script: FarEndScript)
}

extension Scripted {
    init(_ setup: ChannelSetup<Actual>) throws(SettingsError) { self.init(FarEndScript()) }

    static func named(_ name: String, _ role: ChannelManifest.Role) -> ChannelManifest {
        ChannelManifest(
            name: name, role: role, afterSending: .lastStateWins, drills: .shownApart, languages: [.japanese], concurrency: 4, reservedForImmediate: 1,
            attemptLimit: .seconds(20))
    }

    func deliver(_ message: Message<Actual>, _ delivery: Delivery<Actual>) async throws(DeliveryFailure) -> Receipt { try await script.take(delivery) }
}

/// Under the tablets' name, for which there are templates.
struct ScriptedChannel: Scripted {
    typealias M = Actual
    static let manifest: ChannelManifest = named("school-tablet", .tablet)
    let script: FarEndScript
    init(_ script: FarEndScript) { self.script = script }
}

/// The same, of devices that sleep.
struct ScriptedHint: Scripted {
    typealias M = Actual
    static let manifest: ChannelManifest = named("push", .hint)
    let script: FarEndScript
    init(_ script: FarEndScript) { self.script = script }
}

/// A wall clock that a test puts forward and back.
final class WallClock: Sendable {
    private let time = Mutex(Sample.now)
    var now: Date { time.withLock { $0 } }
    func jump(_ seconds: Double) { time.withLock { $0.addTimeInterval(seconds) } }
}

struct Stage: Sendable {
    let ledger: any Ledger
    let journal: DeliveryJournal
    let line: Line<Actual>
    let script: FarEndScript
    let clock: WallClock

    static let templates: URL = {
        var url = URL(filePath: #filePath).resolvingSymlinksInPath()
        for _ in 0..<3 { url.deleteLastPathComponent() }
        return url.appending(path: "Templates")
    }()

    /// Read once: some four hundred files for each of fifty tests side by side would keep every clock of theirs waiting.
    private static let renderer = Result { try Renderer(directory: templates) }

    init(
        _ ledger: any Ledger = MemoryLedger(), script: FarEndScript = FarEndScript(), clock: WallClock = WallClock(),
        ends: [String] = ["a"], neighbours: [Town] = [], hints: FarEndScript? = nil
    ) throws {
        self.ledger = ledger
        self.script = script
        self.clock = clock
        journal = DeliveryJournal(ledger: ledger, clock: { clock.now })
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        var town = Sample.town
        town.endpoints = ends.map { Endpoint(id: $0, channel: "school-tablet", name: $0, actual: [:], exercise: nil) }
        if hints != nil { town.endpoints.append(Endpoint(id: "a", channel: "push", name: "a", actual: [:], exercise: nil)) }
        var channels: [ChannelSlot<Actual>] = [ChannelSlot(ScriptedChannel(script), observer: journal, logger: logger)]
        if let hints { channels.append(ChannelSlot(ScriptedHint(hints), observer: journal, logger: logger)) }
        line = Line(
            channels: channels,
            towns: TownRegister([town] + neighbours), routing: RoutingTable(), renderer: try Self.renderer.get(),
            ledger: ledger, journal: journal, logger: logger, clock: { clock.now })
    }

    /// Runs the channel as long as `body`.
    func running<Value: Sendable>(_ body: () async throws -> Value) async throws -> Value {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for slot in line.channels { group.addTask { try await slot.runner.run() } }
            defer { group.cancelAll() }
            return try await body()
        }
    }

    /// Returns when the delivery of this alert stands as wanted; follows the journal from before `act`.
    func reaches(
        _ states: Set<DeliveryState>, _ alert: AlertID, _ act: () async throws -> Void = {}
    ) async throws -> DeliveryRow {
        let rows = journal.follow()
        try await act()
        if let row = journal.rows(of: alert).first(where: { states.contains($0.state) }) { return row }
        for await row in rows where row.alert == alert && states.contains(row.state) { return row }
        throw CancellationError()
    }
}

func order(
    _ event: String = "e", revision: Int = 1, _ type: MessageType = .alert, lasts: TimeInterval? = nil
) -> Alert<Actual> {
    var alert = Sample.message(type, event: event, revision: revision, as: Actual.self).alert.content
    if let lasts { alert.expires = Sample.now.addingTimeInterval(lasts) }
    return Alert<Actual>(alert)
}
