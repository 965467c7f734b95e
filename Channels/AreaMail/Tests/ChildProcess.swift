import Glibc

/// A program we start, watch and end. Not Foundation's Process: its children inherit the signals that threads of the pool
/// have blocked, and then never hear that they should end.
final class ChildProcess: Sendable {
    private let pid: pid_t
    /// Standard output and error together; nil when they go to a file.
    let lines: AsyncStream<String>?

    enum Output {
        case file(String)
        case lines
    }

    struct CannotStart: Error { let code: Int32 }

    init(_ program: String, _ arguments: [String], output: Output) throws {
        var ends: [Int32] = [-1, -1]
        switch output {
        case .file(let path): ends[1] = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        case .lines: _ = pipe(&ends)
        }
        // The child has its copies; nobody else is to hold the pipe open.
        for end in ends where end >= 0 { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        guard ends[1] >= 0 else { throw CannotStart(code: errno) }
        defer { close(ends[1]) }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_adddup2(&actions, ends[1], 1)
        posix_spawn_file_actions_adddup2(&actions, ends[1], 2)
        // A listening socket of another test must not live on in the child.
        // One that is not open is no error here (glibc spawni.c).
        for descriptor in 3..<Int32(512) { posix_spawn_file_actions_addclose(&actions, descriptor) }
        var words: [UnsafeMutablePointer<CChar>?] = ([program] + arguments).map { strdup($0) } + [nil]
        defer { for word in words { free(word) } }
        var pid: pid_t = 0
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var noSignals = sigset_t()
        sigemptyset(&noSignals)
        posix_spawnattr_setsigmask(&attributes, &noSignals)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))
        let code = posix_spawn(&pid, program, &actions, &attributes, &words, environ)
        guard code == 0 else { throw CannotStart(code: code) }
        self.pid = pid
        lines = ends[0] >= 0 ? Self.lines(from: ends[0]) : nil
    }

    /// Ends it as a power cut would, or asks it to end, and returns when it is gone.
    func end(_ signal: Int32 = SIGKILL) {
        Glibc.kill(pid, signal)
        var status: Int32 = 0
        waitpid(pid, &status, 0)
    }

    /// Reads on a thread of its own until the other end is closed.
    private static func lines(from descriptor: Int32) -> AsyncStream<String> {
        let (stream, continuation) = AsyncStream<String>.makeStream()
        let reader = Reader(descriptor: descriptor, continuation: continuation)
        var thread = pthread_t()
        pthread_create(&thread, nil, { argument in
            guard let argument else { return nil }
            Unmanaged<Reader>.fromOpaque(argument).takeRetainedValue().run()
            return nil
        }, Unmanaged.passRetained(reader).toOpaque())
        pthread_detach(thread)
        return stream
    }

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
