import AlertModel
import Foundation
import Testing

@testable import Desk

@Suite("Who is at the desk")
struct PresenceTests {
    private let town = TownID("042056")!, other = TownID("042021")!
    private let start = Date(timeIntervalSince1970: 1_795_930_320)
    private func person(_ name: String) -> Operator { Operator(name: name, tokenDigest: name) }

    @Test("Whoever asks is there, once however often, each place apart, and sees the others in the order in which they came")
    func seen() {
        let presence = DeskPresence()
        #expect(presence.saw(person("佐藤"), in: town, .actual, at: start) == [.init(name: "佐藤", mode: .actual, since: start, isSelf: true)])
        _ = presence.saw(person("佐藤"), in: town, .actual, at: start + 20)
        let seen = presence.saw(person("鈴木"), in: town, .exercise, at: start + 30)
        #expect(seen == [.init(name: "佐藤", mode: .actual, since: start, isSelf: false), .init(name: "鈴木", mode: .exercise, since: start + 30, isSelf: true)])
        #expect(presence.saw(person("高橋"), in: other, .actual, at: start + 31).count == 1, "another town is another desk")
        #expect(presence.saw(person("鈴木"), in: town, .actual, at: start + 32).map(\.isSelf) == [false, true, true])
    }

    @Test("After a minute of silence he has gone, and whoever comes back has come anew; who signs out has gone at once")
    func silence() {
        let presence = DeskPresence()
        _ = presence.saw(person("佐藤"), in: town, .actual, at: start)
        #expect(presence.saw(person("鈴木"), in: town, .actual, at: start + 59).count == 2)
        #expect(presence.saw(person("鈴木"), in: town, .actual, at: start + 60).count == 1)
        #expect(presence.saw(person("佐藤"), in: town, .actual, at: start + 61).last?.since == start + 61)
        presence.left("鈴木")
        #expect(presence.saw(person("佐藤"), in: town, .actual, at: start + 62).map(\.name) == ["佐藤"])
    }

    @Test("There is room for so many: the one that has been silent the longest is forgotten, and another town's stay")
    func bound() {
        let presence = DeskPresence()
        _ = presence.saw(person("隣"), in: other, .actual, at: start)
        for number in 0...DeskPresence.mostOfTown { _ = presence.saw(person("p\(number)"), in: town, .actual, at: start + 1 + Double(number) / 100) }
        let names = presence.saw(person("p64"), in: town, .actual, at: start + 3).map(\.name)
        #expect(names.count == DeskPresence.mostOfTown && !names.contains("p0") && names.contains("p1"))
        #expect(presence.count == DeskPresence.mostOfTown + 1)
    }
}
