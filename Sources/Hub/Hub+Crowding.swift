/// How full a shelter says it is, told to everybody at once where the town's rule says so (`crowding: publish`).
///
///     report of the tablet in the shelter ──▶ is it open? is it news? ──▶ 満員 / 開設中（混雑しています） / 開設中, on every page
///
/// A tablet opens and closes nothing: only of what a person has opened it says how full it is, in the mode it was opened in.
/// The town decided beforehand, so nobody's approval is waited for; the record names the tablet's place.
package import AlertModel
internal import Desk
internal import Devices
internal import Dispatching
package import FoundationEssentials
internal import Foundation
internal import Logging
internal import Memories
internal import Synchronization

extension Hub {
    package enum Crowding: String, Sendable, CaseIterable {
        case free, crowded, full
    }

    static let crowdedWord = "混雑しています"
    /// What was said longer ago is no news of now: the tablet was cut.
    private static let freshness: TimeInterval = 3600

    /// Returns when it is on its way and on disk; what cannot be said is logged, since the report itself was taken.
    package func publish(_ crowding: Crowding, of site: String, saidAt moment: Date, in id: TownID) async {
        guard crowdingRules.contains(id), let shelter = towns[id]?.endpoints.first(where: { $0.id == site && $0.shelter != nil })?.shelter,
            clock().timeIntervalSince(moment) < Self.freshness, let (mode, row, notice) = opened(shelter, in: id),
            row.since <= moment
        else { return }
        let next = Self.notice(notice, crowding)
        guard next.state != notice.state || next.note != notice.note else { return }
        guard crowdingNews.withLock({ $0.take(1, of: "\(id.code)/\(shelter)", at: clock()) }) == nil else {
            return logger.warning("crowding changes too often to be published", metadata: ["town": "\(id)", "shelter": "\(shelter)"])
        }
        do {
            try await tell(next, mode, site, id)
            logger.notice("crowding published", metadata: ["town": "\(id)", "shelter": "\(shelter)", "site": "\(site)", "crowding": "\(crowding.rawValue)"])
        } catch {
            logger.error("crowding not published", metadata: ["town": "\(id)", "shelter": "\(shelter)", "error": "\(error)"])
        }
    }

    /// Where it is open; what is real comes first.
    private func opened(_ shelter: String, in town: TownID) -> (ModeName, Act.Row, ShelterNotice)? {
        for mode in [ModeName.actual, .exercise] {
            guard let row = standings.table(town, mode).rows[.shelter(shelter)], case .shelter(let notice) = row.state else { continue }
            return (mode, row, notice)
        }
        return nil
    }

    /// What the desk wrote beside it stays.
    static func notice(_ before: ShelterNotice, _ crowding: Crowding) -> ShelterNotice {
        var next = before
        next.state = crowding == .full ? .full : .open
        let parts = (before.note ?? "").components(separatedBy: "。").filter { !$0.isEmpty }
        guard (crowding == .crowded) != parts.contains(crowdedWord) else { return next }
        let all = crowding == .crowded ? [crowdedWord] + parts : parts.filter { $0 != crowdedWord }
        next.note = all.isEmpty ? nil : all.joined(separator: "。")
        return next
    }

    private func tell(_ notice: ShelterNotice, _ mode: ModeName, _ site: String, _ town: TownID) async throws {
        struct Order: Encodable {
            var town, kind, mode, shelter, state: String
            var note: String?
        }
        let order = Order(town: town.code, kind: "shelter", mode: mode.rawValue, shelter: notice.shelter, state: notice.state.rawValue, note: notice.note)
        let teller = Operator(
            name: "避難所の報告（\(site)）", kind: .program, credential: "crowding/\(town.code)/\(site)",
            grants: [.init(towns: [town], rights: Rights(.shelter, [mode]))])
        let made = try read([UInt8](JSONEncoder().encode(order)), by: teller)
        try check(made)
        _ = try await send(made, actor: "report:\(site)")
    }
}
