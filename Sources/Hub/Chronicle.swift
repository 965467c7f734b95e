/// クロノロ: everything that was done in a town, in the order of time, on one list: what was ordered and what came in, who said yes and who said no, who
/// telephoned whom, what shelters reported, who was at the desk, and what the headquarters wrote down by hand.
///
///     alerts ──┐
///     deeds  ──┼──▶ merged by (moment, source, id), the newest first, page by page ──▶ words
///     reports ─┘
///
/// Nothing is kept for it twice: it is read from the record, and what has left that from its archive, as far back as a page reaches. Drills are
/// another chronicle, and no line stands in both.
package import AlertModel
internal import ChannelKit
package import Desk
internal import Dispatching
package import Foundation
internal import Ledger
internal import Logging

package struct ChronicleEntry: Sendable, Hashable {
    package enum Kind: String, Sendable, Hashable, CaseIterable {
        case order, shelter, headquarters, notice, bulletin
        case approval, call, report, note, desk, plan, schedule, held, settings, drill, pact, muster
        /// Who may do what; and what happened to the town's devices.
        case people, device

        package var japanese: String {
            switch self {
            case .order: "避難情報"
            case .shelter: "避難所"
            case .headquarters: "災害対策本部"
            case .notice: "お知らせ"
            case .bulletin: "発表"
            case .approval: "承認"
            case .call: "電話"
            case .report: "避難所の報告"
            case .note: "書きとめ"
            case .desk: "操作卓"
            case .plan: "計画の前提"
            case .schedule: "予定のお知らせ"
            case .held: "保留"
            case .settings: "町の設定"
            case .drill: "訓練"
            case .pact: "代行"
            case .muster: "職員参集"
            case .people: "人と権限"
            case .device: "端末"
            }
        }
    }

    package var at: Date
    /// To read on from.
    package var place: ChroniclePlace
    package var kind: Kind
    /// For people: a name, an office, a shelter.
    package var by: String
    package var words: String
    /// Where it was told: see the far ends of this one.
    package var alert: AlertID?
    /// A report of a shelter, and the device it came from.
    package var report: (id: String, device: String)?

    package static func == (one: Self, other: Self) -> Bool { one.place == other.place }
    package func hash(into hasher: inout Hasher) { hasher.combine(place) }
}

/// Where a page of the chronicle ends; opaque outside.
package struct ChroniclePlace: Sendable, Hashable {
    /// Of one moment the sources stand in this order.
    enum Source: Int, Sendable { case report, deed, alert }
    var at: Date
    var source: Source
    var id: String

    init(at: Date, source: Source, id: String) { (self.at, self.source, self.id) = (at, source, id) }

    package var text: String { Data("\(at.timeIntervalSince1970) \(source.rawValue) \(id)".utf8).base64EncodedString().replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "") }

    /// Nil where this is none of ours.
    package init?(_ text: String) {
        let plain = text.replacing("-", with: "+").replacing("_", with: "/")
        guard text.utf8.count <= 400, let octets = Data(base64Encoded: plain + String(repeating: "=", count: (4 - plain.utf8.count % 4) % 4)) else { return nil }
        let parts = String(decoding: octets, as: UTF8.self).split(separator: " ", maxSplits: 2, omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 3, let seconds = Double(parts[0]), seconds.isFinite, abs(seconds) < 1e11, let source = Int(parts[1]).flatMap(Source.init(rawValue:)) else { return nil }
        self.init(at: Date(timeIntervalSince1970: seconds), source: source, id: parts[2])
    }

    static func < (one: Self, other: Self) -> Bool { (one.at, one.source.rawValue, one.id) < (other.at, other.source.rawValue, other.id) }

    /// What of a source stands before it.
    fileprivate func border(for other: Source) -> RecordPlace {
        if other == source { return RecordPlace(at: at, id: id) }
        return RecordPlace(at: at, id: other.rawValue < source.rawValue ? "\u{10FFFF}" : "")
    }
}

package struct ChronicleQuestion: Sendable {
    package var mode: ModeName
    /// At or after, and before.
    package var since, until: Date?
    package var before: ChroniclePlace?
    package var limit: Int

    package init(mode: ModeName, since: Date? = nil, until: Date? = nil, before: ChroniclePlace? = nil, limit: Int = 100) {
        (self.mode, self.since, self.until, self.before, self.limit) = (mode, since, until, before, limit)
    }

    fileprivate func border(_ source: ChroniclePlace.Source) -> RecordPlace? {
        let borders = [before?.border(for: source), until.map { RecordPlace(at: $0) }].compactMap(\.self)
        return borders.min { ($0.at, $0.id) < ($1.at, $1.id) }
    }
}

extension Hub {
    /// The newest first.
    /// - Returns: at most so many as asked for, and the place to read on from; nil where these were the last.
    package func chronicle(of town: Town, _ question: ChronicleQuestion) async throws -> (entries: [ChronicleEntry], next: ChroniclePlace?) {
        // What was done a moment ago is asked for at once.
        try? await onDisk()
        let own = ledger.town(town.id)
        var alerts = AlertQuery(), deeds = DeedQuery(), reports = ReportQuery()
        (alerts.mode, alerts.since, alerts.earlier, alerts.concernedOnly, alerts.limit) = (question.mode, question.since, question.border(.alert), true, question.limit + 1)
        (deeds.mode, deeds.since, deeds.earlier, deeds.limit) = (question.mode, question.since, question.border(.deed), question.limit + 1)
        (reports.since, reports.earlier, reports.isEveryOne, reports.limit) = (question.since, question.border(.report), true, question.limit + 1)
        (alerts.reachesBack, deeds.reachesBack, reports.reachesBack) = (true, true, true)
        let drills = question.mode == .actual ? self.drills(of: town.id) : []
        var found = try await own.alerts(alerts).map { ChronicleEntry($0) } + Self.lines(deeds, of: own, in: town)
        // A tablet does not know of drills: what it says is real until a person sets it aside.
        if question.mode == .actual { found += try await own.reports(reports).map { report in ChronicleEntry(report, in: town, isDrill: drills.contains { $0.contains(report.received) }) } }
        found.sort { $1.place < $0.place }
        let page = Array(found.prefix(question.limit))
        return (page, found.count > question.limit ? page.last?.place : nil)
    }

    /// Deeds with a line of their own: so many as asked for, however many stand between them that have none (a call-up's single calls).
    private static func lines(_ query: DeedQuery, of own: any TownLedger, in town: Town) async throws -> [ChronicleEntry] {
        var found: [ChronicleEntry] = [], query = query
        while true {
            let deeds = try await own.deeds(query)
            found += deeds.compactMap { ChronicleEntry($0, in: town) }
            guard found.count < query.limit, deeds.count == query.limit, let last = deeds.last else { return found }
            query.earlier = RecordPlace(at: last.at, id: last.id)
        }
    }

    /// A change of who may do what that nobody else had to see first: a line in each town that it is about.
    /// - Parameters:
    ///   - places: nil: all of the hub's.
    ///   - words: nil: there is nothing to say in this town. No address, and no password.
    package func noteDown(in places: Set<TownID>?, about subject: String, by person: Operator, _ words: (TownID) -> String?) {
        for town in towns.all where places?.contains(town.id) ?? true {
            if let words = words(town.id) { noteDown(.people, words, about: subject, .actual, in: town.id, by: person.actor) }
        }
    }

    /// A line of the chronicle that is in no other place of the record. Nobody waits for it.
    package func noteDown(_ kind: ChronicleEntry.Kind, _ words: String, about subject: String, _ mode: ModeName, in town: TownID, by actor: String) {
        guard let deed = RecordedDeed(kind, words, id: "\(kind.rawValue)-\(newID().text)", about: subject, mode, at: clock(), actor) else { return }
        _ = ledger.town(town).append(deed)
    }

    package static let longestNote = 500

    /// What a person writes into the chronicle by hand; returns once it is on disk. The same id twice is one.
    /// - Parameter at: when it happened, where that was before now.
    /// - Returns: false where this id was noted before.
    package func noteDown(_ words: String, id: String, at: Date?, _ mode: ModeName, in town: TownID, by person: Operator) async throws -> Bool {
        let now = clock()
        guard let deed = RecordedDeed(.note, words, id: "note-\(person.name)-\(id)", about: "note", mode, at: at ?? now, person.actor, noted: at == nil ? nil : now) else { return false }
        let commit = ledger.town(town).append(deed)
        try await commit.committed()
        logger.notice("noted in the chronicle", metadata: ["town": "\(town)", "mode": "\(mode.rawValue)", "by": "\(person.name)"])
        return commit.isNew
    }

    /// Whoever asks who is at the desk is there. Who comes, or comes back after half an hour, is a line.
    package func arrives(_ person: Operator, in town: TownID, _ mode: ModeName) -> [DeskPresence.Person] {
        let now = clock()
        if presence.comes(person, in: town, mode, at: now) { noteDown(.desk, "操作卓に入った", about: person.credential, mode, in: town, by: person.actor) }
        return presence.saw(person, in: town, mode, at: now)
    }

    package func leaves(_ person: Operator) {
        for (town, mode) in presence.left(person.credential) { noteDown(.desk, "操作卓から出た", about: person.credential, mode, in: town, by: person.actor) }
    }
}

extension Drill {
    /// Whether it ran at this moment.
    fileprivate func contains(_ moment: Date) -> Bool {
        guard let begun else { return false }
        return begun.at <= moment && moment <= (ended?.at ?? .distantFuture)
    }
}
