/// A drill from its plan to its score, and what it leaves: over the program's own lines and adapters, with far ends that listen.
import AlertModel
import ChannelKit
import Desk
import Devices
import Dispatching
import Foundation
import Hub
import Ledger
import Memories
import Testing

extension LiveFarEndTests {
    private func with(_ body: (Ground) async throws -> Void) async throws {
        let folder = URL.temporaryDirectory.appending(path: "noroshi-drills-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try await Side.with("live", in: folder) { live in
            try await Side.with("drill", in: folder) { drill in
                let ground = try await Ground(live: live, drill: drill, in: folder)
                try await ground.takeUp()
                try await body(ground)
                await ground.close()
            }
        }
    }

    private func push(_ fields: [String: Any], _ ground: Ground, _ mode: ModeName = .exercise) async throws {
        let octets = try JSONSerialization.data(withJSONObject: fields.merging(["town": Ground.code, "mode": mode.rawValue]) { $1 })
        _ = try await ground.hub.push([UInt8](octets), by: Ground.person)
    }

    @Test("A drill is planned, run, scored and erased: what it left is gone from every screen and from the desk, its score and its record stay, also over a restart")
    func fromPlanToScore() async throws {
        try await with { ground in
            let town = try #require(ground.hub.towns.all.first), person = Ground.person
            let planned = try await ground.hub.plan("秋の津波訓練", note: "沿岸の三地区", at: nil, in: town.id, by: person)
            #expect(planned.state == .planned)
            // What was told before it began is not its own.
            try await push(["kind": "notice", "title": "前", "body": Acts.word], ground)
            #expect(await ground.isQuiet())
            _ = try await ground.hub.begin(planned.id, by: person)
            try await push(["kind": "evacuation", "level": 4, "hazard": "津波", "districts": Ground.districts, "reason": Acts.word], ground)
            try await push(["kind": "evacuation", "level": 3, "hazard": "洪水", "districts": [Ground.districts[0]], "reason": Acts.word], ground)
            try await push(["kind": "shelter", "shelter": Ground.shelters[0], "state": "open"], ground)
            var way = Intake(source: "http:訓練係")
            way.replay = "p1"
            let tsunami = try Data(contentsOf: Ground.package.appending(path: "Templates/demo/04_20110311144959_VTSE41.xml"))
            _ = try await ground.hub.take([UInt8](tsunami), way)
            #expect(await ground.isQuiet())
            let shown = await ground.page("wifi-portal-both")
            #expect(shown.contains("津波") && shown.contains(Acts.word))
            // A device says that it shows it; the far end of mails is away for the last word.
            let told = try #require(try await ground.hub.ledger.town(town.id).alerts(AlertQuery()).first { $0.content.kind == .evacuation })
            _ = ground.hub.ledger.town(town.id).append(RecordedReceipt(
                id: "r1", alert: told.content.id, channel: "school-tablet", endpoint: "school-tablet-both", device: "d1", reach: .shown, occurred: ground.now, received: ground.now))
            await #expect(throws: DrillFailure.self, "erased only once it is over") { _ = try await ground.hub.erase(planned.id, by: person) }
            let over = try await ground.hub.end(planned.id, by: person)
            let score = try #require(over.score)
            #expect(score.alerts.count == 4 && score.asked > 20 && score.delivered == score.asked && score.misses == 0 && score.doubles == 0, "\(score)")
            #expect(score.first_ms != nil && score.to_95_percent_ms != nil && score.shown == 1 && score.first_device_ms != nil && score.never.isEmpty, "\(score)")
            #expect(!score.alerts.contains { $0.title == "前" })

            _ = ground.stream.taken()
            let (erased, events) = try await ground.hub.erase(planned.id, by: person)
            #expect(await ground.isQuiet())
            #expect(erased.state == .erased && erased.erased?.by == person.name && events >= 5, "\(events)")
            try await gone(ground, town, planned.id, score)
            // Tablets were told of each event that it is taken back, and of nothing else.
            let told2 = ground.stream.taken().filter { $0.topic.site == "school-tablet-both" }
            #expect(told2.count >= 5 && told2.allSatisfy { $0.event.name == "cancel" && $0.event.isRevocation }, "\(told2.map(\.event.key))")
            #expect(ground.transport.taken().allSatisfy { !ground.live.isHere($0.url) || $0.isEmpty })
            try await ground.restart()
            #expect(await ground.isQuiet())
            try await gone(ground, town, planned.id, score)
        }
    }

    private func gone(_ ground: Ground, _ town: Town, _ id: String, _ score: DrillScore) async throws {
        #expect(ground.hub.standing(of: town.id, .exercise).rows.isEmpty)
        #expect(ground.hub.inForce(in: town.id, .exercise).isEmpty)
        let page = await ground.page("wifi-portal-both")
        #expect(!page.contains(Acts.word) && !page.contains("取り消") && !page.contains("<section class=\"drill\""), "something of the drill is on the page")
        #expect(ground.hub.exercise.shelters.statuses(of: town).allSatisfy { $0.state == nil || $0.state == .closed })
        let kept = try #require(ground.hub.drills(of: town.id).first { $0.id == id })
        #expect(kept.state == .erased && kept.score == score)
        // The record has every word of it.
        let alerts = try await ground.hub.ledger.town(town.id).alerts(AlertQuery())
        #expect(alerts.contains { $0.content.message != .cancel && $0.content.kind == .evacuation && $0.mode == .exercise })
        #expect(try await ground.hub.ledger.verify(town.id).flaw == nil)
    }

    @Test("Erasing touches nothing real, and only who may send drills there may erase")
    func onlyDrills() async throws {
        try await with { ground in
            let town = try #require(ground.hub.towns.all.first), person = Ground.person
            let drill = try await ground.hub.plan("小さな訓練", note: nil, at: nil, in: town.id, by: person)
            _ = try await ground.hub.begin(drill.id, by: person)
            try await push(["kind": "notice", "title": "給水", "body": Acts.word], ground)
            try await push(["kind": "evacuation", "level": 3, "hazard": "洪水", "districts": [Ground.districts[1]]], ground, .actual)
            #expect(await ground.isQuiet())
            _ = try await ground.hub.end(drill.id, by: person)
            let (before, page) = (ground.hub.standing(of: town.id, .actual), await ground.page("wifi-portal-live"))
            let reader = Operator(name: "閲覧", tokenDigest: DeviceRegister.digest("r"), scopes: [.read])
            await #expect(throws: DrillFailure.self) { _ = try await ground.hub.erase(drill.id, by: reader) }
            _ = try await ground.hub.erase(drill.id, by: person)
            #expect(await ground.isQuiet())
            #expect(ground.hub.standing(of: town.id, .actual) == before && before.rows.count == 1)
            let (live, both) = (await ground.page("wifi-portal-live"), await ground.page("wifi-portal-both"))
            #expect(live == page && both.contains("洪水"))
        }
    }

    @Test("What is due while a tsunami warning is in force waits, and is one digest afterwards; in drills and for real alike", arguments: [ModeName.actual, .exercise])
    func digest(mode: ModeName) async throws {
        try await with { ground in
            let town = try #require(ground.hub.towns.all.first)
            func titles() async throws -> [String] {
                try await ground.hub.ledger.town(town.id).alerts(AlertQuery()).reversed().filter { $0.content.kind == .notice && $0.mode == mode }.map(\.content.title)
            }
            for (title, every) in [("市場", ScheduledNotice.Rhythm.once), ("体操", .daily), ("給食", .once)] {
                _ = try await ground.hub.schedule(title, "\(title)のお知らせです", at: ground.now.addingTimeInterval(300), every: every, mode, in: town.id, by: Ground.person)
            }
            let file = Ground.package.appending(path: "Templates/demo/04_20110311144959_VTSE41.xml"), text = try String(contentsOf: file, encoding: .utf8)
            func tell(_ type: String) async throws {
                let now = text.replacing(#/2011-03-11T\d\d:\d\d:\d\d(Z|\+09:00)/#, with: JapanTime.text(ground.now, milliseconds: false)).replacing("<InfoType>発表", with: "<InfoType>\(type)")
                _ = try await ground.hub.take(Array(now.utf8), Intake(source: "dmdata:1"))
            }
            try await tell("発表")
            for _ in 0..<5 {
                ground.turn(by: 400)
                await ground.hub.tellScheduled(now: ground.now)
            }
            #expect(try await titles().isEmpty, "nobody is told of a market while the sea comes")
            #expect(ground.hub.scheduled(in: town.id).count { $0.heldSince != nil } == 3)
            // What waits waits over a restart too.
            #expect(await ground.isQuiet())
            try await ground.restart()
            await ground.hub.tellScheduled(now: ground.now)
            #expect(try await titles().isEmpty)
            ground.turn(by: 60)
            try await tell("取消")
            ground.turn(by: 590)
            await ground.hub.tellScheduled(now: ground.now)
            #expect(try await titles().isEmpty, "the sea first, and nothing beside its last word")
            ground.turn(by: 20)
            for _ in 0..<3 { await ground.hub.tellScheduled(now: ground.now) }
            #expect(try await titles() == ["お知らせのまとめ（3件）"])
            #expect(ground.hub.scheduled(in: town.id).map(\.title) == ["体操"], "tomorrow again")
            #expect(await ground.isQuiet())
        }
    }
}
