/// Sealed copies of other towns' records that this hub keeps for them. It cannot read them: they are sealed for people of that town.
///
///     slip (signed, numbered) ──▶ whose? newer? room? ──▶ octets, piece by piece, beside ──▶ as the slip says? ──▶ in its place, older ones leave
///                                    └─ no: nothing is read                                       └─ no: gone again
///
/// One folder a town, `copies-held/TOWN/`, whose files are all there is to know: what lies there is what is held. What is there is never written over, and a number
/// that is not higher than the newest one's is refused. Of each day the last copy stays, so that whoever took that town's hub and sends rubbish
/// all night spoils one day. The record's own disk keeps its room; all of it happens on a thread that gives way to everything.
package import AlertModel
package import Bundles
internal import Crypto
package import Foundation
internal import Glibc
internal import Synchronization

package final class HeldCopies: Sendable {
    /// A town whose copies are kept here, and the keys its hubs sign with.
    package struct Partner: Sendable, Hashable {
        package var town: TownID
        package var name: String
        package var keys: Set<PaperKey>

        package init(town: TownID, name: String, keys: Set<PaperKey>) { (self.town, self.name, self.keys) = (town, name, keys) }
    }

    package struct Bounds: Sendable, Hashable {
        /// Octets of one copy, and of all copies of one town.
        package var largest = 2 << 30, total = 8 << 30
        /// Of so many days the last copy stays.
        package var days = 7
        /// Octets of the disk that are not touched.
        package var room = 1 << 30

        package init() {}
    }

    /// One that is held.
    package struct Held: Sendable, Hashable {
        package var slip: CopySlip
        package var seen: Seen
        package var file: URL
    }

    /// What this hub adds to it, beside it.
    package struct Seen: Sendable, Hashable, Codable {
        package var received: Date
        package var from: String
        /// When its octets on the disk were last what its slip says; nil: they are not any more.
        package var proved: Date?
    }

    package enum Refusal: Error, Sendable, Hashable {
        /// The slip says more than is taken.
        case tooLarge(limit: Int)
        /// A newer one is held, or another one of this number.
        case old(newest: Int)
        /// Made more than a day from now.
        case ahead
        /// One of this town is on its way, or as many as may be at once.
        case busy
        /// So many in an hour.
        case often
        /// A segment that does not go on from what is held: a whole copy is wanted.
        case gap
        case noRoom
        case disk(String)
        /// No seal of age.
        case open
        /// Fewer octets than the slip says; more, or others.
        case cut, changed
        case slow
    }

    package static let folderName = "copies-held"
    package static let atOnce = 2, hourly = 60
    /// Segments of a town in an hour: one a minute, and those that waited for the line.
    package static let hourlySegments = 240
    /// Of so many of the newest copies the segments stay too.
    static let followed = 2
    /// Octets a second below which an upload is given up, after two minutes: half a megabit.
    package static let slowest = 64 << 10
    /// A copy that nobody has looked at for so long is read again.
    static let proofLasts: TimeInterval = 7 * 86_400
    /// Older than this the newest one is too old: copies are made daily.
    static let stale: TimeInterval = 2 * 86_400

    package let partners: [Partner]
    package let bounds: Bounds
    let folder: URL
    let clock: @Sendable () -> Date
    let isSealed: @Sendable ([UInt8]) -> Bool
    let thread = QuietThread("noroshi-copies")

    struct State {
        /// Octets that are on their way, by town.
        var coming: [TownID: Int] = [:]
        var starts: [TownID: [Date]] = [:]
        var segments: [TownID: [Date]] = [:]
        /// As last looked at, oldest first.
        var held: [TownID: [Held]] = [:]
        /// Slips whose signature was looked at already, by the name of their file: there are thousands of segments.
        var slips: [String: CopySlip] = [:]
    }
    let state = Mutex(State())

    /// - Parameter isSealed: whether a file that begins like this is sealed.
    package init(_ partners: [Partner], in data: URL, bounds: Bounds, clock: @escaping @Sendable () -> Date, isSealed: @escaping @Sendable ([UInt8]) -> Bool) {
        (self.partners, self.bounds, folder) = (partners, bounds, data.appending(path: Self.folderName))
        (self.clock, self.isSealed) = (clock, isSealed)
        look()
        for town in towns { sweep(town) }
    }

    /// Whose slip this is; nil: nobody's of ours.
    package func partner(of slip: CopySlip) -> Partner? { partners.first { $0.keys.contains(slip.signer) } }

    /// As last looked at, by town, oldest first; also of towns that are no partner any more.
    package var held: [TownID: [Held]] { state.withLock { $0.held } }

    /// Looks at what lies there.
    package func read() async -> [TownID: [Held]] {
        await thread.run { [self] in
            look()
            return held
        }
    }

    /// Octets that could still be taken.
    package var free: Int { max(0, Self.free(folder) - bounds.room) }

    // MARK: the folder

    func place(_ town: TownID) -> URL { folder.appending(path: town.code) }

    /// With a folder of their own.
    private var towns: [TownID] { ((try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []).compactMap { TownID($0) } }

    /// One of a town at once: what lies there while none comes is of one that a kill or a power cut ended.
    func sweep(_ town: TownID) {
        let place = place(town)
        for name in (try? FileManager.default.contentsOfDirectory(atPath: place.path)) ?? [] where name.hasPrefix(Taking.mark) {
            try? FileManager.default.removeItem(at: place.appending(path: name))
        }
    }

    func look() {
        let found = Dictionary(uniqueKeysWithValues: towns.map { ($0, look(in: place($0))) })
        let files = Set(found.values.joined().map { $0.file.path + CopySlip.suffix })
        state.withLock { state in
            state.held = found.filter { !$0.value.isEmpty }
            state.slips = state.slips.filter { files.contains($0.key) }
        }
    }

    private func look(in place: URL) -> [Held] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: place.path)) ?? []
        return names.filter { $0.hasSuffix(CopySlip.suffix) }.compactMap { name in
            let file = place.appending(path: String(name.dropLast(CopySlip.suffix.count)))
            guard let slip = slip(place.appending(path: name)), slip.fileName == file.lastPathComponent,
                let facts = try? FileManager.default.attributesOfItem(atPath: file.path)
            else { return nil }
            let seen = (try? Data(contentsOf: Self.seenFile(file))).flatMap { try? JSONDecoder().decode(Seen.self, from: $0) }
            return Held(slip: slip, seen: seen ?? Seen(received: facts[.modificationDate] as? Date ?? clock(), from: "-", proved: nil), file: file)
        }.sorted { $0.slip.number < $1.slip.number }
    }

    private func slip(_ file: URL) -> CopySlip? {
        if let known = state.withLock({ $0.slips[file.path] }) { return known }
        guard let octets = try? Data(contentsOf: file), let slip = try? CopySlip(octets: [UInt8](octets)) else { return nil }
        state.withLock { $0.slips[file.path] = slip }
        return slip
    }

    static func seenFile(_ file: URL) -> URL { URL(filePath: file.path + ".seen") }

    /// Octets the disk of the nearest folder that is there has for us.
    static func free(_ folder: URL) -> Int {
        var place = folder, facts = statvfs()
        while statvfs(place.path, &facts) != 0, place.path != "/" { place.deleteLastPathComponent() }
        let (octets, isMore) = Int(clamping: facts.f_bavail).multipliedReportingOverflow(by: Int(clamping: facts.f_frsize))
        return isMore ? .max : octets
    }

    // MARK: before it comes

    package enum Weighed: Sendable, Hashable {
        case wanted
        /// It is here.
        case known(Held)
    }

    /// Whether it would be taken. Nothing is written.
    package func weigh(_ slip: CopySlip, of town: TownID) async throws(Refusal) -> Weighed {
        let held = await read()[town] ?? []
        return try weigh(slip, held, town)
    }

    private func weigh(_ slip: CopySlip, _ held: [Held], _ town: TownID) throws(Refusal) -> Weighed {
        if let newest = held.last {
            if newest.slip.number == slip.number, newest.slip.body.sha256 == slip.body.sha256 { return .known(newest) }
            guard slip.number > newest.slip.number else { throw .old(newest: newest.slip.number) }
        }
        if slip.isSegment {
            guard let last = held.last, last.slip.base == slip.base, last.slip.signer == slip.signer, last.slip.body.sha256 == slip.body.before else { throw .gap }
            // A row without an end would fill the disk: the newest never leaves.
            guard held.filter({ $0.slip.base == slip.base }).map(\.slip.body.octets).reduce(slip.body.octets, +) <= bounds.total else { throw .gap }
        }
        guard slip.number <= Seconds.of(clock()) + 86_400 else { throw .ahead }
        guard slip.body.octets <= min(bounds.largest, bounds.total) else { throw .tooLarge(limit: min(bounds.largest, bounds.total)) }
        let others = state.withLock { $0.coming.filter { $0.key != town }.values.reduce(0, +) }
        guard slip.body.octets <= free - others else { throw .noRoom }
        return .wanted
    }

    /// Keeps a place for it, and the disk's room. Whoever has one finishes or abandons it.
    package func begin(_ slip: CopySlip, of partner: Partner, from: String) async throws(Refusal) -> (known: Held?, taking: Taking?) {
        let town = partner.town, now = clock()
        if case .known(let held) = try await weigh(slip, of: town) { return (held, nil) }
        let refusal = state.withLock { state -> Refusal? in
            guard state.coming[town] == nil, state.coming.count < Self.atOnce else { return .busy }
            let kind = slip.isSegment ? \State.segments : \State.starts
            let starts = (state[keyPath: kind][town] ?? []).filter { abs(now.timeIntervalSince($0)) < 3600 }
            guard starts.count < (slip.isSegment ? Self.hourlySegments : Self.hourly) else { return .often }
            state[keyPath: kind][town] = starts + [now]
            state.coming[town] = slip.body.octets
            return nil
        }
        if let refusal { throw refusal }
        do throws(Refusal) {
            // Somebody may have been faster between the two.
            if case .known(let held) = try await weigh(slip, of: town) {
                leave(town)
                return (held, nil)
            }
            return (nil, try await Taking.begin(slip, town, from: from, at: self))
        } catch {
            leave(town)
            throw error
        }
    }

    func leave(_ town: TownID) { state.withLock { $0.coming[town] = nil } }

    // MARK: after it has come

    /// What is beyond the rule leaves; the newest one never does, nor what goes on from it.
    func prune(_ town: TownID) {
        look()
        let all = held[town] ?? []
        guard all.count > 1 else { return }
        let held = all.filter { !$0.slip.isSegment }
        func size(_ base: Held) -> Int { all.filter { $0.slip.base == base.slip.number }.map(\.slip.body.octets).reduce(0, +) }
        func day(_ one: Held) -> Int { (Seconds.of(one.seen.received) + 9 * 3600) / 86_400 }
        var kept: [Held] = [], octets = 0, isFull = false
        // Newest first: the first of a day is its last.
        for one in held.reversed() where !kept.contains(where: { day($0) == day(one) }) && kept.count < bounds.days && !isFull {
            isFull = !kept.isEmpty && octets + size(one) > bounds.total
            guard !isFull else { break }
            kept.append(one)
            octets += size(one)
        }
        let (whole, followed) = (Set(kept.map(\.slip.number)), Set(kept.prefix(Self.followed).map(\.slip.number)))
        for one in all where !(one.slip.isSegment ? followed : whole).contains(one.slip.base) {
            for file in [one.file, URL(filePath: one.file.path + CopySlip.suffix), Self.seenFile(one.file)] { try? FileManager.default.removeItem(at: file) }
        }
        look()
    }
}
