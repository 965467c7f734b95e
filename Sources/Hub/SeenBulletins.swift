internal import AlertModel
internal import DequeModule
internal import FoundationEssentials
internal import Ledger
internal import Synchronization

/// The bulletins of the last days by the digest of their bytes: the same one twice is one alert.
final class SeenBulletins: Sendable {
    enum Look {
        /// Nobody had it, or nobody who is believed as much (`isAgain`); it is ours to finish.
        case new(Commit, isAgain: Bool)
        /// Somebody has it in hand or had it.
        case known(Commit)
    }

    /// What of a bulletin the health of its second way in needs.
    struct Facts: Sendable {
        var title: String?
        var sent: Date?
    }

    private struct Entry {
        var commit: Commit
        var trust: SourceTrust
        var alerts: [AlertID]
        var facts = Facts()
    }

    private struct State {
        var entries: [String: Entry] = [:]
        var order: Deque<String> = []
    }

    /// An earthquake with all its aftershocks brings some thousand bulletins a day.
    static let bound = 20_000
    private let state = Mutex(State())

    var count: Int { state.withLock { $0.entries.count } }

    func look(_ hash: String, _ trust: SourceTrust) -> Look {
        state.withLock { state in
            let known = state.entries[hash]
            if let known, known.trust >= trust { return .known(known.commit) }
            let commit = Commit()
            state.entries[hash] = Entry(commit: commit, trust: trust, alerts: [])
            guard known == nil else { return .new(commit, isAgain: true) }
            state.order.append(hash)
            if state.order.count > Self.bound { state.entries[state.order.removeFirst()] = nil }
            return .new(commit, isAgain: false)
        }
    }

    /// What the bulletin became, known before it is on disk.
    func became(_ hash: String, _ alerts: [AlertID]) {
        state.withLock { $0.entries[hash]?.alerts = alerts }
    }

    func read(_ hash: String, as facts: Facts) { state.withLock { $0.entries[hash]?.facts = facts } }

    /// Empty where it was taken before the last start.
    func facts(_ hash: String) -> Facts { state.withLock { $0.entries[hash]?.facts ?? Facts() } }

    func alerts(_ hash: String) -> [AlertID] { state.withLock { $0.entries[hash]?.alerts ?? [] } }

    /// It did not come to an end: the next one of the same bytes starts anew.
    func forget(_ hash: String) {
        state.withLock { state in
            state.entries[hash] = nil
            state.order.removeAll { $0 == hash }
        }
    }

    func restore(_ hash: String, alerts: [AlertID], trust: SourceTrust) {
        state.withLock { state in
            guard state.entries[hash] == nil else { return }
            state.entries[hash] = Entry(commit: .done(), trust: trust, alerts: alerts)
            state.order.prepend(hash)
        }
    }
}
