/// The state of a town, for those who ask; why an act is refused on it; and what ends by itself.
package import AlertModel
internal import ChannelKit
internal import Dispatching
internal import Lifecycle
internal import Synchronization
package import FoundationEssentials
package import Ledger
package import Memories

/// An act was refused because the state is another one than the person saw.
package struct StandingConflict: Sendable {
    /// For people: who changed what at which time.
    package var sentence: String
    package var changedBy: String?
    package var changedAt: Date?
    /// The act that came in between.
    package var act: AlertID?
    package var town: TownID
    package var mode: ModeName
}

extension Hub {
    package func standing(of town: TownID, _ mode: ModeName) -> Standing { standings.table(town, mode) }

    /// Ids of the alerts whose words stand: acts by the table, bulletins by their newest word.
    package func inForce(in town: TownID, _ mode: ModeName) -> Set<AlertID> {
        let bulletins = stories.withLock { $0.bulletins(inForceIn: town, mode, at: clock()) }
        return standing(of: town, mode).acts.union(bulletins)
    }

    /// Ids of the alerts that tell the whole state: of each event of which something stands, the last word.
    package func lastWords(in town: TownID, _ mode: ModeName) -> Set<AlertID> {
        let bulletins = stories.withLock { $0.bulletins(inForceIn: town, mode, at: clock()) }
        return Set(standing(of: town, mode).lastWords).union(bulletins)
    }

    /// Alerts under way that a desk is told of beside those that stand, the newest.
    private static let ends = 20

    /// Ids of the alerts that have to be heard still, in either mode: the last word of each event of which something stands, which is
    /// no order where it lifted a part, and whatever is under way to a far end, which may be the end of an order.
    package func onTheirWay(in town: TownID) async throws -> Set<AlertID> {
        var words = ModeName.allCases.reduce(into: Set<AlertID>()) { $0.formUnion(lastWords(in: town, $1)) }
        var query = TownPast.unfinished
        (query.newest, query.limit) = (true, 5000)
        let border = words.count + Self.ends
        for row in try await ledger.town(town).deliveries(query) where words.count < border { words.insert(row.alert) }
        return words
    }

    /// The alerts of these ids, newest first.
    package func alerts(_ ids: Set<AlertID>, of town: TownID) async throws -> [SaidAlert] {
        var found: [SaidAlert] = []
        for id in ids {
            var query = AlertQuery()
            query.id = id
            query.limit = 1
            found += try await ledger.town(town).alerts(query).map { SaidAlert($0) }
        }
        return found.sorted { ($0.accepted, $0.content.id) > ($1.accepted, $1.content.id) }
    }

    func failure(_ refusal: StandingRefusal, _ town: TownID, _ mode: ModeName) -> DeskFailure {
        func changed(_ done: Standing.Done?, _ sentence: String) -> DeskFailure {
            .changed(StandingConflict(
                sentence: sentence, changedBy: done?.by, changedAt: done?.at, act: done?.id, town: town, mode: mode))
        }
        switch refusal {
        case .field(let field, let detail): return .invalid([.init(field: field, detail: detail)])
        case .moved(let done):
            guard let done else {
                return changed(nil, "見ていた状況の番号が、この町の状況と合いません。いまの状況を確かめてください (the standing you saw is not this town's)")
            }
            return changed(done, "\(Self.clock(done.at))に\(done.by)さんが状況を変えました（\(done.words)）。いまの状況を確かめてください (\(done.by) changed the standing at \(Self.clock(done.at)): look at it again)")
        case .overtaken(_, let done, let subject):
            return changed(done, "\(subject.words)は、そのあと\(Self.clock(done.at))に\(done.by)さんが変えています（\(done.words)、番号 \(done.id)）。先にそちらを確かめてください (\(done.by) acted on it later, at \(Self.clock(done.at)): \(done.id))")
        case .takenBackAlready(let done):
            return changed(done, "\(Self.clock(done.at))に\(done.by)さんがもう取り消しています（番号 \(done.id)） (taken back already by \(done.by) at \(Self.clock(done.at)): \(done.id))")
        case .past(let sentence): return .conflict(sentence)
        }
    }

    /// 11月28日16時41分, as people here say it.
    package static func clock(_ date: Date) -> String {
        let digits = JapanTime.text(date, milliseconds: false)
        let parts = digits.split { !$0.isNumber }.compactMap { Int($0) }
        guard parts.count >= 5 else { return digits }
        return "\(parts[1])月\(parts[2])日\(parts[3])時\(parts[4] < 10 ? "0" : "")\(parts[4])分"
    }

    /// A town's tables as they were: what was kept, and what was recorded since on top.
    func restoreStandings(of town: Town, _ kept: [ModeName: Standing], then recorded: [RecordedAlert]) {
        for mode in ModeName.allCases {
            let acts = recorded.filter { $0.mode == mode && $0.content.town == town.id }.map(\.content)
            standings.restore(town.id, mode, kept[mode] ?? Standing(), then: acts)
            for row in standings.table(town.id, mode).shelters {
                guard case .shelter(let notice) = row.state else { continue }
                let revision = Revision(series: "operator", serial: nil, sent: row.since)
                switch mode {
                case .actual: actual.shelters.restore(notice, of: town.id, at: revision)
                case .exercise: exercise.shelters.restore(notice, of: town.id, at: revision)
                }
            }
        }
    }

    // MARK: What ends by itself

    /// How long before an order runs out the desk is told.
    package static let warning: TimeInterval = 2 * 3600

    /// Says on the desk what will run out, and to everybody what has. To be called every few seconds. Returns what the
    /// disk has still to take.
    @discardableResult
    package func endWhatRanOut(now: Date) async throws -> [Commit] {
        var commits: [Commit] = []
        var announced: Set<String> = []
        for (town, mode, table) in standings.all {
            if table.hasFaded(by: now) { standings.change(town, mode) { $0.fade(by: now) } }
            for row in table.orders() where row.until.map({ $0 > now && $0 <= now.addingTimeInterval(Self.warning) }) ?? false {
                announced.insert(announce(row, town, mode, now))
            }
            for rows in table.ranOut(by: now) { commits += try await end(rows, town, mode, now) }
        }
        // Renewed or lifted since: nothing to look into any more.
        attention.settle(.runsOut, except: announced)
        return commits
    }

    /// Gives the name of the row, which stays while the order does.
    private func announce(_ row: Act.Row, _ town: TownID, _ mode: ModeName, _ now: Date) -> String {
        guard let until = row.until else { return "" }
        let mark = mode == .exercise ? "【訓練】" : ""
        let subject = "\(mark)\(town.code) \(row.subject.words) \(Self.clock(until))"
        guard !attention.rows.contains(where: { $0.topic == .runsOut && $0.subject == subject }) else { return subject }
        let words = "\(mark)\(towns[town]?.name ?? town.code) \(row.subject.words)は\(Self.clock(until))に期限が来ます。続けるなら出し直し、終わったなら解除してください (runs out: issue it again or lift it)"
        attention.notice(.runsOut, subject, words, from: "standing", of: town, at: now)
        return subject
    }

    private func end(_ rows: [Act.Row], _ town: TownID, _ mode: ModeName, _ now: Date) async throws -> [Commit] {
        var query = AlertQuery()
        query.id = rows[0].act
        query.limit = 1
        guard let original = try await ledger.town(town).alerts(query).first?.content else { return [] }
        let subjects = Set(rows.map(\.subject))
        let districts = towns[town]?.districts ?? []
        let id = newID()
        return standings.change(town, mode) { standing in
            // Somebody may have renewed or lifted it while the ledger was asked.
            let still = standing.ranOut(by: now).flatMap { $0 }.filter { subjects.contains($0.subject) }
            guard !still.isEmpty else { return [] }
            let content = standing.runOut(still, of: original, as: id, districts: districts, now: now)
            standing.take(content)
            switch mode {
            case .actual: return self.tellEnd(content, on: self.actual)
            case .exercise: return self.tellEnd(content, on: self.exercise)
            }
        }
    }

    private func tellEnd<M: Mode>(_ content: AlertContent, on line: Line<M>) -> [Commit] {
        line.offer(Alert<M>(content), actor: "hub") { _, _ in .news(.ranOut) }
    }
}

extension Act.Subject {
    /// 津波の避難情報（鹿折地区）, for people at the desk.
    var words: String {
        switch self {
        case .evacuation(let hazard, let district): "\(district)の避難情報（\(hazard)）"
        case .shelter(let id): "避難所 \(id)"
        case .headquarters: "災害対策本部"
        case .notice: "お知らせ"
        }
    }
}

extension Standing.Done {
    /// What was done, in two words.
    var words: String {
        let what =
            switch kind {
            case .evacuation: (hazard ?? "") + "の避難情報"
            case .shelter: "避難所"
            case .headquarters: "災害対策本部"
            default: "お知らせ"
            }
        let how =
            switch change {
            case .new: "新規"
            case .raised: "引き上げ"
            case .widened: "対象の追加"
            case .corrected, .changed: "変更"
            case .lowered: "引き下げ"
            case .partLifted: "一部解除"
            case .lifted: "解除"
            case .takenBack: "取消"
            case .restored: "解除の取消"
            case .ranOut: "期限"
            case .unchanged: "同じ内容"
            }
        return "\(what)の\(how)"
    }
}
