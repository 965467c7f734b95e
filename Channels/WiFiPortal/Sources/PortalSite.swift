import AlertModel
import ChannelKit
import FoundationEssentials
import Synchronization

/// All spots' pages under one folder, shared by the adapters of both modes.
///
/// A spot is a lock of its own, held while its few small files are written, so that two deliveries to one spot
/// leave the page of the later one; spots do not wait for each other.
final class PortalSite: Sendable {
    private static let sites = Mutex<[String: PortalSite]>([:])

    /// The one object for `directory` in this process.
    static func shared(for directory: String) -> PortalSite {
        sites.withLock { sites in
            if let site = sites[directory] { return site }
            let site = PortalSite(directory: directory)
            sites[directory] = site
            return site
        }
    }

    struct Change: Sendable {
        var outcome: PortalOutcome
        var revision: Int
    }

    private let directory: String
    private let spots = Mutex<[String: Spot]>([:])
    private let reserve: DiskReserve

    init(directory: String) {
        self.directory = directory
        reserve = DiskReserve(path: "\(directory)/.reserve")
    }

    func prepare<M: Mode>(
        _ place: SpotPlace, in town: Town, _ shelters: [ShelterStatus], _ mode: M.Type, now: Date
    ) throws(DeliveryFailure) {
        _ = try spot(place.id).change(now: now) { state throws(DeliveryFailure) in
            try state.settle(place, town, shelters, mode)
        }
    }

    func take<M: Mode>(
        _ entry: PortalEntry<M>, for place: SpotPlace, in town: Town, _ shelters: [ShelterStatus], now: Date
    ) throws(DeliveryFailure) -> Change {
        var outcome = PortalOutcome.already
        let revision = try spot(place.id).change(now: now) { state throws(DeliveryFailure) in
            try state.settle(place, town, shelters, M.self)
            outcome = state.take(entry, now: now)
        }
        return Change(outcome: outcome, revision: revision)
    }

    /// Renews the pages whose time has come. Gives the time of the next one, nil when there is no page yet.
    func age(now: Date, failed: (String, DeliveryFailure) -> Void) async -> Date? {
        let all = spots.withLock { Array($0.values) }
        var next: Date?
        for spot in all {
            do throws(DeliveryFailure) {
                let due = try await PortalThread.run { () throws(DeliveryFailure) in try spot.age(now: now) }
                next = min(next ?? due, due)
            } catch {
                failed(spot.id, error)
            }
        }
        return next
    }

    private func spot(_ id: String) -> Spot {
        spots.withLock { spots in
            if let spot = spots[id] { return spot }
            let spot = Spot(id: id, folder: BundleFolder(path: "\(directory)/\(id)"), reserve: reserve)
            spots[id] = spot
            reserve.wanted(for: spots.count)
            return spot
        }
    }
}

/// One spot: its state in memory, and the folder that shows it.
final class Spot: Sendable {
    /// The page says 「HH:MM現在」: it is renewed so often even when nothing happens.
    static let renewal: TimeInterval = 300

    let id: String
    private let folder: BundleFolder
    private let reserve: DiskReserve
    private let held: Mutex<Held>

    private struct Held {
        var state: SpotState?
        /// When the page is to be written again; nil before the first.
        var due: Date?
        var wasRead = false
    }

    init(id: String, folder: BundleFolder, reserve: DiskReserve) {
        self.id = id
        self.folder = folder
        self.reserve = reserve
        held = Mutex(Held())
    }

    /// Applies `change` to a copy and shows it; when it cannot be shown, neither memory nor page have changed.
    func change(
        now: Date, _ change: (inout SpotState) throws(DeliveryFailure) -> Void
    ) throws(DeliveryFailure) -> Int {
        try held.withLock { held throws(DeliveryFailure) in
            try read(&held)
            var state = held.state ?? SpotState()
            let before = state
            try change(&state)
            if state != before || held.due == nil {
                try show(&state, in: &held, now: now)
            }
            return state.revision
        }
    }

    /// Gives the time at which this spot wants to be looked at next.
    func age(now: Date) throws(DeliveryFailure) -> Date {
        try held.withLock { held throws(DeliveryFailure) in
            guard var state = held.state, let due = held.due else { return now + Self.renewal }
            if due > now { return due }
            // A page that cannot be written is tried again at this pace, not in a tight loop.
            held.due = now + 10
            state.forget(now: now)
            try show(&state, in: &held, now: now)
            return held.due ?? now + Self.renewal
        }
    }

    private func show(_ state: inout SpotState, in held: inout Held, now: Date) throws(DeliveryFailure) {
        state.revision += 1
        let files = try PortalPage.bundle(of: state, now: now)
        do {
            try write(files, state)
        } catch {
            throw .unavailable("スポット\(id)のページを書けません: \(error) (page not written)")
        }
        held.state = state
        held.due = state.nextChange(after: now).map { min($0, now + Self.renewal) } ?? now + Self.renewal
    }

    /// On a full disk with the room that was kept for pages: what people must do now stands above the room itself.
    private func write(_ files: [BundleFolder.File], _ state: SpotState) throws {
        do {
            try folder.replace(files: files, state: state.encoded(), revision: state.revision)
        } catch {
            guard reserve.release() else { throw error }
            try folder.replace(files: files, state: state.encoded(), revision: state.revision)
            return
        }
        reserve.keep()
    }

    private func read(_ held: inout Held) throws(DeliveryFailure) {
        guard !held.wasRead else { return }
        do {
            held.state = try folder.readState().map(SpotState.init(encoded:))
            held.wasRead = true
        } catch {
            // A damaged state must not silence the spot: it begins anew, above every revision on disk.
            held.state = nil
            held.wasRead = true
        }
        // A revision's folder is never written twice: somebody may be reading it.
        if let last = folder.lastRevision(), last > held.state?.revision ?? 0 {
            var state = held.state ?? SpotState()
            state.revision = last
            held.state = state
        }
    }
}

/// What a spot shows, as it is kept on disk: real and drill in lists of different types.
struct SpotState: Sendable, Codable, Hashable {
    var place: SpotPlace?
    var townName = ""
    var townRomanName = ""
    /// 地区 in Latin letters; nil in what an earlier version kept.
    var districtRomanNames: [String: String]?
    /// As the real alerts have it, and as a drill plays it: a shelter opened for practice is open to nobody else.
    var shelters: [ShelterStatus] = []
    var drillShelters: [ShelterStatus] = []
    var revision = 0
    private(set) var actual = PortalList<Actual>()
    private(set) var exercise = PortalList<Exercise>()

    /// Puts in who the spot is; refuses a second town under the same id.
    mutating func settle<M: Mode>(
        _ place: SpotPlace, _ town: Town, _ shelters: [ShelterStatus], _ mode: M.Type
    ) throws(DeliveryFailure) {
        if let known = self.place, known.town != place.town {
            throw .misconfigured("\(place.town)のスポット\(place.id)は、もう\(known.town)のものです (already another town's spot)")
        }
        var place = place
        place.find(in: town)
        self.place = place
        townName = town.name
        townRomanName = town.romanName
        districtRomanNames = town.districtRomanNames
        switch M.name {
        case .actual: self.shelters = shelters
        case .exercise: drillShelters = shelters
        }
    }

    /// Each entry goes to the list of its own type; there is no third.
    mutating func take<M: Mode>(_ entry: PortalEntry<M>, now: Date) -> PortalOutcome {
        if let real = entry as? PortalEntry<Actual> {
            defer { if !showsDrills(at: now) { exercise.halt(now: now) } }
            return actual.take(real, now: now)
        }
        if let drill = entry as? PortalEntry<Exercise> {
            guard drill.cancellation != nil || showsDrills(at: now) else { return .notBesideReal }
            return exercise.take(drill, now: now)
        }
        // A third mode is a mistake of ours, and no alert can have it.
        preconditionFailure("there are two modes")
    }

    mutating func forget(now: Date) {
        actual.forget(now: now)
        exercise.forget(now: now)
    }

    /// Beside something grave and real no drill is on a public page (`DrillRule`).
    func showsDrills(at now: Date) -> Bool {
        !actual.on(.inForce, at: now).contains { $0.gravity >= DrillRule.endsAt && !$0.isLifted }
    }

    func nextChange(after now: Date) -> Date? {
        [actual.nextChange(after: now), exercise.nextChange(after: now)].compactMap(\.self).min()
    }
}
