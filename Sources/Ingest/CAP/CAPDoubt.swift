/// What ends a warning, read in doubt: a cancel that is thrown away for a blank leaves people in fear of what is
/// over, and nobody is hurt by hearing it. Everything read like this is said to the sender and to the operator.
///
///     <references>bousai@mihon.example.jp, mihon-1</references>      blanks, no time
///     <references>mihon-1</references>                               the identifier alone: its own sender's
///     <sent>2026-04-01 09:00+0900</sent>                             no T, no seconds, no colon in the offset
///
/// What raises or changes a warning is still held to the standard: what it does not say exactly could be taken for something
/// else. So is a cancel that names nothing, or itself: nobody can say what it takes back.
import AlertModel

enum CAPDoubt {
    /// Whether a document is read like this. Asked before its form is checked.
    static func mayBeRead(_ root: XMLElement) -> Bool {
        let (message, infos) = (root.first("msgType")?.text.collapsed, Array(root.all("info")))
        if message == "Cancel" { return true }
        return !infos.isEmpty && infos.allSatisfy { info in
            info.all("responseType").contains { $0.text.collapsed == "AllClear" } || message == "Update" && info.first("urgency")?.text.collapsed == "Past"
        }
    }

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

    /// As many messages as are named, by whatever of sender, identifier and time is there.
    static func references(_ text: String, of sender: String) -> [Bulletin.Reference] {
        let joined = text.replacing(/\s*,\s*/, with: ",")
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
