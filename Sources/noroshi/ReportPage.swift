import AlertModel
import CAPFeed
import Foundation

/// The report as one page of HTML that stands alone: no script, nothing fetched, A4 when printed.
struct ReportPage {
    let report: Report
    /// Rows written out one by one; of more, the log as CSV has the rest.
    static let rowLimit = 2_000

    var html: String {
        let alert = report.alert
        let isDrill = alert.mode == "exercise"
        let kind = PrintedPage.kind(isDrill: isDrill)
        return PrintedPage(isDrill: isDrill, title: "配信報告 \(alert.title)", style: Self.style, body: """
            <header>
            <p class="mode">\(kind)\(text(report.town.name)) <span lang="en">\(isDrill ? "DRILL" : "REAL")</span></p>
            <h1>配信報告 <span lang="en">After-action report</span></h1>
            <p class="title">\(text(alert.title))</p>
            </header>
            <main>
            \(summary)
            \(section("伝えた言葉", "The words", words))
            \(section("経過", "Timeline", story))
            \(section("どれだけ速く届いたか", "How fast", chart))
            \(section("経路ごと", "By channel", channels))
            \(section("届いていないところ", "Who did not get it", missing))
            \(section("電話した記録", "Telephoned", calls))
            \(section("送らなかったところ", "Not sent, and why", skips))
            \(section("一つひとつ", "Row by row", rows))
            </main>
            <footer><p>\(text(Report.time(JapanTime.text(report.made, milliseconds: false)))) の記録から作りました。時刻は日本時間です。番号 \(text(alert.id)) <span lang="en">made from the record as it was then; times are Japan's (UTC+9)</span></p></footer>
            """).html
    }

    private func text(_ words: String) -> String { PrintedPage.text(words) }

    private func section(_ title: String, _ english: String, _ body: String) -> String {
        "<section><h2>\(title) <span lang=\"en\">\(english)</span></h2>\n\(body)</section>"
    }

    private func table(_ head: [String], _ rows: [[String]], none: String) -> String {
        guard !rows.isEmpty else { return "<p>\(none)</p>\n" }
        let titles = head.map { "<th scope=\"col\">\($0)</th>" }.joined()
        let lines = rows.map { "<tr>" + $0.map { "<td>\(text($0))</td>" }.joined() + "</tr>" }.joined(separator: "\n")
        return "<table><thead><tr>\(titles)</tr></thead>\n<tbody>\(lines)</tbody></table>\n"
    }

    private var summary: String {
        let alert = report.alert
        let pairs = [
            ("届いた送り先 <span lang=\"en\">far ends that have it</span>", "\(report.delivered.count) / \(report.sends.count)"),
            ("最初 <span lang=\"en\">first</span>", Report.duration(report.times.first)),
            ("半分まで <span lang=\"en\">to half</span>", Report.duration(report.time(share: 0.5))),
            ("95%まで <span lang=\"en\">to 95 %</span>", Report.duration(report.time(share: 0.95))),
            ("最後 <span lang=\"en\">last</span>", Report.duration(report.times.last)),
            ("端末に届いた/出た/触れた <span lang=\"en\">devices: reached/shown/touched</span>", ["reached", "shown", "touched"].map { "\(report.reach($0))" }.joined(separator: " / ")),
            ("だれが <span lang=\"en\">by whom</span>", alert.actor),
            ("受け付けた時刻 <span lang=\"en\">accepted</span>", Report.time(alert.accepted_at)),
            ("いま <span lang=\"en\">now</span>", alert.in_force ? "出ています (in force)" : "出ていません (not in force)"),
        ]
        let cut = report.isCut ? "<p><strong>行が多いため、途中までの数です <span lang=\"en\">not all rows of the log were read</span></strong></p>" : ""
        return "<dl>" + pairs.map { "<div><dt>\($0)</dt><dd>\(text($1))</dd></div>" }.joined(separator: "\n") + "</dl>\(cut)"
    }

    private var words: String {
        report.words.map { "<p class=\"words\">\(text($0))</p>\n" }.joined()
    }

    private var story: String {
        table(
            ["時刻 <span lang=\"en\">time</span>", "何を <span lang=\"en\">what</span>", "題 <span lang=\"en\">title</span>", "だれが <span lang=\"en\">by</span>", "番号 <span lang=\"en\">id</span>"],
            report.story.map { [Report.time($0.accepted_at), Report.message($0.message), $0.title, $0.actor, $0.id] }, none: "ほかの情報はありません <span lang=\"en\">nothing else</span>")
    }

    private var channels: String {
        table(
            ["経路 <span lang=\"en\">channel</span>", "届いた/送り先 <span lang=\"en\">have it/asked</span>", "半分まで <span lang=\"en\">to half</span>", "最後 <span lang=\"en\">last</span>", "端末に届いた/出た/触れた <span lang=\"en\">reached/shown/touched</span>"],
            report.channels.map { channel in
                [
                    channel.name, "\(channel.delivered)/\(channel.asked)",
                    Report.duration(channel.times.isEmpty ? nil : channel.times[(channel.times.count - 1) / 2]), Report.duration(channel.times.last),
                    "\(channel.reached)/\(channel.shown)/\(channel.touched)",
                ]
            }, none: "送った経路はありません <span lang=\"en\">no channel was asked</span>")
    }

    private var missing: String {
        table(
            ["経路 <span lang=\"en\">channel</span>", "送り先 <span lang=\"en\">far end</span>", "状態 <span lang=\"en\">state</span>", "理由 <span lang=\"en\">why</span>"],
            report.missing.prefix(Self.rowLimit).map { [$0.channel, report.farEnd($0), Report.state($0.state), $0.why] },
            none: report.sends.isEmpty ? "送り先はありませんでした <span lang=\"en\">nobody was asked</span>" : "すべての送り先に届きました <span lang=\"en\">every far end has it</span>")
    }

    private var calls: String {
        table(
            ["時刻 <span lang=\"en\">time</span>", "だれが <span lang=\"en\">by</span>", "送り先 <span lang=\"en\">far end</span>", "電話 <span lang=\"en\">number</span>", "答え <span lang=\"en\">answer</span>"],
            report.calls.map { [Report.time($0.at), $0.by, report.farEnd($0.channel, $0.endpoint), $0.phone ?? "", $0.told] }, none: "ありません <span lang=\"en\">none</span>")
    }

    private var skips: String {
        table(
            ["理由 <span lang=\"en\">why</span>", "送り先の数 <span lang=\"en\">far ends</span>"], report.skips.map { [$0.why, "\($0.count)"] },
            none: "ありません <span lang=\"en\">none</span>")
    }

    private var rows: String {
        let shown = report.sends.prefix(Self.rowLimit)
        let rest = report.sends.count - shown.count
        let more = rest > 0 ? "<p>ほか\(rest)行は noroshi log --alert \(text(report.alert.id)) --format csv で <span lang=\"en\">\(rest) more in the log</span></p>\n" : ""
        return table(
            ["時刻 <span lang=\"en\">time</span>", "経路 <span lang=\"en\">channel</span>", "送り先 <span lang=\"en\">far end</span>", "状態 <span lang=\"en\">state</span>", "かかった時間 <span lang=\"en\">took</span>", "回数 <span lang=\"en\">tries</span>", "答え・理由 <span lang=\"en\">answer, why</span>"],
            shown.map { [Report.time($0.offered_at), $0.channel, report.farEnd($0), Report.state($0.state), Report.duration($0.milliseconds), "\($0.attempts)", $0.why] },
            none: "ありません <span lang=\"en\">none</span>") + more
    }

    // MARK: the picture

    /// How many of the far ends that were asked had it after so long: a stair from 1 ms to an hour, each step of the scale ten times as long.
    private var chart: String {
        let (times, asked) = (report.times, report.sends.count)
        guard asked > 0, !times.isEmpty else { return "<p>届いた送り先はありません <span lang=\"en\">no far end has it</span></p>\n" }
        let (left, right, top, bottom) = (50.0, 690.0, 12.0, 200.0)
        func x(_ milliseconds: Double) -> Double { left + (right - left) * min(1, log10(max(1, milliseconds)) / log10(3_600_000)) }
        func y(_ share: Double) -> Double { bottom - (bottom - top) * share }
        func at(_ value: Double) -> String { String(format: "%.1f", value) }
        var path = "M\(at(left)) \(at(bottom))"
        for (index, time) in times.enumerated() where times.count <= 500 || index % (times.count / 500 + 1) == 0 || index == times.count - 1 {
            path += "H\(at(x(time)))V\(at(y(Double(index + 1) / Double(asked))))"
        }
        path += "H\(at(right))"
        let marks: [(Double, String)] = [(1, "1 ms"), (10, "10 ms"), (100, "0.1 s"), (1000, "1 s"), (10_000, "10 s"), (60_000, "1 min"), (600_000, "10 min"), (3_600_000, "1 h")]
        let scale = marks.map { "<path class=\"rule\" d=\"M\(at(x($0)))  \(at(top))V\(at(bottom))\"/><text x=\"\(at(x($0)))\" y=\"216\" text-anchor=\"middle\">\($1)</text>" }.joined()
        let shares = [0.0, 0.5, 0.95, 1].map { share in
            "<path class=\"rule\" d=\"M\(at(left)) \(at(y(share)))H\(at(right))\"/><text x=\"44\" y=\"\(at(y(share) + (share == 0.95 ? 10 : 4)))\" text-anchor=\"end\">\(Int(share * 100))%</text>"
        }.joined()
        let spoken = "送り先\(asked)か所のうち\(times.count)か所に届いた。最初 \(Report.duration(times.first))、最後 \(Report.duration(times.last))"
        return "<svg viewBox=\"0 0 720 224\" role=\"img\" aria-label=\"\(text(spoken))\">\(scale)\(shares)<path class=\"line\" d=\"\(path)\"/></svg>\n"
    }

    static let style = """
        :root{--accent:#a3001b}body.drill{--accent:#00507a}
        body{margin:0 auto;max-width:60rem;padding:1rem;font-family:"Noto Sans CJK JP","Noto Sans JP",sans-serif;line-height:1.6;color:#111;background:#fff}
        header{border-left:.5rem solid var(--accent);padding-left:1rem}.mode{font-weight:bold;color:var(--accent);margin:0}h1{font-size:1.5rem;margin:0}
        .title{font-size:1.25rem;margin:.25rem 0}h2{font-size:1.1rem;border-bottom:2px solid var(--accent);margin:1.5rem 0 .5rem}
        span[lang=en]{font-weight:normal;font-size:.8em;color:#444}.words{white-space:pre-wrap;margin:.25rem 0}
        dl{display:grid;grid-template-columns:repeat(auto-fill,minmax(13rem,1fr));gap:.5rem}dl div{border:1px solid #999;padding:.4rem .6rem}dd{margin:0;font-weight:bold;overflow-wrap:anywhere}
        section{overflow-x:auto}table{border-collapse:collapse;width:100%;min-width:36rem;font-size:.85rem}th,td{border:1px solid #999;padding:.2rem .4rem;text-align:left;overflow-wrap:anywhere}
        svg{width:100%;font-size:11px}.rule{stroke:#bbb;fill:none}.line{stroke:var(--accent);stroke-width:2.5;fill:none}
        @page{size:A4;margin:14mm}@media print{body{padding:0;max-width:none}table{min-width:0}tr,dl div,svg{break-inside:avoid}h2{break-after:avoid}}
        """
}
