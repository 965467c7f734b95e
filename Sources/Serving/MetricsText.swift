internal import Foundation

/// The text format of Prometheus, version 0.0.4.
package struct MetricsText {
    private var families: [(name: String, head: String, lines: [String])] = []

    package init() {}

    package mutating func add(
        _ name: String, _ type: String, _ help: String, _ value: Double, _ labels: [(String, String)] = []
    ) {
        append(name, "# HELP \(name) \(help)\n# TYPE \(name) \(type)\n", "\(name)\(Self.braces(labels)) \(value)")
    }

    /// - Parameter counts: one for each bound and one for what is above the last.
    package mutating func add(
        _ name: String, _ help: String, bounds: [Double], counts: [Int], sum: Double, _ labels: [(String, String)]
    ) {
        let head = "# HELP \(name) \(help)\n# TYPE \(name) histogram\n"
        var below = 0
        for (bound, count) in zip(bounds, counts) {
            below += count
            append(name, head, "\(name)_bucket\(Self.braces(labels + [("le", "\(bound)")])) \(below)")
        }
        let all = counts.reduce(0, +)
        append(name, head, "\(name)_bucket\(Self.braces(labels + [("le", "+Inf")])) \(all)")
        append(name, head, "\(name)_sum\(Self.braces(labels)) \(sum)")
        append(name, head, "\(name)_count\(Self.braces(labels)) \(all)")
    }

    private mutating func append(_ name: String, _ head: String, _ line: String) {
        if let index = families.firstIndex(where: { $0.name == name }) {
            families[index].lines.append(line)
        } else {
            families.append((name, head, [line]))
        }
    }

    /// Most values have nothing to escape, and looking for it letter by letter was an eighth of the hub's time under twenty readers.
    private static func escaped(_ value: String) -> String {
        guard value.utf8.contains(where: { $0 == 0x5C || $0 == 0x22 || $0 == 0x0A }) else { return value }
        return value.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("\n", with: "\\n")
    }

    private static func braces(_ labels: [(String, String)]) -> String {
        guard !labels.isEmpty else { return "" }
        let inside = labels.map { name, value in
            "\(name)=\"\(Self.escaped(value))\""
        }
        return "{\(inside.joined(separator: ","))}"
    }

    package var text: String { families.map { $0.head + $0.lines.joined(separator: "\n") + "\n" }.joined() }
}
