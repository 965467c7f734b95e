/// One program, run to its end on a thread of its own: waited for no longer than its deadline, killed with all it started where nobody
/// wants it any more.
import ChannelKit
import Glibc
import Spawning
import Synchronization

final class Chore: Sendable {
    struct End: Sendable, Equatable {
        /// Exit code; 128 and the signal that ended it.
        let code: Int32
        /// The beginning of what it complained about.
        let complaint: String
    }

    enum Failure: Error, Equatable {
        case notStarted(String, code: Int32)
        case tooLong
        case cancelled
    }

    private static let complaintLimit = 400
    /// A program that takes its group's SIGKILL and is still not gone waits for the disk: looked at so often.
    private static let look: Int32 = 200

    private let (wakeRead, wakeWrite): (Int32, Int32)

    private init() throws(Spawn.Failure) {
        let ends = try Spawn.pipe()
        // A pipe has two ends.
        (wakeRead, wakeWrite) = (ends[0], ends[1])
    }
    deinit {
        close(wakeRead)
        close(wakeWrite)
    }

    static func run(_ command: String, _ arguments: [String], environment: [String: String], deadline: ContinuousClock.Instant) async throws(Failure) -> End {
        let chore: Chore
        do throws(Spawn.Failure) { chore = try Chore() } catch { throw .notStarted(error.reason, code: error.code) }
        let outcome = await withTaskCancellationHandler {
            await withCheckedContinuation { (waiter: CheckedContinuation<Result<End, Failure>, Never>) in
                let isThere = thread {
                    waiter.resume(returning: chore.work(command, arguments, environment, deadline))
                }
                if !isThere { waiter.resume(returning: .failure(.notStarted("これ以上スレッドを作れません (no more threads)", code: EAGAIN))) }
            }
        } onCancel: {
            var octet: UInt8 = 1
            _ = write(chore.wakeWrite, &octet, 1)
        }
        return try outcome.get()
    }

    private func work(_ command: String, _ arguments: [String], _ environment: [String: String], _ deadline: ContinuousClock.Instant) -> Result<End, Failure> {
        let nothing = open("/dev/null", O_RDWR | O_CLOEXEC)
        defer { close(nothing) }
        let pid: pid_t, errors: Int32
        do throws(Spawn.Failure) {
            (pid, errors) = try Spawn.alone { () throws(Spawn.Failure) in
                let ends = try Spawn.pipe()
                // A pipe has two ends.
                defer { close(ends[1]) }
                do throws(Spawn.Failure) {
                    // A pipe has two ends.
                    return (try Spawn.start(command, arguments, environment: environment, standard: [nothing, nothing, ends[1]]), ends[0])
                } catch {
                    // A pipe has two ends.
                    close(ends[0])
                    throw error
                }
            }
        } catch {
            return .failure(.notStarted(error.reason, code: error.code))
        }
        defer { close(errors) }
        _ = fcntl(errors, F_SETFL, O_NONBLOCK)
        var complaint: [UInt8] = [], failure: Failure?, isOpen = true
        while true {
            if let code = Self.reap(pid) {
                // What it said last may still lie in the pipe.
                while isOpen, complaint.count < Self.complaintLimit, Self.read(errors, into: &complaint) {}
                if let failure { return .failure(failure) }
                return .success(End(code: code, complaint: String(decoding: complaint, as: UTF8.self)))
            }
            let left = deadline - .now
            if failure == nil, left <= .zero { failure = .tooLong }
            if failure != nil { kill(-pid, SIGKILL) }
            // It may close its errors and live on, or leave them to a child: looked at all the same.
            var sides = [pollfd(fd: failure == nil ? wakeRead : -1, events: Int16(POLLIN), revents: 0), pollfd(fd: isOpen ? errors : -1, events: Int16(POLLIN), revents: 0)]
            let (seconds, fraction) = max(.zero, left).components
            let patience = Int32(clamping: seconds * 1000 + fraction / 1_000_000_000_000_000 + 1)
            poll(&sides, nfds_t(sides.count), isOpen && failure == nil ? min(patience, Self.look) : min(patience, 10))
            // There are two of them, above.
            if sides[0].revents != 0 { failure = .cancelled }
            // There are two of them, above.
            if sides[1].revents != 0 { isOpen = Self.read(errors, into: &complaint) }
        }
    }

    private static func read(_ end: Int32, into complaint: inout [UInt8]) -> Bool {
        var page = [UInt8](repeating: 0, count: 4096)
        let count = page.withUnsafeMutableBytes { Glibc.read(end, $0.baseAddress, $0.count) }
        // More than none, as the same line asks.
        if count > 0 { complaint += page.prefix(min(count, max(0, complaintLimit - complaint.count))) }
        return count > 0 || count < 0 && errno == EINTR
    }

    /// Nil while it runs. What it left behind in its group goes with it, before its number can be given to somebody else.
    private static func reap(_ pid: pid_t) -> Int32? {
        var found = siginfo_t()
        guard waitid(P_PID, id_t(pid), &found, WEXITED | WNOHANG | WNOWAIT) == 0, found.si_signo == SIGCHLD else { return nil }
        kill(-pid, SIGKILL)
        var status: Int32 = 0
        waitpid(pid, &status, 0)
        let signal = status & 0x7F
        return signal == 0 ? status >> 8 & 0xFF : 128 + signal
    }

    private static func thread(_ body: @escaping @Sendable () -> Void) -> Bool {
        final class Body: Sendable {
            let run: @Sendable () -> Void
            init(_ run: @escaping @Sendable () -> Void) { self.run = run }
        }
        let pointer = Unmanaged.passRetained(Body(body)).toOpaque()
        var thread = pthread_t()
        let result = pthread_create(&thread, nil, { pointer in
            guard let pointer else { return nil }
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
}
