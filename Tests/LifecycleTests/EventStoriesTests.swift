import AlertModel
import FoundationEssentials
import Testing

@testable import Lifecycle
import Meanings

private let quake = "jma/eew/20240417231454"
private func warned(_ codes: String...) -> [AreaStatement] { codes.map { at(.jmaSeismic, $0, kind: "31", value: "5-") } }

@Suite("What a bulletin means for its event")
struct EventStoriesTests {
    private var stories = EventStories()

    private mutating func take(_ content: AlertContent, _ source: String = "osaka") -> Reception {
        stories.take(content, source: source, now: content.sent)
    }

    private var inForce: [String] { stories.inForce(at: start.addingTimeInterval(600)).map(\.event.text) }

    @Test("One telegram from two suppliers is one, and both are named")
    mutating func twoSuppliers() {
        let warning = report(quake, "VXSE43", serial: 1, warned("750"))
        #expect(take(warning) == .news(warning))
        var second = warning
        second.id = AlertID("other")
        #expect(take(second, "tokyo") == .sameAgain(first: warning.id, sources: ["osaka", "tokyo"]))
    }

    @Test("The same octets again are the same telegram, also where their date was not believed and they bear the moment they came")
    mutating func sameOctets() {
        let first = report(quake, "VTSE41", serial: nil, warned("750"))
        #expect(take(first) == .news(first))
        var again = first
        again.sent.addTimeInterval(10)
        again.revision.sent.addTimeInterval(10)
        #expect(take(again) == .sameAgain(first: first.id, sources: ["osaka"]))
    }

    @Test("A cancel repeats the serial and is heard; the same cancel of the other type is not heard again")
    mutating func cancel() {
        _ = take(report(quake, "VXSE45", serial: 32, warned("750")))
        _ = take(report(quake, "VXSE43", serial: 2, after: 1, warned("750")))
        let cancel = report(quake, "VXSE45", serial: 32, after: 120, .cancel)
        guard case .cancels(let taken) = take(cancel) else { Issue.record("not cancelled"); return }
        #expect(taken.map(\.previous.type) == ["VXSE43"] && taken[0].content.event.text == quake)
        guard case .sameAgain = take(report(quake, "VXSE43", serial: 2, after: 120, .cancel)) else { Issue.record("told twice"); return }
        #expect(inForce.isEmpty)
        guard case .outdated = take(report(quake, "VXSE45", serial: 31, after: 60, warned("750"))) else { Issue.record("revived by an old report"); return }
        #expect(inForce.isEmpty)
    }

    @Test("A later report revives a cancelled event")
    mutating func revival() {
        _ = take(report(quake, "VXSE45", serial: 1, warned("750")))
        _ = take(report(quake, "VXSE45", serial: 1, after: 5, .cancel))
        guard case .news(let again) = take(report(quake, "VXSE45", serial: 2, after: 9, warned("751"))) else { Issue.record("silent"); return }
        #expect(again.areas.map(\.code) == ["751"])
    }

    @Test("A cancel hits its own event only: the ghost goes, the earthquake stays")
    mutating func ghost() {
        _ = take(report("jma/eew/20240101161010", "VXSE45", serial: 3, warned("390")))
        _ = take(report("jma/eew/20240101161133", "VXSE45", serial: 1, after: 60, warned("359")))
        _ = take(report("jma/eew/20240101161133", "VXSE45", serial: 1, after: 70, .cancel))
        #expect(inForce == ["jma/eew/20240101161010"])
    }

    @Test("A cancel that comes before its original keeps it silent")
    mutating func cancelFirst() {
        guard case .cancelsNothing = take(report(quake, "VXSE45", serial: 4, after: 9, .cancel)) else { Issue.record("known?"); return }
        guard case .outdated = take(report(quake, "VXSE45", serial: 4, warned("750"))) else { Issue.record("told"); return }
        #expect(inForce.isEmpty)
    }

    @Test("Corrections and cancels are one only when they say the same throughout")
    mutating func corrections() {
        let first = report("jma/typhoon/TC2001", "VPTI51", kind: .typhoon, headline: "a")
        let correction = report("jma/typhoon/TC2001", "VPTI51", kind: .typhoon, .update, headline: "b")
        var another = correction
        another.id = AlertID("another")
        another.headline = "c"
        #expect(take(first) == .news(first))
        #expect(take(correction) == .news(correction))
        guard case .sameAgain = take(correction) else { Issue.record("twice"); return }
        guard case .news(let last) = take(another) else { Issue.record("lost"); return }
        #expect(last.headline == "c")
        guard case .cancels = take(report("jma/typhoon/TC2001", "VPTI51", kind: .typhoon, .cancel, headline: "a")) else { Issue.record("kept"); return }
        #expect(inForce.isEmpty)
    }

    @Test("A warned area stays warned when a later report leaves it out, in whatever order they come")
    mutating func staysWarned() {
        let first = report(quake, "VXSE45", serial: 3, warned("750", "751"))
        let second = report(quake, "VXSE45", serial: 4, after: 1, [at(.jmaSeismic, "750", kind: "31", value: "5-"), at(.jmaSeismic, "751", kind: "00", value: "4")])
        for order in [[first, second], [second, first]] {
            stories = EventStories()
            for content in order { guard case .news = take(content) else { Issue.record("silent"); return } }
            let now = stories.inForce(at: start)
            #expect(Set(now[0].areas.filter(\.isEarthquakeWarning).map(\.code)) == ["750", "751"])
            #expect(now[0].revision.serial == 4 && now[0].areas.count == 2)
        }
    }

    @Test("The satellite's early warning of the same earthquake is no second one, either way round")
    mutating func satellite() {
        let focus = Hypocentre(name: "豊後水道", code: "791")
        let ground = report(quake, "VXSE43", serial: 1, warned("750"), hypocentre: focus)
        let space = report(
            "qzss/eew/quake-2024-04-17T23:14:00+09:00", "qzss", after: -59, [at(.jmaEEW, "9380", kind: "31")], hypocentre: focus)
        var elsewhere = space
        elsewhere.hypocentre = Hypocentre(name: "宮城県沖", code: "287")
        elsewhere.event = EventID("qzss/eew/quake-2024-04-17T23:14:30+09:00")
        for order in [[ground, space], [space, ground]] {
            stories = EventStories()
            _ = take(order[0], "first")
            _ = take(order[1], "second")
            #expect(stories.count == 1)
            _ = take(elsewhere)
            #expect(stories.count == 2)
        }
        guard case .cancels(let taken) = take(report(space.event.text, "qzss", after: -59, .cancel)) else { Issue.record("not cancelled"); return }
        #expect(taken[0].content.event == space.event && taken[0].previous.type == "VXSE43")
    }

    @Test("A repeated sentence of the satellite is the same one under a new time")
    mutating func repetition() {
        let first = report("qzss/flood/1", "qzss", kind: .flood, [at(.jmaRiver, "1", kind: "30")])
        var second = report("qzss/flood/1", "qzss", kind: .flood, after: 4, [at(.jmaRiver, "1", kind: "30")])
        second.aliases = first.aliases
        _ = take(first)
        guard case .sameAgain = take(second) else { Issue.record("told twice"); return }
    }

    @Test("A chain of references is one event, and a cancel takes back every event it names")
    mutating func references() {
        let one = report("cap/a/1", "cap", kind: .flood, aliases: nil)
        let two = report("cap/a/1", "cap", kind: .flood, after: 1, .update, aliases: ["cap/a/2"])
        // Refers to its predecessor only.
        let three = report("cap/a/2", "cap", kind: .flood, after: 2, .update, aliases: ["cap/a/3"])
        let other = report("cap/a/9", "cap", kind: .weather)
        for content in [one, two, three, other] { guard case .news = take(content) else { Issue.record("silent"); return } }
        #expect(inForce == ["cap/a/1", "cap/a/9"])
        let cancel = report("cap/a/3", "cap", kind: .other, after: 9, .cancel, aliases: ["cap/a/10", "cap/a/9"])
        guard case .cancels(let taken) = take(cancel) else { Issue.record("not cancelled"); return }
        #expect(taken.map(\.content.event.text) == ["cap/a/1", "cap/a/9"])
        #expect(taken.map(\.content.kind) == [.flood, .weather])
        #expect(Set(taken.map(\.content.id)).count == 2)
        #expect(inForce.isEmpty)
    }

    @Test("Two messages of one second and sender are two when their identifiers differ")
    mutating func sameSecond() {
        _ = take(report("cap/a/1", "cap", kind: .flood, .update, aliases: ["cap/a/2"]))
        guard case .news = take(report("cap/a/1", "cap", kind: .flood, .update, aliases: ["cap/a/3"])) else { Issue.record("taken for the same"); return }
    }

    @Test("A bulletin of two earthquakes makes one story of theirs")
    mutating func twoEarthquakes() {
        _ = take(report("jma/tsunami/A", "VTSE41", kind: .tsunami))
        _ = take(report("jma/tsunami/B", "VTSE41", kind: .tsunami, after: 1))
        _ = take(report("jma/tsunami/A", "VTSE41", kind: .tsunami, after: 2, aliases: ["jma/tsunami/B"]))
        #expect(inForce == ["jma/tsunami/A"])
        guard case .cancels(let taken) = take(report("jma/tsunami/B", "VTSE41", kind: .tsunami, after: 3, .cancel)) else { Issue.record("not cancelled"); return }
        #expect(taken.map(\.content.event.text) == ["jma/tsunami/A"])
    }

    @Test("Once a prefecture sends the level format, its old format is not told")
    mutating func levelFormat() {
        _ = take(report("jma/weather/heavy-rain/320000", "VPWW55", kind: .weather))
        #expect(take(report("jma/weather/all/320000", "VPWW54", kind: .weather, after: 1)) == .toldByLevelFormat)
        guard case .news = take(report("jma/weather/all/330000", "VPWW54", kind: .weather, after: 1)) else { Issue.record("another prefecture"); return }
        guard case .news = take(report("jma/weather/all/320000", "VPWW54", kind: .weather, after: 49 * 3_600)) else { Issue.record("silent for ever"); return }
    }

    @Test("What the old format told before the level format came, the old format takes back; it raises nothing any more")
    mutating func levelFormatLater() {
        func said(_ codes: [String], after seconds: Double) -> AlertContent {
            var content = report("jma/weather/all/320000", "VPWW54", kind: .weather, after: seconds)
            content.areas = codes.map { AreaStatement(scheme: .localGovernment, code: "3220100", kindCode: $0) }
            return content
        }
        guard case .news = take(said(["03", "14"], after: 0)) else { Issue.record("not told"); return }
        _ = take(report("jma/weather/heavy-rain/320000", "VPWW55", kind: .weather, after: 60))
        #expect(take(said(["03", "14"], after: 120)) == .toldByLevelFormat, "nothing is taken back")
        #expect(take(said(["03", "33"], after: 180)) == .toldByLevelFormat, "another one is new")
        guard case .news = take(said(["14"], after: 240)) else { Issue.record("a part of it is over"); return }
        guard case .news = take(said(["00"], after: 300)) else { Issue.record("all of it is over"); return }
        #expect(take(said(["03"], after: 360)) == .toldByLevelFormat, "and does not come again")
    }

    @Test("Memory is bounded, and what nobody speaks of is forgotten")
    mutating func bounds() {
        var limits = EventStories.Limits()
        limits.events = 64
        stories = EventStories(limits: limits)
        for number in 0..<500 { _ = take(report("jma/earthquake/\(number)", "VXSE53", kind: .earthquake, after: Double(number), aliases: ["x/\(number)"])) }
        #expect(stories.count <= 64)
        #expect(stories.previous(of: EventID("x/499")) != nil && stories.previous(of: EventID("x/1")) == nil)
        stories.prune(now: start.addingTimeInterval(80 * 3_600))
        #expect(stories.count == 0)
    }
}
