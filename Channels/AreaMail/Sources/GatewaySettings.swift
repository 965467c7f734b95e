import AlertModel
import ChannelKit

/// One far end's settings, read and checked.
///
/// The message identifiers are the carrier's to give: one municipal mail becomes four different numbers at the four
/// carriers, so every number here is a setting and the defaults are those of a laboratory centre. The identifiers
/// are this far end's alone; whatever stands under them at the centre may be replaced.
struct GatewaySettings: Sendable, Hashable {
    enum Way: String, Sendable, CaseIterable {
        /// REST to a cell-broadcast centre (osmo-cbc, or `noroshi gateway`).
        case ecbe
        /// TS 48.049 straight to a base-station controller.
        case cbsp
    }

    let way: Way
    /// ECBE: the base, without a slash at its end. CBSP: `host:port`.
    let address: String
    let senderName: String
    /// Seconds between two KEEP-ALIVEs (CBSP).
    let keepAlive: Int
    /// For a reverse proxy before the centre; ECBE itself knows no authentication.
    let token: String?
    let identifiers: Identifiers
    let rhythm: Rhythm
    /// Whether a body that is on the air for another event is refused (SaigaiTask does).
    let refusesRepeats: Bool

    static let keys = [
        "protocol", "url", "cbe_name", "token", "repetition_period", "num_of_bcast", "warning_period", "keep_alive", "repeats",
    ]

    init(_ settings: [String: String], mode: ModeName) throws(SettingsError) {
        let reader = SettingsReader(settings)
        guard let way = Way(rawValue: settings["protocol"] ?? "ecbe") else {
            throw SettingsError("protocol: 「\(settings["protocol"] ?? "")」は ecbe でも cbsp でもありません (none of ecbe, cbsp)")
        }
        self.way = way
        address = try reader.address(for: way)
        senderName = settings["cbe_name"] ?? "noroshi"
        guard (1...32).contains(senderName.utf8.count) else { throw SettingsError("cbe_name: 1〜32オクテットです (1 to 32 octets)") }
        token = settings["token"]
        identifiers = try Identifiers(settings, mode: mode)
        rhythm = Rhythm(
            // 32 × 1.883 s is about a minute: a phone that enters the area hears within that.
            repetitionPeriod: try reader.number("repetition_period", 1...4095) ?? 32,
            mostBroadcasts: try reader.number("num_of_bcast", 1...65535),
            warningPeriod: try reader.number("warning_period", 1...3600) ?? 60)
        keepAlive = try reader.number("keep_alive", 1...120) ?? 10
        switch settings["repeats"] {
        case nil: refusesRepeats = mode == .actual
        case "refuse": refusesRepeats = true
        case "send": refusesRepeats = false
        case let other?: throw SettingsError("repeats: 「\(other)」は refuse でも send でもありません (none of refuse, send)")
        }
    }
}

/// Reads words into values, with the setting's name in every complaint.
struct SettingsReader {
    let settings: [String: String]

    init(_ settings: [String: String]) { self.settings = settings }

    func number(_ key: String, _ range: ClosedRange<Int>) throws(SettingsError) -> Int? {
        guard let text = settings[key] else { return nil }
        guard let number = Int(text), range.contains(number) else {
            throw SettingsError("\(key): 「\(text)」は\(range.lowerBound)〜\(range.upperBound)の数ではありません (no number in this range)")
        }
        return number
    }

    func address(for way: GatewaySettings.Way) throws(SettingsError) -> String {
        guard var url = settings["url"], !url.isEmpty else {
            throw SettingsError("url: 局の宛先を書いてください（例: http://127.0.0.1:12345） (missing)")
        }
        while url.hasSuffix("/") { url.removeLast() }
        switch way {
        case .ecbe:
            guard url.hasPrefix("http://") || url.hasPrefix("https://"), !url.contains(where: \.isWhitespace) else {
                throw SettingsError("url: 「\(url)」は http か https の宛先ではありません (no http or https address)")
            }
            let path = "/api/ecbe/v1"
            return url.hasSuffix(path) ? String(url.dropLast(path.count)) : url
        case .cbsp:
            if url.hasPrefix("cbsp://") { url.removeFirst("cbsp://".count) }
            // TS 48.049: TCP port 48049.
            let parts = url.split(separator: ":", omittingEmptySubsequences: false)
            let port = parts.count == 2 ? Int(parts[1]) : 48049
            guard parts.count <= 2, let host = parts.first, !host.isEmpty, !host.contains("/"), let port,
                  (1...65535).contains(port)
            else { throw SettingsError("url: 「\(url)」は cbsp://HOST:PORT ではありません (no cbsp://HOST:PORT)") }
            return "\(host):\(port)"
        }
    }
}
