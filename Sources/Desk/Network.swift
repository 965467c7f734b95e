#if canImport(Glibc)
internal import Glibc
#endif

/// Where a desk may be used from: an address, or a network in CIDR notation (RFC 4632, RFC 4291), `10.1.0.0/16`, `2001:db8::/32`.
package struct Network: Sendable, Hashable, CustomStringConvertible {
    private let octets: [UInt8]
    private let length: Int
    package let description: String

    /// Nil where it is neither. Bits behind the length must be 0: `10.1.2.3/16` is somebody's slip.
    package init?(_ text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count <= 2, let octets = Self.octets(String(parts[0])) else { return nil }
        let bits = octets.count * 8
        var length = bits
        if parts.count == 2 {
            guard let said = Int(parts[1]), (0...bits).contains(said), parts[1].utf8.allSatisfy({ (48...57).contains($0) }) else { return nil }
            length = said
        }
        guard (length..<bits).allSatisfy({ Self.bit($0, of: octets) == 0 }) else { return nil }
        self.octets = octets
        self.length = length
        description = text
    }

    package func contains(_ address: String) -> Bool {
        guard let other = Self.octets(address), other.count == octets.count else { return false }
        return (0..<length).allSatisfy { Self.bit($0, of: octets) == Self.bit($0, of: other) }
    }

    /// Whom an address stands for: itself, or of IPv6 the first 64 bits, since whoever has one address there has all of them.
    package static func place(_ address: String) -> String {
        guard let octets = octets(address) else { return address }
        if octets.count == 4 { return octets.map(String.init).joined(separator: ".") }
        return octets.prefix(8).map { String($0, radix: 16) }.joined(separator: ":") + "::/64"
    }

    private static func bit(_ number: Int, of octets: [UInt8]) -> UInt8 {
        let octet = octets[number / 8]
        // Seven less a remainder of eight is 0 to 7.
        return (octet >> UInt8(7 - number % 8)) & 1
    }

    /// Four or sixteen. An IPv4 address that a socket of IPv6 shows (`::ffff:10.0.0.1`) is the IPv4 one.
    private static func octets(_ text: String) -> [UInt8]? {
        var four = in_addr()
        if inet_pton(AF_INET, text, &four) == 1 { return withUnsafeBytes(of: four) { Array($0) } }
        var six = in6_addr()
        guard inet_pton(AF_INET6, text, &six) == 1 else { return nil }
        let all = withUnsafeBytes(of: six) { Array($0) }
        // An address of IPv6 has sixteen octets.
        let isMapped = all.prefix(10).allSatisfy { $0 == 0 } && all[10] == 0xFF && all[11] == 0xFF
        return isMapped ? Array(all.suffix(4)) : all
    }
}
