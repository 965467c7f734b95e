import ChannelKit
import Commons
import Foundation
import Synchronization
import Testing

extension EndToEnd {
    @Suite struct Shelters {
        private static let list = """
            全国地方公共団体コード,ID,名称,所在地_連結表記,緯度,経度,想定収容人数
            042056,A1,見本会館,見本町1-1,38.9,141.5,約１００人
            042056,A2,見本小学校,見本町2-2,141.6,38.8,200
            042056,hashikami-chu,別の名,別の所,38.8,141.5,1
            042030,B1,隣の町の会館,塩竈,38.3,141.0,50
            042056,A3,,名のない所,38.9,141.5,10

            """
        private struct Report: Decodable {
            struct Remark: Decodable { var line: Int; var kind, text: String }
            struct Column: Decodable { var column: Int; var header, verdict: String; var used_as: String? }
            var list: String
            var columns: [Column]
            var other_lists: [String]
            var added, changed, removed, kept_open, of_settings: [String]
            var unchanged, elsewhere, refused_rows: Int
            var dry_run: Bool
            var remarks: [Remark]
        }
        private struct Row: Decodable, Equatable { var id, name: String; var state: String?; var capacity: Int? }

        private func hand(_ list: String, to hub: TestHub, dryRun: Bool = false) async throws -> Report {
            let answer = try await hub.call(
                "POST", "/v1/towns/042056/shelters/import?name=list.csv\(dryRun ? "&dry_run=true" : "")", Array(list.utf8), type: "text/csv")
            guard answer.status == 200 else { throw TestHub.Refused(answer: answer.text, status: answer.status) }
            return try JSONDecoder().decode(Report.self, from: Data(answer.body))
        }
        private func register(_ hub: TestHub) async throws -> [Row] {
            struct Page: Decodable { var shelters: [Row] }
            return try await hub.get("/v1/towns/042056/shelters", as: Page.self).shelters
        }

        /// Whatever the world can see of the town: log, pages, stream, reports to newsrooms.
        private func outside(_ hub: TestHub, _ node: CommonsNode, _ tablet: StreamLine) async throws -> [String] {
            [
                "\(try await hub.rows().count) deliveries", "\(try await hub.alerts().count) alerts", try await hub.page(),
                "\(node.every.count) reports", "\(tablet.text.components(separatedBy: "event: alert").count) events",
            ]
        }

        @Test("A list says line by line what it mends and refuses, changes the register, and nobody outside notices; opening tells every channel the same state")
        func story() async throws {
            let node = CommonsNode(password: "secret")
            try await withThrowingTaskGroup(of: Void.self) { group in
                let port = Mutex<Int?>(nil)
                group.addTask { try await CommonsServer(node).run { bound in port.withLock { $0 = bound } } }
                let bound = try await eventually("the node listens") { port.withLock { $0 } }
                var town = TownFile(gateway: "http://127.0.0.1:9")
                town.more = """
                          - channel: l-alert
                            id: commons
                            name: 節点
                            actual: {url: "http://127.0.0.1:\(bound)/commons/publisher/soap", user: town, password: secret, sender_id: kesennuma.example.lg.jp, office: 危機管理課}
                    """
                try await TestHub.with(town) { hub in try await self.story(hub, node) }
                group.cancelAll()
            }
        }

        private func story(_ hub: TestHub, _ node: CommonsNode) async throws {
            let tablet = try await hub.tablet(hub.enrol())
            let before = try await outside(hub, node, tablet)
            let dry = try await hand(Self.list, to: hub, dryRun: true)
            #expect(dry.dry_run && dry.added == ["A1", "A2"])
            #expect(try await register(hub).map(\.id) == ["hashikami-chu"], "a dry run changes nothing")

            let report = try await hand(Self.list, to: hub)
            #expect(report.added == ["A1", "A2"] && report.of_settings == ["hashikami-chu"])
            #expect(report.elsewhere == 1 && report.refused_rows == 1)
            #expect(report.remarks.contains { $0.line == 2 && $0.kind == "mended" && $0.text.contains("約１００人") })
            #expect(report.remarks.contains { $0.line == 3 && $0.kind == "mended" && $0.text.contains("wrong way round") })
            #expect(report.columns.map(\.verdict) == Array(repeating: "used", count: 7))
            #expect(report.remarks.contains { $0.line == 6 && $0.kind == "refused" && $0.text.contains("no name") })
            #expect(try await register(hub).map(\.name) == ["階上中学校", "見本会館", "見本小学校"])

            let edited = try await hand(Self.list.replacing("見本会館", with: "見本センター"), to: hub)
            #expect(edited.changed == ["A1"] && edited.unchanged == 1)
            #expect(try await outside(hub, node, tablet) == before, "lists and edits publish nothing")

            let pushed = try await hub.push(#"{"town":"042056","kind":"shelter","mode":"actual","shelter":"A1","state":"open"}"#)
            let rows = try await eventually("all who can be told are told") {
                let rows = try await hub.rows("alert=\(pushed.id)").filter { $0.channel != "area-mail" }
                return !rows.isEmpty && rows.allSatisfy { $0.state == "delivered" } ? rows : nil
            }
            #expect(Set(rows.map(\.channel)).isSuperset(of: ["wifi-portal", "school-tablet", "l-alert"]))
            #expect(try await register(hub).filter { $0.state == "open" }.map(\.id) == ["A1"])
            #expect(try await hub.page().contains("見本センター"))
            try await eventually("the tablet shows it") { tablet.text.contains("見本センター") }
            let document = try #require(node.held.first { $0.category == "Shelter" }?.report)
            let open = document.all("Information").filter { $0.words("Sort") == "開設" }
            #expect(open.map { $0.words("Location/areaName") ?? $0.all("areaName").first?.text } == ["見本センター"])

            // Open, and in no list any more: it stays until it is closed.
            let shorter = try await hand(Self.list.replacing("042056,A1,見本会館,見本町1-1,38.9,141.5,約１００人\n", with: ""), to: hub)
            #expect(shorter.kept_open == ["A1"] && shorter.removed == [])
        }

        @Test("What the tablet of an open shelter reports of how full it is stands on the pages and on every tablet, where the town's rule says so")
        func crowding() async throws {
            var town = TownFile(gateway: "http://127.0.0.1:9")
            town.more = """
                      - {channel: school-tablet, id: gym, name: 体育館, district: 階上地区, shelter: hashikami-chu, actual: {}, exercise: {}}
                    crowding: publish
                """
            try await TestHub.with(town) { hub in
                let (keeper, school) = (try await hub.enrol(at: "gym"), try await hub.tablet(hub.enrol()))
                _ = try await hub.push(#"{"town":"042056","kind":"shelter","mode":"actual","shelter":"hashikami-chu","state":"open"}"#)
                try await eventually("it is open") { try await hub.page().contains("開設中") }
                for (crowding, page, tablet) in [("full", "満員", #""state":"full""#), ("crowded", "混雑しています", "混雑しています")] {
                    let report = #"{"id":"\#(crowding)","people":120,"crowding":"\#(crowding)"}"#
                    #expect(try await hub.call("POST", "/v1/reports", Array(report.utf8), token: keeper.token).status == 202)
                    try await eventually("the page says \(page)", within: .seconds(5)) { try await hub.page().contains(page) }
                    try await eventually("the other tablet too", within: .seconds(5)) { school.text.contains(tablet) }
                }
            }
        }

        @Test("Two lists of one layout stay beside each other; each is replaced under its own name and removed as a whole")
        func lists() async throws {
            let header = "ID,名称,所在地_連結表記,緯度,経度,災害種別_洪水,災害種別_津波\n"
            let sites = header + "K1,試験公園,試験1,38.90,141.57,1,1\nK2,試験高台,試験2,38.91,141.58,1,1\n"
            let houses = header + "H1,試験中学校,試験3,38.92,141.57,1,\n"
            try await TestHub.with(TownFile(gateway: "http://127.0.0.1:9")) { hub in
                func hand(_ text: String, _ query: String) async throws -> Report {
                    let answer = try await hub.call("POST", "/v1/towns/042056/shelters/import?\(query)", Array(text.utf8), type: "text/csv")
                    guard answer.status == 200 else { throw TestHub.Refused(answer: answer.text, status: answer.status) }
                    return try JSONDecoder().decode(Report.self, from: Data(answer.body))
                }
                #expect(try await hand(sites, "name=sites.csv").list == "sites")
                let second = try await hand(houses, "name=shelters.csv")
                #expect(second.list == "shelters" && second.other_lists == ["sites"] && second.removed.isEmpty)
                #expect(try await register(hub).map(\.id) == ["hashikami-chu", "H1", "K1", "K2"])
                let renamed = try await hand(sites.replacing("K2,試験高台,試験2,38.91,141.58,1,1\n", with: ""), "name=sites-2027.csv")
                #expect(renamed.list == "sites" && renamed.removed == ["K2"], "the same list under another file name")
                let named = try await hand(header + "1,会館,試験9,38.9,141.5,1,1\n", "name=x.csv&list=%E6%B4%A5%E6%B3%A2%E9%81%BF%E9%9B%A3%E3%83%93%E3%83%AB")
                #expect(named.list == "津波避難ビル" && Set(named.other_lists) == ["sites", "shelters"])
                for query in ["dry_run=True", "dry_run=1", "dryrun=true", "dry_run=true&dry_run=false"] {
                    #expect(try await hub.call("POST", "/v1/towns/042056/shelters/import?\(query)", Array(sites.utf8), type: "text/csv").status == 400, "\(query)")
                }
                #expect(try await hub.call("DELETE", "/v1/towns/042056/shelters/lists/sites?dry_run=true").status == 200)
                #expect(try await register(hub).contains { $0.id == "K1" })
                #expect(try await hub.call("DELETE", "/v1/towns/042056/shelters/lists/sites").status == 200)
                #expect(try await hub.call("DELETE", "/v1/towns/042056/shelters/lists/sites").status == 404)
                #expect(try await register(hub).map(\.id) == ["hashikami-chu", "H1", "1"])
            }
        }

        @Test("A list outlives the hub, and the command line says what the hub said")
        func command() async throws {
            let folder = try TestHub.newFolder()
            let file = folder.appending(path: "list.csv")
            try Data(Self.list.utf8).write(to: file)
            let town = TownFile(gateway: "http://127.0.0.1:9")
            try await TestHub.with(town, in: folder) { hub in
                let said = ["NOROSHI_HUB": hub.address, "NOROSHI_TOKEN": TownFile.token]
                let dry = try await Program.run("shelters", "import", file.path, "--town", "042056", "--dry-run", environment: said)
                #expect(dry.code == 0 && dry.out.contains("6行  不採用 refused  名前がない (no name)") && dry.out.contains("試し読み"), "\(dry.errors)")
                let done = try await Program.run("shelters", "import", file.path, "--town", "042056", environment: said)
                #expect(done.code == 0 && done.out.contains("追加2 変更0"))
                let bad = try await Program.run("shelters", "import", "-", "--town", "042056", environment: said, input: Array("a,b\n1,2\n".utf8))
                #expect(bad.code == 65 && bad.errors.contains("no header"), "\(bad.errors)")
            }
            try await TestHub.with(town, in: folder) { hub in
                let ids = try await register(hub).map(\.id)
                #expect(ids == ["hashikami-chu", "A1", "A2"])
            }
            try FileManager.default.removeItem(at: folder)
        }
    }
}
