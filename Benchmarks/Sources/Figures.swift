/// What was measured, beside what we promised: `Benchmarks/Thresholds/thresholds.json`.
import Foundation

struct Figure: Codable {
    let name: String
    let value: Double
    let unit: String
    /// Who did the same in the same run, and how much they took.
    var peer: String?
    var peerValue: Double?

    var ratio: Double? { peerValue.flatMap { $0 > 0 ? value / $0 : nil } }
}

/// Prints as it goes, keeps everything, and says at the end which promises were missed.
final class Figures {
    struct Threshold: Codable {
        /// At most so much, in the figure's unit; or, where a peer is, at most so many times the peer.
        var most: Double?
        var mostRatio: Double?
        /// Octets, times and rounds are noise below this much more than the peer, in the figure's unit.
        var slack: Double?

        enum CodingKeys: String, CodingKey {
            case most, slack
            case mostRatio = "most_ratio"
        }
    }

    private let thresholds: [String: Threshold]
    private(set) var all: [Figure] = []
    private var missed: [String] = []

    init(thresholds path: String) throws {
        thresholds = try JSONDecoder().decode([String: Threshold].self, from: Data(contentsOf: URL(filePath: path)))
    }

    func add(_ name: String, _ value: Double, _ unit: String, peer: String? = nil, _ peerValue: Double? = nil) {
        let figure = Figure(name: name, value: value, unit: unit, peer: peer, peerValue: peerValue)
        all.append(figure)
        var line = Self.padded(name, 34) + Self.number(value) + " " + Self.padded(unit, 6)
        if let peer, let peerValue, let ratio = figure.ratio {
            line += Self.padded("\(peer) \(Self.number(peerValue).trimmingCharacters(in: .whitespaces))", 30)
            line += String(format: "× %.2f", ratio)
        }
        if let threshold = thresholds[name] {
            let isKept = isKept(figure, threshold)
            line += isKept ? "  kept" : "  MISSED"
            if let most = threshold.most { line += String(format: " (≤ %g)", most) }
            if let most = threshold.mostRatio { line += String(format: " (≤ × %g)", most) }
            if !isKept { missed.append(name) }
        }
        say(line)
    }

    private func isKept(_ figure: Figure, _ threshold: Threshold) -> Bool {
        if let most = threshold.most, figure.value > most { return false }
        guard let most = threshold.mostRatio else { return true }
        guard let ratio = figure.ratio, let peer = figure.peerValue else { return false }
        return ratio <= most || figure.value - peer <= (threshold.slack ?? 0)
    }

    /// False when a promise was missed.
    func close(report: String?) throws -> Bool {
        if let report {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
            try encoder.encode(all).write(to: URL(filePath: report))
        }
        let kept = all.filter { thresholds[$0.name] != nil }.count - missed.count
        say(missed.isEmpty ? "all \(kept) thresholds kept" : "missed: \(missed.joined(separator: ", ")); \(kept) kept")
        return missed.isEmpty
    }

    private static func padded(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(1, width - text.count))
    }

    private static func number(_ value: Double) -> String { String(format: "%9.3f", value) }
}

extension [Double] {
    var median: Double { quantile(0.5) }

    /// The smallest value that at least this part of all is not above.
    func quantile(_ part: Double) -> Double {
        let sorted = sorted()
        guard !sorted.isEmpty else { return .nan }
        return sorted[Swift.min(sorted.count - 1, Swift.max(0, Int((Double(sorted.count) * part).rounded(.up)) - 1))]
    }
}

/// At once, also into a file.
func say(_ line: String) { FileHandle.standardOutput.write(Data((line + "\n").utf8)) }
