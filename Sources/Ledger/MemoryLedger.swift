package import AlertModel
internal import ChannelKit
package import FoundationEssentials
internal import Synchronization

/// The ledger's twin without a disk: for tests, and for looking at a bulletin without a hub.
package final class MemoryLedger: Ledger {
    private let state = Mutex(MemoryState())

    package init() {}

    package func town(_ id: TownID) -> any TownLedger { MemoryTown(id: id, ledger: self) }

    package func keep(_ bulletin: KeptBulletin) -> Commit {
        state.withLock { $0.bulletins.append(bulletin) }
        return .done()
    }

    package func bulletins(limit: Int) async throws -> [KeptBulletin] {
        state.withLock { Array($0.bulletins.reversed().prefix(limit)) }
    }

    package func record(_ passed: PassedAlert) -> Commit {
        state.withLock { state in
            guard !state.passed.contains(where: { $0.alert.content.id == passed.content.id && $0.alert.mode == passed.mode }) else { return }
            state.passed.append((state.number, passed))
            state.number += Int64(passed.groups.count)
            guard !passed.groups.isEmpty else { return }
            state.common.append(
                .passed, "\(passed.mode.rawValue)/\(passed.content.id.text)", in: CommonChain.name, at: passed.accepted, actor: passed.actor,
                cause: passed.content.event.text)
        }
        return .done()
    }

    package func passed(since: Date, limit: Int) async throws -> [RecordedAlert] {
        state.withLock { $0.passed.map(\.alert.recorded).filter { $0.accepted >= since }.suffix(limit) }
    }

    package func busy(_ towns: [TownID], since: Date) async throws -> Set<TownID> {
        state.withLock { state in
            Set(towns.filter { id in
                guard let town = state.towns[id] else { return false }
                return town.alerts.contains { $0.accepted >= since } || town.rows.contains { !$0.state.isEnd }
            })
        }
    }

    package func verify(_ town: TownID?, expecting expected: [KnownHead]) async throws -> ChainReport {
        state.withLock { state in
            let chain = town.map { state.towns[$0]?.chain ?? MemoryChain() } ?? state.common
            var walk = ChainWalk(CommonChain.name(of: town), expecting: expected)
            for fact in chain.facts where !walk.take(fact, saying: MemoryChain.digest(fact)) { break }
            walk.end(at: chain.head)
            return walk.report
        }
    }

    package func head(of town: TownID?, before moment: Date) async throws -> ChainHead? {
        state.withLock { state in
            let facts = town.map { state.towns[$0]?.chain.facts ?? [] } ?? state.common.facts
            return facts.last { $0.at < moment }.map { ChainHead(number: $0.number, hash: $0.hash) }
        }
    }

    /// All at once: nobody waits for a disk here.
    package func retire(_ rule: RetentionRule) async throws -> Retired {
        state.withLock { state in
            guard let town = rule.town else { return state.retireCommon(rule) }
            return state.towns[town]?.retire(rule) ?? Retired()
        }
    }

    package func flush() -> Commit { .done() }
    package var backlog: (waiting: Int, lost: Int) { (0, 0) }
    package func close() async {}

    package func read(_ key: String) -> [UInt8]? { state.withLock { $0.notes[key] } }
    package func write(_ key: String, _ value: [UInt8]?) { state.withLock { $0.notes[key] = value } }
    package func keys(prefix: String) -> [String] {
        state.withLock { $0.notes.keys.filter { $0.hasPrefix(prefix) }.sorted() }
    }

    /// A town's rows of what passed it by.
    fileprivate func passedRows(_ town: TownID, reachesBack: Bool) -> [DeliveryRow] {
        state.withLock { state in
            state.passed.flatMap { before, passed in
                guard reachesBack || !state.archivedPassed.contains(passed.content.id) else { return [DeliveryRow]() }
                return passed.groups.enumerated().flatMap { index, group in
                    PassedAlert(content: passed.content, mode: passed.mode, accepted: passed.accepted, actor: passed.actor, groups: [group])
                        .deliveries(of: town).map { DeliveryRow(number: before + Int64(index) + 1, delivery: $0, in: passed.recorded, town: town) }
                }
            }
        }
    }

    fileprivate func passedAlerts(_ town: TownID) -> [RecordedAlert] {
        state.withLock { state in
            state.passed.map(\.alert).filter { $0.groups.contains { $0.towns.contains { $0.town == town } } }.map(\.recorded)
        }
    }

    fileprivate func with<Value: Sendable>(_ town: TownID, _ body: (inout MemoryState.Town, inout Int64) -> Value) -> Value {
        state.withLock { state in
            // Taken out, so that it is changed in place.
            var part = state.towns.removeValue(forKey: town) ?? MemoryState.Town()
            let value = body(&part, &state.number)
            state.towns[town] = part
            return value
        }
    }
}

private struct MemoryState {
    struct Town {
        var alerts: [RecordedAlert] = []
        var rows: [DeliveryRow] = []
        var index: [DeliveryID: Int] = [:]
        var receipts: Set<String> = []
        var toldReceipts: [RecordedReceipt] = []
        var levels: Set<String> = []
        var reports: [RecordedReport] = []
        var deeds: [RecordedDeed] = []
        var chain = MemoryChain()
        /// Deliveries and alerts that left.
        var archived: Set<DeliveryID> = []
        var archivedAlerts: Set<AlertID> = []
        var archivedReports: [RecordedReport] = []
        var archivedDeeds: [RecordedDeed] = []
    }
    /// Alerts that passed by, and left.
    var archivedPassed: Set<AlertID> = []
    var common = MemoryChain()
    var towns: [TownID: Town] = [:]
    /// With the number before its first row.
    var passed: [(before: Int64, alert: PassedAlert)] = []
    var bulletins: [KeptBulletin] = []
    var notes: [String: [UInt8]] = [:]
    var number: Int64 = 0
}

extension MemoryState {
    mutating func retireCommon(_ rule: RetentionRule) -> Retired {
        var done = Retired()
        for (_, alert) in passed where alert.accepted < rule.skips && alert.content.expires < rule.now {
            if archivedPassed.insert(alert.content.id).inserted { done.passed += 1 }
        }
        done.bulletins = bulletins.count { $0.received < rule.skips }
        bulletins.removeAll { $0.received < rule.skips }
        return done
    }
}

extension MemoryState.Town {
    mutating func retire(_ rule: RetentionRule) -> Retired {
        var done = Retired()
        for alert in alerts where !rule.keep.contains(alert.content.id) && alert.accepted < rule.skips {
            let own = rows.filter { $0.alert == alert.content.id }
            let skips = own.filter { !$0.delivery.isSend }.map(\.delivery.id)
            if !archived.isSuperset(of: skips) { done.skips += 1 }
            archived.formUnion(skips)
            guard alert.accepted < rule.said, alert.content.expires < rule.now, own.allSatisfy(\.state.isEnd),
                archivedAlerts.insert(alert.content.id).inserted else { continue }
            archived.formUnion(own.map(\.delivery.id))
            done.alerts += 1
        }
        done.reports = reports.count { $0.received < rule.said }
        archivedReports += reports.filter { $0.received < rule.said }
        reports.removeAll { $0.received < rule.said }
        done.deeds = deeds.count { $0.at < rule.said }
        archivedDeeds += deeds.filter { $0.at < rule.said }
        deeds.removeAll { $0.at < rule.said }
        return done
    }
}

/// A chain without a disk. Nobody changes what stands in memory: its facts say only what they are.
private struct MemoryChain {
    private(set) var facts: [Fact] = []
    private(set) var head = ChainHead.beginning

    static func digest(_ fact: Fact) -> [UInt8] { FactDigest.of(Array(fact.subject.utf8)) }

    mutating func append(_ kind: Fact.Kind, _ subject: String, in chain: String, at: Date, actor: String, cause: String) {
        facts.append(head.append(kind, subject, in: chain, at: at, actor: actor, cause: cause, saying: FactDigest.of(Array(subject.utf8))))
    }
}

private struct MemoryTown: TownLedger {
    let id: TownID
    let ledger: MemoryLedger

    func record(_ alert: RecordedAlert) -> Commit {
        ledger.with(id) { town, number in
            guard !town.alerts.contains(where: { $0.content.id == alert.content.id }) else { return }
            town.alerts.append(alert)
            for delivery in alert.deliveries {
                number += 1
                town.index[delivery.id] = town.rows.count
                town.rows.append(DeliveryRow(number: number, delivery: delivery, in: alert, town: id))
            }
            let hasSkips = alert.deliveries.contains { !$0.isSend }
            for kind in [Fact.Kind.alert] + (hasSkips ? [.skips] : []) {
                town.chain.append(
                    kind, alert.content.id.text, in: id.code, at: alert.accepted, actor: alert.actor, cause: alert.content.event.text)
            }
        }
        return .done()
    }

    func append(_ step: RecordedStep) {
        ledger.with(id) { town, _ in
            town.chain.append(.step, "", in: id.code, at: step.at, actor: step.actor, cause: "")
            guard let index = town.index[step.delivery] else { return }
            town.rows[index].take(step)
        }
    }

    func append(_ receipt: RecordedReceipt) -> Commit {
        let isNew = ledger.with(id) { town, _ in
            guard town.receipts.insert(receipt.id).inserted,
                town.levels.insert("\(receipt.alert) \(receipt.device) \(receipt.reach)").inserted
            else { return false }
            town.toldReceipts.append(receipt)
            town.chain.append(.receipt, receipt.id, in: id.code, at: receipt.received, actor: receipt.device, cause: receipt.alert.text)
            let delivery = DeliveryID(
                alert: receipt.alert, town: id, channel: receipt.channel, endpoint: receipt.endpoint)
            if let index = town.index[delivery] { town.rows[index].take(receipt.reach) }
            return true
        }
        return .done(isNew: isNew)
    }

    func receipts(of alert: AlertID) async throws -> [RecordedReceipt] {
        ledger.with(id) { town, _ in town.toldReceipts.filter { $0.alert == alert }.sorted { ($0.received, $0.id) < ($1.received, $1.id) } }
    }

    func append(_ report: RecordedReport) -> Commit {
        ledger.with(id) { town, _ in
            guard !town.reports.contains(where: { $0.id == report.id }) else { return }
            town.reports.append(report)
            town.chain.append(.report, report.id, in: id.code, at: report.received, actor: report.device, cause: report.site)
        }
        return .done()
    }

    func append(_ deed: RecordedDeed) -> Commit {
        let isNew = ledger.with(id) { town, _ in
            guard !town.deeds.contains(where: { $0.id == deed.id }) else { return false }
            town.deeds.append(deed)
            town.chain.append(.deed, deed.id, in: id.code, at: deed.at, actor: deed.actor, cause: deed.subject)
            return true
        }
        return .done(isNew: isNew)
    }

    func deeds(_ query: DeedQuery) async throws -> [RecordedDeed] {
        ledger.with(id) { town, _ in
            let all = (town.deeds + (query.reachesBack ? town.archivedDeeds : [])).sorted { ($0.at, $0.id) > ($1.at, $1.id) }
            guard let before = query.before else { return Array(all.filter(query.takes).prefix(query.limit)) }
            guard let border = all.firstIndex(where: { $0.id == before }) else { return [] }
            return Array(all.dropFirst(border + 1).filter(query.takes).prefix(query.limit))
        }
    }

    func deliveries(_ query: DeliveryQuery) async throws -> [DeliveryRow] {
        let own = ledger.with(id) { town, _ in town.rows.filter { query.reachesBack || !town.archived.contains($0.delivery.id) } }
        let acts = query.by.map { by in ledger.with(id) { town, _ in Set(town.alerts.filter { DeliveryQuery.isAct($0.actor, by: by) }.map(\.content.id)) } }
        let rows = (own + (query.concernedOnly || acts != nil ? [] : ledger.passedRows(id, reachesBack: query.reachesBack)))
            .filter { query.takes($0) && acts?.contains($0.alert) ?? true }.sorted { $0.number < $1.number }
        return query.newest ? Array(rows.suffix(query.limit)) : Array(rows.prefix(query.limit))
    }

    func alerts(_ query: AlertQuery) async throws -> [RecordedAlert] {
        let known = ledger.with(id) { town, _ in
            town.alerts.filter { query.reachesBack || !town.archivedAlerts.contains($0.content.id) || query.archived?.contains($0.accepted) == true }
        } + (query.concernedOnly ? [] : ledger.passedAlerts(id))
        let found = known.filter { alert in
            (query.id == nil || alert.content.id == query.id)
                && (query.event == nil || alert.content.event == query.event)
                && (query.since.map { alert.accepted >= $0 } ?? true) && (query.mode == nil || alert.mode == query.mode)
                && (query.earlier?.isAfter(alert.accepted, alert.content.id.text) ?? true)
        }
        return Array(found.sorted { ($0.accepted, $0.content.id) > ($1.accepted, $1.content.id) }.prefix(query.limit))
    }

    func reports(_ query: ReportQuery) async throws -> [RecordedReport] {
        ledger.with(id) { town, _ in
            var counts: [String: Int] = [:]
            let all = (town.reports + (query.reachesBack ? town.archivedReports : [])).sorted { ($0.received, $0.id) > ($1.received, $1.id) }
            let border = query.before.flatMap { id in all.first { $0.id == id } }
            return Array(all.filter(query.takes).filter { report in
                counts[report.device, default: 0] += 1
                guard query.isEveryOne || query.device != nil || counts[report.device, default: 0] <= RecordedReport.shownPerDevice else { return false }
                guard query.before != nil else { return true }
                return border.map { (report.received, report.id) < ($0.received, $0.id) } ?? false
            }.prefix(query.limit))
        }
    }

    func said(_ alert: AlertID) async throws -> [SaidText] {
        ledger.with(id) { town, _ in town.alerts.first { $0.content.id == alert }?.said ?? [] }
    }
}

extension DeliveryQuery {
    fileprivate func takes(_ row: DeliveryRow) -> Bool {
        row.number > after && (alert == nil || row.alert == alert) && (alerts?.contains(row.alert) ?? true)
            && (channel == nil || row.delivery.channel == channel)
            && (endpoint == nil || row.delivery.endpoint == endpoint) && (state == nil || row.state == state)
            && (mode == nil || row.mode == mode) && (!unfinishedOnly || !row.state.isEnd) && (since.map { row.offered >= $0 } ?? true) && (until.map { row.offered < $0 } ?? true)
    }
}
