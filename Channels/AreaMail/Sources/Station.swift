import AlertModel
import CellBroadcast
import ChannelKit
import FoundationEssentials
import Logging
import Synchronization

/// One far end as this adapter works with it: where it is, and what of ours stands there.
struct Station: Sendable {
    let settings: GatewaySettings
    let shelf: Shelf
    var address: String { settings.address }
}

/// What all attempts, errands and rounds of one adapter share.
final class Desk: Sendable {
    let mode: ModeName
    let transport: any HTTPTransport
    let air: Air
    let shelves: Shelves
    let lines: Lines
    let errands = Errands()
    /// Held while room in the cells is looked for and taken.
    let deciding = Mutex(())
    let crossings = Crossings()
    let tries = Tries()
    let pace: Pace
    let wallClock: @Sendable () -> Date
    let logger: Logger
    private let remark: @Sendable (DeliveryID, TownID, String) -> Void
    private let known = Mutex<[String: Station]>([:])
    /// A far end was made known, or is about to be asked: it may have to be watched from now on.
    let (toWatch, bell) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
    /// Addresses that were silent when they were last asked for a broadcast.
    private let silent = Mutex<Set<String>>([])

    init<M: Mode>(_ setup: ChannelSetup<M>, pace: Pace) {
        mode = M.name
        transport = setup.transport
        air = Air(notebook: setup.sharedNotebook)
        shelves = Shelves(notebook: setup.notebook, air: air, mode: M.name)
        lines = Lines(shelves: shelves, logger: setup.logger, wallClock: setup.wallClock)
        self.pace = pace
        wallClock = setup.wallClock
        logger = setup.logger
        remark = setup.remark
    }

    func station(_ town: TownID, _ farEnd: String, _ settings: GatewaySettings) -> Station {
        let station = Station(settings: settings, shelf: shelves.shelf(of: town, farEnd))
        known.withLock { $0["\(town.code)/\(farEnd)"] = station }
        bell.yield()
        return station
    }

    var stations: [Station] { known.withLock { Array($0.values) } }
    func stations(at address: String) -> [Station] { stations.filter { $0.address == address } }

    func gateway(_ station: Station, deadline: ContinuousClock.Instant) -> any Gateway {
        bell.yield()
        return switch station.settings.way {
        case .ecbe:
            ECBEGateway(transport: transport, settings: station.settings, deadline: deadline, pace: pace)
        case .cbsp:
            CBSPGateway(
                line: lines.line(to: station.address, keepAlive: station.settings.keepAlive), deadline: deadline)
        }
    }

    /// A line in the delivery log, under what has ended there, and in ours.
    func tell(_ words: String, of delivery: DeliveryID, at station: Station) {
        remark(delivery, station.shelf.town, words)
        logger.notice("a broadcast's state was found out later", metadata: [
            "delivery": "\(delivery)", "far_end": "\(station.shelf.farEnd)", "finding": "\(words)",
        ])
    }

    func isSilent(_ address: String) -> Bool { silent.withLock { $0.contains(address) } }

    /// True when a silence has just ended: what was on the air before it may be lost.
    func heard(_ address: String, wasSilent: Bool) -> Bool {
        silent.withLock { silent in
            if wasSilent {
                silent.insert(address)
                return false
            }
            return silent.remove(address) != nil
        }
    }
}

// MARK: - Taking off

extension Desk {
    /// Longer than osmo-cbc takes for anything: 15 s for a removal, and as long for the one it finds under way.
    private static let removalLimit = Duration.seconds(45)
    /// Between two looks at a removal that somebody else began.
    private static let pause = Duration.seconds(2)

    func errand(_ slot: Slot, _ station: Station) -> String {
        "\(station.address) \(station.shelf.name(slot.identifier))"
    }

    /// The work of taking `slot` off. Notes what became of it on the shelf.
    ///
    /// - Parameters:
    ///   - then: `.gone` where it is not wanted any more, `.lost` where it is put there again.
    ///   - isTold: Whether a late yes goes into the delivery log; false where a receipt will say it.
    func takeOff(
        _ slot: Slot, of entry: ShelfEntry, _ station: Station, then: Slot.Change = .gone, isTold: Bool,
        until deadline: ContinuousClock.Instant? = nil
    ) -> Errands.Work {
        { [self] in
            let gateway = gateway(station, deadline: deadline ?? pace.now() + Self.removalLimit)
            let note = { (change: Slot.Change) in
                station.shelf.note(change, of: slot, event: entry.event, delivery: entry.delivery)
            }
            var removal = await gateway.remove(slot)
            var wasUnderWay = false
            while case .underWay = removal {
                wasUnderWay = true
                guard (try? await pace.sleep(pace.now() + Self.pause)) != nil else { return .failed(.cancelled) }
                removal = await gateway.remove(slot)
            }
            // osmo-cbc often answers nothing for what it no longer has.
            if wasUnderWay, case .doubtful(let words) = removal { removal = .letGo(words) }
            switch removal {
            case .gone, .unknown: note(then)
            // A text's removal takes osmo-cbc 10 s with osmo-bsc 1.9 behind it, also when all is well. Where the last
            // broadcast was taken at once, that is all there is to it.
            case .letGo where isTold && then == .gone && !isSilent(station.address): note(.gone)
            case .letGo(let words):
                note(then == .lost ? .lost : .letGo(wallClock()))
                if isTold { tell(words, of: entry.delivery, at: station) }
            case .underWay, .doubtful, .failed: note(.doubtful)
            }
            return removal
        }
    }

    /// Takes off what belongs to the other mode, which will find it struck out.
    func strike(_ name: AirName, _ record: Air.Record, _ station: Station, until deadline: ContinuousClock.Instant) -> Errands.Work {
        { [self] in
            let slot = Slot(
                role: record.role, identifier: name.identifier, serial: record.serial, warning: nil, standing: [record.serial])
            let removal = await gateway(station, deadline: deadline).remove(slot)
            if removal.isOff { air.strike(name, at: station.address) }
            return removal
        }
    }

    /// The errand that takes `name` off, whoever of us it belongs to; nil when nothing is known of it.
    func removal(
        of name: AirName, _ record: Air.Record, for station: Station, because words: String,
        until deadline: ContinuousClock.Instant
    ) -> (name: String, work: Errands.Work)? {
        guard name.mode == mode.rawValue else {
            return ("\(station.address) \(name)", strike(name, record, station, until: deadline))
        }
        let owner = stations(at: station.address).first { $0.shelf.name(name.identifier) == name } ?? station
        guard owner.shelf.name(name.identifier) == name,
            let entry = owner.shelf.entries.first(where: { $0.slots.contains { $0.identifier == name.identifier } }),
            let slot = entry.slots.first(where: { $0.identifier == name.identifier })
        else { return nil }
        if !slot.isRetired {
            owner.shelf.retire(name.identifier, of: entry.event, remark: words)
            tell(words, of: entry.delivery, at: owner)
        }
        return (errand(slot, owner), takeOff(slot, of: entry, owner, isTold: true))
    }
}
