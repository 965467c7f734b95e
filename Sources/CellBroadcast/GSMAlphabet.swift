/// The GSM 7 bit default alphabet with its extension table, and the packing of septets into octets.
///
/// Source: 3GPP TS 23.038 §6.1.2.2 (packing for cell broadcast), §6.2.1 (alphabet), §6.2.1.1 (extension).
enum GSMAlphabet {
    static let escape: UInt8 = 0x1B

    /// In order of their codes 0…127; the escape's place is filled by a no-break space that nobody writes.
    private static let basic: [Character] = Array(
        "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\u{A0}ÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
            + "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà")
    private static let extended: [UInt8: Character] = [
        0x0A: "\u{0C}", 0x14: "^", 0x28: "{", 0x29: "}", 0x2F: "\\", 0x3C: "[", 0x3D: "~", 0x3E: "]", 0x40: "|",
        0x65: "€",
    ]
    private static let codes: [Character: [UInt8]] = {
        var codes: [Character: [UInt8]] = [:]
        // The table has 128 characters.
        for (code, character) in basic.enumerated() where code != Int(escape) { codes[character] = [UInt8(code)] }
        for (code, character) in extended { codes[character] = [escape, code] }
        return codes
    }()

    /// One septet, or two with the escape; nil when the alphabet lacks the character.
    static func septets(of character: Character) -> [UInt8]? { codes[character] }

    /// Eight septets into seven octets, first septet in the low bits.
    static func pack(_ septets: [UInt8]) -> [UInt8] {
        var octets: [UInt8] = []
        var bits: UInt32 = 0, count: UInt32 = 0
        for septet in septets {
            bits |= UInt32(septet & 0x7F) << count
            count += 7
            while count >= 8 {
                octets.append(UInt8(truncatingIfNeeded: bits))
                bits >>= 8
                count -= 8
            }
        }
        if count > 0 {
            // Exactly seven free bits would read as one more character, @: TS 23.038 fills them with CR.
            if count == 1 { bits |= 0x0D << 1 }
            octets.append(UInt8(truncatingIfNeeded: bits))
        }
        // 93 septets leave five bits of the 82nd octet empty; `octets` has 82 then.
        return octets
    }

    static func unpack(_ octets: [UInt8]) -> [UInt8] {
        (0..<octets.count * 8 / 7).map { index in
            let bit = index * 7
            let low = UInt16(octets[bit / 8])
            let high = bit / 8 + 1 < octets.count ? UInt16(octets[bit / 8 + 1]) : 0
            return UInt8((low | high << 8) >> UInt16(bit % 8) & 0x7F)
        }
    }

    /// Padding CR at the end is left off; an unknown escape shows what it escapes, as phones do.
    static func text(ofPacked octets: [UInt8], skipping prefix: Int) -> String {
        // The prefix is 0, 2 or 3, by the coding scheme.
        var septets = unpack(octets).dropFirst(prefix)
        while septets.last == 0x0D { septets.removeLast() }
        var text = ""
        var isEscaped = false
        for septet in septets {
            if septet == escape {
                isEscaped = true
            } else {
                text.append(isEscaped ? extended[septet] ?? basic[Int(septet)] : basic[Int(septet)])
                isEscaped = false
            }
        }
        return text
    }
}
