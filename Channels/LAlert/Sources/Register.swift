import AlertModel
import ChannelKit
import Crypto
import FoundationEssentials

/// What L-Alert may have of one far end's documents, in the channel's notebook, so that a restart neither forgets a
/// revision nor counts one twice. Changes of one document come one after another (`Turns`).
struct Register: Sendable {
    private let notebook: any Notebook
    private let prefix: String
    /// When documents that are over were looked for last.
    private let swept: String
    private let mode: ModeName

    /// After this nothing of a document is valid any more: ValidDateTime is at most 90 days away (SaigaiTask).
    static let longestValidity: Double = 90 * 86400
    /// Not with each new event: of thousands of documents each would be read for it.
    static let betweenSweeps: Double = 86400

    init<M: Mode>(_ notebook: any Notebook, _ farEnd: FarEnd<M>) {
        self.notebook = notebook
        mode = M.name
        prefix = "l-alert/\(M.name.rawValue)/\(farEnd.town.code)/\(farEnd.id)/"
        swept = "l-alert-swept/\(M.name.rawValue)/\(farEnd.town.code)/\(farEnd.id)"
    }

    func document(_ key: String) -> Document? {
        notebook.read(prefix + key).flatMap { try? JSONDecoder().decode(Document.self, from: Data($0)) }
    }

    func write(_ document: Document, _ key: String) {
        // Strings, numbers and dates always have a form in JSON.
        notebook.write(prefix + key, (try? JSONEncoder().encode(document)).map { Array($0) })
    }

    /// Everything of this delivery is done one after another with what shares the key.
    func key(of statement: Statement) -> String { "\(statement.category.rawValue)/\(incident(statement))" }

    /// Drafts to send; and why there is none of a kind.
    func plan(_ statement: Statement, _ settings: NodeSettings, now: Date) -> [Planned] {
        let key = key(of: statement)
        let old = document(key)
        if old == nil { forgetOld(now) }
        let name = "\(settings.senderID)-\(incident(statement))"
        let step = Document.step(after: old, for: statement, now: now, distribution: UUID().uuidString.lowercased())
        var plans = [Planned(key: key, name: "\(name)-\(statement.category.rawValue)", carrier: nil, step: step)]
        guard case .evacuation = statement.subject else { return plans }
        for carrier in settings.carriers {
            let key = "\(Category.urgentMail.rawValue)/\(incident(statement))/\(carrier.code)"
            let step = Document.mailStep(
                after: document(key), for: statement, to: carrier, now: now,
                distribution: UUID().uuidString.lowercased())
            plans.append(Planned(key: key, name: "\(name)-UrgentMail-\(carrier.code)", carrier: carrier.code, step: step))
        }
        return plans
    }

    func forgetOld(_ now: Date) {
        let last = notebook.read(swept).flatMap { Double(String(decoding: $0, as: UTF8.self)) }
        // A clock that was put back looks again.
        if let last, (0..<Self.betweenSweeps).contains(now.timeIntervalSince1970 - last) { return }
        notebook.write(swept, Array("\(now.timeIntervalSince1970)".utf8))
        for key in notebook.keys(prefix: prefix) {
            let short = String(key.dropFirst(prefix.count))
            guard let old = document(short), now.timeIntervalSince(old.made) > Self.longestValidity else { continue }
            notebook.write(key, nil)
        }
    }

    /// The incident's part of a documentID. All shelters of a town are one document; an order and a notice have one
    /// per event. A drill's ids can never be those of a real one.
    private func incident(_ statement: Statement) -> String {
        let name = statement.category == .shelter ? statement.town.code : Self.idText(statement.event.text)
        return mode == .exercise ? "x." + name : name
    }

    /// Letters, digits and hyphens as they are, a slash as a dot, the rest as `_` and its octet: two events never
    /// share one. What gets long is a digest.
    static func idText(_ text: String) -> String {
        guard text.utf8.count <= 100 else {
            return SHA256.hash(data: Array(text.utf8)).prefix(16).map { hexadecimal($0) }.joined()
        }
        return text.utf8.map { octet in
            switch octet {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D: String(UnicodeScalar(octet))
            case 0x2F: "."
            default: "_" + hexadecimal(octet)
            }
        }.joined()
    }

    private static func hexadecimal(_ octet: UInt8) -> String {
        (octet < 16 ? "0" : "") + String(octet, radix: 16)
    }
}

/// One document of a delivery, and what is to be done about it.
struct Planned: Sendable {
    let key: String
    /// documentID without its serial.
    let name: String
    /// Of a mail.
    let carrier: String?
    let step: Document.Step

    func documentID(_ document: Document) -> String { "\(name)-\(document.serial)" }
}
