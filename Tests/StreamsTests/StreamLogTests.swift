import AlertModel
import Chance
import ChannelKit
import Streams
import Testing

let topic = StreamTopic(town: TownID("042056")!, site: "hashikami-chu")
let now = ContinuousClock.now

func event(
    _ key: String, _ text: String = "{}", isRevocation: Bool = false, lasts: Duration? = .seconds(600),
    mode: ModeName? = nil, gravity: Gravity = .information, isOver: Bool = false
) -> StreamEvent {
    StreamEvent(
        name: isRevocation ? "cancel" : "alert", data: Array(text.utf8), key: key, expiresIn: lasts,
        isRevocation: isRevocation, bearing: mode.map { .init(mode: $0, gravity: gravity, isOver: isOver) })
}

extension StreamLog.Replay {
    var keys: [String] {
        switch self {
        case .events(let entries), .gap(let entries): entries.map(\.event.key)
        }
    }
    var isGap: Bool {
        if case .gap = self { return true }
        return false
    }
}

@Suite("What a tablet catches up with")
struct StreamLogTests {
    @Test("A tablet that was away hears what it missed, in order, and only the newest word on each event")
    func catchUp() {
        var log = StreamLog(epoch: 1)
        let first = log.append(event("quake"), to: topic, now: now)
        log.append(event("tsunami"), to: topic, now: now)
        log.append(event("quake", #"{"n":2}"#), to: topic, now: now)
        let replay = log.replay(topic, since: first, now: now)
        #expect(!replay.isGap)
        #expect(replay.keys == ["tsunami", "quake"])
    }

    @Test("A new tablet hears what is in force")
    func newcomer() {
        var log = StreamLog(epoch: 1)
        log.append(event("quake"), to: topic, now: now)
        log.append(event("notice", lasts: .seconds(1)), to: topic, now: now)
        #expect(log.replay(topic, since: nil, now: now.advanced(by: .seconds(2))).keys == ["quake"])
    }

    @Test("Who heard what was forgotten takes the present state; what is over or was taken back is no reason for that")
    func forgotten() {
        var log = StreamLog(epoch: 1)
        log.append(event("gone"), to: topic, now: now)
        log.append(event("over", lasts: .seconds(1)), to: topic, now: now)
        log.append(event("cancelled", isRevocation: true), to: topic, now: now)
        let heard = log.append(event("stays"), to: topic, now: now)
        let later = now.advanced(by: .seconds(2))
        #expect(log.forget(in: topic, now: later) { $0.key != "stays" } == ["gone"])
        let replay = log.replay(topic, since: heard, now: later)
        #expect(replay.isGap && replay.keys == ["stays"])
        #expect(!log.replay(topic, since: log.position, now: later).isGap)
        #expect(log.forget(in: topic, now: later) { $0.key != "stays" } == [])
    }

    @Test("What was taken back before a tablet heard of it is never shown to it, neither the alert nor its cancel")
    func revocationBeatsReplay() {
        var log = StreamLog(epoch: 1)
        let before = log.append(event("other"), to: topic, now: now)
        log.append(event("false alarm"), to: topic, now: now)
        log.append(event("false alarm", isRevocation: true), to: topic, now: now)
        #expect(log.replay(topic, since: before, now: now).keys.isEmpty)
        #expect(log.replay(topic, since: nil, now: now).keys == ["other"])
    }

    @Test("Who heard the alert before it went away hears the cancel when it is back")
    func cancelAfterReturn() {
        var log = StreamLog(epoch: 1)
        let heard = log.append(event("false alarm"), to: topic, now: now)
        log.append(event("false alarm", isRevocation: true), to: topic, now: now)
        #expect(log.replay(topic, since: heard, now: now).keys == ["false alarm"])
    }

    @Test("A position of another run, of the future or of forgotten times is a gap, and says so")
    func gaps() {
        var log = StreamLog(epoch: 7, keysPerTopic: 1)
        let first = log.append(event("a"), to: topic, now: now)
        log.append(event("b", isRevocation: true), to: topic, now: now)
        #expect(log.replay(topic, since: StreamPosition(epoch: 6, offset: 1), now: now).isGap)
        #expect(log.replay(topic, since: StreamPosition(epoch: 7, offset: 99), now: now).isGap)
        log.append(event("c", isRevocation: true), to: topic, now: now)
        log.append(event("d"), to: topic, now: now)
        let gap = log.replay(topic, since: first, now: now)
        #expect(gap.isGap && gap.keys == ["a", "d"])
    }

    @Test("What is in force is never trimmed, however much is past or practised; only the past is")
    func inForceStays() {
        var log = StreamLog(epoch: 1)
        log.append(event("order", mode: .actual, gravity: .danger), to: topic, now: now)
        let heard = log.position
        for number in 0..<600 {
            log.append(event("drill \(number)", mode: .exercise, gravity: .emergency), to: topic, now: now)
            log.append(event("aftershock \(number)", isRevocation: true), to: topic, now: now)
            log.append(event("lifted \(number)", mode: .actual, gravity: .information, isOver: true), to: topic, now: now)
            log.append(event("short \(number)", lasts: .milliseconds(1)), to: topic, now: now)
        }
        let later = now.advanced(by: .seconds(1))
        #expect(log.replay(topic, since: nil, now: later).keys.contains("order"))
        #expect(log.replay(topic, since: nil, now: later).keys.filter { $0.hasPrefix("drill") }.count == 600)
        #expect(log.replay(topic, since: heard, now: later).isGap, "whose past was trimmed takes the present state")
        // The order, the drills and the short ones, which were in force when they came; of the past 512.
        #expect(log.longestPast <= 1 + 600 + 600 + 512)
    }

    @Test("Where even what is in force finds no room, drills go first, then what matters least")
    func crowded() {
        var log = StreamLog(epoch: 1, keysPerTopic: 1)
        log.append(event("drill", mode: .exercise, gravity: .emergency), to: topic, now: now)
        log.append(event("notice", mode: .actual, gravity: .information), to: topic, now: now)
        for number in 0..<16 { log.append(event("order \(number)", mode: .actual, gravity: .danger), to: topic, now: now) }
        let keys = log.replay(topic, since: nil, now: now).keys
        #expect(keys.count == 16 && keys.allSatisfy { $0.hasPrefix("order") })
    }

    @Test("What is out of time is let go while running, and nobody misses it")
    func expire() {
        var log = StreamLog(epoch: 1)
        let before = log.position
        log.append(event("eew", lasts: .seconds(60)), to: topic, now: now)
        log.append(event("order"), to: topic, now: now)
        let early = log.expire(now: now)
        #expect(early.isEmpty)
        let later = now.advanced(by: .seconds(61))
        let gone = log.expire(now: later).map { $0.key }
        #expect(gone == ["eew"])
        let replay = log.replay(topic, since: before, now: later)
        #expect(!replay.isGap && replay.keys == ["order"])
    }

    @Test("The gravest of what is real and in force is known: drills, what was lifted and what is over do not count")
    func gravest() {
        var log = StreamLog(epoch: 1)
        #expect(log.gravestReal(in: topic, now: now) == nil)
        log.append(event("drill", mode: .exercise, gravity: .emergency), to: topic, now: now)
        log.append(event("lifted", mode: .actual, gravity: .danger, isOver: true), to: topic, now: now)
        log.append(event("eew", lasts: .seconds(60), mode: .actual, gravity: .emergency), to: topic, now: now)
        log.append(event("rain", mode: .actual, gravity: .warning), to: topic, now: now)
        #expect(log.gravestReal(in: topic, now: now) == .emergency)
        #expect(log.gravestReal(of: topic.town, now: now.advanced(by: .seconds(61))) == .warning)
    }

    @Test("Topics know nothing of each other")
    func topics() {
        var log = StreamLog(epoch: 1)
        log.append(event("quake"), to: topic, now: now)
        let other = StreamTopic(town: TownID("042021")!, site: "hashikami-chu")
        #expect(log.replay(other, since: nil, now: now).keys.isEmpty)
    }

    @Test("Whatever is published and lost on the way, who catches up ends with the present state", arguments: 0..<40)
    func property(seed: Int) {
        var dice = Dice(seed: UInt64(seed))
        var log = StreamLog(epoch: 1)
        var inForce: [String: Int] = [:]
        var shown: [String: Int] = [:]
        var heardTo = log.position
        for step in 0..<200 {
            let key = "e\(Int.random(in: 0..<6, using: &dice))"
            let isRevocation = inForce[key] != nil && Int.random(in: 0..<3, using: &dice) == 0
            log.append(event(key, "\(step)", isRevocation: isRevocation), to: topic, now: now)
            inForce[key] = isRevocation ? nil : step
            guard Int.random(in: 0..<5, using: &dice) == 0 else { continue }
            guard case .events(let entries) = log.replay(topic, since: heardTo, now: now) else {
                Issue.record("a gap in a log that forgot nothing")
                return
            }
            for entry in entries {
                shown[entry.event.key] = entry.event.isRevocation
                    ? nil : Int(String(decoding: entry.event.data, as: UTF8.self))
            }
            heardTo = log.position
            #expect(shown == inForce)
        }
    }
}
