import Glibc

/// The characters of JIS X 0208, which is what every carrier's phones show alike, and those that vendors added.
///
/// Read once from the system's CP932 table. CP932 is JIS X 0208 plus the vendors' rows 0x8740–0x879C (NEC: ①Ⅰ㈱),
/// 0xED40–0xEDFC (NEC selected IBM) and 0xFA40–0xFC4C (IBM); those rows are what SaigaiTask refuses.
struct JISCharacters: Sendable {
    /// Nil where iconv has no CP932 (a system without glibc's conversion modules).
    static let table = JISCharacters()

    private var standard: Set<UInt16> = []
    private var vendor: Set<UInt16> = []

    /// The same JIS X 0208 characters in the other mapping: 〜 is U+301C in JIS and U+FF5E in CP932, and so on.
    private static let otherMappings: Set<UInt16> = [0x301C, 0x2016, 0x2212, 0x00A2, 0x00A3, 0x00AC, 0x2014]

    private init?() {
        guard let converter = CP932() else { return nil }
        for lead in UInt8(0x81)...0xFC where !(0xA0...0xDF).contains(lead) {
            for trail in UInt8(0x40)...0xFC where trail != 0x7F {
                guard let unit = converter.decode(lead, trail) else { continue }
                switch UInt16(lead) << 8 | UInt16(trail) {
                case 0x8740...0x879C, 0xED40...0xEDFC, 0xFA40...0xFC4C: vendor.insert(unit)
                case 0x8140...0xEAFC: standard.insert(unit)
                default: break
                }
            }
        }
        standard.formUnion(Self.otherMappings)
        // ≒ ∪ ¬ … are in JIS X 0208 and again in NEC's row: allowed.
        vendor.subtract(standard)
    }

    /// The rule `character` breaks, with words to follow "X is …"; nil when it may be sent.
    func rule(broken character: Character) -> (rule: String, words: String)? {
        if character.isNewline { return nil }
        let units = Array(character.utf16)
        guard units.count == 1, let unit = units.first else { return Self.isEmoji(character) ? Self.emoji : Self.foreign }
        switch unit {
        case 0x20...0x7E: return nil
        case 0...0x1F, 0x7F...0x9F: return ("control", "制御文字 (a control character)")
        case 0xFF61...0xFF9F: return ("half-width-kana", "半角カナ (half-width kana)")
        case _ where standard.contains(unit): return nil
        case _ where vendor.contains(unit): return ("vendor-character", "JIS X 0208 にない文字（機種依存文字） (not in JIS X 0208)")
        default: return Self.isEmoji(character) ? Self.emoji : Self.foreign
        }
    }

    private static let emoji = (rule: "emoji", words: "絵文字 (an emoji)")
    private static let foreign = (rule: "vendor-character", words: "JIS X 0208 にない文字 (not in JIS X 0208)")

    private static func isEmoji(_ character: Character) -> Bool {
        character.unicodeScalars.contains { $0.properties.isEmojiPresentation || $0.value == 0xFE0F }
    }
}

/// iconv from CP932, two octets at a time.
private final class CP932 {
    private let descriptor: iconv_t

    init?() {
        guard let descriptor = iconv_open("UTF-16BE", "CP932"), descriptor != iconv_t(bitPattern: -1) else { return nil }
        self.descriptor = descriptor
    }

    deinit { iconv_close(descriptor) }

    /// The UTF-16 unit of a two-octet code; nil when the code is not assigned.
    func decode(_ lead: UInt8, _ trail: UInt8) -> UInt16? {
        var input = [CChar(bitPattern: lead), CChar(bitPattern: trail)]
        var output = [CChar](repeating: 0, count: 4)
        var left = output.count
        let done = input.withUnsafeMutableBufferPointer { source in
            output.withUnsafeMutableBufferPointer { target in
                var from = source.baseAddress, to = target.baseAddress
                var waiting = source.count
                return iconv(descriptor, &from, &waiting, &to, &left) != .max && waiting == 0
            }
        }
        guard done, left == 2 else {
            iconv(descriptor, nil, nil, nil, nil)
            return nil
        }
        return UInt16(UInt8(bitPattern: output[0])) << 8 | UInt16(UInt8(bitPattern: output[1]))
    }
}
