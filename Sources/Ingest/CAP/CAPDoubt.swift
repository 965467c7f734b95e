/// What ends a warning, read in doubt: a cancel that is thrown away for a blank leaves people in fear of what is
/// over, and nobody is hurt by hearing it. Everything read like this is said to the sender and to the operator.
///
///     <references>bousai@mihon.example.jp, mihon-1</references>      blanks, no time
///     <references>mihon-1</references>                               the identifier alone: its own sender's
///     <references>mailto:bousai@…，"mihon-1"，2026-…</references>     an address as a link, quotes, full-width commas
///     <sent>2026-04-01 09:00+0900</sent>                             no T, no seconds, no colon in the offset
///     <msgType>CANCEL</msgType>                                      another case
///
/// What raises or changes a warning is still held to the standard: what it does not say exactly could be taken for something
/// else. So is a cancel that names nothing, or itself: nobody can say what it takes back.
import AlertModel

enum CAPDoubt {
    /// Whether a document is read like this. Asked before its form is checked.
    static func mayBeRead(_ root: XMLElement) -> Bool {
        let (message, infos) = (root.first("msgType").map { word($0.text) }, Array(root.all("info")))
        if message == "Cancel" { return true }
        return !infos.isEmpty && infos.allSatisfy { info in
            info.all("responseType").contains { word($0.text) == "AllClear" } || message == "Update" && info.first("urgency").map { word($0.text) } == "Past"
        }
    }

    /// Whether it can be said who speaks, when, of whom, and that it is real, a drill or a test.
    static func hasCore(_ root: XMLElement) -> Bool {
        func text(_ name: StaticString) -> String { root.first(name)?.text.collapsed ?? "" }
        return saysOnce(root) && !text("identifier").isEmpty && !text("sender").isEmpty && (Timestamp(text("sent")) != nil || time(text("sent")) != nil)
            && ["Actual", "Exercise", "System", "Test"].contains(word(text("status"))) && ["Alert", "Update", "Cancel"].contains(word(text("msgType")))
    }

    /// Whether nothing that decides stands twice: of two words for one thing nobody can say which is meant, not even in doubt.
    private static func saysOnce(_ root: XMLElement) -> Bool {
        let own: [StaticString] = ["identifier", "sender", "sent", "status", "msgType", "scope", "restriction", "addresses", "references"]
        let ofInfo: [StaticString] = [
            "language", "event", "urgency", "severity", "certainty", "effective", "onset", "expires", "headline", "description", "instruction",
        ]
        return own.allSatisfy { root.all($0).count < 2 } && root.all("info").allSatisfy { info in ofInfo.allSatisfy { info.all($0).count < 2 } }
    }

    /// The word of the standard that is meant, whatever its case and the blanks in and around it; as written where it is none.
    static func word(_ text: String) -> String { words[key(text)] ?? text }

    private static let words = Dictionary(
        CAPGrammar.words.map { (key($0), $0) }, uniquingKeysWith: { first, _ in first })

    private static func key(_ text: String) -> String { text.filter { !$0.isWhitespace && $0 != "-" && $0 != "_" }.lowercased() }

    /// The time that is meant, written as it should be; and whether its zone had to be guessed.
    static func time(_ text: String) -> (time: Timestamp, isZoneGuessed: Bool)? {
        let pattern = /(\d{4})-(\d{1,2})-(\d{1,2})[Tt\s]\s*(\d{1,2}):(\d{2})(?::(\d{2})(\.\d+)?)?\s*(?:([Zz]|UTC|GMT)|(JST)|([+\-])(\d{1,2})(?::?(\d{2}))?)?/
        guard text.utf8.count <= 60, let match = text.wholeMatch(of: pattern)?.output else { return nil }
        func two(_ part: Substring?) -> String { part.map { $0.count < 2 ? "0\($0)" : String($0) } ?? "00" }
        var zone = "+09:00"
        if match.8 != nil { zone = "Z" }
        if let sign = match.10 { zone = "\(sign)\(two(match.11)):\(two(match.12))" }
        let written = "\(match.1)-\(two(match.2))-\(two(match.3))T\(two(match.4)):\(match.5):\(two(match.6))\(match.7 ?? "")\(zone)"
        return Timestamp(written).map { ($0, match.8 == nil && match.9 == nil && match.10 == nil) }
    }

    /// Without what stands around names in a letter: quotes, brackets, `mailto:`, the commas of Japanese text.
    static func plain(_ text: String) -> String {
        String(text.compactMap { character -> Character? in
            switch character {
            case "，", "、", "､", ";", "；": ","
            case "\"", "'", "“", "”", "‘", "’", "「", "」", "＂", "<", ">", "[", "]": nil
            default: character
            }
        }).replacing(/(^|[\s,])(?i:mailto):/) { String($0.output.1) }
    }

    /// As many messages as are named, by whatever of sender, identifier and time is there.
    static func references(_ text: String, of sender: String) -> [Bulletin.Reference] {
        let joined = plain(text).replacing(/\s*,\s*/, with: ",")
            .replacing(/(\d{4}-\d{1,2}-\d{1,2})\s+(\d{1,2}:\d{2})/) { "\($0.output.1)T\($0.output.2)" }
            .replacing(/(:\d{2})\s+([+\-]\d{1,2})/) { "\($0.output.1)\($0.output.2)" }
        var found: [Bulletin.Reference] = []
        for word in joined.split(whereSeparator: \.isWhitespace).prefix(CAPReferences.limit) {
            var fields = word.split(separator: ",").map(String.init)[...]
            while let first = fields.popFirst(), found.count < CAPReferences.limit {
                // A time alone names nothing.
                if time(first) != nil { continue }
                let (second, third) = (fields.first, fields.dropFirst().first)
                if let second, let sent = time(second) {
                    found.append(.init(sender: sender, identifier: first, sent: sent.time.text))
                    fields = fields.dropFirst()
                } else if let second {
                    found.append(.init(sender: first, identifier: second, sent: third.flatMap(time)?.time.text ?? ""))
                    fields = fields.dropFirst(2)
                } else {
                    found.append(.init(sender: sender, identifier: first, sent: ""))
                }
            }
        }
        return found
    }
}
