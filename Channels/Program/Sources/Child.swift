/// One running program, its three pipes and its end. Used by its supervisor's thread only; never blocks.
import Glibc
import Spawning

final class Child {
    let pid: pid_t
    private(set) var input: Int32
    private(set) var output: Int32
    private(set) var errors: Int32
    /// Not written yet.
    var pending: ArraySlice<UInt8> = []
    /// From its standard error, not a whole line yet.
    var complaint: [UInt8] = []
    private var ending: (begun: ContinuousClock.Instant, isTerminated: Bool, isKilled: Bool)?

    struct SpawnError: Error {
        let reason: String
    }

    /// A pipe nobody inherits: the end to read, the end to write.
    static func pipe() throws(SpawnError) -> [Int32] {
        do throws(Spawn.Failure) { return try Spawn.pipe() } catch { throw SpawnError(reason: error.reason) }
    }

    /// A group of its own, so that a kill reaches whatever it started; every descriptor of the hub stays closed to it.
    init(_ settings: ProgramSettings) throws(SpawnError) {
        do throws(Spawn.Failure) {
            let (pipes, started) = try Spawn.alone { () throws(Spawn.Failure) in
                var pipes: [Int32] = []
                do throws(Spawn.Failure) {
                    for _ in 0..<3 { pipes += try Spawn.pipe() }
                    // Three pipes have six ends.
                    return (pipes, try Spawn.start(settings.command, settings.arguments, environment: settings.environment, standard: [pipes[0], pipes[3], pipes[5]]))
                } catch {
                    for end in pipes { close(end) }
                    throw error
                }
            }
            // Three pipes have six ends.
            for end in [pipes[0], pipes[3], pipes[5]] { close(end) }
            // Three pipes have six ends.
            (input, output, errors) = (pipes[1], pipes[2], pipes[4])
            pid = started
        } catch {
            throw SpawnError(reason: error.reason)
        }
        for end in [input, output, errors] { _ = fcntl(end, F_SETFL, fcntl(end, F_GETFL) | O_NONBLOCK) }
    }

    // MARK: Pipes

    /// Writes as much as the pipe takes.
    func write() {
        while !pending.isEmpty, input >= 0 {
            let count = pending.withUnsafeBytes { Glibc.write(input, $0.baseAddress, $0.count) }
            if count > 0 {
                pending.removeFirst(count)
            } else {
                // EPIPE: it is gone, or does not listen; its end is noticed elsewhere.
                if errno != EAGAIN, errno != EINTR { pending = [] }
                return
            }
        }
    }

    /// Nil at the end of the stream.
    static func read(_ end: Int32) -> [UInt8]? {
        var octets = [UInt8](repeating: 0, count: 64 << 10)
        let count = octets.withUnsafeMutableBytes { Glibc.read(end, $0.baseAddress, $0.count) }
        // More than none, as the same line asks.
        if count > 0 { return Array(octets.prefix(count)) }
        return count == 0 || (errno != EAGAIN && errno != EINTR) ? nil : []
    }

    func closeOutput() {
        if output >= 0 { close(output) }
        output = -1
    }
    func closeErrors() {
        if errors >= 0 { close(errors) }
        errors = -1
    }

    // MARK: End

    var isEnding: Bool { ending != nil }

    /// End of file first, then SIGTERM, then SIGKILL, each to the whole group. Called again until it is gone.
    func end(now: ContinuousClock.Instant, grace: Duration, mercy: Duration) {
        if input >= 0 { close(input) }
        input = -1
        pending = []
        var ending = ending ?? (now, false, false)
        if now >= ending.begun + grace, !ending.isTerminated {
            ending.isTerminated = true
            kill(-pid, SIGTERM)
        }
        if now >= ending.begun + grace + mercy, !ending.isKilled {
            ending.isKilled = true
            kill(-pid, SIGKILL)
        }
        self.ending = ending
    }

    /// How it ended; nil while it runs. What it left behind in its group goes with it, before its number can be given
    /// to somebody else.
    func reap() -> String? {
        var found = siginfo_t()
        guard waitid(P_PID, id_t(pid), &found, WEXITED | WNOHANG | WNOWAIT) == 0, found.si_signo == SIGCHLD else { return nil }
        kill(-pid, SIGKILL)
        var status: Int32 = 0
        waitpid(pid, &status, 0)
        for end in [input, output, errors] where end >= 0 { close(end) }
        (input, output, errors) = (-1, -1, -1)
        // wait(2): the low seven bits are the signal, the next octet the exit code.
        let signal = status & 0x7F
        return signal == 0 ? "終了コード\(status >> 8 & 0xFF)で終わりました (it ended)" : "シグナル\(signal)で止められました (ended by a signal)"
    }
}
