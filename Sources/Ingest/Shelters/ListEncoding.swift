/// The octets of a list as UTF-8. Municipalities send UTF-8 with and without mark, CP932, EUC-JP from older
/// systems and, from spreadsheets, UTF-16.
///
/// CP932 and not Shift_JIS: 643 names in the lists seen need its additions (①, 髙, 﨑); EUC-JP with the same ones.
import Glibc

enum ListEncoding {
    /// An octet that fits nothing costs its row, not the file: it becomes U+FFFD. More than one in fifty, and it is no text.
    static func utf8(_ octets: [UInt8]) throws(Refusal) -> (octets: [UInt8], encoding: ShelterList.Encoding) {
        if octets.starts(with: [0xEF, 0xBB, 0xBF]) {
            let rest = Array(octets.dropFirst(3))
            guard let repaired = repairedUTF8(rest) else { throw Refusal("UTF-8の印があるのにUTF-8でない (marked as UTF-8 but is not)") }
            return (repaired, .utf8)
        }
        if octets.starts(with: [0xFF, 0xFE]) || octets.starts(with: [0xFE, 0xFF]) {
            return (try convert(octets, from: "UTF-16"), .utf16)
        }
        if let order = unmarkedUTF16(octets) { return (try convert(octets, from: order), .utf16) }
        if let repaired = repairedUTF8(octets) { return (repaired, .utf8) }
        // Kanji of CP932 begin with octets that EUC-JP does not have. What is EUC-JP to the last octet is that, unless it could be
        // half-width kana alone, whose octets end at 0xDF.
        if octets.contains(where: { (0xE0...0xFE).contains($0) }), let euc = try? convert(octets, from: "EUC-JP-MS", mends: false) {
            return (euc, .eucJP)
        }
        return (try convert(octets, from: "CP932"), .cp932)
    }

    /// A list has commas, digits and line ends, whose upper octet in UTF-16 is zero; no other writing of a list has a zero in it.
    private static func unmarkedUTF16(_ octets: [UInt8]) -> String? {
        var zeros = (even: 0, odd: 0)
        for (place, octet) in octets.enumerated() where octet == 0 {
            if place % 2 == 0 { zeros.even += 1 } else { zeros.odd += 1 }
        }
        guard octets.count % 2 == 0, max(zeros.even, zeros.odd) > 0 else { return nil }
        if zeros.even * 20 <= zeros.odd { return "UTF-16LE" }
        return zeros.odd * 20 <= zeros.even ? "UTF-16BE" : nil
    }

    /// Nil where it is no UTF-8: fewer than twenty letters beyond ASCII for each that is broken.
    private static func repairedUTF8(_ octets: [UInt8]) -> [UInt8]? {
        if String(validating: octets, as: UTF8.self) != nil { return octets }
        let text = String(decoding: octets, as: UTF8.self)
        let letters = text.unicodeScalars.count { $0.value > 0x7F && $0.value != 0xFFFD }, broken = text.unicodeScalars.count { $0.value == 0xFFFD }
        return broken * 20 <= letters ? Array(text.utf8) : nil
    }

    /// - Parameter mends: an octet that fits nothing costs its row alone.
    private static func convert(_ octets: [UInt8], from encoding: String, mends: Bool = true) throws(Refusal) -> [UInt8] {
        guard let converter = iconv_open("UTF-8", encoding), converter != UnsafeMutableRawPointer(bitPattern: -1) else {
            throw Refusal("UTF-8でなく、この機械は\(encoding)を読めない (gconv modules are missing)")
        }
        defer { iconv_close(converter) }
        var input = octets.map { CChar(bitPattern: $0) }
        // A CP932 octet becomes three octets of UTF-8 at most (half-width kana), two of UTF-16 three; a broken one three.
        var output = [CChar](repeating: 0, count: octets.count * 3 + 16)
        var inputLeft = input.count, outputLeft = output.count, broken = 0
        let isWhole = input.withUnsafeMutableBufferPointer { input in
            output.withUnsafeMutableBufferPointer { output in
                var from = input.baseAddress, to = output.baseAddress
                // (size_t)-1, which Swift shows as an Int.
                while iconv(converter, &from, &inputLeft, &to, &outputLeft) == -1 {
                    guard mends, errno == EILSEQ || errno == EINVAL, inputLeft > 0, outputLeft >= 3, broken <= octets.count / 50 else { return false }
                    broken += 1
                    for octet in [0xEF, 0xBF, 0xBD] as [UInt8] {
                        to?.pointee = CChar(bitPattern: octet)
                        to = to?.advanced(by: 1)
                    }
                    outputLeft -= 3
                    from = from?.advanced(by: 1)
                    inputLeft -= 1
                }
                return inputLeft == 0
            }
        }
        guard isWhole else {
            throw Refusal("UTF-8でも\(encoding)でもない: \(octets.count - inputLeft)オクテット目 (neither UTF-8 nor \(encoding))")
        }
        // iconv leaves no more room than it was given.
        return output.prefix(output.count - outputLeft).map { UInt8(bitPattern: $0) }
    }
}
