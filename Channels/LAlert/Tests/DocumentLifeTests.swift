import AlertModel
import ChannelKit
import ChannelKitTesting
import Commons
import Testing

@testable import LAlert

@Suite("The life of a document", .timeLimit(.minutes(1)))
struct DocumentLifeTests {
    @Test("An order is a Report, then Updates with the whole state, then a Cancel; what follows is a new document")
    func life() async throws {
        let hall = try await TownHall()
        let adapter = try hall.adapter()
        let first = try await hall.order(.elderly, ["南町", "魚町"], by: adapter)
        _ = try await hall.order(.order, ["南町", "魚町", "本町"], .update, revision: 2, by: adapter)
        _ = try await hall.order(.order, ["魚町"], .update, revision: 3, isLifted: true, by: adapter)
        _ = try await hall.order(.order, ["南町"], .cancel, revision: 4, by: adapter)
        let again = try await hall.order(.order, ["南町"], revision: 5, by: adapter)
        await hall.close()
        #expect(hall.normal.complaints.isEmpty)
        #expect(hall.normal.every.map(\.type) == ["Report", "Update", "Update", "Cancel", "Report"])
        #expect(first.reference == "editor.city.example.lg.jp-op.042056.flood-EvacuationOrder-1/1")
        #expect(again.reference == "editor.city.example.lg.jp-op.042056.flood-EvacuationOrder-2/1")
        let lift = try #require(hall.normal.every.dropFirst(2).first?.report)
        #expect(lift.all("Detail").map { [$0.words("Sort"), $0.words("IssueOrLift"), $0.all("areaName").map(\.text).joined(separator: "、")] }
            == [["避難指示", "発令", "南町、本町"], ["避難指示", "解除", "魚町"]])
        let headlines = hall.normal.every.map { $0.report.words("Headline/Text") }
        #expect(headlines == [
            "洪水　高齢者等避難　発令　南町、魚町", "洪水　避難指示　発令　南町、魚町、本町", "洪水　避難指示　解除　魚町",
            "取消：避難指示", "洪水　避難指示　発令　南町",
        ])
        #expect(lift.words("targetArea/jisX0402") == "042056")
        #expect(lift.words("EDXLDistribution") == nil && lift.words("distributionStatus") == "Actual")
    }

    @Test("The same delivery twice is one revision, before and after a restart")
    func twice() async throws {
        let hall = try await TownHall()
        let adapter = try hall.adapter()
        let first = try await hall.order(.order, ["南町"], by: adapter)
        let second = try await hall.order(.order, ["南町"], by: adapter, attempt: 2)
        let third = try await hall.order(.order, ["南町"], by: hall.adapter(), attempt: 3)
        await hall.close()
        #expect(first.reference == second.reference && second.reference == third.reference)
        #expect(hall.normal.server.requests.count == 1)
    }

    @Test("A lost answer is asked for again with the same document; a revision after it does not take its number")
    func lostAnswer() async throws {
        let hall = try await TownHall()
        let adapter = try hall.adapter()
        hall.normal.behave(.close)
        let lost = await failure { () async throws(DeliveryFailure) in try await hall.order(.order, ["南町"], by: adapter) }
        guard case .unavailable = lost else { Issue.record("\(String(describing: lost))"); return }
        hall.normal.behaveWell()
        _ = try await hall.order(.order, ["南町"], by: hall.adapter(), attempt: 2)
        #expect(hall.normal.duplicates == 1)
        _ = try await hall.order(.emergency, ["南町"], .update, revision: 2, by: hall.adapter())
        await hall.close()
        #expect(hall.normal.every.map(\.revision) == [1, 2])
        #expect(hall.normal.complaints.isEmpty)
    }

    @Test("A revision that certainly reached nobody gives its number to the next")
    func notReached() async throws {
        let hall = try await TownHall()
        let adapter = try hall.adapter()
        await hall.normal.server.goDown()
        let gone = await failure { () async throws(DeliveryFailure) in try await hall.order(.elderly, ["南町"], by: adapter) }
        guard case .unavailable(let words) = gone, words.contains("not reached") else {
            Issue.record("\(String(describing: gone))")
            return
        }
        try await hall.normal.server.comeBack()
        let receipt = try await hall.order(.order, ["南町"], .update, revision: 2, by: adapter)
        await hall.close()
        #expect(receipt.reference?.hasSuffix("-1/1") == true)
        #expect(hall.normal.every.map(\.type) == ["Report"])
    }

    @Test("A district an update does not name any more is lifted, and the document says it was corrected")
    func correction() async throws {
        let hall = try await TownHall()
        let adapter = try hall.adapter()
        _ = try await hall.order(.order, ["南町", "魚町"], by: adapter)
        _ = try await hall.order(.order, ["南町"], .update, revision: 2, by: adapter)
        await hall.close()
        let report = try #require(hall.normal.document("EvacuationOrder")?.report)
        #expect(report.words("Control/Errata/Description") == "対象地区の訂正（除外：魚町）")
        #expect(report.words("Headline/Text") == "洪水　避難指示　解除　魚町")
    }

    @Test("Shelters are one document with all of them each time; all closed ends it without a Cancel")
    func shelters() async throws {
        let hall = try await TownHall()
        let adapter = try hall.adapter()
        _ = try await hall.shelters([("第一小", .open), ("公民館", nil)], revision: 1, by: adapter)
        _ = try await hall.shelters([("第一小", .full), ("公民館", .open)], revision: 2, by: adapter)
        let full = try #require(hall.normal.document("Shelter")?.report)
        #expect(full.all("Information").map { $0.words("Sort") } == ["開設", "開設"])
        #expect(full.all("Information").map { $0.words("Status") } == ["定員一杯", "不明"])
        #expect(full.words("TotalNumberOfShelter") == "2")
        #expect(full.words("Headline/Text") == "避難所　満員　第一小／避難所　開設　公民館")
        _ = try await hall.shelters([("第一小", .closed), ("公民館", .closed)], revision: 3, by: adapter)
        let next = try await hall.shelters([("第一小", .open), ("公民館", .closed)], revision: 4, by: adapter)
        await hall.close()
        #expect(hall.normal.every.map { "\($0.type)\($0.revision)" } == ["Report1", "Update2", "Update3", "Report1"])
        #expect(next.reference == "editor.city.example.lg.jp-042056-Shelter-2/1")
        #expect(hall.normal.complaints.isEmpty)
    }

    @Test("One shelter's mistake corrects the document and leaves the others open; an older state says nothing")
    func shelterMistake() async throws {
        let hall = try await TownHall()
        let adapter = try hall.adapter()
        _ = try await hall.shelters([("第一小", .open), ("公民館", .open)], revision: 2, by: adapter)
        let late = try await hall.shelters([("第一小", nil), ("公民館", nil)], revision: 1, by: adapter)
        #expect(late.note == "Shelter: より新しい状態がもう公開されています (a newer state was published already)")
        _ = try await hall.shelters([("第一小", nil), ("公民館", .open)], .cancel, revision: 3, by: adapter)
        await hall.close()
        let report = try #require(hall.normal.document("Shelter"))
        #expect(report.type == "Update" && report.revision == 2)
        #expect(report.report.words("Control/Errata/Description") == "避難所情報")
        #expect(report.report.all("Information").map { $0.words("Sort") } == ["未開設", "開設"])
    }

    @Test("The headquarters is one document from its setting up to its end; the next one is another")
    func headquarters() async throws {
        let hall = try await TownHall()
        let adapter = try hall.adapter()
        func say(_ name: String, _ state: Headquarters.State, _ type: MessageType, _ revision: Int) async throws -> Receipt {
            try await hall.send(
                TownHall<Actual>.message(
                    .headquarters, type, event: "headquarters", revision: revision,
                    detail: .headquarters(Headquarters(name: name, state: state)), title: name, body: "\(name)についてお知らせします。"),
                by: adapter)
        }
        _ = try await say("災害警戒本部", .open, .alert, 1)
        _ = try await say("災害対策本部", .open, .alert, 2)
        _ = try await say("災害対策本部", .open, .update, 3)
        _ = try await say("災害対策本部", .closed, .alert, 4)
        let next = try await say("災害対策本部", .open, .alert, 5)
        _ = try await say("災害対策本部", .open, .cancel, 6)
        await hall.close()
        #expect(hall.normal.complaints.isEmpty)
        let every = hall.normal.every
        #expect(every.map { "\($0.type)\($0.revision)" } == ["Report1", "Update2", "Update3", "Update4", "Report1", "Cancel2"])
        #expect(next.reference == "editor.city.example.lg.jp-op.042056.headquarters-AntidisasterHeadquarter-2/1")
        let bodies = every.compactMap { $0.report.first("AntidisasterHeadquarter") }
        #expect(bodies.map { "\($0.words("Type") ?? "") \($0.words("Status") ?? "")" } == [
            "警戒本部 設置", "対策本部 設置", "対策本部 設置", "対策本部 解散", "対策本部 設置", "対策本部 設置",
        ])
        // Said again it stands since it was set up, and there is no news.
        #expect(bodies[2].words("DateTime") == bodies[1].words("DateTime"))
        #expect(every.map(\.headline) == [
            "災害警戒本部　設置", "災害対策本部　設置", "災害対策本部", "災害対策本部　解散", "災害対策本部　設置", "取消：災害対策本部",
        ])
    }

    @Test("Taking back the last closing speaks of the document that was closed, not of a new one")
    func closingTakenBack() async throws {
        let hall = try await TownHall()
        let adapter = try hall.adapter()
        _ = try await hall.shelters([("第一小", .open)], revision: 1, by: adapter)
        _ = try await hall.shelters([("第一小", .closed)], revision: 2, by: adapter)
        _ = try await hall.shelters([("第一小", nil)], .cancel, revision: 3, by: adapter)
        await hall.close()
        #expect(hall.normal.complaints.isEmpty)
        #expect(hall.normal.every.map { "\($0.type)\($0.revision)" } == ["Report1", "Update2", "Cancel3"])
    }

    @Test("A drill is an Exercise everywhere, under ids of its own")
    func drill() async throws {
        let hall = try await TownHall(Exercise.self)
        let receipt = try await hall.order(.order, ["南町"], by: hall.adapter())
        await hall.close()
        let report = try #require(hall.normal.document("EvacuationOrder")?.report)
        #expect(Set(report.all("distributionStatus").map(\.text)) == ["Exercise"])
        #expect(report.words("Headline/Text") == "【訓練】洪水　避難指示　発令　南町")
        #expect(receipt.reference?.contains("-x.op.042056.flood-") == true)
    }

    @Test("A notice keeps its id and escapes what is in it")
    func notice() async throws {
        let hall = try await TownHall()
        let detail = Detail.notice(Notice(title: "断水", body: "…"))
        let body = "</body> & \"給水車\" <b>\u{1}\u{0}\r\n公民館"
        _ = try await hall.send(
            TownHall<Actual>.message(.notice, .alert, event: "n 1", revision: 1, detail: detail, title: "断水のお知らせ", body: body),
            by: hall.adapter())
        await hall.close()
        let held = try #require(hall.normal.document("GeneralInformation"))
        #expect(held.report.words("GeneralInformation/Description") == "</body> & \"給水車\" <b>\u{FFFD}\u{FFFD}\r\n公民館")
        #expect(held.id == "editor.city.example.lg.jp-op.042056.n_201-GeneralInformation-1")
    }

    @Test("What is not the town's to say is rejected in words", arguments: [AlertKind.eew, .tsunami, .weather, .volcano, .other])
    func others(kind: AlertKind) async throws {
        let hall = try await TownHall()
        let adapter = try hall.adapter()
        let answer = await failure { () async throws(DeliveryFailure) in
            try await hall.send(
                TownHall<Actual>.message(kind, .alert, event: "k", revision: 1, detail: .none, title: "題", body: "本文です。"), by: adapter)
        }
        await hall.close()
        guard case .rejected(let words) = answer else { Issue.record("\(String(describing: answer))"); return }
        #expect(words.contains("気象庁"))
        #expect(hall.normal.server.requests.isEmpty)
    }

    @Test("A headline that would be too long counts its districts instead of cutting them")
    func longHeadline() async throws {
        let hall = try await TownHall()
        _ = try await hall.order(.order, (1...80).map { "第\($0)地区" }, by: hall.adapter())
        await hall.close()
        let report = try #require(hall.normal.document("EvacuationOrder")?.report)
        #expect(report.words("Headline/Text") == "洪水　避難指示　発令　第1地区など80か所")
        #expect(report.all("Area").count == 81)
    }

    @Test("Documents that cannot be valid any more are forgotten, the others are not")
    func forgotten() async throws {
        let hall = try await TownHall()
        _ = try await hall.order(.order, ["南町"], event: "old", by: hall.adapter())
        _ = try await hall.order(.order, ["南町"], event: "later", by: hall.adapter(days: 60))
        _ = try await hall.order(.order, ["南町"], event: "new", by: hall.adapter(days: 91))
        await hall.close()
        #expect(hall.notebook.keys(prefix: "l-alert/").map { $0.split(separator: ".").last } == ["later", "new"])
    }

    @Test("Two events never share a document, whatever their names")
    func ids() {
        let names = ["a/b", "a.b", "a_2Eb", "a b", "a_20b", "あ", String(repeating: "x", count: 101), String(repeating: "x", count: 102)]
        #expect(Set(names.map(Register.idText)).count == names.count)
        #expect(names.allSatisfy { Register.idText($0).utf8.count <= 300 })
    }
}
