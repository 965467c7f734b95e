import CellBroadcast
import ChannelKit
import ChannelKitTesting
import FoundationEssentials
import Synchronization

@testable import AreaMail

/// A cell-broadcast centre as osmo-cbc 0.5.3 behaves with osmo-bsc 1.9 behind it (measured 2026-11), its delays in turned
/// clock time.
///
///     POST    201 at once, also where a cell refused or nobody is connected; after 10 s where one is silent
///     DELETE  200 after 10 s for a text (15 s with one away), at once for an ETWS primary; 10 s where one is silent
///     meanwhile: DELETE 500 "Illegal FSM event", POST 409        unknown, or active already: 404, 409, or never
final class OsmoCentre: HTTPTransport {
    private struct Held {
        var cells: [FakeCell]
        var active: [Int: ECBEMessage] = [:]
        var leaving: Set<Int> = []
        var lines: [String] = []
        var isQuick = false
        var isDumb = false
        var isDown = false
    }
    private let held: Mutex<Held>
    let clock = HandClock()

    init(cells: Int = 1) { held = Mutex(Held(cells: Array(repeating: FakeCell(), count: cells))) }

    /// Removals take no time.
    func beQuick() { held.withLock { $0.isQuick = true } }
    /// Never answers what it does not know, and what is active already.
    func beDumb() { held.withLock { $0.isDumb = true } }
    func set(_ line: FakeCell.Line, of cell: Int = 0) { held.withLock { $0.cells[cell].line = line } }
    func cell(_ index: Int = 0) -> FakeCell { held.withLock { $0.cells[index] } }
    func change(_ index: Int = 0, _ body: (inout FakeCell) -> Void) { held.withLock { body(&$0.cells[index]) } }
    var active: Set<Int> { held.withLock { Set($0.active.keys) } }
    var lines: [String] { held.withLock { $0.lines } }
    func forgetCalls() { held.withLock { $0.lines = [] } }

    /// Its program ends and begins again: everything is lost, here and, by RESET, in the cells.
    func restart() {
        held.withLock { held in
            (held.active, held.leaving) = ([:], [])
            for index in held.cells.indices { held.cells[index].forget() }
        }
    }

    var pace: Pace {
        Pace(now: { [clock] in clock.now }, sleep: { [clock] in try await clock.sleep(until: $0) })
    }

    private enum Step {
        case answer(Int, String, after: Duration, then: Int? = nil)
        case never
    }

    func send(_ call: HTTPCall, deadline: ContinuousClock.Instant) async throws(TransportFailure) -> HTTPAnswer {
        let path = call.url.replacing("http://127.0.0.1:12345/api/ecbe/v1", with: "")
        let message = try? JSONDecoder().decode(ECBEMessage.self, from: Data(call.body))
        let step = held.withLock { held in
            held.lines.append("\(call.method) \(message.map { "\($0.smscb_message.message_id)" } ?? path)")
            return Self.work(&held, call.method, path, message)
        }
        do {
            switch step {
            case .never:
                try await clock.sleep(until: deadline)
                throw TransportFailure.noAnswer("timed out")
            case .answer(let status, let text, let delay, let freed):
                let due = clock.now + delay
                try await clock.sleep(until: min(due, deadline))
                if let freed { held.withLock { $0.active[freed] = nil; $0.leaving.remove(freed) } }
                guard due <= deadline else { throw TransportFailure.noAnswer("timed out") }
                return HTTPAnswer(status: status, body: Array(text.utf8))
            }
        } catch let failure as TransportFailure {
            throw failure
        } catch {
            throw .cancelled
        }
    }

    private static func work(_ held: inout Held, _ method: String, _ path: String, _ message: ECBEMessage?) -> Step {
        switch (method, message) {
        case ("POST", let message?): post(&held, message)
        case ("DELETE", _): delete(&held, path.split(separator: "/").last.flatMap { Int($0) } ?? -1)
        default: .answer(404, "Not Found", after: .zero)
        }
    }

    private static func post(_ held: inout Held, _ message: ECBEMessage) -> Step {
        let key = message.smscb_message.message_id
        guard held.active[key] == nil else {
            return held.isDumb ? .never : .answer(409, "Could not allocate", after: .zero)
        }
        held.active[key] = message
        for index in held.cells.indices { held.cells[index].write(message) }
        let isSilent = held.cells.contains { $0.line == .silent }
        return .answer(201, "Created", after: isSilent ? .seconds(10) : .zero)
    }

    private static func delete(_ held: inout Held, _ key: Int) -> Step {
        guard let message = held.active[key] else { return held.isDumb ? .never : .answer(404, "Unknown message ID", after: .zero) }
        guard held.leaving.insert(key).inserted else {
            return held.isDumb ? .never : .answer(500, "Illegal FSM event", after: .zero)
        }
        for index in held.cells.indices { held.cells[index].kill(message) }
        let isText = message.smscb_message.payload.payload_encoded != nil
        let isAway = held.cells.contains { $0.line == .away } && held.cells.count > 1
        let isSilent = held.cells.contains { $0.line == .silent }
        let delay: Duration =
            held.isQuick ? .zero : isText ? (isAway ? .seconds(15) : .seconds(10)) : isSilent ? .seconds(10) : .zero
        return .answer(200, "OK", after: delay, then: key)
    }
}

/// Turns the clock whenever somebody waits for it, so that what takes minutes is over at once.
final class Turner: Sendable {
    private let task: Task<Void, Never>

    init(_ clock: HandClock) {
        // Not a child: it turns for whoever the test starts.
        task = Task.detached {
            while !Task.isCancelled {
                // Whoever can go on without the clock goes on first; a spinning turner would keep others from it.
                try? await Task.sleep(for: .milliseconds(1))
                if clock.sleeperCount > 0 { clock.advance(by: .milliseconds(250)) }
            }
        }
    }

    func stop() { task.cancel() }
}

func turning<Value: Sendable>(_ clock: HandClock, _ body: @Sendable () async throws -> Value) async rethrows -> Value {
    let turner = Turner(clock)
    defer { turner.stop() }
    return try await body()
}
