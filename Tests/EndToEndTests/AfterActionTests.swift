/// The after-action report, as somebody reads it who was not there.
import ChannelKit
import ChannelKitTesting
import Foundation
import Testing

extension EndToEnd {
    @Suite struct AfterActions {
        private static let order =
            #"{"town":"042056","kind":"evacuation","mode":"actual","hazard":"津波","level":4,"districts":["気仙沼地区","階上地区"],"reason":"<b>大津波</b>警報&\"発表\""}"#

        private func run(_ hub: TestHub, _ words: String...) async throws -> Program.Ended {
            try await Program.run(["report"] + words + ["--hub", hub.address, "--token", TownFile.token])
        }

        @Test("An order that one far end refused and that was taken back: its page says who has it, who has not and why, how fast, and the whole story; nothing in it is markup of others")
        func page() async throws {
            let gateway = try await FarEndServer { request in .answer(request.method == "POST" ? 201 : 200) }
            let hook = try await FarEndServer { _ in .answer(404) }
            try await TestHub.with(TownFile(gateway: gateway.url, hook: hook.url + "/hook")) { hub in
                let order = try await hub.push(Self.order)
                let rows = try await hub.settled("alert=\(order.id)")
                #expect(try await hub.cancel(order.id).status == 202)
                let noted = #"{"town":"042056","id":"call-1","mode":"actual","channel":"webhook","endpoint":"hook","answer":"reached","words":"<i>当直</i>に伝えた"}"#
                #expect(try await hub.call("POST", "/v1/calls", Array(noted.utf8)).status == 201)
                let file = hub.folder.appending(path: "report.html")
                let made = try await run(hub, order.id, "--out", file.path)
                #expect(made.code == 0, "\(made)")
                let page = try String(contentsOf: file, encoding: .utf8)
                let (sends, delivered) = (rows.filter { $0.state != "skipped" }, rows.filter { $0.state == "delivered" })
                #expect(page.contains("<dd>\(delivered.count) / \(sends.count)</dd>") && delivered.count == sends.count - 1, "\(rows)")
                #expect(page.contains("【実際】気仙沼市") && page.contains("届いていないところ") && page.contains("<td>隣の市（hook）</td>"))
                #expect(page.contains("電話した記録") && page.contains("<td>伝わった (told)　&lt;i>当直&lt;/i>に伝えた</td>"))
                #expect(page.contains("発表 (issued)") && page.contains("取消 (taken back)"), "the story")
                #expect(page.contains("&lt;b>大津波&lt;/b>警報&amp;&quot;発表&quot;") && !page.contains("<b>"))
                #expect(page.contains("<path class=\"line\"") && !page.contains("<script") && !page.contains("http://"))
                for end in sends { #expect(page.contains("（\(end.endpoint)）</td>"), "\(end.endpoint)") }

                let told = try await run(hub, order.id)
                #expect(told.code == 0 && told.out.contains("\(delivered.count)/\(sends.count)") && told.out.contains("hook"), "\(told)")
                let figures = try await run(hub, order.id, "--format", "json")
                let value = try #require(try JSONSerialization.jsonObject(with: Data(figures.out.utf8)) as? [String: Any])
                #expect((value["calls"] as? [[String: Any]])?.first?["answer"] as? String == "reached")
                #expect(value["delivered"] as? Int == delivered.count && value["asked"] as? Int == sends.count)
                // One of so few is more than five in a hundred: to 95 % it never came.
                #expect(value["median_ms"] != nil && value["to_95_percent_ms"] == nil)
                let first = try #require(value["first_ms"] as? Double), last = try #require(value["last_ms"] as? Double)
                #expect(first <= last && first >= 0)
            }
        }

        @Test("The log as CSV: each row has each column, and a title that would be a formula is a word")
        func csv() async throws {
            let gateway = try await FarEndServer { request in .answer(request.method == "POST" ? 201 : 200) }
            try await TestHub.with(TownFile(gateway: gateway.url)) { hub in
                let order = try await hub.push(#"{"town":"042056","kind":"notice","mode":"exercise","title":"=1+1, \"給水\"","body":"市役所前"}"#)
                let rows = try await hub.settled("alert=\(order.id)")
                let told = try await Program.run("log", "--alert", order.id, "--format", "csv", "--hub", hub.address, "--token", TownFile.token)
                #expect(told.code == 0 && told.lines.count == rows.count + 1, "\(told)")
                let columns = try #require(told.lines.first).components(separatedBy: ",")
                #expect(columns.count == 24 && columns.prefix(2) == ["number", "offered_at"])
                // Only the title has commas and quotes of its own.
                let title = #""'=1+1, ""給水""""#
                for line in told.lines.dropFirst() {
                    #expect(line.contains(title), "\(line)")
                    let cells = line.replacing(title, with: "title").components(separatedBy: ",")
                    #expect(cells.count >= columns.count && cells[11] == order.id, "\(line)")
                }
                #expect(Set(told.lines.dropFirst().map { String($0.prefix { $0 != "," }) }).count == rows.count)
            }
        }

        @Test("Printed it says the same; what cannot be written, named or found ends with its own number")
        func paperAndRefusals() async throws {
            let gateway = try await FarEndServer { request in .answer(request.method == "POST" ? 201 : 200) }
            try await TestHub.with(TownFile(gateway: gateway.url)) { hub in
                let order = try await hub.push(#"{"town":"042056","kind":"notice","mode":"exercise","title":"給水訓練","body":"市役所前で給水します"}"#)
                _ = try await hub.settled("alert=\(order.id)")
                let file = hub.folder.appending(path: "report.pdf")
                let made = try await run(hub, order.id, "--out", file.path)
                #expect(made.code == 0, "\(made)")
                let octets = try Data(contentsOf: file)
                #expect(octets.starts(with: Array("%PDF-".utf8)) && octets.count > 10_000)
                let kept = octets
                #expect(try await run(hub, order.id, "--out", "/proc/none/report.html").code == 73)
                #expect(try await run(hub, order.id, "--out", hub.folder.appending(path: "report.doc").path).code == 64)
                #expect(try await run(hub, "20260101T000000-nobody", "--out", file.path).code == 65)
                #expect(try await Program.run("report", order.id, "--hub", hub.address, "--token", "wrong").code == 77)
                #expect(try Data(contentsOf: file) == kept, "a refused report takes nothing away")
                // A far end that takes no drills of this kind is not sent to, and the report says why.
                let seat = try await hub.push(#"{"town":"042056","kind":"headquarters","mode":"exercise","state":"open"}"#)
                let skipped = try await hub.settled("alert=\(seat.id)").filter { $0.state == "skipped" }
                let why = try #require(skipped.first?.sentence)
                #expect(try await run(hub, seat.id).out.contains(why), "\(why)")
                let drill = hub.folder.appending(path: "drill.html")
                #expect(try await run(hub, order.id, "--out", drill.path).code == 0)
                let page = try String(contentsOf: drill, encoding: .utf8)
                #expect(page.contains("【訓練】") && !page.contains("【実際】"))
            }
        }
    }
}
