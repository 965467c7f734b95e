/// The octets of a list as UTF-8. Municipalities send UTF-8 with and without mark, CP932 and, from spreadsheets, UTF-16.
///
/// CP932 and not Shift_JIS: 643 names in the lists seen need its additions (①, 髙, 﨑).
import Glibc

enum ListEncoding {
    static func utf8(_ octets: [UInt8]) throws(Refusal) -> (octets: [UInt8], encoding: ShelterList.Encoding) {
        if octets.starts(with: [0xEF, 0xBB, 0xBF]) {
            let rest = Array(octets.dropFirst(3))
            guard String(validating: rest, as: UTF8.self) != nil else {
                throw Refusal("marked as UTF-8 but is not")
            }
            return (rest, .utf8)
        }
        if octets.starts(with: [0xFF, 0xFE]) || octets.starts(with: [0xFE, 0xFF]) {
            return (try convert(octets, from: "UTF-16"), .utf16)
        }
        if String(validating: octets, as: UTF8.self) != nil { return (octets, .utf8) }
        return (try convert(octets, from: "CP932"), .cp932)
    }

    private static func convert(_ octets: [UInt8], from encoding: String) throws(Refusal) -> [UInt8] {
        guard let converter = iconv_open("UTF-8", encoding), converter != UnsafeMutableRawPointer(bitPattern: -1) else {
            throw Refusal("is not UTF-8, and this system cannot convert \(encoding) (gconv modules are missing)")
        }
        defer { iconv_close(converter) }
        var input = octets.map { CChar(bitPattern: $0) }
        // A CP932 octet becomes three octets of UTF-8 at most (half-width kana), two of UTF-16 three.
        var output = [CChar](repeating: 0, count: octets.count * 3 + 16)
        var inputLeft = input.count, outputLeft = output.count
        let result = input.withUnsafeMutableBufferPointer { input in
            output.withUnsafeMutableBufferPointer { output in
                var from = input.baseAddress, to = output.baseAddress
                return iconv(converter, &from, &inputLeft, &to, &outputLeft)
            }
        }
        guard result != .max, inputLeft == 0 else {
            throw Refusal("neither UTF-8 nor \(encoding): octet \(octets.count - inputLeft) fits neither")
        }
        // iconv leaves no more room than it was given.
        return output.prefix(output.count - outputLeft).map { UInt8(bitPattern: $0) }
    }
}
