import AlertModel
import CellBroadcast
import ChannelKit
import FoundationEssentials
import Logging
import Synchronization

/// One attempt to bring one delivery on the air.
///
///     plan ─▶ room in the cell? ─▶ [ETWS primary] ─▶ [text] ─▶ what is left over leaves, later
///                                        └── one stands already: the text goes first, meanwhile that one leaves
struct Sending: Sendable {
    let desk: Desk
    let station: Station
    let deadline: ContinuousClock.Instant

    private var shelf: Shelf { station.shelf }

    typealias Outcome = Result<String, DeliveryFailure>

    func put(_ order: Order) async throws(DeliveryFailure) -> Receipt {
        let entry = try shelf.plan(order)
        guard !entry.isOnTheAir(order) else {
            return Receipt(reference: entry.reference, note: "すでに放送中です。送っていません。 (on the air already; nothing was sent)")
        }
        let wanted = entry.wanted.filter { $0.confirmed != order.delivery }
        let warning = wanted.first { $0.role == .warning }, text = wanted.first { $0.role == .text }
        var notes: [String] = []
        for outcome in await both(warning, text, order) { notes.append(try outcome.get()) }
        await clearUp()
        let now = shelf.entry(of: order.event)
        // The same words in both: said once.
        var seen: Set<String> = []
        return Receipt(
            reference: now?.reference ?? entry.reference,
            note: notes.filter { !$0.isEmpty && seen.insert($0).inserted }.joined(separator: "\n"))
    }

    /// The primary wakes first; the words do not wait for it longer than a moment, and not at all where it has to wait
    /// itself for another one to leave the cell.
    private func both(_ warning: Slot?, _ text: Slot?, _ order: Order) async -> [Outcome] {
        guard let warning else { return await text.outcomes { await say($0, order) } }
        let standing = desk.air.warnings(at: station.address)
        let (signal, isAwake) = AsyncStream<Void>.makeStream()
        if !standing.isEmpty { isAwake.finish() }
        async let primary = wake(warning, order, standing, isAwake)
        async let words = text.outcomes {
            await aMoment(or: signal)
            guard desk.pace.now() < deadline else { return .failure(.unavailable("時間切れです。 (no time left)")) }
            return await say($0, order)
        }
        return await [primary] + words
    }

    private func aMoment(or signal: AsyncStream<Void>) async {
        let limit = desk.pace.now() + Self.courtesy
        await withTaskGroup(of: Void.self) { group in
            group.addTask { for await _ in signal {} }
            group.addTask { try? await desk.pace.sleep(limit) }
            await group.next()
            group.cancelAll()
        }
    }

    /// What is not wanted any more leaves, and nobody waits for it. What did not answer is the keeper's.
    private func clearUp() async {
        for entry in shelf.entries {
            for slot in entry.leaving where slot.certainty != .doubtful || entry.isOver != true {
                await desk.errands.start(
                    desk.errand(slot, station), desk.takeOff(slot, of: entry, station, isTold: true))
            }
        }
    }

    /// Takes every slot of the event off the air. What is not there any more counts as taken off.
    func takeBack(_ event: EventID) async throws(DeliveryFailure) -> Receipt {
        guard let entry = shelf.entry(of: event) else {
            return Receipt(note: "この件は放送していません。 (nothing of this event is on the air)")
        }
        shelf.end(event)
        let removals = await withTaskGroup(of: Removal.self) { group in
            for slot in shelf.entry(of: event)?.leaving ?? [] {
                group.addTask {
                    await desk.errands.run(
                        desk.errand(slot, station), desk.takeOff(slot, of: entry, station, isTold: false))
                }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
        return Receipt(reference: entry.reference, note: try Self.words(of: removals))
    }

    private static func words(of removals: [Removal]) throws(DeliveryFailure) -> String {
        var doubts: [String] = []
        var isCertain = !removals.isEmpty
        for removal in removals {
            switch removal {
            case .failed(let failure): throw failure
            case .doubtful(let words): throw .unavailable(words)
            case .underWay: throw .unavailable("停止の途中です。 (being taken off)")
            case .letGo(let words): doubts.append(words)
            case .unknown: isCertain = false
            case .gone(let certain): isCertain = isCertain && certain
            }
        }
        guard doubts.isEmpty else { return doubts.joined(separator: "\n") }
        return isCertain
            ? "放送を止めました。基地局も止めたと答えました。 (taken off the air; the base stations confirm it)"
            : "放送を止めました。止めたという中央局の答えだけです。 (taken off the air, by the centre's word)"
    }
}

// MARK: - The ETWS primary

extension Sending {
    /// A cell holds one ETWS primary. A real one pushes out whatever stands there; a drill's waits for nothing and
    /// pushes out nothing real.
    private func wake(
        _ slot: Slot, _ order: Order, _ standing: [AirName: Air.Record], _ isAwake: AsyncStream<Void>.Continuation
    ) async -> Outcome {
        defer { isAwake.finish() }
        if order.isDrill, standing.keys.contains(where: { $0.mode == ModeName.actual.rawValue }) {
            shelf.retire(slot.identifier, of: order.event, remark: Self.drillGivesWay)
            return .success(Self.drillGivesWay)
        }
        await withTaskGroup(of: Void.self) { group in
            for (name, record) in standing {
                group.addTask { await makeWay(name, record, for: slot, order) }
            }
        }
        // Its own slot as it is now: nothing may stand under it any more.
        let now = shelf.entry(of: order.event)?.slots.first { $0.identifier == slot.identifier } ?? slot
        return await put(now, order)
    }

    private static let drillGivesWay =
        "本番のETWSが放送中のため、訓練のETWS一次通知は送りません。 (a real ETWS primary is on the air: the drill's is not sent)"

    /// How long a primary waits for one under another identifier: the base station gets the KILL before the WRITE.
    private static let courtesy = Duration.seconds(1)
    /// The same identifier is free only when the centre has answered.
    private static let sameIdentifier = Duration.seconds(12)

    private func makeWay(_ name: AirName, _ record: Air.Record, for slot: Slot, _ order: Order) async {
        let isOwn = shelf.name(slot.identifier) == name
        let errand: (name: String, work: Errands.Work)?
        if isOwn, let entry = shelf.entry(of: order.event) {
            errand = (desk.errand(slot, station), desk.takeOff(slot, of: entry, station, isTold: false, until: deadline))
        } else {
            errand = desk.removal(
                of: name, record, for: station, because: "新しいETWS一次通知のため外しました。 (made way for a new ETWS primary)",
                until: deadline)
        }
        guard let errand else { return }
        let limit = desk.pace.now() + (name.identifier == slot.identifier ? Self.sameIdentifier : Self.courtesy)
        await withTaskGroup(of: Void.self) { group in
            group.addTask { _ = await desk.errands.run(errand.name, errand.work) }
            group.addTask { try? await desk.pace.sleep(limit) }
            await group.next()
            group.cancelAll()
        }
    }
}

// MARK: - The text

extension Sending {
    private func say(_ slot: Slot, _ order: Order) async -> Outcome {
        let crossing = desk.crossings.crossing(at: station.address)
        guard await crossing.enter() else { return .failure(.cancelled) }
        switch place(slot, order) {
        case .fits(let period):
            defer { crossing.leave() }
            return await put(slot, order.repeated(period))
        case .afterDropping(let names, let period):
            defer { crossing.leave() }
            if let failure = await drop(names) { return .failure(failure) }
            return await put(slot, order.repeated(period))
        case .full:
            crossing.leave()
            return .failure(.unavailable(Self.full))
        case .afterRaising:
            crossing.leave()
            guard await crossing.close() else { return .failure(.cancelled) }
            defer { crossing.open() }
            return await move(slot, order)
        }
    }

    private static let full =
        "基地局の放送枠がいっぱいです。これより軽い放送も、十分にくり返した放送もありません。 (every slot of the cells is taken; nothing less grave can leave, and nothing of the same gravity that was repeated long enough)"

    /// Decides, and takes the room at once, so that two who ask together do not get the same.
    private func place(_ slot: Slot, _ order: Order) -> Room.Decision {
        desk.deciding.withLock { _ in
            let decision = room(besides: slot, order).place(
                pages: order.pages.pages.count, gravity: order.gravity.rawValue, isWarning: order.isWarning,
                isDrill: order.isDrill)
            if case .fits(let period) = decision, !slot.mayBeOnTheAir {
                shelf.note(
                    order.repeated(period).cast(.text).change(), of: slot, event: order.event, delivery: order.delivery)
            }
            return decision
        }
    }

    private func room(besides slot: Slot, _ order: Order) -> Room {
        var own: Set = [shelf.name(slot.identifier)]
        if !order.shifts, let entry = shelf.entry(of: order.event) {
            own.formUnion(entry.slots.map { shelf.name($0.identifier) })
        }
        return desk.air.room(
            at: station.address, mode: desk.mode, wished: station.settings.rhythm.repetitionPeriod, without: own, now: order.made)
    }

    private func drop(_ names: [AirName]) async -> DeliveryFailure? {
        let words = "放送枠が足りないため、より重い放送か、まだだれも聞いていない放送に場所を譲って外しました。 (dropped: the cells are full, and something graver came, or something of the same gravity that nobody has heard)"
        let records = desk.air.all(at: station.address)
        let removals = await withTaskGroup(of: Removal.self) { group in
            for name in names {
                guard let record = records[name],
                    let errand = desk.removal(of: name, record, for: station, because: words, until: deadline)
                else { continue }
                group.addTask { await desk.errands.run(errand.name, errand.work) }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
        return removals.allSatisfy(\.isOff) ? nil : .unavailable("放送枠を空けている途中です。 (room is being made in the cells)")
    }

    /// Everything off, this one on in a longer period, and everything on again.
    private func move(_ slot: Slot, _ order: Order) async -> Outcome {
        // Somebody may have moved it all while we waited.
        guard case .afterRaising(let period) = place(slot, order) else { return await again(slot, order) }
        desk.logger.notice("all texts of a far end move to a longer repetition period", metadata: [
            "address": "\(station.address)", "period": "\(period)",
        ])
        guard await desk.empty(station, until: deadline) else {
            await desk.putBack(at: station.address, period: nil)
            return .failure(.unavailable("放送枠を広げている途中です。 (the repetition period could not be raised yet)"))
        }
        let outcome = await put(slot, order.repeated(period))
        await desk.putBack(at: station.address, period: period)
        return outcome
    }

    private func again(_ slot: Slot, _ order: Order) async -> Outcome {
        switch place(slot, order) {
        case .fits(let period): return await put(slot, order.repeated(period))
        case .afterDropping(let names, let period):
            if let failure = await drop(names) { return .failure(failure) }
            return await put(slot, order.repeated(period))
        case .afterRaising, .full: return .failure(.unavailable(Self.full))
        }
    }
}

// MARK: - The call itself

extension Sending {
    private func put(_ slot: Slot, _ order: Order) async -> Outcome {
        let gateway = desk.gateway(station, deadline: deadline)
        var slot = slot
        if slot.mayBeOnTheAir, !gateway.replaces {
            if let failure = await free(slot, order) { return .failure(failure) }
        }
        for attempt in 1...2 {
            let target = slot
            let note: @Sendable (Slot.Change) -> Void = {
                shelf.note($0, of: target, event: order.event, delivery: order.delivery)
            }
            do throws(DeliveryFailure) {
                switch try await gateway.put(target, order.cast(target.role), note: note) {
                case .there(_, let words):
                    if desk.heard(station.address, wasSilent: false) { desk.doubtEarlier(than: order, at: station.address) }
                    return .success(words)
                case .late(let words):
                    _ = desk.heard(station.address, wasSilent: true)
                    return .failure(.unavailable(words))
                case .taken where attempt == 1:
                    // Somebody's stands there, or an answer was lost: another identifier, else it has to go first.
                    if let other = shelf.evade(target, order) {
                        slot = other
                    } else if let failure = await free(target, order) {
                        return .failure(failure)
                    }
                case .taken: break
                }
            } catch {
                return .failure(error)
            }
        }
        return .failure(.unavailable("識別子\(slot.identifier)が中央局でまだ使用中です。 (\(slot.identifier) is still active at the centre)"))
    }

    /// Frees the identifier. No answer is no reason to stop: an unknown identifier may get none.
    private func free(_ slot: Slot, _ order: Order) async -> DeliveryFailure? {
        guard let entry = shelf.entry(of: order.event) else { return nil }
        let removal = await desk.errands.run(
            desk.errand(slot, station), desk.takeOff(slot, of: entry, station, isTold: false, until: deadline))
        if case .failed(let failure) = removal { return failure }
        return nil
    }
}

extension Order {
    func repeated(_ period: Int) -> Order {
        var order = self
        order.period = period
        return order
    }

    func cast(_ role: Role) -> Cast {
        Cast(pages: pages, airing: airing, ends: made + airing.seconds(isWarning: role == .warning))
    }
}

extension Slot? {
    fileprivate func outcomes(_ body: @Sendable (Slot) async -> Sending.Outcome) async -> [Sending.Outcome] {
        guard let slot = self else { return [] }
        return [await body(slot)]
    }
}
