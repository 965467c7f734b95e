import AlertModel
import ChannelKit

/// Under which message identifiers a far end is spoken to, and the wall between drill and real.
///
/// A phone decides by the identifier alone whether to scream. So a drill can only be sent under one that is for tests,
/// and a real alert never under one of those, which most phones do not show.
struct Identifiers: Sendable, Hashable {
    var earthquake: UInt16
    var tsunami: UInt16
    /// The words that follow an ETWS primary. At an ECBE centre the identifier is the key of a message, so that they
    /// need one of their own.
    var earthquakeText: UInt16
    var tsunamiText: UInt16
    /// One for each event that is on the air at once.
    var texts: [UInt16]

    /// TS 23.041 §9.4.1.2.2: 0x1100…0x1107 are ETWS.
    static let warnings: ClosedRange<UInt16> = 0x1100...0x1107

    /// ETWS test, required monthly test, exercise, the last two again in additional languages (TS 23.041), and
    /// docomo's tests (AOSP CellBroadcastReceiver, 440-10).
    static func isTest(_ identifier: UInt16) -> Bool {
        [0x1103, 0x111C, 0x111D, 0x1129, 0x112A].contains(identifier) || (0xA400...0xA4FF).contains(identifier)
    }

    static let keys = ["etws_earthquake", "etws_tsunami", "etws_earthquake_text", "etws_tsunami_text", "evacuation"]

    /// Defaults: TS 23.041 for ETWS, and docomo's range for エリアメール (0xA001, 0xA002, 0xA004…0xA3FF) for texts.
    init(_ settings: [String: String], mode: ModeName) throws(SettingsError) {
        let isDrill = mode == .exercise
        let reader = IdentifierReader(settings: settings, mode: mode)
        earthquake = try reader.warning("etws_earthquake") ?? (isDrill ? 0x1103 : 0x1100)
        tsunami = try reader.warning("etws_tsunami") ?? (isDrill ? 0x1103 : 0x1101)
        earthquakeText = try reader.one("etws_earthquake_text") ?? (isDrill ? 0xA400 : 0xA001)
        tsunamiText = try reader.one("etws_tsunami_text") ?? (isDrill ? 0xA401 : 0xA002)
        texts = try reader.list("evacuation") ?? (isDrill ? [0x111D] + (0xA402...0xA41F) : Array(0xA004...0xA023))
        let taken: Set = [earthquake, tsunami, earthquakeText, tsunamiText]
        if let twice = texts.first(where: taken.contains) {
            throw SettingsError("evacuation: \(twice)はもう地震か津波に使っています (in use for earthquake or tsunami already)")
        }
        guard earthquakeText != earthquake, tsunamiText != tsunami, earthquakeText != tsunamiText else {
            throw SettingsError("etws_earthquake_text, etws_tsunami_text: それぞれ別の番号が要ります (each needs an identifier of its own)")
        }
    }
}

private struct IdentifierReader {
    let settings: [String: String]
    let mode: ModeName

    /// More identifiers than this is a mistyped range; nobody has as many orders in force.
    private static let most = 1024

    func warning(_ key: String) throws(SettingsError) -> UInt16? {
        guard let identifier = try one(key) else { return nil }
        guard Identifiers.warnings.contains(identifier) else {
            throw SettingsError("\(key): \(identifier)はETWSの番号（0x1100〜0x1107）ではありません (no ETWS identifier)")
        }
        return identifier
    }

    func one(_ key: String) throws(SettingsError) -> UInt16? {
        guard let text = settings[key] else { return nil }
        return try allowed(number(text, key), key)
    }

    /// `0xA004-0xA023,0xA100`.
    func list(_ key: String) throws(SettingsError) -> [UInt16]? {
        guard let text = settings[key] else { return nil }
        var all: [UInt16] = []
        for item in text.split(separator: ",") {
            let ends = item.split(separator: "-", maxSplits: 1)
            guard let first = ends.first, let last = ends.last else { throw SettingsError("\(key): \(text)") }
            let low = try number(first, key), high = try number(last, key)
            guard low <= high, all.count + Int(high - low) < Self.most else {
                throw SettingsError("\(key): 「\(item)」は範囲ではないか、番号が\(Self.most)より多くあります (no range, or too many identifiers)")
            }
            // The guard above asks that they are in order.
            for identifier in low...high { all.append(try allowed(identifier, key)) }
        }
        guard !all.isEmpty, Set(all).count == all.count else {
            throw SettingsError("\(key): 「\(text)」は空か、同じ番号が二度あります (empty or names an identifier twice)")
        }
        return all
    }

    private func number(_ text: some StringProtocol, _ key: String) throws(SettingsError) -> UInt16 {
        let word = String(text.filter { !$0.isWhitespace }).lowercased()
        // Of text: what does not fit is nil.
        let number = word.hasPrefix("0x") ? UInt16(word.dropFirst(2), radix: 16) : UInt16(word)
        guard let number else { throw SettingsError("\(key): 「\(text)」は番号（0〜65535 か 0x…）ではありません (no message identifier)") }
        return number
    }

    private func allowed(_ identifier: UInt16, _ key: String) throws(SettingsError) -> UInt16 {
        switch (mode, Identifiers.isTest(identifier)) {
        case (.actual, false), (.exercise, true): return identifier
        case (.exercise, false):
            throw SettingsError(
                "\(key): \(identifier)は電話を鳴らします。訓練には試験用の番号だけが使えます (wakes people; a drill uses test identifiers only)"
                    + " (4355, 4380, 4381, 0xA400 to 0xA4FF)")
        case (.actual, true):
            throw SettingsError("\(key): \(identifier)は試験用で、電話に表示されません。本番には使えません (for tests; phones do not show it)")
        }
    }
}
