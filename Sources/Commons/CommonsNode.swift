/// A node of L-Alert of our own, for tests and the demonstration; stricter than the real ones are known to be.
///
///     envelope ──▶ well-formed? ──▶ user, digest, nonce ──▶ form (EDXL-DE, PCXML) ──▶ agrees with itself?
///              ──▶ follows the revision before? ──▶ code 0, held
///
/// A value behind a lock and no network: `CommonsServer` listens for it in the demonstration, the test kit's
/// misbehaving server in tests. The shape is that of open code (LGDIS, SaigaiTask, publiccommons-py); that it is taken
/// here does not say that L-Alert takes it.
internal import Crypto
internal import FoundationEssentials
internal import Synchronization

package final class CommonsNode: Sendable {
    /// One revision of a document, taken.
    package struct Held: Sendable {
        package var id: String
        package var revision: Int
        /// Report, Update or Cancel.
        package var type: String
        package var report: ParsedXML
        /// As received, for other programs.
        package var octets: [UInt8]

        package var category: String { report.words("contentObject/category") ?? "" }
        package var headline: String { report.words("Headline/Text") ?? "" }
    }

    package struct NodeReply: Sendable {
        package let status: Int
        package let text: String
        /// The revision that was new and is held now.
        package var taken: Held?
    }

    private struct State {
        var shelf = DocumentShelf()
        /// This half and the one before it: the oldest are forgotten, and nobody is refused for their number.
        var nonces: Set<String> = [], earlier: Set<String> = []

        /// False where it came before.
        mutating func isNew(_ nonce: String, most: Int) -> Bool {
            guard !earlier.contains(nonce), nonces.insert(nonce).inserted else { return false }
            if nonces.count >= most { (earlier, nonces) = (nonces, []) }
            return true
        }
        var complaints: [String] = []
    }
    private let state = Mutex(State())
    private let user: String
    private let password: String

    /// Nonces and complaints kept, and documents. A laboratory's far end: who sends more documents starts it again.
    private static let most = 10_000, mostDocuments = 40_000

    package init(user: String = "town", password: String) {
        self.user = user
        self.password = password
    }

    /// The last revision of every document.
    package var held: [Held] { state.withLock { $0.shelf.held } }
    /// Every revision that was taken, in order.
    package var every: [Held] { state.withLock { $0.shelf.every } }
    /// What was refused with a code, and why.
    package var complaints: [String] { state.withLock { $0.complaints } }
    /// Revisions that came again, and were dropped as receivers do.
    package var duplicates: Int { state.withLock { $0.shelf.duplicates } }

    /// The document of a category that came last.
    package func document(_ category: String) -> Held? { held.last { $0.category == category } }

    /// - Parameter objection: What somebody else has found in the octets, such as the public schema.
    package func answer(to octets: [UInt8], objection: String? = nil) -> NodeReply {
        guard let envelope = ParsedXML(octets) else { return refuse(401, "not well-formed") }
        guard isKnown(envelope) else { return Self.fault("wsse:FailedAuthentication", "unknown user or bad digest") }
        guard let report = envelope.first("publish/message/EDXLDistribution") else {
            return refuse(401, "no EDXLDistribution in publish/message")
        }
        if let objection = objection ?? ReportForm.objection(to: report) { return refuse(402, objection) }
        guard let held = Self.held(report, octets) else { return refuse(402, "no documentID, or a revision that is no number") }
        return state.withLock { state in
            guard state.shelf.every.count < Self.mostDocuments else { return Self.code(901, "full") }
            switch state.shelf.take(held) {
            case .new:
                var answer = Self.code(0, "")
                answer.taken = held
                return answer
            case .again: return Self.code(0, "")
            case .wrong(let complaint):
                state.complaints.append("\(held.id)/\(held.revision): \(complaint)")
                return Self.code(402, complaint)
            }
        }
    }

    private func refuse(_ code: Int, _ words: String) -> NodeReply {
        state.withLock { if $0.complaints.count < Self.most { $0.complaints.append(words) } }
        return Self.code(code, words)
    }

    /// OASIS WSS UsernameToken Profile 1.0, 3.1: the digest of nonce, time and password; a nonce never comes twice.
    private func isKnown(_ envelope: ParsedXML) -> Bool {
        guard let token = envelope.first("Header/Security/UsernameToken"), token.words("Username") == user,
              let nonce = token.words("Nonce"), let octets = Data(base64Encoded: nonce), octets.count >= 16,
              let created = token.words("Created"), created.hasSuffix("Z"), let digest = token.words("Password"),
              token.first("Password")?.type?.hasSuffix("#PasswordDigest") == true
        else { return false }
        let wanted = Data(Insecure.SHA1.hash(data: octets + Data(created.utf8) + Data(password.utf8))).base64EncodedString()
        return digest == wanted && state.withLock { $0.isNew(nonce, most: Self.most) }
    }

    private static func held(_ report: ParsedXML, _ octets: [UInt8]) -> Held? {
        guard let id = report.words("contentObject/documentID"),
              let revision = report.words("contentObject/documentRevision").flatMap({ Int($0) }),
              let type = report.words("distributionType")
        else { return nil }
        return Held(id: id, revision: revision, type: type, report: report, octets: octets)
    }
}

// MARK: What a node says

extension CommonsNode {
    package static func code(_ code: Int, _ words: String) -> NodeReply {
        NodeReply(
            status: 200,
            text: """
                <?xml version="1.0" encoding="UTF-8"?><soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/">\
                <soap:Body><ns2:publishResponse xmlns:ns2="http://soap.publiccommons.ne.jp/"><ns2:processResponse>\
                <ns2:code>\(code)</ns2:code><ns2:result>\(escaped(words))</ns2:result></ns2:processResponse>\
                </ns2:publishResponse></soap:Body></soap:Envelope>
                """)
    }

    package static func fault(_ code: String, _ words: String) -> NodeReply {
        NodeReply(
            status: 500,
            text: """
                <soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Body><soap:Fault>\
                <faultcode>\(code)</faultcode><faultstring>\(escaped(words))</faultstring></soap:Fault></soap:Body></soap:Envelope>
                """)
    }

    private static func escaped(_ words: String) -> String {
        words.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
    }
}
