/// What people read is the table: after any act of two people, on every page and tablet, after a kill, at a cut edge.
import Chance
import ChannelKit
import Foundation
import Glibc
import Testing

/// One thing said of a place: this district is under this level for this hazard.
private struct Claim: Hashable, CustomStringConvertible {
    var hazard, district: String
    var level: Int
    var description: String { "\(hazard) \(district) \(level)" }

    static let districts = ["気仙沼地区", "階上地区", "大島地区", "面瀬地区", "唐桑地区"]
    /// Where all of the town's districts are under one level.
    static let wholeTown = "市内全域"
    static let hazards = ["洪水", "土砂災害", "津波"]
    private static let levels = [("高齢者等避難", 3), ("避難指示", 4), ("緊急安全確保", 5)]
    /// A sentence that says what is in force; one that gives its minute (…現在) speaks of then.
    private static let verbs = ["発令しました", "続いています", "出ています", "変更しました", "引き下げました", "切り替えました"]

    /// What a Japanese text says is in force: in such a sentence, the districts before the name of a level are under it.
    static func read(_ text: String) -> Set<Claim> {
        guard let hazard = hazards.first(where: { name in
            text.split(separator: "現在、").first.map { $0.contains(name) } ?? false
        }) else { return [] }
        var claims: Set<Claim> = []
        for sentence in text.split(whereSeparator: { $0 == "。" || $0.isNewline })
        where verbs.contains(where: { sentence.contains($0) }) && !sentence.contains("現在、") {
            // What stood before a change is no claim.
            var rest = String(sentence).replacing(#/に出していた[^を]*を、/#, with: "に、")[...]
            var pending: [String] = []
            while !rest.isEmpty {
                if rest.hasPrefix(wholeTown) {
                    pending += districts
                    rest.removeFirst(wholeTown.count)
                } else if let district = districts.first(where: { rest.hasPrefix($0) }) {
                    pending.append(district)
                    rest.removeFirst(district.count)
                } else if let (name, level) = levels.first(where: { rest.hasPrefix($0.0) }) {
                    claims.formUnion(pending.map { Claim(hazard: hazard, district: $0, level: level) })
                    pending = []
                    rest.removeFirst(name.count)
                } else {
                    rest.removeFirst()
                }
            }
        }
        return claims
    }

    /// What a spot's page says is in force.
    static func readPage(_ html: String) -> Set<Claim> {
        let inForce = html.split(separator: #/<h2>(取り消された|終わった)情報/#, maxSplits: 1).first ?? ""
        return inForce.components(separatedBy: "<article").dropFirst().reduce(into: []) { claims, article in
            let words = (article.split(separator: "</article>", maxSplits: 1).first ?? "")
                .replacing(#/<\/(p|h\d|div|summary)>|<br>/#, with: "\n").replacing(#/<[^>]*>/#, with: "")
            claims.formUnion(read(String(words)))
        }
    }
}

extension EndToEnd {
    @Suite struct Standings {
        private struct Table: Decodable {
            struct Row: Decodable { var district, hazard, event, alert: String; var level: Int }
            var version: Int
            var districts: [Row]
            var claims: Set<Claim> {
                Set(districts.map { Claim(hazard: $0.hazard, district: $0.district, level: $0.level) })
            }
        }

        private static let seed = ProcessInfo.processInfo.environment["NOROSHI_SEED"].flatMap { UInt64($0) }
            ?? UInt64.random(in: 1...999_999)
        private static let acts = ProcessInfo.processInfo.environment["NOROSHI_ACTS"].flatMap { Int($0) } ?? 14

        @Test("After any act of two people every page, tablet and feed says what the table says; so after a kill, and at a cut edge")
        func pages() async throws {
            var town = TownFile(gateway: "http://127.0.0.1:9")
            town.moreDistricts = Array(Claim.districts.dropFirst(2))
            town.hasSecondPerson = true
            let (folder, edgeFolder) = (try TestHub.newFolder(), try TestHub.newFolder())
            var hub = try await TestHub.start(town, in: folder)
            var programs = [hub.program]
            defer {
                programs.forEach { $0.signal(SIGKILL) }
                for folder in [folder, edgeFolder] { try? FileManager.default.removeItem(at: folder) }
            }
            let edge = try await TestEdge.start(hub: hub.port, in: edgeFolder, code: try await hub.edgeCode())
            programs.append(edge.program)
            let device = try await hub.enrol()
            try await eventually("the edge knows the tablet") { try await edge.knows(device.token) }

            var dice = Dice(seed: Self.seed)
            for number in 1...Self.acts {
                let told = try await act(on: hub, &dice)
                try await check(hub, edge, device, "seed \(Self.seed), act \(number): \(told)")
                // Once in the middle of it all.
                guard number == Self.acts / 2 else { continue }
                let before = try await table(hub)
                hub.program.signal(SIGKILL)
                _ = try await hub.program.ended()
                try await Self.checkCut(edge, device, before, "seed \(Self.seed), cut after act \(number)")
                hub = try await TestHub.start(town, in: folder, at: hub.port)
                programs.append(hub.program)
                #expect(try await table(hub).claims == before.claims, "after the kill")
                try await eventually("the edge is back on the line") { try await edge.line() == "up" }
                try await check(hub, edge, device, "seed \(Self.seed), restarted after act \(number)")
            }
        }

        // MARK: Acts

        /// One of two people does something; what is refused changes nothing.
        private func act(on hub: TestHub, _ dice: inout Dice) async throws -> String {
            let before = try await table(hub)
            let token = Bool.random(using: &dice) ? TownFile.token : TownFile.secondToken
            // One act in six is made on an older page.
            let seen = Int.random(in: 0..<6, using: &dice) == 0 ? max(0, before.version - 1) : before.version
            let headers = [(name: "If-Match", value: "\"\(seen)\"")]
            let some = Claim.districts.shuffled(using: &dice).prefix(Int.random(in: 1...3, using: &dice))
            let hazard = Claim.hazards.randomElement(using: &dice) ?? "洪水"
            var order: [String: Any] = ["town": "042056", "kind": "evacuation", "mode": "actual", "hazard": hazard]
            let answer: HTTPAnswer
            let what: String
            let row = before.districts.randomElement(using: &dice)
            switch Int.random(in: 0..<10, using: &dice) {
            case 0..<5:
                order["level"] = hazard == "津波" ? 4 : Int.random(in: 3...5, using: &dice)
                order["districts"] = Array(some)
                what = "\(hazard) \(order["level"] ?? 0) \(some)"
                answer = try await push(order, hub, token, headers)
            case 5..<8:
                order["hazard"] = row?.hazard ?? hazard
                order["lifted"] = true
                let own = before.districts.filter { $0.hazard == row?.hazard }.map(\.district)
                let chosen = Int.random(in: 0..<3, using: &dice) == 0 ? [] : Array(own.prefix(Int.random(in: 1...2, using: &dice)))
                if !chosen.isEmpty { order["districts"] = chosen }
                what = "lift \(order["hazard"] ?? "") \(chosen)"
                answer = try await push(order, hub, token, headers)
            case 8:
                order = ["town": "042056", "kind": "notice", "mode": "actual", "title": "給水のお知らせ", "body": "市民会館で給水しています。"]
                if let row { order["event"] = row.event }
                what = "a notice on \(row?.event ?? "nothing")"
                answer = try await push(order, hub, token, [])
            default:
                guard let row else { return "nothing to take back" }
                what = "take back \(row.alert) of \(row.hazard)"
                answer = try await hub.call("POST", "/v1/alerts/\(row.alert)/cancel", token: token, headers: headers)
            }
            let after = try await table(hub)
            if answer.status == 202 {
                #expect(seen == before.version || what.hasPrefix("a notice"), "an act on an older page went through: \(what)")
            } else {
                #expect((400..<500).contains(answer.status), "\(what): \(answer.status) \(answer.text)")
                #expect(after.claims == before.claims && after.version == before.version, "\(what): \(answer.text)")
            }
            return "\(what) → \(answer.status), \(after.claims.map(\.description).sorted())"
        }

        private func push(
            _ order: [String: Any], _ hub: TestHub, _ token: String, _ headers: [(name: String, value: String)]
        ) async throws -> HTTPAnswer {
            let body = try JSONSerialization.data(withJSONObject: order)
            return try await hub.call("POST", "/v1/alerts", Array(body), token: token, headers: headers)
        }

        // MARK: What is shown

        private func table(_ hub: TestHub) async throws -> Table {
            try await hub.get("/v1/towns/042056/standing?mode=actual", as: Table.self)
        }

        private func check(_ hub: TestHub, _ edge: TestEdge, _ device: TestHub.Device, _ when: String) async throws {
            let table = try await table(hub)
            try await Self.agrees("the spots' pages: \(when)", table.claims) {
                let station = Claim.readPage(try await hub.page())
                return Claim.readPage(try await hub.page("uo-ichiba")) == station ? station : nil
            }
            try await Self.agrees("a tablet: \(when)", table.claims) { try await Self.shown(try await hub.tablet(device)) }
            try await Self.checkCut(edge, device, table, when)
            struct Page: Decodable {
                struct Alert: Decodable { var event: String; var kind: String; var in_force: Bool }
                var alerts: [Alert]
            }
            let alerts = try await hub.get("/v1/alerts?town=042056&limit=1000", as: Page.self).alerts
            let told = Set(alerts.filter { $0.in_force && $0.kind == "evacuation" }.map(\.event))
            #expect(told.isSuperset(of: table.districts.map(\.event)), "in force in the list: \(when)")
        }

        /// What the school's own server shows, with or without the hub.
        private static func checkCut(_ edge: TestEdge, _ device: TestHub.Device, _ table: Table, _ when: String) async throws {
            try await agrees("the edge's page: \(when)", table.claims) {
                Claim.readPage(try await edge.call("GET", "/spots/kesennuma-eki/").text)
            }
            try await agrees("a tablet at the edge: \(when)", table.claims) { try await shown(try await edge.tablet(device.token)) }
        }

        private static func agrees(_ what: String, _ claims: Set<Claim>, _ shown: () async throws -> Set<Claim>?) async throws {
            var last: Set<Claim>?
            do {
                try await eventually(what, within: .seconds(20)) {
                    last = try await shown()
                    return last == claims
                }
            } catch {
                let wrong = (last ?? []).subtracting(claims).map(\.description).sorted()
                let missing = claims.subtracting(last ?? []).map(\.description).sorted()
                Issue.record("\(what)\n  says \(wrong), leaves out \(missing)")
            }
        }

        /// A tablet that comes on the line now: the last words of each event that is not over.
        private static func shown(_ line: StreamLine) async throws -> Set<Claim> {
            var claims: Set<Claim> = []
            var latest: [String: [String: Any]] = [:]
            for event in line.events {
                guard let value = try JSONSerialization.jsonObject(with: Data(event.data.utf8)) as? [String: Any],
                    value["kind"] as? String == "evacuation", let name = value["event"] as? String
                else { continue }
                latest[name] = value
            }
            for value in latest.values where value["over"] as? Bool != true {
                let text = ((value["texts"] as? [String: Any])?["ja"] as? [String: String]) ?? [:]
                claims.formUnion(Claim.read("\(text["title"] ?? "")\n\(text["body"] ?? "")"))
            }
            return claims
        }
    }
}
