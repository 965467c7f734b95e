import AlertModel
import Foundation
import Testing

@testable import Hub

@Suite("Voices that are dead before they are needed")
struct VoiceTests {
    private static let start = Date(timeIntervalSince1970: 1_795_950_000)
    private static let town = TownID("042056")!
    private static let school = VoiceKey(town, Endpoint(id: "school", channel: "school-tablet", name: "第一小学校"))
    /// As `VoiceWatch` turns it, and the longest that one answer is waited for.
    private static let turn = 15, patience = 5.0

    /// Seconds from the death to the list.
    private func found(deadAt death: Int) -> Double? {
        var board = VoiceBoard()
        for second in stride(from: 0, to: 3000, by: Self.turn) {
            let now = Self.start.addingTimeInterval(Double(second))
            guard board.due([Self.school], now: now) == [Self.school] else { continue }
            let isDead = second >= death
            let answered = now.addingTimeInterval(isDead ? Self.patience : 0)
            board.take(isDead ? .silent("応えません") : .there("つながっています"), of: Self.school, now: answered)
            if board[Self.school]?.state == .lost { return answered.timeIntervalSince(Self.start) - Double(death) }
        }
        return nil
    }

    @Test("Whatever the moment at which a place dies, it is on the list within six minutes")
    func inTime() throws {
        for death in 600..<800 {
            let time = try #require(found(deadAt: death))
            #expect(time <= VoiceBoard.latest, "dead at \(death): \(time) s")
        }
    }

    @Test("One silence is a lost packet; two are a loss, since the last answer; and one answer ends it")
    func turns() throws {
        var board = VoiceBoard()
        let key = Self.school
        func at(_ seconds: Double) -> Date { Self.start.addingTimeInterval(seconds) }
        /// Whether it came onto the list or left it.
        func take(_ answer: VoiceAnswer, _ seconds: Double) -> Bool { board.take(answer, of: key, now: at(seconds)) }
        #expect(!take(.there("あり"), 0))
        #expect(board.due([key], now: at(179)).isEmpty && board.due([key], now: at(180)) == [key])
        #expect(!take(.silent("なし"), 180) && board[key]?.state == .doubted && board.lostCount == 0)
        #expect(board.due([key], now: at(224)).isEmpty && board.due([key], now: at(225)) == [key], "it is asked again soon")
        #expect(!take(.there("あり"), 225) && board[key]?.since == nil)
        #expect(!take(.silent("なし"), 405))
        #expect(take(.silent("まだ"), 450) && board.lostCount == 1, "onto the list")
        #expect(board[key]?.since == at(225) && board[key]?.words == "まだ")
        #expect(!take(.silent("まだ"), 630) && board[key]?.since == at(225), "since when does not move")
        #expect(take(.there("あり"), 810) && board[key]?.since == nil && board.lostCount == 0, "off the list")
        #expect(board.due([key], now: at(-5000)) == [key], "a clock that was put back asks at once")
        #expect(take(.gone("いない"), 900) && board[key]?.state == .lost, "who has been missed for minutes is not asked twice")
        board.forget(except: [])
        #expect(board[key] == nil && board.lostCount == 0, "what a town no longer has is forgotten")
    }

    @Test("Since when outlives a restart, and says how it is known: by an answer, at the latest, or from before")
    func since() throws {
        let key = Self.school
        func at(_ seconds: Double) -> Date { Self.start.addingTimeInterval(seconds) }
        var board = VoiceBoard()
        board.take(.gone("いない"), of: key, now: at(60))
        #expect(board[key]?.since == at(60) && board[key]?.isAtLatest == true && board[key]?.isFromBefore == false, "never asked before")
        board.take(.there("あり"), of: key, now: at(240))
        #expect(board.kept(of: key) == nil)
        board.take(.gone("いない"), of: key, now: at(600))
        #expect(board[key]?.since == at(240) && board[key]?.isAtLatest == false, "its last answer")
        let kept = try #require(board.kept(of: key))
        // The next run: still silent, and so since then; nothing is news.
        var next = VoiceBoard()
        next.restore([key: kept])
        var news = [next.take(.silent("まだ"), of: key, now: at(9000)), next.take(.silent("まだ"), of: key, now: at(9045))]
        #expect(news == [false, false] && next[key]?.state == .lost)
        #expect(next[key]?.since == at(240) && next[key]?.isFromBefore == true && next[key]?.isAtLatest == false)
        #expect(next.kept(of: key)?.since == kept.since)
        // It answered meanwhile: what was kept is over.
        var back = VoiceBoard()
        back.restore([key: kept])
        news = [back.take(.there("あり"), of: key, now: at(9000)), back.take(.gone("いない"), of: key, now: at(9400))]
        #expect(news == [true, true] && back[key]?.since == at(9000) && back[key]?.isFromBefore == false)
        var gone = VoiceBoard()
        gone.restore([key: kept])
        #expect(gone.forget(except: []) == [key], "what a town no longer has is not kept either")
    }

    @Test("The notice for the people there says first what to do, names each place and since when; without a place there is none")
    func draft() throws {
        let town = Town(id: Self.town, name: "気仙沼市", romanName: "Kesennuma", areas: [:], endpoints: [])
        let draft = try #require(VoiceDraft(["第一小学校", "公民館"], of: town, since: Self.start))
        #expect(draft.title == "情報が届かない場所があります")
        #expect(draft.body.hasPrefix("ラジオ、テレビ、携帯電話で情報を確かめてください。\n第一小学校、公民館では、11月29日20時0分ごろから、気仙沼市の情報が"), "\(draft.body)")
        #expect(VoiceDraft((1...20).map { "第\($0)" }, of: town, since: Self.start)?.body.contains("第8など20か所では") == true)
        #expect(VoiceDraft([], of: town, since: Self.start) == nil)
    }
}
