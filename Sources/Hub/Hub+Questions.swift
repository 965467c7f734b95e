/// What people, programs and pages ask of the hub: its towns, what was said, how it was put, what came in. Whoever asks gets values,
/// and sees neither the lines nor the record behind them.
package import AlertModel
internal import Bundles
package import ChannelKit
internal import Dispatching
package import FoundationEssentials
internal import Ledger
internal import Targeting

/// An alert as it was said.
package struct SaidAlert: Sendable, Hashable {
    package var content: AlertContent
    package var mode: ModeName
    package var accepted: Date
    /// Who: `jma`, `cap:sender`, an operator's name.
    package var actor: String

    init(_ recorded: RecordedAlert) {
        (content, mode, accepted, actor) = (recorded.content, recorded.mode, recorded.accepted, recorded.actor)
    }
}

/// What some far ends of a channel were given to say.
package struct SaidWords: Sendable, Hashable {
    package var channel: String
    package var endpoints: [String]
    package var texts: [Language: RenderedText]
}

/// A bulletin that came in, and its fate.
package struct TakenBulletin: Sendable, Hashable {
    /// SHA-256 of the inflated bytes, hex.
    package var hash: String
    package var received: Date
    package var source: String
    /// `accepted`, `duplicate` or `refused`.
    package var verdict: String
    package var reason: String?
    package var alerts: [AlertID]
    package var octets: Int
}

/// A chain of the record as it was found.
package struct ChainProof: Sendable, Hashable {
    package struct Flaw: Sendable, Hashable {
        package var number: Int64?
        package var kind: String?
        package var subject: String
        /// For people, Japanese first.
        package var words: String
    }
    /// A town's code, or `common`.
    package var chain: String
    package var facts: Int
    /// Where it ends: to be written down elsewhere.
    package var number: Int64
    package var hash: String
    package var flaw: Flaw?
    /// Nil where no day was signed yet.
    package var days: SignedDaysNote?

    init(_ report: ChainReport, _ days: SignedDaysNote?) {
        (chain, facts, number, hash, self.days) = (report.chain, report.facts, report.head.number, report.head.hashText, days)
        flaw = report.flaw.map { Flaw(number: $0.number, kind: $0.kind?.word, subject: $0.subject, words: $0.words) }
    }
}

extension Hub {
    package var allTowns: [Town] { towns.all }
    package func town(_ id: TownID) -> Town? { towns[id] }

    /// Where what is small is kept, beside the record.
    package var notebook: any Notebook { ledger }

    /// Returns when everything that was written so far is on the disk.
    package func onDisk() async throws { try await ledger.flush().committed() }

    // MARK: What was said

    /// The newest of a town, also those that passed it by.
    package func alerts(of town: TownID, event: EventID? = nil, limit: Int) async throws -> [SaidAlert] {
        var query = AlertQuery()
        query.event = event
        query.limit = limit
        return try await ledger.town(town).alerts(query).map { SaidAlert($0) }
    }

    /// One alert, where it concerned the town.
    package func alert(_ id: AlertID, concerning town: TownID) async throws -> SaidAlert? {
        var query = AlertQuery()
        query.id = id
        query.concernedOnly = true
        query.limit = 1
        return try await ledger.town(town).alerts(query).first.map { SaidAlert($0) }
    }

    /// The words in which an alert went out, as recorded then.
    package func said(_ alert: AlertID, in town: TownID) async throws -> [SaidWords] {
        try await ledger.town(town).said(alert).map { SaidWords(channel: $0.channel, endpoints: $0.endpoints, texts: $0.texts) }
    }

    /// The words in which an alert would be told to a town on this channel now.
    package func words(of alert: SaidAlert, on channel: String, in town: Town) -> [Language: RenderedText] {
        switch alert.mode {
        case .actual: words(Alert<Actual>(alert.content), actual, channel, town)
        case .exercise: words(Alert<Exercise>(alert.content), exercise, channel, town)
        }
    }

    private func words<M: Mode>(_ alert: Alert<M>, _ line: Line<M>, _ channel: String, _ town: Town) -> [Language: RenderedText] {
        let local = line.decisions(alert, for: town).first?.local ?? []
        return line.composer.text(
            alert.content, channel: channel, town: town, local: local, shelters: line.shelters.statuses(of: town)).texts
    }

    // MARK: What came in, and what is proved

    /// The newest first.
    package func bulletins(limit: Int) async throws -> [TakenBulletin] {
        try await ledger.bulletins(limit: limit).map {
            TakenBulletin(
                hash: $0.hash, received: $0.received, source: $0.source, verdict: $0.verdict.rawValue, reason: $0.reason, alerts: $0.alerts,
                octets: $0.octets.count)
        }
    }

    /// Whether this is written as the end of a chain is: `NUMBER:HASH`.
    package static func isChainHead(_ text: String) -> Bool { ChainHead(written: text) != nil }

    /// Looks through a town's chain, or the common one.
    /// - Parameter head: one that was written down elsewhere.
    package func proof(of town: TownID?, expecting head: String? = nil) async throws -> ChainProof {
        let chain = CommonChain.name(of: town), now = clock()
        // A day that has just ended is signed first.
        try? await onDisk()
        try? await signDay(of: town, now: now)
        let written = KnownHead.written(head.flatMap { ChainHead(written: $0) })
        let days: SignedDays
        do throws(SignedDays.Flaw) {
            days = try roots.signed(chain)
        } catch {
            var report = try await ledger.verify(town, expecting: written)
            if report.flaw == nil { report.flaw = .init(number: nil, kind: nil, subject: "", words: error.words) }
            return ChainProof(report, nil)
        }
        var report = try await ledger.verify(town, expecting: written + DayRoots.heads(days))
        DayRoots.judge(&report, days, now: now)
        return ChainProof(report, SignedDaysNote(days))
    }
}
