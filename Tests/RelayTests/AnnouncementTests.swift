import AlertModel
import ChannelKit
import Foundation
import Testing

@testable import Relay

/// The hub's time in these tests, and lines as it tells them.
enum ToldLine {
    static let now = Date(timeIntervalSince1970: 1_796_000_000)

    /// The same as a hub's answer has it.
    static let date = "Mon, 30 Nov 2026 00:53:20 GMT"

    static func text(_ date: Date) -> String { JapanTime.text(date, milliseconds: false) }

    static func line(
        _ id: String, event: String = "e", mode: String = "actual", kind: String = "evacuation", message: String = "alert", gravity: String = "danger",
        change: String = "new", priority: String = "urgent", over: Bool = false, told: Date = now, expires: Date = now.addingTimeInterval(86_400)
    ) -> [UInt8] {
        let key = mode == "exercise" ? "exercise/\(event)" : event
        return Array(#"""
            {"change":"\#(change)","delivery":"","event":"\#(event)","expires":"\#(text(expires))","gravity":"\#(gravity)","id":"\#(id)","key":"\#(key)","kind":"\#(kind)","level":4,"lifted":false,"message":"\#(message)","mode":"\#(mode)","over":\#(over),"priority":"\#(priority)","reported":"\#(text(told))","revision":{"sent":"\#(text(told))","series":"operator"},"sender":"気仙沼市","sent":"\#(text(told))","server_time":"\#(text(told))","shelters":[{"id":"s1","name":"市民会館","state":"open"}],"texts":{"en":{"body":"b","title":"t"},"ja":{"body":"高台へ","title":"避難指示 \#(id)"},"vi":{"body":"x","title":"y"}},"town":"042056","town_name":"気仙沼市","town_roman_name":"Kesennuma City"}
            """#.utf8)
    }

    static func alert(
        _ id: String, event: String = "e", mode: String = "actual", kind: String = "evacuation", message: String = "alert", gravity: String = "danger",
        change: String = "new", priority: String = "urgent", over: Bool = false, told: Date = now, expires: Date = now.addingTimeInterval(86_400)
    ) throws -> ToldAlert {
        try #require(ToldAlert(line(
            id, event: event, mode: mode, kind: kind, message: message, gravity: gravity, change: change, priority: priority, over: over, told: told, expires: expires)))
    }
}

@Suite("What an edge has still to say at its place")
struct AnnouncementTests {
    private static let heard = RunningTime(hub: ToldLine.now, boot: "b", seconds: 100)
    private static func known(_ heard: RunningTime?) -> Date? { ToldLine.now }
    private static func freshness(_ priority: Priority) -> TimeInterval { [60, 900, 7200, 43_200][priority.rawValue] }

    /// Says everything, one after the other.
    private static func sayAll(_ queue: inout Announcements) -> [String] {
        var said: [String] = []
        while let next = queue.next(now: known, at: .now), queue.begin(next) {
            said.append(next.alert.id)
            queue.end(.said, at: .now)
        }
        return said
    }

    private static func begin(_ queue: inout Announcements, at now: ContinuousClock.Instant = .now) throws {
        let next = try #require(queue.next(now: known, at: now)), isBegun = queue.begin(next)
        #expect(isBegun)
    }

    private static func take(_ queue: inout Announcements, _ alert: ToldAlert, number: UInt64 = 0) -> Bool { queue.take(alert, number: number, heard: heard) }

    @Test("What a tablet is told can be told to a channel: its mode, words and times as they were, and nothing that nobody said")
    func reading() throws {
        let alert = try ToldLine.alert("a")
        let message = try #require(alert.message(as: Actual.self))
        #expect(alert.message(as: Exercise.self) == nil)
        #expect(message.alert.id.text == "a" && message.town.name == "気仙沼市" && message.priority == .urgent && message.gravity == .danger)
        #expect(message.texts.keys.sorted() == [.english, .japanese], "what a machine is told")
        #expect(message.shelters.first?.state == .open && message.local.isEmpty && message.alert.expires == ToldLine.now.addingTimeInterval(86_400))
        #expect(ToldAlert(Array(#"{"id":"a"}"#.utf8)) == nil)
        let line = String(decoding: ToldLine.line("a"), as: UTF8.self)
        #expect(ToldAlert(Array(line.replacing(#""mode":"actual""#, with: #""mode":"test""#).utf8)) == nil, "neither real nor a drill")
        #expect(ToldAlert(Array(line.replacing(#""kind":"evacuation""#, with: #""kind":"meteorite""#).utf8))?.kind == .other, "a newer hub's")
    }

    @Test("The real before the drill, then the gravest; of one event the newest alone; each once, however often it is heard")
    func order() throws {
        var queue = Announcements()
        let all = [
            try ToldLine.alert("drill", event: "d", mode: "exercise", gravity: "emergency", priority: "immediate"), try ToldLine.alert("notice", event: "n", gravity: "information", priority: "background"),
            try ToldLine.alert("old", event: "x"), try ToldLine.alert("grave", event: "g", gravity: "emergency"), try ToldLine.alert("newer", event: "x"),
        ]
        // The drill came before something grave and real: it is not said any more.
        for alert in all { #expect(Self.take(&queue, alert)) }
        for alert in all { #expect(!Self.take(&queue, alert), "heard again") }
        #expect(Self.sayAll(&queue) == ["grave", "newer", "notice"])
        #expect(!Self.take(&queue, try ToldLine.alert("old", event: "x"), number: 0))
        #expect(Self.sayAll(&queue).isEmpty)
        #expect(Self.take(&queue, try ToldLine.alert("drill2", event: "d2", mode: "exercise"), number: 0))
        #expect(Self.take(&queue, try ToldLine.alert("notice2", event: "n2", gravity: "information", priority: "background"), number: 0))
        #expect(Self.sayAll(&queue) == ["notice2", "drill2"])
    }

    @Test("Of two words the one with the greater number is the later: an older one played again is not said")
    func numbers() throws {
        var queue = Announcements()
        #expect(Self.take(&queue, try ToldLine.alert("b"), number: 7))
        #expect(!Self.take(&queue, try ToldLine.alert("a"), number: 6))
        #expect(!Self.take(&queue, try ToldLine.alert("a"), number: 7))
        #expect(Self.take(&queue, try ToldLine.alert("c"), number: 8))
    }

    @Test("The end of what nobody heard is not said; of what was heard it stops the saying and is said once; out of time is no word", arguments: ["cancel", "lifted", "ran-out"])
    func ends(kind: String) throws {
        func end(_ id: String, _ event: String) throws -> ToldAlert {
            switch kind {
            case "cancel": try ToldLine.alert(id, event: event, message: "cancel", change: "taken-back", over: true)
            case "lifted": try ToldLine.alert(id, event: event, message: "update", change: "lifted", over: true)
            default: try ToldLine.alert(id, event: event, message: "update", change: "ran-out", over: true)
            }
        }
        var queue = Announcements()
        queue.take(try ToldLine.alert("a", event: "unheard"), number: 0, heard: nil)
        queue.take(try end("b", "unheard"), number: 0, heard: nil)
        #expect(Self.sayAll(&queue).isEmpty)
        queue.take(try ToldLine.alert("c", event: "heard"), number: 0, heard: nil)
        try Self.begin(&queue)
        #expect(!queue.mustStop(now: Self.known))
        queue.take(try end("d", "heard"), number: 0, heard: nil)
        #expect(queue.mustStop(now: Self.known))
        queue.end(.stopped, at: .now)
        #expect(Self.sayAll(&queue) == (kind == "ran-out" ? [] : ["d"]))
        queue.take(try end("d", "heard"), number: 0, heard: nil)
        #expect(Self.sayAll(&queue).isEmpty)
    }

    @Test("What changes nothing for people is not said, and what the hub no longer has in force neither")
    func quiet() throws {
        var queue = Announcements()
        queue.take(try ToldLine.alert("a", change: "unchanged"), number: 0, heard: nil)
        queue.take(try ToldLine.alert("b", event: "f"), number: 0, heard: nil)
        queue.take(try ToldLine.alert("c", event: "f", change: "unchanged"), number: 0, heard: nil)
        queue.take(try ToldLine.alert("d", event: "g"), number: 0, heard: nil)
        queue.forget(["g", "nobody"])
        #expect(Self.sayAll(&queue) == ["b"])
    }

    @Test("As old as the hub would let out after a restart, and no older; in time or not; where nobody knows the time it waits", arguments: [("immediate", 60.0), ("urgent", 900), ("routine", 7200), ("background", 43_200)])
    func age(priority: String, limit: Double) throws {
        for (age, isSaid) in [(limit, true), (limit + 1, false)] {
            var queue = Announcements()
            queue.take(try ToldLine.alert("a", priority: priority, told: ToldLine.now.addingTimeInterval(-age)), number: 0, heard: Self.heard)
            let none = queue.leaveOut(now: { _ in nil }, freshness: Self.freshness), next = queue.next(now: { _ in nil }, at: .now)
            #expect(none.isEmpty && next == nil, "nobody knows how old it is")
            let left = queue.leaveOut(now: Self.known, freshness: Self.freshness)
            #expect(left.count == (isSaid ? 0 : 1))
            #expect(Self.sayAll(&queue) == (isSaid ? ["a"] : []))
        }
        var queue = Announcements()
        queue.take(try ToldLine.alert("late", priority: priority, expires: ToldLine.now), number: 0, heard: Self.heard)
        let left = queue.leaveOut(now: Self.known, freshness: Self.freshness)
        #expect(left.first?.why.contains("out of time") == true)
        #expect(Self.sayAll(&queue).isEmpty)
    }

    @Test("The machine's running time counts on from the hub's word, over a restart of the program and not over one of the machine")
    func running() {
        #expect(Self.heard.now(boot: "b", seconds: 160) == ToldLine.now.addingTimeInterval(60))
        #expect(Self.heard.now(boot: "c", seconds: 160) == nil, "switched off in between")
        #expect(Self.heard.now(boot: "b", seconds: 99) == nil)
        #expect(RunningTime(hub: ToldLine.now, boot: "", seconds: 1).now(boot: "", seconds: 2) == nil, "nobody says which start this is")
        #expect(RunningTime(hub: ToldLine.now).now().map { $0 >= ToldLine.now } == true)
    }

    @Test("An immediate one does not wait for another, the real not for a drill; what had to make room comes again, unless newer words are there")
    func interrupts() throws {
        func stops(_ now: ToldAlert, _ next: ToldAlert) throws -> Bool {
            var queue = Announcements()
            queue.take(now, number: 0, heard: nil)
            try Self.begin(&queue)
            queue.take(next, number: 0, heard: nil)
            return queue.mustStop(now: Self.known)
        }
        let urgent = try ToldLine.alert("u", event: "u"), immediate = try ToldLine.alert("i", event: "i", gravity: "emergency", priority: "immediate")
        let drill = try ToldLine.alert("d", event: "d", mode: "exercise", gravity: "emergency", priority: "immediate")
        let notice = try ToldLine.alert("n", event: "n", gravity: "information", priority: "background"), second = try ToldLine.alert("j", event: "j", priority: "immediate")
        let told = [try stops(urgent, immediate), try stops(immediate, urgent), try stops(immediate, second), try stops(drill, urgent), try stops(drill, notice), try stops(notice, drill)]
        #expect(told == [true, false, false, true, false, false])

        var queue = Announcements()
        queue.take(urgent, number: 0, heard: nil)
        try Self.begin(&queue)
        queue.take(immediate, number: 0, heard: nil)
        let isAgain = queue.end(.stopped, at: .now)
        #expect(isAgain)
        #expect(Self.sayAll(&queue) == ["i", "u"])
    }

    @Test("What failed before anybody could hear it comes again after a pause, five times in all; its end is said only where it was heard; a far end that wants none of it is not asked again")
    func failures() throws {
        var queue = Announcements(), now = ContinuousClock.now
        queue.take(try ToldLine.alert("a"), number: 0, heard: nil)
        var attempts = 0
        while let next = queue.next(now: Self.known, at: now), queue.begin(next) {
            attempts += 1
            let isAgain = queue.end(.failed(again: true), at: now)
            #expect(queue.next(now: Self.known, at: now) == nil, "not at once")
            #expect(isAgain == (attempts < 5))
            now = now + .seconds(31)
        }
        #expect(attempts == 5)
        queue.take(try ToldLine.alert("b", message: "cancel", change: "taken-back", over: true), number: 0, heard: nil)
        #expect(Self.sayAll(&queue).isEmpty)
        for end in [Announcements.End.refused, .failed(again: false)] {
            queue.take(try ToldLine.alert("c\(end)", event: "\(end)"), number: 0, heard: nil)
            try Self.begin(&queue, at: now)
            let isAgain = queue.end(end, at: now)
            #expect(!isAgain)
            queue.take(try ToldLine.alert("d\(end)", event: "\(end)", message: "cancel", change: "taken-back", over: true), number: 0, heard: nil)
            #expect(Self.sayAll(&queue).count == (end == .refused ? 0 : 1), "what may have been heard is taken back")
        }
    }

    @Test("After the power went in the middle: what was begun is not begun again, what waited waits, and what was said is known")
    func restart() throws {
        var queue = Announcements(), disk: [String: [UInt8]] = [:]
        func write() throws {
            for (key, entry) in queue.takeChanges() { disk[key] = try entry.map { [UInt8](try JSONEncoder().encode($0)) } }
        }
        for (id, event) in [("said", "s"), ("begun", "b"), ("waits", "w")] { queue.take(try ToldLine.alert(id, event: event), number: 0, heard: Self.heard) }
        try Self.begin(&queue)
        queue.end(.said, at: .now)
        try Self.begin(&queue)
        try write()
        let rest = queue.takeChanges()
        #expect(rest.isEmpty)
        var again = Announcements(try disk.mapValues { try JSONDecoder().decode(Announcements.Entry.self, from: Data($0)) })
        for (id, event) in [("said", "s"), ("begun", "b"), ("waits", "w")] { #expect(!Self.take(&again, try ToldLine.alert(id, event: event), number: 0), "\(id)") }
        #expect(Self.sayAll(&again) == ["waits"])
        again.take(try ToldLine.alert("end", event: "b", message: "cancel", change: "taken-back", over: true), number: 0, heard: nil)
        #expect(Self.sayAll(&again) == ["end"])
    }

    @Test("What waits and what is remembered have a bound: the least urgent makes room, and of the past what ended first")
    func bounds() throws {
        var queue = Announcements()
        for number in 0..<200 {
            queue.take(try ToldLine.alert("n\(number)", event: "n\(number)", gravity: "information", priority: "background"), number: 0, heard: nil)
        }
        queue.take(try ToldLine.alert("grave", event: "grave"), number: 0, heard: nil)
        #expect(queue.waitingCount == Announcements.room)
        #expect(queue.next(now: Self.known, at: .now)?.alert.id == "grave")
        for number in 0..<600 {
            queue.take(try ToldLine.alert("q\(number)", event: "q\(number)", change: "unchanged", expires: ToldLine.now.addingTimeInterval(Double(number))), number: 0, heard: nil)
        }
        #expect(queue.entries.count == Announcements.limit && queue.entries["q599"] != nil && queue.entries["q0"] == nil && queue.entries["grave"] != nil)
    }
}
