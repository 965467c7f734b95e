import AlertModel
import Bundles
import CAPFeed
import Foundation
import QRCode

/// A paper on A4: what it says in words, for whoever holds it, and six codes to a sheet, for the hub it is carried to.
struct PaperPage {
    private let title, lead: String
    private let isDrill: Bool
    private let words: String
    private let codes: [String]

    static let perSheet = 6

    static func sheet(_ paper: SignedPaper, _ bundle: TownBundle) throws -> PaperPage {
        PaperPage(
            title: "\(bundle.town_name) いまの状況", lead: PaperWords.state(bundle) + "。差出人 \(bundle.place)、指紋 \(paper.signer.fingerprint)",
            isDrill: bundle.mode == .exercise, words: inWords(bundle), codes: try codes(paper))
    }

    static func receipt(_ paper: SignedPaper, _ bundle: TownBundle) throws -> PaperPage {
        PaperPage(
            title: "\(bundle.town_name) 伝書 \(bundle.number) の受取", lead: "この紙を、伝書を出したハブへ持ち帰ってください。受け取ったハブの指紋 \(paper.signer.fingerprint)",
            isDrill: bundle.mode == .exercise, words: "", codes: try codes(paper))
    }

    private static func codes(_ paper: SignedPaper) throws -> [String] {
        do throws(CodeSheet.Flaw) { return try CodeSheet(paper.octets).codes } catch { throw Exit.with(Exit.badData, PaperFile.words(error)) }
    }

    private static func text(_ words: String) -> String { PrintedPage.text(words) }

    private static func inWords(_ bundle: TownBundle) -> String {
        let lines = bundle.districts.map { "\($0.district)　\($0.hazard)　\(EvacuationOrder.Level(rawValue: $0.level)?.name ?? "")" }
            + (bundle.headquarters.map { ["\($0)　設置"] } ?? []) + bundle.shelters.map { "\($0.name)　\(ShelterWord.of($0.state))" }
        let list = lines.isEmpty ? "" : "<ul>\(lines.map { "<li>\(text($0))</li>" }.joined())</ul>"
        let said = bundle.said.map { "<article><h2>\(text($0.title))</h2><p>\(text($0.body))</p></article>" }.joined(separator: "\n")
        return lines.isEmpty && said.isEmpty ? "<p>出ているものはありません (nothing is in force)</p>" : list + said
    }

    var html: String {
        let sheets = stride(from: 0, to: codes.count, by: Self.perSheet).map { first in
            let own = codes.enumerated().dropFirst(first).prefix(Self.perSheet)
            let figures = own.map { number, code in
                "<figure>\(QRCode.svg(code) ?? "")<figcaption>\(number + 1) / \(codes.count)</figcaption></figure>"
            }.joined(separator: "\n")
            return "<section class=\"sheet\"><h2>\(Self.text(title))　QRコード \(first + 1)〜\(first + own.count)（全部で \(codes.count)）</h2>\n<div>\(figures)</div></section>"
        }.joined(separator: "\n")
        return PrintedPage(isDrill: isDrill, title: title, style: Self.style, body: """
            <header><h1>\(PrintedPage.kind(isDrill: isDrill))\(Self.text(title))</h1>
            <p>\(Self.text(lead))</p>
            <p>QRコードは全部で \(codes.count) あります。どの順に撮ってもかまいません。写真を noroshi bundle import で取り込みます <span lang="en">\(codes.count) codes, in any order</span></p></header>
            <main>\(words)
            \(sheets)</main>
            """).html
    }

    private static let style = """
        :root{--accent:#a3001b}body.drill{--accent:#00507a}
        body{margin:0 auto;max-width:60rem;padding:1rem;font-family:"Noto Sans CJK JP","Noto Sans JP",sans-serif;line-height:1.5;color:#111;background:#fff}
        header{border-left:.5rem solid var(--accent);padding-left:1rem}h1{font-size:1.5rem;margin:0;color:var(--accent)}header p{margin:.25rem 0}
        h2{font-size:1rem;margin:.75rem 0 0}article p{white-space:pre-wrap;margin:0;overflow-wrap:anywhere}span[lang=en]{font-size:.8em;color:#444}
        .sheet div{display:grid;grid-template-columns:1fr 1fr;gap:3mm}figure{margin:0;text-align:center}figure svg{width:78mm;height:78mm}figcaption{font-weight:bold}
        @page{size:A4;margin:10mm}@media print{body{padding:0;max-width:none}article,figure{break-inside:avoid}.sheet{break-before:page}}
        """
}
