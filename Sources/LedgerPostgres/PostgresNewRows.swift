/// The rows of a batch, gathered table by table, with the fact of each at the end of its town's chain. In the order in which they
/// came: a town's record has the same chain in whichever ledger it is written.
internal import AlertModel
internal import ChannelKit
internal import FoundationEssentials
internal import Ledger
internal import LedgerStore

struct PostgresNewRows {
    private struct Passed {
        var rows: [[PostgresValue]]
        var digest: [[PostgresValue]]
        var body: PostgresBody
    }

    private var contents: [[PostgresValue]: [UInt8]] = [:]
    private var deliveries: [PostgresBatch.Key: (number: PostgresValue, values: [PostgresValue], isSend: Bool)] = [:]
    /// In the log's order.
    private var order: [PostgresBatch.Key] = []
    private var bodies: [PostgresBatch.Key: PostgresBody] = [:]
    private var passing: [String: Passed] = [:]
    private var sets: [[UInt8]: String] = [:]
    private var shares: [[PostgresValue]: String] = [:]
    private(set) var newDeliveries: Set<PostgresBatch.Key> = []

    private var alerts: [[PostgresValue]] = []
    private var said: [[PostgresValue]] = []
    private var passed: [[PostgresValue]] = []
    private var steps: [[PostgresValue]] = []
    private var receipts: [[PostgresValue]] = []
    private var reports: [[PostgresValue]] = []
    private var deeds: [[PostgresValue]] = []
    private var bulletins: [[PostgresValue]] = []
    private var notes: [String: [UInt8]?] = [:]

    // MARK: what is counted in the log

    mutating func add(deliveriesOf alert: RecordedAlert, _ town: TownID, _ body: PostgresBody, _ number: inout Int64) {
        bodies[.init(town: town.code, id: alert.content.id.text)] = body
        add(body)
        for delivery in alert.deliveries {
            number += 1
            let key = PostgresBatch.Key(town: town.code, id: delivery.id.text)
            guard deliveries[key] == nil else { continue }
            deliveries[key] = (.int(number), alert.columns(of: delivery), delivery.isSend)
            order.append(key)
        }
    }

    mutating func add(_ passed: PassedAlert, _ body: PostgresBody, _ number: inout Int64) {
        add(body)
        var rows = Passed(rows: [], digest: [], body: body)
        for group in passed.groups {
            number += 1
            let values = passed.columns(of: group)
            // A line for each town, as in SQLite's record, whose digest it has.
            let text = group.towns.reduce(into: "\n") { $0 += $1.town.code + Self.line(of: $1) + "\n" }
            let hash = FactDigest.of(Array(text.utf8))
            sets[hash] = text
            for share in group.towns { shares[[.text(share.town.code), .octets(hash)]] = Self.line(of: share) }
            rows.rows.append([.text(CommonChain.name), .int(number)] + values + [.octets(hash), .octets(body.hash)])
            rows.digest.append(values + [.octets(hash)])
        }
        passing[Self.subject(of: passed)] = rows
    }

    static func line(of share: PassedAlert.Share) -> String { share.endpoint.map { "/" + $0 } ?? "*\(share.farEnds)" }
    private static func subject(of passed: PassedAlert) -> String { "\(passed.mode.rawValue)/\(passed.content.id.text)" }

    private mutating func add(_ body: PostgresBody) { contents[[.text(body.town ?? CommonChain.name), .octets(body.hash)]] = body.octets }

    /// What is there already is left out of what the alert's fact says.
    mutating func writeDeliveries(_ batch: PostgresBatch) throws(PostgresTrouble) {
        try batch.add("content", [("town", .text), ("hash", .octets), ("octets", .octets)], contents.map { $0.key + [.octets($0.value)] }, tail: "ON CONFLICT DO NOTHING")
        let columns: [PostgresBatch.Column] = [("town", .text), ("number", .int)] + PostgresColumns.delivery.columns
        let rows = order.compactMap { key in deliveries[key].map { [.text(key.town), $0.number] + $0.values } }
        for answer in try batch.add("delivery", columns, rows, tail: "ON CONFLICT DO NOTHING RETURNING town, id") {
            for row in 0..<answer.count { newDeliveries.insert(.init(town: answer.text(row, 0) ?? "", id: answer.text(row, 1) ?? "")) }
        }
    }

    // MARK: in the order in which they came

    mutating func add(_ alert: RecordedAlert, _ town: TownID, _ batch: PostgresBatch) {
        let (id, values) = (alert.content.id.text, alert.columns)
        guard let body = bodies[.init(town: town.code, id: id)] else { return }
        let packed = alert.said.isEmpty ? nil : (try? SaidForm.pack(alert.said)).map { [UInt8]($0) }
        if let packed { said.append([.text(town.code), .text(id), .octets(packed)]) }
        var (sends, skips): ([[PostgresValue]], [[PostgresValue]]) = ([], [])
        for delivery in alert.deliveries {
            let key = PostgresBatch.Key(town: town.code, id: delivery.id.text)
            // Taken out: of two with one name the first is the row.
            guard newDeliveries.contains(key), let row = deliveries.removeValue(forKey: key) else { continue }
            if row.isSend { sends.append(row.values) } else { skips.append(row.values) }
            batch.stands.begin(key, isSend: row.isSend, offered: alert.accepted.timeIntervalSince1970, number: row.number, mode: .text(alert.mode.rawValue))
        }
        func append(_ kind: Fact.Kind, _ digest: [UInt8]) -> PostgresValue {
            batch.append(kind, id, in: town.code, at: alert.accepted, actor: alert.actor, cause: alert.content.event.text, saying: digest)
        }
        let fact = append(.alert, FactDigest.of(alert: values, body: body.hash, said: packed.map { FactDigest.of($0) }, sends: sends))
        let skipped = skips.isEmpty ? PostgresValue.null : append(.skips, FactDigest.of(rows: skips))
        alerts.append([.text(town.code)] + values + [.octets(body.hash), fact, skipped])
    }

    mutating func add(factOf passed: PassedAlert, _ batch: PostgresBatch) {
        guard let rows = passing.removeValue(forKey: Self.subject(of: passed)) else { return }
        let fact = batch.append(
            .passed, Self.subject(of: passed), in: CommonChain.name, at: passed.accepted, actor: passed.actor, cause: passed.content.event.text,
            saying: FactDigest.of(rows: rows.digest + [[.octets(rows.body.hash)]]))
        self.passed += rows.rows.map { $0 + [fact] }
    }

    mutating func add(_ step: RecordedStep, _ town: TownID, _ name: (writer: Int64, seq: Int64), _ batch: PostgresBatch) {
        let fact = batch.append(
            .step, "", in: town.code, at: step.at, actor: step.actor, cause: Self.alert(of: step.delivery, town), saying: FactDigest.of(rows: [step.columns]))
        steps.append([.text(town.code), .int(name.writer), .int(name.seq)] + step.columns + [fact])
        batch.stands.take(step, town)
    }

    /// What stands before the town in a delivery's name.
    private static func alert(of delivery: DeliveryID, _ town: TownID) -> String {
        delivery.text.firstRange(of: ".\(town.code).").map { String(delivery.text[..<$0.lowerBound]) } ?? ""
    }

    mutating func add(_ receipt: RecordedReceipt, _ town: TownID, _ batch: PostgresBatch) {
        let fact = batch.append(
            .receipt, receipt.id, in: town.code, at: receipt.received, actor: receipt.device, cause: receipt.alert.text, saying: FactDigest.of(rows: [receipt.columns]))
        receipts.append([.text(town.code)] + receipt.columns + [fact])
        batch.stands.take(receipt, town)
    }

    mutating func add(_ report: RecordedReport, _ town: TownID, _ batch: PostgresBatch) {
        let fact = batch.append(
            .report, report.id, in: town.code, at: report.received, actor: report.device, cause: report.site, saying: FactDigest.of(rows: [report.columns]))
        reports.append([.text(town.code)] + report.columns + [fact])
    }

    mutating func add(_ deed: RecordedDeed, _ town: TownID, _ batch: PostgresBatch) {
        let fact = batch.append(
            .deed, deed.id, in: town.code, at: deed.at, actor: deed.actor, cause: deed.subject, saying: FactDigest.of(rows: [deed.columns]))
        deeds.append([.text(town.code)] + deed.columns + [fact])
    }

    mutating func add(_ bulletin: KeptBulletin, _ name: (writer: Int64, seq: Int64)) {
        bulletins.append([
            .text(PostgresSchema.hub), .int(name.writer), .int(name.seq), .text(bulletin.hash), .time(bulletin.received), .text(bulletin.source),
            .text(bulletin.verdict.rawValue), .text(bulletin.reason), .text(bulletin.alerts.map(\.text).joined(separator: " ")), .octets(bulletin.octets),
        ])
    }

    /// The last word on each key.
    mutating func add(_ entries: [(key: String, value: [UInt8]?)]) { for (key, value) in entries { notes[key] = .some(value) } }

    // MARK: all of them

    func write(_ batch: PostgresBatch) throws(PostgresTrouble) {
        func own(_ columns: PostgresColumns, _ more: [PostgresBatch.Column] = [], tail: [PostgresBatch.Column] = [("fact", .int)]) -> [PostgresBatch.Column] {
            [("town", .text)] + more + columns.columns + tail
        }
        let once = "ON CONFLICT DO NOTHING"
        try batch.add("alert", own(.alert, tail: [("body", .octets), ("fact", .int), ("skips", .int)]), alerts)
        try batch.add("said", [("town", .text), ("alert", .text), ("texts", .octets)], said)
        try writeSets(batch)
        try batch.add("passed", own(.passed, [("number", .int)], tail: [("towns", .octets), ("body", .octets), ("fact", .int)]), passed)
        try batch.add("step", own(.step, [("writer", .int), ("seq", .int)]), steps)
        try batch.add("receipt", own(.receipt), receipts)
        try batch.add("report", own(.report), reports)
        try batch.add("deed", own(.deed), deeds)
        try batch.add(
            "bulletin",
            [
                ("town", .text), ("writer", .int), ("seq", .int), ("hash", .text), ("received", .double), ("source", .text), ("verdict", .text), ("reason", .text),
                ("alerts", .text), ("octets", .octets),
            ], bulletins, tail: once)
        try writeNotes(batch)
    }

    /// The same towns are passed by again and again.
    private func writeSets(_ batch: PostgresBatch) throws(PostgresTrouble) {
        guard !sets.isEmpty else { return }
        let known = try batch.line.run(
            "SELECT hash FROM town_set WHERE town = 'common' AND hash = ANY ($1::bytea[])", written: [PostgresValue.array(sets.keys.map { .octets($0) })], keepsPlan: true)
        let there = Set((0..<known.count).compactMap { known.bytes($0, 0) })
        try batch.add(
            "town_set", [("town", .text), ("hash", .octets), ("towns", .text)],
            sets.filter { !there.contains($0.key) }.map { [.text(CommonChain.name), .octets($0.key), .text($0.value)] })
        let lines = shares.filter { if case .octets(let hash) = $0.key[1] { !there.contains(hash) } else { false } }
        try batch.add("share", [("town", .text), ("hash", .octets), ("line", .text)], lines.map { $0.key + [.text($0.value)] })
    }

    private func writeNotes(_ batch: PostgresBatch) throws(PostgresTrouble) {
        let kept = notes.compactMap { key, value in value.map { [PostgresValue.text(PostgresSchema.hub), .text(key), .octets($0)] } }
        try batch.add("note", [("town", .text), ("key", .text), ("value", .octets)], kept, tail: "ON CONFLICT (town, key) DO UPDATE SET value = excluded.value")
        let gone = notes.filter { $0.value == nil }.map { PostgresValue.text($0.key) }
        guard !gone.isEmpty else { return }
        try batch.line.run("DELETE FROM note WHERE town = 'hub' AND key = ANY ($1::text[])", written: [PostgresValue.array(gone)], keepsPlan: true)
    }
}

extension FactDigest {
    /// - Parameters:
    ///   - body: of what it says; nil where the row is gone.
    ///   - said: of the words as they were packed.
    static func of(alert values: [PostgresValue], body: [UInt8]?, said: [UInt8]?, sends: [[PostgresValue]]) -> [UInt8] {
        var sum = FactDigest()
        sum.add(values)
        for part in [body, said] { if let part { sum.add(octets: part) } else { sum.addNothing() } }
        for send in sends { sum.add(send) }
        return sum.octets
    }
}
