/// The envelope: an NMEA 0183 sentence around one 250-bit message of the L1S signal.
///
///      0       8      14                                        226      250  252
///      ├preamble┼─type─┼──────────────── data ───────────────────┼─CRC-24Q─┼ 00 ┤
///
/// Whatever does not verify is refused: a flipped bit in a warning is worse than no warning, the next satellite
/// says it again four seconds later.
struct QZSSSentence {
    static let start = Array("$QZQSM,".utf8)
    /// `$QZQSM,` + three digits + `,` + 63 + `*` + 2; longer is something else.
    private static let longest = 80

    /// The satellite as the receiver numbers it.
    let satellite: Int
    let message: QZSSMessage

    init(_ octets: some Sequence<UInt8>) throws(Refusal) {
        var line: [UInt8] = []
        for octet in octets {
            guard line.count < Self.longest + 16 else { throw Refusal("QZQSMの文より長いです (longer than a QZQSM sentence)") }
            line.append(octet)
        }
        while let last = line.last, last == 0x0D || last == 0x0A || last == 0x20 || last == 0x09 { line.removeLast() }
        line.removeFirst(line.prefix { $0 == 0x20 || $0 == 0x09 }.count)
        guard line.starts(with: Self.start) else { throw Refusal("$QZQSM, で始まっていません (does not begin with $QZQSM,)") }
        guard line.count <= Self.longest else { throw Refusal("QZQSMの文より長いです (longer than a QZQSM sentence)") }

        guard let star = line.lastIndex(of: UInt8(ascii: "*")), star + 3 == line.count,
            let high = Self.digit(line[star + 1]), let low = Self.digit(line[star + 2])
        else { throw Refusal("終わりに検査合計がありません (no checksum at the end)") }
        let sum = line[1..<star].reduce(UInt8(0), ^)
        guard sum == high << 4 | low else { throw Refusal("検査合計が合いません。行が壊れています (the line is damaged)") }

        let fields = line[Self.start.count..<star].split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false)
        guard fields.count == 2, (1...3).contains(fields[0].count),
            let satellite = Int(String(decoding: fields[0], as: UTF8.self)), satellite >= 0
        else { throw Refusal("形が「$QZQSM,衛星,電文*検査合計」ではありません (not of this form)") }
        self.satellite = satellite
        message = try QZSSMessage(hexadecimal: fields[1])
    }

    static func digit(_ octet: UInt8) -> UInt8? {
        switch octet {
        case 0x30...0x39: octet - 0x30
        case 0x41...0x46: octet - 0x41 + 10
        case 0x61...0x66: octet - 0x61 + 10
        default: nil
        }
    }
}

/// The verified 250 bits.
struct QZSSMessage {
    /// 252 bits: the last two are padding of the hexadecimal form.
    private let octets: [UInt8]

    init(hexadecimal digits: ArraySlice<UInt8>) throws(Refusal) {
        guard digits.count == 63 else { throw Refusal("電文は16進63桁ですが、\(digits.count)桁あります (a message has 63 hexadecimal digits)") }
        var octets = [UInt8](repeating: 0, count: 32)
        for (position, digit) in digits.enumerated() {
            guard let value = QZSSSentence.digit(digit) else { throw Refusal("電文に16進数字でないものがあります (not a hexadecimal digit in the message)") }
            octets[position / 2] |= position % 2 == 0 ? value << 4 : value
        }
        self.octets = octets
        guard field(226, 24) == Self.crc24q(octets, bits: 226) else {
            throw Refusal("CRCが合いません。電文が壊れています (the message is damaged)")
        }
        guard field(250, 2) == 0 else { throw Refusal("電文の後に余分なビットがあります (the message is followed by bits that belong to nothing)") }
        // L1S preambles, sent in turn; IS-QZSS-L1S, 4.1.1.
        guard [0x53, 0x9A, 0xC6].contains(field(0, 8)) else { throw Refusal("L1Sの電文ではありません。先頭の印が違います (wrong preamble)") }
    }

    /// Unsigned big-endian number of at most 47 bits.
    func field(_ offset: Int, _ width: Int) -> Int {
        var value = 0
        // Offsets and widths are our own, out of the standard's tables; 32 octets are kept.
        for bit in offset..<offset + width {
            // A bit's place in its octet is below 8.
            value = value << 1 | Int(octets[bit / 8] >> (7 - UInt8(bit % 8)) & 1)
        }
        return value
    }

    func flag(_ offset: Int) -> Bool { field(offset, 1) == 1 }

    var type: Int { field(8, 6) }

    /// The bits as hexadecimal digits, for identity: exact, where a hash would only be nearly so.
    func digits(_ range: Range<Int>) -> String {
        stride(from: range.lowerBound, to: range.upperBound, by: 4)
            .map { String(field($0, min(4, range.upperBound - $0)), radix: 16) }.joined()
    }

    /// CRC-24Q, generator 0x1864CFB, no initial value (IS-QZSS-L1S, 4.1.1.3).
    static func crc24q(_ octets: [UInt8], bits: Int) -> Int {
        var crc = 0
        // 226 of the 256 bits there are.
        for bit in 0..<bits {
            // A bit's place in its octet is below 8.
            crc ^= Int(octets[bit / 8] >> (7 - UInt8(bit % 8)) & 1) << 23
            crc <<= 1
            if crc & 0x100_0000 != 0 { crc ^= 0x186_4CFB }
        }
        return crc
    }
}
