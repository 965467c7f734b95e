import AlertModel
import Chance
import Foundation
import OwnJSON
import Testing

/// Whatever is read quickly is what JSONDecoder makes of the same octets: of what we write, and of what somebody has changed in it.
struct OwnJSONTests {
    @Test(arguments: Self.samples)
    func isReadAsJSONDecoderReadsIt(_ content: AlertContent) throws {
        let octets = [UInt8](try JSONEncoder().encode(content))
        #expect(OwnJSON.quick(AlertContent.self, from: octets) == content)
        #expect(try OwnJSON.decode(AlertContent.self, from: octets) == content)
    }

    @Test func changedOctetsAreReadAsJSONDecoderReadsThemOrNotAtAll() throws {
        var dice = Dice(seed: 11), quick = 0, same = 0
        let texts = try Self.samples.map { [UInt8](try JSONEncoder().encode($0)) }
        for _ in 0..<6000 {
            guard var octets = texts.randomElement(using: &dice) else { continue }
            for _ in 0..<Int.random(in: 1...3, using: &dice) { Self.change(&octets, &dice) }
            guard let found = OwnJSON.quick(AlertContent.self, from: octets) else { continue }
            quick += 1
            let expected = try? JSONDecoder().decode(AlertContent.self, from: Data(octets))
            #expect(found == expected, "\(String(decoding: octets, as: UTF8.self))")
            if found == expected { same += 1 }
        }
        // Many changes leave an alert: else nothing was compared.
        #expect(same > 500 && same == quick)
    }

    private static func change(_ octets: inout [UInt8], _ dice: inout Dice) {
        let place = Int.random(in: 0..<octets.count, using: &dice)
        switch Int.random(in: 0..<5, using: &dice) {
        case 0: octets[place] = UInt8.random(in: 0...255, using: &dice)
        case 1: octets.remove(at: place)
        case 2: octets.insert([0x20, 0x22, 0x2C, 0x30, 0x5C, 0x65, 0x7B, 0x7D].randomElement(using: &dice) ?? 0x20, at: place)
        case 3:
            let other = Int.random(in: 0..<octets.count, using: &dice)
            octets.swapAt(place, other)
        default: octets[place] = UInt8.random(in: 0x20...0x7E, using: &dice)
        }
    }

    @Test func whatJSONEncoderWritesOtherwiseIsLeftToJSONDecoder() throws {
        struct Odd: Codable, Equatable {
            var octets: Data, place: URL, number: Double, words: String
        }
        let odd = Odd(octets: Data([1, 2, 3]), place: try #require(URL(string: "https://example.org/a")), number: 1e300, words: "\u{1}鹿折\u{2028}")
        let octets = [UInt8](try JSONEncoder().encode(odd))
        #expect(OwnJSON.quick(Odd.self, from: octets) == nil)
        #expect(try OwnJSON.decode(Odd.self, from: octets) == odd)
        for text in [#"{"a":1,"a":2}"#, #"{"a":01}"#, #"{"a":1} "#, #"{"a":1.5}"#, #"{"a":9223372036854775808}"#, #"{"a":"1"}"#, #"{"a":null}"#, "{", "", #"{"a":1]"#] {
            struct One: Codable { var a: Int }
            let quick = OwnJSON.quick(One.self, from: Array(text.utf8))?.a
            #expect(quick == nil, "\(text)")
        }
        let deep = Array((String(repeating: "[", count: 5000) + String(repeating: "]", count: 5000)).utf8)
        #expect(OwnJSON.quick([Int].self, from: deep) == nil)
    }

    @Test func dictionariesListsAndNumbersComeOutAlike() throws {
        struct Many: Codable, Equatable {
            var byName: [String: Int], byCase: [Act.Subject: Int], nested: [[Double?]], small: [UInt8], isIt: Bool, at: Date, none: Int?
        }
        let many = Many(
            byName: ["a/b": 1, "気仙沼": -7, "\"": 0], byCase: [.headquarters: 1, .shelter("x\\y"): 2, .evacuation(hazard: "津波", district: "鹿折/南町\n"): 3],
            nested: [[], [0, nil, -0.5, 817_690_497.6532918], [0.1]], small: [0, 255], isIt: true, at: Date(timeIntervalSinceReferenceDate: 817_690_497.653_291_8), none: nil)
        let octets = [UInt8](try JSONEncoder().encode(many))
        #expect(OwnJSON.quick(Many.self, from: octets) == many)
    }

    static let samples: [AlertContent] = {
        var dice = Dice(seed: 3)
        return (0..<40).map { _ in sample(&dice) }
    }()

    private static func sample(_ dice: inout Dice) -> AlertContent {
        func maybe<Value>(_ value: Value) -> Value? { Bool.random(using: &dice) ? value : nil }
        func moment() -> Date { Date(timeIntervalSinceReferenceDate: Double.random(in: 0...9e8, using: &dice)) }
        func words() -> String { ["断水", "氾濫のおそれ/避難", "a \"b\" \\ c", "一\n二\t三", "水道管の工事のため、3丁目で水が出ません。", ""].randomElement(using: &dice) ?? "" }
        let id = AlertID("20261130T0914\(Int.random(in: 10...99, using: &dice))-j06p2rwt"), event = EventID("op/042056/\(id)")
        var area = AreaStatement(scheme: .jmaEEW, code: "9910", name: maybe("宮城"), kindCode: maybe("31"), kindName: maybe("緊急地震速報（警報）"), value: maybe("6-"))
        area.longPeriod = maybe("3")
        let row = Act.Row(
            subject: .notice(event), state: .notice(Notice(title: words(), body: words())), since: moment(), by: words(), until: maybe(moment()), event: event,
            act: id, reason: maybe(words()))
        let order = Act.Row(
            subject: .evacuation(hazard: "洪水", district: words()), state: .level(4), since: moment(), by: "a", until: nil, event: event, act: id)
        let act = Act(
            version: Int.random(in: 0...9999, using: &dice), by: words(), change: .raised,
            steps: [Act.Step(subject: row.subject, before: maybe(row), after: maybe(row))], standing: [order, row], takesBack: maybe(id))
        let details: [Detail] = [
            .none, .notice(Notice(title: words(), body: words())),
            .evacuation(EvacuationOrder(level: .emergency, hazard: "津波", districts: [words()], reason: maybe(words()), isLifted: Bool.random(using: &dice))),
        ]
        var content = AlertContent(
            id: id, event: event, kind: .notice, message: .alert,
            revision: Revision(series: "operator", serial: maybe(3), sent: moment(), isCorrection: Bool.random(using: &dice)), type: "operator", title: words(),
            headline: maybe(words()), sender: "気仙沼市", sent: moment(), reported: maybe(moment()), expires: moment(), areas: [area, area],
            detail: details.randomElement(using: &dice) ?? .none, town: maybe(TownID("042056")).flatMap(\.self), aliases: maybe([event]), act: maybe(act))
        content.validUntil = maybe(moment())
        return content
    }
}
