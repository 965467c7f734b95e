import AlertModel
import Foundation
import Hub
import Testing

@Suite("A cancel that is not written as it should be takes back what it means, and is said")
struct OddCancelTests {
    private func cap(_ identifier: String, _ message: String, sender: String = "Bousai@mihon.example.jp", references: String? = nil, _ sent: Date) -> [UInt8] {
        Array("""
            <?xml version="1.0" encoding="UTF-8"?>
            <alert xmlns="urn:oasis:names:tc:emergency:cap:1.2"><identifier>\(identifier)</identifier><sender>\(sender)</sender>\
            <sent>\(JapanTime.text(sent, milliseconds: false))</sent><status>Actual</status><msgType>\(message)</msgType><scope>Public</scope>\
            \(references.map { "<references>\($0)</references>" } ?? "")<info><language>ja-JP</language><category>Met</category><event>避難指示</event>\
            <urgency>Immediate</urgency><severity>Severe</severity><certainty>Likely</certainty>\
            <area><areaDesc>気仙沼市</areaDesc><geocode><valueName>JISX0402</valueName><value>042056</value></geocode></area></info></alert>
            """.utf8)
    }

    @Test("By blanks, by the identifier alone, by a time that is off or missing, by another case of the sender", arguments: [
        "Bousai@mihon.example.jp, w-1, TIME", "w-1", "w-1,TIME", "Bousai@mihon.example.jp,w-1,", "Bousai@mihon.example.jp,w-1,2020-01-01T00:00:00+09:00",
        "bousai@MIHON.example.jp,w-1,TIME", "Bousai@mihon.example.jp,W-1,TIME",
        "Bousai@mihon.example.jp，w-1，TIME", "&quot;Bousai@mihon.example.jp&quot;,&quot;w-1&quot;,&quot;TIME&quot;", "mailto:Bousai@mihon.example.jp,w-1,TIME", "「w-1」", "Bousai@mihon.example.jp;w-1;TIME",
    ])
    func taken(references: String) async throws {
        let house = try await House(), now = Date()
        let first = try await house.hub.take(cap("w-1", "Alert", now), Intake(source: "http:mihon"))
        #expect(first.alerts.count == 1)
        let written = references.replacing("TIME", with: JapanTime.text(now, milliseconds: false))
        let cancel = try await house.hub.take(cap("w-2", "Cancel", references: written, now.addingTimeInterval(2)), Intake(source: "http:mihon"))
        #expect(!cancel.notes.contains { $0.contains("何を取り消すのか") }, "\(cancel.notes)")
        #expect(cancel.alerts.count == 1)
    }

    @Test("It takes back what it names, however the two clocks disagree", arguments: [310.0, 3_600, -2, -600, -32_400, -90_000, -2_000_000])
    func clocks(after seconds: Double) async throws {
        let house = try await House(), now = Date()
        _ = try await house.hub.take(cap("w-1", "Alert", now.addingTimeInterval(-60)), Intake(source: "http:mihon"))
        let references = "Bousai@mihon.example.jp,w-1,\(JapanTime.text(now.addingTimeInterval(-60), milliseconds: false))"
        let cancel = try await house.hub.take(cap("w-2", "Cancel", references: references, now.addingTimeInterval(seconds)), Intake(source: "http:mihon"))
        #expect(cancel.alerts.count == 1 && !cancel.notes.contains { $0.contains("記録だけ") || $0.contains("期限が過ぎ") }, "\(cancel.notes)")
    }

    @Test("So does an all-clear", arguments: [310.0, -2, -600, -32_400, -90_000], [true, false])
    func allClearClocks(after seconds: Double, isAlert: Bool) async throws {
        let house = try await House(), now = Date(), source = Intake(source: "http:mihon")
        _ = try await house.hub.take(cap("w-1", "Alert", now.addingTimeInterval(-60)), source)
        let references = "Bousai@mihon.example.jp,w-1,\(JapanTime.text(now.addingTimeInterval(-60), milliseconds: false))"
        let text = String(decoding: cap("w-2", isAlert ? "Alert" : "Update", references: references, now.addingTimeInterval(seconds)), as: UTF8.self)
            .replacing("<urgency>Immediate", with: (isAlert ? "<responseType>AllClear</responseType>" : "") + "<urgency>Past")
        let over = try await house.hub.take(Array(text.utf8), source)
        #expect(over.alerts.count == 1 && !over.notes.contains { $0.contains("記録だけ") || $0.contains("何を取り消すのか") || $0.contains("期限が過ぎ") }, "\(over.notes)")
    }

    @Test("By words in another case or with blanks, as long as they say that something ends", arguments: [
        ("<msgType>CANCEL", "w-1"), ("<msgType>cancel", "w-1"), ("<msgType> Cancel ", "w-1"),
    ])
    func words(message: String, references: String) async throws {
        let house = try await House(), now = Date(), source = Intake(source: "http:mihon")
        _ = try await house.hub.take(cap("w-1", "Alert", now), source)
        let text = String(decoding: cap("w-2", "Cancel", references: references, now), as: UTF8.self)
            .replacing("<msgType>Cancel", with: message).replacing("<status>Actual", with: "<status>ACTUAL")
        let cancel = try await house.hub.take(Array(text.utf8), source)
        #expect(cancel.alerts.count == 1 && cancel.notes.contains { $0.contains("Cancel と読んだ") }, "\(cancel.notes)")
        let raising = String(decoding: cap("w-3", "Alert", now), as: UTF8.self).replacing("<msgType>Alert", with: "<msgType>ALERT")
        await #expect(throws: IntakeFailure.self) { try await house.hub.take(Array(raising.utf8), source) }
    }

    @Test("By a form that is broken where the end is clear all the same; of a new warning such a form is refused", arguments: [
        ("<urgency>Immediate</urgency>", ""), ("<severity>Severe", "<severity>None"), ("<category>Met", "<category>Meteo"), ("<scope>Public</scope>", ""),
        ("<language>ja-JP</language><category>Met</category>", "<category>Met</category><language>ja-JP</language>"),
        ("<geocode>", "<polygon>38.8,141.5 38.9,141.5 38.9,141.6</polygon><geocode>"), ("</geocode>", "</geocode><polygon>38.8,141.5 38.9,141.5 38.9,141.6 38.8,141.5</polygon>"),
        ("</geocode>", "</geocode><ceiling>10</ceiling>"), ("<identifier>w-2", "<identifier>w 2"), ("</scope>", "</scope><myown>1</myown>"), ("</areaDesc>", "</areaDesc><circle>38.88, 141.60 10</circle>"),
    ])
    func broken(from: String, to: String) async throws {
        let house = try await House(), now = Date(), source = Intake(source: "http:mihon")
        _ = try await house.hub.take(cap("w-1", "Alert", now.addingTimeInterval(-60)), source)
        let references = "Bousai@mihon.example.jp,w-1,\(JapanTime.text(now.addingTimeInterval(-60), milliseconds: false))"
        let good = String(decoding: cap("w-2", "Cancel", references: references, now), as: UTF8.self)
        #expect(good.contains(from))
        let cancel = try await house.hub.take(Array(good.replacing(from, with: to).utf8), source)
        #expect(cancel.alerts.count == 1 && cancel.notes.contains { $0.contains("taken in doubt") }, "\(cancel.notes)")
        let raising = String(decoding: cap("w-2", "Alert", now), as: UTF8.self).replacing(from, with: to)
        await #expect(throws: IntakeFailure.self) { try await house.hub.take(Array(raising.utf8), source) }
    }

    @Test("A warning whose areas are in no town of ours is no quiet yes", arguments: [
        ("<geocode><valueName>JISX0402</valueName><value>042056</value></geocode>", ""), ("<value>042056", "<value>131016"), ("<valueName>JISX0402", "<valueName>house-number"),
    ])
    func nowhere(from: String, to: String) async throws {
        let house = try await House(), now = Date(), source = Intake(source: "http:mihon")
        let good = String(decoding: cap("w-1", "Alert", now), as: UTF8.self)
        #expect(good.contains(from))
        let taken = try await house.hub.take(Array(good.replacing(from, with: to).utf8), source)
        #expect(taken.notes.contains { $0.contains("どの市町村にも当てはまりません") }, "\(taken.notes)")
        let here = try await house.hub.take(Array(good.utf8), Intake(source: "http:mihon"))
        #expect(!here.notes.contains { $0.contains("当てはまりません") }, "\(here.notes)")
    }

    @Test("Where another ends what one had said, it ends, and a person is asked whether that is right", arguments: ["Cancel", "Update"])
    func another(message: String) async throws {
        let house = try await House(), now = Date(), source = Intake(source: "http:mihon")
        _ = try await house.hub.take(cap("w-1", "Alert", now.addingTimeInterval(-60)), source)
        let references = "Bousai@mihon.example.jp,w-1,\(JapanTime.text(now.addingTimeInterval(-60), milliseconds: false))"
        let text = String(decoding: cap("v-1", message, sender: "kitaku@yokubari.example.jp", references: references, now), as: UTF8.self)
            .replacing("<urgency>Immediate", with: "<urgency>Past")
        let over = try await house.hub.take(Array(text.utf8), source)
        #expect(over.alerts.count == 1 && over.notes.contains { $0.contains("の出したものを終わらせました") }, "\(over.notes)")
        #expect(house.hub.attention.rows.contains { $0.topic == .inDoubt && $0.words.contains("kitaku@yokubari") })
    }

    @Test("One that is late, of a message that an update has followed, takes the update back only where it names it")
    func late() async throws {
        let house = try await House(), now = Date(), source = Intake(source: "http:mihon")
        func reference(_ id: String, _ sent: Date) -> String { "Bousai@mihon.example.jp,\(id),\(JapanTime.text(sent, milliseconds: false))" }
        _ = try await house.hub.take(cap("w-1", "Alert", now.addingTimeInterval(-60)), source)
        _ = try await house.hub.take(cap("w-2", "Update", references: reference("w-1", now.addingTimeInterval(-60)), now), source)
        let old = try await house.hub.take(cap("w-3", "Cancel", references: reference("w-1", now.addingTimeInterval(-60)), now.addingTimeInterval(-30)), source)
        #expect(old.alerts.isEmpty && old.notes.contains { $0.contains("記録だけ") }, "\(old.notes)")
        let named = try await house.hub.take(cap("w-4", "Cancel", references: reference("w-2", now), now.addingTimeInterval(-20)), source)
        #expect(named.alerts.count == 1 && !named.notes.contains { $0.contains("記録だけ") }, "\(named.notes)")
    }

    @Test("An all-clear that ends nothing known is no quiet yes either", arguments: ["Update", "Alert"])
    func allClear(message: String) async throws {
        let house = try await House(), now = Date()
        let text = String(decoding: cap("w-2", message, references: message == "Update" ? "w-9" : nil, now), as: UTF8.self)
            .replacing("<urgency>Immediate", with: "<responseType>AllClear</responseType><urgency>Past")
        let taking = try await house.hub.take(Array(text.utf8), Intake(source: "http:mihon"))
        #expect(taking.notes.contains { $0.contains("何を取り消すのか") }, "\(taking.notes)")
    }

    @Test("One that names nothing known is no quiet yes: the sender and the operator hear that something may still stand", arguments: ["w-9", "Bousai@mihon.example.jp,w-9,2026-01-01T00:00:00+09:00"])
    func nothing(references: String) async throws {
        let house = try await House(), now = Date()
        _ = try await house.hub.take(cap("w-1", "Alert", now), Intake(source: "http:mihon"))
        let cancel = try await house.hub.take(cap("w-2", "Cancel", references: references, now.addingTimeInterval(2)), Intake(source: "http:mihon"))
        #expect(cancel.notes.contains { $0.contains("何を取り消すのか") }, "\(cancel.notes)")
        #expect(house.hub.attention.rows.contains { $0.topic == .inDoubt && $0.words.contains("何を取り消すのか") })
    }
}
