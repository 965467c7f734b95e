internal import HTTPTypes
package import AlertModel
internal import ChannelKit
package import Devices
package import Foundation
package import Ledger
internal import Serving
package import Tablets
internal import Synchronization

/// Receipts and reports on their way to the hub. A tablet hears yes when they are on the edge's disk; they leave it
/// when the hub has said yes. The same id waits once, and the hub counts it once, so sending again is always right.
///
/// Full: the oldest receipt makes room, since what a shelter reports is worth more; without one the next is refused.
package final class Outbox: Sendable {
    struct Entry: Codable, Sendable {
        var device: String
        var id: String
        /// A receipt's; nil in a report.
        var alert: String?
        var level: String?
        /// A report as the tablet wrote it; nil in a receipt.
        var body: String?
        /// Where it is no receipt and no report: `rollcall/answers`.
        var path: String?
        /// By this machine's clock, which may be turned before the line is back.
        var occurred: Date
        /// By the hub's, where it had been heard.
        var hubTime: Date?

        var isReport: Bool { body != nil }
        /// As a hub counts it, which keeps room of its own for short ones.
        var isLong: Bool { path == nil && length > 1 << 10 }
        /// Longer than a report may be without one.
        var hasPhoto: Bool { path == nil && length > 16 << 10 }
        var key: String { (path != nil ? "answer/" : isReport ? "report/" : "receipt/") + device + "/" + id }
        private var length: Int { body?.utf8.count ?? 0 }
        var size: Int { 300 + length }
    }

    /// What leaves together, oldest first; a report goes alone.
    struct Batch: Sendable {
        var numbers: [Int]
        var entries: [Entry]
        /// Seconds since each happened.
        var ages: [TimeInterval]
    }

    /// By which it is known how long something has waited: weeks, it may be, with a power cut and a clock that is set right between.
    struct Clocks: Sendable {
        var wall: @Sendable () -> Date = { Date() }
        /// Also counts while the machine sleeps.
        var running: @Sendable () -> ContinuousClock.Instant = { .now }
        /// The hub's time, where it is certain.
        var hub: @Sendable () -> Date? = { nil }
    }

    package struct Gauges: Sendable {
        package var receipts, reports, dropped, forwarded, refused: Int
    }

    private struct State {
        var entries: [Int: Entry] = [:]
        var numbers: [String: Int] = [:]
        /// When each happened, of those told since this start.
        var moments: [Int: ContinuousClock.Instant] = [:]
        /// Oldest first.
        var receipts: [Int] = []
        var reports: [Int] = []
        var next = 0
        var octets = 0
        /// Reports that have left, latest last.
        var settled: [(key: String, state: ReportState)] = []
        var dropped = 0
        var forwarded = 0
        var refused = 0
    }

    /// What 150 tablets can have in store themselves (500 each, `outbox.js`), and 5,000 more: three receipts of each for every one of 160 alerts. While the line is
    /// cut no new alert comes, so weeks add reports alone: at 300 octets a receipt all that leaves 40 MB, a thousand reports of 1 kB a day for six weeks.
    static let limit = 80_000
    static let octetLimit = 64 << 20
    static let batch = 200
    /// Reports that have left and are remembered here.
    static let memory = 500
    private static let prefix = "outbox/"

    private let ledger: any Ledger
    private let limit, octetLimit: Int
    private let clocks: Clocks
    private let state: Mutex<State>
    package let rounds = Rounds()

    /// - Parameters:
    ///   - hubTime: the hub's time, where it is certain.
    ///   - clock: this machine's own.
    ///   - ticking: the running one, which nobody sets.
    package convenience init(
        ledger: any Ledger, hubTime: @escaping @Sendable () -> Date? = { nil }, clock: @escaping @Sendable () -> Date = { Date() },
        ticking: @escaping @Sendable () -> ContinuousClock.Instant = { .now }
    ) {
        self.init(ledger: ledger, limit: Self.limit, clocks: Clocks(wall: clock, running: ticking, hub: hubTime))
    }

    init(ledger: any Ledger, limit: Int, octetLimit: Int = octetLimit, clocks: Clocks = Clocks()) {
        self.ledger = ledger
        (self.limit, self.octetLimit) = (limit, octetLimit)
        self.clocks = clocks
        var known = State()
        for key in ledger.keys(prefix: Self.prefix) {
            guard let number = Int(key.dropFirst(Self.prefix.count)), let octets = ledger.read(key),
                let entry = try? JSONDecoder().decode(Entry.self, from: Data(octets))
            else { continue }
            Self.put(entry, number, into: &known)
        }
        state = Mutex(known)
    }

    package func take(_ receipts: [ToldReceipt], in town: TownID) async throws {
        try await keep(receipts.map { record in
            Entry(
                device: record.device, id: Self.ownID(record.id, record.device), alert: record.alert.text,
                level: record.reach.word, occurred: record.occurred, hubTime: hubTime(record.received.timeIntervalSince(record.occurred)))
        }, ages: receipts.map { $0.received.timeIntervalSince($0.occurred) })
    }

    package func take(_ report: ToldReport, in town: TownID) async throws -> ReportState {
        try await keep([
            Entry(
                device: report.device, id: Self.ownID(report.id, report.device), body: report.body,
                occurred: report.occurred, hubTime: hubTime(report.received.timeIntervalSince(report.occurred)))
        ], ages: [report.received.timeIntervalSince(report.occurred)])
        return .kept
    }

    /// Of a guest: his own school has to hear of it.
    package func take(_ answer: PassedAnswer, of device: Device) async throws {
        let elapsed = ToldAge.seconds(answer.elapsed_ms)
        try await keep([
            Entry(
                device: device.id, id: answer.id, body: String(decoding: try JSONEncoder().encode(answer), as: UTF8.self), path: "rollcall/answers",
                occurred: clocks.wall().addingTimeInterval(-elapsed), hubTime: hubTime(elapsed))
        ], ages: [elapsed])
    }

    private func hubTime(_ age: TimeInterval) -> Date? { clocks.hub()?.addingTimeInterval(-age) }

    /// Kept while it waits; what the hub said to it, for those that left lately; nil: not known here.
    package func state(ofReport id: String, by device: Device) -> ReportState? {
        state.withLock { state in
            state.numbers["report/" + id] != nil ? .kept : state.settled.last { $0.key == "report/" + id }?.state
        }
    }

    private func keep(_ entries: [Entry], ages: [TimeInterval]) async throws {
        let now = clocks.running()
        let isTaken = state.withLock { state in
            zip(entries, ages).allSatisfy { add($0, at: now.advanced(by: .seconds(-$1)), &state) }
        }
        guard isTaken else {
            var problem = entries.contains(where: \.hasPhoto) ? Problem(.serviceUnavailable, "写真は、回線が戻るまで中継機に預かれません。写真のない報告は送れます (no room for photographs until the line is back; reports without one are taken)") : Problem(.serviceUnavailable, "中継機に預かれる量を超えました。回線が戻るまで待ってください (the edge keeps as much as it can until the line is back)")
            problem.headers[.retryAfter] = "60"
            throw problem
        }
        try await ledger.flush().committed()
        rounds.knock()
    }

    private func add(_ entry: Entry, at moment: ContinuousClock.Instant, _ state: inout State) -> Bool {
        guard state.numbers[entry.key] == nil else { return true }
        // Pictures of weeks push no receipt out, and leave room for words.
        guard !entry.hasPhoto || state.octets + entry.size <= octetLimit / 2 else { return false }
        while state.entries.count >= limit || state.octets + entry.size > octetLimit {
            guard let oldest = state.receipts.first else { return false }
            remove([oldest], &state)
            state.dropped += 1
        }
        let number = state.next
        guard let octets = try? JSONEncoder().encode(entry) else { return false }
        Self.put(entry, number, into: &state)
        // A dictionary: any number is a key of it.
        state.moments[number] = moment
        ledger.write(Self.note(number), [UInt8](octets))
        return true
    }

    private static func put(_ entry: Entry, _ number: Int, into state: inout State) {
        // A dictionary: any number is a key of it.
        state.entries[number] = entry
        state.numbers[entry.key] = number
        state.octets += entry.size
        state.next = max(state.next, number + 1)
        if entry.isReport { state.reports.append(number) } else { state.receipts.append(number) }
    }

    private func remove(_ numbers: [Int], _ state: inout State) {
        for number in numbers {
            guard let entry = state.entries.removeValue(forKey: number) else { continue }
            state.numbers[entry.key] = nil
            // A dictionary: any number is a key of it.
            state.moments[number] = nil
            state.octets -= entry.size
            ledger.write(Self.note(number), nil)
        }
        let gone = Set(numbers)
        state.receipts.removeAll { gone.contains($0) }
        state.reports.removeAll { gone.contains($0) }
    }

    /// Zeros in front, so that the order of names is the order of arrival.
    private static func note(_ number: Int) -> String {
        let digits = String(number)
        return prefix + String(repeating: "0", count: max(0, 15 - digits.count)) + digits
    }

    /// As the tablet said it: the record has the device in front.
    private static func ownID(_ id: String, _ device: String) -> String { String(id.dropFirst(device.count + 1)) }

    // MARK: the forwarder's side

    /// Reports first. Of these devices none, or no long ones: the hub has asked them to wait, and nobody waits for another.
    func next(upTo count: Int = batch, without paused: Set<String> = [], longOf pausedLong: Set<String> = []) -> Batch? {
        state.withLock { state in
            let known = state.entries
            // By the number, a key of ours.
            let goes = { [moments = state.moments, isKnown = clocks.hub() != nil] (number: Int) in
                // What was told before this start, at a moment of the hub's, waits until the hub has said the time: this machine's clock may be wrong by years.
                known[number].map { !paused.contains($0.device) && !($0.isLong && pausedLong.contains($0.device)) && (isKnown || moments[number] != nil || $0.hubTime == nil) } ?? false
            }
            // The count is our own batch size.
            let numbers = state.reports.first(where: goes).map { [$0] } ?? Array(state.receipts.lazy.filter(goes).prefix(count))
            let entries = numbers.compactMap { state.entries[$0] }
            let ages = zip(numbers, entries).map { age(of: $1, since: state.moments[$0]) }
            return entries.isEmpty ? nil : Batch(numbers: numbers, entries: entries, ages: ages)
        }
    }

    /// By the time that runs by itself; over a restart by the hub's, where it was known then and is now; by this machine's clock where nothing else is left.
    private func age(of entry: Entry, since moment: ContinuousClock.Instant?) -> TimeInterval {
        if let moment { return max(0, moment.duration(to: clocks.running()) / .seconds(1)) }
        if let then = entry.hubTime, let now = clocks.hub() { return max(0, now.timeIntervalSince(then)) }
        return max(0, clocks.wall().timeIntervalSince(entry.occurred))
    }

    func settle(_ batch: Batch, isTaken: Bool) {
        state.withLock { state in
            for entry in batch.entries where entry.isReport {
                state.settled.append((entry.key, isTaken ? .received : .refused))
            }
            state.settled.removeFirst(max(0, state.settled.count - Self.memory))
            remove(batch.numbers, &state)
            if isTaken { state.forwarded += batch.numbers.count } else { state.refused += batch.numbers.count }
        }
    }

    package var gauges: Gauges {
        state.withLock {
            Gauges(
                receipts: $0.receipts.count, reports: $0.reports.count, dropped: $0.dropped, forwarded: $0.forwarded,
                refused: $0.refused)
        }
    }
}
