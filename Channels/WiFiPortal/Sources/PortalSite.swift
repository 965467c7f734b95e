import AlertModel
import ChannelKit
import FoundationEssentials
import Synchronization

/// All spots' pages under one folder, shared by the adapters of both modes.
///
/// What a spot shows is a state, kept on disk; the hub serves the pages made of it. Where the disk refuses it or does not answer within
/// a second, the page is shown all the same and the state goes into the notebook. Not before: what is shown and nowhere kept comes back
/// as it was when the program is killed. A spot is a lock of its own, so that two deliveries to one spot leave the page of the later one.
final class PortalSite: Sendable {
    private static let sites = Mutex<[String: PortalSite]>([:])

    /// The one object for `directory` in this process.
    static func shared(
        for directory: String, _ pages: PageShelf, _ notebook: any Notebook, now: @escaping @Sendable () -> Date
    ) -> PortalSite {
        sites.withLock { sites in
            if let site = sites[directory], site.pages === pages { return site }
            let site = PortalSite(directory: directory, pages, notebook)
            sites[directory] = site
            pages.source { [weak site] spot in await site?.found(spot, now: now()) }
            return site
        }
    }

    /// `unwritten`: people read it, and the disk has not taken it; in words.
    typealias Change = (outcome: PortalOutcome, revision: Int, unwritten: String?)

    /// A disk that does not answer is left to itself after so long; the pages are in memory.
    static let patience = Duration.seconds(5)
    /// So long a page waits for the disk before it is shown without.
    static let attention = Duration.seconds(1)

    private let directory: String
    private let pages: PageShelf
    private let notebook: any Notebook
    private let disk: PortalThread
    private let spots = Mutex<[String: Spot]>([:])
    private let reserve: DiskReserve

    init(directory: String, _ pages: PageShelf, _ notebook: any Notebook, disk: PortalThread = .disk) {
        self.directory = directory
        self.pages = pages
        self.notebook = notebook
        self.disk = disk
        reserve = DiskReserve(path: "\(directory)/.reserve")
    }

    /// When somebody was given the page last: in this run of the program, and as far as is known. Each asking keeps the newest for the next run.
    func visits(at id: String) -> (inRun: Date?, known: Date?) {
        let key = "asked/\(id)", kept = notebook.read(key).flatMap { Double(String(decoding: $0, as: UTF8.self)) }.map { Date(timeIntervalSince1970: $0) }
        guard let last = pages.lastAsked(at: id) else { return (nil, kept) }
        if last != kept { notebook.write(key, Array("\(last.timeIntervalSince1970)".utf8)) }
        return (last, last)
    }

    func prepare<M: Mode>(
        _ place: SpotPlace, in town: Town, _ shelters: [ShelterStatus], _ mode: M.Type, now: Date
    ) async throws(DeliveryFailure) {
        _ = try await change(place.id, now) { state throws(DeliveryFailure) in
            try state.settle(place, town, shelters, mode)
        }
    }

    /// Returns once people can read it, and it is kept where a restart finds it: on the disk, or in the notebook where the
    /// disk does not take it. Neither a page of this spot nor one of another waits longer for such a disk.
    func take<M: Mode>(
        _ entry: PortalEntry<M>, for place: SpotPlace, in town: Town, _ shelters: [ShelterStatus], now: Date
    ) async throws(DeliveryFailure) -> Change {
        try await change(place.id, now) { state throws(DeliveryFailure) in
            try state.settle(place, town, shelters, M.self)
            return state.take(entry, now: now)
        }
    }

    func clearDrills(at id: String, now: Date) async throws(DeliveryFailure) {
        _ = try await change(id, now) { state in state.clearDrills() }
    }

    private func change<Value: Sendable>(
        _ id: String, _ now: Date, _ change: @escaping @Sendable (inout SpotState) throws(DeliveryFailure) -> Value
    ) async throws(DeliveryFailure) -> (outcome: Value, revision: Int, unwritten: String?) {
        let spot = spot(id)
        let done = try await PortalThread.pages.run { () throws(DeliveryFailure) in try spot.change(now: now, change) }
        let trouble = await written(spot)
        guard !Task.isCancelled else { throw .cancelled }
        return (done.outcome, done.revision, trouble)
    }

    /// Nil once the disk has the newest page of `spot`. Otherwise people read it from memory now; why, in words.
    private func written(_ spot: Spot) async -> String? {
        // A disk that has not answered another spot for so long is not waited for again.
        let patience = disk.isStuck(Self.attention) ? .zero : Self.attention
        let trouble = await withTaskGroup(of: String?.self) { group in
            group.addTask { [disk] in
                do throws(DeliveryFailure) {
                    return try await disk.run { () throws(DeliveryFailure) in spot.write() }
                } catch {
                    return "\(error)"
                }
            }
            group.addTask {
                if patience > .zero { try? await ContinuousClock().sleep(for: patience) }
                return "ディスクが応答しません (the disk does not answer)"
            }
            defer { group.cancelAll() }
            return await group.next() ?? nil
        }
        guard trouble != nil else { return nil }
        spot.showUnwritten()
        return spot.isWaiting ? trouble : nil
    }

    /// Renews the pages whose time has come, and writes what the disk has not taken. Gives the time of the next one, nil
    /// when there is no page yet.
    func age(now: Date, failed: @escaping @Sendable (String, DeliveryFailure) -> Void) async -> Date? {
        let all = spots.withLock { Array($0.values) }
        var next: Date?
        for spot in all {
            do throws(DeliveryFailure) {
                let due = try await PortalThread.pages.run { () throws(DeliveryFailure) in spot.age(now: now) }
                next = min(next ?? due, due)
            } catch {
                failed(spot.id, error)
            }
        }
        let waiting = all.filter(\.isWaiting)
        guard !waiting.isEmpty else { return next }
        await withTaskGroup(of: Void.self) { group in
            group.addTask { [disk] in
                for spot in waiting {
                    do throws(DeliveryFailure) {
                        if let trouble = try await disk.run({ () throws(DeliveryFailure) in spot.write() }) {
                            failed(spot.id, .unavailable(trouble))
                        }
                    } catch {
                        if error != .cancelled { failed(spot.id, error) }
                    }
                }
            }
            group.addTask { try? await ContinuousClock().sleep(for: Self.patience) }
            await group.next()
            group.cancelAll()
        }
        for spot in waiting { spot.showUnwritten() }
        guard waiting.contains(where: \.isWaiting) else { return next }
        // What cannot be written is tried again at this pace, not in a tight loop.
        return min(next ?? now + Spot.pause, now + Spot.pause)
    }

    /// What a spot showed before this start, for whoever asks before it is prepared. A disk that does not answer gives none.
    func found(_ id: String, now: Date) async -> (any PageFiles)? {
        let folder = SpotFolder(path: "\(directory)/\(id)")
        return await withTaskGroup(of: (any PageFiles)?.self) { group in
            group.addTask { [disk] in
                let state = try? await disk.run { () throws(DeliveryFailure) -> SpotState? in
                    (try? folder.readState()).flatMap(\.self).flatMap { try? SpotState(encoded: $0) }
                }
                return state.flatMap(\.self).map { PageBundle($0, now: now) }
            }
            group.addTask {
                try? await ContinuousClock().sleep(for: Self.attention)
                return nil
            }
            defer { group.cancelAll() }
            return await group.next() ?? nil
        }
    }

    private func spot(_ id: String) -> Spot {
        spots.withLock { spots in
            if let spot = spots[id] { return spot }
            let spot = Spot(id: id, folder: SpotFolder(path: "\(directory)/\(id)"), reserve: reserve, pages: pages, notebook: notebook)
            spots[id] = spot
            reserve.wanted(for: spots.count)
            return spot
        }
    }
}

/// One spot: its state in memory, what the disk has still to take of it, and the folder that shows it.
final class Spot: Sendable {
    /// The page says 「HH:MM現在」: it is renewed so often even when nothing happens.
    static let renewal: TimeInterval = 300
    /// Between two attempts at what could not be shown or written.
    static let pause: TimeInterval = 10

    let id: String
    private let folder: SpotFolder
    private let reserve: DiskReserve
    private let pages: PageShelf
    private let notebook: any Notebook
    private let held = Mutex(Held())
    private let unwritten = Mutex<Unwritten?>(nil)
    /// Until somebody has looked.
    private let hadPages = Atomic(true)

    private struct Held {
        var state: SpotState?
        /// When the page is to be made again; nil before the first.
        var due: Date?
        var wasRead = false
    }

    private struct Unwritten {
        let state: SpotState
        let page: any PageFiles
        var isShown = false
    }

    init(id: String, folder: SpotFolder, reserve: DiskReserve, pages: PageShelf, notebook: any Notebook) {
        self.id = id
        self.folder = folder
        self.reserve = reserve
        self.pages = pages
        self.notebook = notebook
    }

    /// Where the notebook keeps what the disk has not taken; a notebook that other machines read keeps all of it.
    private var key: String { "unwritten/\(id)" }

    /// The disk has not taken what it shows, or is to show.
    var isWaiting: Bool { unwritten.withLock { $0 != nil } }

    /// Applies `change` to a copy; when it is refused, neither memory nor page have changed.
    func change<Value>(
        now: Date, _ change: (inout SpotState) throws(DeliveryFailure) -> Value
    ) throws(DeliveryFailure) -> (outcome: Value, revision: Int) {
        try held.withLock { held throws(DeliveryFailure) in
            read(&held)
            var state = held.state ?? SpotState()
            let before = state
            let outcome = try change(&state)
            if state != before || held.due == nil { show(&state, in: &held, now: now) }
            return (outcome, state.revision)
        }
    }

    /// Gives the time at which this spot wants to be looked at next.
    func age(now: Date) -> Date {
        held.withLock { held in
            guard var state = held.state, let due = held.due else { return now + Self.renewal }
            if due > now { return due }
            state.forget(now: now)
            show(&state, in: &held, now: now)
            return held.due ?? now + Self.renewal
        }
    }

    /// People read it once its state is kept.
    private func show(_ state: inout SpotState, in held: inout Held, now: Date) {
        state.revision += 1
        held.state = state
        held.due = state.nextChange(after: now).map { min($0, now + Self.renewal) } ?? now + Self.renewal
        unwritten.withLock { [state] in $0 = Unwritten(state: state, page: PageBundle(state, now: now)) }
        // A disk that did not take the one before is not waited for.
        if pages.isUnwritten(id) { showUnwritten() }
    }

    /// What the disk has not taken; and what it was made of into the notebook, for the next start.
    func showUnwritten() {
        unwritten.withLock { due in
            guard let page = due, !page.isShown else { return }
            pages.show(page.page, at: id, isWritten: false)
            if let state = try? page.state.encoded() { notebook.write(key, state) }
            due?.isShown = true
        }
    }

    /// What the disk has still to take, if anything: the newest state, with all that came before it. On the disk's thread.
    /// Why it does not, in words; nil once it has.
    func write() -> String? {
        guard let due = unwritten.withLock(\.self) else { return nil }
        let state: [UInt8]
        do {
            state = try due.state.encoded()
            try write(state)
        } catch {
            showUnwritten()
            pages.refuse("\(error)", at: id)
            return "\(error)"
        }
        unwritten.withLock { newest in
            guard newest?.state.revision == due.state.revision else { return }
            newest = nil
            // The hub that takes over has another disk.
            if notebook.isElsewhere { return notebook.write(key, state) }
            if notebook.read(key) != nil { notebook.write(key, nil) }
        }
        pages.show(due.page, at: id, isWritten: true)
        return nil
    }

    /// On a full disk with the room that was kept for pages: what people must do now stands above the room itself.
    private func write(_ state: [UInt8]) throws {
        if hadPages.exchange(false, ordering: .relaxed) { folder.removePages() }
        do {
            try folder.write(state)
        } catch {
            guard reserve.release() else { throw error }
            try folder.write(state)
            return
        }
        reserve.keep()
    }

    private func read(_ held: inout Held) {
        guard !held.wasRead else { return }
        held.wasRead = true
        // A damaged state must not silence the spot: it begins anew.
        let written = (try? folder.readState()).flatMap(\.self).flatMap { try? SpotState(encoded: $0) }
        let kept = notebook.read(key).flatMap { try? SpotState(encoded: $0) }
        held.state = [written, kept].compactMap(\.self).max { $0.revision < $1.revision }
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

    /// Without its lists.
    var emptied: Self {
        var rest = self
        (rest.actual, rest.exercise) = (PortalList(), PortalList())
        return rest
    }

    mutating func forget(now: Date) {
        actual.forget(now: now)
        exercise.forget(now: now)
    }

    mutating func clearDrills() { (exercise, drillShelters) = (PortalList(), []) }

    /// Beside something grave and real no drill is on a public page (`DrillRule`).
    func showsDrills(at now: Date) -> Bool {
        !actual.on(.inForce, at: now).contains { $0.gravity >= DrillRule.endsAt && !$0.isLifted }
    }

    func nextChange(after now: Date) -> Date? {
        [actual.nextChange(after: now), exercise.nextChange(after: now)].compactMap(\.self).min()
    }
}
