internal import AlertModel
internal import ChannelKit
internal import FoundationEssentials
internal import Ledger

/// The columns a fact speaks of, of each table, in the order of its digest.
struct PostgresColumns: Sendable {
    let table: String
    let columns: [(name: String, kind: PostgresValue.Kind)]

    init(_ table: String, _ columns: KeyValuePairs<String, PostgresValue.Kind>) {
        self.table = table
        self.columns = columns.map { ($0.key, $0.value) }
    }

    var names: String { columns.map(\.name).joined(separator: ", ") }
    func names(of alias: String) -> String { columns.map { "\(alias).\($0.name)" }.joined(separator: ", ") }

    /// With columns around them.
    static func + (left: Self, right: KeyValuePairs<String, PostgresValue.Kind>) -> Self {
        Self(table: left.table, columns: left.columns + right.map { ($0.key, $0.value) })
    }

    private init(table: String, columns: [(name: String, kind: PostgresValue.Kind)]) {
        self.table = table
        self.columns = columns
    }

    /// A row's values, from this column on.
    func values(_ rows: PostgresRows, _ row: Int, from start: Int = 0) -> [PostgresValue] {
        columns.enumerated().map { rows.value(row, start + $0.offset, $0.element.kind) }
    }

    static let alert = Self("alert", ["id": .text, "event": .text, "mode": .text, "accepted": .double, "actor": .text])
    static let delivery = Self(
        "delivery",
        [
            "id": .text, "alert": .text, "event": .text, "mode": .text, "kind": .text, "title": .text, "channel": .text, "endpoint": .text, "endpoints": .int,
            "is_send": .int, "priority": .int, "reason": .text, "sentence": .text, "offered": .double, "expires": .double,
        ])
    static let step = Self("step", ["delivery": .text, "at": .double, "state": .text, "attempt": .int, "detail": .text, "reference": .text])
    static let receipt = Self(
        "receipt",
        [
            "id": .text, "alert": .text, "channel": .text, "endpoint": .text, "device": .text, "reach": .int, "occurred": .double, "received": .double,
        ])
    static let report = Self("report", ["id": .text, "site": .text, "device": .text, "occurred": .double, "received": .double, "body": .text])
    static let deed = Self("deed", ["id": .text, "mode": .text, "kind": .text, "subject": .text, "at": .double, "actor": .text, "body": .text])
    static let passed = Self(
        "passed",
        [
            "alert": .text, "event": .text, "mode": .text, "kind": .text, "title": .text, "channel": .text, "reason": .text, "sentence": .text, "accepted": .double,
            "expires": .double, "actor": .text, "far_ends": .int,
        ])
}

// What stands in them.

extension RecordedAlert {
    var columns: [PostgresValue] { [.text(content.id.text), .text(content.event.text), .text(mode.rawValue), .time(accepted), .text(actor)] }

    func columns(of delivery: RecordedDelivery) -> [PostgresValue] {
        [
            .text(delivery.id.text), .text(content.id.text), .text(content.event.text), .text(mode.rawValue), .text(content.kind.rawValue), .text(content.title),
            .text(delivery.channel), .text(delivery.endpoint), .int(delivery.endpoints), .int(delivery.isSend ? 1 : 0), .int(delivery.priority.rawValue),
            .text(delivery.reason), .text(delivery.sentence), .time(accepted), .time(delivery.expires),
        ]
    }
}

extension RecordedStep {
    var columns: [PostgresValue] { [.text(delivery.text), .time(at), .text(state.rawValue), .int(attempt), .text(detail), .text(reference)] }
}

extension RecordedReceipt {
    var columns: [PostgresValue] {
        [.text(id), .text(alert.text), .text(channel), .text(endpoint), .text(device), .int(reach.rawValue), .time(occurred), .time(received)]
    }
}

extension RecordedReport {
    var columns: [PostgresValue] { [.text(id), .text(site), .text(device), .time(occurred), .time(received), .text(body)] }
}

extension RecordedDeed {
    var columns: [PostgresValue] { [.text(id), .text(mode.rawValue), .text(kind), .text(subject), .time(at), .text(actor), .text(body)] }
}

extension PassedAlert {
    func columns(of group: Group) -> [PostgresValue] {
        [
            .text(content.id.text), .text(content.event.text), .text(mode.rawValue), .text(content.kind.rawValue), .text(content.title), .text(group.channel),
            .text(group.reason), .text(group.sentence), .time(accepted), .time(content.expires), .text(actor), .int(group.farEnds),
        ]
    }
}
