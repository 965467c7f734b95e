internal import AlertModel
internal import ChannelKit
internal import FoundationEssentials
internal import GRDB
internal import Ledger

/// The rows of a town, each with its fact at the end of the town's chain. What is there already is not written again.
extension LedgerSchema {
    static func insert(_ alert: RecordedAlert, of town: TownID, _ writing: Writing, _ db: Database) throws {
        let body = try body(of: alert.content, writing.bodies, db)
        let id = alert.content.id.text
        let values: [(any DatabaseValueConvertible)?] = [
            id, alert.content.event.text, alert.mode.rawValue, alert.accepted.timeIntervalSince1970, alert.actor,
        ]
        try run(db, "INSERT OR IGNORE INTO alert (town, \(alertColumns), content, body) VALUES (?,?,?,?,?,?,x'',?)", [town.code] + values + [body.number])
        guard db.changesCount > 0 else { return }
        var said: [UInt8]?
        if !alert.said.isEmpty {
            let octets = try SaidForm.pack(alert.said)
            try run(db, "INSERT OR REPLACE INTO said VALUES (?,?,?)", [town.code, id, octets])
            said = FactDigest.of(octets)
        }
        var (sends, skips): ([FactDigest.Values], [FactDigest.Values]) = ([], [])
        for delivery in alert.deliveries {
            guard let row = try insert(delivery, of: alert, town, db) else { continue }
            if delivery.isSend { sends.append(row) } else { skips.append(row) }
        }
        func append(_ kind: Fact.Kind, _ digest: [UInt8]) throws -> Int64 {
            try writing.pen.append(
                kind, id, in: town.code, at: alert.accepted.timeIntervalSince1970, actor: alert.actor, cause: alert.content.event.text,
                saying: digest, db)
        }
        let fact = try append(.alert, digest(alert: .values(values), body: body.digest, said: said, sends: sends))
        let skipped = skips.isEmpty ? nil : try append(.skips, digest(skips))
        try run(db, "UPDATE alert SET fact = ?, skips = ? WHERE town = ? AND id = ?", [fact, skipped, town.code, id])
    }

    /// Nil where it is there already.
    private static func insert(
        _ delivery: RecordedDelivery, of alert: RecordedAlert, _ town: TownID, _ db: Database
    ) throws -> FactDigest.Values? {
        let accepted = alert.accepted.timeIntervalSince1970
        let values: [(any DatabaseValueConvertible)?] = [
            delivery.id.text, alert.content.id.text, alert.content.event.text, alert.mode.rawValue, alert.content.kind.rawValue,
            alert.content.title, delivery.channel, delivery.endpoint, delivery.endpoints, delivery.isSend, delivery.priority.rawValue,
            delivery.reason, delivery.sentence, accepted, delivery.expires.timeIntervalSince1970,
        ]
        try run(db, "INSERT OR IGNORE INTO delivery (town, \(deliveryColumns)) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)", [town.code] + values)
        guard db.changesCount > 0 else { return nil }
        let state: DeliveryState = delivery.isSend ? .waiting : .skipped
        try run(db, "INSERT OR IGNORE INTO standing (town, delivery, state, attempts, settled) VALUES (?,?,?,0,?)", [
            town.code, delivery.id.text, state.rawValue, delivery.isSend ? nil : accepted,
        ])
        return .values(values)
    }

    private static let ends = DeliveryState.allCases.filter(\.isEnd).map { "'\($0.rawValue)'" }.joined(separator: ",")

    static func insert(_ step: RecordedStep, of town: TownID, _ writing: Writing, _ db: Database) throws {
        let at = step.at.timeIntervalSince1970
        let values: [(any DatabaseValueConvertible)?] = [step.delivery.text, at, step.state.rawValue, step.attempt, step.detail, step.reference]
        try run(db, "INSERT INTO step (town, \(stepColumns)) VALUES (?,?,?,?,?,?,?)", [town.code] + values)
        let row = db.lastInsertedRowID
        let fact = try writing.pen.append(
            .step, "", in: town.code, at: at, actor: step.actor, cause: alert(of: step.delivery, town), row: row, saying: digest([.values(values)]), db)
        try run(db, "UPDATE step SET fact = ? WHERE number = ?", [fact, row])
        try run(db, """
            UPDATE standing SET state = ?, attempts = max(attempts, ?), detail = coalesce(?, detail),
            reference = coalesce(?, reference), settled = ?
            WHERE town = ? AND delivery = ? AND state NOT IN (\(ends))
            """, [
                step.state.rawValue, step.attempt, step.detail, step.reference,
                step.state.isEnd ? at : nil, town.code, step.delivery.text,
            ])
    }

    /// What stands before the town in a delivery's name.
    private static func alert(of delivery: DeliveryID, _ town: TownID) -> String {
        delivery.text.firstRange(of: ".\(town.code).").map { String(delivery.text[..<$0.lowerBound]) } ?? ""
    }

    static func insert(_ receipt: RecordedReceipt, of town: TownID, _ writing: Writing, _ db: Database) throws -> Bool {
        let received = receipt.received.timeIntervalSince1970
        let values: [(any DatabaseValueConvertible)?] = [
            receipt.id, receipt.alert.text, receipt.channel, receipt.endpoint, receipt.device, receipt.reach.rawValue,
            receipt.occurred.timeIntervalSince1970, received,
        ]
        try run(db, "INSERT OR IGNORE INTO receipt (town, \(receiptColumns)) VALUES (?,?,?,?,?,?,?,?,?)", [town.code] + values)
        guard db.changesCount > 0 else { return false }
        let fact = try writing.pen.append(
            .receipt, receipt.id, in: town.code, at: received, actor: receipt.device, cause: receipt.alert.text, saying: digest([.values(values)]), db)
        try run(db, "UPDATE receipt SET fact = ? WHERE town = ? AND id = ?", [fact, town.code, receipt.id])
        guard let column = receipt.reach.column else { return true }
        let delivery = DeliveryID(alert: receipt.alert, town: town, channel: receipt.channel, endpoint: receipt.endpoint)
        try run(db, "UPDATE standing SET \(column) = \(column) + 1 WHERE town = ? AND delivery = ?", [town.code, delivery.text])
        return true
    }

    static func insert(_ report: RecordedReport, of town: TownID, _ writing: Writing, _ db: Database) throws {
        let received = report.received.timeIntervalSince1970
        let values: [(any DatabaseValueConvertible)?] = [
            report.id, report.site, report.device, report.occurred.timeIntervalSince1970, received, report.body,
        ]
        try run(db, "INSERT OR IGNORE INTO report (town, \(reportColumns)) VALUES (?,?,?,?,?,?,?)", [town.code] + values)
        guard db.changesCount > 0 else { return }
        let fact = try writing.pen.append(
            .report, report.id, in: town.code, at: received, actor: report.device, cause: report.site, saying: digest([.values(values)]), db)
        try run(db, "UPDATE report SET fact = ? WHERE town = ? AND id = ?", [fact, town.code, report.id])
    }

    static func insert(_ deed: RecordedDeed, of town: TownID, _ writing: Writing, _ db: Database) throws -> Bool {
        let at = deed.at.timeIntervalSince1970
        let values: [(any DatabaseValueConvertible)?] = [deed.id, deed.mode.rawValue, deed.kind, deed.subject, at, deed.actor, deed.body]
        try run(db, "INSERT OR IGNORE INTO deed (town, \(deedColumns)) VALUES (?,?,?,?,?,?,?,?)", [town.code] + values)
        guard db.changesCount > 0 else { return false }
        let fact = try writing.pen.append(
            .deed, deed.id, in: town.code, at: at, actor: deed.actor, cause: deed.subject, saying: digest([.values(values)]), db)
        try run(db, "UPDATE deed SET fact = ? WHERE town = ? AND id = ?", [fact, town.code, deed.id])
        return true
    }
}

extension Reach {
    /// Of `standing`, where those who reached it are counted.
    var column: String? {
        switch self {
        case .accepted: nil
        case .reached: "reached"
        case .shown: "shown"
        case .touched: "touched"
        }
    }
}
