/// What was asked of a program and what it answered. A value: no process, no clock, no lock.
///
///     offer ──▶ waiting ──▶ output ──▶ in flight ──▶ input ──▶ answer
///                  │                       │
///                  └── deadline, cancel ───┴──▶ being cancelled ──▶ answered, or the program is killed
///
/// A request is known by its delivery's id over there and by a number here: a retry waits until the program has let go
/// of the attempt before, so that no late answer is taken for the new one's.
import ChannelKit
import FoundationEssentials

struct Conversation: Sendable {
    typealias Instant = ContinuousClock.Instant
    typealias Outcome = Result<Receipt, DeliveryFailure>

    struct Request: Sendable {
        let number: Int
        let id: String
        let attempt: Int
        /// One line of JSON.
        let message: [UInt8]
        let deadline: Instant
    }

    enum Event: Sendable {
        case answered(Int, Outcome)
        /// What came on standard output and is no answer.
        case nonsense(String)
    }

    struct Limits: Sendable {
        /// Waiting and in flight. The core has fewer on the wire (manifest): the rest is room for what it has given up.
        var requests = 64
        /// Octets of one answer.
        var line = 64 << 10
        /// How long a program may take to let go of a request.
        var cancel: Duration = .seconds(1)
        /// From the end of its input to SIGTERM, when the hub stops.
        var farewell: Duration = .seconds(2)
        /// From SIGTERM to SIGKILL.
        var mercy: Duration = .seconds(1)
    }

    let limits: Limits
    private var waiting: [Request] = []
    private var flying: [String: Request] = [:]
    /// Ids the program was told to let go of, and until when it may take.
    private var cancelling: [String: Instant] = [:]
    private var cancelLines: [UInt8] = []
    private var partial: [UInt8] = []
    private var isOverlong = false

    init(limits: Limits = Limits()) { self.limits = limits }

    var hasWork: Bool { !waiting.isEmpty || !flying.isEmpty }
    /// The program owes us something.
    var isAwaiting: Bool { !flying.isEmpty || !cancelling.isEmpty }

    /// The next instant at which `expire` or `isOverdue` has something to say.
    var nextInstant: Instant? {
        (waiting.map(\.deadline) + flying.values.map(\.deadline) + cancelling.values).min()
    }

    /// False: there is no room.
    mutating func offer(_ request: Request) -> Bool {
        guard waiting.count + flying.count + cancelling.count < limits.requests else { return false }
        waiting.append(request)
        return true
    }

    /// What to write to the program now.
    mutating func output(now: Instant) -> [UInt8] {
        var octets = cancelLines
        cancelLines = []
        var kept: [Request] = []
        for request in waiting {
            // The same id twice at once: the second waits for the first.
            guard flying[request.id] == nil, cancelling[request.id] == nil else {
                kept.append(request)
                continue
            }
            flying[request.id] = request
            octets += Self.line(request, now)
        }
        waiting = kept
        return octets
    }

    private static func line(_ request: Request, _ now: Instant) -> [UInt8] {
        let left = max(.zero, request.deadline - now)
        let milliseconds = left.components.seconds * 1000 + left.components.attoseconds / 1_000_000_000_000_000
        let head = "{\"id\":\(quoted(request.id)),\"op\":\"deliver\",\"attempt\":\(request.attempt),"
            + "\"deadline_ms\":\(milliseconds),\"message\":"
        return Array(head.utf8) + request.message + Array("}\n".utf8)
    }

    private static func quoted(_ text: String) -> String {
        // A text always has a form in JSON.
        (try? JSONEncoder().encode(text)).map { String(decoding: $0, as: UTF8.self) } ?? "\"\""
    }

    // MARK: The program speaks

    mutating func input(_ octets: some Sequence<UInt8>) -> [Event] {
        var events: [Event] = []
        for octet in octets {
            if octet == 0x0A {
                if isOverlong {
                    events.append(.nonsense("a line longer than \(limits.line) octets"))
                } else if !partial.isEmpty {
                    events.append(contentsOf: answer(partial))
                }
                partial = []
                isOverlong = false
            } else if partial.count < limits.line {
                partial.append(octet)
            } else {
                isOverlong = true
            }
        }
        return events
    }

    private mutating func answer(_ line: [UInt8]) -> [Event] {
        guard let answer = try? JSONDecoder().decode(ProgramAnswer.self, from: Data(line)) else {
            return [.nonsense(String(decoding: line.prefix(200), as: UTF8.self))]
        }
        if let request = flying.removeValue(forKey: answer.id) {
            return [.answered(request.number, answer.outcome)]
        }
        if cancelling[answer.id] != nil {
            // An answer that crossed our cancel comes before the cancel's own: only that one says it has let go.
            if answer.result == "cancelled" { cancelling[answer.id] = nil }
            return []
        }
        return [.nonsense("an answer to \(answer.id.prefix(100)), which nobody asked")]
    }

    // MARK: Ends

    mutating func cancel(_ number: Int, now: Instant) {
        waiting.removeAll { $0.number == number }
        if let request = flying.values.first(where: { $0.number == number }) { letGo(request, now) }
    }

    /// Requests whose time is over.
    mutating func expire(now: Instant) -> [Event] {
        var events: [Event] = []
        for request in waiting where request.deadline <= now {
            events.append(.answered(request.number, .failure(.unavailable("期限までにプログラムが動いていませんでした (the program was not there before the deadline)"))))
        }
        waiting.removeAll { $0.deadline <= now }
        for request in flying.values where request.deadline <= now {
            events.append(.answered(request.number, .failure(.unavailable("期限までにプログラムの返事がありませんでした (the program had not answered by the deadline)"))))
            letGo(request, now)
        }
        return events
    }

    private mutating func letGo(_ request: Request, _ now: Instant) {
        flying[request.id] = nil
        cancelling[request.id] = now + limits.cancel
        cancelLines += Array("{\"id\":\(Self.quoted(request.id)),\"op\":\"cancel\"}\n".utf8)
    }

    /// The program holds on to what it was told to let go of.
    func isOverdue(now: Instant) -> Bool { cancelling.values.contains { $0 <= now } }

    /// The program is gone: what it had is unknown, what it never saw waits for the next one.
    mutating func ended(_ reason: String) -> [Event] {
        let lost = flying.values.map { Event.answered($0.number, .failure(.unavailable("返事の前に終わりました: \(reason) (gone before it answered)"))) }
        flying = [:]
        cancelling = [:]
        cancelLines = []
        partial = []
        isOverlong = false
        return lost
    }

    /// Nothing will be asked any more.
    mutating func refuseAll(_ failure: DeliveryFailure) -> [Event] {
        defer { waiting = [] }
        return waiting.map { .answered($0.number, .failure(failure)) }
    }
}
