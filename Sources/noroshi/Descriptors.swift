import Streams
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

    /// How many connections the door takes of what this process has. The rest is kept for calls to the outside (webhooks,
    /// gateways, feeds), the record and pages: a crowd at the door must never keep a warning in.
    static func door() -> GuestBook<ObjectIdentifier>.Limits {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return .init(total: 512) }
        return .init(total: forTheDoor(soft: Int(min(limit.rlim_cur, rlim_t(wanted)))))
    }

    /// A third is kept back, at most 4,096: as many calls as the outside ever waits for (`CurlInbox`).
    static func forTheDoor(soft: Int) -> Int { max(32, soft - min(4096, soft / 3)) }

    /// Nil where there is nothing to raise.
    static func raised(soft: UInt, hard: UInt) -> UInt? {
        let now = min(hard, UInt(wanted))
        return now > soft ? now : nil
    }
}
