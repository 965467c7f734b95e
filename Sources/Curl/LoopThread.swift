internal import CCurl
internal import Glibc

/// A thread of our own: a C library that waits must not hold up Swift's cooperative threads.
struct LoopThread: Sendable {
    private let handle: pthread_t

    /// Carries the body across `pthread_create`; owned by the new thread.
    private final class Start: Sendable {
        let name: String
        let body: @Sendable () -> Void
        init(name: String, body: @escaping @Sendable () -> Void) {
            self.name = name
            self.body = body
        }
    }

    /// - Parameter name: at most 15 bytes, for `top -H`.
    /// - Returns: nil when the system gives no more threads.
    static func start(_ name: String, body: @escaping @Sendable () -> Void) -> LoopThread? {
        let start = Unmanaged.passRetained(Start(name: name, body: body))
        var handle = pthread_t()
        let code = pthread_create(&handle, nil, { context in
            guard let context else { return nil }
            let start = Unmanaged<Start>.fromOpaque(context).takeRetainedValue()
            // Signals belong to the main program. SIGPIPE above all: OpenSSL writes to sockets the far end has closed.
            var all = sigset_t()
            sigfillset(&all)
            pthread_sigmask(SIG_BLOCK, &all, nil)
            ccurl_name_thread(start.name)
            start.body()
            return nil
        }, start.toOpaque())
        guard code == 0 else {
            start.release()
            return nil
        }
        return LoopThread(handle: handle)
    }

    /// Waits for the thread to end. Once, and not after `detach`.
    func join() { pthread_join(handle, nil) }

    /// Nobody will wait for it.
    func detach() { pthread_detach(handle) }
}
