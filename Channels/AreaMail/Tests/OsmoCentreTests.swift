import AlertModel
import CellBroadcast
import ChannelKit
import ChannelKitTesting
import FoundationEssentials
import Testing

@testable import AreaMail

@Suite("Area mail behind osmo-cbc 0.5.3", .timeLimit(.minutes(1)))
struct OsmoCentreTests {
    let centre = OsmoCentre()
    let order = "松岩地区に洪水の避難指示。直ちに高台へ避難してください。"
    let graver = "松岩地区に緊急安全確保。命を守る最善の行動をとってください。"
    let quake = "緊急地震速報。宮城県沖で地震。強い揺れに備えてください。"

    func scene<M: Mode>(_ mode: M.Type = Actual.self) throws -> Scene<M> {
        var scene = try Scene(centre, mode)
        scene.pace = centre.pace
        return scene
    }

    // MARK: What a yes is worth

    @Test("A yes after ten seconds is no yes: a base station is silent, and the delivery is tried again")
    func silentPeer() async throws {
        let scene = try scene()
        let adapter = try scene.adapter()
        centre.set(.silent)
        let first = await turning(centre.clock) {
            await failure { () async throws(DeliveryFailure) in try await scene.deliver(order, to: adapter) }
        }
        guard case .unavailable(let reason) = first else { Issue.record("\(String(describing: first))"); return }
        #expect(reason.contains("黙っている基地局") && reason.contains("10.0秒"))
        #expect(adapter.report(on: scene.farEnd)?.items.map(\.certainty) == [.doubtful])
        // It answers again: the same serial under another identifier, and the doubtful one leaves.
        centre.set(.alive)
        try await turning(centre.clock) { _ = try await scene.deliver(order, to: adapter) }
        #expect(centre.cell().texts.keys.sorted() == [0xA005])
        #expect(centre.active == [0xA005])
        #expect(adapter.report(on: scene.farEnd)?.items.map(\.certainty) == [.saidYes])
    }

    @Test("A yes at once proves nothing, and the receipt says so")
    func nobodyConnected() async throws {
        let scene = try scene()
        let adapter = try scene.adapter()
        centre.set(.away)
        let receipt = try await scene.deliver(order, to: adapter)
        #expect(receipt.note?.contains("つながった基地局が一つもなくても、同じ答え") == true)
        let item = try #require(adapter.report(on: scene.farEnd)?.items.first)
        #expect(item.certainty == .saidYes && item.remark?.contains("受け付けたという答えだけ") == true)
    }

    @Test("A late answer to a cancel is told as doubt, never as stopped")
    func lateCancel() async throws {
        let scene = try scene()
        let adapter = try scene.adapter()
        try await scene.deliver(order, to: adapter)
        centre.set(.silent)
        let receipt = try await turning(centre.clock) { try await scene.deliver("", to: adapter, message: .cancel) }
        let note = try #require(receipt.note)
        #expect(note.contains("電波が止まったとは確かめられません") && !note.contains("放送を止めました"), "\(note)")
        #expect(centre.cell().texts.count == 1)
        #expect(adapter.report(on: scene.farEnd)?.items.map(\.certainty) == [.doubtful])
    }

    @Test("A cancel answered late is doubtful until the centre was asked again; then it is off by its word, whether it answers 404 or nothing", arguments: [true, false])
    func settled(isDumb: Bool) async throws {
        let scene = try scene()
        if isDumb { centre.beDumb() }
        let adapter = try scene.adapter { [now = scene.now, clock = centre.clock, start = centre.clock.now] in
            now + (clock.now - start) / .seconds(1)
        }
        // The turned clock runs fast: the alert must outlast it.
        try await scene.deliver(order, to: adapter, validFor: 1e8)
        let receipt = try await turning(centre.clock) { try await scene.deliver("", to: adapter, message: .cancel, validFor: 1e8) }
        #expect(receipt.note?.contains("電波が止まったとは確かめられません") == true)
        #expect(adapter.report(on: scene.farEnd)?.items.map(\.certainty) == [.doubtful])
        try await scene.running(adapter) { adapter in
            await turning(centre.clock) { await until { adapter.report(on: scene.farEnd)?.items.map(\.certainty) == [.saidYes] } }
            #expect(adapter.report(on: scene.farEnd)?.items.first?.remark?.contains("電波は確かめられません") == true)
            #expect(centre.lines.count { $0.hasPrefix("DELETE") } == (isDumb ? 3 : 2), "\(centre.lines)")
        }
        #expect(scene.remarks.words.contains { $0.contains("くり返し尋ねました") })
    }

    @Test("While a base station is known to be silent, the centre's word for a cancel is none")
    func silentCancel() async throws {
        let scene = try scene()
        let adapter = try scene.adapter { [now = scene.now, clock = centre.clock, start = centre.clock.now] in
            now + (clock.now - start) / .seconds(1)
        }
        try await scene.running(adapter) { adapter in
            try await scene.deliver(order, to: adapter, validFor: 1e8)
            centre.set(.silent)
            try await turning(centre.clock) {
                _ = await failure { () async throws(DeliveryFailure) in try await scene.deliver(graver, to: adapter, event: "2") }
                _ = try await scene.deliver("", to: adapter, message: .cancel, validFor: 1e8)
                centre.forgetCalls()
                await until { centre.lines.count { $0 == "DELETE /message/40964" } >= 3 }
            }
            let item = adapter.report(on: scene.farEnd)?.items.first { $0.reference.hasPrefix("40964/") }
            #expect(item?.certainty == .doubtful, "\(centre.lines)")
        }
    }

    @Test("After a silence what stood before goes out once more, under its serial, without a gap")
    func silenceOver() async throws {
        let scene = try scene()
        let adapter = try scene.adapter { [now = scene.now, clock = centre.clock, start = centre.clock.now] in
            now + (clock.now - start) / .seconds(1)
        }
        try await scene.running(adapter) { adapter in
            try await scene.deliver(order, to: adapter)
            let serial = centre.cell().texts[0xA004]?.serial
            centre.set(.silent)
            await turning(centre.clock) {
                _ = await failure { () async throws(DeliveryFailure) in try await scene.deliver(graver, to: adapter, event: "2") }
            }
            // It comes back with an empty memory, as a base station does that was told RESET.
            centre.change { $0.forget() }
            centre.set(.alive)
            centre.change { $0.forgetHistory() }
            try await turning(centre.clock) {
                _ = try await scene.deliver(graver, to: adapter, event: "2")
                await until { centre.cell().texts.count == 2 }
            }
            #expect(centre.cell().texts.values.contains { $0.serial == serial && $0.words.contains("洪水の避難指示") })
        }
        #expect(scene.remarks.words.contains { $0.contains("放送し直しました") })
    }

    // MARK: Never without

    @Test("Level 4 becomes 5 without an empty cell, and nobody waits for the old one's removal")
    func noGap() async throws {
        let scene = try scene()
        try await scene.running(scene.adapter()) { adapter in
            try await scene.deliver(order, to: adapter)
            centre.change { $0.forgetHistory() }
            // The clock stands still: the DELETE is not answered before this returns.
            try await scene.deliver(graver, to: adapter, revision: 2, message: .update, gravity: .emergency)
            #expect(centre.cell().texts.values.contains { $0.words.contains("緊急安全確保") })
            await turning(centre.clock) { await until { centre.active.count == 1 } }
            #expect(centre.cell().counts.allSatisfy { $0 > 0 })
            #expect(centre.cell().texts.values.map(\.serial.update) == [1])
        }
    }

    @Test("A removal that is under way over there is waited for, not asked for twice")
    func illegalEvent() async throws {
        let scene = try scene()
        let adapter = try scene.adapter()
        try await scene.deliver(order, to: adapter)
        let call = HTTPCall(method: "DELETE", url: "http://127.0.0.1:12345/api/ecbe/v1/message/40964")
        try await turning(centre.clock) {
            async let other = try? centre.send(call, deadline: centre.clock.now + .seconds(20))
            await until { centre.lines.count == 2 }
            let receipt = try await scene.deliver("", to: adapter, message: .cancel)
            #expect(receipt.note?.contains("放送を止めました") == true)
            _ = await other
        }
        #expect(centre.active.isEmpty && centre.cell().texts.isEmpty)
    }

    @Test("Cancels that hang hold up nobody: the next order is on the air before one of them is answered")
    func hungCancels() async throws {
        let scene = try scene()
        try await scene.running(scene.adapter()) { adapter in
            for event in 1...3 { try await scene.deliver("\(order)その\(event)", to: adapter, event: "\(event)") }
            try await withThrowingTaskGroup(of: Void.self) { group in
                for event in 1...3 {
                    group.addTask { _ = try await scene.deliver("", to: adapter, event: "\(event)", message: .cancel) }
                }
                await until { centre.lines.count == 6 }
                try await scene.deliver(graver, to: adapter, event: "4")
                #expect(centre.cell().texts.count == 1)
                let turner = Turner(centre.clock)
                defer { turner.stop() }
                try await group.waitForAll()
            }
        }
    }

    @Test("An identifier that was used stays taken past its alert, until the centre has let go of it")
    func expired() async throws {
        let scene = try scene()
        centre.beDumb()
        try await scene.deliver(order, to: scene.adapter())
        var later = scene
        later.now += 3700
        let next = later
        try await turning(centre.clock) { _ = try await next.deliver(order, to: next.adapter(), event: "2") }
        #expect(centre.lines.prefix(2) == ["POST 40964", "POST 40965"])
        #expect(centre.active == [0xA005])
        // The keeper frees what has run out, asked by nobody.
        later.now += 3700
        let last = later
        let town = Town(id: later.town, name: "", romanName: "", areas: [:])
        try await last.running(last.adapter()) { adapter in
            try await adapter.prepare(last.farEnd, of: town, shelters: [])
            await turning(centre.clock) { await until { centre.active.isEmpty } }
        }
    }

    // MARK: ETWS

    @Test("A real ETWS primary pushes a drill's out of the cell; a drill's never pushes out a real one")
    func drillGivesWay() async throws {
        let real = try scene()
        var drill = try scene(Exercise.self)
        drill.notebook = real.notebook
        try await drill.deliver(quake, to: drill.adapter(), kind: .eew, priority: .immediate)
        #expect(centre.cell().warning?.identifier == 0x1103)
        try await turning(centre.clock) {
            _ = try await real.deliver(quake, to: real.adapter(), kind: .eew, priority: .immediate)
        }
        #expect(centre.cell().warning?.identifier == 0x1100 && centre.cell().refused.isEmpty)
        let receipt = try await drill.deliver("次の訓練", to: drill.adapter(), event: "2", kind: .tsunami)
        #expect(centre.cell().warning?.identifier == 0x1100 && centre.cell().refused.isEmpty)
        #expect(receipt.note?.contains("訓練のETWS一次通知は送りません") == true)
        #expect(centre.cell().texts[0xA401] != nil)
    }

    @Test("A drill's ETWS primary is taken off when its minute is over")
    func drillLeaves() async throws {
        let scene = try scene(Exercise.self)
        let adapter = try scene.adapter { [now = scene.now, clock = centre.clock, start = centre.clock.now] in
            now + (clock.now - start) / .seconds(1)
        }
        try await scene.running(adapter) { adapter in
            try await scene.deliver(quake, to: adapter, kind: .eew, priority: .immediate)
            #expect(centre.cell().warning != nil)
            await turning(centre.clock) { await until { centre.cell().warning == nil } }
            #expect(centre.cell().texts.count == 1)
        }
    }

    @Test("A second earthquake's words do not wait for the first one's primary to leave, and its primary is not refused")
    func secondQuake() async throws {
        let centre = OsmoCentre(cells: 2)
        var scene = try Scene(centre, Actual.self)
        scene.pace = centre.pace
        let fixed = scene
        try await fixed.running(fixed.adapter()) { adapter in
            try await fixed.deliver(quake, to: adapter, event: "a", kind: .eew, priority: .immediate)
            // One of two says nothing: the primary's DELETE takes 10 s.
            centre.set(.silent, of: 1)
            centre.forgetCalls()
            async let second = try? fixed.deliver("別の" + quake, to: adapter, event: "b", kind: .eew, priority: .immediate)
            await until { centre.cell().texts.values.contains { $0.words.contains("別の") } }
            let turner = Turner(centre.clock)
            defer { turner.stop() }
            _ = await second
            #expect(centre.cell().refused.isEmpty && centre.cell().warning?.identifier == 0x1100)
        }
    }

    // MARK: What a cell can hold

    @Test("Thirty-three orders and then a tsunami warning are all on the air, in one period")
    func crowd() async throws {
        let scene = try scene()
        let long = order + String(repeating: "川から離れてください。", count: 4)
        centre.beQuick()
        try await scene.running(scene.adapter()) { adapter in
            for event in 1...32 { try await scene.deliver("第\(event)区。\(long)", to: adapter, event: "\(event)") }
            try await scene.deliver("津波警報。高台へ。" + long, to: adapter, event: "t", kind: .tsunami)
        }
        let cell = centre.cell()
        #expect(cell.texts.count == 33 && cell.refused.isEmpty, "\(cell.texts.count) texts, refused \(cell.refused)")
        #expect(Set(cell.texts.values.map(\.period)).count == 1)
        #expect(cell.warning?.identifier == 0x1101)
    }

    @Test("When the period cannot grow any more, the lowest leaves first and is told")
    func dropped() async throws {
        var scene = try scene()
        scene.settings["evacuation"] = "0xA004-0xA0A0"
        let fixed = scene
        centre.beQuick()
        let long = String(repeating: "川から離れてください。", count: 17)
        try await fixed.running(fixed.adapter()) { adapter in
            for event in 1...23 { try await fixed.deliver("第\(event)区。\(long)", to: adapter, event: "\(100 + event)", gravity: .warning) }
            #expect(await failure { () async throws(DeliveryFailure) in
                try await fixed.deliver("もう一つ。\(long)", to: adapter, event: "200", gravity: .warning)
            }?.isUnavailable == true)
            try await fixed.deliver("より重い。\(long)", to: adapter, event: "300", gravity: .emergency)
        }
        let cell = centre.cell()
        #expect(cell.refused.isEmpty)
        #expect(cell.texts.values.contains { $0.words.contains("より重い") })
        #expect(fixed.remarks.words.contains { $0.contains("場所を譲って外しました") })
    }

    // MARK: A centre that begins anew

    @Test("What a centre lost by its restart is put back under the same serials, and told")
    func restart() async throws {
        let scene = try scene()
        let adapter = try scene.adapter()
        try await scene.deliver(order, to: adapter)
        try await scene.deliver(graver, to: adapter, event: "2", gravity: .emergency)
        let before = centre.cell().texts
        centre.restart()
        #expect(centre.cell().texts.isEmpty)
        await adapter.desk.lostEverything(at: "http://127.0.0.1:12345", because: "中央局が起動し直した")
        #expect(centre.cell().texts.mapValues(\.serial) == before.mapValues(\.serial))
        #expect(scene.remarks.words.count { $0.contains("起動し直した") } == 2)
        #expect(scene.remarks.words.count { $0.contains("放送し直しました") } == 2)
    }
}

/// Waits for something that others bring about.
func until(_ isTrue: @Sendable () -> Bool) async {
    while !isTrue(), !Task.isCancelled { try? await Task.sleep(for: .milliseconds(1)) }
}
