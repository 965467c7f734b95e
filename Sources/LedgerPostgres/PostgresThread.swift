internal import CPQ
#if canImport(Glibc)
internal import Glibc
#endif

/// A thread of our own: libpq waits, and must hold up none of Swift's.
enum PostgresThread {
    private final class Body: Sendable {
        let run: @Sendable () -> Void
        init(_ run: @escaping @Sendable () -> Void) { self.run = run }
    }

    /// - Parameter name: at most 15 bytes, for `top -H`.
    static func start(_ name: String, _ body: @escaping @Sendable () -> Void) {
        var thread = pthread_t()
        let box = Unmanaged.passRetained(Body {
            // Signals belong to the main program, SIGPIPE above all.
            var all = sigset_t()
            sigfillset(&all)
            pthread_sigmask(SIG_BLOCK, &all, nil)
            cpq_name_thread(name)
            body()
        })
        let failure = pthread_create(&thread, nil, { pointer in
            guard let pointer else { return nil }
            Unmanaged<Body>.fromOpaque(pointer).takeRetainedValue().run()
            return nil
        }, box.toOpaque())
        guard failure == 0 else {
            box.release()
            preconditionFailure("no thread for the database: \(failure)")
        }
        pthread_detach(thread)
    }

    /// What it gives, once it is done.
    static func value<Value: Sendable>(of name: String, _ body: @escaping @Sendable () throws -> Value) async throws -> Value {
        try await withCheckedThrowingContinuation { (done: CheckedContinuation<Value, any Error>) in
            start(name) { done.resume(with: Result { try body() }) }
        }
    }
}

extension PostgresThread {
    /// For a thread of our own that waits for another's turn.
    static func rest(_ time: Duration) {
        let (seconds, attoseconds) = time.components
        var time = timespec(tv_sec: Int(seconds), tv_nsec: Int(attoseconds / 1_000_000_000))
        nanosleep(&time, nil)
    }
}
