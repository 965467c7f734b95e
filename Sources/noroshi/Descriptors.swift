import Glibc
import Logging

/// A tablet, a spot's phone and a far end take a descriptor each, and a shell's limit of 1024 is soon used up: the hub
/// takes what it may have. systemd's `LimitNOFILE` sets what that is.
enum Descriptors {
    /// Ten thousand tablets and as many phones at once, twice over.
    static let wanted = 65_536

    static func raise(_ logger: Logger) {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return }
        let before = limit.rlim_cur
        guard let now = raised(soft: UInt(before), hard: UInt(limit.rlim_max)) else { return }
        limit.rlim_cur = rlim_t(now)
        guard setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return }
        logger.info("may have more descriptors open", metadata: ["before": "\(before)", "now": "\(now)"])
    }

    /// Nil where there is nothing to raise.
    static func raised(soft: UInt, hard: UInt) -> UInt? {
        let now = min(hard, UInt(wanted))
        return now > soft ? now : nil
    }
}
