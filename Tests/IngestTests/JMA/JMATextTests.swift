import Ingest
import Codes
import Foundation
import Testing

@Suite("Texts of JMA bulletins as they are written")
struct JMATextTests {
    private func title(_ written: String) throws -> String {
        let text = try JMASamples.text("drill-without-the-word.xml")
            .replacingOccurrences(of: "<Title>震源に関する情報</Title>\n<DateTime>", with: "<Title>\(written)</Title>\n<DateTime>")
        return try JMAReader.read(Array(text.utf8), fileName: nil, codes: .bundled).title
    }

    @Test("White space around a word goes, full-width too; what is inside stays", arguments: [
        ("\n  震度速報\n", "震度速報"), ("　震度　速報　", "震度　速報"), ("\t震度速報 　\n", "震度速報"),
        ("震<!-- -->度<![CDATA[速報]]>", "震度速報"), ("震度&#x901F;報", "震度速報"), ("A&amp;B", "A&B"), ("。", "。"), ("x", "x"),
    ])
    func trimming(written: String, read: String) throws {
        #expect(try title(written) == read)
    }

    @Test("Nothing but white space is nothing", arguments: ["", " ", "　", "\n　\n", "<!-- 震度速報 -->"])
    func empty(written: String) {
        #expect(throws: Refusal.self) { try title(written) }
    }

    @Test("A byte order mark and a missing declaration are no fault")
    func marks() throws {
        let text = try JMASamples.text("drill-without-the-word.xml")
        let bare = text.replacingOccurrences(of: "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n", with: "")
        let plain = try JMAReader.read(Array(text.utf8), fileName: nil, codes: .bundled)
        #expect(try JMAReader.read([0xEF, 0xBB, 0xBF] + Array(text.utf8), fileName: nil, codes: .bundled) == plain)
        #expect(try JMAReader.read(Array(bare.utf8), fileName: nil, codes: .bundled) == plain)
        #expect(try JMAReader.read(Array(text.replacingOccurrences(of: "UTF-8", with: "utf-8").utf8), fileName: nil, codes: .bundled) == plain)
    }

    @Test("Prose follows the order of the bulletin, with line breaks, each part once")
    func prose() throws {
        let body = """
            <Text>第一。
            第二。</Text><NextAdvisory>この情報をもって、最終報とします。</NextAdvisory><Comments><ForecastComment>\
            <Text>注意。</Text><Code>0217</Code></ForecastComment><FreeFormComment>自由。</FreeFormComment></Comments>
            """
        let text = try JMASamples.text("tornado-with-expiry.xml").replacingOccurrences(of: "</Body>", with: body + "</Body>")
        let bulletin = try JMAReader.read(Array(text.utf8), fileName: nil, codes: .bundled)
        #expect(bulletin.text == "第一。\n第二。\n\nこの情報をもって、最終報とします。\n\n注意。\n\n自由。")
    }
}
