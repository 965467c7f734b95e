package import AlertModel
internal import ChannelKit
internal import FoundationEssentials
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

    package func flush() -> Commit { .done() }
    package var backlog: (waiting: Int, lost: Int) { (0, 0) }
    package func close() async {}

    package func read(_ key: String) -> [UInt8]? { state.withLock { $0.notes[key] } }
    package func write(_ key: String, _ value: [UInt8]?) { state.withLock { $0.notes[key] = value } }
    package func keys(prefix: String) -> [String] {
        state.withLock { $0.notes.keys.filter { $0.hasPrefix(prefix) }.sorted() }
    }

    fileprivate func with<Value: Sendable>(_ town: TownID, _ body: (inout MemoryState.Town, inout Int64) -> Value) -> Value {
        state.withLock { state in
            var part = state.towns[town] ?? MemoryState.Town()
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
        var levels: Set<String> = []
        var reports: [RecordedReport] = []
    }
    var towns: [TownID: Town] = [:]
    var bulletins: [KeptBulletin] = []
    var notes: [String: [UInt8]] = [:]
    var number: Int64 = 0
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
        }
        return .done()
    }

    func append(_ step: RecordedStep) {
        ledger.with(id) { town, _ in
            guard let index = town.index[step.delivery] else { return }
            town.rows[index].take(step)
        }
    }

    func append(_ receipt: RecordedReceipt) -> Commit {
        ledger.with(id) { town, _ in
            guard town.receipts.insert(receipt.id).inserted,
                town.levels.insert("\(receipt.alert) \(receipt.device) \(receipt.reach)").inserted
            else { return }
            let delivery = DeliveryID(
                alert: receipt.alert, town: id, channel: receipt.channel, endpoint: receipt.endpoint)
            if let index = town.index[delivery] { town.rows[index].take(receipt.reach) }
        }
        return .done()
    }

    func append(_ report: RecordedReport) -> Commit {
        ledger.with(id) { town, _ in
            guard !town.reports.contains(where: { $0.id == report.id }) else { return }
            town.reports.append(report)
        }
        return .done()
    }

    func deliveries(_ query: DeliveryQuery) async throws -> [DeliveryRow] {
        ledger.with(id) { town, _ in
            let rows = town.rows.filter { query.takes($0) }
            return query.newest ? Array(rows.suffix(query.limit)) : Array(rows.prefix(query.limit))
        }
    }

    func alerts(_ query: AlertQuery) async throws -> [RecordedAlert] {
        ledger.with(id) { town, _ in
            Array(town.alerts.filter { alert in
                (query.id == nil || alert.content.id == query.id)
                    && (query.event == nil || alert.content.event == query.event)
                    && (query.since.map { alert.accepted >= $0 } ?? true)
            }.reversed().prefix(query.limit))
        }
    }

    func reports(limit: Int) async throws -> [RecordedReport] {
        ledger.with(id) { town, _ in Array(town.reports.reversed().prefix(limit)) }
    }

    func said(_ alert: AlertID) async throws -> [SaidText] {
        ledger.with(id) { town, _ in town.alerts.first { $0.content.id == alert }?.said ?? [] }
    }
}

extension DeliveryQuery {
    fileprivate func takes(_ row: DeliveryRow) -> Bool {
        row.number > after && (alert == nil || row.alert == alert)
            && (channel == nil || row.delivery.channel == channel)
            && (endpoint == nil || row.delivery.endpoint == endpoint) && (state == nil || row.state == state)
            && (!unfinishedOnly || !row.state.isEnd)
    }
}
