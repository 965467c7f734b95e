import AlertModel
import ChannelKit
import ChannelKitTesting
import Foundation
import Testing

@Suite("An alert as JSON")
struct AlertJSONTests {
    private func object<M: Mode>(_ message: Message<M>) throws -> [String: Any] {
        let line = try AlertJSON.line(AlertJSON(message))
        #expect(!line.contains(0x0A))
        return try #require(try JSONSerialization.jsonObject(with: Data(line)) as? [String: Any])
    }

    @Test("The keys are those that receivers know, for every kind of detail")
    func keys() throws {
        let always: Set = [
            "id", "event", "kind", "message", "mode", "gravity", "change", "over", "priority", "sender", "sent", "reported", "texts", "title", "headline", "expires", "town",
            "areas", "shelters",
        ]
        for (kind, own) in [(AlertKind.evacuation, "evacuation"), (.shelter, "shelter"), (.headquarters, "headquarters"), (.notice, "notice")] {
            let keys = Set(try object(Sample.message(kind: kind, event: "e", as: Actual.self)).keys)
            #expect(keys == always.union([own]))
        }
        let quake = try object(Sample.message(kind: .earthquake, event: "e", as: Exercise.self))
        #expect(always.isSubset(of: quake.keys) && quake["mode"] as? String == "exercise")
        #expect((quake["town"] as? [String: String])?.keys.sorted() == ["code", "name", "roman_name"])
    }

    @Test("The areas of a town's own act are the town: alike in the alert, its follow-up and its cancel", arguments: [
        AlertKind.evacuation, .shelter, .headquarters, .notice,
    ])
    func ownAreas(kind: AlertKind) throws {
        for type in [MessageType.alert, .update, .cancel] {
            let sample = Sample.message(kind: kind, type, event: "e", as: Actual.self)
            // Targeting finds statements only where a rule reads them.
            for local in [[], sample.local] {
                let message = Message(
                    alert: sample.alert, town: sample.town, priority: sample.priority, texts: sample.texts, local: local, shelters: [])
                let areas = try object(message)["areas"] as? [[String: String]]
                #expect(areas == [["scheme": "lg", "code": "042056", "name": "気仙沼市"]], "\(type)")
            }
        }
    }

    @Test("Every key is explained in Channels/README.md")
    func documented() throws {
        let package = "/" + #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
        let readme = try String(contentsOfFile: package + "/Channels/README.md", encoding: .utf8)
        let section = try #require(readme.components(separatedBy: "## An alert as JSON").last)
        for kind in [AlertKind.evacuation, .shelter, .headquarters, .notice] {
            for key in try object(Sample.message(kind: kind, event: "e", as: Actual.self)).keys {
                #expect(section.contains("`\(key)`"), "\(key)")
            }
        }
    }
}
