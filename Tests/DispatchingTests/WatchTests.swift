import AlertModel
import ChannelKit
import FoundationEssentials
import Ledger
import Testing

@testable import Dispatching

@Suite("Watching the log")
struct WatchTests {
    private let town = TownID("042056")!

    private func recorded(_ id: String, sends: Int) -> RecordedAlert {
        let alert = order(id)
        return RecordedAlert(
            content: alert.content, mode: .actual, accepted: Date(timeIntervalSince1970: 0), actor: "desk",
            deliveries: (0..<sends).map { index in
                RecordedDelivery(
                    id: DeliveryID(alert: alert.id, town: town, channel: "webhook", endpoint: "\(index)"), channel: "webhook",
                    endpoint: "\(index)", isSend: true, priority: .urgent, reason: "warned", sentence: "", expires: .distantFuture)
            })
    }

    @Test("A quiet line is kept alive by a beat")
    func beat() async {
        let journal = DeliveryJournal(ledger: MemoryLedger())
        let watch = journal.watch()
        watch.beat()
        var events = watch.events.makeAsyncIterator()
        #expect(await events.next() == .beat)
    }

    @Test("Who was too slow and lost rows is told so with the next beat, once")
    func gap() async {
        let journal = DeliveryJournal(ledger: MemoryLedger())
        let watch = journal.watch(bound: 2)
        journal.open(recorded("e", sends: 3), in: town)
        #expect(journal.gauges.lost == 1)
        var events = watch.events.makeAsyncIterator()
        for _ in 0..<2 { _ = await events.next() }
        watch.beat()
        #expect(await events.next() == .gap)
        watch.beat()
        #expect(await events.next() == .beat)
    }

    @Test("What a person dropped says who it was")
    func dropped() {
        let step = RecordedStep(DeliveryID("d"), .dropped(by: "佐藤"), at: Date(timeIntervalSince1970: 0))
        #expect(step.state == .annulled && step.detail?.hasPrefix("佐藤が") == true)
    }
}
