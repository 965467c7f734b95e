import AlertModel
import FoundationEssentials
import Testing

@testable import Ingest

private let noon = Date(timeIntervalSince1970: 1_760_000_000)

private func bulletin(
    _ type: String = "VXSE43", kind: AlertKind = .eew, ids: [String] = ["20251009175320"], serial: String? = "1",
    status: BulletinStatus = .actual, message: MessageType = .alert, sent: Double = 0
) -> Bulletin {
    var made = Bulletin(
        format: .jma, type: type, title: "題", kind: kind, status: status, message: message, sender: "気象庁")
    made.identifiers = ids
    made.serial = serial
    made.editor = "大阪管区気象台"
    made.sent = Timestamp(JapanTime.text(noon.addingTimeInterval(sent), milliseconds: false))
    return made
}

private func sort(_ bulletin: Bulletin) throws -> SortedAlert {
    let sorted = try Normaliser().sort(bulletin, id: { AlertID("a1") }, receivedAt: noon)
    return try #require(sorted.first)
}

private func event(_ bulletin: Bulletin) throws -> String { try sort(bulletin).content.event.text }

private func at(_ code: String, _ scheme: AreaScheme = .jmaForecast) -> AreaStatement { AreaStatement(scheme: scheme, code: code) }

@Suite("From bulletin to alert")
struct NormaliserTests {
    @Test("The status alone parts real from drill", arguments: BulletinStatus.allCases)
    func mode(status: BulletinStatus) throws {
        var made = bulletin(status: status)
        made.title = "訓練 test"
        switch try sort(made) {
        case .actual: #expect(status == .actual)
        case .exercise(let alert):
            #expect(status == .exercise)
            #expect(alert.event.text.hasPrefix("exercise/jma/eew/"))
        case .recordOnly(_, let kept, _): #expect(kept == status && (status == .test || status == .system))
        }
    }

    @Test("A title loses the mark of its form, which is for machines", arguments: [
        ("津波警報・注意報・予報a", "津波警報・注意報・予報"), ("気象警報・注意報（Ｒ０６）", "気象警報・注意報"),
        ("緊急地震速報（警報）", "緊急地震速報（警報）"), ("a", "a"), ("", ""),
    ])
    func title(written: String, told: String) throws {
        var made = bulletin()
        made.title = written
        #expect(try sort(made).content.title == told)
    }

    @Test("No bulletin of the corpus with 訓練 or 試験 becomes a real alert, and none with 通常 a drill")
    func corpusModes() throws {
        var count = 0
        for url in JMASamples.corpusFiles {
            let octets = try Array(Data(contentsOf: url))
            let bulletin = try JMAReader.read(octets, fileName: url.lastPathComponent)
            let written = String(decoding: octets, as: UTF8.self).firstMatch(of: #/<Status>\s*(.+?)\s*<\/Status>/#)?.1
            switch try sort(bulletin) {
            case .actual(let alert):
                #expect(written == "通常" && alert.content.revision.isCancel == (bulletin.message == .cancel))
            case .exercise(let alert): #expect(written == "訓練" && alert.event.text.hasPrefix("exercise/"))
            case .recordOnly(_, let status, _): #expect((status == .actual) == (written == "通常"))
            }
            count += 1
        }
        #expect(count == JMASamples.corpusFiles.count)
    }

    @Test("What is sent for systems is kept and told to nobody")
    func silence() throws {
        var all = [bulletin("VXSE42", status: .exercise), bulletin("VPWP50", kind: .weather), bulletin("VPFD51", kind: .other)]
        var ack = Bulletin(format: .cap, type: "cap", title: "x", kind: .other, status: .actual, message: .ack, sender: "a")
        ack.identifiers = ["1"]
        all.append(ack)
        var secret = ack
        (secret.message, secret.scope) = (.alert, "Private")
        all.append(secret)
        for made in all {
            guard case .recordOnly = try sort(made) else { Issue.record("\(made.type ?? "") is told"); continue }
        }
    }

    @Test("Types that speak of one thing share its event, and others do not", arguments: [
        ("VXSE43", "VXSE45", AlertKind.eew, true), ("VXSE44", "VXSE45", .eew, true),
        ("VXSE51", "VXSE53", .earthquake, true), ("VXSE53", "VXSE52", .earthquake, false), ("VXSE53", "VXSE61", .earthquake, false),
        ("VXSE53", "VXSE62", .earthquake, false), ("VXSE53", "VXSE60", .earthquake, false),
        ("VTSE41", "VTSE51", .tsunami, true), ("VFVO50", "VFVO56", .volcano, false),
    ])
    func families(one: String, other: String, kind: AlertKind, same: Bool) throws {
        let isSame = try event(bulletin(one, kind: kind)) == event(bulletin(other, kind: kind))
        #expect(isSame == same)
    }

    @Test("Of several EventIDs the first names the event and the others are aliases")
    func severalEvents() throws {
        let octets = try JMASamples.fixture("tsunami-of-two-events.xml")
        let read = try JMAReader.read(octets, fileName: "a_VTSE41.xml")
        let content = try sort(read).content
        #expect(read.identifiers.count == 2)
        #expect(content.event.text == "jma/tsunami/\(read.identifiers[0])")
        #expect(content.aliases?.map(\.text) == ["jma/tsunami/\(read.identifiers[1])"])
    }

    @Test("Without an EventID the prefecture names the state, whatever the office", arguments: [
        ("VPWW53", [at("320010"), at("320000")], "jma/weather/all/320000"),
        ("VPWW54", [at("3220100", .jmaCity), at("320000")], "jma/weather/all/320000"),
        ("VPWW55", [at("320000")], "jma/weather/heavy-rain/320000"),
        ("VPWW56", [at("320000")], "jma/weather/landslide/320000"),
        ("VPWW53", [at("320011")], "jma/weather/all/320000"),
        ("VPWW53", [at("012010"), at("012000")], "jma/weather/all/012000"),
        ("VPHW50", [at("460040")], "jma/tornado/460040"),
        ("VPHW50", [at("3220100", .jmaCity)], "jma/tornado/320000"),
        ("VPHW50", [], "jma/tornado/大阪管区気象台"),
    ])
    func states(type: String, areas: [AreaStatement], name: String) throws {
        var made = bulletin(type, kind: .weather, ids: [], serial: nil)
        made.areas = areas
        #expect(try event(made) == name)
    }

    @Test("A report's own time behind the EventID is not part of the event")
    func reportTime() throws {
        #expect(try event(bulletin("VPOA50", kind: .heavyRainRecord, ids: ["JPOS201006021154_201006021154"]))
            == "jma/heavy-rain-record/JPOS201006021154")
    }

    @Test("A CAP message belongs to the earliest it refers to, and is known by its own name too")
    func cap() throws {
        var made = Bulletin(format: .cap, type: "cap", title: "x", kind: .flood, status: .actual, message: .update, sender: "s@x")
        made.identifiers = ["3"]
        made.references = [
            .init(sender: "s@x", identifier: "2", sent: "2025-10-09T12:00:00+09:00"),
            .init(sender: "s@x", identifier: "1", sent: "2025-10-09T11:00:00+09:00"),
        ]
        let content = try sort(made).content
        #expect(content.event.text == "cap/s@x/1")
        #expect(content.aliases?.map(\.text) == ["cap/s@x/3", "cap/s@x/2"])
        made.signature = .invalid
        #expect(throws: Refusal.self) { try sort(made) }
        made.signature = Bulletin.Signature.none
        // With signers in the settings, whoever else says it is for the record.
        for word: Bulletin.Signature? in [Bulletin.Signature.none, .unverified, nil] {
            made.signature = word
            let strict = try Normaliser(requiresTrustedSignature: true).sort(made, id: { AlertID("a") }, receivedAt: noon)
            guard case .recordOnly(_, .actual, let reason) = try #require(strict.first) else { Issue.record("told"); continue }
            #expect(reason.contains("署名"))
        }
        made.signature = .valid
        made.signer = "sha256/x"
        let signed = try Normaliser(requiresTrustedSignature: true).sort(made, id: { AlertID("a") }, receivedAt: noon)
        guard case .actual(let alert) = try #require(signed.first) else { Issue.record("silent"); return }
        #expect(alert.provenance == Provenance(trust: .signed, signer: "sha256/x"))
    }

    @Test("What is dated ahead is told under the time it came, and yields to what is dated well")
    func ahead() throws {
        let month = try sort(bulletin("VTSE41", kind: .tsunami, serial: nil, sent: 30 * 86_400)).content
        #expect(month.sent == noon && month.revision.sent == noon.addingTimeInterval(-300))
        let now = try sort(bulletin("VTSE41", kind: .tsunami, serial: nil, sent: -1)).content
        #expect(now.revision.isNewer(than: month.revision))
        // A clock four minutes ahead may be: people read its time, the order is that of coming.
        let minutes = try sort(bulletin("VTSE41", kind: .tsunami, serial: nil, sent: 240)).content
        #expect(minutes.sent == noon.addingTimeInterval(240) && minutes.revision.sent == noon)
        let cancel = try sort(bulletin("VTSE41", kind: .tsunami, serial: nil, message: .cancel, sent: 86_400)).content
        #expect(!cancel.revision.isNewer(than: now.revision))
        #expect(Normaliser.lead(of: bulletin(sent: 301), receivedAt: noon) == 301)
        #expect(Normaliser.lead(of: bulletin(sent: 299), receivedAt: noon) == nil)
    }

    @Test("People are told for as long as the bulletin says, else as long as its kind is worth")
    func expiry() throws {
        #expect(try sort(bulletin(sent: -10)).content.expires == noon.addingTimeInterval(170))
        #expect(try sort(bulletin(message: .cancel)).content.expires == noon.addingTimeInterval(3_600))
        #expect(try sort(bulletin(sent: -900)).content.expires < noon)
        var tornado = bulletin("VPHW50", kind: .tornado)
        tornado.expires = Timestamp(JapanTime.text(noon.addingTimeInterval(1_234), milliseconds: false))
        #expect(try sort(tornado).content.expires == noon.addingTimeInterval(1_234))
        // A clock an hour ahead does not lengthen a warning.
        #expect(try sort(bulletin(sent: 3_600)).content.expires == noon.addingTimeInterval(180))
    }

    @Test("Every bulletin of the corpus has an event of its mode and an expiry after it was sent")
    func corpusNames() throws {
        for url in JMASamples.corpusFiles {
            let bulletin = try JMAReader.read(try Array(Data(contentsOf: url)), fileName: url.lastPathComponent)
            let content = try sort(bulletin).content
            #expect(content.event.text.hasPrefix(bulletin.status == .exercise ? "exercise/jma/" : "jma/"))
            if content.sent <= noon { #expect(content.expires > content.sent) }
        }
    }
}

@Suite("Which of two revisions is newer")
struct RevisionTests {
    private func revision(_ serial: Int?, _ sent: Double, _ series: String = "VXSE45", cancel: Bool = false, correction: Bool = false) -> Revision {
        Revision(series: series, serial: serial, sent: noon.addingTimeInterval(sent), isCancel: cancel, isCorrection: correction)
    }

    @Test("Serial, then cancel over correction over issue, then time; another type by time")
    func order() {
        let newerFirst: [(Revision, Revision)] = [
            (revision(2, 0), revision(1, 0)),
            (revision(2, 0), revision(1, 5)),
            (revision(32, 60, cancel: true), revision(32, 0)),
            (revision(32, 0, cancel: true), revision(32, 0, correction: true)),
            (revision(32, 0, cancel: true), revision(32, 9, correction: true)),
            (revision(14, 0, correction: true), revision(14, 0)),
            (revision(14, 9, correction: true), revision(14, 0, correction: true)),
            (revision(33, 1), revision(32, 9, cancel: true)),
            (revision(nil, 1), revision(nil, 0)),
            (revision(nil, 0, correction: true), revision(nil, 0)),
            (revision(nil, 1), revision(nil, 0, cancel: true)),
            (revision(1, 1, "VXSE43"), revision(4, 0)),
            (revision(1, 0, "VXSE43"), revision(4, 0)),
        ]
        for (newer, older) in newerFirst {
            #expect(newer.isNewer(than: older), "\(newer) \(older)")
            #expect(!older.isNewer(than: newer), "\(newer) \(older)")
            #expect(!newer.isNewer(than: newer))
        }
    }

    @Test("A record written before corrections were told apart is still read")
    func oldRecord() throws {
        let text = #"{"series":"VXSE43","serial":1,"sent":0,"isCancel":false}"#
        let read = try JSONDecoder().decode(Revision.self, from: Data(text.utf8))
        #expect(read.isCorrection == false && read.serial == 1)
    }
}
