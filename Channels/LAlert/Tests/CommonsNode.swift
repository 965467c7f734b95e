import ChannelKitTesting
import Crypto
import Foundation
import Synchronization

@testable import LAlert

/// A node of L-Alert on loopback, stricter than the real one is known to be: it checks the password's digest, that no
/// nonce comes twice, the envelope, and that every document goes 1, 2, 3 … and ends with its Cancel.
final class CommonsNode: Sendable {
    struct Held: Sendable {
        var id: String
        var revision: Int
        var type: String
        var report: ParsedXML
        /// As received, for other programs.
        var octets: [UInt8]
    }

    fileprivate struct State {
        var held: [Held] = []
        var every: [Held] = []
        var nonces: Set<String> = []
        var complaints: [String] = []
        var duplicates = 0
    }
    private let state = Mutex(State())
    private let password: String
    let server: FarEndServer

    init(password: String = "合言葉&<secret>") async throws {
        self.password = password
        server = try await FarEndServer { _ in .silent }
        behaveWell()
    }

    var url: String { server.url + "/commons/publisher/soap" }
    /// The last revision of every document.
    var held: [Held] { state.withLock { $0.held } }
    /// Every revision that was taken, in order.
    var every: [Held] { state.withLock { $0.every } }
    var complaints: [String] { state.withLock { $0.complaints } }
    /// Revisions that came again, and were dropped as receivers do.
    var duplicates: Int { state.withLock { $0.duplicates } }

    func document(_ category: String) -> Held? { held.last { $0.report.words("contentObject/category") == category } }

    func behaveWell() { server.behave { [self] in answer(to: $0) } }
    /// Takes the document, and answers otherwise.
    func behave(_ reply: FarEndServer.Reply) {
        server.behave { [self] request in
            _ = answer(to: request)
            return reply
        }
    }
    /// Takes nothing.
    func refuse(_ reply: FarEndServer.Reply) { server.behave { _ in reply } }

    func answer(to request: FarEndServer.Request) -> FarEndServer.Reply {
        guard let envelope = ParsedXML(request.body) else { return Self.code(401, "not well-formed") }
        guard isKnown(envelope) else { return Self.fault("wsse:FailedAuthentication", "unknown user or bad digest") }
        guard let report = envelope.first("publish/message/EDXLDistribution"), let held = Self.held(report, request.body)
        else { return Self.code(401, "no EDXLDistribution in publish/message") }
        let complaint = state.withLock { $0.take(held) }
        return complaint.map { Self.code(402, $0) } ?? Self.code(0, "")
    }

    private func isKnown(_ envelope: ParsedXML) -> Bool {
        guard let token = envelope.first("Header/Security/UsernameToken"), token.words("Username") == "town",
              let nonce = token.words("Nonce"), let octets = Data(base64Encoded: nonce), octets.count >= 16,
              let created = token.words("Created"), created.hasSuffix("Z"), let digest = token.words("Password"),
              token.first("Password")?.attributes["Type"]?.hasSuffix("#PasswordDigest") == true
        else { return false }
        let wanted = Data(Insecure.SHA1.hash(data: octets + Data(created.utf8) + Data(password.utf8))).base64EncodedString()
        return digest == wanted && state.withLock { $0.nonces.insert(nonce).inserted }
    }

    private static func held(_ report: ParsedXML, _ octets: [UInt8]) -> Held? {
        guard let id = report.words("contentObject/documentID"),
              let revision = report.words("contentObject/documentRevision").flatMap({ Int($0) }),
              let type = report.words("distributionType")
        else { return nil }
        return Held(id: id, revision: revision, type: type, report: report, octets: octets)
    }

    static func code(_ code: Int, _ words: String) -> FarEndServer.Reply {
        .answer(200, headers: [("Content-Type", "text/xml")], body: Array(answer(code, words).utf8))
    }

    static func answer(_ code: Int, _ words: String) -> String {
        """
        <?xml version="1.0" encoding="UTF-8"?><soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/">\
        <soap:Body><ns2:publishResponse xmlns:ns2="http://soap.publiccommons.ne.jp/"><ns2:processResponse>\
        <ns2:code>\(code)</ns2:code><ns2:result>\(words)</ns2:result></ns2:processResponse></ns2:publishResponse>\
        </soap:Body></soap:Envelope>
        """
    }

    static func fault(_ code: String, _ words: String) -> FarEndServer.Reply {
        let text = """
            <soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Body><soap:Fault>\
            <faultcode>\(code)</faultcode><faultstring>\(words)</faultstring></soap:Fault></soap:Body></soap:Envelope>
            """
        return .answer(500, headers: [("Content-Type", "text/xml")], body: Array(text.utf8))
    }
}

extension CommonsNode.State {
    /// What is wrong with it; nil when it was taken, or was there already.
    fileprivate mutating func take(_ new: CommonsNode.Held) -> String? {
        let complaint = complaint(about: new)
        if let complaint {
            complaints.append("\(new.id)/\(new.revision): \(complaint)")
            return complaint
        }
        if held.contains(where: { $0.id == new.id && $0.revision == new.revision }) {
            duplicates += 1
            return nil
        }
        held.removeAll { $0.id == new.id }
        held.append(new)
        every.append(new)
        return nil
    }

    private func complaint(about new: CommonsNode.Held) -> String? {
        let report = new.report
        let statuses = Set(report.all("distributionStatus").map(\.text))
        guard statuses.count == 1 else { return "distributionStatus says \(statuses)" }
        guard Set(report.all("documentID").map(\.text)) == [new.id] else { return "documentIDs differ" }
        guard Set(report.all("documentRevision").map(\.text)) == [String(new.revision)] else { return "revisions differ" }
        guard Set(report.all("distributionType").map(\.text)) == [new.type] else { return "distributionTypes differ" }
        guard Set(report.all("distributionID").map(\.text)).count == 1 else { return "distributionIDs differ" }
        guard report.words("targetArea/jisX0402")?.count == 6 else { return "jisX0402 has six digits" }
        guard (report.words("contentObject/contentDescription") ?? "").utf16.count <= 255 else { return "telop too long" }
        let previous = report.words("contentObject/previousDocumentRevision").flatMap { Int($0) } ?? 0
        guard previous == new.revision - 1 else { return "previousDocumentRevision \(previous)" }
        if new.type == "Cancel", report.first("Control/Errata/Description") == nil { return "a Cancel without Errata" }
        guard let last = held.first(where: { $0.id == new.id }) else {
            return new.revision == 1 && new.type == "Report" ? nil : "a new document begins as \(new.type) \(new.revision)"
        }
        if last.revision == new.revision, last.type == new.type { return nil }
        if last.type == "Cancel" { return "this document was cancelled" }
        guard new.revision == last.revision + 1, new.type != "Report" else {
            return "\(new.type) \(new.revision) after revision \(last.revision)"
        }
        return nil
    }
}
