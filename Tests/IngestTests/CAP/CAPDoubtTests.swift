import AlertModel
import Testing

@testable import Ingest

@Suite("CAP that ends a warning is read in doubt")
struct CAPDoubtTests {
    private static let sender = "bousai@mihon.example.jp"

    @Test("A reference is what can be read of it", arguments: [
        ("a@b.jp, x-1, 2026-03-01T09:00:00+09:00", ["a@b.jp|x-1|2026-03-01T09:00:00+09:00"]),
        ("a@b.jp ,x-1 ,2026-03-01T09:00:00+09:00", ["a@b.jp|x-1|2026-03-01T09:00:00+09:00"]),
        ("a@b.jp,x-1,2026-03-01 09:00:00 +09:00", ["a@b.jp|x-1|2026-03-01T09:00:00+09:00"]),
        ("a@b.jp,x-1,2026-03-01T09:00:00", ["a@b.jp|x-1|2026-03-01T09:00:00+09:00"]),
        ("a@b.jp,x-1,2026-03-01T00:00z", ["a@b.jp|x-1|2026-03-01T00:00:00Z"]),
        ("a@b.jp,x-1,", ["a@b.jp|x-1|"]), ("a@b.jp,x-1", ["a@b.jp|x-1|"]), ("a@b.jp,x-1,yesterday", ["a@b.jp|x-1|"]),
        ("x-1", ["\(sender)|x-1|"]), ("x-1 x-2", ["\(sender)|x-1|", "\(sender)|x-2|"]),
        ("x-1,2026-03-01T09:00:00+0900", ["\(sender)|x-1|2026-03-01T09:00:00+09:00"]),
        ("a@b.jp,x-1,2026-03-01T09:00+09:00 x-2", ["a@b.jp|x-1|2026-03-01T09:00:00+09:00", "\(sender)|x-2|"]),
        ("a@b.jp,x-1,2026-03-01T09:00:00+09:00,a@b.jp,x-2", ["a@b.jp|x-1|2026-03-01T09:00:00+09:00", "a@b.jp|x-2|"]),
        ("a@b.jp，x-1，2026-03-01T09:00:00+09:00", ["a@b.jp|x-1|2026-03-01T09:00:00+09:00"]), ("a@b.jp、x-1", ["a@b.jp|x-1|"]),
        ("\"a@b.jp\",\"x-1\",\"2026-03-01T09:00:00+09:00\"", ["a@b.jp|x-1|2026-03-01T09:00:00+09:00"]),
        ("“x-1”", ["\(sender)|x-1|"]), ("<a@b.jp>, x-1", ["a@b.jp|x-1|"]), ("a@b.jp; x-1; 2026-03-01T09:00:00+09:00", ["a@b.jp|x-1|2026-03-01T09:00:00+09:00"]),
        ("mailto:a@b.jp,x-1", ["a@b.jp|x-1|"]), ("MAILTO:a@b.jp,x-1 mailto:c@d.jp,x-2", ["a@b.jp|x-1|", "c@d.jp|x-2|"]),
        ("x-mailto:1", ["\(sender)|x-mailto:1|"]),
        ("2026-03-01T09:00:00+09:00", []), (",,,", []), ("", []), ("、「」", []),
    ] as [(String, [String])])
    func references(text: String, expected: [String]) {
        #expect(CAPDoubt.references(text, of: Self.sender).map { "\($0.sender)|\($0.identifier)|\($0.sent)" } == expected)
    }

    @Test("A time is what is meant by it; the zone is Japan's where there is none", arguments: [
        ("2026-04-01T09:00:00+0900", "2026-04-01T09:00:00+09:00", false), ("2026-04-01T09:00:00+09", "2026-04-01T09:00:00+09:00", false),
        ("2026-04-01t00:00:00z", "2026-04-01T00:00:00Z", false), ("2026-04-01T09:00+09:00", "2026-04-01T09:00:00+09:00", false),
        ("2026-04-01 09:00:00.5 JST", "2026-04-01T09:00:00.5+09:00", false), ("2026-4-1 9:00", "2026-04-01T09:00:00+09:00", true),
        ("2026-04-01T09:00:00", "2026-04-01T09:00:00+09:00", true),
        ("2026-02-30T09:00:00", nil, true), ("09:00", nil, true), ("yesterday", nil, true), ("2026-04-01", nil, true), (String(repeating: "2", count: 5_000), nil, true),
    ] as [(String, String?, Bool)])
    func times(text: String, expected: String?, isGuessed: Bool) {
        let read = CAPDoubt.time(text)
        #expect(read?.time.text == expected)
        if let read { #expect(read.isZoneGuessed == isGuessed) }
    }

    private static let good = "bousai@mihon.example.jp,mihon-0,2026-03-31T09:00:00+09:00"
    static let odd: [(references: String, times: String, sent: String)] = [
        ("bousai@mihon.example.jp, mihon-0, 2026-03-31T09:00:00+09:00", "", "2026-04-01T09:00:00+09:00"), ("mihon-0", "", "2026-04-01T09:00:00+09:00"),
        ("bousai@mihon.example.jp,mihon-0,2026-03-31T09:00:00", "", "2026-04-01T09:00:00+09:00"),
        ("bousai@mihon.example.jp,mihon-0,2026-04-01T09:00:01+09:00", "", "2026-04-01T09:00:00+09:00"),
        (good, "", "2026-04-01T09:00:00"), (good, "", "2026-04-01 09:00+0900"),
        (good, "<expires>2026-04-01T10:00</expires>", "2026-04-01T09:00:00+09:00"), (good, "<expires>soon</expires>", "2026-04-01T09:00:00+09:00"),
    ]

    private func sample(_ message: String, _ odd: (references: String, times: String, sent: String)) -> [UInt8] {
        var sample = SampleAlert()
        sample.message = message
        sample.afterScope = "<references>\(odd.references)</references>"
        sample.times = odd.times
        return Array(sample.text.replacing("<sent>2026-04-01T09:00:00+09:00", with: "<sent>\(odd.sent)").utf8)
    }

    @Test("A cancel and an update that ends are read, and what is odd about them is said; an update that does not end and an acknowledgement are held to the standard", arguments: odd.indices)
    func messages(index: Int) throws {
        let odd = Self.odd[index]
        for message in ["Cancel", "Update"] {
            let text = String(decoding: sample(message, odd), as: UTF8.self)
            if message == "Update" { #expect(throws: Refusal.self) { try CAPReader.read(Array(text.utf8)) } }
            let bulletin = try CAPReader.read(Array((message == "Update" ? text.replacing("<urgency>Immediate", with: "<urgency>Past") : text).utf8))
            #expect(bulletin.isInDoubt && !bulletin.departures.isEmpty, "\(odd)")
            #expect(bulletin.references.map { "\($0.sender)/\($0.identifier)" } == ["bousai@mihon.example.jp/mihon-0"])
            #expect(bulletin.sent?.seconds == Timestamp("2026-04-01T09:00:00+09:00")?.seconds)
            #expect(bulletin.sent?.text.hasSuffix("+09:00") == true, "a time with its offset, for whoever reads ours")
        }
        #expect(throws: Refusal.self) { try CAPReader.read(sample("Ack", odd)) }
        let plain = try CAPReader.read(sample("Cancel", (Self.good, "", "2026-04-01T09:00:00+09:00")))
        #expect(!plain.isInDoubt && plain.departures.isEmpty)
    }

    @Test("A new warning is held to the standard, unless it says that something is over", arguments: odd.indices)
    func warnings(index: Int) throws {
        #expect(throws: Refusal.self) { try CAPReader.read(sample("Alert", Self.odd[index])) }
        let over = String(decoding: sample("Alert", Self.odd[index]), as: UTF8.self)
            .replacing("<urgency>", with: "<responseType>AllClear</responseType><urgency>")
        #expect(try CAPReader.read(Array(over.utf8)).isInDoubt)
    }

    @Test("Two words for one thing are refused, in a cancel and in what is over too", arguments: [
        ("<status>", "<status>Exercise</status><status>"), ("<msgType>", "<msgType>Cancel</msgType><msgType>"), ("<identifier>", "<identifier>other</identifier><identifier>"),
        ("<sender>", "<sender>other@mihon.example.jp</sender><sender>"), ("<sent>", "<sent>2026-04-01T08:00:00+09:00</sent><sent>"),
        ("<scope>", "<scope>Public</scope><scope>"), ("<references>", "<references>mihon-9</references><references>"), ("<urgency>", "<urgency>Past</urgency><urgency>"),
        ("<severity>", "<severity>Minor</severity><severity>"), ("<event>", "<event>other</event><event>"),
        ("<expires>", "<expires>2026-04-01T10:00:00+09:00</expires><expires>"),
    ])
    func doubled(old: String, new: String) throws {
        let times = "<expires>2026-04-01T10:00:00+09:00</expires>"
        for message in ["Cancel", "Update", "Alert"] {
            var text = String(decoding: sample(message, (Self.good, times, "2026-04-01T09:00:00+09:00")), as: UTF8.self)
            _ = try CAPReader.read(Array(text.utf8))
            text = text.replacing(old, with: new)
            #expect(throws: Refusal.self, "\(message) \(new)") { try CAPReader.read(Array(text.utf8)) }
        }
    }

    @Test("What names nothing or itself is refused in a cancel too, and so is one without a time of its own", arguments: ["<sent>soon", "<sent>"])
    func nothing(sent: String) {
        let text = String(decoding: sample("Cancel", (Self.good, "", "2026-04-01T09:00:00+09:00")), as: UTF8.self)
        #expect(throws: Refusal.self) { try CAPReader.read(Array(text.replacing("<sent>2026-04-01T09:00:00+09:00", with: sent).utf8)) }
        for references in ["", ",,,", "bousai@mihon.example.jp,mihon-1,2026-04-01T09:00:00+09:00"] {
            #expect(throws: Refusal.self) { try CAPReader.read(sample("Cancel", (references, "", "2026-04-01T09:00:00+09:00"))) }
        }
    }
}
