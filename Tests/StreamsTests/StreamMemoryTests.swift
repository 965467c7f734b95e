import AlertModel
import ChannelKit
import ChannelKitTesting
import Streams
import Foundation
import NIOPosix
import Synchronization
import Testing

@Suite("The stream across a restart")
struct StreamMemoryTests {
    @Test("What is in force is there for a tablet that comes back after the hub was down; what is over is not")
    func restart() async throws {
        let notebook = MemoryNotebook()
        let start = Date(timeIntervalSince1970: 1_299_822_405)
        let group = MultiThreadedEventLoopGroup.singleton
        let before = try await StreamHub.start(on: group, epoch: 1, notebook: notebook, clock: { start })
        before.publish(event("tsunami", #"{"title":"大津波警報"}"#, lasts: .seconds(3600)), to: topic)
        before.publish(event("eew", lasts: .seconds(60)), to: topic)
        before.publish(event("false alarm", lasts: .seconds(3600)), to: topic)
        before.publish(event("false alarm", isRevocation: true, lasts: .seconds(3600)), to: topic)
        before.close()

        let later = start.addingTimeInterval(120)
        let after = try await StreamHub.start(on: group, epoch: 2, notebook: notebook, clock: { later })
        let replay = after.catchUp(topic, since: StreamPosition(epoch: 1, offset: 2)).replay
        #expect(replay.isGap, "the tablet is told that its position is of another run")
        #expect(replay.keys == ["tsunami"])
        after.close()
    }

    @Test("Once the time is known, what an earlier run left ends in time, and what came before it was known is written down with its own end")
    func reckonedAnew() {
        let notebook = MemoryNotebook(), start = Date(timeIntervalSince1970: 1_299_822_405), zero = ContinuousClock.now
        let date = Mutex(start)
        let ran = Mutex(Duration.zero)
        func hub(_ epoch: UInt64) -> StreamHub {
            .silent(epoch: epoch, notebook: notebook, clock: { date.withLock { $0 } }, ticking: { zero.advanced(by: ran.withLock { $0 }) })
        }
        hub(1).publish(event("long", lasts: .seconds(36_000)), to: topic)
        // Nine hours without power, of which this machine's clock knows nothing until the hub says the time.
        let second = hub(2)
        second.publish(event("late", lasts: .seconds(7_200)), to: topic)
        date.withLock { $0 = start.addingTimeInterval(32_400) }
        second.reckonAnew(behind: .seconds(32_400))
        #expect(second.catchUp(topic, since: nil).replay.keys.sorted() == ["late", "long"])
        date.withLock { $0 = start.addingTimeInterval(34_200) }
        #expect(hub(3).catchUp(topic, since: nil).replay.keys.sorted() == ["late", "long"], "half an hour later both stand")
        ran.withLock { $0 = .seconds(3_660) }
        #expect(second.catchUp(topic, since: nil).replay.keys == ["late"], "ten hours after it was said it is over")
    }

    @Test("What was kept in one note by an earlier program is read; a head without its line is no event")
    func kept() async throws {
        let notebook = MemoryNotebook()
        let start = Date(timeIntervalSince1970: 1_299_822_405), expires = start.addingTimeInterval(3600).timeIntervalSinceReferenceDate
        func note(_ key: String, _ rest: String, line: String? = nil) {
            let head = #"{"name":"alert","expires":\#(expires),\#(rest)}"#
            notebook.write("stream/042056/\(topic.site)/\(key)", Array(head.utf8))
            notebook.write("stream-line/042056/\(topic.site)/\(key)", line.map { Array($0.utf8) })
        }
        note("op/1/old", #""town":"042056","site":"hashikami-chu","key":"op/1/old","isRevocation":false,"data":"{\"title\":\"大津波警報\"}""#)
        note("alone", #""length":3"#)
        note("cut", #""length":3"#, line: "{}")
        note("op/1/whole", #""length":2"#, line: "{}")
        let hub = try await StreamHub.start(on: MultiThreadedEventLoopGroup.singleton, epoch: 2, notebook: notebook, clock: { start })
        #expect(hub.catchUp(topic, since: nil).replay.keys == ["op/1/old", "op/1/whole"])
        #expect(hub.latest("op/1/old", in: topic)?.data == Array(#"{"title":"大津波警報"}"#.utf8))
        #expect(notebook.keys(prefix: "stream").count == 3, "what cannot be told is not kept")
        hub.close()
    }

    @Test("Which word on an event a place has is known, also after a restart: that one or a newer, of its own mode and place")
    func holds() async throws {
        let notebook = MemoryNotebook(), group = MultiThreadedEventLoopGroup.singleton, start = Date(timeIntervalSince1970: 1_299_822_405)
        func word(_ serial: Int) -> Revision { Revision(series: "operator", serial: serial, sent: start.addingTimeInterval(Double(serial))) }
        let hub = try await StreamHub.start(on: group, epoch: 1, notebook: notebook, clock: { start }), id = EventID("op/1/e")
        #expect(!hub.holds(word(1), of: id, .actual, in: topic))
        let bearing = StreamEvent.Bearing(mode: .actual, gravity: .danger, isOver: false, revision: word(2))
        hub.publish(StreamEvent(name: "alert", data: Array("{}".utf8), key: StreamEvent.key(id, .actual), expiresIn: .seconds(3600), bearing: bearing), to: topic)
        hub.close()
        let again = try await StreamHub.start(on: group, epoch: 2, notebook: notebook, clock: { start })
        for hub in [hub, again] {
            #expect(hub.holds(word(1), of: id, .actual, in: topic) && hub.holds(word(2), of: id, .actual, in: topic) && !hub.holds(word(3), of: id, .actual, in: topic))
            #expect(!hub.holds(word(1), of: id, .exercise, in: topic) && !hub.holds(word(1), of: id, .actual, in: StreamTopic(town: topic.town, site: "elsewhere")))
        }
        again.close()
    }

    @Test("What is out of time leaves the disk while the hub runs, and what the stream knows of an alert survives a restart")
    func sweep() async throws {
        let notebook = MemoryNotebook()
        let group = MultiThreadedEventLoopGroup.singleton
        let start = Date(timeIntervalSince1970: 1_299_822_405)
        let hub = try await StreamHub.start(on: group, epoch: 1, notebook: notebook, clock: { start })
        hub.publish(event("eew", lasts: .seconds(60)), to: topic)
        hub.publish(event("order", lasts: .seconds(3600), mode: .actual, gravity: .danger), to: topic)
        // A head and a line each.
        #expect(notebook.all.count == 4)
        hub.sweep(now: .now.advanced(by: .seconds(61)))
        #expect(notebook.all.count == 2)
        hub.close()
        let again = try await StreamHub.start(on: group, epoch: 2, notebook: notebook, clock: { start })
        #expect(again.gravestReal(in: topic) == .danger)
        again.close()
    }
}
