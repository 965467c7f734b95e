/// Those who read: a few threads, each with a line of its own, and a question at a time.
///
/// Name: questions to the database. Bound: 256 that wait. Gauge: none yet. When it is full the new one is refused (503, Retry-After). A
/// database that is away is not asked anew by each: for half a second all hear what the last one heard.
internal import Ledger
internal import LedgerStore
internal import Synchronization

final class PostgresReaders: Sendable {
    /// Pages of people; a start; somebody who looks through a chain.
    private static let threads = 3
    private static let waiting = 256
    private static let rest = Duration.milliseconds(500)

    private struct Question: Sendable {
        var towns: [String]
        var patience: Duration?
        var ask: @Sendable (PostgresLine) throws -> Void
        var refuse: @Sendable (any Error) -> Void
    }
    private struct State {
        var questions: [Question] = []
        var isClosed = false
        var failure: (at: ContinuousClock.Instant, trouble: PostgresTrouble)?
    }
    private let state = Mutex(State())
    private let bell = Bell()
    private let address: PostgresAddress
    private let watch: PostgresWatch

    init(_ address: PostgresAddress, _ watch: PostgresWatch) {
        self.address = address
        self.watch = watch
        for _ in 0..<Self.threads { PostgresThread.start("ledger-reader") { [self] in work() } }
    }

    func close() {
        state.withLock { $0.isClosed = true }
        for _ in 0..<Self.threads { bell.ring() }
    }

    /// Of whoever reads years, and holds up nobody: a start, a chain.
    static let long = Duration.seconds(30)

    /// One moment of the record, of these towns and what is common to all.
    func read<Value: Sendable>(_ towns: [String], within patience: Duration? = nil, _ body: @escaping @Sendable (PostgresLine) throws -> Value) async throws -> Value {
        try await withCheckedThrowingContinuation { (done: CheckedContinuation<Value, any Error>) in
            let question = Question(
                towns: towns + [CommonChain.name], patience: patience, ask: { line in done.resume(returning: try body(line)) }, refuse: { done.resume(throwing: Self.words($0)) })
            let refusal: LedgerFailure? = state.withLock { state in
                if state.isClosed { return .closed }
                if state.questions.count >= Self.waiting { return .full }
                state.questions.append(question)
                return nil
            }
            if let refusal { done.resume(throwing: refusal) } else { bell.ring() }
        }
    }

    /// As whoever asks the record hears it.
    static func words(_ error: any Error) -> any Error { (error as? PostgresTrouble)?.failure ?? error }

    private func work() {
        var line: PostgresLine?
        while true {
            bell.wait()
            let (question, isClosed) = state.withLock { state in
                (state.questions.isEmpty ? nil : state.questions.removeFirst(), state.isClosed)
            }
            if let question { answer(question, &line) } else if isClosed { return }
        }
    }

    private func answer(_ question: Question, _ line: inout PostgresLine?) {
        do throws(PostgresTrouble) {
            // A server that was started anew has closed the lines of before: nothing was asked over this one yet.
            var ready = try begin(question.towns, line.take())
            if ready == nil { ready = try begin(question.towns, nil) }
            guard let ready else { return }
            answer(question, on: ready)
            ready.rollBack()
            if !ready.isBroken { line = ready }
        } catch {
            question.refuse(error)
        }
    }

    private func answer(_ question: Question, on line: PostgresLine) {
        let usual = line.patience
        line.patience = question.patience ?? usual
        defer { line.patience = usual }
        do { try question.ask(line) } catch { question.refuse(error) }
    }

    /// Nil where the old line had been closed.
    private func begin(_ towns: [String], _ old: PostgresLine?) throws(PostgresTrouble) -> PostgresLine? {
        let began = ContinuousClock.now
        let line: PostgresLine
        if let old { line = old } else { line = try open() }
        do throws(PostgresTrouble) {
            try line.begin(towns, readsOnly: true)
            return line
        } catch {
            guard old != nil, line.isBroken, began.duration(to: .now) < address.patience / 2 else { throw error }
            return nil
        }
    }

    private func open() throws(PostgresTrouble) -> PostgresLine {
        if watch.isAway, let failure = state.withLock({ $0.failure }), failure.at.duration(to: .now) < Self.rest { throw failure.trouble }
        do throws(PostgresTrouble) {
            let line = try PostgresLine.open(address)
            state.withLock { $0.failure = nil }
            return line
        } catch {
            state.withLock { $0.failure = (.now, error) }
            throw error
        }
    }
}
