import AlertModel
import ChannelKit
import Dispatching
import Foundation
import Testing

let start = ContinuousClock.now
let town = TownID("042056")!
let otherTown = TownID("042021")!

func parcel(
    _ event: String, revision: Int = 1, _ priority: Priority = .routine, _ message: MessageType = .alert,
    at endpoint: String = "a", in town: TownID = town, lasts: Duration = .seconds(600), heard: Bool = false
) -> Parcel {
    Parcel(
        id: DeliveryID("\(event)-\(revision)-\(message.rawValue)-\(town.code)-\(endpoint)"), event: EventID(event),
        lane: LaneID(town: town, endpoint: endpoint), priority: priority,
        revision: Revision(
            series: "t", serial: revision, sent: Date(timeIntervalSince1970: Double(revision)),
            isCancel: message == .cancel),
        message: message, expires: start.advanced(by: lasts), followsHeard: heard)
}

func makeQueue(
    _ concurrency: Int = 4, reserved: Int = 1, window: Int = 1, waiting: Int = 1000
) -> ChannelQueue {
    ChannelQueue(limits: QueueLimits(
        concurrency: concurrency, reservedForImmediate: reserved, endpointWindow: window, waiting: waiting))
}

extension ChannelQueue {
    /// Takes the next delivery to send, nil when there is none now.
    mutating func take(_ now: Instant = start) -> Parcel? {
        if case .send(let parcel, _) = next(now: now) { return parcel }
        return nil
    }
}

@Suite("The channel's queue")
struct ChannelQueueTests {
    @Test("A cancel silences a warning nobody has heard")
    func cancelBeforeSending() {
        var queue = makeQueue()
        let quake = parcel("quake")
        #expect(queue.offer(quake, now: start) == .waiting)
        #expect(queue.offer(parcel("quake", revision: 2, .immediate, .cancel), now: start) == .annulled(quake.id))
        #expect(queue.next(now: start) == .idle || queue.take() == nil)
        #expect(queue.waitingCount == 0)
    }

    @Test("Cancels that hang leave a far end's window to the others, where the channel gives them places of their own")
    func cancelsApart() {
        var queue = ChannelQueue(limits: QueueLimits(
            concurrency: 8, reservedForImmediate: 2, endpointWindow: 2, cancelWindow: 4))
        for event in ["a", "b", "c"] { _ = queue.offer(parcel(event, revision: 2, .urgent, .cancel, heard: true), now: start) }
        #expect((1...3).map { _ in queue.take()?.message } == [.cancel, .cancel, .cancel])
        for event in ["d", "e", "f"] { _ = queue.offer(parcel(event, .urgent), now: start) }
        #expect((1...3).map { _ in queue.take()?.event.text } == ["d", "e", nil])
        // And a full window holds up no cancel.
        _ = queue.offer(parcel("g", revision: 2, .urgent, .cancel, heard: true), now: start)
        #expect(queue.take()?.event.text == "g")
    }

    @Test("A cancel follows a warning that was told")
    func cancelAfterSending() {
        var queue = makeQueue()
        _ = queue.offer(parcel("quake"), now: start)
        let sent = queue.take()
        #expect(queue.settle(sent!.id, .success(Receipt()), now: start) == .delivered)
        let cancel = parcel("quake", revision: 1, .immediate, .cancel)
        #expect(queue.offer(cancel, now: start) == .waiting)
        #expect(queue.take()?.id == cancel.id)
    }

    @Test("A cancel repeats the serial of what it cancels and still wins")
    func cancelWithSameSerial() {
        let original = parcel("quake", revision: 32).revision
        let cancel = Revision(series: "t", serial: 32, sent: original.sent, isCancel: true)
        #expect(cancel.isNewer(than: original))
        #expect(!original.isNewer(than: cancel))
    }

    @Test("A cancel that comes while the warning is on the wire cuts it short and follows it")
    func cancelOnTheWire() {
        var queue = makeQueue()
        _ = queue.offer(parcel("quake"), now: start)
        let sent = queue.take()!
        let cancel = parcel("quake", revision: 2, .immediate, .cancel)
        #expect(queue.offer(cancel, now: start) == .followsOnWire(sent.id, superseding: nil))
        #expect(queue.take() == nil, "two deliveries of one event are never on the wire together")
        #expect(queue.settle(sent.id, .failure(.unavailable("cut")), now: start) == .superseded)
        #expect(queue.take()?.id == cancel.id, "it may have been heard, so the cancel goes")
    }

    @Test("A cancel before its alert silences the alert that comes late")
    func cancelBeforeItsAlert() {
        var queue = makeQueue()
        #expect(queue.offer(parcel("quake", revision: 3, .immediate, .cancel), now: start) == .annulled(nil))
        #expect(queue.offer(parcel("quake", revision: 2), now: start) == .outdated)
        #expect(queue.take() == nil)
    }

    @Test("After a restart a cancel follows what the ledger says was heard")
    func cancelAfterRestart() {
        var queue = makeQueue()
        #expect(queue.offer(parcel("quake", revision: 3, .immediate, .cancel, heard: true), now: start) == .waiting)
        #expect(queue.take()?.message == .cancel)
    }

    @Test("A cancel hits only its own event")
    func cancelOfTheGhost() {
        var queue = makeQueue()
        _ = queue.offer(parcel("noto", .immediate), now: start)
        _ = queue.offer(parcel("ghost", .immediate), now: start)
        _ = queue.offer(parcel("ghost", revision: 2, .immediate, .cancel), now: start)
        #expect(queue.take()?.event == EventID("noto"))
        #expect(queue.take() == nil)
    }

    @Test("A newer revision takes the older one's place, an older one is not said any more")
    func latestWins() {
        var queue = makeQueue()
        let first = parcel("quake", revision: 1)
        _ = queue.offer(first, now: start)
        #expect(queue.offer(parcel("quake", revision: 3), now: start) == .superseded(first.id))
        #expect(queue.offer(parcel("quake", revision: 2), now: start) == .outdated)
        #expect(queue.take()?.revision.serial == 3)
        #expect(queue.waitingCount == 0)
    }

    @Test("A warning goes before everything that came earlier")
    func order() {
        var queue = makeQueue(8, reserved: 1)
        for (index, priority) in [Priority.background, .routine, .urgent, .immediate].enumerated() {
            _ = queue.offer(parcel("e\(index)", priority, at: "\(index)"), now: start)
        }
        #expect((0..<4).compactMap { _ in queue.take()?.priority } == [.immediate, .urgent, .routine, .background])
    }

    @Test("The reserved slot is free for a warning when slow notices hold all others")
    func reservedSlot() {
        var queue = makeQueue(2, reserved: 1)
        for endpoint in ["a", "b", "c"] { _ = queue.offer(parcel("notice", at: endpoint), now: start) }
        #expect(queue.take() != nil)
        #expect(queue.take() == nil, "one slot of two is kept")
        _ = queue.offer(parcel("quake", .immediate, at: "c"), now: start)
        #expect(queue.take()?.event == EventID("quake"))
    }

    @Test("A warning does not wait behind a slow notice to the same far end")
    func sameFarEnd() {
        var queue = makeQueue()
        _ = queue.offer(parcel("notice"), now: start)
        _ = queue.take()
        _ = queue.offer(parcel("second notice"), now: start)
        #expect(queue.take() == nil)
        _ = queue.offer(parcel("quake", .immediate), now: start)
        #expect(queue.take()?.event == EventID("quake"))
    }

    @Test("Towns take turns inside a class")
    func townsTakeTurns() {
        var queue = makeQueue(20, reserved: 1)
        for index in 0..<6 { _ = queue.offer(parcel("e", at: "big-\(index)"), now: start) }
        for index in 0..<2 { _ = queue.offer(parcel("e", at: "small-\(index)", in: otherTown), now: start) }
        let order = (0..<4).compactMap { _ in queue.take()?.lane.town }
        #expect(order == [town, otherTown, town, otherTown])
    }

    @Test("Expiry is asked at the offer and at the next step")
    func expiry() {
        var queue = makeQueue()
        #expect(queue.offer(parcel("late", lasts: .seconds(-1)), now: start) == .expired)
        let soon = parcel("soon", lasts: .seconds(5))
        _ = queue.offer(soon, now: start)
        #expect(queue.next(now: start.advanced(by: .seconds(5))) == .expired(soon))
        #expect(queue.waitingCount == 0)
    }

    @Test("A delivery that waits in a stopped lane expires all the same")
    func expiryInStoppedLane() {
        var queue = makeQueue()
        _ = queue.offer(parcel("e", lasts: .seconds(60)), now: start)
        let sent = queue.take()!
        #expect(queue.settle(sent.id, .failure(.misconfigured("key")), now: start) == .stopped("key"))
        #expect(queue.take() == nil)
        #expect(queue.stoppedLanes == [sent.lane: "key"])
        #expect(queue.next(now: start.advanced(by: .seconds(60))) == .expired(sent))
    }

    @Test("A stopped lane goes on when a person has mended it")
    func resume() {
        var queue = makeQueue()
        _ = queue.offer(parcel("e"), now: start)
        let sent = queue.take()!
        _ = queue.settle(sent.id, .failure(.misconfigured("key")), now: start)
        #expect(queue.resume(sent.lane)?.map(\.id) == [sent.id])
        #expect(queue.take()?.id == sent.id)
        #expect(queue.resume(sent.lane) == nil, "it goes already")
    }

    @Test("A failure is tried again with jitter until the alert expires")
    func retry() {
        var queue = makeQueue()
        _ = queue.offer(parcel("e", .urgent, lasts: .seconds(3)), now: start)
        let sent = queue.take()!
        let settlement = queue.settle(sent.id, .failure(.unavailable("down")), now: start, jitter: 1)
        let due = start.advanced(by: .milliseconds(500))
        #expect(settlement == .retry(at: due))
        #expect(queue.next(now: start) == .wait(until: due))
        #expect(queue.next(now: due) == .send(sent, attempt: 2))
        #expect(queue.settle(
            sent.id, .failure(.unavailable("down")), now: due.advanced(by: .seconds(2)), jitter: 1) == .expired)
    }

    @Test("A far end's request to wait is obeyed for the whole lane, a warning asks once more")
    func throttled() {
        var queue = makeQueue()
        _ = queue.offer(parcel("a"), now: start)
        let sent = queue.take()!
        _ = queue.settle(sent.id, .failure(.throttled(retryAfter: .seconds(30))), now: start)
        _ = queue.offer(parcel("b", .urgent), now: start)
        #expect(queue.take(start.advanced(by: .seconds(29))) == nil)
        _ = queue.offer(parcel("quake", .immediate), now: start)
        #expect(queue.take(start.advanced(by: .seconds(29)))?.event == EventID("quake"))
    }

    @Test("A far end's second answer to one delivery changes nothing")
    func answeredTwice() {
        var queue = makeQueue()
        _ = queue.offer(parcel("e"), now: start)
        let sent = queue.take()!
        #expect(queue.settle(sent.id, .success(Receipt()), now: start) == .delivered)
        #expect(queue.settle(sent.id, .failure(.rejected("no")), now: start) == .unknown)
    }

    @Test("A full queue makes room for something more urgent and refuses what is not")
    func full() {
        var queue = makeQueue(waiting: 2)
        _ = queue.offer(parcel("a", .background, at: "1"), now: start)
        _ = queue.offer(parcel("b", .routine, at: "2"), now: start)
        #expect(queue.offer(parcel("c", .background, at: "3"), now: start) == .full)
        let displaced = parcel("a", .background, at: "1").id
        #expect(queue.offer(parcel("d", .immediate, at: "4"), now: start) == .displaced(displaced))
        #expect(queue.waitingCount == 2)
    }

    @Test("A cut lane that comes back takes the delivery that was ours to cancel")
    func putBack() {
        var queue = makeQueue()
        _ = queue.offer(parcel("e"), now: start)
        let sent = queue.take()!
        #expect(queue.settle(sent.id, .failure(.cancelled), now: start) == .putBack)
        #expect(queue.next(now: start) == .send(sent, attempt: 1))
    }

    @Test("A lower class gets its turn in a long night of higher ones")
    func noStarvation() {
        var queue = makeQueue(2, reserved: 1, waiting: 10_000)
        for index in 0..<500 { _ = queue.offer(parcel("u\(index)", .urgent, at: "\(index)"), now: start) }
        _ = queue.offer(parcel("r", .routine, at: "r"), now: start)
        var position = 0
        while let sent = queue.take() {
            position += 1
            _ = queue.settle(sent.id, .success(Receipt()), now: start)
            if sent.priority == .routine { break }
        }
        #expect(position <= 65)
    }
}
