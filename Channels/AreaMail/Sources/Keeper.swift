import AlertModel
import CellBroadcast
import ChannelKit
import FoundationEssentials
import Logging

/// Keeps what should be on the air and what is there together, between deliveries.
///
///     every 5 s:  run out ─▶ leaves      lost ─▶ put there again      leaving ─▶ asked once more
///     the centre came back after being away: everything of ours is lost over there
///     every minute, where the far end can be asked: its list against the shelf
extension Desk {
    private static let beat = Duration.seconds(5)

    /// Until its task is cancelled.
    func keep() async {
        lines.openRemembered()
        errands.open()
        await withDiscardingTaskGroup { group in
            group.addTask { await self.errands.run() }
            group.addTask { await self.watchAll() }
            while !Task.isCancelled {
                await round()
                guard (try? await pace.sleep(pace.now() + Self.beat)) != nil else { break }
            }
            group.cancelAll()
        }
        await lines.close()
    }

    /// From the moment a far end is made known, not from the next round on: a centre that begins anew within the first seconds of a
    /// start has lost what is on the air, and the watch that comes after it would never know.
    private func watchAll() async {
        await withDiscardingTaskGroup { group in
            var watched: Set<String> = []
            for await _ in toWatch {
                for station in stations where isInUse(station) && watched.insert(station.address).inserted {
                    group.addTask { await self.watch(station) }
                }
            }
            group.cancelAll()
        }
    }

    private func isInUse(_ station: Station) -> Bool {
        station.settings.way == .ecbe && !station.shelf.entries.isEmpty
    }

    /// One look at every far end.
    func round() async {
        let now = wallClock()
        for station in stations {
            station.shelf.runOut(now)
            let words = "本番の放送に場所を譲って外しました。 (taken off: the real alert needed the cells)"
            for (entry, _) in station.shelf.strikeOut(words) { tell(words, of: entry.delivery, at: station) }
        }
        for address in Set(stations.map(\.address)) { await mend(address) }
        for station in stations { await removeLeftovers(station, now) }
    }

    private func removeLeftovers(_ station: Station, _ now: Date) async {
        for entry in station.shelf.entries {
            for slot in entry.leaving {
                let name = errand(slot, station)
                guard !errands.isUnderWay(name), let round = tries.next(of: name, now: pace.now()) else { continue }
                await errands.start(name, askAgain(slot, entry, station, round))
            }
            for slot in entry.slots where slot.certainty == .doubtful && slot.letGo.map({ $0 + Self.secondLook < now }) ?? false {
                let name = errand(slot, station) + " second look"
                guard !errands.isUnderWay(name), let round = tries.next(of: name, now: pace.now()) else { continue }
                await errands.start(name, lookAgain(slot, entry, station, round))
            }
        }
    }

    /// osmo-cbc answers a DELETE of what it has, if late; what it has never answered in three rounds it has not.
    private static let enough = 3

    private func askAgain(_ slot: Slot, _ entry: ShelfEntry, _ station: Station, _ round: Int) -> Errands.Work {
        let work = takeOff(slot, of: entry, station, isTold: true)
        return { [self] in
            let removal = await work()
            guard case .doubtful(let words) = removal, round >= Self.enough else { return removal }
            station.shelf.note(.letGo(wallClock()), of: slot, event: entry.event, delivery: entry.delivery)
            return .letGo(words)
        }
    }

    /// After a late yes: asked again whether the far end still has it. osmo-cbc answers a DELETE of what it has with 200, of
    /// what it has not with 404 or not at all. That is its word that the text is stopped, and as much as can be had: what a
    /// cell does nobody can ask. While a base station is known to be silent even that word is none.
    private static let secondLook = 30.0

    private func lookAgain(_ slot: Slot, _ entry: ShelfEntry, _ station: Station, _ round: Int) -> Errands.Work {
        { [self] in
            let removal = await gateway(station, deadline: pace.now() + ECBEGateway.patience).remove(slot)
            switch removal {
            case .gone:
                station.shelf.note(.gone, of: slot, event: entry.event, delivery: entry.delivery)
                tell("もう一度頼んで止まりました。 (taken off at the second request)", of: entry.delivery, at: station)
            case .unknown where !isSilent(station.address): settle(slot, entry, station)
            // With the answer that let go of it, three rounds.
            case .doubtful where !isSilent(station.address) && round >= Self.enough - 1: settle(slot, entry, station)
            case .unknown, .letGo, .underWay, .doubtful, .failed: break
            }
            return removal
        }
    }
}

extension Desk {
    fileprivate func settle(_ slot: Slot, _ entry: ShelfEntry, _ station: Station) {
        station.shelf.note(.settled, of: slot, event: entry.event, delivery: entry.delivery)
        tell(
            "くり返し尋ねましたが、中央局にはもうありません。放送は止まったと見られます（中央局の答えだけで、電波は確かめられません）。"
                + " (asked again: the centre has it no more; taken off by its word, the cells are unproven)",
            of: entry.delivery, at: station)
    }
}

// MARK: - Putting things back

extension Desk {
    private static let putLimit = Duration.seconds(20)

    /// Puts back what is lost, unless somebody is moving everything just now: he does it.
    private func mend(_ address: String) async {
        let crossing = crossings.crossing(at: address)
        guard await crossing.enter() else { return }
        await putBack(at: address, period: nil)
        crossing.leave()
    }

    /// Writes again what a far end at `address` has lost, the gravest first, under the same serials.
    ///
    /// - Parameter period: The cells' new one; nil: the one that stands there, or that they had.
    func putBack(at address: String, period: Int?) async {
        let lost = stations(at: address).flatMap { station in
            station.shelf.entries.filter { $0.isOver != true }.flatMap { entry in
                entry.wanted.filter { $0.isLost == true && !$0.mayBeOnTheAir }.map { (station, entry, $0) }
            }
        }.sorted { ($0.1.gravity ?? 0, $0.1.event.text) > ($1.1.gravity ?? 0, $1.1.event.text) }
        guard !lost.isEmpty else { return }
        let wished = stations(at: address).map(\.settings.rhythm.repetitionPeriod).max() ?? 1
        let common = period ?? air.room(at: address, mode: mode, wished: wished, without: []).period
            ?? lost.compactMap(\.2.period).max()
        for (station, entry, slot) in lost {
            guard !Task.isCancelled else { return }
            await putBack(slot, entry, station, common)
        }
    }

    private func putBack(_ slot: Slot, _ entry: ShelfEntry, _ station: Station, _ period: Int?) async {
        let now = wallClock()
        var timed = slot
        if let period { timed.repeats(every: period) }
        guard let pages = try? PagedText(ucs2: entry.words), entry.expires > now,
            let airing = entry.rest(of: timed, pages: pages.pages.count, now: now)
        else { return }
        let note: @Sendable (Slot.Change) -> Void = {
            station.shelf.note($0, of: slot, event: entry.event, delivery: entry.delivery)
        }
        let gateway = gateway(station, deadline: pace.now() + Self.putLimit)
        let cast = Cast(pages: pages, airing: airing, ends: now + airing.seconds(isWarning: slot.role == .warning))
        do throws(DeliveryFailure) {
            switch try await gateway.put(slot, cast, note: note) {
            case .there(_, let words):
                tell("放送し直しました。\(words) (put on the air again)", of: entry.delivery, at: station)
            // The centre has it, and a base station is silent: once more when that is over.
            case .late(let words):
                note(.there(.doubtful))
                tell(words, of: entry.delivery, at: station)
                _ = heard(station.address, wasSilent: true)
            // It stands there after all.
            case .taken: note(.there(.saidYes))
            }
        } catch {
            // Not on the air, and still lost: the next round tries again.
            if station.shelf.entry(of: entry.event)?.slots.contains(where: { $0.identifier == slot.identifier && $0.mayBeOnTheAir }) == true {
                note(.lost)
            }
            logger.warning("could not be put on the air again", metadata: [
                "delivery": "\(entry.delivery)", "address": "\(station.address)", "reason": "\(error)",
            ])
        }
    }

    /// Takes every text off the cells of an address: ours to be put back, a drill's for good when we are real.
    func empty(_ station: Station, until deadline: ContinuousClock.Instant) async -> Bool {
        let removals = await withTaskGroup(of: Removal.self) { group in
            for owner in stations(at: station.address) {
                for entry in owner.shelf.entries {
                    for slot in entry.slots where slot.role == .text && slot.mayBeOnTheAir {
                        let work = takeOff(
                            slot, of: entry, owner, then: slot.isRetired ? .gone : .lost, isTold: false, until: deadline)
                        group.addTask { await self.errands.run(self.errand(slot, owner), work) }
                    }
                }
            }
            let others = air.all(at: station.address).filter { $0.value.role == .text && $0.key.mode != mode.rawValue }
            for (name, record) in others where record.isStruck != true {
                group.addTask {
                    await self.errands.run("\(station.address) \(name)", self.strike(name, record, station, until: deadline))
                }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
        return removals.allSatisfy(\.isOff)
    }

    /// The silence is over: what was said yes to before it may be gone with the base station's memory.
    func doubtEarlier(than order: Order, at address: String) {
        for station in stations(at: address) {
            station.shelf.doubt(before: order.made, candidates: station.settings.identifiers.texts, at: address)
        }
    }

    /// The far end began anew.
    func lostEverything(at address: String, because words: String) async {
        for station in stations(at: address) {
            for entry in station.shelf.entries where !entry.wanted.isEmpty { tell(words, of: entry.delivery, at: station) }
            station.shelf.forgetAir()
        }
        await mend(address)
    }
}

// MARK: - Asking

extension Desk {
    private static let askEvery = Duration.seconds(60)

    /// Holds an empty connection to the centre: it breaks at once when the centre ends, and a centre that comes back has
    /// forgotten everything.
    private func watch(_ station: Station) async {
        guard let place = CentreWatch.Place(url: station.address) else { return }
        await withDiscardingTaskGroup { group in
            group.addTask {
                await CentreWatch(place).run {
                    await self.lostEverything(
                        at: station.address,
                        because: "中央局が起動し直したため、放送が消えています。 (the centre began anew and has lost what was on the air)")
                }
            }
            group.addTask {
                // At once, where it has shown us its list before: the centre may have begun anew while we were away.
                if self.hasShownList(station.address) { await self.compare(station) }
                while (try? await self.pace.sleep(self.pace.now() + Self.askEvery)) != nil {
                    await self.compare(station)
                }
            }
        }
    }

    private func hasShownList(_ address: String) -> Bool {
        stations(at: address).contains { station in station.shelf.entries.contains { $0.wanted.contains { $0.confirmed != nil } } }
    }

    /// The far end's own list against the shelf. osmo-cbc has none.
    func compare(_ station: Station) async {
        let gateway = ECBEGateway(
            transport: transport, settings: station.settings, deadline: pace.now() + .seconds(5), pace: pace)
        guard let there = await gateway.list() else { return }
        for owner in stations(at: station.address) {
            for entry in owner.shelf.entries {
                for slot in entry.wanted where slot.confirmed != nil {
                    let stands = there.contains { $0.message_id == Int(slot.identifier) && $0.serial_nr == Int(slot.serial.encoded) }
                    owner.shelf.note(
                        stands ? .there(.confirmed) : .lost, of: slot, event: entry.event, delivery: entry.delivery)
                }
            }
        }
        await mend(station.address)
    }
}
