import FoundationEssentials

/// The captive portal API document (RFC 8908), for phones that were told its address by DHCP option 114 (RFC 8910).
package struct CaptivePortalDocument: Sendable, Encodable {
    /// The media type of the answer; `Cache-Control: private` belongs beside it.
    package static let contentType = "application/captive+json"

    /// True while the phone may reach nothing but this page.
    var captive: Bool
    var userPortalURL: String?
    var venueInfoURL: String?

    enum CodingKeys: String, CodingKey {
        case captive
        case userPortalURL = "user-portal-url"
        case venueInfoURL = "venue-info-url"
    }

    /// `base` is the hub's or the relay's own address, `https://spot.example.jp`: the RFC asks for https
    /// (section 5), so over plain http the addresses are left out.
    package init(spot: String, base: String, captive: Bool) {
        let page = base.hasPrefix("https://") ? "\(base)/spots/\(spot)/" : nil
        self.captive = captive
        userPortalURL = page
        venueInfoURL = page
    }

    /// One line of JSON.
    package func json() throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return Array(try encoder.encode(self))
    }
}
