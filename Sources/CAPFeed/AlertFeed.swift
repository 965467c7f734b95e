/// A town's alerts as an Atom feed (RFC 4287), each entry a link to its CAP document.
package import AlertModel
package import FoundationEssentials

package enum AlertFeed {
    /// Newest first in a feed; older ones are found in the log.
    package static let entryLimit = 100

    package struct Entry: Sendable {
        package var content: AlertContent
        package var mode: ModeName
        /// One line for people, as rendered; the title where there is none.
        package var headline: String?

        package init(content: AlertContent, mode: ModeName, headline: String? = nil) {
            self.content = content
            self.mode = mode
            self.headline = headline
        }
    }

    /// `address` is how the world reaches the hub, without a slash at its end: `https://hub.example.jp`. `updated` is
    /// when the town's list last changed: by what was said, or by what ran out. Drills are a feed of their own, whose entries lead to no
    /// CAP document: a drill's is for people of the town.
    package static func atom(
        town: Town, mode: ModeName = .actual, entries: [Entry], address: String, issuer: CAPIssuer, updated: Date
    ) -> [UInt8] {
        let newest = entries.sorted { $0.content.sent > $1.content.sent }.prefix(entryLimit)
        let own = "\(address)/v1/towns/\(town.id.code)/\(mode == .actual ? "alerts" : "drill").atom"
        var xml = XMLText()
        xml.raw("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n")
        xml.open("feed", #"xmlns="http://www.w3.org/2005/Atom" xml:lang="ja""#)
        xml.element("id", own)
        xml.element("title", mode == .actual ? "\(town.name) 警報・避難情報" : "【訓練】\(town.name) 訓練の情報")
        xml.element("updated", JapanTime.text(max(newest.first?.content.sent ?? updated, updated), milliseconds: false))
        xml.open("author")
        xml.element("name", issuer.senderName.isEmpty ? issuer.sender : issuer.senderName)
        xml.close("author")
        link("self", "application/atom+xml", own, into: &xml)
        for entry in newest { write(entry, address, into: &xml) }
        xml.close("feed")
        return Array(xml.text.utf8)
    }

    /// Where the alert's CAP document is found; the id is one path segment.
    package static func path(of id: AlertID) -> String { "/v1/alerts/\(segment(id.text)).cap" }

    private static func write(_ entry: Entry, _ address: String, into xml: inout XMLText) {
        let content = entry.content
        let place = address + path(of: content.id)
        let words = DrillTitle.marked(entry.headline ?? content.headline ?? content.title, entry.mode)
        xml.open("entry")
        xml.element("id", place)
        xml.element("title", words)
        xml.element("updated", JapanTime.text(content.sent, milliseconds: false))
        xml.element("published", JapanTime.text(content.sent, milliseconds: false))
        category(content.kind.rawValue, into: &xml)
        category(entry.mode.rawValue, into: &xml)
        category(content.message.rawValue, into: &xml)
        if entry.mode == .actual {
            link("alternate", "application/cap+xml", place, into: &xml)
            xml.element("summary", words)
        } else {
            // What has no link has content (RFC 4287, 4.1.2).
            xml.element("content", words)
        }
        xml.close("entry")
    }

    private static func category(_ term: String, into xml: inout XMLText) {
        xml.raw("<category term=\"\(XMLText.escaped(term, inAttribute: true))\"></category>\n")
    }

    private static func link(_ relation: String, _ type: String, _ address: String, into xml: inout XMLText) {
        let address = XMLText.escaped(address, inAttribute: true)
        xml.raw("<link rel=\"\(relation)\" type=\"\(type)\" href=\"\(address)\"></link>\n")
    }

    /// RFC 3986 unreserved characters stay, all others are percent-encoded.
    private static func segment(_ text: String) -> String {
        var result = ""
        for octet in text.utf8 {
            switch octet {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F, 0x7E:
                result.unicodeScalars.append(Unicode.Scalar(octet))
            default: result += "%" + (octet < 16 ? "0" : "") + String(octet, radix: 16, uppercase: true)
            }
        }
        return result
    }
}
