package import NIOCore

/// How long a connection is waited for, on every stage of a request.
///
///     silent ──first byte──▶ head ──whole──▶ body ──whole──▶ answering ──answered──▶ resting ──next byte──▶ head
///      10 s                  15 s           30 s + 1 s a KiB     –                     75 s
///
/// The head has one deadline for all of it, and a body a pace: a byte now and then buys no time. While an answer is being
/// made, and while we are the ones who do not read on, nobody is waited for. Who does not read what we say has 30 s.
///
/// A value; the clock is turned from outside.
package struct Patience: Sendable {
    /// Chrome opens a connection before it needs one, and opens another when this one is gone.
    static let firstByte = TimeAmount.seconds(10)
    static let head = TimeAmount.seconds(15)
    static let bodyGrace = TimeAmount.seconds(30)
    /// Octets a second below which a body is given up, after the grace: a modem of 1990 is faster.
    static let slowest = 1024
    /// Longer than our proxy keeps a connection (nginx: 60 s), so that it is the one who closes, never under a request.
    static let rest = TimeAmount.seconds(75)
    static let unread = TimeAmount.seconds(30)

    package enum Stage: Sendable { case silent, head, body, answering, resting }

    package private(set) var stage = Stage.silent
    private var since: NIODeadline
    private var octets = 0
    /// Requests whose answer is not whole yet.
    private var open = 0
    /// Something of a next request came while this one was answered.
    private var hasMore = false
    /// We stopped reading: since when.
    private var heldBack: NIODeadline?
    private var unreadSince: NIODeadline?

    package init(now: NIODeadline) { since = now }

    /// When to hang up; nil while there is nobody to wait for.
    package var deadline: NIODeadline? {
        let unread = unreadSince.map { $0 + Self.unread }
        let read: NIODeadline? =
            switch stage {
            case .silent: since + Self.firstByte
            case .head: since + Self.head
            case .body: heldBack == nil ? since + Self.bodyGrace + .milliseconds(Int64(octets) * 1000 / Int64(Self.slowest)) : nil
            case .answering: nil
            case .resting: since + Self.rest
            }
        guard let unread, let read else { return unread ?? read }
        return min(unread, read)
    }

    /// Octets came.
    package mutating func heard(_ count: Int, now: NIODeadline) {
        switch stage {
        case .silent, .resting: (stage, since) = (.head, now)
        case .body: octets += count
        case .answering: hasMore = true
        case .head: break
        }
    }

    /// A head is whole.
    package mutating func asked(now: NIODeadline) {
        (stage, since, octets, hasMore) = (.body, now, 0, false)
        open += 1
    }

    /// A request is whole.
    package mutating func finished() {
        if stage == .body { stage = .answering }
    }

    /// An answer is whole.
    package mutating func answered(now: NIODeadline) {
        open -= 1
        guard stage == .answering, open <= 0 else { return }
        (stage, since) = (hasMore ? .head : .resting, now)
        hasMore = false
    }

    /// Whether we want to read; the time in which we do not is nobody's fault out there.
    package mutating func reads(_ wants: Bool, now: NIODeadline) {
        if wants, let held = heldBack {
            since = since + (now - held)
            heldBack = nil
        } else if !wants, heldBack == nil {
            heldBack = now
        }
    }

    /// Whether what we say is read.
    package mutating func isRead(_ flows: Bool, now: NIODeadline) {
        unreadSince = flows ? nil : (unreadSince ?? now)
    }

    package var isStuck: Bool { unreadSince != nil }
}
