internal import AlertModel
internal import ChannelKit
internal import Ledger
internal import LedgerStore

/// Which of a batch are not there yet. What stands in the batch twice is new once.
///
/// Asked under the lock of the hub's row: nobody adds any of them meanwhile.
struct PostgresKnown {
    private var new: Set<Int64> = []

    init(_ writes: [WaitingWrite], _ writer: Int64, on line: PostgresLine) throws(PostgresTrouble) {
        var asked = Asked(line: line)
        for waiting in writes {
            switch waiting.write {
            case .alert(let town, let alert): asked.add("alert", ["town", "id"], [.text(town.code), .text(alert.content.id.text)])
            case .passed(let passed): asked.add("passed", ["town", "alert", "mode"], [.text(CommonChain.name), .text(passed.content.id.text), .text(passed.mode.rawValue)])
            case .step(let town, let step): asked.add("step", ["town", "delivery", "seq"], [.text(town.code), .text(step.delivery.text), .int(waiting.number)])
            case .receipt(let town, let receipt):
                asked.add("receipt", ["town", "id"], [.text(town.code), .text(receipt.id)])
                asked.add("receipt", ["town", "alert", "device", "reach"], Self.level(town, receipt))
            case .report(let town, let report): asked.add("report", ["town", "id"], [.text(town.code), .text(report.id)])
            case .deed(let town, let deed): asked.add("deed", ["town", "id"], [.text(town.code), .text(deed.id)])
            case .bulletin, .notes, .barrier, .leave, .beginAnew: break
            }
        }
        var known = try asked.found(writer)
        for waiting in writes {
            let keys: [Asked.Key]
            switch waiting.write {
            case .alert(let town, let alert): keys = [.init("alert", [.text(town.code), .text(alert.content.id.text)])]
            case .passed(let passed):
                guard !passed.groups.isEmpty else { continue }
                keys = [.init("passed", [.text(CommonChain.name), .text(passed.content.id.text), .text(passed.mode.rawValue)])]
            case .step(let town, let step): keys = [.init("step", [.text(town.code), .text(step.delivery.text), .int(waiting.number)])]
            case .receipt(let town, let receipt): keys = [.init("receipt", [.text(town.code), .text(receipt.id)]), .init("receipt", Self.level(town, receipt))]
            case .report(let town, let report): keys = [.init("report", [.text(town.code), .text(report.id)])]
            case .deed(let town, let deed): keys = [.init("deed", [.text(town.code), .text(deed.id)])]
            case .bulletin, .notes, .barrier, .leave, .beginAnew:
                new.insert(waiting.number)
                continue
            }
            guard known.isDisjoint(with: keys) else { continue }
            known.formUnion(keys)
            new.insert(waiting.number)
        }
    }

    func isNew(_ waiting: WaitingWrite) -> Bool { new.contains(waiting.number) }

    private static func level(_ town: TownID, _ receipt: RecordedReceipt) -> [PostgresValue] {
        [.text(town.code), .text(receipt.alert.text), .text(receipt.device), .int(receipt.reach.rawValue)]
    }

    /// Keys by table and columns.
    private struct Asked {
        struct Key: Hashable {
            var table: String
            var values: [PostgresValue]
            init(_ table: String, _ values: [PostgresValue]) { (self.table, self.values) = (table, values.map(\.stored)) }
        }
        private struct Question: Hashable {
            var table: String
            var columns: [String]
        }
        let line: PostgresLine
        private var keys: [Question: [[PostgresValue]]] = [:]

        init(line: PostgresLine) { self.line = line }

        mutating func add(_ table: String, _ columns: [String], _ values: [PostgresValue]) {
            keys[Question(table: table, columns: columns), default: []].append(values)
        }

        func found(_ writer: Int64) throws(PostgresTrouble) -> Set<Key> {
            var found: Set<Key> = []
            for (question, keys) in keys {
                let kinds: [PostgresValue.Kind] = question.columns.map { ["seq", "reach"].contains($0) ? .int : .text }
                let names = question.columns.joined(separator: ", ")
                let arrays = kinds.enumerated().map { "$\($0.offset + 1)::\($0.element.rawValue)[]" }.joined(separator: ", ")
                // A step of another writer is another step.
                let own = question.table == "step" ? " WHERE t.writer = \(writer)" : ""
                let sql = "SELECT \(names) FROM \(question.table) t JOIN unnest(\(arrays)) AS k (\(names)) USING (\(names))\(own)"
                for start in stride(from: 0, to: keys.count, by: PostgresBatch.slice) {
                    let some = keys[start..<min(start + PostgresBatch.slice, keys.count)]
                    let rows = try line.run(sql, written: PostgresBatch.arrays(some, kinds.count), keepsPlan: true)
                    for row in 0..<rows.count {
                        found.insert(Key(question.table, kinds.enumerated().map { rows.value(row, $0.offset, $0.element) }))
                    }
                }
            }
            return found
        }
    }
}
