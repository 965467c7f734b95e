import AlertModel
import Foundation
import Testing

@testable import Ingest

@Suite("An invented evacuation order, from its alert to its cancel")
struct CAPFixtureTests {
    private func read(_ name: String) throws -> Bulletin {
        let here = URL(filePath: #filePath).resolvingSymlinksInPath()
        let tests = here.deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        return try CAPReader.read(Array(Data(contentsOf: tests.appending(path: "Fixtures/cap/\(name).cap"))))
    }

    @Test("Each message refers to those before it, over the same ground")
    func chain() throws {
        let messages = try ["evacuation-1-alert", "evacuation-2-update", "evacuation-3-cancel"].map(read)
        #expect(messages.map(\.message) == [.alert, .update, .cancel])
        #expect(messages.allSatisfy { $0.status == .exercise && $0.kind == .evacuation && $0.areas.count == 2 })
        #expect(messages[2].references.map(\.identifier) == messages.prefix(2).flatMap(\.identifiers))
        #expect(Set(messages.flatMap { $0.areas.map(\.code) }).contains("992011"))
        #expect(messages.map(\.urgency) == ["Immediate", "Immediate", "Past"])
    }
}
