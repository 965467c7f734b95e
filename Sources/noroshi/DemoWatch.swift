import AlertModel
import ChannelKit
import Foundation
import Ledger
import Synchronization

/// Shows deliveries as they happen and adds them up.
final class DemoWatch: Sendable {
    private struct State {
        var open: Set<String> = []
        var ended: [DeliveryRow] = []
        var lastChange = ContinuousClock.now
    }
    private let state = Mutex(State())

    func show(_ row: DeliveryRow) {
        let isNew = state.withLock { state in
            state.lastChange = .now
            guard row.state.isEnd else {
                state.open.insert(row.delivery.id.text)
                return row.state == .retrying
            }
            state.open.remove(row.delivery.id.text)
            state.ended.append(row)
            return true
        }
        if isNew { Terminal.say(Self.line(row)) }
    }

    /// Returns when nothing is open and nothing has moved for half a second; at most ten seconds.
    func quiet() async {
        let limit = ContinuousClock.now.advanced(by: .seconds(10))
        while ContinuousClock.now < limit {
            try? await ContinuousClock().sleep(for: .milliseconds(100))
            let isQuiet = state.withLock { state in
                state.open.isEmpty && state.lastChange.duration(to: .now) > .milliseconds(500)
            }
            if isQuiet { return }
        }
    }

    private static func line(_ row: DeliveryRow) -> String {
        let time = JapanTime.text(row.settled ?? row.offered).dropFirst(11).prefix(12)
        let mark =
            switch row.state {
            case .delivered: Terminal.paint("✓", "32")
            case .skipped: Terminal.paint("–", "90")
            case .retrying: Terminal.paint("…", "33")
            default: Terminal.paint("✗", "31")
            }
        let who = row.delivery.endpoint == "*" ? "\(row.delivery.endpoints) far ends" : row.delivery.endpoint
        let took = row.state == .delivered ? milliseconds(row) : row.state.rawValue
        let why = row.state == .delivered ? row.detail ?? "" : row.detail ?? row.delivery.sentence
        return Terminal.table([["\(time)  \(mark) \(pad(row.delivery.channel, 14))\(pad(who, 18))\(pad(took, 11))\(row.title)  \(why)"]])
    }

    private static func pad(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(1, width - Terminal.width(text)))
    }

    private static func milliseconds(_ row: DeliveryRow) -> String {
        guard let settled = row.settled else { return "" }
        return String(format: "%.1f ms", settled.timeIntervalSince(row.offered) * 1000)
    }

    /// The first reason, in Japanese; the lines above have it in English too.
    private func why(_ rows: [DeliveryRow]) -> String {
        let sentence = rows.first { $0.state == .skipped }?.delivery.sentence ?? ""
        return String(sentence.prefix { $0 != "(" }).trimmingCharacters(in: .whitespaces)
    }

    /// To whom, over what, after how many milliseconds.
    func summary() -> String {
        let rows = state.withLock { $0.ended }
        var table = [["", "CHANNEL", "FAR ENDS", "DELIVERED", "FIRST ms", "MEDIAN ms", "LAST ms", "NOT SENT, AND WHY"]]
        let titles = rows.map(\.title).reduce(into: [String]()) { if !$0.contains($1) { $0.append($1) } }
        for title in titles {
            let channels = Set(rows.filter { $0.title == title }.map(\.delivery.channel)).sorted()
            for (index, channel) in channels.enumerated() {
                let own = rows.filter { $0.title == title && $0.delivery.channel == channel }
                let done = own.filter { $0.state == .delivered }
                let times = done.compactMap { row in row.settled.map { $0.timeIntervalSince(row.offered) * 1000 } }.sorted()
                let skipped = own.filter { $0.state == .skipped }.map(\.delivery.endpoints).reduce(0, +)
                let other = own.count(where: { $0.state != .delivered && $0.state != .skipped })
                func number(_ value: Double?) -> String { value.map { String(format: "%.1f", $0) } ?? "—" }
                table.append([
                    index == 0 ? title : "", channel, "\(Set(done.map(\.delivery.endpoint)).count)", "\(done.count)",
                    number(times.first), number(times.isEmpty ? nil : times[times.count / 2]), number(times.last),
                    [skipped == 0 ? nil : "\(skipped) skipped: \(why(own))", other == 0 ? nil : "\(other) failed"]
                        .compactMap(\.self).joined(separator: ", "),
                ])
            }
        }
        return "\n" + Terminal.paint("まとめ (summary): to whom, over what, after how many milliseconds", "1") + "\n"
            + Terminal.table(table)
    }
}
