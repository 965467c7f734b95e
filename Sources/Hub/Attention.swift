/// What a person should look into when there is time: codes no table knows, kinds of bulletins we never met, a settings
/// file that is not taken. Each is said once, however often it comes.
///
///     bulletin ──▶ notice(…) ──▶ new: one line in the log, a row of `GET /v1/attention`
///                            └─▶ known: counted, and when it was last seen
package import Desk
package import AlertModel
package import FoundationEssentials
package import Logging
internal import Synchronization

package final class Attention: Sendable {
    package enum Topic: String, Sendable, CaseIterable {
        /// A code of a place that our tables lack.
        case unknownCode = "unknown-code"
        /// A code of a kind (of warning) that our tables lack.
        case unknownKind = "unknown-kind"
        /// A title or type of bulletin we have no rule for: it is read as far as its headline goes.
        case unknownType = "unknown-type"
        /// Somebody who is no source handed a bulletin in. It was refused.
        case stranger = "not-a-source"
        /// A way brought what is dated ahead of us: its clock or ours is wrong, or the date is forged.
        case ahead = "dated-ahead"
        /// A satellite receiver's clock and ours mean different days.
        case receiver = "receiver-clock"
        /// CAP that none of the pinned signers signed.
        case signature = "unsigned-cap"
        /// A cancel or an all-clear that is not written as it should be, or whose warning nobody knows: taken as far as it can be.
        case inDoubt = "read-in-doubt"
        /// A cancel by somebody else than who said it.
        case notTheirs = "not-theirs"
        /// A file of names that is not in force as it lies there.
        case vocabulary
        /// An order that will end by itself unless somebody acts.
        case runsOut = "runs-out"
        /// How full a shelter is was reported, and a person has to say it to everybody.
        case crowding
        /// Somebody of a school calls for help in its roll-call.
        case help = "calls-for-help"
        /// A tablet was told what its town has not signed, or heard nothing that it had.
        case unproven
        /// Our clock and the sources' differ by minutes.
        case clock
        /// Sent without a second person, or by the key from the safe: to be looked at afterwards.
        case review
        /// Whether a copy of the record opens.
        case copies
        /// Another town's sealed copies that are held here, and how new the newest is. Nothing to be done.
        case held
        /// The state of a town that somebody has carried here, on paper or a stick.
        case carried
        /// Parts of the record that cannot be read, or a record that was begun anew.
        case ledger
    }

    /// Topics that are about bulletins and clocks, which all towns have in common, and name nobody.
    private static let common: Set<Topic> = [.unknownCode, .unknownKind, .unknownType, .ahead, .inDoubt, .receiver, .signature, .vocabulary, .clock, .carried]

    package struct Row: Sendable, Hashable {
        package var topic: Topic
        /// `jma-city:9999900`, a title, a file.
        package var subject: String
        package var words: String
        /// Where it was first met.
        package var source: String
        /// Whose it is; nil: the hub's.
        package var town: TownID?
        package var first: Date
        package var last: Date
        package var times: Int
    }

    private struct Key: Hashable {
        var topic: Topic
        var subject: String
        /// The same of two towns are two.
        var town: TownID?
    }

    private struct State {
        var rows: [Key: Row] = [:]
        var leftOut = 0
    }

    /// JMA's tables change by some dozens of codes a year; more is a bulletin that means harm.
    static let bound = 500
    static let wordLimit = 200

    private let state = Mutex(State())
    private let logger: Logger

    package init(logger: Logger) { self.logger = logger }

    /// - Parameter isNews: whether it is a line in the log too.
    package func notice(_ topic: Topic, _ subject: String, _ words: String, from source: String, of town: TownID? = nil, at now: Date, isNews: Bool = true) {
        let key = Key(topic: topic, subject: Self.cut(subject), town: town)
        let isNew = state.withLock { state in
            if state.rows[key] != nil {
                state.rows[key]?.times += 1
                state.rows[key]?.last = now
                return false
            }
            guard state.rows.count < Self.bound else {
                state.leftOut += 1
                // The first one that finds no room is said, so that the list is not taken for whole.
                return state.leftOut == 1
            }
            state.rows[key] = Row(
                topic: topic, subject: key.subject, words: Self.cut(words), source: source, town: town, first: now, last: now, times: 1)
            return true
        }
        guard isNew, isNews else { return }
        logger.warning(
            "something for a person to look into",
            metadata: ["topic": "\(topic.rawValue)", "subject": "\(key.subject)", "words": "\(Self.cut(words))", "source": "\(source)"])
    }

    /// Nothing of this topic is amiss any more but `subjects`.
    package func settle(_ topic: Topic, except subjects: Set<String> = []) {
        let kept = Set(subjects.map(Self.cut))
        state.withLock { state in
            state.rows = state.rows.filter { $0.key.topic != topic || kept.contains($0.key.subject) }
        }
    }

    /// One of the hub's is not so any more, unless it would be said in these words again.
    package func settle(_ topic: Topic, subject: String, except words: String?) {
        let key = Key(topic: topic, subject: Self.cut(subject), town: nil)
        state.withLock { state in
            if words.map(Self.cut) != state.rows[key]?.words { state.rows[key] = nil }
        }
    }

    /// One of them was looked into: a town's, or the hub's.
    package func settle(_ topic: Topic, subject: String, of town: TownID? = nil) {
        state.withLock { $0.rows[Key(topic: topic, subject: Self.cut(subject), town: town)] = nil }
    }

    /// What a person may see: whoever works for some towns sees theirs and what is common to all, and by whose token another
    /// town's came is nothing to them.
    package func rows(for person: Operator) -> [Row] {
        guard person.towns != nil else { return rows }
        return rows.filter { $0.town.map(person.may) ?? Self.common.contains($0.topic) }.map { row in
            var row = row
            if row.source.hasPrefix("http:") { row.source = "http" }
            return row
        }
    }

    /// Newest first.
    package var rows: [Row] { state.withLock { $0.rows.values.sorted { ($1.first, $0.subject) < ($0.first, $1.subject) } } }
    /// Sightings that found no room.
    package var leftOut: Int { state.withLock { $0.leftOut } }

    private static func cut(_ text: String) -> String {
        String(text.prefix(wordLimit).map { $0.isNewline ? " " : $0 })
    }
}
