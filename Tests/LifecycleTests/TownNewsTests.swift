import AlertModel
import FoundationEssentials
import Testing

@testable import Lifecycle

private let quake = "jma/eew/20240417231454"

@Suite("Whether it is news to a town")
struct TownNewsTests {
    private var stories = EventStories()
    private let town: Place
    private let other: Place

    init() throws {
        town = Place(id: try #require(TownID("042056")), codes: ["220", "221", "0420500", "0420501", "river", "040000"])
        other = Place(id: try #require(TownID("132063")), codes: ["310", "1320600"])
    }

    private func eew(_ serial: Int, _ type: String = "VXSE45", _ message: MessageType = .alert, kind: String? = nil, _ value: String, at code: String = "220") -> AlertContent {
        report(quake, type, serial: serial, after: Double(serial), message, [AreaStatement(scheme: .jmaSeismic, code: code, kindCode: kind, value: value)])
    }

    @Test("An early warning is told once, by whichever type, and its cancel to who was told")
    mutating func earlyWarning() {
        let heard = stories.run([
            eew(1, kind: "00", "3"), eew(2, kind: "10", "5-"), eew(2, "VXSE43", kind: "31", "5-"), eew(3, kind: "10", "6+"),
            eew(4, kind: "00", "3"), eew(5, kind: "10", "5-"), report(quake, "VXSE45", serial: 5, after: 60, .cancel),
            report(quake, "VXSE43", serial: 2, after: 60, .cancel),
        ], for: town)
        #expect(heard == [.first, .cancelled])
        #expect(stories.towns(toldOf: EventID(quake)).isEmpty)
    }

    @Test("A forecast is told again for each step up, and when it becomes a warning")
    mutating func steps() {
        let heard = stories.run([
            eew(1, kind: "00", "4"), eew(2, kind: "00", "4"), eew(3, kind: "00", "5-"), eew(4, kind: "00", "4"), eew(5, kind: "00", "5-"),
            eew(6, kind: "10", "5-"),
        ], for: town)
        #expect(heard == [.first, .higher, .higher])
    }

    @Test("A district that is only forecast is not taken for warned because its prefecture is")
    mutating func coarse() {
        let place = Place(id: town.id, codes: ["220", "9040"])
        let first = report(quake, "VXSE45", serial: 1, [
            at(.jmaEEW, "9040", kind: "31"), at(.jmaSeismic, "221", kind: "31"), at(.jmaSeismic, "220", kind: "00", value: "4"),
        ])
        let second = report(quake, "VXSE45", serial: 2, after: 1, [at(.jmaEEW, "9040", kind: "31"), at(.jmaSeismic, "220", kind: "31")])
        #expect(stories.run([first, second], for: place) == [.first, .higher])
    }

    @Test("A cancel is silent where nothing was told")
    mutating func cancelElsewhere() {
        #expect(stories.run([eew(1, kind: "31", "5-"), report(quake, "VXSE45", serial: 1, after: 9, .cancel)], for: other) == [])
    }

    @Test("Where the earthquake was is news after how strong; the same again is not; a correction is")
    mutating func earthquake() {
        func seen(_ type: String, _ seconds: Double, _ value: String, _ message: MessageType = .alert, where place: String? = nil) -> AlertContent {
            report("jma/earthquake/1", type, kind: .earthquake, after: seconds, message, [at(.jmaCity, "0420500", value: value)], hypocentre: place.map { Hypocentre(name: $0) })
        }
        let heard = stories.run([
            seen("VXSE51", 0, "5-"), seen("VXSE53", 60, "5-", where: "宮城県沖"), seen("VXSE53", 120, "5-", where: "宮城県沖"),
            seen("VXSE53", 180, "4", where: "宮城県沖"), seen("VXSE53", 240, "4", .update, where: "宮城県沖"), seen("VXSE53", 300, "6-", where: "宮城県沖"),
        ], for: town)
        #expect(heard == [.first, .changed, .corrected, .higher])
    }

    @Test("A tsunami warning is told when it comes, rises, widens, sinks and ends; what merely repeats it is not")
    mutating func tsunami() {
        func sea(_ seconds: Double, _ kinds: [String: String], _ type: String = "VTSE41") -> AlertContent {
            report("jma/tsunami/1", type, kind: .tsunami, after: seconds,
                kinds.sorted { $0.key < $1.key }.map { at(.jmaTsunami, $0.key, kind: $0.value) })
        }
        let heard = stories.run([
            sea(0, ["220": "62"]), sea(60, ["220": "51"]), sea(70, ["220": "51"], "VTSE51"), sea(90, ["220": "51"]),
            sea(120, ["220": "51", "221": "51"]), sea(180, ["220": "52", "221": "52"]), sea(240, ["220": "51", "221": "51"]),
            sea(300, ["220": "60", "221": "60"]), sea(360, ["220": "60", "221": "60"]),
        ], for: town)
        #expect(heard == [.first, .higher, .wider, .higher, .lowered, .lifted])
    }

    @Test("A town that is not named any more hears that it is over, although targeting skips it")
    mutating func leftOut() {
        let warning = report("jma/tsunami/1", "VTSE41", kind: .tsunami, [at(.jmaTsunami, "220", kind: "62")])
        let later = report("jma/tsunami/1", "VTSE41", kind: .tsunami, after: 60, [at(.jmaTsunami, "310", kind: "62")])
        #expect(stories.run([warning], for: town) == [.first])
        guard case .news(let content) = stories.take(later, source: "line", now: later.sent) else { Issue.record("silent"); return }
        #expect(stories.tell(content, town) == .tell(.lifted, .routine))
        #expect(stories.tell(content, town) == .silent(.notConcerned))
    }

    @Test("The cancel of an information takes nothing from the warning it repeated")
    mutating func cancelOfInformation() {
        _ = stories.run([
            report("jma/tsunami/1", "VTSE41", kind: .tsunami, [at(.jmaTsunami, "220", kind: "51")]),
            report("jma/tsunami/1", "VTSE51", kind: .tsunami, after: 1, [at(.jmaTsunami, "220", kind: "51")]),
        ], for: town)
        #expect(stories.run([report("jma/tsunami/1", "VTSE51", kind: .tsunami, after: 2, .cancel)], for: town) == [])
        #expect(stories.run([report("jma/tsunami/1", "VTSE41", kind: .tsunami, after: 3, .cancel)], for: town) == [.cancelled])
    }

    @Test("One sea, one event: the warning governs class and height, and an information takes no class down or up to the past")
    mutating func oneSea() {
        func sea(_ type: String, _ seconds: Double, _ areas: [AreaStatement]) -> AlertContent {
            report("jma/tsunami/1", type, kind: .tsunami, after: seconds, areas)
        }
        let warning = sea("VTSE41", 0, [at(.jmaTsunami, "220", kind: "52")])
        let seen = sea("VTSE51", 60, [at(.jmaTsunami, "220", kind: "52"), at(.jmaTsunami, "220", value: "０．８ｍ")])
        let lifted = sea("VTSE41", 120, [at(.jmaTsunami, "220", kind: "60")])
        #expect(stories.run([warning, seen], for: town) == [.first])
        let both = stories.previous(of: EventID("jma/tsunami/1"))
        #expect(both != nil && stories.inForce(at: seen.sent).count == 1)
        #expect(stories.inForce(at: seen.sent).first?.areas.map(\.value) == [nil, "０．８ｍ"])
        #expect(stories.run([lifted], for: town) == [.lifted])
        #expect(stories.inForce(at: lifted.sent).first?.areas.map(\.kindCode) == ["60"])
        // The information that repeats the old class comes late: nothing rises again.
        #expect(stories.run([sea("VTSE51", 110, [at(.jmaTsunami, "220", kind: "52")])], for: town) == [])
        #expect(stories.inForce(at: lifted.sent).first?.areas.map(\.kindCode) == ["60"])
    }

    private func rain(_ type: String, _ seconds: Double, _ kind: String?, status: String = "継続", code: String = "0420500") -> AlertContent {
        report("jma/weather/\(type == "VPWW54" ? "all" : "heavy-rain")/040000", type, kind: .weather, after: seconds,
            [at(.jmaCity, code, kind: kind, status: status)])
    }

    @Test("The same rain in the old and in the level format is told once, and lifted once")
    mutating func rainOnce() {
        let heard = stories.run([
            rain("VPWW54", 0, "03", status: "発表"), rain("VPWW55", 1, "03", status: "発表"), rain("VPWW54", 2, "03"),
            rain("VPWW55", 600, "43"), rain("VPWW55", 900, "03"), rain("VPWW55", 1_200, "03", status: "解除"), rain("VPWW54", 1_201, "03", status: "解除"),
        ], for: town)
        #expect(heard == [.first, .higher, .lowered, .lifted])
    }

    @Test("Another part of the municipality is wider; its district instead of it is not")
    mutating func parts() {
        #expect(stories.run([rain("VPWW55", 0, "03"), rain("VPWW55", 9, "03", code: "0420501")], for: town) == [.first, .wider])
        let special = report("jma/weather/special/040000", "VPNO50", kind: .weather, after: 20, [at(.jmaForecast, "040000", kind: "03")])
        #expect(stories.run([special], for: town) == [])
    }

    @Test("What was told of a warning is told when it sinks below what the town sends")
    mutating func belowThreshold() {
        _ = stories.run([rain("VPWW55", 0, "03")], for: town)
        let advisory = rain("VPWW55", 60, "10")
        guard case .news(let content) = stories.take(advisory, source: "line", now: start) else { Issue.record("silent"); return }
        #expect(stories.tell(content, town: town.id, priority: nil, local: content.areas, now: start) == .tell(.lowered, .routine))
        #expect(stories.tell(content, town: other.id, priority: nil, local: content.areas, now: start) == .silent(.notConcerned))
    }

    @Test("Silence has its own reason: not for this town, nothing new, or the end of what was never told")
    mutating func silences() {
        _ = stories.run([rain("VPWW55", 0, "03")], for: town)
        let elsewhere = eew(1, kind: "31", "5-", at: "999")
        #expect(stories.tell(elsewhere, town) == .silent(.notConcerned))
        #expect(stories.tell(rain("VPWW55", 9, "03"), town) == .silent(.noNews))
        let storm = report("jma/weather/storm/040000", "VPWW58", kind: .weather, after: 9, [at(.jmaCity, "0420500", kind: "05", status: "解除")])
        #expect(stories.tell(storm, town) == .silent(.neverTold))
    }

    @Test("A kind that no table knows is told")
    mutating func unknownKind() {
        #expect(stories.run([rain("VPWW61", 0, "77")], for: town) == [.first])
        let nameless = report("qzss/weather/1", "qzss", kind: .weather, [AreaStatement(scheme: .jmaForecast, code: "040000", kindName: "その他の警報等情報要素")])
        #expect(stories.run([nameless], for: town) == [.first])
    }

    @Test("An all-clear goes only to who heard the warning")
    mutating func allClear() {
        #expect(stories.run([rain("VPWW55", 0, "03", status: "解除")], for: town) == [])
    }

    @Test("Another authority's update is news when its words or its weight change, and an end when it leaves the town out")
    mutating func cap() {
        func alert(_ seconds: Double, _ headline: String, _ code: String = "220") -> AlertContent {
            report("cap/a/1", "cap", kind: .flood, after: seconds, seconds == 0 ? .alert : .update, [at(.other, code)], headline: headline)
        }
        #expect(stories.run([alert(0, "a"), alert(60, "a"), alert(120, "b"), alert(180, "b", "310")], for: town) == [.first, .changed, .lifted])
    }

    @Test("The record of two days, played again, leaves the same memory")
    mutating func replay() {
        let record = [eew(1, kind: "31", "5-"), rain("VPWW55", 10, "03"), rain("VPWW55", 60, "43")]
        _ = stories.run(record, for: town)
        var again = EventStories()
        _ = again.run(record, for: town)
        #expect(stories.inForce(at: start) == again.inForce(at: start))
        let next = rain("VPWW55", 90, "43")
        #expect(stories.run([next], for: town) == again.run([next], for: town))
    }
}
