/// The papers that left this hub in somebody's pocket and those that came, in the hub's notebook.
///
///     out/  number, digest and receipts of what was written here       in/  the newest paper of each signer, town and mode
///     pins  keys whose fingerprint a person here has compared
///
/// Nothing here is ever told to anybody: a person reads it, and sends what is to be sent.
package import AlertModel
package import Bundles
internal import ChannelKit
package import Foundation
internal import Synchronization

package final class CarriedPapers: Sendable {
    package struct Sent: Sendable, Codable, Hashable {
        package struct Arrival: Sendable, Codable, Hashable {
            /// The key the receipt is signed with, by its fingerprint, and whether somebody here knows it.
            package var signer: String
            package var isKnown: Bool
            package var place: String
            package var received: Int
            package var recorded: Date
            package var by: String
        }
        package var number: Int
        package var digest: String
        package var made: Int
        package var arrivals: [Arrival] = []
    }

    package struct Pin: Sendable, Codable, Hashable {
        package var key: PaperKey
        package var by: String
        package var at: Date
    }

    /// Papers whose receipts are waited for, of a town and mode; receipts of one; pins of a town.
    static let sentLimit = 50, arrivalLimit = 50, pinLimit = 16
    /// Papers with their words: of each town of this hub, and of all other towns together. Neither is in the other's way. On a full shelf the one goes whose
    /// time was over first; its number stays. What may still be believed is never pushed out.
    static let ownLimit = 16, foreignLimit = 64
    /// Numbers of other towns' papers whose words are gone, the newest of them: no paper is believed for as long as it takes to bring so many.
    static let numberLimit = 1_000

    package let own: OwnPaperKey
    /// Keys the settings name, by the town they may speak for.
    private let trusted: [TownID: Set<PaperKey>]
    private let notebook: any Notebook
    /// What is read, judged and written comes one after another.
    private let turn = Mutex(())

    init(own: OwnPaperKey, trusted: [TownID: Set<PaperKey>], notebook: any Notebook) {
        (self.own, self.trusted, self.notebook) = (own, trusted, notebook)
    }

    // MARK: out

    /// The next number, and what is written under it. Never less than the seconds since 1970: a record that was restored gives none twice.
    func write(_ town: TownID, _ mode: ModeName, now: Date, _ make: (Int) throws -> SignedPaper) throws -> SignedPaper {
        try turn.withLock { _ in
            let key = "bundle/\(town.code)/\(mode.rawValue)/out"
            var sent: [Sent] = read(key) ?? []
            let paper = try make(max((sent.last?.number ?? 0) + 1, Seconds.of(now)))
            let bundle = try TownBundle(of: paper)
            sent.append(Sent(number: bundle.number, digest: paper.digest, made: bundle.made))
            keep(key, sent.suffix(Self.sentLimit).map(\.self))
            return paper
        }
    }

    package func sent(_ town: TownID, _ mode: ModeName) -> [Sent] { read("bundle/\(town.code)/\(mode.rawValue)/out") ?? [] }

    /// - Returns: false where it was known; nil where no such paper left here.
    func take(_ receipt: BundleReceipt, of paper: SignedPaper, by person: String, now: Date) -> Bool? {
        guard let town = TownID(receipt.town) else { return nil }
        return turn.withLock { _ in
            let key = "bundle/\(town.code)/\(receipt.mode.rawValue)/out"
            var sent: [Sent] = read(key) ?? []
            guard let at = sent.firstIndex(where: { $0.digest == receipt.digest && $0.number == receipt.number }) else { return nil }
            let arrival = Sent.Arrival(
                signer: paper.signer.fingerprint, isKnown: knows(paper.signer), place: receipt.place, received: receipt.received, recorded: now, by: person)
            // One hub receives a paper once.
            guard !sent[at].arrivals.contains(where: { $0.signer == arrival.signer }) else { return false }
            guard sent[at].arrivals.count < Self.arrivalLimit else { return false }
            sent[at].arrivals.append(arrival)
            keep(key, sent)
            return true
        }
    }

    // MARK: in

    /// - Parameter pins: what a person has read off the telephone; nil where nobody says that the key is right.
    func take(
        _ paper: SignedPaper, _ bundle: TownBundle, isOwn: (TownID) -> Bool, pins fingerprint: String?, isTrial: Bool, by person: String, now: Date
    ) throws(Carrying.Refusal) -> Carrying.Novelty? {
        guard let town = TownID(bundle.town) else { return nil }
        let isOwnTown = isOwn(town)
        return try turn.withLock { _ throws(Carrying.Refusal) in
            let isPinned = fingerprint.map { paper.signer.has(fingerprint: $0) } ?? false
            let key = Self.key(town, bundle.mode, paper.signer), held: Carrying.Held? = read(key)
            let answer = try Carrying.judge(
                paper, bundle, held: held, isTrusted: isPinned || isTrusted(paper.signer, town, isOwnTown: isOwnTown), now: now)
            guard answer == .new, !isTrial else { return answer }
            guard makesRoom(for: key, of: town, isOwn, now: now) else { return nil }
            if isPinned, !isTrusted(paper.signer, town, isOwnTown: isOwnTown) {
                var pins = pins(town)
                if pins.count >= Self.pinLimit {
                    // A key that says nothing any more makes room: whoever brings its next paper compares the fingerprint again.
                    guard let silent = pins.firstIndex(where: { !speaks($0.key, for: town, now) }) else { return nil }
                    pins.remove(at: silent)
                }
                pins.append(Pin(key: paper.signer, by: person, at: now))
                keep("bundle/\(town.code)/pins", pins)
            }
            keep(key, Carrying.Held(paper, bundle, brought: now, by: person))
            return .new
        }
    }

    /// Room for one more paper with its words.
    /// - Returns: false where all that lie there may still be believed.
    private func makesRoom(for key: String, of town: TownID, _ isOwn: (TownID) -> Bool, now: Date) -> Bool {
        let isOwnTown = isOwn(town)
        let shelf = heldKeys.compactMap { other -> (key: String, held: Carrying.Held)? in
            guard other != key, let there = Self.town(of: other), isOwnTown ? there == town : !isOwn(there), let held: Carrying.Held = read(other) else { return nil }
            return (other, held)
        }
        let whole = shelf.filter { !$0.held.octets.isEmpty }, limit = isOwnTown ? Self.ownLimit : Self.foreignLimit
        if whole.count >= limit {
            let ends = whole.map { (key: $0.key, held: $0.held, end: Self.end(of: $0.held)) }.sorted { ($0.end, $0.key) < ($1.end, $1.key) }
            let leaving = ends.prefix(whole.count - limit + 1)
            guard leaving.allSatisfy({ $0.end <= Seconds.of(now) }) else { return false }
            for var one in leaving {
                one.held.octets = Data()
                keep(one.key, one.held)
            }
        }
        if !isOwnTown { forgetNumbers(shelf.filter { $0.held.octets.isEmpty }) }
        return true
    }

    /// Of other towns' papers whose words are gone: those that were brought first, with the key that spoke in nothing else.
    private func forgetNumbers(_ gone: [(key: String, held: Carrying.Held)]) {
        guard gone.count >= Self.numberLimit else { return }
        for one in gone.sorted(by: { ($0.held.brought, $0.key) < ($1.held.brought, $1.key) }).prefix(gone.count - Self.numberLimit + 1) {
            notebook.write(one.key, nil)
            guard let town = Self.town(of: one.key), let fingerprint = one.key.split(separator: "/").last else { continue }
            let isKept = ModeName.allCases.contains { notebook.read("bundle/\(town.code)/\($0.rawValue)/in/\(fingerprint)") != nil }
            let pins = pins(town), left = isKept ? pins : pins.filter { $0.key.fingerprint != fingerprint }
            guard left.count < pins.count else { continue }
            if left.isEmpty { notebook.write("bundle/\(town.code)/pins", nil) } else { keep("bundle/\(town.code)/pins", left) }
        }
    }

    /// Whether a paper of this key may still be believed.
    private func speaks(_ signer: PaperKey, for town: TownID, _ now: Date) -> Bool {
        ModeName.allCases.contains { mode in
            let held: Carrying.Held? = read(Self.key(town, mode, signer))
            return held.map { Self.end(of: $0) > Seconds.of(now) } ?? false
        }
    }

    /// Seconds since 1970; zero where it cannot be read, or its words are gone.
    private static func end(of held: Carrying.Held) -> Int {
        guard let paper = try? SignedPaper(octets: Array(held.octets)), let bundle = try? TownBundle(of: paper) else { return 0 }
        return bundle.expires
    }

    package func pins(_ town: TownID) -> [Pin] { read("bundle/\(town.code)/pins") ?? [] }

    /// All that was brought, with what is in it; without those whose words are gone.
    package var brought: [(held: Carrying.Held, paper: SignedPaper, bundle: TownBundle)] {
        heldKeys.compactMap { key in
            guard let held: Carrying.Held = read(key), let paper = try? SignedPaper(octets: Array(held.octets)), let bundle = try? TownBundle(of: paper)
            else { return nil }
            return (held, paper, bundle)
        }
    }

    private var heldKeys: [String] { notebook.keys(prefix: "bundle/").filter { $0.contains("/in/") } }

    private static func town(of key: String) -> TownID? { key.split(separator: "/").dropFirst().first.flatMap { TownID(String($0)) } }

    private static func key(_ town: TownID, _ mode: ModeName, _ signer: PaperKey) -> String {
        "bundle/\(town.code)/\(mode.rawValue)/in/\(signer.fingerprint)"
    }

    private func isTrusted(_ key: PaperKey, _ town: TownID, isOwnTown: Bool) -> Bool {
        (isOwnTown && key == own.known) || trusted[town]?.contains(key) == true || pins(town).contains { $0.key == key }
    }

    private func knows(_ key: PaperKey) -> Bool {
        trusted.values.contains { $0.contains(key) } || notebook.keys(prefix: "bundle/").contains { name in
            name.hasSuffix("/pins") && (read(name) as [Pin]?)?.contains { $0.key == key } == true
        }
    }

    private func read<Value: Decodable>(_ key: String) -> Value? {
        notebook.read(key).flatMap { try? JSONDecoder().decode(Value.self, from: Data($0)) }
    }

    private func keep(_ key: String, _ value: some Encodable) {
        notebook.write(key, (try? JSONEncoder().encode(value)).map { [UInt8]($0) })
    }
}
