import AlertModel
import FoundationEssentials
import Testing

@testable import Lifecycle

/// Dates are claims and ways differ: what may silence, lower and take back what.
@Suite("Only who said it, or is believed more, unsays it; no date silences what is graver")
struct TrustTests {
    private var stories = EventStories()
    private let town: Place

    init() throws { town = Place(id: try #require(TownID("042056")), codes: ["220", "221", "0420500"]) }

    private func sea(
        _ seconds: Double, _ kinds: [String: String], _ message: MessageType = .alert, by trust: SourceTrust = .official, event: String = "1"
    ) -> AlertContent {
        var made = report("jma/tsunami/\(event)", "VTSE41", kind: .tsunami, after: seconds, message,
            kinds.sorted { $0.key < $1.key }.map { at(.jmaTsunami, $0.key, kind: $0.value) })
        made.provenance = Provenance(trust: trust)
        return made
    }

    /// As the normaliser leaves what is dated ahead: people read its date, its place is where it came.
    private func ahead(_ lead: Double, _ content: AlertContent) -> AlertContent {
        var content = content
        content.sent.addTimeInterval(lead)
        return content
    }

    private mutating func hear(_ contents: [AlertContent], source: String = "line") -> [News.Cause] {
        stories.run(contents, for: town, source: source)
    }

    @Test("A bulletin whose date runs ahead does not silence a graver one that came within the same seconds")
    mutating func datedAhead() {
        #expect(hear([ahead(240, sea(10, ["220": "62"])), sea(9, ["220": "52"])]) == [.first, .higher])
    }

    @Test("Nor does it silence a wider one, and what is lesser and older says nothing")
    mutating func wider() {
        #expect(hear([ahead(240, sea(10, ["220": "51"])), sea(9, ["220": "51", "221": "51"]), sea(8, ["220": "62"])]) == [.first, .wider])
    }

    @Test("A cancel dated ahead does not silence the warning that stands")
    mutating func cancelAhead() {
        #expect(hear([sea(0, ["220": "51"]), ahead(280, sea(20, [:], .cancel)), sea(19, ["220": "52"])]) == [.first, .cancelled, .first])
    }

    @Test("A cancel with a right date keeps its late original silent")
    mutating func cancelInTime() {
        #expect(hear([sea(20, [:], .cancel), sea(19, ["220": "52"])]) == [])
    }

    @Test("What one way lost another may bring later: graver is told, lesser is not, and yesterday's is not")
    mutating func anotherWay() {
        #expect(hear([sea(1_800, ["220": "51"])]) == [.first])
        #expect(hear([sea(600, ["220": "52"])]) == [])
        #expect(hear([sea(601, ["220": "62"])], source: "feed") == [])
        #expect(hear([sea(602, ["220": "52"])], source: "feed") == [.higher])
        #expect(hear([sea(-7_200, ["220": "53", "221": "53"])], source: "feed") == [])
    }

    @Test("Who is believed less raises, and neither lowers, lifts nor cancels what was said by who is believed more")
    mutating func lessBelieved() {
        #expect(hear([sea(0, ["220": "51"])]) == [.first])
        #expect(hear([sea(60, ["220": "62"], by: .other), sea(70, ["220": "60"], by: .other), sea(80, [:], .cancel, by: .other)], source: "http:a") == [])
        // Under another name the sea is still one.
        #expect(hear([sea(90, ["220": "60"], by: .other, event: "2")], source: "http:a") == [])
        #expect(hear([sea(100, ["220": "52"], by: .other)], source: "http:a") == [.higher])
        #expect(hear([sea(101, ["220": "51"])]) == [.lowered])
        #expect(hear([sea(300, ["220": "60"])]) == [.lifted])
    }

    @Test("A refused cancel says whose the alert is, and the same cancel by its own way is heard")
    mutating func notTheirs() {
        _ = hear([sea(0, ["220": "51"], by: .receiver)])
        let forged = sea(60, [:], .cancel, by: .other)
        guard case .notTheirs = stories.take(forged, source: "http:a", now: forged.sent) else { Issue.record("taken back"); return }
        #expect(hear([sea(60, [:], .cancel, by: .receiver)]) == [.cancelled])
    }

    @Test("The word of who is believed more stands against numbers and dates of who is believed less")
    mutating func moreBelieved() {
        func quake(_ serial: Int, _ seconds: Double, _ value: String, _ trust: SourceTrust) -> AlertContent {
            var made = report("jma/earthquake/1", "VXSE53", kind: .earthquake, serial: serial, after: seconds, [at(.jmaCity, "0420500", value: value)])
            made.provenance = Provenance(trust: trust)
            return made
        }
        #expect(hear([quake(99, 10, "4", .other)]) == [.first])
        guard case .news(let told) = stories.take(quake(1, 8, "6+", .official), source: "dmdata:1", now: start) else { Issue.record("silent"); return }
        // Far ends take what is newer than what they have: it is put behind it.
        #expect(told.revision.isNewer(than: quake(99, 10, "4", .other).revision))
        #expect(stories.tell(told, town) == .tell(.higher, .routine))
    }

    @Test("The same telegram again by a way that is believed more makes it that way's word")
    mutating func vouched() {
        #expect(hear([sea(0, ["220": "51"], by: .other), sea(30, ["220": "60"], by: .other)], source: "http:a") == [.first, .lifted])
        #expect(hear([sea(0, ["220": "51"])], source: "dmdata:1") == [.first])
        #expect(hear([sea(60, ["220": "60"], by: .other)], source: "http:a") == [])
    }

    private func cap(_ identifier: String, _ message: MessageType, of first: String? = nil, by signer: String?, after seconds: Double) -> AlertContent {
        var made = report("cap/s/\(first ?? identifier)", "cap", kind: .flood, after: seconds, message, [at(.other, "220")], headline: identifier,
            aliases: first == nil ? nil : ["cap/s/\(identifier)"])
        made.provenance = Provenance(trust: signer == nil ? .other : .signed, signer: signer)
        return made
    }

    @Test("Of a signed alert its signer alone speaks on; another trusted signer's update is an alert of its own")
    mutating func signers() {
        #expect(hear([cap("1", .alert, by: "sha256/a", after: 0)]) == [.first])
        #expect(hear([cap("2", .cancel, of: "1", by: "sha256/b", after: 60), cap("3", .cancel, of: "1", by: nil, after: 61)]) == [])
        #expect(stories.inForce(at: start).map(\.event.text) == ["cap/s/1"])
        #expect(hear([cap("4", .update, of: "1", by: "sha256/b", after: 70)]) == [.first])
        #expect(hear([cap("1", .alert, by: "sha256/b", after: 80)]) == [.first])
        #expect(stories.inForce(at: start).map(\.event.text) == ["cap/s/1", "cap/s/1~sha256/b", "cap/s/4"])
        #expect(hear([cap("5", .cancel, of: "1", by: "sha256/a", after: 90)]) == [.cancelled])
    }

    @Test("Bulletins of the level format by who is believed less do not silence the old format")
    mutating func levelFormat() {
        func rain(_ type: String, _ seconds: Double, _ kind: String, _ trust: SourceTrust) -> AlertContent {
            var made = report("jma/weather/\(type == "VPWW54" ? "all" : "heavy-rain")/040000", type, kind: .weather, after: seconds, [at(.jmaCity, "0420500", kind: kind)])
            made.provenance = Provenance(trust: trust)
            return made
        }
        #expect(hear([rain("VPWW55", 0, "10", .other)], source: "http:a") == [.first])
        #expect(hear([rain("VPWW54", 10, "03", .official)]) == [.higher])
    }
}
