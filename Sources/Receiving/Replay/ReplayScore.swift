/// What a replay reached: for every event and channel, how soon its first far end had it, who missed it, who had it
/// more than once.
///
///     delivery rows of one play ──▶ ReplayScore ──▶ text, the same octets for the same rows in any order
///
/// Times are those of the scenario, whatever the speed it was played at.

/// One delivery of a play, as the delivery log has it.
package struct ReplayOutcome: Sendable, Hashable {
    package enum State: String, Sendable, Hashable, CaseIterable {
        case delivered, superseded, annulled, expired, rejected
        /// Not ended when the play was over.
        case open
    }

    package var event: String
    package var kind: String
    package var channel: String
    package var endpoint: String
    /// From the first bulletin of the scenario to the moment it was offered.
    package var offset: Duration
    package var state: State

    package init(event: String, kind: String, channel: String, endpoint: String, offset: Duration, state: State) {
        self.event = event
        self.kind = kind
        self.channel = channel
        self.endpoint = endpoint
        self.offset = offset
        self.state = state
    }
}

package struct ReplayScore: Sendable, Hashable {
    package struct Line: Sendable, Hashable {
        package let event: String
        package let kind: String
        package let channel: String
        /// When the first delivery that arrived was offered; nil when none did.
        package let first: Duration?
        package let endpoints: Int
        /// Endpoints of which no delivery arrived.
        package let misses: Int
        /// Deliveries that arrived beyond the first at each endpoint: revisions, if all is well.
        package let repeats: Int
    }

    private struct Key: Hashable {
        let event: String
        let channel: String
    }

    /// By first offer of the event, then by event and channel.
    package let lines: [Line]

    package init(_ outcomes: some Sequence<ReplayOutcome>) {
        var rows: [Key: [ReplayOutcome]] = [:]
        var begins: [String: Duration] = [:]
        for outcome in outcomes {
            rows[Key(event: outcome.event, channel: outcome.channel), default: []].append(outcome)
            begins[outcome.event] = min(begins[outcome.event] ?? outcome.offset, outcome.offset)
        }
        lines = rows.map { key, rows in Line(event: key.event, channel: key.channel, rows) }.sorted { one, other in
            (begins[one.event] ?? .zero, one.event, one.channel) < (begins[other.event] ?? .zero, other.event, other.channel)
        }
    }

    package var misses: Int { lines.reduce(0) { $0 + $1.misses } }
    package var repeats: Int { lines.reduce(0) { $0 + $1.repeats } }

    /// A line each, columns by tabs, and the sums.
    package var text: String {
        var text = "event\tkind\tchannel\tfirst_s\tendpoints\tmisses\trepeats\n"
        for line in lines {
            let first = line.first.map { Self.seconds($0) } ?? "-"
            text += "\(line.event)\t\(line.kind)\t\(line.channel)\t\(first)\t\(line.endpoints)\t\(line.misses)\t\(line.repeats)\n"
        }
        return text + "total\t-\t-\t-\t\(lines.reduce(0) { $0 + $1.endpoints })\t\(misses)\t\(repeats)\n"
    }

    /// Three decimals, cut and not rounded, without floating point.
    private static func seconds(_ duration: Duration) -> String {
        let (seconds, attoseconds) = duration.components
        let thousandths = seconds * 1000 + attoseconds / 1_000_000_000_000_000
        let digits = String(abs(thousandths % 1000))
        let sign = thousandths < 0 ? "-" : ""
        return "\(sign)\(abs(thousandths / 1000)).\(String(repeating: "0", count: 3 - digits.count))\(digits)"
    }
}

extension ReplayScore.Line {
    fileprivate init(event: String, channel: String, _ rows: [ReplayOutcome]) {
        let arrived = rows.filter { $0.state == .delivered }
        let reached = Set(arrived.map(\.endpoint))
        let all = Set(rows.map(\.endpoint))
        self.event = event
        self.channel = channel
        // An event has one kind; should rows disagree, the smallest word is at least always the same.
        kind = rows.map(\.kind).min() ?? ""
        first = arrived.map(\.offset).min()
        endpoints = all.count
        misses = all.count - reached.count
        repeats = arrived.count - reached.count
    }
}
