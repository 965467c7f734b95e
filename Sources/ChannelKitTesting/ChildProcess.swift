import Foundation
import Glibc

/// A program we start, watch and end. Not Foundation's Process: its children inherit the signals that threads of the pool
/// have blocked, and then never hear that they should end; and each inherits what tells of the end of another that was
/// started at the same moment, which is then never heard while it lives.
package final class ChildProcess: Sendable {
    private let pid: pid_t
    /// Standard output and error together; nil when they go to a file.
    package let lines: AsyncStream<String>?

    package enum Output: Sendable {
        case file(String)
        case lines
        static let nowhere = Output.file("/dev/null")
    }

    package struct CannotStart: Error { let code: Int32 }

    /// - Parameter environment: beside what this process has.
    package init(
        _ program: String, _ arguments: [String], environment: [String: String] = [:], output: Output
    ) throws {
        var ends: [Int32] = [-1, -1]
        switch output {
        case .file(let path): ends[1] = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        case .lines: _ = pipe(&ends)
        }
        // The child has its copies; nobody else is to hold the pipe open.
        for end in ends where end >= 0 { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        guard ends[1] >= 0 else { throw CannotStart(code: errno) }
        defer { close(ends[1]) }
        let nothing = open("/dev/null", O_RDONLY | O_CLOEXEC)
        defer { close(nothing) }
        let whole = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        pid = try Self.spawn([program] + arguments, whole, input: nothing, output: ends[1], errors: ends[1])
        lines = ends[0] >= 0 ? Self.lines(from: ends[0]) : nil
    }

    /// Starts a program with these three ends and no other, and no signal blocked.
    /// - Parameter environment: all of it.
    /// - Returns: its number.
    package static func spawn(
        _ words: [String], _ environment: [String: String], input: Int32, output: Int32, errors: Int32
    ) throws -> Int32 {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        for (number, end) in [input, output, errors].enumerated() { posix_spawn_file_actions_adddup2(&actions, end, Int32(number)) }
        // A listening socket of another test must not live on in the child. One that is not open is no error here (glibc spawni.c).
        for descriptor in 3..<Int32(512) { posix_spawn_file_actions_addclose(&actions, descriptor) }
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var noSignals = sigset_t()
        sigemptyset(&noSignals)
        posix_spawnattr_setsigmask(&attributes, &noSignals)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))
        var pid: pid_t = 0
        var argv: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) } + [nil]
        var envp: [UnsafeMutablePointer<CChar>?] = environment.map { strdup("\($0)=\($1)") } + [nil]
        defer { for word in argv + envp { free(word) } }
        let code = posix_spawn(&pid, words[0], &actions, &attributes, &argv, &envp)
        guard code == 0 else { throw CannotStart(code: code) }
        return pid
    }

    /// Runs a program to its end without holding up a thread of the pool.
    /// - Returns: its exit code, or 128 and the signal that ended it.
    package static func run(
        _ program: String, _ arguments: [String], environment: [String: String] = [:], output: Output = .nowhere
    ) async throws -> Int32 {
        let child = try ChildProcess(program, arguments, environment: environment, output: output)
        return await withCheckedContinuation { waiter in
            onThread { waiter.resume(returning: child.wait()) }
        }
    }

    /// Blocks until it has ended.
    private func wait() -> Int32 {
        var status: Int32 = 0
        waitpid(pid, &status, 0)
        let signal = status & 0x7f
        return signal == 0 ? (status >> 8) & 0xff : 128 + signal
    }

    /// Ends it as a power cut would, or asks it to end, and returns when it is gone.
    package func end(_ signal: Int32 = SIGKILL) {
        Glibc.kill(pid, signal)
        _ = wait()
    }

    /// Reads on a thread of its own until the other end is closed.
    private static func lines(from descriptor: Int32) -> AsyncStream<String> {
        let (stream, continuation) = AsyncStream<String>.makeStream()
        let reader = Reader(descriptor: descriptor, continuation: continuation)
        onThread { reader.run() }
        return stream
    }

    private static func onThread(_ body: @escaping @Sendable () -> Void) { Thread.detachNewThread(body) }

    private final class Reader: Sendable {
        let descriptor: Int32
        let continuation: AsyncStream<String>.Continuation
        init(descriptor: Int32, continuation: AsyncStream<String>.Continuation) {
            self.descriptor = descriptor
            self.continuation = continuation
        }

        func run() {
            defer {
                close(descriptor)
                continuation.finish()
            }
            var rest: [UInt8] = []
            var buffer = [UInt8](repeating: 0, count: 4096)
            while true {
                let count = read(descriptor, &buffer, buffer.count)
                guard count > 0 else { return }
                rest += buffer[..<count]
                while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
                    continuation.yield(String(decoding: rest[..<end], as: UTF8.self))
                    rest.removeFirst(end + 1)
                }
            }
        }
    }
}
