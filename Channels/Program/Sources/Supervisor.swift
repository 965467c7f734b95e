/// Keeps one program running and speaks with it, on a thread of its own: no task of the hub ever waits for a pipe.
///
///     deliver ──▶ conversation ◀──▶ this thread: poll(wake, stdin, stdout, stderr) ◀──▶ program
///
/// The program is started when it is first needed and kept. When it dies it is started again after a pause that
/// doubles, from 0.1 s to 30 s, until it has answered something.
import ChannelKit
import Glibc
import Logging
import Synchronization

final class Supervisor: Sendable {
    typealias Instant = ContinuousClock.Instant
    typealias Waiter = CheckedContinuation<Conversation.Outcome, Never>

    struct State {
        var conversation: Conversation
        var waiters: [Int: Waiter] = [:]
        var gaveUp: Set<Int> = []
        var next = 0
        var isStopping = false
        var hasEnded = false
        var awaitingEnd: [CheckedContinuation<Void, Never>] = []
    }

    let settings: ProgramSettings
    let limits: Conversation.Limits
    let logger: Logger
    let state: Mutex<State>
    /// One octet in it makes the thread look.
    let wakeRead: Int32
    private let wakeWrite: Int32

    init(_ settings: ProgramSettings, limits: Conversation.Limits, logger: Logger) throws(Child.SpawnError) {
        let ends = try Child.pipe()
        for end in ends { _ = fcntl(end, F_SETFL, O_NONBLOCK) }
        self.settings = settings
        self.limits = limits
        self.logger = logger
        // pipe(2) filled both ends.
        (wakeRead, wakeWrite) = (ends[0], ends[1])
        state = Mutex(State(conversation: Conversation(limits: limits)))
        guard startThread({ SupervisorLoop(self).run() }) else {
            throw Child.SpawnError(reason: "これ以上スレッドを作れません (the system gives no more threads)")
        }
    }

    deinit {
        close(wakeRead)
        close(wakeWrite)
    }

    func ask(id: String, attempt: Int, message: [UInt8], deadline: Instant) async -> Conversation.Outcome {
        let number = state.withLock { state in
            state.next += 1
            return state.next
        }
        let request = Conversation.Request(
            number: number, id: id, attempt: attempt, message: message, deadline: deadline)
        let outcome = await withTaskCancellationHandler {
            await withCheckedContinuation { begin(request, $0) }
        } onCancel: {
            giveUp(number)
        }
        state.withLock { _ = $0.gaveUp.remove(number) }
        return outcome
    }

    private func begin(_ request: Conversation.Request, _ waiter: Waiter) {
        let refusal = state.withLock { state -> DeliveryFailure? in
            if state.gaveUp.contains(request.number) { return .cancelled }
            if state.isStopping { return .unavailable("ハブを終了しています (the hub is stopping)") }
            guard state.conversation.offer(request) else { return .throttled(retryAfter: .seconds(1)) }
            state.waiters[request.number] = waiter
            return nil
        }
        guard let refusal else { return wake() }
        waiter.resume(returning: .failure(refusal))
    }

    /// May come before `begin`, and after the answer; then it changes nothing.
    private func giveUp(_ number: Int) {
        let waiter = state.withLock { state -> Waiter? in
            state.gaveUp.insert(number)
            state.conversation.cancel(number, now: .now)
            return state.waiters.removeValue(forKey: number)
        }
        waiter?.resume(returning: .failure(.cancelled))
        wake()
    }

    func stop() {
        state.withLock { $0.isStopping = true }
        wake()
    }

    /// Returns when the program is gone and the thread has nothing left to do.
    func ended() async {
        await withCheckedContinuation { (waiter: CheckedContinuation<Void, Never>) in
            let hasEnded = state.withLock { state in
                if !state.hasEnded { state.awaitingEnd.append(waiter) }
                return state.hasEnded
            }
            if hasEnded { waiter.resume() }
        }
    }

    /// A full pipe is as good: the thread will look.
    private func wake() {
        var octet: UInt8 = 1
        _ = write(wakeWrite, &octet, 1)
    }
}

/// A detached thread with SIGPIPE blocked: a program that does not listen any more must not end the hub.
private func startThread(_ body: @escaping @Sendable () -> Void) -> Bool {
    final class Body: Sendable {
        let run: @Sendable () -> Void
        init(_ run: @escaping @Sendable () -> Void) { self.run = run }
    }
    let pointer = Unmanaged.passRetained(Body(body)).toOpaque()
    var thread = pthread_t()
    let result = pthread_create(&thread, nil, { pointer in
        guard let pointer else { return nil }
        var pipe = sigset_t()
        sigemptyset(&pipe)
        sigaddset(&pipe, SIGPIPE)
        pthread_sigmask(SIG_BLOCK, &pipe, nil)
        Unmanaged<Body>.fromOpaque(pointer).takeRetainedValue().run()
        return nil
    }, pointer)
    guard result == 0 else {
        Unmanaged<Body>.fromOpaque(pointer).release()
        return false
    }
    pthread_detach(thread)
    return true
}
