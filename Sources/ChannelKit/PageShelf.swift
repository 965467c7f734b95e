public import FoundationEssentials
import Synchronization

/// What a place shows in one revision: a file is made when somebody asks for it first.
public protocol PageFiles: Sendable {
    var revision: Int { get }
    /// `index.ja.html`, and `index.ja.html.gz` beside it; nil where there is none of that name.
    func octets(of name: String) async -> [UInt8]?
}

/// Pages that a channel shows: whoever asks for one is answered from here.
///
///     made ──(kept on the disk)──▶ shown
///        └──(the disk is full, hangs, refuses)──▶ shown all the same, and counted until it is kept
///
/// A place has one bundle of files at a time, and of seventy spots' pages in eight languages few are ever asked for. An order must not wait for a disk before people can read it.
public final class PageShelf: Sendable {
    private struct State {
        var bundles: [String: any PageFiles] = [:]
        /// Revisions shown that a restart would lose, or has from a second place.
        var unwritten: [String: Int] = [:]
        var troubles: [String: String] = [:]
        var asked: [String: Date] = [:]
        var source: (@Sendable (String) async -> (any PageFiles)?)?
    }
    private let state = Mutex(State())

    public init() {}

    /// Who is asked for a place that nobody has shown since the start.
    public func source(_ find: @escaping @Sendable (_ place: String) async -> (any PageFiles)?) { state.withLock { $0.source = find } }

    /// The newest of a place, whole at once; an older one changes nothing.
    public func show(_ bundle: any PageFiles, at place: String, isWritten: Bool) {
        state.withLock { state in
            if isWritten {
                state.troubles[place] = nil
                if let waiting = state.unwritten[place], waiting <= bundle.revision { state.unwritten[place] = nil }
            }
            guard state.bundles[place].map({ $0.revision < bundle.revision }) ?? true else { return }
            state.bundles[place] = bundle
            if !isWritten { state.unwritten[place] = bundle.revision }
        }
    }

    /// Why the disk did not take it: a restart would lose what is shown.
    public func refuse(_ reason: String, at place: String) { state.withLock { $0.troubles[place] = reason } }

    /// Somebody at the place has just been given its page.
    public func asked(at place: String, now: Date) { state.withLock { $0.asked[place] = now } }

    /// When somebody was given the page of a place last; nil: not since the start.
    public func lastAsked(at place: String) -> Date? { state.withLock { $0.asked[place] } }

    /// What is shown there now; nil when nobody has shown anything since the start.
    public subscript(place: String) -> (any PageFiles)? { state.withLock { $0.bundles[place] } }

    public func bundle(_ place: String) async -> (any PageFiles)? {
        let (known, source) = state.withLock { ($0.bundles[place], $0.source) }
        if let known { return known }
        return await source?(place)
    }

    /// Shown there, and not on the disk.
    public func isUnwritten(_ place: String) -> Bool { state.withLock { $0.unwritten[place] != nil } }

    /// How many places show what no disk has, and what the disk said of one of them; nil: it does not answer.
    public var unwritten: (count: Int, reason: String?) { state.withLock { ($0.unwritten.count, $0.troubles.values.first) } }
}
