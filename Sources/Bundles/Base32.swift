/// RFC 4648 §6 without padding: letters every scanner, every QR code and every voice on a telephone carries.
package enum Base32 {
    private static let letters = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".utf8)

    package static func text(_ octets: some Collection<UInt8>) -> String {
        var (text, bits, count) = ([UInt8](), UInt64(0), 0)
        for octet in octets {
            (bits, count) = (bits << 8 | UInt64(octet), count + 8)
            while count >= 5 {
                count -= 5
                text.append(letters[Int(bits >> UInt64(count) & 31)])
            }
        }
        if count > 0 { text.append(letters[Int(bits << UInt64(5 - count) & 31)]) }
        return String(decoding: text, as: UTF8.self)
    }

    /// Nil for anything else than what `text` writes.
    package static func octets(_ text: some StringProtocol) -> [UInt8]? {
        var (octets, bits, count) = ([UInt8](), UInt64(0), 0)
        for letter in text.utf8 {
            let value: UInt8
            switch letter {
            case 0x41...0x5A: value = letter - 0x41
            case 0x32...0x37: value = letter - 0x32 + 26
            default: return nil
            }
            (bits, count) = (bits << 5 | UInt64(value), count + 5)
            if count >= 8 {
                count -= 8
                octets.append(UInt8(truncatingIfNeeded: bits >> UInt64(count)))
            }
        }
        // What is left over is nothing: another text would be the same octets.
        guard count < 5, bits & (1 << UInt64(count) - 1) == 0 else { return nil }
        return octets
    }
}
