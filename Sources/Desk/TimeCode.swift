/// The six digits that a telephone shows (RFC 6238, TOTP: HMAC-SHA-1, 30 seconds).
internal import Crypto
internal import Foundation

struct TimeCode: Codable, Sendable, Hashable {
    var secret: Data
    /// The last step a code was taken of: no code opens twice.
    var last: Int64 = 0

    static func make() -> TimeCode {
        var random = SystemRandomNumberGenerator()
        return TimeCode(secret: Data((0..<20).map { _ in UInt8.random(in: .min ... .max, using: &random) }))
    }

    func code(_ step: Int64) -> String {
        let octets = withUnsafeBytes(of: step.bigEndian) { Array($0) }
        let mac = Array(HMAC<Insecure.SHA1>.authenticationCode(for: octets, using: SymmetricKey(data: secret)))
        // RFC 4226 5.3: dynamic truncation. SHA-1's MAC has 20 octets, and the place is at most 15.
        let place = Int(mac[mac.count - 1] & 0x0F)
        // Twenty octets, and the place is 15 at the most.
        let number = mac[place..<place + 4].reduce(UInt32(0)) { $0 << 8 | UInt32($1) } & 0x7FFF_FFFF
        let digits = String(number % 1_000_000)
        return String(repeating: "0", count: 6 - digits.count) + digits
    }

    /// A step early or late is taken, for clocks that differ (RFC 6238 5.2).
    mutating func takes(_ written: String, now: Date) -> Bool {
        let digits = written.filter { !$0.isWhitespace }
        let seconds = now.timeIntervalSince1970
        guard (0..<1e11).contains(seconds) else { return false }
        // The guard above bounds it to eleven digits.
        let step = Int64(seconds / 30)
        guard let taken = [step, step - 1, step + 1].first(where: { $0 > last && code($0) == digits }) else { return false }
        last = taken
        return true
    }

    /// For the telephone's camera (Key URI Format of the authenticator apps).
    func address(of name: String) -> String {
        let plain = name.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? name
        return "otpauth://totp/Noroshi:\(plain)?secret=\(Base32.text(secret))&issuer=Noroshi"
    }
}

/// RFC 4648 6, without padding.
enum Base32 {
    static func text(_ octets: some Sequence<UInt8>) -> String {
        let letters = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567")
        var text = ""
        var bits = 0
        var held = 0
        for octet in octets {
            held = held << 8 | Int(octet)
            bits += 8
            while bits >= 5 {
                bits -= 5
                text.append(letters[held >> bits & 31])
            }
            held &= (1 << bits) - 1
        }
        if bits > 0 { text.append(letters[held << (5 - bits) & 31]) }
        return text
    }
}
