/// The settings of the hub under measurement, and earthquakes of now for it.
import Crypto
import Foundation

/// 気仙沼市 with forty schools, seventy spots and two gateways; far away 札幌市, whose far ends never answer.
struct TownSettings {
    static let token = "benchmark"
    static let schools = 40
    static let spots = 70
    static let hooks = 100
    static let silentGateways = 50
    let gateway: String
    let secondGateway: String
    let silent: String

    static var digest: String { SHA256.hash(data: Data(token.utf8)).map { String(format: "%02x", $0) }.joined() }

    var yaml: String {
        var lines = [
            "operators:", "  - {name: benchmark, token_sha256: \"\(Self.digest)\"}",
            "towns:", "  - code: \"042056\"", "    roman_name: Kesennuma City", "    tsunami_areas: [\"220\"]", "    endpoints:",
            mail("first", gateway), mail("second", secondGateway),
        ]
        lines += (1...Self.schools).map {
            "      - {channel: school-tablet, id: school-\($0), name: 第\($0)小学校, actual: {}, exercise: {}}"
        }
        lines += (1...Self.spots).map {
            "      - {channel: wifi-portal, id: spot-\($0), name: 第\($0)スポット, actual: {}, exercise: {}}"
        }
        lines += ["  - code: \"011002\"", "    roman_name: Sapporo City", "    endpoints:"]
        lines += (1...Self.hooks).map {
            "      - {channel: webhook, id: hook-\($0), name: 宛先\($0), actual: {url: \"\(silent)/\($0)\", secret: whsec_bm9yb3NoaS1lbmQtdG8tZW5kLXRlc3RzLXNlY3JldC4=}}"
        }
        lines += (1...Self.silentGateways).map { mail("silent-\($0)", silent) }
        return lines.joined(separator: "\n") + "\n"
    }

    private func mail(_ id: String, _ url: String) -> String {
        "      - {channel: area-mail, id: \(id), name: 同報局, actual: {url: \"\(url)\", eew: send}}"
    }
}

/// The demonstration's earthquake early warning, at this moment and as a new event.
struct Shot {
    let event: String
    let warning: [UInt8]
    let cancel: [UInt8]

    init(_ number: Int, template: String) throws {
        let now = Date()
        let event = Self.text(now.addingTimeInterval(-3600 * Double(number)), isUTC: false).prefix(19).filter(\.isNumber)
        self.event = event
        guard let sent = template.firstMatch(of: #/<DateTime>([^<]*)</#).flatMap({ try? Date(String($0.1), strategy: .iso8601) })
        else { throw Trouble("the template has no DateTime") }
        func moved(_ seconds: Double) -> String {
            let shift = now.timeIntervalSince(sent) + seconds
            return template.replacing(#/2011-03-11T\d\d:\d\d:\d\d(Z|\+09:00)/#) { match in
                (try? Date(String(match.0), strategy: .iso8601)).map {
                    Self.text($0.addingTimeInterval(shift), isUTC: match.1 == "Z")
                } ?? ""
            }.replacing("<EventID>20110311144640", with: "<EventID>\(event)")
        }
        warning = Array(moved(0).utf8)
        cancel = Array(moved(1).replacing(#/<Serial>\d*/#, with: "<Serial>2")
            .replacing(#/<InfoType>発表/#, with: "<InfoType>取消")
            .replacing(#/<Headline>[\s\S]*<\/Headline>/#, with: "<Headline><Text/></Headline>")
            .replacing(#/(?s)(<Body [^>]*>).*<\/Body>/#) { match in
                match.1 + "\n<Text>先ほどの、緊急地震速報を取り消します。</Text>\n</Body>"
            }.utf8)
    }

    private static func text(_ date: Date, isUTC: Bool) -> String {
        isUTC ? Date.ISO8601FormatStyle().format(date)
            : Date.ISO8601FormatStyle(timeZoneSeparator: .colon, timeZone: TimeZone(secondsFromGMT: 9 * 3600) ?? .gmt).format(date)
    }
}
