import AlertModel
import ChannelKit
import FoundationEssentials

/// A spot as its settings describe it.
///
/// Settings: `address`, the https address at which the page can be opened again in an ordinary browser, printed on
/// the page; `continue_url`, the spot's own way on to the internet, put below everything; `pulse`, seconds within which the spot's own
/// equipment reads its page again.
struct SpotPlace: Sendable, Codable, Hashable {
    var town: TownID
    var id: String
    var name: String
    var address: String?
    var continueURL: String?
    /// 地区 it stands in, and where, as far as the town says it.
    var district: String?
    var place: Coordinate?
    var romanName: String?

    /// What the town's settings know of the spot beside its own.
    mutating func find(in town: Town) {
        guard let endpoint = town.endpoints.first(where: { $0.channel == "wifi-portal" && $0.id == id }) else { return }
        let shelter = town.shelters.first { $0.id == endpoint.shelter }
        district = endpoint.district ?? shelter?.district
        place = endpoint.place ?? shelter?.place
        romanName = endpoint.romanName ?? shelter.flatMap { $0.name == name ? $0.romanName : nil }
    }

    init<M: Mode>(_ farEnd: FarEnd<M>) throws(SettingsError) {
        // The id is a folder's name and a part of an address.
        guard (1...64).contains(farEnd.id.utf8.count), farEnd.id.utf8.allSatisfy(Self.isPlain) else {
            throw SettingsError("spot id \"\(farEnd.id)\": 英数字と - _ で1〜64文字にしてください (1 to 64 letters, digits, - and _)")
        }
        town = farEnd.town
        id = farEnd.id
        name = farEnd.name
        address = try Self.link(farEnd.settings["address"], "address", schemes: ["https://"])
        continueURL = try Self.link(farEnd.settings["continue_url"], "continue_url", schemes: ["https://", "http://"])
        _ = try Self.pulse(farEnd.settings["pulse"])
    }

    /// Seconds; nil where nobody at the spot promises to read.
    static func pulse(_ text: String?) throws(SettingsError) -> TimeInterval? {
        guard let text, !text.isEmpty else { return nil }
        guard let seconds = Int(text), (10...3600).contains(seconds) else {
            throw SettingsError("pulse \"\(text)\": 10から3600までの秒数を書いてください (seconds, 10 to 3600)")
        }
        return TimeInterval(seconds)
    }

    private static func isPlain(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"):
            true
        default: false
        }
    }

    private static func link(_ text: String?, _ name: String, schemes: [String]) throws(SettingsError) -> String? {
        guard let text, !text.isEmpty else { return nil }
        guard schemes.contains(where: text.hasPrefix), text.utf8.count <= 300,
            text.utf8.allSatisfy({ (0x21...0x7E).contains($0) })
        else {
            throw SettingsError("\(name) \"\(text)\": \(schemes.joined(separator: " か "))で始まる宛先を書いてください (an address that begins so)")
        }
        return text
    }
}
