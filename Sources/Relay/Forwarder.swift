internal import ChannelKit
internal import Foundation
internal import Tablets
package import Logging
internal import Synchronization

/// Hands the outbox to the hub, with the time things happened at, as the milliseconds since (`Outbox.Clocks`): clocks of two
/// machines are not compared.
package final class Forwarder: Sendable {
    private struct Receipts: Encodable { var receipts: [Line] }
    private struct Line: Encodable {
        var id, device: String
        var alert, level, body: String?
        var elapsed_ms: Double
    }

    private let hub: HubLine
    private let outbox: Outbox
    /// Tablets of which the hub has not heard yet: to it what they told would be nobody's.
    private let unheard: @Sendable () -> Set<String>
    private let logger: Logger
    private let ticking: @Sendable () -> ContinuousClock.Instant
    private let jitter: @Sendable (ClosedRange<Int>) -> Int
    /// No end: nothing has failed.
    private let pause = Mutex<(failures: Int, end: ContinuousClock.Instant?)>((0, nil))
    /// Tablets the hub has asked to wait: one that talks too much keeps the others of its school from nothing.
    private let paused = Mutex<[String: ContinuousClock.Instant]>([:])
    /// The same of what is long, a photograph most likely: short reports of the same tablet go on.
    private let pausedLong = Mutex<[String: ContinuousClock.Instant]>([:])
    /// What is asked for is waited for, up to here.
    static let longestPause = 600

    /// - Parameter ticking: the running clock, which nobody sets.
    package init(
        hub: HubLine, outbox: Outbox, unheard: @escaping @Sendable () -> Set<String> = { [] }, logger: Logger,
        ticking: @escaping @Sendable () -> ContinuousClock.Instant = { .now }, jitter: @escaping @Sendable (ClosedRange<Int>) -> Int = { Int.random(in: $0) }
    ) {
        (self.hub, self.outbox, self.unheard, self.logger) = (hub, outbox, unheard, logger)
        (self.ticking, self.jitter) = (ticking, jitter)
    }

    package func run() async {
        await outbox.rounds.run(every: .seconds(1)) { await send() }
    }

    /// The line is back: no more waiting for the pause to pass.
    package func hurry() {
        pause.withLock { $0 = (0, nil) }
        paused.withLock { $0 = [:] }
        pausedLong.withLock { $0 = [:] }
        outbox.rounds.knock()
    }

    /// One round: everything that goes now.
    package func send() async {
        let begun = ticking()
        guard pause.withLock({ $0.end ?? begun <= begun }) else { return }
        var size = Outbox.batch
        while !Task.isCancelled, let batch = outbox.next(upTo: size, without: waiting(paused).union(unheard()), longOf: waiting(pausedLong)) {
            switch await hand(batch) {
            case .taken:
                pause.withLock { $0.failures = 0 }
                outbox.settle(batch, isTaken: true)
            // One of them is wrong: one by one the others arrive.
            case .refused where batch.entries.count > 1: size = 1
            case .refused(let reason):
                logger.error("hub refuses what a tablet told", metadata: [
                    "device": "\(batch.entries[0].device)", "id": "\(batch.entries[0].id)", "reason": "\(reason)",
                ])
                outbox.settle(batch, isTaken: false)
            // Of several tablets one has told too much: one by one it is found.
            case .tooMuch where batch.entries.count > 1: size = 1
            case .tooMuch(let seconds):
                let device = batch.entries.map(\.device).first ?? ""
                let end = end(of: seconds)
                paused.withLock { $0[device] = end }
                logger.info("hub asks a tablet to wait", metadata: ["device": "\(device)", "seconds": "\(seconds)"])
            case .tooLong(let seconds):
                let device = batch.entries.map(\.device).first ?? ""
                let end = end(of: seconds)
                pausedLong.withLock { $0[device] = end }
                logger.info("hub asks a tablet to wait with what is long", metadata: ["device": "\(device)", "seconds": "\(seconds)"])
            case .later(let reason):
                let now = ticking()
                pause.withLock { pause in
                    pause.failures += 1
                    pause.end = now.advanced(by: Upstream.pause(after: pause.failures, jitter))
                }
                return logger.info("outbox waits", metadata: ["reason": "\(reason)"])
            }
        }
    }

    private func end(of seconds: Int) -> ContinuousClock.Instant { ticking().advanced(by: .seconds(min(max(1, seconds), Self.longestPause))) }

    private func waiting(_ paused: borrowing Mutex<[String: ContinuousClock.Instant]>) -> Set<String> {
        let now = ticking()
        return paused.withLock { paused in
            paused = paused.filter { $0.value > now }
            return Set(paused.keys)
        }
    }

    enum Outcome: Equatable {
        case taken, refused(String), later(String)
        /// This device alone, for so many seconds.
        case tooMuch(Int)
        /// The same, and what is short may go.
        case tooLong(Int)
    }

    private func hand(_ batch: Outbox.Batch) async -> Outcome {
        let lines = zip(batch.entries, batch.ages).map { entry, age in
            Line(id: entry.id, device: entry.device, alert: entry.alert, level: entry.level, body: entry.body, elapsed_ms: (age * 1000).rounded())
        }
        do {
            // The outbox hands out no empty batch, and there is a line for each entry.
            let isReport = batch.entries[0].isReport
            // As above: one entry at least, and a line for each.
            if batch.entries[0].path != nil { return try await rollCall(lines[0]) }
            // As above: a line for each entry, and one entry at least.
            let body = isReport ? try JSONEncoder().encode(lines[0]) : try JSONEncoder().encode(Receipts(receipts: lines))
            let answer = try await hub.call("POST", isReport ? "/v1/reports" : "/v1/receipts", [UInt8](body))
            // As above. The town's room for long reports is used up for today; short ones and receipts go on.
            return Self.outcome(answer, of: lines.map(\.id), isLong: batch.entries[0].isLong)
        } catch {
            return .later("\(error)")
        }
    }

    /// What a guest said for his own school's roll-call.
    private func rollCall(_ line: Line) async throws -> Outcome {
        struct Answers: Encodable {
            var device: String
            var answers: [PassedAnswer]
        }
        var answer = try JSONDecoder().decode(PassedAnswer.self, from: Data((line.body ?? "").utf8))
        answer.elapsed_ms = line.elapsed_ms
        return Self.outcome(try await hub.call("POST", "/v1/rollcall/answers", [UInt8](try JSONEncoder().encode(Answers(device: line.device, answers: [answer])))), of: [answer.id], isLong: false)
    }

    /// Taken is what the hub names, refused what it refuses in its own form: a page that asks to log in says yes to everything under the hub's name, some
    /// website knows none of it, and what was told is kept for the hub.
    static func outcome(_ answer: HTTPAnswer, of ids: [String], isLong: Bool) -> Outcome {
        struct Taken: Decodable { var accepted: [String] }
        let isProblem = answer.header("Content-Type")?.hasPrefix("application/problem+json") == true
        return switch answer.status {
        case 200..<300 where (try? JSONDecoder().decode(Taken.self, from: Data(answer.body))).map { Set(ids).isSubset(of: $0.accepted) } == true: .taken
        // 401 is the edge itself, and no fault of what it carries.
        case let status where isProblem && [400, 403, 404, 409, 413, 422].contains(status): .refused(answer.text)
        case 429: .tooMuch(answer.header("Retry-After").flatMap { Int($0) } ?? 10)
        case 503 where isProblem && isLong: .tooLong(answer.header("Retry-After").flatMap { Int($0) } ?? 60)
        default: .later("ハブが\(answer.status)と答えました (the hub answers so)")
        }
    }
}
