import Synchronization

/// Pages that a channel has made and no disk has taken yet: whoever asks for one is answered from here.
///
///     made ──(written)──▶ on the disk
///        └──(the disk is full, hangs, refuses)──▶ on the shelf, the newest of each place ──(written)──▶ off the shelf
///
/// An order must not wait for a disk before people can read it. What is written is not kept twice.
public final class PageShelf: Sendable {
    public struct Bundle: Sendable {
        public let revision: Int
        /// By name, each with its `.gz` beside it.
        public let files: [String: [UInt8]]

        public init(revision: Int, files: [String: [UInt8]]) {
            self.revision = revision
            self.files = files
        }
    }

    private struct State {
        var bundles: [String: Bundle] = [:]
        var troubles: [String: String] = [:]
    }
    private let state = Mutex(State())

    public init() {}

    /// The newest of a place, whole at once.
    public func show(_ bundle: Bundle, at place: String) { state.withLock { $0.bundles[place] = bundle } }

    /// It is on the disk; a newer one stays here.
    public func settle(_ revision: Int, at place: String) {
        state.withLock { state in
            state.troubles[place] = nil
            if let bundle = state.bundles[place], bundle.revision <= revision { state.bundles[place] = nil }
        }
    }

    /// Why the disk did not take it: a restart would lose what is shown.
    public func refuse(_ reason: String, at place: String) { state.withLock { $0.troubles[place] = reason } }

    public subscript(place: String) -> Bundle? { state.withLock { $0.bundles[place] } }

    /// How many places are shown from here, and what the disk said of one of them; nil: it does not answer.
    public var unwritten: (count: Int, reason: String?) { state.withLock { ($0.bundles.count, $0.troubles.values.first) } }
}
