internal import Glibc
internal import Synchronization

/// Reads a descriptor on a thread of its own: devices and inotify wait without end, and must not hold up Swift's
/// cooperative threads.
final class ReadingThread: Sendable {
    /// What the thread needs; it alone closes both descriptors.
    private struct Work: Sendable {
        let descriptor: Int32
        /// Becomes readable when the thread is to stop.
        let wake: Int32
        let onOctets: @Sendable ([UInt8]) -> Void
        let onEnd: @Sendable (String) -> Void
    }

    /// Carries the work across `pthread_create`; owned by the new thread.
    private final class Start: Sendable {
        let thread: ReadingThread
        let work: Work
        init(_ thread: ReadingThread, _ work: Work) {
            self.thread = thread
            self.work = work
        }
    }

    /// Written to when the thread is to stop; nil once it has ended.
    private let wake: Mutex<Int32?>

    /// - Parameters:
    ///   - descriptor: Non-blocking; closed when reading ends, also when nil is returned.
    ///   - onOctets: Called on the thread. While it does not return nothing is read.
    ///   - onEnd: Called once, last, on the thread, with the reason.
    /// - Returns: nil when the system gives no more threads.
    static func start(
        descriptor: Int32, onOctets: @escaping @Sendable ([UInt8]) -> Void,
        onEnd: @escaping @Sendable (String) -> Void
    ) -> ReadingThread? {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else {
            close(descriptor)
            return nil
        }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        // pipe(2) filled both ends.
        let thread = ReadingThread(wake: ends[1])
        let start = Unmanaged.passRetained(
            // pipe(2) filled both ends.
            Start(thread, Work(descriptor: descriptor, wake: ends[0], onOctets: onOctets, onEnd: onEnd)))
        var handle = pthread_t()
        let code = pthread_create(&handle, nil, { context in
            guard let context else { return nil }
            let start = Unmanaged<Start>.fromOpaque(context).takeRetainedValue()
            start.thread.run(start.work)
            return nil
        }, start.toOpaque())
        guard code == 0 else {
            start.release()
            close(descriptor)
            // pipe(2) filled both ends.
            close(ends[0])
            // pipe(2) filled both ends.
            close(ends[1])
            return nil
        }
        pthread_detach(handle)
        return thread
    }

    private init(wake: Int32) { self.wake = Mutex(wake) }

    /// Returns at once; `onEnd` tells when it is done.
    func stop() {
        wake.withLock { wake in
            guard let wake else { return }
            var one: UInt8 = 1
            _ = write(wake, &one, 1)  // once is enough; a second time finds room in the pipe, or a thread that has ended
        }
    }

    private func run(_ work: Work) {
        // Signals belong to the main program.
        var all = sigset_t()
        sigfillset(&all)
        pthread_sigmask(SIG_BLOCK, &all, nil)
        let reason = read(work)
        close(work.descriptor)
        close(work.wake)
        wake.withLock { wake in
            if let wake { close(wake) }
            wake = nil
        }
        work.onEnd(reason)
    }

    private func read(_ work: Work) -> String {
        var piece = [UInt8](repeating: 0, count: 16_384)
        while true {
            var ready = [
                pollfd(fd: work.descriptor, events: Int16(POLLIN), revents: 0),
                pollfd(fd: work.wake, events: Int16(POLLIN), revents: 0),
            ]
            guard poll(&ready, 2, -1) >= 0 || errno == EINTR else { return SystemWords.last() }
            // Two are asked for, in the list above.
            if ready[1].revents != 0 { return "止めました (stopped)" }
            // Two are asked for, in the list above.
            guard ready[0].revents != 0 else { continue }
            let count = Glibc.read(work.descriptor, &piece, piece.count)
            if count > 0 {
                work.onOctets(Array(piece[..<count]))
            } else if count == 0 {
                return "相手が接続を閉じました (the far end closed it)"
            } else if errno != EAGAIN && errno != EINTR {
                return SystemWords.last()
            }
        }
    }
}

enum SystemWords {
    /// What `errno` says now.
    static func last() -> String {
        let code = errno
        var text = [CChar](repeating: 0, count: 200)
        guard strerror_r(code, &text, text.count) == 0 else { return "error \(code)" }
        return text.withUnsafeBufferPointer { $0.baseAddress.map { String(cString: $0) } } ?? "error \(code)"
    }
}
