import AlertModel
import Chance
import Foundation
import Testing

@Suite("What an early warning says of the shaking at a place")
struct ShakingTests {
    func area(_ code: String = "220", _ scheme: AreaScheme = .jmaSeismic, _ change: (inout AreaStatement) -> Void = { _ in }) -> AreaStatement {
        var area = AreaStatement(scheme: scheme, code: code, kindCode: "31")
        change(&area)
        return area
    }

    let moment = "2024-04-17T23:15:02+09:00"
    var date: Date { Date(timeIntervalSince1970: 1_713_363_302) }

    @Test("A time of arrival is past from its second on, and not before")
    func expected() throws {
        let shaking = try #require(Shaking(.eew, [area { ($0.arrival, $0.value, $0.lower) = (moment, "4", "3") }]))
        #expect(shaking.arrival == .expected(date))
        #expect(shaking.lower == .three && shaking.upper == .four && !shaking.isOrMore)
        #expect(!shaking.isPast(at: date - 1) && shaking.isPast(at: date) && shaking.isPast(at: date + 1))
    }

    @Test("Shaking that is there is past at any time, a forecast without a time never is", arguments: [
        ("既に主要動到達と推測", true, false), ("ＰＬＵＭ法で推定", false, true), ("PLUM法で推定", false, true), ("", false, false),
    ])
    func conditions(status: String, isPast: Bool, isPLUM: Bool) throws {
        let shaking = try #require(Shaking(.eew, [area { ($0.status, $0.value, $0.isOrMore) = (status, "5-", true) }]))
        #expect([Date.distantPast, date, .distantFuture].allSatisfy { shaking.isPast(at: $0) == isPast })
        #expect(shaking.isPLUM == isPLUM)
        #expect(shaking.lower == .fiveLower && shaking.upper == .fiveLower && shaking.isOrMore)
    }

    @Test("The town's own finest area counts: a prefecture that shakes already says nothing of it")
    func finest() {
        let prefecture = area("9040", .jmaEEW) { ($0.status, $0.value) = ("既に主要動到達と推測", "7") }
        let own = area { ($0.arrival, $0.value) = (moment, "4") }
        let shaking = Shaking(.eew, [prefecture, own])
        #expect(shaking?.arrival == .expected(date) && shaking?.upper == .four)
        #expect(Shaking(.eew, [prefecture])?.arrival == .arrived)
        #expect(Shaking(.earthquake, [own]) == nil && Shaking(.tsunami, [own]) == nil)
        #expect(Shaking(.eew, [])?.arrival == .unknown)
    }

    @Test("Of several areas of one town the strongest is told and the time that promises least, in whatever order they come", arguments: 0..<200)
    func several(seed: UInt64) throws {
        var dice = Dice(seed: seed)
        let steps = Intensity.allCases
        let areas = (0..<Int.random(in: 1...5, using: &dice)).map { number in
            area("\(200 + number)") {
                $0.value = steps.randomElement(using: &dice)?.rawValue
                if Bool.random(using: &dice) { $0.lower = steps.randomElement(using: &dice)?.rawValue }
                switch Int.random(in: 0..<4, using: &dice) {
                case 0: $0.status = "既に主要動到達と推測"
                case 1: $0.status = "ＰＬＵＭ法で推定"
                default: $0.arrival = JapanTime.text(date + Double(Int.random(in: -60...60, using: &dice)), milliseconds: false)
                }
            }
        }
        let shaking = try #require(Shaking(.eew, areas))
        #expect(Shaking(.eew, areas.shuffled(using: &dice)) == shaking)
        let each = areas.compactMap { Shaking(.eew, [$0]) }
        #expect(shaking.upper == each.compactMap(\.upper).max())
        #expect(try #require(shaking.lower) <= #require(shaking.upper))
        for time in stride(from: -70.0, through: 70, by: 7).map({ date + $0 }) where each.contains(where: { $0.isPast(at: time) }) {
            #expect(shaking.isPast(at: time) || shaking.arrival == .unknown)
        }
    }

    @Test("A moment is read as it is written, and as Foundation reads it or not at all", arguments: 0..<400)
    func moments(seed: UInt64) throws {
        var dice = Dice(seed: seed)
        let date = Date(timeIntervalSince1970: Double(Int.random(in: 0...7_000_000_000, using: &dice)))
        let text = JapanTime.text(date, milliseconds: false)
        #expect(JapanTime.moment(text) == date)
        #expect(JapanTime.moment(JapanTime.text(date)) == date)
        #expect(JapanTime.moment(date.formatted(.iso8601)) == date)
        var octets = Array(text.utf8)
        for _ in 0..<Int.random(in: 1...2, using: &dice) {
            let place = Int.random(in: 0..<octets.count, using: &dice)
            octets[place] = try #require("0123456789-:+TZ. ".utf8.randomElement(using: &dice))
        }
        let mutant = String(decoding: octets, as: UTF8.self)
        if let read = JapanTime.moment(mutant), let theirs = try? Date(mutant, strategy: .iso8601) { #expect(abs(read.timeIntervalSince(theirs)) < 1, "\(mutant)") }
    }

    @Test("What is no moment is none", arguments: [
        "", "2024-04-17", "2024-04-17T23:15:02", "2024-02-30T00:00:00Z", "2024-13-01T00:00:00Z", "2024-04-17T24:00:00Z", "2024-04-17T23:60:00Z",
        "2024-04-17T23:15:02+0900", "2024-04-17T23:15:02.+09:00", "2024-04-17T23:15:02+09:00 ", "２０２４-04-17T23:15:02Z", "2024-04-17 23:15:02Z",
    ])
    func noMoment(text: String) { #expect(JapanTime.moment(text) == nil) }
}
