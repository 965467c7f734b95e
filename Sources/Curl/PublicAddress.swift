internal import Glibc

/// Whether a numeric address is one of the open internet: where a stranger has named the place, nothing else is called.
///
/// IANA's registers of special-purpose addresses (RFC 6890 and later): this network, private, shared, loopback, link-local, documentation,
/// benchmarking, multicast and reserved ones are none; nor are IPv6 addresses that only carry an IPv4 one of these.
enum PublicAddress {
    static func isOne(_ text: String) -> Bool {
        var four = in_addr()
        if inet_pton(AF_INET, text, &four) == 1 { return isOpen(UInt32(bigEndian: four.s_addr)) }
        var six = in6_addr()
        guard inet_pton(AF_INET6, text, &six) == 1 else { return false }
        let octets = withUnsafeBytes(of: &six) { Array($0) }
        // Of sixteen octets, at 0 to 12.
        func word(at place: Int) -> UInt32 { octets[place..<place + 4].reduce(0) { $0 << 8 | UInt32($1) } }
        // ::ffff:a.b.c.d and 64:ff9b::a.b.c.d are the other kind's.
        if octets.prefix(10).allSatisfy({ $0 == 0 }), octets[10] == 0xFF, octets[11] == 0xFF { return isOpen(word(at: 12)) }
        if word(at: 0) == 0x0064_FF9B, word(at: 4) == 0, word(at: 8) == 0 { return isOpen(word(at: 12)) }
        // Global unicast alone (2000::/3), without 6to4, Teredo and what is for books.
        return octets[0] & 0xE0 == 0x20 && word(at: 0) >> 16 != 0x2002 && word(at: 0) != 0x2001_0000 && word(at: 0) != 0x2001_0DB8
    }

    private static let closed: [(net: UInt32, bits: UInt32)] = [
        (0x0000_0000, 8), (0x0A00_0000, 8), (0x6440_0000, 10), (0x7F00_0000, 8), (0xA9FE_0000, 16), (0xAC10_0000, 12), (0xC000_0000, 24),
        (0xC000_0200, 24), (0xC0A8_0000, 16), (0xC612_0000, 15), (0xC633_6400, 24), (0xCB00_7100, 24), (0xE000_0000, 3),
    ]

    private static func isOpen(_ address: UInt32) -> Bool {
        !closed.contains { address >> (32 - $0.bits) == $0.net >> (32 - $0.bits) }
    }
}
