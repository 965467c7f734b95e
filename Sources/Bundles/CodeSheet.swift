/// A paper as QR codes, and back: photographs in any order, each as often as one likes; what is missing is named by its number.
///
///     NOROSHI1/0123456789ABCDEF/3/12/ABCDEF…      digest of all · which · of how many · a part, Base32
///
/// Capitals, digits, `/` and nothing else: the densest letters a QR code has for text (ISO/IEC 18004, alphanumeric).
internal import Crypto
internal import Gzip

package struct CodeSheet: Sendable, Hashable {
    package enum Flaw: Error, Sendable, Hashable {
        /// No code of ours among what was read.
        case none
        /// Codes of two papers.
        case mixed
        /// Read well, but these are not there.
        case missing([Int], of: Int)
        /// Two codes of one number differ, or all together are not what was written.
        case changed
        case tooLong
    }

    private static let mark = "NOROSHI1"
    /// Octets of a code: some 850 letters, a code of 93 modules, which a telephone reads from a sheet with six of them.
    static let part = 500
    package static let limit = 60

    /// The texts of the codes, in their order.
    package let codes: [String]

    package init(_ octets: [UInt8]) throws(Flaw) {
        let packed = Gzip.compress(octets)
        let total = max(1, (packed.count + Self.part - 1) / Self.part)
        guard total <= Self.limit else { throw .tooLong }
        let digest = Self.digest(packed)
        codes = (0..<total).map { number in
            "\(Self.mark)/\(digest)/\(number + 1)/\(total)/\(Base32.text(packed.dropFirst(number * Self.part).prefix(Self.part)))"
        }
    }

    /// What the codes hold together. Lines that are no code of ours are passed over: other things lie on a table too.
    package static func octets(of texts: some Sequence<String>) throws(Flaw) -> [UInt8] {
        var parts: [Int: [UInt8]] = [:]
        var whole: (digest: String, total: Int)?
        for text in texts where text.hasPrefix(mark + "/") {
            let words = text.split(separator: "/", omittingEmptySubsequences: false)
            guard words.count == 5, let number = Int(words[2]), let total = Int(words[3]), (1...limit).contains(total), (1...total).contains(number),
                let octets = Base32.octets(words[4]), octets.count <= part
            else { throw .changed }
            let own = (digest: String(words[1]), total: total)
            if let whole, whole != own { throw .mixed }
            whole = own
            guard parts[number] == nil || parts[number] == octets else { throw .changed }
            parts[number] = octets
        }
        guard let whole else { throw .none }
        let missing = (1...whole.total).filter { parts[$0] == nil }
        guard missing.isEmpty else { throw .missing(missing, of: whole.total) }
        let packed = (1...whole.total).flatMap { parts[$0] ?? [] }
        guard digest(packed) == whole.digest else { throw .changed }
        do { return try Gzip.inflate(packed, limit: SignedPaper.limit) } catch { throw .changed }
    }

    /// Of this text the codes hold at least one.
    package static func isCode(_ text: some StringProtocol) -> Bool { text.hasPrefix(mark + "/") }

    private static func digest(_ octets: [UInt8]) -> String { SignedPaper.hex(SHA256.hash(data: octets).prefix(8)).uppercased() }
}
