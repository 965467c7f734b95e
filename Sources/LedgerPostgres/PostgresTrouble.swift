internal import Ledger

/// Why the database did not do what it was asked.
enum PostgresTrouble: Error, Sendable, Hashable, CustomStringConvertible {
    /// Nobody there, or no answer in time. Whether it was done is not known: an error does not mean "not written".
    case away(String)
    /// It answered no: the SQLSTATE and its words.
    case refused(state: String, words: String)
    /// Another hub writes into this record now.
    case taken(by: String)
    /// What waits on this machine's disk cannot be read or taken from it.
    case disk(String)

    var description: String {
        switch self {
        case .away(let words): words
        case .refused(let state, let words): "\(words) (SQLSTATE \(state))"
        case .disk(let words): "この機械のディスク: \(words) (this machine's disk)"
        case .taken(let name): "別のハブ（\(name)）がこの記録に書いています (another hub, \(name), writes into this record)"
        }
    }

    /// The database's trouble and not the row's: the same is written when it has passed. What a row itself is to blame for are classes 21, 22
    /// and 23: too many values, data that is none of its type, a broken constraint (PostgreSQL manual, appendix A).
    var mayPass: Bool {
        switch self {
        case .away, .taken, .disk: true
        case .refused(let state, _): !["21", "22", "23"].contains { state.hasPrefix($0) }
        }
    }

    /// As whoever waits for a row hears it.
    var failure: LedgerFailure { .away(description) }
}
