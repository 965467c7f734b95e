internal import FoundationEssentials
internal import Ingest

/// One file that a feed of JMA announces.
///
///     <entry>
///       <title>震度速報</title>
///       <id>https://www.data.jma.go.jp/developer/xml/data/20240101071243_0_VXSE51_010000.xml</id>
///       <updated>2024-01-01T07:12:42Z</updated>
///       <link type="application/xml" href="(the same)"/> …
///
/// `updated` is Control/DateTime. Nothing outside of `entry` is read: the feed's own title 高頻度（地震火山） names an
/// earthquake too.
struct FeedEntry: Sendable, Hashable {
    /// The address of the file, and its identity.
    let url: String
    /// Seconds since 1970.
    let updated: Double
    let title: String

    /// `20240101071243_0_VXSE51_010000.xml`.
    var fileName: String { String(url.split(separator: "/").last ?? Substring(url)) }

    /// `VXSE51`; nil where the file is not named in JMA's way.
    var type: String? {
        let parts = fileName.split(separator: "_")
        guard parts.count >= 4, parts[2].count == 6, parts[2].allSatisfy({ $0.isASCII && ($0.isUppercase || $0.isNumber) })
        else { return nil }
        return String(parts[2])
    }

    /// 0 first: minutes and even seconds count with earthquakes and tsunami, then with special warnings, tornadoes,
    /// record rain and volcanoes; forecasts come last.
    var urgency: Int {
        guard let type else { return 2 }
        for (urgency, prefixes) in Self.urgencies.enumerated() where prefixes.contains(where: type.hasPrefix) {
            return urgency
        }
        return Self.urgencies.count
    }

    private static let urgencies = [
        ["VXSE", "VTSE", "VYSE"],
        ["VFVO", "VPNO", "VPHW", "VPOA", "VXWW", "VPBS"],
        ["VPWW", "VXKO"],
    ]
}

/// What one reading of a feed gave.
struct FeedPage: Sendable {
    /// Elements `entry` of one feed; the long ones hold several days.
    static let limit = 50_000

    let entries: [FeedEntry]
    /// Entries that were passed over, with the reason of the first.
    let passedOver: Int
    let firstReason: String?

    /// - Parameter origin: The feed's own. Whatever points elsewhere is passed over.
    init(_ octets: [UInt8], origin: FeedOrigin) throws(XMLRefusal) {
        var limits = XMLLimits()
        limits.keepsBlanks = false
        let root = try XMLDocument(octets, limits: limits).root
        guard root.isNamed("feed"), root.isIn(exactly: "http://www.w3.org/2005/Atom") else {
            throw XMLRefusal("根の要素がAtomフィードではなく \(root.name)（名前空間「\(root.namespace)」）です (not an Atom feed)")
        }
        var entries: [FeedEntry] = []
        var reasons: [String] = []
        var count = 0
        for element in root.children where element.isNamed("entry") && count < Self.limit {
            count += 1
            switch Self.read(element, origin) {
            case .success(let entry): entries.append(entry)
            case .failure(let refusal): reasons.append(refusal.reason)
            }
        }
        self.entries = entries
        passedOver = reasons.count
        firstReason = reasons.first
    }

    private static func read(_ element: XMLElement, _ origin: FeedOrigin) -> Result<FeedEntry, XMLRefusal> {
        guard let url = element.first("link")?["href"] ?? element.own("id")?.trimmed else {
            return .failure(XMLRefusal("link と id のない項目です (an entry without link and id)"))
        }
        guard FeedOrigin(url) == origin else { return .failure(XMLRefusal("\(url.prefix(200))はフィードのホストのものではありません (not of the feed's own host)")) }
        guard url.utf8.count <= 400 else { return .failure(XMLRefusal("宛先が\(url.utf8.count)オクテットもあります (address too long)")) }
        guard let updated = element.own("updated")?.trimmed.flatMap(Timestamp.init) else {
            return .failure(XMLRefusal("\(url)の updated が日時ではありません (no time in updated)"))
        }
        return .success(FeedEntry(url: url, updated: updated.seconds, title: element.own("title")?.trimmed ?? ""))
    }
}

/// Scheme, host and port of an address that may be fetched: https, or http to this machine.
struct FeedOrigin: Sendable, Hashable {
    let scheme: String
    let host: String
    let port: Int

    /// Nil for everything else, and for an address with a user name: what stands before `@` is taken for the host by
    /// people, and not by programs.
    init?(_ address: String) {
        guard address.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "\\") }),
            let url = URL(string: address), let scheme = url.scheme?.lowercased(),
            let host = url.host()?.lowercased(), !host.isEmpty, url.user() == nil, url.password() == nil
        else { return nil }
        let isOurs = ["127.0.0.1", "localhost", "::1", "[::1]"].contains(host)
        guard scheme == "https" || (scheme == "http" && isOurs) else { return nil }
        self.scheme = scheme
        self.host = host
        port = url.port ?? (scheme == "https" ? 443 : 80)
    }
}
