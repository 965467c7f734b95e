/// All signs of one mode: what stands at each, kept in the notebook, and the lines to their brokers.
///
/// A state and its place on the line are made under one lock: what is said later is published later.
import AlertModel
import ChannelKit
import FoundationEssentials
import Logging
import Synchronization

final class Signs<M: Mode>: Sendable {
    private struct Sign {
        let farEnd: FarEnd<M>
        let settings: SignSettings
        var board: Board
        /// What the device's own will says: `online`, `offline`.
        var presence: String?
        /// Delivery and device, of answers that were heard.
        var heard: [String] = []
    }

    private struct State {
        /// By topic.
        var signs: [String: Sign] = [:]
        var lines: [SignSettings.Broker: BrokerLine] = [:]
        var waiting: [String: [Int: CheckedContinuation<DeviceAnswer?, Never>]] = [:]
        /// Under way: what a device has said of it, before anybody waited for that.
        var flying: [String: DeviceAnswer?] = [:]
        var next = 0
    }

    private let state = Mutex(State())
    private let setup: ChannelSetup<M>
    private var retains: Bool { M.name == .actual }

    /// Answers that are remembered of a sign, so that the same one twice is one remark.
    private static var answersKept: Int { 128 }

    init(_ setup: ChannelSetup<M>) { self.setup = setup }

    // MARK: Lines

    func line(to broker: SignSettings.Broker) -> BrokerLine { state.withLock { line(in: &$0, broker) } }

    private func line(in state: inout State, _ broker: SignSettings.Broker) -> BrokerLine {
        if let line = state.lines[broker] { return line }
        let line = BrokerLine(
            broker, transport: setup.transport, retains: retains, logger: setup.logger,
            ears: .init(standing: { [weak self] in self?.states(at: broker) ?? [] }, heard: { [weak self] in self?.hear($0) }))
        state.lines[broker] = line
        return line
    }

    func open(_ farEnd: FarEnd<M>, _ settings: SignSettings) {
        state.withLock { state in
            _ = sign(in: &state, farEnd, settings)
            line(in: &state, settings.broker).open(listeningTo: [settings.answers, settings.presence])
        }
    }

    func close() async {
        let lines = state.withLock { state in
            defer { state.lines = [:] }
            return Array(state.lines.values)
        }
        for line in lines { await line.close() }
    }

    /// What a broker that has forgotten is told again.
    private func states(at broker: SignSettings.Broker) -> [(topic: String, payload: [UInt8], expiry: UInt32?)] {
        let now = setup.wallClock()
        return state.withLock { state in
            state.signs.keys.sorted().compactMap { topic in
                guard var sign = state.signs[topic], sign.settings.broker == broker, sign.board.isSaid else { return nil }
                _ = sign.board.age(now: now)
                let payload = sign.board.message(mode: M.name, town: sign.farEnd.town, sign: sign.farEnd.id, said: nil, now: now)
                state.signs[topic] = sign
                return (sign.settings.state, payload, sign.board.life(now: now))
            }
        }
    }

    // MARK: Boards

    private func key(_ topic: String) -> String { "board/" + topic }

    /// The sign as it is, or as the notebook knows it.
    private func sign(in state: inout State, _ farEnd: FarEnd<M>, _ settings: SignSettings) -> Sign {
        if let sign = state.signs[settings.topic], sign.settings.broker == settings.broker { return sign }
        let board = setup.notebook.read(key(settings.topic)).flatMap { try? JSONDecoder().decode(Board.self, from: Data($0)) } ?? Board()
        let sign = Sign(farEnd: farEnd, settings: settings, board: board)
        state.signs[settings.topic] = sign
        return sign
    }

    private func keep(_ sign: Sign, in state: inout State) {
        state.signs[sign.settings.topic] = sign
        setup.notebook.write(key(sign.settings.topic), (try? JSONEncoder().encode(sign.board)).map { Array($0) })
    }

    func say(
        _ entry: Board.Entry, isOver: Bool, _ farEnd: FarEnd<M>, _ settings: SignSettings
    ) -> (asked: BrokerLine.Asked, left: [String]) {
        let now = setup.wallClock()
        return state.withLock { state in
            var sign = sign(in: &state, farEnd, settings)
            _ = sign.board.age(now: now)
            let left = sign.board.take(entry, isOver: isOver || entry.until <= now)
            state.flying[entry.delivery] = .some(nil)
            return (publish(&sign, said: entry.json, now, in: &state), left)
        }
    }

    func empty(_ farEnd: FarEnd<M>, _ settings: SignSettings) -> BrokerLine.Asked {
        let now = setup.wallClock()
        return state.withLock { state in
            var sign = sign(in: &state, farEnd, settings)
            sign.board.empty()
            return publish(&sign, said: nil, now, in: &state)
        }
    }

    /// What is over is over, also where nobody says so.
    func age() {
        let now = setup.wallClock()
        state.withLock { state in
            for topic in state.signs.keys.sorted() {
                guard var sign = state.signs[topic], sign.board.age(now: now) else { continue }
                _ = publish(&sign, said: nil, now, in: &state)
            }
        }
    }

    private func publish(_ sign: inout Sign, said: String?, _ now: Date, in state: inout State) -> BrokerLine.Asked {
        let payload = sign.board.message(mode: M.name, town: sign.farEnd.town, sign: sign.farEnd.id, said: said, now: now)
        keep(sign, in: &state)
        let line = line(in: &state, sign.settings.broker)
        line.open(listeningTo: [sign.settings.answers, sign.settings.presence])
        return line.publish(sign.settings.state, payload, retain: retains, expiry: sign.board.life(now: now))
    }

    /// The attempt has ended, whatever became of it: what a device says from now on stands under the delivery.
    func ended(_ delivery: DeliveryID) { state.withLock { $0.flying[delivery.text] = nil } }

    func drop(_ entry: Board.Entry, _ farEnd: FarEnd<M>) {
        change(farEnd) { $0.drop(entry.event) }
    }

    func held(_ entry: Board.Entry, _ farEnd: FarEnd<M>) {
        change(farEnd) { $0.held(entry.delivery) }
    }

    private func change(_ farEnd: FarEnd<M>, _ body: (inout Board) -> Void) {
        state.withLock { state in
            guard let topic = farEnd.settings["topic"], var sign = state.signs[topic] else { return }
            body(&sign.board)
            keep(sign, in: &state)
        }
    }

    func presence(of farEnd: FarEnd<M>) -> String? {
        state.withLock { state in farEnd.settings["topic"].flatMap { state.signs[$0]?.presence } }
    }

    func report(on farEnd: FarEnd<M>) -> FarEndReport? {
        state.withLock { state in
            guard let topic = farEnd.settings["topic"], let sign = state.signs[topic] else { return nil }
            let items = sign.board.standing.map { entry in
                let device = sign.heard.contains { $0.hasPrefix(entry.delivery + "\n") }
                return FarEndReport.Item(
                    event: EventID(entry.event), reference: sign.settings.state, certainty: device ? .confirmed : entry.isHeld ? .saidYes : .asked,
                    isLeaving: false, until: entry.until)
            }
            return FarEndReport(used: items.count, room: Board.room, items: items)
        }
    }

    // MARK: Devices

    /// The first word of a device on this delivery; nil where none comes in time.
    func answer(to delivery: DeliveryID, within limit: Duration) async -> DeviceAnswer? {
        let (early, number) = state.withLock { state in
            state.next += 1
            return (state.flying[delivery.text] ?? nil, state.next)
        }
        if early != nil || limit <= .zero { return early }
        return await withTaskGroup(of: DeviceAnswer?.self) { group in
            group.addTask { await self.heard(delivery.text, number) }
            group.addTask {
                try? await Task.sleep(for: limit)  // cancelled: it was heard
                return nil
            }
            let first = await group.next() ?? nil
            group.cancelAll()
            return first
        }
    }

    private func heard(_ delivery: String, _ number: Int) async -> DeviceAnswer? {
        await withTaskCancellationHandler {
            await withCheckedContinuation { waiter in
                let early: DeviceAnswer?? = state.withLock { state in
                    if let early = state.flying[delivery] ?? nil { return .some(early) }
                    if Task.isCancelled { return .some(nil) }
                    // Of a dictionary of dictionaries: made where there is none.
                    state.waiting[delivery, default: [:]][number] = waiter
                    return nil
                }
                if let early { waiter.resume(returning: early) }
            }
        } onCancel: {
            state.withLock { state in
                let waiter = state.waiting[delivery]?.removeValue(forKey: number)
                if state.waiting[delivery]?.isEmpty == true { state.waiting[delivery] = nil }
                return waiter
            }?.resume(returning: nil)
        }
    }

    private func hear(_ publication: Packet.Publication) {
        let topic = publication.topic
        if topic.hasSuffix("/device") {
            let word = String(decoding: publication.payload.prefix(100), as: UTF8.self)
            state.withLock { $0.signs[String(topic.dropLast(7))]?.presence = word }
        } else if topic.hasSuffix("/ack"), let answer = DeviceAnswer(publication.payload) {
            hear(answer, at: String(topic.dropLast(4)))
        }
    }

    private func hear(_ answer: DeviceAnswer, at topic: String) {
        let (waiters, town) = state.withLock { state -> ([CheckedContinuation<DeviceAnswer?, Never>], TownID?) in
            // Only of what was said to this sign: whoever may write there could name any delivery.
            guard var sign = state.signs[topic], answer.delivery.hasSuffix(".\(sign.farEnd.town.code).mqtt.\(sign.farEnd.id)") else { return ([], nil) }
            let name = "\(answer.delivery)\n\(answer.device ?? "") \(answer.reach.word)"
            guard !sign.heard.contains(name) else { return ([], nil) }
            sign.heard = (sign.heard + [name]).suffix(Self.answersKept)
            state.signs[topic] = sign
            guard state.flying[answer.delivery] != nil else { return ([], sign.farEnd.town) }
            state.flying[answer.delivery] = .some(answer)
            return (state.waiting.removeValue(forKey: answer.delivery).map { Array($0.values) } ?? [], nil)
        }
        for waiter in waiters { waiter.resume(returning: answer) }
        if let town { setup.remark(DeliveryID(answer.delivery), town, answer.words) }
    }
}
