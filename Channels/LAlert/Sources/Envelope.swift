/// SOAP 1.1 with a user name and a digest of the password in its header.
///
/// PasswordDigest = Base64(SHA-1(nonce + created + password)). Source: OASIS WSS UsernameToken Profile 1.0 (2004-03), 3.1.
import Crypto
import FoundationEssentials

struct Envelope: Sendable {
    private static let wss = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-"

    let user: String
    let password: String
    let nonce: [UInt8]
    let now: Date

    /// 16 octets from the system's generator: the same one never comes twice.
    init(user: String, password: String, now: Date, nonce: [UInt8] = (0..<16).map { _ in .random(in: 0...255) }) {
        self.user = user
        self.password = password
        self.now = now
        self.nonce = nonce
    }

    static func digest(nonce: [UInt8], created: String, password: String) -> String {
        var hash = Insecure.SHA1()
        hash.update(data: nonce)
        hash.update(data: Array(created.utf8))
        hash.update(data: Array(password.utf8))
        return Data(hash.finalize()).base64EncodedString()
    }

    /// `publish/message` holds the document.
    func publish(_ document: XMLElement) -> [UInt8] {
        XMLElement("soap:Envelope", attributes: [("xmlns:soap", "http://schemas.xmlsoap.org/soap/envelope/")], [
            XMLElement("soap:Header", [security]),
            XMLElement("soap:Body", [
                XMLElement("pcsoap:publish", attributes: [("xmlns:pcsoap", "http://soap.publiccommons.ne.jp/")], [
                    XMLElement("pcsoap:message", [document]),
                ]),
            ]),
        ]).document
    }

    private var security: XMLElement {
        let created = now.formatted(.iso8601)
        return XMLElement("wsse:Security", attributes: [
            ("xmlns:wsse", Self.wss + "wssecurity-secext-1.0.xsd"), ("xmlns:wsu", Self.wss + "wssecurity-utility-1.0.xsd"),
            ("soap:mustUnderstand", "1"),
        ], [
            XMLElement("wsse:UsernameToken", [
                XMLElement("wsse:Username", user),
                XMLElement(
                    "wsse:Password", Self.digest(nonce: nonce, created: created, password: password),
                    attributes: [("Type", Self.wss + "username-token-profile-1.0#PasswordDigest")]),
                XMLElement(
                    "wsse:Nonce", Data(nonce).base64EncodedString(),
                    attributes: [("EncodingType", Self.wss + "soap-message-security-1.0#Base64Binary")]),
                XMLElement("wsu:Created", created),
            ]),
        ])
    }
}
