/// The `Host` of a request (RFC 9110 §7.2, RFC 3986 §3.2.2): a name or address, and perhaps a port.
package enum HostField {
    package static func isValid(_ text: String) -> Bool {
        let octets = Array(text.utf8)
        guard octets.count <= 300 else { return false }
        if octets.first == UInt8(ascii: "[") {
            guard let end = octets.firstIndex(of: UInt8(ascii: "]")) else { return false }
            let address = octets[..<end].dropFirst()
            return !address.isEmpty && address.allSatisfy { isHexadecimal($0) || $0 == UInt8(ascii: ":") || $0 == UInt8(ascii: ".") }
                && isPort(octets[end...].dropFirst())
        }
        let name = octets.prefix { $0 != UInt8(ascii: ":") }
        return !name.isEmpty && name.allSatisfy { isName($0) } && isPort(octets.dropFirst(name.count))
    }

    /// Empty, or a colon and a port, which may be empty.
    private static func isPort(_ octets: ArraySlice<UInt8>) -> Bool {
        guard let colon = octets.first else { return true }
        let digits = octets.dropFirst()
        guard colon == UInt8(ascii: ":"), digits.allSatisfy({ (0x30...0x39).contains($0) }) else { return false }
        return digits.isEmpty || UInt16(String(decoding: digits, as: UTF8.self)) != nil
    }

    private static func isHexadecimal(_ octet: UInt8) -> Bool {
        (0x30...0x39).contains(octet) || (0x41...0x46).contains(octet) || (0x61...0x66).contains(octet)
    }

    private static func isName(_ octet: UInt8) -> Bool {
        switch octet {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
        case UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "~"), UInt8(ascii: "%"): true
        case UInt8(ascii: "!"), UInt8(ascii: "$"), UInt8(ascii: "&"), UInt8(ascii: "'"), UInt8(ascii: "("), UInt8(ascii: ")"): true
        case UInt8(ascii: "*"), UInt8(ascii: "+"), UInt8(ascii: ","), UInt8(ascii: ";"), UInt8(ascii: "="): true
        default: false
        }
    }
}
