internal import FoundationEssentials

/// A question that is put together: conditions, and the values they ask for.
struct PostgresQuestion {
    private(set) var conditions: [String] = []
    private(set) var written: [[UInt8]?] = []

    /// - Parameter other: whose values stand before its own.
    init(after other: Self? = nil) { written = other?.written ?? [] }

    /// - Parameter condition: with `$` where the value stands.
    mutating func add(_ condition: String, _ value: PostgresValue?) {
        guard let value, value != .null else { return }
        add(condition, written: value.written)
    }

    mutating func add(_ condition: String, anyOf values: [String]?) {
        guard let values else { return }
        add(condition, written: PostgresValue.array(values.map { .text($0) }))
    }

    private mutating func add(_ condition: String, written value: [UInt8]?) {
        written.append(value)
        conditions.append(condition.replacing("$", with: "$\(written.count)"))
    }

    /// A condition with values of its own, or none.
    mutating func add(_ condition: String, values: [PostgresValue] = []) {
        var text = condition
        for value in values {
            written.append(value.written)
            if let place = text.firstRange(of: "?") { text.replaceSubrange(place, with: "$\(written.count)") }
        }
        conditions.append(text)
    }

    /// Its number, for what stands outside of the conditions.
    mutating func number(of value: PostgresValue) -> String {
        written.append(value.written)
        return "$\(written.count)"
    }

    var all: String { conditions.joined(separator: " AND ") }
}
