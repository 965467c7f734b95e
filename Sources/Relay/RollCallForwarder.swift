/// Tells the hub how many of the school are known to be safe, and asks what its tablets told there: every quarter of a minute while a
/// roll-call is open, else every minute. No name leaves the school.
internal import AlertModel
package import ChannelKit
package import Devices
package import Streams
package import FoundationEssentials
internal import Foundation
package import Logging
internal import Synchronization
internal import Tablets

package struct RollCallForwarder: Sendable {
    private let hub: HubLine
    private let topic: StreamTopic
    private let devices: DeviceRegister
    private let calls: RollCalls
    private let stream: StreamHub
    private let clock: @Sendable () -> Date
    private let logger: Logger
    private let rounds = Rounds()
    private let wanted = Wanted()

    /// That the hub has something new.
    private final class Wanted: Sendable {
        private let value = Mutex(false)
        func set() { value.withLock { $0 = true } }
        func take() -> Bool {
            value.withLock { value in
                defer { value = false }
                return value
            }
        }
    }

    package init(
        hub: HubLine, topic: StreamTopic, devices: DeviceRegister, calls: RollCalls, stream: StreamHub, clock: @escaping @Sendable () -> Date, logger: Logger
    ) {
        (self.hub, self.topic, self.devices, self.calls) = (hub, topic, devices, calls)
        (self.stream, self.clock, self.logger) = (stream, clock, logger)
    }

    /// The hub says that there is something new: it is asked now.
    package func hurry() {
        wanted.set()
        rounds.knock()
    }

    package func run() async {
        var rounds = 0
        await self.rounds.run(every: .seconds(15)) {
            defer { rounds += 1 }
            let isOpen = calls.call(at: topic, now: clock())?.isOpen ?? false
            if wanted.take() || isOpen || rounds % 4 == 0 { await tell() }
        }
    }

    /// One round.
    package func tell() async {
        do {
            // Of before the question: the way back makes no word of the hub's newer than one of the school's own.
            let now = calls.moment(clock(), at: topic)
            let sheet = calls.sheet(at: topic, of: devices.people(at: topic.site, of: topic.town), now: clock())
            let body = try JSONEncoder().encode(RollExchange.Up(of: topic.site, sheet.call, sheet.count, ended: calls.ended(at: topic), now: now))
            let answer = try await hub.call("POST", "/v1/edge/rollcall", [UInt8](body), answerLimit: 4 << 20)
            // A hub of before does not know the call.
            guard answer.status == 200 else { return logger.info("roll-call not told", metadata: ["status": "\(answer.status)"]) }
            let read = try JSONDecoder().decode(RollExchange.Down.self, from: Data(answer.body))
            let told = try read.read(now: now)
            var isNews = calls.learn(ended: Array((read.ended ?? []).prefix(64)), at: topic, now: now)
            if let call = told.call, calls.learn(call, at: topic, now: now) { isNews = true }
            if isNews { RollCallDesk.ring(stream, devices, topic) }
            let here = Set(devices.people(at: topic.site, of: topic.town).map(\.id))
            calls.learn(told.answers.filter { $0.name != nil || here.contains($0.who) }, at: topic, now: now)
        } catch {
            logger.info("roll-call not told", metadata: ["reason": "\(error)"])
        }
    }
}
