/// Changes that keep enough of a bulletin to be read: whole elements, single texts, bits under a right CRC, cells.
///
/// Everything follows from the seed, so that a run can be repeated.
struct Mutator {
    private var state: UInt64
    private let bound: Int

    init(seed: UInt64, bound: Int) {
        state = seed
        self.bound = bound
    }

    /// SplitMix64 (Steele, Lea, Flood 2014).
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }

    mutating func below(_ bound: Int) -> Int { Int(next() % UInt64(max(bound, 1))) }
    mutating func chance(_ count: Int, of all: Int) -> Bool { below(all) < count }

    // MARK: XML

    /// Texts that readers stumble over.
    static let texts = [
        "", "NaN", "不明", "巨大", "ごく浅い", "-1", "0", "99999999999999999999", "1e400", "5-", "over", "訓練", "試験", "通常", "取消",
        "訂正", "発表", "Test", "Actual", "Exercise", "Cancel", "Update", "2024-02-30T25:61:61+99:99", "2024-01-01T00:00:00Z", "0000000",
        "+36.7+137.2-10000/", "+3624.38+13831.38+2568/", "+99+999/", "//", "+/", "35.0,139.0 35.1,139.0 35.0,139.1 35.0,139.0",
        "35.0,139.0 0", "NaN,NaN 1e308", "a,b,c a,b,2024-01-01T00:00:00+09:00", "&#x0;", "&lt;", "]]>", "\u{FEFF}", "　", "１０", "𠮷",
    ].map { Array($0.utf8) }

    mutating func elements(_ octets: [UInt8]) -> [UInt8]? {
        let opens = octets.indices.filter { octets[$0] == UInt8(ascii: "<") }
        guard opens.count > 2 else { return nil }
        var result = octets
        switch below(8) {
        case 0:
            guard let span = element(octets, opens) else { return nil }
            result.removeSubrange(span)
        case 1, 2:
            guard let span = element(octets, opens) else { return nil }
            let copies = 1 << below(chance(1, of: 8) ? 9 : 2)
            guard octets.count + span.count * copies <= bound else { return nil }
            result.insert(contentsOf: repeatElement(octets[span], count: copies).joined(), at: span.upperBound)
        case 3:
            guard let span = element(octets, opens), let other = element(octets, opens) else { return nil }
            result.replaceSubrange(other, with: Array(octets[span]))
        case 4, 5:
            guard let span = text(octets, opens) else { return nil }
            result.replaceSubrange(span, with: Self.texts[below(Self.texts.count)])
        case 6:
            guard let span = text(octets, opens), let other = text(octets, opens) else { return nil }
            result.replaceSubrange(other, with: Array(octets[span]))
        default:
            guard let span = value(octets) else { return nil }
            result.replaceSubrange(span, with: Self.texts[below(Self.texts.count)].filter { $0 != UInt8(ascii: "\"") })
        }
        return result
    }

    /// From `<name` to the end of `</name>`, counted by name alone.
    private mutating func element(_ octets: [UInt8], _ opens: [Int]) -> Range<Int>? {
        let place = below(opens.count)
        let start = opens[place]
        let name = Array(octets[(start + 1)...].prefix(64).prefix { $0 > 0x20 && $0 != UInt8(ascii: ">") && $0 != UInt8(ascii: "/") })
        guard let first = name.first, first != UInt8(ascii: "?"), first != UInt8(ascii: "!") else { return nil }
        let close = [UInt8(ascii: "<"), UInt8(ascii: "/")] + name + [UInt8(ascii: ">")]
        var depth = 0
        for open in opens[place...].prefix(4096) {
            if octets[open...].starts(with: close) {
                depth -= 1
                if depth <= 0 { return start..<open + close.count }
            } else if octets[(open + 1)...].starts(with: name), let end = octets[open...].firstIndex(of: UInt8(ascii: ">")) {
                let isEmpty = octets[end - 1] == UInt8(ascii: "/")
                if isEmpty, depth == 0 { return start..<end + 1 }
                if !isEmpty { depth += 1 }
            }
        }
        return nil
    }

    /// What stands between a `>` and the next `<`.
    private mutating func text(_ octets: [UInt8], _ opens: [Int]) -> Range<Int>? {
        let open = opens[below(opens.count)]
        guard let start = octets[open...].firstIndex(of: UInt8(ascii: ">")),
            let end = octets[start...].firstIndex(of: UInt8(ascii: "<"))
        else { return nil }
        return start + 1..<end
    }

    /// An attribute's value.
    private mutating func value(_ octets: [UInt8]) -> Range<Int>? {
        let from = below(octets.count)
        guard let start = octets[from...].firstIndex(of: UInt8(ascii: "\"")),
            let end = octets[(start + 1)...].firstIndex(of: UInt8(ascii: "\""))
        else { return nil }
        return start + 1..<end
    }

    // MARK: satellite sentences

    /// Flips bits of one sentence and closes it again with a CRC and a checksum that fit.
    mutating func bits(_ octets: [UInt8]) -> [UInt8]? {
        var lines = octets.split(separator: 0x0A).map { Array($0) }
        guard !lines.isEmpty, lines.count <= 64 || chance(1, of: 4) else { return lines.first }
        let place = below(lines.count)
        guard lines[place].starts(with: Array("$QZQSM,".utf8)), var message = Self.message(lines[place]) else { return nil }
        for _ in 0...below(12) {
            switch below(3) {
            case 0: message[below(29)] ^= UInt8(1 << below(8))
            case 1: message[below(29)] = chance(1, of: 2) ? 0 : 0xFF
            default: message[below(29)] = UInt8(truncatingIfNeeded: next())
            }
        }
        // Preamble and one of the two types that are ours, or mostly so.
        message[0] = [0x53, 0x9A, 0xC6][below(3)]
        if !chance(1, of: 16) { message[1] = (message[1] & 0x03) | UInt8(chance(1, of: 2) ? 43 : 44) << 2 }
        lines[place] = Self.sentence(message)
        return Array(lines.joined(separator: [0x0A]))
    }

    private static func message(_ line: [UInt8]) -> [UInt8]? {
        guard let comma = line.lastIndex(of: UInt8(ascii: ",")), line.count >= comma + 64 else { return nil }
        var octets = [UInt8](repeating: 0, count: 32)
        for (index, digit) in line[comma + 1..<comma + 64].enumerated() {
            guard let value = Character(UnicodeScalar(digit)).hexDigitValue else { return nil }
            octets[index / 2] |= UInt8(index % 2 == 0 ? value << 4 : value)
        }
        return octets
    }

    /// Closed as IS-QZSS-L1S, 4.1.1.3 says: CRC-24Q over the first 226 bits.
    private static func sentence(_ message: [UInt8]) -> [UInt8] {
        var octets = message
        var crc = 0
        for bit in 0..<226 {
            crc ^= Int(octets[bit / 8] >> UInt8(7 - bit % 8) & 1) << 23
            crc = crc << 1 & 0x100_0000 != 0 ? (crc << 1 ^ 0x186_4CFB) & 0xFF_FFFF : crc << 1 & 0xFF_FFFF
        }
        for bit in 226..<256 {
            let isSet = bit < 250 && crc >> (249 - bit) & 1 == 1
            let mask = UInt8(1 << (7 - bit % 8))
            octets[bit / 8] = isSet ? octets[bit / 8] | mask : octets[bit / 8] & ~mask
        }
        let digits = octets.flatMap { [$0 >> 4, $0 & 15] }.prefix(63).map { Array("0123456789ABCDEF".utf8)[Int($0)] }
        let inside = Array("QZQSM,55,".utf8) + digits
        let sum = inside.reduce(0, ^)
        return Array("$".utf8) + inside + Array("*".utf8) + [sum >> 4, sum & 15].map { Array("0123456789ABCDEF".utf8)[Int($0)] }
    }

    // MARK: tables

    private static let cellTexts = [
        "", "\"", "\"\"", "\"a\nb\"", "35.6", "139.7", "-0", "1e9", "1,000", "約１００人", "１", "○", "TRUE", "042056", "42056", "E0410000000001",
        "NEW1", "名称", "緯度", "経度", "住所", "\u{FEFF}名称", "市民会館", "ｼﾐﾝｶｲｶﾝ", "9", "なし", "\r", "\t",
    ].map { Array($0.utf8) }

    /// Puts one cell in the place of another, or a text that is hard to read.
    mutating func cells(_ octets: [UInt8]) -> [UInt8]? {
        guard let span = cell(octets) else { return nil }
        var result = octets
        switch below(4) {
        case 0:
            guard let other = cell(octets) else { return nil }
            result.replaceSubrange(other, with: Array(octets[span]))
        case 1:
            let end = octets[span.upperBound...].firstIndex(of: 0x0A) ?? octets.endIndex
            result.insert(contentsOf: Array(octets[span.lowerBound..<end]) + [0x0A], at: span.lowerBound)
        default: result.replaceSubrange(span, with: Self.cellTexts[below(Self.cellTexts.count)])
        }
        return result
    }

    private mutating func cell(_ octets: [UInt8]) -> Range<Int>? {
        guard !octets.isEmpty else { return nil }
        let isEdge: (UInt8) -> Bool = { $0 == UInt8(ascii: ",") || $0 == 0x0A || $0 == 0x09 }
        let from = below(octets.count)
        guard let start = octets[from...].firstIndex(where: isEdge) else { return nil }
        let end = octets[(start + 1)...].firstIndex(where: isEdge) ?? octets.endIndex
        return start + 1..<end
    }
}
