import AlertModel
import CellBroadcast
import ChannelKit
import FoundationEssentials
import Testing

@testable import AreaMail

@Suite("Warnings, drills and the settings that keep them apart")
struct WarningTests {
    let centre = FakeCentre()
    let words = "緊急地震速報。宮城県沖で地震。強い揺れに備えてください。"

    @Test("An earthquake warning wakes first and speaks second")
    func earthquake() async throws {
        let scene = try Scene(centre)
        try await scene.deliver(words, to: scene.adapter(), kind: .eew, priority: .immediate)
        let sent = centre.calls.compactMap(\.message)
        #expect(sent.map(\.smscb_message.message_id) == [0x1100, 0xA001])
        let etws = try #require(sent.first?.smscb_message.payload.payload_etws)
        #expect(etws.warning_type.warning_type_encoded == 0 && etws.emergency_user_alert && etws.popup_on_display)
        #expect(sent[0].warning_period_sec == 60)
        #expect(sent[0].serial.code & 0x300 == 0x300)
        #expect(sent[1].text?.contains("宮城県沖") == true)
    }

    @Test("When only the text failed, only the text is sent again")
    func half() async throws {
        let scene = try Scene(centre)
        let adapter = try scene.adapter()
        centre.next(.answer(201, "Created"), .answer(503))
        _ = await failure { () async throws(DeliveryFailure) in
            try await scene.deliver(words, to: adapter, kind: .eew, priority: .immediate)
        }
        try await scene.deliver(words, to: adapter, kind: .eew, priority: .immediate)
        #expect(centre.lines == ["POST /message", "POST /message", "POST /message", "DELETE /message/40961"])
    }

    @Test("A tsunami warning that becomes an advisory leaves the warning's identifiers")
    func downgrade() async throws {
        let scene = try Scene(centre)
        try await scene.deliver("津波警報。高台へ避難してください。", to: scene.adapter(), kind: .tsunami)
        #expect(Set(centre.active.keys) == [0x1101, 0xA002])
        try await scene.deliver(
            "津波注意報。海岸から離れてください。", to: scene.adapter(), revision: 2, kind: .tsunami, message: .update, priority: .routine)
        #expect(Set(centre.active.keys) == [0xA004])
        try await scene.deliver("", to: scene.adapter(), revision: 2, kind: .tsunami, message: .cancel)
        #expect(centre.active.isEmpty)
    }

    @Test("A second earthquake takes the place of the first")
    func second() async throws {
        let scene = try Scene(centre)
        try await scene.deliver(words, to: scene.adapter(), event: "a", kind: .eew, priority: .immediate)
        try await scene.deliver("別の" + words, to: scene.adapter(), event: "b", kind: .eew, priority: .immediate)
        #expect(centre.active.values.compactMap(\.text).filter { $0.contains("強い揺れ") }.map { $0.contains("別の") } == [true])
        #expect(Set(centre.calls.compactMap { $0.message?.serial }).count == 4)
        centre.forgetCalls()
        // The first one's cancel must not silence the second.
        try await scene.deliver("", to: scene.adapter(), event: "a", kind: .eew, message: .cancel, priority: .immediate)
        #expect(centre.calls.isEmpty && centre.active.count == 2)
    }

    @Test("A warning is not written again once its minute is over, its text until it expires")
    func rest() async throws {
        let scene = try Scene(centre)
        try await scene.deliver(words, to: scene.adapter(), kind: .eew, priority: .immediate)
        let shelf = try scene.adapter().desk.shelves.shelf(of: scene.town, "centre")
        let entry = try #require(shelf.entries.first)
        let warning = try #require(entry.slots.first { $0.role == .warning })
        let text = try #require(entry.slots.first { $0.role == .text })
        #expect(entry.rest(of: warning, pages: 1, now: scene.now + 59)?.warningSeconds == 1)
        #expect(entry.rest(of: warning, pages: 1, now: scene.now + 61) == nil)
        #expect(entry.rest(of: text, pages: 1, now: scene.now + 1800)?.broadcasts == 31)
        #expect(entry.rest(of: text, pages: 1, now: scene.now + 3700) == nil)
    }

    @Test("A drill uses test identifiers and the test type only")
    func drill() async throws {
        let scene = try Scene(centre, Exercise.self)
        try await scene.deliver(words, to: scene.adapter(), event: "a", kind: .eew, priority: .immediate)
        try await scene.deliver("津波です", to: scene.adapter(), event: "b", kind: .tsunami)
        try await scene.deliver("避難です", to: scene.adapter(), event: "c")
        let sent = centre.calls.compactMap(\.message)
        #expect(sent.map(\.smscb_message.message_id).sorted() == [0x111D, 0x1103, 0x1103, 0xA400, 0xA401].sorted())
        #expect(sent.compactMap(\.smscb_message.payload.payload_etws).map(\.warning_type.warning_type_encoded) == [3, 3])
        #expect(sent.compactMap(\.text).allSatisfy { $0.hasPrefix("訓練") })
    }

    @Test("Settings that would wake people in a drill are refused", arguments: [
        ["etws_earthquake": "0x1100"], ["etws_tsunami": "4353"], ["etws_earthquake": "4355", "etws_tsunami_text": "0xA001"],
        ["evacuation": "0x111D,0xA3FF"], ["evacuation": "0xA3FE-0xA400"], ["evacuation": "4370"],
    ])
    func drillSettings(settings: [String: String]) throws {
        let error = #expect(throws: SettingsError.self) { try check(Exercise.self, settings) }
        #expect(error?.reason.contains("wakes people") == true)
        #expect(throws: Never.self) { try check(Exercise.self, ["evacuation": "4381", "etws_earthquake": "4355"]) }
    }

    @Test("A real alert never goes to a test identifier", arguments: [
        ["etws_earthquake": "0x1103"], ["evacuation": "4381"], ["evacuation": "0xA3F0-0xA410"], ["etws_tsunami_text": "4380"],
    ])
    func liveSettings(settings: [String: String]) throws {
        let error = #expect(throws: SettingsError.self) { try check(Actual.self, settings) }
        #expect(error?.reason.contains("for tests") == true)
    }

    @Test("Settings that make no sense are refused by name", arguments: [
        (["url": ""], "url"), (["url": "ftp://a"], "url"), (["protocol": "smtp"], "protocol"),
        (["protocol": "cbsp", "url": "cbsp://host:0"], "url"), (["protocol": "cbsp", "url": "a:b:c"], "url"),
        (["repetition_period": "0"], "repetition_period"), (["repetition_period": "4096"], "repetition_period"),
        (["num_of_bcast": "65536"], "num_of_bcast"), (["warning_period": "3601"], "warning_period"),
        (["evacuation": "0xA010-0xA004"], "evacuation"), (["evacuation": "many"], "evacuation"), (["evacuation": ""], "evacuation"),
        (["evacuation": "0x1200-0xA3FF"], "evacuation"), (["evacuation": "0xA001"], "evacuation"), (["evacuation": "7,7"], "evacuation"),
        (["etws_earthquake": "0x2000"], "etws_earthquake"), (["etws_earthquake_text": "0xA002"], "etws_earthquake_text"),
        (["repeats": "maybe"], "repeats"), (["cbe_name": String(repeating: "x", count: 33)], "cbe_name"),
    ])
    func nonsense(settings: [String: String], name: String) throws {
        let error = #expect(throws: SettingsError.self) { try check(Actual.self, settings) }
        #expect(error?.reason.hasPrefix(name) == true, "\(String(describing: error))")
    }

    @Test("Wrong settings stop a delivery as misconfigured")
    func misconfigured() async throws {
        var scene = try Scene(centre, Exercise.self)
        scene.settings["etws_earthquake"] = "0x1100"
        let adapter = try scene.adapter()
        guard case .misconfigured = await failure({ [scene] () async throws(DeliveryFailure) in
            try await scene.deliver(words, to: adapter, kind: .eew)
        }) else { Issue.record("should be refused"); return }
        #expect(centre.calls.isEmpty)
    }

    @Test("The carriers' rules are asked before a text is queued, and never of a cancel")
    func lint() throws {
        var content = try alertContent(.evacuation)
        let text = RenderedText(title: "避難指示", body: "①http://a.jp を見て避難してください")
        #expect(AreaMail<Actual>.lint(text, .japanese, in: content).map(\.rule) == ["vendor-character", "url"])
        content.message = .cancel
        #expect(AreaMail<Actual>.lint(text, .japanese, in: content) == [])
    }

    private func check<M: Mode>(_ mode: M.Type, _ settings: [String: String]) throws {
        var scene = try Scene(centre, mode)
        scene.settings.merge(settings) { $1 }
        try AreaMail<M>.check(scene.farEnd)
    }

    private func alertContent(_ kind: AlertKind) throws -> AlertContent {
        let now = try Scene(centre).now
        return AlertContent(
            id: AlertID("a"), event: EventID("e"), kind: kind, message: .alert,
            revision: Revision(series: "op", serial: 1, sent: now), type: "operator", title: "", sender: "", sent: now,
            expires: now + 60)
    }
}
