/// What becomes of a hub when another is on duty: it writes down what it has on this machine's disk, and begins anew as the one that stands by.
///
/// The program replaces itself by itself, under the same process number: nothing of what it held in memory is true any more, and no
/// supervisor has to notice.
import Foundation
import Glibc
import Ledger
import Logging
import ServiceLifecycle
import Synchronization

struct DutyService: Service {
    let ledger: any Ledger
    let logger: Logger

    private final class Ending: Sendable { let isAsked = Mutex(false) }

    /// A disk that takes nothing is not waited for.
    private static let patience: UInt32 = 2

    func run() async throws {
        let isLost: Void? = try? await cancelWhenGracefulShutdown { try await ledger.duty.lost() }
        guard isLost != nil, !Task.isShuttingDownGracefully else { return }
        logger.critical("another hub is on duty: this one stands by from now on")
        let logger = logger, ending = Ending()
        Thread.detachNewThread {
            sleep(Self.patience)
            if !ending.isAsked.withLock(\.self) { Self.beginAnew(logger) }
        }
        await withGracefulShutdownHandler { await ledger.close() } onGracefulShutdown: { ending.isAsked.withLock { $0 = true } }
        // Whoever ends it meanwhile means it.
        guard !Task.isShuttingDownGracefully else { return }
        Self.beginAnew(logger)
    }

    private static func beginAnew(_ logger: Logger) {
        // Sockets and files of this life end with it.
        for name in (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd")) ?? [] {
            if let number = Int32(name), number > 2 { _ = fcntl(number, F_SETFD, FD_CLOEXEC) }
        }
        // What this life ignored or held back the next one would, too.
        for number in [SIGTERM, SIGINT, SIGPIPE] { _ = signal(number, SIG_DFL) }
        var none = sigset_t()
        sigemptyset(&none)
        pthread_sigmask(SIG_SETMASK, &none, nil)
        var words = CommandLine.arguments.map { strdup($0) } + [nil]
        execv("/proc/self/exe", &words)
        logger.critical("cannot begin anew", metadata: ["errno": "\(errno)"])
        _exit(Exit.changed)
    }
}
