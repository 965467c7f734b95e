import ChannelKit
import Glibc
import Logging
import Synchronization

/// The supervisor's thread. Everything in here stays on it.
final class SupervisorLoop {
    private typealias Instant = ContinuousClock.Instant

    private let supervisor: Supervisor
    private let limits: Conversation.Limits
    private var child: Child?
    private var notBefore = ContinuousClock.now
    private var failures = 0
    /// Lines that are no answer, and its standard error. A program that chatters must not fill the log, nor one that is
    /// begun again and again.
    private var nonsense = LineBudget(now: .now)
    private var complaints = LineBudget(now: .now)

    /// While the program owes us something its life is looked at: it may end and leave its pipes to another.
    private static let lifeCheck = Duration.milliseconds(500)
    private static let endCheck = Duration.milliseconds(20)
    private static let shortestPause = Duration.milliseconds(100)
    private static let longestPause = Duration.seconds(30)
    private static let complaintLimit = 1000

    init(_ supervisor: Supervisor) {
        self.supervisor = supervisor
        limits = supervisor.limits
    }

    func run() {
        while true {
            let now = ContinuousClock.now
            let (isStopping, hasWork, isOverdue) = look(now)
            if child == nil {
                if isStopping { break }
                if hasWork, now >= notBefore { start() }
            }
            if let child {
                if isStopping || isOverdue || child.isEnding {
                    child.end(now: now, grace: isStopping ? limits.farewell : .zero, mercy: limits.mercy)
                } else {
                    speak(child, now)
                }
            }
            wait(now, isStopping)
            if let child { listen(child) }
        }
        finish()
    }

    private func look(_ now: Instant) -> (isStopping: Bool, hasWork: Bool, isOverdue: Bool) {
        let (events, answer) = supervisor.state.withLock { state in
            let events = state.conversation.expire(now: now)
            return (events, (state.isStopping, state.conversation.hasWork, state.conversation.isOverdue(now: now)))
        }
        tell(events)
        return answer
    }

    private func start() {
        do throws(Child.SpawnError) {
            child = try Child(supervisor.settings)
        } catch {
            supervisor.logger.error("program cannot be started", metadata: ["reason": "\(error.reason)"])
            pause()
            tell(supervisor.state.withLock { $0.conversation.refuseAll(.misconfigured("プログラムを起動できません: \(error.reason) (cannot be started)")) })
        }
    }

    private func pause() {
        notBefore = .now + min(Self.shortestPause * (1 << min(failures, 16)), Self.longestPause)
        failures += 1
    }

    private func speak(_ child: Child, _ now: Instant) {
        // The next lines are made when the last ones are gone: what waits here is bounded by the conversation.
        if child.pending.isEmpty { child.pending = supervisor.state.withLock { $0.conversation.output(now: now) }[...] }
        child.write()
    }

    private func wait(_ now: Instant, _ isStopping: Bool) {
        var polled = [pollfd(fd: supervisor.wakeRead, events: Int16(POLLIN), revents: 0)]
        if let child {
            polled.append(pollfd(fd: child.output, events: Int16(POLLIN), revents: 0))
            polled.append(pollfd(fd: child.errors, events: Int16(POLLIN), revents: 0))
            // A negative descriptor is passed over (poll(2)).
            polled.append(pollfd(fd: child.pending.isEmpty ? -1 : child.input, events: Int16(POLLOUT), revents: 0))
        }
        poll(&polled, nfds_t(polled.count), timeout(now, isStopping))
        if polled[0].revents != 0 { _ = Child.read(supervisor.wakeRead) }
    }

    /// Milliseconds; -1 for ever.
    private func timeout(_ now: Instant, _ isStopping: Bool) -> Int32 {
        var waits: [Duration] = []
        let (next, isAwaiting, hasWork) = supervisor.state.withLock {
            ($0.conversation.nextInstant, $0.conversation.isAwaiting, $0.conversation.hasWork)
        }
        // What is overdue is on its way out and looked at often enough.
        if let next { waits.append(child?.isEnding == true ? max(next - now, Self.endCheck) : next - now) }
        if let child {
            if child.isEnding || child.output < 0 { waits.append(Self.endCheck) }
            if isAwaiting { waits.append(Self.lifeCheck) }
        } else if hasWork {
            waits.append(notBefore - now)
        }
        guard let wait = waits.min() else { return -1 }
        let (seconds, fraction) = wait.components
        guard seconds < 3600 else { return 3_600_000 }
        // Overdue by as long as the machine slept: more milliseconds than 32 bits have.
        return Int32(clamping: max(0, seconds * 1000 + fraction / 1_000_000_000_000_000 + 1))
    }

    private func listen(_ child: Child) {
        if child.output >= 0 {
            if let octets = Child.read(child.output) {
                hear(octets)
            } else {
                child.closeOutput()
            }
        }
        if child.errors >= 0 {
            if let octets = Child.read(child.errors) { complain(child, octets) } else { child.closeErrors() }
        }
        if let reason = child.reap() {
            gone(reason)
        } else if child.output < 0, !child.isEnding {
            // It runs on and cannot answer any more.
            child.end(now: .now, grace: .zero, mercy: limits.mercy)
        }
    }

    private func hear(_ octets: [UInt8]) {
        guard !octets.isEmpty else { return }
        let events = supervisor.state.withLock { $0.conversation.input(octets) }
        for case .nonsense(let words) in events {
            note("program said what is no answer", words, &nonsense)
        }
        if events.contains(where: { if case .answered = $0 { true } else { false } }) { failures = 0 }
        tell(events)
    }

    private func complain(_ child: Child, _ octets: [UInt8]) {
        for octet in octets {
            if octet != 0x0A, child.complaint.count < Self.complaintLimit {
                child.complaint.append(octet)
            } else if octet == 0x0A || child.complaint.count == Self.complaintLimit {
                flush(child)
            }
        }
    }

    private func flush(_ child: Child) {
        guard !child.complaint.isEmpty else { return }
        note("program wrote to standard error", String(decoding: child.complaint, as: UTF8.self), &complaints)
        child.complaint = []
    }

    private func note(_ what: Logger.Message, _ words: String, _ budget: inout LineBudget) {
        guard let leftOut = budget.take(now: .now) else { return }
        supervisor.logger.notice(
            what, metadata: leftOut == 0 ? ["line": "\(words)"] : ["line": "\(words)", "lines_left_out_before": "\(leftOut)"])
    }

    private func gone(_ reason: String) {
        if let child { flush(child) }
        child = nil
        let isStopping = supervisor.state.withLock { $0.isStopping }
        if !isStopping { supervisor.logger.warning("program is gone", metadata: ["how": "\(reason)"]) }
        pause()
        tell(supervisor.state.withLock { $0.conversation.ended("プログラムが終わりました: \(reason) (the program is gone)") })
    }

    private func finish() {
        let (events, waiters) = supervisor.state.withLock { state in
            state.hasEnded = true
            defer { state.awaitingEnd = [] }
            return (state.conversation.refuseAll(.unavailable("ハブを終了しています (the hub is stopping)")), state.awaitingEnd)
        }
        tell(events)
        for waiter in waiters { waiter.resume() }
    }

    private func tell(_ events: [Conversation.Event]) {
        for case .answered(let number, let outcome) in events {
            let waiter = supervisor.state.withLock { $0.waiters.removeValue(forKey: number) }
            waiter?.resume(returning: outcome)
        }
    }
}
