internal import AlertModel
internal import ChannelKit
internal import FoundationEssentials
internal import Ledger
internal import LedgerStore

/// How deliveries stand, folded forward through one batch: what its steps and receipts make of them.
struct PostgresStands {
    struct Stand: Equatable {
        var state: DeliveryState
        var attempts: Int64 = 0
        var settled: Double?
        var detail: String?
        var reference: String?
        var counts: [Int64] = [0, 0, 0]

        /// As it stands when it was decided.
        init(isSend: Bool, offered: Double) {
            state = isSend ? .waiting : .skipped
            settled = isSend ? nil : offered
        }

        /// Seven columns from this one on.
        init(_ rows: PostgresRows, _ row: Int, from start: Int) {
            state = rows.text(row, start).flatMap(DeliveryState.init) ?? .rejected
            attempts = rows.int(row, start + 1) ?? 0
            settled = rows.double(row, start + 2)
            detail = rows.text(row, start + 3)
            reference = rows.text(row, start + 4)
            counts = (5..<8).map { rows.int(row, start + $0) ?? 0 }
        }

        static let columns = "state, attempts, settled, detail, reference, reached, shown, touched"

        /// A later step. Nothing follows an end.
        mutating func take(state next: DeliveryState, at: Double, attempt: Int64, detail words: String?, reference name: String?) {
            guard !state.isEnd else { return }
            state = next
            attempts = max(attempts, attempt)
            detail = words ?? detail
            reference = name ?? reference
            settled = next.isEnd ? at : nil
        }

        mutating func take(reach: Int64, times: Int64 = 1) {
            guard (1...3).contains(reach) else { return }
            counts[Int(reach) - 1] += times
        }

        var values: [PostgresValue] {
            [.text(state.rawValue), .int(attempts), settled.map { .double($0) } ?? .null, .text(detail), .text(reference)] + counts.map { .int($0) }
        }
    }

    private var stands: [PostgresBatch.Key: Stand] = [:]
    /// Of deliveries that are new: the log's number and the mode.
    private var seeds: [PostgresBatch.Key: (number: PostgresValue, mode: PostgresValue)] = [:]
    private var changed: Set<PostgresBatch.Key> = []

    static func key(of receipt: RecordedReceipt, _ town: TownID) -> PostgresBatch.Key {
        PostgresBatch.Key(town: town.code, id: DeliveryID(alert: receipt.alert, town: town, channel: receipt.channel, endpoint: receipt.endpoint).text)
    }

    /// Those of before that this batch changes.
    mutating func read(of writes: [WaitingWrite], _ known: PostgresKnown, seeded rows: PostgresNewRows, on line: PostgresLine) throws(PostgresTrouble) {
        var wanted: Set<PostgresBatch.Key> = []
        for waiting in writes where known.isNew(waiting) {
            switch waiting.write {
            case .step(let town, let step): wanted.insert(.init(town: town.code, id: step.delivery.text))
            case .receipt(let town, let receipt): wanted.insert(Self.key(of: receipt, town))
            default: break
            }
        }
        let keys = wanted.subtracting(rows.newDeliveries).map { [PostgresValue.text($0.town), .text($0.id)] }
        let sql = "SELECT town, delivery, \(Stand.columns) FROM standing JOIN unnest($1::text[], $2::text[]) AS k (town, delivery) USING (town, delivery)"
        for start in stride(from: 0, to: keys.count, by: PostgresBatch.slice) {
            let some = keys[start..<min(start + PostgresBatch.slice, keys.count)]
            let found = try line.run(sql, written: PostgresBatch.arrays(some, 2), keepsPlan: true)
            for row in 0..<found.count { stands[.init(town: found.text(row, 0) ?? "", id: found.text(row, 1) ?? "")] = Stand(found, row, from: 2) }
        }
    }

    mutating func begin(_ key: PostgresBatch.Key, isSend: Bool, offered: Double, number: PostgresValue, mode: PostgresValue) {
        stands[key] = Stand(isSend: isSend, offered: offered)
        seeds[key] = (number, mode)
    }

    mutating func take(_ step: RecordedStep, _ town: TownID) {
        change(.init(town: town.code, id: step.delivery.text)) {
            $0.take(state: step.state, at: step.at.timeIntervalSince1970, attempt: Int64(step.attempt), detail: step.detail, reference: step.reference)
        }
    }

    mutating func take(_ receipt: RecordedReceipt, _ town: TownID) {
        change(Self.key(of: receipt, town)) { $0.take(reach: Int64(receipt.reach.rawValue)) }
    }

    private mutating func change(_ key: PostgresBatch.Key, _ body: (inout Stand) -> Void) {
        guard var stand = stands[key] else { return }
        body(&stand)
        stands[key] = stand
        if seeds[key] == nil { changed.insert(key) }
    }

    func write(on batch: PostgresBatch) throws(PostgresTrouble) {
        let new = seeds.compactMap { key, seed in
            stands[key].map { [PostgresValue.text(key.town), .text(key.id), seed.number, seed.mode] + $0.values }
        }
        let own: [PostgresBatch.Column] = [
            ("state", .text), ("attempts", .int), ("settled", .double), ("detail", .text), ("reference", .text), ("reached", .int), ("shown", .int), ("touched", .int),
        ]
        try batch.add("standing", [("town", .text), ("delivery", .text), ("number", .int), ("mode", .text)] + own, new)
        let old = changed.compactMap { key in stands[key].map { [PostgresValue.text(key.town), .text(key.id)] + $0.values } }
        let sql = """
            UPDATE standing s SET state = n.state, attempts = n.attempts, settled = n.settled, detail = n.detail, reference = n.reference, reached = n.reached,
              shown = n.shown, touched = n.touched
            FROM unnest($1::text[], $2::text[], $3::text[], $4::int8[], $5::float8[], $6::text[], $7::text[], $8::int8[], $9::int8[], $10::int8[])
              AS n (town, delivery, state, attempts, settled, detail, reference, reached, shown, touched)
            WHERE s.town = n.town AND s.delivery = n.delivery
            """
        for start in stride(from: 0, to: old.count, by: PostgresBatch.slice) {
            try batch.line.run(sql, written: PostgresBatch.arrays(old[start..<min(start + PostgresBatch.slice, old.count)], 10), keepsPlan: true)
        }
    }
}
