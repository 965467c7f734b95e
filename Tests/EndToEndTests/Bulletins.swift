/// Bulletins of now, made from those of the demonstration: the same words, other times and events.
import Foundation

struct Quake: Sendable {
    /// `20261123101500`, as JMA writes it.
    let event: String
    let at: Date
    var status = "通常"

    init(_ number: Int = 1, at: Date = Date(), status: String = "通常") {
        event = JMATime.event(at.addingTimeInterval(-8), number)
        self.at = at
        self.status = status
    }

    /// VXSE45, intensity 1: nobody is woken by it.
    func forecast(serial: Int = 1) throws -> String { try made("01_20110311144645_VXSE45", serial, 0) }
    /// VXSE43: 宮城県北部 among others.
    func warning(serial: Int = 1, after seconds: Double = 0) throws -> String {
        try made("02_20110311144648_VXSE43", serial, seconds)
    }
    /// VXSE51: 6+ in 宮城県北部.
    func intensities() throws -> String { try made("03_20110311144810_VXSE51", nil, 0) }
    /// VTSE41: 大津波警報 for 宮城県.
    func tsunami() throws -> String { try made("04_20110311144959_VTSE41", nil, 0) }

    func cancel(serial: Int = 2, after seconds: Double = 1, of type: String = "43") throws -> String {
        let text = type == "43" ? try warning(serial: serial, after: seconds) : try made(
            "01_20110311144645_VXSE45", serial, seconds)
        return try text.replacing(#/<InfoType>発表/#, with: "<InfoType>取消")
            .replacing(#/<Headline>[\s\S]*<\/Headline>/#, with: "<Headline><Text/></Headline>")
            .replacing(Regex(#"(?s)(<Body [^>]*>).*</Body>"#)) { match in
                String(match.output[1].substring ?? "") + "\n<Text>先ほどの、緊急地震速報を取り消します。</Text>\n</Body>"
            }
    }

    private func made(_ name: String, _ serial: Int?, _ seconds: Double) throws -> String {
        let file = Program.package.appending(path: "Templates/demo/\(name).xml")
        var text = try String(contentsOf: file, encoding: .utf8)
        guard let sent = text.firstMatch(of: #/<DateTime>([^<]*)</#).flatMap({ JMATime.date($0.1) }) else {
            throw CocoaError(.formatting)
        }
        let shift = at.addingTimeInterval(seconds).timeIntervalSince(sent)
        text = text.replacing(#/2011-03-11T\d\d:\d\d:\d\d(Z|\+09:00)/#) { match in
            JMATime.date(match.0).map { JMATime.text($0.addingTimeInterval(shift), isUTC: match.1 == "Z") } ?? ""
        }
        text = text.replacing("<EventID>20110311144640", with: "<EventID>\(event)")
            .replacing("<Status>通常", with: "<Status>\(status)")
        if let serial { text = text.replacing(#/<Serial>\d*/#, with: "<Serial>\(serial)") }
        return text
    }
}

enum JMATime {
    private static let japan = TimeZone(secondsFromGMT: 9 * 3600) ?? .gmt

    static func date(_ text: Substring) -> Date? { try? Date(String(text), strategy: .iso8601) }

    static func text(_ date: Date, isUTC: Bool) -> String {
        isUTC ? Date.ISO8601FormatStyle().format(date)
            : Date.ISO8601FormatStyle(timeZoneSeparator: .colon, timeZone: japan).format(date)
    }

    /// Different for each number, whenever each is made.
    static func event(_ date: Date, _ number: Int) -> String {
        text(date.addingTimeInterval(-3600 * Double(number)), isUTC: false).prefix(19).filter { $0.isNumber }
    }
}
