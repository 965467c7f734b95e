import AlertModel
import ChannelKit
import ChannelKitTesting
import Commons
import Testing

@testable import LAlert

@Suite("Emergency mail through L-Alert", .timeLimit(.minutes(1)))
struct UrgentMailTests {
    private func hall(_ carriers: String) async throws -> TownHall<Actual> {
        var hall = try await TownHall()
        hall.extra["urgent_mail"] = carriers
        return hall
    }

    @Test("Each carrier gets a document of its own, valid for 48 hours")
    func carriers() async throws {
        let hall = try await hall("UMC1 UMC2 UMC3")
        _ = try await hall.order(.order, ["南町"], by: hall.adapter())
        await hall.close()
        let mails = hall.normal.held.filter { $0.report.words("contentObject/category") == "UrgentMail" }
        #expect(Set(mails.compactMap { $0.report.words("consumerRole/value") }) == ["UMC1", "UMC2", "UMC3"])
        #expect(mails.allSatisfy { $0.report.words("consumerRole/valueListUrn") == "publicCommons:media:urgentmail:carrier" })
        #expect(mails.allSatisfy { $0.report.words("Head/ValidDateTime") == "2026-04-03T09:00:00+09:00" })
        #expect(mails.allSatisfy { $0.report.words("UrgentMail/Information/Message") == "川から離れて高台へ避難してください。" })
        #expect(hall.normal.held.count == 4 && hall.normal.complaints.isEmpty)
    }

    @Test("A second mail is a new document; the same words, a lift and a cancel of nothing ring no phone")
    func again() async throws {
        let hall = try await hall("UMC1")
        let adapter = try hall.adapter()
        _ = try await hall.order(.order, ["南町"], .cancel, revision: 1, by: adapter)
        #expect(hall.normal.server.requests.isEmpty)
        _ = try await hall.order(.order, ["南町"], revision: 2, by: adapter)
        _ = try await hall.order(.order, ["南町", "魚町"], .update, revision: 3, by: adapter)
        _ = try await hall.order(.order, ["南町"], .update, revision: 4, body: "南町に避難指示。高台へ避難してください。", by: adapter)
        _ = try await hall.order(.order, ["南町"], .update, revision: 5, isLifted: true, body: "南町の避難指示を解除しました。", by: adapter)
        _ = try await hall.order(.order, ["南町"], .cancel, revision: 6, body: "さきほどの避難指示は誤りでした。取り消します。", by: adapter)
        await hall.close()
        let mails = hall.normal.every.filter { $0.report.words("contentObject/category") == "UrgentMail" }
        #expect(mails.map(\.type) == ["Report", "Report", "Report"])
        #expect(mails.map(\.id).map { $0.suffix(7) } == ["-UMC1-1", "-UMC1-2", "-UMC1-3"])
        #expect(hall.normal.complaints.isEmpty)
    }

    @Test("A body the carriers forbid stops the mail alone, and the words say so")
    func forbidden() async throws {
        let hall = try await hall("UMC1=500 UMC2")
        let adapter = try hall.adapter()
        let body = String(repeating: "南町に避難指示。高台へ。", count: 20)
        let answer = await failure { () async throws(DeliveryFailure) in
            try await hall.order(.order, ["南町"], body: body, by: adapter)
        }
        await hall.close()
        guard case .rejected(let words) = answer else { Issue.record("\(String(describing: answer))"); return }
        #expect(words.contains("EvacuationOrder: normal node: code 0"))
        #expect(words.contains("UrgentMail UMC1: normal node: code 0"))
        #expect(words.contains("UrgentMail UMC2: 携帯電話会社の決まりに合いません: too-long, body at "))
        #expect(hall.normal.held.count == 2)
    }

    @Test("Before anything is sent each carrier is asked, with its own limit, and a finding says where and what to do")
    func previewed() throws {
        let settings = [
            "url": "https://n.example/", "user": "u", "password": "p", "sender_id": "s.example", "urgent_mail": "UMC1=500 UMC2 UMC3",
        ]
        let farEnd = Sample.farEnd(settings, as: Actual.self)
        func problems(_ body: String, isLifted: Bool = false) -> [TextProblem] {
            var content = Sample.message(as: Actual.self).alert.content
            content.detail = .evacuation(EvacuationOrder(level: .order, hazard: "洪水", districts: ["南町"], isLifted: isLifted))
            return LAlert<Actual>.lint(RenderedText(title: "避難指示", body: body), .japanese, in: content, at: farEnd)
        }
        #expect(problems("川から離れて高台へ避難してください。").isEmpty)
        let long = problems(String(repeating: "南町に避難指示。", count: 26))
        #expect(long.map(\.rule) == ["too-long"])
        #expect(long.first?.text.contains("UMC2, UMC3") == true && long.first?.position == 200)
        #expect(long.first?.suggestion == "8文字縮めてください (shorten it)")
        let address = problems("詳しくは https://example.jp を見てください。")
        #expect(address.map(\.rule) == ["url"] && address.first?.text.contains("UMC1, UMC2, UMC3") == true)
        #expect(problems("https://example.jp", isLifted: true).isEmpty, "a lift rings no phone")
    }

    @Test("Only what has no answer yet is sent again")
    func onlyMissing() async throws {
        let hall = try await hall("UMC1")
        let adapter = try hall.adapter()
        hall.normal.server.behave { request in
            request.text.contains("UMC1") ? .close : hall.normal.answer(to: request)
        }
        let lost = await failure { () async throws(DeliveryFailure) in try await hall.order(.order, ["南町"], by: adapter) }
        guard case .unavailable = lost else { Issue.record("\(String(describing: lost))"); return }
        hall.normal.behaveWell()
        let before = hall.normal.server.requests.count
        let receipt = try await hall.order(.order, ["南町"], by: adapter, attempt: 2)
        await hall.close()
        #expect(hall.normal.server.requests.count == before + 1)
        #expect(receipt.note?.hasPrefix("EvacuationOrder: すでに公開済みです (published before); UrgentMail UMC1: normal node: code 0") == true)
    }

    @Test("A drill rings phones only where the settings say so")
    func drill() {
        let base = ["url": "https://n.example/", "user": "u", "password": "p", "sender_id": "s.example", "urgent_mail": "UMC1"]
        #expect(throws: SettingsError.self) { try NodeSettings(base, mode: .exercise) }
        let allowed = base.merging(["urgent_mail_drills": "send"]) { $1 }
        #expect(throws: Never.self) { try NodeSettings(allowed, mode: .exercise) }
        #expect(throws: SettingsError.self) { try NodeSettings(allowed, mode: .actual) }
    }
}
