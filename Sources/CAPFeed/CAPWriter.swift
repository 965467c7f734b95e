/// Writes an alert of the hub as CAP 1.2, for whoever subscribes to a town.
///
/// One `info` for each language, the town's code as geocode, the warning level as parameter, Japan's time. The
/// result is valid by the OASIS schema, keeps the standard's words, and is read back by `CAPReader` as it was meant.
package import AlertModel
import FoundationEssentials

package enum CAPWriter {
    /// CAP 1.2 §3.2.2: a headline of at most 160 characters. Longer ones are cut; the description has it all.
    static let headlineLimit = 160

    /// `town` is the town whose subscribers read it. What was said of the event before is referred to, and then it is an
    /// `Update` (CAP 1.2 3.2.1); what replaces nothing this hub ever had is told as an `Alert`. Throws without a text: such an
    /// alert would be refused by every reader.
    package static func document(
        for content: AlertContent, mode: ModeName, texts: [CAPText], town: Town, issuer: CAPIssuer,
        references: [CAPReference] = [], signer: CAPSigner? = nil
    ) throws(CAPWriterError) -> [UInt8] {
        guard !texts.isEmpty || content.message == .cancel else { throw CAPWriterError("\(content.id)の文面がありません (no text)") }
        var xml = XMLText()
        xml.element("identifier", identifier(of: content.id))
        xml.element("sender", issuer.sender)
        xml.element("sent", time(content.sent))
        xml.element("status", mode == .actual ? "Actual" : "Exercise")
        xml.element("msgType", messageType(content, references))
        xml.element("scope", "Public")
        if mode == .exercise { xml.element("note", "訓練 / Exercise") }
        xml.optional("references", references.map(\.text).joined(separator: " "))
        xml.element("incidents", identifier(of: AlertID(content.event.text)))
        for text in texts { write(text, content, mode, town, issuer, into: &xml) }
        let open = #"<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2">"# + "\n"
        let signature = try signer.map { (signer) throws(CAPWriterError) in
            try signer.signature(over: open + xml.text + "</alert>")
        }
        return Array(
            """
            <?xml version="1.0" encoding="UTF-8"?>
            \(open)\(xml.text)\(signature ?? "")</alert>

            """.utf8)
    }

    private static func messageType(_ content: AlertContent, _ references: [CAPReference]) -> String {
        if references.isEmpty { return "Alert" }
        return content.message == .cancel ? "Cancel" : "Update"
    }

    /// The alert's id without what CAP forbids in identifiers: those octets percent-encoded.
    package static func identifier(of id: AlertID) -> String {
        var text = ""
        for octet in id.text.utf8 {
            switch octet {
            case 0x21...0x7E where octet != 0x2C && octet != 0x3C && octet != 0x26 && octet != 0x25:
                text.unicodeScalars.append(Unicode.Scalar(octet))
            default:
                text += "%" + (octet < 16 ? "0" : "") + String(octet, radix: 16, uppercase: true)
            }
        }
        return text
    }

    /// CAP knows no fraction of a second.
    private static func time(_ date: Date) -> String { JapanTime.text(date, milliseconds: false) }

    private static func write(
        _ text: CAPText, _ content: AlertContent, _ mode: ModeName, _ town: Town, _ issuer: CAPIssuer,
        into xml: inout XMLText
    ) {
        let weight = CAPWeight(content, in: town)
        let isJapanese = text.language.rawValue.lowercased().hasPrefix("ja")
        xml.open("info")
        xml.element("language", text.language.rawValue)
        for category in weight.categories { xml.element("category", category) }
        xml.element("event", text.event ?? (isJapanese ? content.title : content.kind.englishName))
        xml.optional("responseType", weight.response)
        xml.element("urgency", weight.urgency)
        xml.element("severity", weight.severity)
        xml.element("certainty", weight.certainty)
        xml.element("effective", time(content.sent))
        // A cancel may come after its alert expired; an expiry in the past would be refused.
        let (sent, expires) = (time(content.sent), time(content.expires))
        if expires > sent { xml.element("expires", expires) }
        xml.optional("senderName", issuer.senderName)
        xml.optional("headline", headline(text, mode, isJapanese: isJapanese))
        xml.optional("description", text.description)
        xml.optional("instruction", text.instruction)
        xml.optional("web", issuer.web)
        xml.optional("contact", issuer.contact)
        if let level = content.orderLevel { pair("parameter", "警戒レベル", String(level), into: &xml) }
        write(content, town, isJapanese: isJapanese, into: &xml)
        xml.close("info")
    }

    /// A drill says so in its first words, whatever the template did.
    private static func headline(_ text: CAPText, _ mode: ModeName, isJapanese: Bool) -> String {
        let headline = DrillTitle.marked(text.headline, mode, by: text.drillMark ?? (isJapanese ? DrillTitle.mark : "[DRILL] "))
        // A limit of ours, 160.
        return headline.count > headlineLimit ? headline.prefix(headlineLimit - 1) + "…" : headline
    }

    private static func write(_ content: AlertContent, _ town: Town, isJapanese: Bool, into xml: inout XMLText) {
        xml.open("area")
        let name = isJapanese || town.romanName.isEmpty ? town.name : town.romanName
        var districts: [String] = []
        if case .evacuation(let order) = content.detail { districts = Self.districts(order, content.act) }
        xml.element(
            "areaDesc", ([name] + [districts.joined(separator: "、")]).filter { !$0.isEmpty }.joined(separator: " "))
        for area in content.areas where area.scheme == .polygon { xml.element("polygon", area.code) }
        for area in content.areas where area.scheme == .circle { xml.element("circle", area.code) }
        pair("geocode", "JISX0402", town.id.code, into: &xml)
        xml.close("area")
        for area in content.areas {
            switch area.scheme {
            case .polygon, .circle, .other: continue
            case .localGovernment where area.code == town.id.code: continue
            default:
                xml.open("area")
                xml.element("areaDesc", area.name ?? area.code)
                pair(
                    "geocode", area.scheme == .localGovernment ? "JISX0402" : area.scheme.rawValue, area.code,
                    into: &xml)
                xml.close("area")
            }
        }
    }

    /// What the act changes, and what stands of its hazard.
    private static func districts(_ order: EvacuationOrder, _ act: Act?) -> [String] {
        let standing = act?.standing(of: order.hazard).compactMap(\.subject.district) ?? []
        return order.districts + standing.filter { !order.districts.contains($0) }
    }

    private static func pair(_ element: String, _ name: String, _ value: String, into xml: inout XMLText) {
        xml.open(element)
        xml.element("valueName", name)
        xml.element("value", value)
        xml.close(element)
    }
}
