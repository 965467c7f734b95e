internal import Logging
internal import Synchronization

/// What is amiss with the database, for people: said when it begins and when it ends.
final class PostgresWatch: Sendable {
    private struct State {
        /// Why; for the log. Nil while all is well.
        var away: PostgresTrouble?
        var isLocal = false
        var others: [String] = []
    }
    private let state = Mutex(State())
    private let logger: Logger

    init(logger: Logger) { self.logger = logger }

    var isAway: Bool { state.withLock { $0.away != nil } }

    var troubles: [String] {
        state.withLock { state in
            switch state.away {
            case nil: state.others
            case .away? where state.isLocal, .refused? where state.isLocal: [Self.local] + state.others
            case .taken?: ["\(state.away?.description ?? "")。このハブはもう記録に書けません。どちらか一つを止めてください (this one writes no more: stop one of the two)"] + state.others
            default: ["記録のデータベースが使えません。警報は出続けています。データベースと、そこまでの線を確かめてください (the ledger's database cannot be used; warnings go out all the same)"] + state.others
            }
        }
    }

    private static let local =
        "記録のデータベースが使えません。この機械のディスクにだけ記録し、戻りしだい移します。過去の記録は読めません。警報は出続けています。データベースと、そこまでの線を確かめてください"
        + " (the ledger's database cannot be used: recorded on this machine only until it is back; the past cannot be read; warnings go out all the same)"

    /// - Parameter isLocal: the rows wait on this machine's disk.
    func isAway(_ trouble: PostgresTrouble, isLocal: Bool) {
        let isNew = state.withLock { state in
            defer { (state.away, state.isLocal) = (trouble, isLocal) }
            return state.away == nil
        }
        if isNew { logger.critical("the ledger's database is away", metadata: ["trouble": "\(trouble)"]) }
    }

    func isBack() {
        let wasAway = state.withLock { state in
            defer { state.away = nil }
            return state.away != nil
        }
        if wasAway { logger.notice("the ledger's database is back") }
    }

    /// Said once.
    func tell(_ words: String) {
        let isNew = state.withLock { state in
            guard !state.others.contains(words) else { return false }
            state.others.append(words)
            return true
        }
        if isNew { logger.critical("the ledger is not whole", metadata: ["trouble": "\(words)"]) }
    }
}
