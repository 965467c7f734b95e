/// A town's authority as tablets take it in: a configuration profile for iPads, and the certificate itself for what is no iPad.
internal import Crypto
internal import FoundationEssentials
internal import SwiftASN1
internal import X509

package enum TrustProfile {
    /// Apple's Configuration Profile Reference: a `Configuration` of one `com.apple.security.root` for each authority. Its identifier is the town's, so a
    /// newer one takes the older one's place; the payloads' own are their certificates', so nothing is put in twice.
    package static func mobileconfig(_ authorities: [KnownAuthority], town: String, code: String) -> String {
        let payloads = authorities.map { one in
            """
                <dict>
                  <key>PayloadType</key><string>com.apple.security.root</string>
                  <key>PayloadVersion</key><integer>1</integer>
                  <key>PayloadIdentifier</key><string>jp.noroshi.town.\(code).ca.\(one.number)</string>
                  <key>PayloadUUID</key><string>\(uuid(one.fingerprint))</string>
                  <key>PayloadDisplayName</key><string>\(escaped(town)) 狼煙 \(one.number)</string>
                  <key>PayloadCertificateFileName</key><string>noroshi-\(code)-\(one.number).crt</string>
                  <key>PayloadContent</key><data>\(one.certificate.der.base64EncodedString())</data>
                </dict>
            """
        }.joined(separator: "\n")
        return """
            <?xml version="1.0" encoding="UTF-8"?>
            <!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
            <plist version="1.0">
            <dict>
              <key>PayloadType</key><string>Configuration</string>
              <key>PayloadVersion</key><integer>1</integer>
              <key>PayloadIdentifier</key><string>jp.noroshi.town.\(code).ca</string>
              <key>PayloadUUID</key><string>\(uuid(code + authorities.map(\.fingerprint).joined()))</string>
              <key>PayloadDisplayName</key><string>\(escaped(town))の防災タブレット（狼煙）</string>
              <key>PayloadDescription</key><string>\(escaped(town))の中継機だけを信頼します（学校や庁舎の中の名前とアドレス\(Set(authorities.flatMap(\.domains)).sorted().map { "、*." + escaped($0) }.joined())）。指紋を紙と比べてから入れてください。 SHA-256 \(authorities.map(\.fingerprint).joined(separator: ", "))</string>
              <key>PayloadOrganization</key><string>\(escaped(town))</string>
              <key>PayloadRemovalDisallowed</key><false/>
              <key>PayloadContent</key>
              <array>
            \(payloads)
              </array>
            </dict>
            </plist>

            """
    }

    /// The same for the same, in the form of RFC 9562, version 8.
    private static func uuid(_ text: String) -> String {
        var octets = Array(SHA256.hash(data: Data(text.utf8)).prefix(16))
        // Sixteen of a digest's 32 octets.
        octets[6] = octets[6] & 0x0F | 0x80
        // As above: there are sixteen octets.
        octets[8] = octets[8] & 0x3F | 0x80
        let hex = octets.map { ($0 < 16 ? "0" : "") + String($0, radix: 16, uppercase: true) }.joined()
        var rest = Substring(hex)
        return [8, 4, 4, 4, 12].map { count in
            // The five counts above are 32 letters together.
            defer { rest = rest.dropFirst(count) }
            // No more than what is left, in any case.
            return String(rest.prefix(count))
        }.joined(separator: "-")
    }

    private static func escaped(_ text: String) -> String {
        text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
    }
}

enum PEMCertificates {
    static func first(_ text: String) throws -> Certificate? {
        try PEMDocument.parseMultiple(pemString: text).first { $0.discriminator == "CERTIFICATE" }.map { try Certificate(pemDocument: $0) }
    }
}
