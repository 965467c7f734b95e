/// Reads Common Alerting Protocol 1.0, 1.1 and 1.2.
///
///     octets ──▶ tree ──▶ form (CAPCheck) ──▶ values ──▶ sense (CAPProse) ──▶ signature ──▶ Bulletin
///
/// Strict, because a message that breaks its own standard may not mean what it says. What is refused names the
/// element and the rule. Sources: OASIS CAP-v1.2 (2010-07-01) and its schema; the older ones for 1.1 and 1.0.
///
/// An Atom feed of alerts and an EDXL-DE envelope are other documents and are refused as such: a feed is followed
/// link by link, and an alert torn out of an envelope could not be checked against its signature.
internal import AlertModel
package import Codes

package enum CAPReader {
    /// Octets of one alert. The largest real one seen, a state's border in full, has 0.46 MB.
    package static let limit = 4 << 20

    /// White space between elements is kept: signatures count it.
    private static var limits: XMLLimits {
        var limits = XMLLimits()
        limits.size = limit
        limits.keepsBlanks = true
        return limits
    }

    package static func read(
        _ octets: [UInt8], trust: CAPTrust = .nobody, codes: CodeTables = .bundled
    ) throws(Refusal) -> Bulletin {
        let document: XMLDocument
        do {
            document = try XMLDocument(octets, limits: limits)
        } catch {
            throw Refusal(error.reason)
        }
        let root = document.root
        let version = try version(of: root)
        let isInDoubt = CAPDoubt.mayBeRead(root)
        var formal: String?
        do throws(Refusal) {
            try CAPCheck(version: version, isInDoubt: isInDoubt).check(root)
        } catch {
            // Its form is broken; who says what, when, about which message can be read all the same.
            guard isInDoubt, CAPDoubt.hasCore(root) else { throw error }
            formal = "\(error.reason): 終わりを伝えるものなので受け取った (taken in doubt)"
        }
        let alert = try CAPAlert(root, version: version)
        // A draft is nobody's word yet: "not actionable in its current form" (CAP 1.2 §3.2.1).
        guard alert.status != "Draft" else {
            throw Refusal("CAP \(version.rawValue): alert/status: Draft（下書き）は扱いません (a Draft is not actionable)")
        }
        let (references, doubt) = try Self.references(of: alert, isInDoubt)
        let doubts = [formal, doubt].compactMap(\.self) + (try CAPProse(alert: alert, isInDoubt: isInDoubt).check(references))
        try CAPEditorial(alert: alert).check()
        var bulletin = try bulletin(of: alert, references, codes)
        bulletin.departures += doubts
        bulletin.isInDoubt = !doubts.isEmpty || !alert.doubtfulTimes.isEmpty || !alert.doubtfulWords.isEmpty
        let verdict = CAPSignature.verdict(on: document, trust: trust)
        bulletin.signature = verdict.word
        bulletin.signer = verdict.signer
        return bulletin
    }

    private static func references(
        of alert: CAPAlert, _ isInDoubt: Bool
    ) throws(Refusal) -> (read: [Bulletin.Reference], doubt: String?) {
        let text = alert.references ?? ""
        let words = "references \(text.prefix(200)): 規格どおりではないが、終わりを伝えるものなので、読めるところで読んだ (read as far as it can be)"
        do throws(Refusal) {
            let exact = try CAPReferences.read(text, version: alert.version)
            guard isInDoubt, CAPDoubt.plain(text) != text else { return (exact, nil) }
            // A name may well have a quote in it: then it is the first of the two that is known.
            let meant = CAPDoubt.references(text, of: alert.sender).filter { !exact.contains($0) }
            return (exact + meant, meant.isEmpty ? nil : words)
        } catch {
            guard isInDoubt else { throw error }
            let found = CAPDoubt.references(text, of: alert.sender)
            guard !found.isEmpty else { throw error }
            return (found, words)
        }
    }

    /// The verdict on the signature with its reason, for the log. Nil for what is no document.
    package static func signature(of octets: [UInt8], trust: CAPTrust = .nobody) -> CAPSignature.Verdict? {
        guard let document = try? XMLDocument(octets, limits: limits) else { return nil }
        return CAPSignature.verdict(on: document, trust: trust)
    }

    private static func version(of root: XMLElement) throws(Refusal) -> CAPVersion {
        if let version = CAPVersion(namespace: root.namespace) {
            guard root.name == "alert" else {
                throw Refusal("CAP \(version.rawValue): 文書が alert ではなく \(root.name) です (not alert)")
            }
            return version
        }
        switch root.namespace {
        case "http://www.w3.org/2005/Atom":
            throw Refusal("alert ではなく Atom の \(root.name) です。リンク先の alert を読んでください (an Atom feed, not an alert)")
        case let namespace where namespace.hasPrefix("urn:oasis:names:tc:emergency:EDXL:DE:"):
            throw Refusal("alert ではなく EDXL-DE の封筒です。中の CAP を渡してください (an EDXL-DE envelope, not an alert)")
        default:
            throw Refusal("CAPの alert ではありません: \(root.name)（名前空間「\(root.namespace.prefix(100))」） (no CAP alert)")
        }
    }

    private static func bulletin(
        of alert: CAPAlert, _ references: [Bulletin.Reference], _ codes: CodeTables
    ) throws(Refusal) -> Bulletin {
        guard let status = BulletinStatus(rawValue: alert.status.lowercased()),
            let message = MessageType(rawValue: alert.message.lowercased())
        else { throw Refusal("CAP \(alert.version.rawValue): status か msgType が知らないものです (unknown status or msgType)") }
        // The first info as written speaks for the alert: its issuer's own language, and the order is the issuer's.
        let info = alert.infos.first
        var bulletin = Bulletin(
            format: .cap, type: "cap", title: info?.event.trimmingXMLSpace() ?? alert.message,
            kind: info.map(CAPKind.of) ?? .other, status: status, message: message, sender: alert.sender)
        bulletin.identifiers = [alert.identifier]
        bulletin.sent = alert.sent
        bulletin.reported = info?.effective
        bulletin.target = info?.onset
        bulletin.expires = info?.expires
        bulletin.headline = info?.headline
        bulletin.references = references
        bulletin.severity = info?.severity
        bulletin.urgency = info?.urgency
        bulletin.certainty = info?.certainty
        bulletin.scope = alert.scope
        let texts = [info?.description, info?.instruction].compactMap { $0 }
        bulletin.text = texts.isEmpty ? nil : texts.joined(separator: "\n")
        (bulletin.areas, bulletin.unknownCodes) = CAPAreas.read(alert.infos, codes)
        bulletin.departures = alert.oddTimes + alert.doubtfulTimes + alert.doubtfulWords
        if let info, bulletin.message != .cancel, alert.ends(info) {
            bulletin.isAllClear = true
            for index in bulletin.areas.indices { bulletin.areas[index].status = "解除" }
        }
        return bulletin
    }
}
