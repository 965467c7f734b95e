internal import AlertModel
internal import ChannelKit
package import Dispatching
internal import FoundationEssentials
package import Ledger
package import Logging
package import Rendering
internal import Synchronization
internal import Targeting

/// Ready means that a probe alert really went through a line of the same make, that the ledger's disk took a row, both
/// in time, and that no real immediate delivery has been waiting where its far end is not to blame. A hub that answers
/// 200 and sends nothing is the worst kind. Whatever hangs, there is an answer within three seconds.
package actor Readiness {
    package struct Report: Encodable, Sendable {
        package var ready: Bool
        package var probe_ms: Double?
        package var ledger_ms: Double?
        package var reason: String?
        /// Far ends stopped until a person mends something; the hub is ready all the same.
        package var stopped_lanes: Int?
        /// The oldest real immediate delivery that is not with its far end: where all seems well, and where the far end is
        /// in trouble. The second is that far end's trouble alone.
        package var oldest_immediate_ms: Double?
        package var oldest_immediate_in_trouble_ms: Double?

        /// How far our clock is ahead of the sources'; absent when no source has said anything.
        package var clock_offset_s: Double?
        /// What is amiss though warnings go out: a clock that is wrong, a record that is not whole.
        package var remarks: [String]?
        /// Parts of the record that are read, of all; while it is being read.
        package var starting: Starting?

        package struct Starting: Encodable, Sendable {
            package var done: Int
            package var total: Int
        }

        package init(starting words: String, _ progress: StartWatch.Progress) {
            ready = false
            reason = words
            starting = Starting(done: progress.done, total: progress.total)
        }

        package init(ready: Bool, probe_ms: Double? = nil, ledger_ms: Double? = nil) {
            self.ready = ready
            self.probe_ms = probe_ms
            self.ledger_ms = ledger_ms
        }

        /// What the real lines show of themselves.
        package mutating func add(_ oldest: OldestDelivery) {
            oldest_immediate_ms = oldest.well?.milliseconds
            oldest_immediate_in_trouble_ms = oldest.troubled?.milliseconds
            guard let stuck = oldest.well, stuck > Readiness.stuck else { return }
            ready = false
            add("緊急の配信が\(stuck.formatted)待ったままです (an immediate delivery has been waiting for \(stuck.formatted))")
        }

        /// One reason more.
        package mutating func add(_ words: String) { reason = reason.map { "\($0); \(words)" } ?? words }
    }

    private enum Sign: Sendable {
        case probe(Double), disk(Double), noDisk(String), nothing, late
    }

    /// Within 3 s with the way to whoever asks.
    package static let patience = Duration.milliseconds(2500)
    /// An attempt has given its place back, or has failed, long before.
    static let stuck = Duration.seconds(5)
    /// Probes are no oftener than this, whoever asks.
    private static let keep = Duration.seconds(2)

    private let line: Line<Exercise>
    private let runner: ChannelRunner<Exercise>
    private let ledger: any Ledger
    private let patience: Duration
    private let town: Town
    private let seen: ProbeBoard
    private var count = 0
    private var last: (at: ContinuousClock.Instant, report: Report)?
    private var underWay: Task<Report, Never>?

    package init(
        ledger: any Ledger, renderer: Renderer, logger: Logger, patience: Duration = Readiness.patience
    ) {
        self.ledger = ledger
        self.patience = patience
        let board = ProbeBoard()
        seen = board
        // A code no town has; whether it is right shows at the first start.
        guard let nowhere = TownID("000001") else { preconditionFailure("000001 has a right check digit") }
        town = Town(
            id: nowhere, name: "試験", romanName: "Probe", areas: [:],
            endpoints: [Endpoint(id: "probe", channel: "probe", name: "probe")])
        let journal = DeliveryJournal(ledger: MemoryLedger())
        let slot = ChannelSlot(ProbeChannel(board: board), observer: journal, logger: logger)
        runner = slot.runner
        line = Line(
            channels: [slot], towns: TownRegister([town]), routing: RoutingTable(), renderer: renderer,
            ledger: MemoryLedger(), journal: journal, logger: logger)
    }

    /// Runs the probe's own channel for as long as the hub.
    package nonisolated func run() async throws { try await runner.run() }

    package func report() async -> Report {
        if let last, last.at.duration(to: .now) < Self.keep { return last.report }
        // Whoever asks while one is under way hears of that one: a disk that hangs is not asked by everybody.
        if let underWay { return await underWay.value }
        let probe = Task { await self.probe() }
        underWay = probe
        let report = await probe.value
        underWay = nil
        last = (.now, report)
        return report
    }

    private func probe() async -> Report {
        count += 1
        let now = Date()
        let id = AlertID("probe-\(count)")
        let start = ContinuousClock.now
        let alert = Alert<Exercise>(AlertContent(
            id: id, event: EventID("probe/\(count)"), kind: .notice, message: .alert,
            revision: Revision(series: "probe", serial: nil, sent: now), type: "operator", title: "probe",
            sender: "noroshi", sent: now, expires: now.addingTimeInterval(60),
            detail: .notice(Notice(title: "試験", body: "狼煙が通るかを確かめています。")), town: town.id))
        let (ledger, line, seen, patience) = (ledger, line, seen, patience)
        var probe: Double?
        var disk: Double?
        var refusal: String?
        await withTaskGroup(of: Sign.self) { group in
            group.addTask {
                do { try await ledger.proveWriting(at: now).committed() } catch { return .noDisk("\(error)") }
                return .disk(start.duration(to: .now).milliseconds)
            }
            group.addTask {
                do { try await line.accept(alert, actor: "probe") } catch { return .nothing }
                await seen.arrival(of: id)
                return .probe(start.duration(to: .now).milliseconds)
            }
            group.addTask {
                try? await ContinuousClock().sleep(for: patience)
                return .late
            }
            signs: for await sign in group {
                switch sign {
                case .disk(let time): disk = time
                case .probe(let time): probe = time
                case .noDisk(let words): refusal = words
                case .nothing: break
                case .late: break signs
                }
                if probe != nil, disk != nil || refusal != nil { break }
            }
            group.cancelAll()
        }
        var report = Report(ready: probe != nil && disk != nil, probe_ms: probe, ledger_ms: disk)
        if probe == nil { report.add("試験の情報が配信の線を通りません (a probe alert did not come through the line)") }
        let place = ledger.isElsewhere ? "記録のデータベース" : "記録のディスク"
        if let refusal {
            report.add("\(place)が書き込みを受け付けません。警報は出続けています (\(refusal))")
        } else if disk == nil {
            report.add("\(place)が応答しません。警報は出続けています (the ledger does not answer)")
        }
        return report
    }
}

/// Where probes arrive.
final class ProbeBoard: Sendable {
    private struct State {
        var arrived: Set<AlertID> = []
        var waiting: [AlertID: CheckedContinuation<Void, Never>] = [:]
    }
    private let state = Mutex(State())

    func arrived(_ id: AlertID) {
        let waiter = state.withLock { state in
            // Bounded: only the last few probes are of interest.
            if state.arrived.count > 100 { state.arrived.removeAll() }
            state.arrived.insert(id)
            return state.waiting.removeValue(forKey: id)
        }
        waiter?.resume()
    }

    func arrival(of id: AlertID) async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isThere = state.withLock { state in
                    if state.arrived.contains(id) || Task.isCancelled { return true }
                    state.waiting[id] = continuation
                    return false
                }
                if isThere { continuation.resume() }
            }
        } onCancel: {
            state.withLock { $0.waiting.removeValue(forKey: id) }?.resume()
        }
    }
}

private struct ProbeChannel: ChannelAdapter {
    typealias M = Exercise
    static let manifest = ChannelManifest(
        name: "probe", role: .machine, afterSending: .lastStateWins, drills: .shownApart, languages: [.japanese], concurrency: 4,
        reservedForImmediate: 1, attemptLimit: .seconds(3))
    let board: ProbeBoard

    init(board: ProbeBoard) { self.board = board }
    init(_ setup: ChannelSetup<Exercise>) throws(SettingsError) { board = ProbeBoard() }

    func deliver(_ message: Message<Exercise>, _ delivery: Delivery<Exercise>) async throws(DeliveryFailure) -> Receipt {
        board.arrived(delivery.alert)
        return Receipt()
    }
}
