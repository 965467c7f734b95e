import AlertModel
import FoundationEssentials
import Testing

@testable import Ingest

private let now = Date(timeIntervalSince1970: 1_760_000_000)

@Suite("An operator's alert")
struct OperatorAlertTests {
    private let town: Town
    init() throws {
        town = Town(
            id: try #require(TownID("042056")), name: "気仙沼市", romanName: "Kesennuma City", areas: [:], districts: ["南町", "港町"],
            shelters: [
                Shelter(id: "s1", name: "第一小学校", address: "南町1"),
                Shelter(id: "s2", name: "浜の学校", fitness: [.tsunami: .unfit, .flood: .conditional], note: "津波時は使用不可"),
            ])
    }

    private func send(_ json: String) throws(OperatorProblems) -> SortedAlert {
        try OperatorAlert.read(Array(json.utf8)).alert(in: town, id: AlertID("a1"), now: now)
    }

    private func problems(_ json: String) -> [String] {
        do throws(OperatorProblems) {
            _ = try send(json)
            return []
        } catch {
            return error.problems.map(\.field)
        }
    }

    @Test("An order that sends people where the register forbids it for this hazard is refused, with the register's words; a lift is not")
    func unfit() throws {
        let json = #"{"town":"042056","kind":"evacuation","mode":"actual","level":4,"hazard":"HAZARD","districts":["南町"],"shelters":["s1","s2"],"lifted":LIFTED}"#
        func problems(_ hazard: String, lifted: Bool = false) -> String {
            do throws(OperatorProblems) {
                _ = try send(json.replacing("HAZARD", with: hazard).replacing("LIFTED", with: "\(lifted)"))
                return ""
            } catch {
                return error.description
            }
        }
        #expect(problems("津波").contains("浜の学校は津波のときは使えません（津波時は使用不可）"))
        #expect(problems("洪水") == "" && problems("地震") == "" && problems("津波", lifted: true) == "")
    }

    @Test("An order becomes an alert of the town, real or drill as it says")
    func order() throws {
        let json = #"{"town":"042056","kind":"evacuation","mode":"MODE","level":4,"hazard":"津波","districts":["南町"],"reason":"津波が来ます","shelters":["s1"]}"#
        guard case .actual(let real) = try send(json.replacing("MODE", with: "actual")) else { Issue.record("no real alert"); return }
        #expect(real.event.text == "op/042056/a1" && real.title == "避難指示" && real.message == .alert)
        #expect(real.detail == .evacuation(EvacuationOrder(
            level: .order, hazard: "津波", districts: ["南町"], reason: "津波が来ます", shelters: ["s1"])))
        #expect(real.expires == now.addingTimeInterval(72 * 3_600) && real.town == town.id)
        guard case .exercise(let drill) = try send(json.replacing("MODE", with: "exercise")) else { Issue.record("no drill"); return }
        #expect(drill.event.text == "exercise/op/042056/a1")
    }

    @Test("A headquarters has one story in its town, from its setting up to its end")
    func headquarters() throws {
        for (json, seat, title) in [
            (#"{"town":"042056","kind":"headquarters","mode":"actual","state":"open"}"#, Headquarters(state: .open), "災害対策本部の設置"),
            (#"{"town":"042056","kind":"headquarters","mode":"actual","state":"closed","title":"災害警戒本部","note":"解散します"}"#,
             Headquarters(name: "災害警戒本部", state: .closed, note: "解散します"), "災害警戒本部の廃止"),
        ] {
            guard case .actual(let alert) = try send(json) else { Issue.record("no real alert"); return }
            #expect(alert.event.text == "op/042056/headquarters" && alert.title == title && alert.kind == .headquarters)
            #expect(alert.detail == .headquarters(seat) && alert.headline == seat.note)
        }
    }

    @Test("Everything wrong is said at once, by field", arguments: [
        (#"{"town":"042056","kind":"headquarters","mode":"actual","state":"full","title":"対策","shelter":"s1"}"#,
         ["shelter", "state", "title"]),
        ("{}", ["town", "kind", "mode"]),
        ("[]", [""]),
        (#"{"town":"042056","kind":"evacuation","mode":"actual"}"#, ["level", "hazard", "districts"]),
        (#"{"town":"042056","kind":"evacuation","mode":"live","level":2,"hazard":"hail","districts":[]}"#,
         ["level", "hazard", "districts", "mode"]),
        (#"{"town":"042056","kind":"evacuation","mode":"actual","level":"4","hazard":1,"distrcts":["南町"]}"#,
         ["level", "hazard", "distrcts"]),
        (#"{"town":"042056","kind":"evacuation","mode":"actual","level":4,"hazard":"津波","districts":["北町"," "],"shelters":["x"]}"#,
         ["districts", "districts", "shelters"]),
        (#"{"town":"132063","kind":"notice","mode":"actual","title":"断水","body":"断水です","level":4}"#, ["level", "town"]),
        (#"{"town":"042056","kind":"notice","mode":"actual","title":"","body":"a\u0007b"}"#, ["title", "body"]),
        (#"{"town":"042056","kind":"shelter","mode":"actual","shelter":"x","state":"half"}"#, ["state", "shelter"]),
        (#"{"town":"042056","kind":"eew","mode":"actual"}"#, ["kind"]),
        (#"{"town":"042056","kind":"notice","mode":"actual","title":"断水","body":"x","expires":"tomorrow"}"#, ["expires"]),
        (#"{"town":"042056","kind":"notice","mode":"actual","title":"断水","body":"x","expires":"2030-01-01T00:00:00+09:00"}"#, ["expires"]),
        (#"{"town":"042056","kind":"notice","mode":"actual","title":"断水","body":"x","event":"op/132063/1"}"#, ["event"]),
        (#"{"town":"042056","kind":"notice","mode":"exercise","title":"断水","body":"x","event":"op/042056/1"}"#, ["event"]),
    ])
    func refused(json: String, fields: [String]) {
        #expect(problems(json) == fields)
        for sentence in sentences(json) {
            #expect(sentence.prefix { $0 != "(" }.contains { !$0.isASCII }, "Japanese first: \(sentence)")
            #expect(sentence.hasSuffix(")"), "the English behind it: \(sentence)")
        }
    }

    private func sentences(_ json: String) -> [String] {
        do throws(OperatorProblems) {
            _ = try send(json)
            return []
        } catch {
            return error.problems.map(\.detail)
        }
    }

    @Test("Line ends and tabs of forms are taken and mean the same; what would turn the text around is refused")
    func controls() throws {
        func notice(_ body: String) -> String {
            #"{"town":"042056","kind":"notice","mode":"exercise","title":"断水","body":"\#(body)"}"#
        }
        guard case .exercise(let alert) = try send(notice(#"一行目\r\n二行目\r三\t四"#)), case .notice(let taken) = alert.content.detail
        else {
            Issue.record("a drill's notice")
            return
        }
        #expect(taken.body == "一行目\n二行目\n三 四")
        for mark in ["\\u0085", "\\u202E", "\\u202a", "\\u2066", "\\u2028", "\\u0000", "\\u001B", "\\u009b", "\\u007f"] {
            #expect(problems(notice("解除\(mark)です")) == ["body"], "\(mark)")
        }
    }

    @Test("Sizes are bounded")
    func sizes() {
        let long = String(repeating: "あ", count: 2_001)
        #expect(problems(#"{"town":"042056","kind":"notice","mode":"actual","title":"\#(long)","body":"\#(long)"}"#) == ["title", "body"])
        #expect(problems(String(repeating: " ", count: OperatorAlert.sizeLimit + 1)) == [""])
        let many = (0...200).map { _ in #""南町""# }.joined(separator: ",")
        #expect(problems(#"{"town":"042056","kind":"evacuation","mode":"actual","level":4,"hazard":"津波","districts":[\#(many)]}"#) == ["districts"])
    }

    @Test("A shelter has one story, and an update joins its event")
    func events() throws {
        let shelter = try send(#"{"town":"042056","kind":"shelter","mode":"actual","shelter":"s1","state":"open"}"#).content
        #expect(shelter.event.text == "op/042056/shelter/s1" && shelter.title == "避難所開設")
        let update = try send(
            #"{"town":"042056","kind":"evacuation","mode":"actual","level":4,"hazard":"津波","districts":["市内全域"],"lifted":true,"event":"op/042056/a0"}"#).content
        #expect(update.event.text == "op/042056/a0" && update.message == .update && update.title == "避難指示の解除")
    }

    @Test("A cancel follows its alert, is newer and lives an hour at least")
    func cancel() throws {
        let notice = try send(#"{"town":"042056","kind":"notice","mode":"actual","title":"断水","body":"x","expires":"2025-10-09T18:00:00+09:00"}"#).content
        let cancel = notice.cancelled(as: AlertID("a2"), by: "気仙沼市", reason: "誤報", now: now.addingTimeInterval(5))
        #expect(cancel.event == notice.event && cancel.message == .cancel)
        #expect(cancel.revision.isNewer(than: notice.revision) && cancel.expires >= now.addingTimeInterval(3_600))
        let same = notice.cancelled(as: AlertID("a2"), by: "気仙沼市", reason: nil, now: now.addingTimeInterval(-5))
        #expect(same.revision.isNewer(than: notice.revision))
    }
}

@Suite("What a person wrote says something")
struct OperatorWordsTests {
    @Test("A reason that says nothing is no reason", arguments: [
        "あ", "1234", "ああああああ", "aaaa", "asdf", "。。。。", "？？？？", "12:30", "津波津波", "あいうえお", "テスト", "ーーーー", "ああああ大雨", "震度7", "\u{3000}雨\u{3000}",
    ])
    func empty(reason: String) { #expect(Meaning.isMissing(in: reason)) }

    @Test("A reason of a few words is one", arguments: [
        "大津波警報", "大雨のため", "堤防決壊", "川があふれた", "土砂崩れのおそれ", "震度6弱の地震が発生", "M7.4の地震で津波のおそれ", "ガス漏れです", "大津波警報が発表されました",
    ])
    func words(reason: String) { #expect(!Meaning.isMissing(in: reason)) }
}
