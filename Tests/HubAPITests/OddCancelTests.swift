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

    @Test("One that names nothing known is no quiet yes: the sender and the operator hear that something may still stand", arguments: ["w-9", "Bousai@mihon.example.jp,w-9,2026-01-01T00:00:00+09:00"])
    func nothing(references: String) async throws {
        let house = try await House(), now = Date()
        _ = try await house.hub.take(cap("w-1", "Alert", now), Intake(source: "http:mihon"))
        let cancel = try await house.hub.take(cap("w-2", "Cancel", references: references, now.addingTimeInterval(2)), Intake(source: "http:mihon"))
        #expect(cancel.notes.contains { $0.contains("何を取り消すのか") }, "\(cancel.notes)")
        #expect(house.hub.attention.rows.contains { $0.topic == .inDoubt && $0.words.contains("何を取り消すのか") })
    }
}
