import AlertModel
import Chance
import FoundationEssentials
import Testing

@testable import Lifecycle

/// One early warning as JMA sends it: two types with serials of their own, some within one second, sometimes a
/// cancel, sometimes a report after it.
private struct Course {
    var reports: [AlertContent] = []
    var last: [AlertContent] = []

    /// `grows`: each report names all areas warned before it, as JMA's do; then a lost one takes nothing with it.
    init(_ number: Int, grows: Bool, _ dice: inout Dice) {
        let event = "jma/eew/2024041723\(1_000 + number)"
        let codes = (0..<6).map { "\(200 + $0)" }
        var warned: Set<String> = []
        var second = Double(number)
        for serial in 1...Int.random(in: 2...9, using: &dice) {
            second += Double(Int.random(in: 0...2, using: &dice))
            if Bool.random(using: &dice) {
                if !grows { warned = [] }
                warned.formUnion(codes.shuffled(using: &dice).prefix(2))
            }
            let areas = warned.sorted().map { at(.jmaSeismic, $0, kind: "31") }
            reports.append(report(event, "VXSE45", serial: serial, after: second, areas))
            if !warned.isEmpty, Bool.random(using: &dice) {
                reports.append(report(event, "VXSE43", serial: serial, after: second, areas))
            }
        }
        let serial = reports.last { $0.type == "VXSE45" }?.revision.serial
        switch Int.random(in: 0...2, using: &dice) {
        case 0: last = [report(event, "VXSE45", serial: (serial ?? 0) + 1, after: second + 1, warned.sorted().map { at(.jmaSeismic, $0, kind: "31") })]
        case 1: last = [report(event, "VXSE45", serial: serial, after: second + 30, .cancel)]
        default:
            reports.append(report(event, "VXSE45", serial: serial, after: second + 30, .cancel))
            last = [report(event, "VXSE45", serial: (serial ?? 0) + 1, after: second + 40, [at(.jmaSeismic, "299", kind: "31")])]
        }
    }
}

private struct State: Equatable {
    var inForce: [String: Set<String>]
    var revisions: [String: Revision]

    init(_ stories: EventStories) {
        let now = stories.inForce(at: start)
        inForce = Dictionary(uniqueKeysWithValues: now.map { ($0.event.text, Set($0.areas.map(\.code))) })
        revisions = Dictionary(uniqueKeysWithValues: now.map { ($0.event.text, $0.revision) })
    }
}

private func state(after contents: [AlertContent]) -> State {
    var stories = EventStories()
    for content in contents { _ = stories.take(content, source: "line", now: content.sent) }
    return State(stories)
}

@Suite("Order, duplicates and losses do not change where a story ends")
struct StoriesPropertyTests {
    @Test("Any order and any duplication of several interleaved events", arguments: 0..<150)
    func anyOrder(seed: Int) {
        var dice = Dice(seed: UInt64(seed))
        let courses = (0..<3).map { Course($0, grows: false, &dice) }
        let all = courses.flatMap { $0.reports + $0.last }
        let expected = state(after: all)
        for _ in 0..<8 {
            let mixed = (all + all.shuffled(using: &dice).prefix(all.count / 2)).shuffled(using: &dice)
            #expect(state(after: mixed) == expected)
        }
    }

    @Test("Any loss in the middle", arguments: 0..<150)
    func anyLoss(seed: Int) {
        var dice = Dice(seed: UInt64(seed))
        let courses = (0..<3).map { Course($0, grows: true, &dice) }
        let expected = state(after: courses.flatMap { $0.reports + $0.last })
        for _ in 0..<8 {
            // What came before a cancel may be lost with it: a report after it says all that holds.
            let kept = courses.flatMap { course in course.reports.filter { _ in Int.random(in: 0...2, using: &dice) > 0 } + course.last }
            #expect(state(after: kept).revisions == expected.revisions)
            let hasRevival = courses.contains { $0.reports.contains { $0.message == .cancel } }
            if !hasRevival { #expect(state(after: kept.shuffled(using: &dice)) == expected) }
        }
    }

    @Test("After a cancel nothing of its event is in force, and nothing of the others is gone", arguments: 0..<150)
    func cancelled(seed: Int) {
        var dice = Dice(seed: UInt64(seed))
        let courses = (0..<3).map { Course($0, grows: false, &dice) }
        let all = courses.flatMap { $0.reports + $0.last }
        let end = all.filter { $0.event == all[0].event && $0.type == "VXSE45" }.compactMap(\.revision.serial).max()
        let cancel = report(all[0].event.text, "VXSE45", serial: end, after: 500, .cancel)
        let mixed = (all + [cancel, cancel]).shuffled(using: &dice)
        var without = state(after: all)
        without.inForce[cancel.event.text] = nil
        without.revisions[cancel.event.text] = nil
        #expect(state(after: mixed) == without)
    }

    @Test("A town hears of a warning at most once until it is cancelled, whatever comes", arguments: 0..<150)
    func once(seed: Int) throws {
        var dice = Dice(seed: UInt64(seed))
        let town = Place(id: try #require(TownID("042056")), codes: ["200", "201"])
        let course = Course(0, grows: false, &dice)
        let mixed = (course.reports + course.last + course.reports).shuffled(using: &dice)
        var stories = EventStories()
        let heard = stories.run(mixed, for: town)
        for (before, after) in zip(heard, heard.dropFirst()) { #expect(before != after, "\(heard)") }
        #expect(heard.first != .cancelled)
        let isWarned = stories.inForce(at: start).contains { !town.codes.isDisjoint(with: $0.areas.map(\.code)) }
        // What is in force for the town it was told last, and what was taken back it was told last.
        #expect(!isWarned || heard.last == .first)
    }
}
