/// How full a shelter says it is, told to everybody at once where the town's rule says so (`crowding: publish`).
///
///     report of the tablet in the shelter ──▶ the newest word? ──▶ is it open? is it news? ──▶ 満員 / 開設中（混雑しています） / 開設中, on every page
///                                                                   ├─▶ not just now: owed, tried again
///                                                                   └─▶ open for real and in a drill: a person decides
///
/// A tablet opens and closes nothing: only of what a person has opened it says how full it is, in the mode it was opened in.
/// The town decided beforehand, so nobody's approval is waited for; the record names the tablet's place.
package import AlertModel
internal import Desk
package import Devices
internal import Dispatching
package import FoundationEssentials
internal import Foundation
internal import Logging
package import Ledger
internal import Memories
internal import Synchronization

extension Crowding {
    var japanese: String {
        switch self {
        case .free: "空き"
        case .crowded: "混雑"
        case .full: "満員"
        }
    }
}

extension Hub {
    static let crowdedWord = "混雑しています"
    /// What was said longer ago is no news of now: the tablet was cut.
    private static let freshness: TimeInterval = 3600
    /// Others' acts may come between so often before it is left for the next second.
    private static let tries = 8

    /// Returns when it is on its way and on disk; what cannot be said now is owed, and what a person has to say is put to the desk.
    package func publish(_ crowding: Crowding, of site: String, by device: String, saidAt moment: Date, in id: TownID) async {
        guard crowdingRules.contains(id), let shelter = towns[id]?.endpoints.first(where: { $0.id == site && $0.shelter != nil })?.shelter,
            clock().timeIntervalSince(moment) < Self.freshness
        else { return }
        let place = CrowdingWords.Place(town: id, shelter: shelter)
        let modes = ModeName.allCases.filter { wasOpen(place, $0, at: moment) }
        var word = CrowdingWords.Word(crowding: crowding, site: site, device: device, moment: moment, came: clock(), mode: modes.count == 1 ? modes.first : nil)
        if modes.count > 1 {
            word.question = "「\(name(of: place))」は、本番と訓練の両方で開設中です。端末の報告「\(crowding.japanese)」がどちらのことか分からないので、公表していません。"
                + "確かめて、出してください (open for real and in a drill: which one is meant? issue it yourself)"
        }
        guard crowdingWords.take(word, of: place, at: clock()) else { return }
        attention.settle(.crowding, subject: subject(of: place), of: id)
        do {
            for commit in settle(place) { try await commit.committed() }
        } catch {
            logger.error("crowding published, but not recorded", metadata: ["town": "\(id)", "shelter": "\(shelter)", "error": "\(error)"])
        }
        guard crowdingWords.word(of: place) == word, news(word, of: place) != nil else { return }
        logger.warning("crowding changes too often to be published at once", metadata: ["town": "\(id)", "shelter": "\(shelter)"])
    }

    /// Tells what could not be told when it was said. To be called every few seconds. Returns what the disk has still to take.
    @discardableResult
    package func publishOwedCrowding() -> [Commit] {
        crowdingWords.owed.filter { crowdingRules.contains($0.town) }.flatMap { settle($0) }
    }

    /// A device that was set aside speaks for no shelter: what it said and nobody was told is not told.
    package func dropOwedCrowding(by device: String) {
        for place in crowdingWords.owed {
            guard let word = crowdingWords.word(of: place), word.device == device else { continue }
            crowdingWords.change(word, of: place) { $0.isOwed = false }
            attention.settle(.crowding, subject: subject(of: place), of: place.town)
        }
    }

    /// Until what stands is what was said last, or it has to wait. Nothing here waits.
    private func settle(_ place: CrowdingWords.Place) -> [Commit] {
        var commits: [Commit] = []
        var isPaid = false
        for _ in 0..<Self.tries {
            guard let word = crowdingWords.word(of: place) else { break }
            if word.question != nil {
                ask(word, place)
                break
            }
            guard let need = news(word, of: place) else {
                crowdingWords.change(word, of: place) { $0.isOwed = false }
                break
            }
            guard isPaid || crowdingNews.withLock({ $0.take(1, of: "\(place.town.code)/\(place.shelter)", at: clock()) }) == nil else { break }
            isPaid = true
            commits += tell(need, word, place)
        }
        return commits
    }

    private struct News {
        var notice: ShelterNotice
        var mode: ModeName
        /// Of the table it was seen on.
        var version: Int
    }

    /// What everybody would hear by it; nil: nothing any more.
    private func news(_ word: CrowdingWords.Word, of place: CrowdingWords.Place) -> News? {
        guard let mode = word.mode, clock().timeIntervalSince(word.moment) < Self.freshness else { return nil }
        return news(word, of: place, in: mode)
    }

    private func news(_ word: CrowdingWords.Word, of place: CrowdingWords.Place, in mode: ModeName) -> News? {
        let table = standings.table(place.town, mode)
        guard let row = table.rows[.shelter(place.shelter)], case .shelter(let notice) = row.state,
            deskSpoke(of: place, table).map({ $0 <= word.moment }) ?? true
        else { return nil }
        let next = Self.notice(notice, word.crowding)
        return next.state != notice.state || next.note != notice.note ? News(notice: next, mode: mode, version: table.version) : nil
    }

    /// When a person last spoke of it; what tablets said does not count.
    private func deskSpoke(of place: CrowdingWords.Place, _ table: Standing) -> Date? {
        let subject = Act.Subject.shelter(place.shelter)
        guard let act = table.lastAct(on: subject) else { return table.rows[subject]?.since }
        return act.by.hasPrefix(Self.teller) ? nil : max(act.at, table.rows[subject]?.since ?? act.at)
    }

    /// Also where it was closed since: what was said before may be about it.
    private func wasOpen(_ place: CrowdingWords.Place, _ mode: ModeName, at moment: Date) -> Bool {
        let table = standings.table(place.town, mode)
        guard table.rows[.shelter(place.shelter)] == nil else { return true }
        return table.lastAct(on: .shelter(place.shelter)).map { $0.at > moment } ?? false
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

    // MARK: To everybody

    private static let teller = "避難所の報告（"

    /// On the table it was seen on and no other: what a person has closed meanwhile is not opened by it.
    private func tell(_ news: News, _ word: CrowdingWords.Word, _ place: CrowdingWords.Place) -> [Commit] {
        let about: Logger.Metadata = ["town": "\(place.town)", "shelter": "\(place.shelter)", "site": "\(word.site)", "crowding": "\(word.crowding.rawValue)"]
        do {
            let commits = try send(news, word.site, place.town)
            logger.notice("crowding published", metadata: about)
            return commits
        } catch DeskFailure.changed {
            return []
        } catch {
            logger.error("crowding not published", metadata: about.merging(["error": "\(error)"]) { $1 })
            crowdingWords.change(word, of: place) {
                $0.question = (news.mode == .exercise ? "【訓練】" : "")
                    + "「\(name(of: place))」の端末の報告「\(word.crowding.japanese)」を公表できませんでした。確かめて、出してください (not published: issue it yourself): \(error)"
            }
            return []
        }
    }

    private func send(_ news: News, _ site: String, _ town: TownID) throws -> [Commit] {
        struct Order: Encodable {
            var town, kind, mode, shelter, state: String
            var note: String?
            var based_on: Int
        }
        let order = Order(
            town: town.code, kind: "shelter", mode: news.mode.rawValue, shelter: news.notice.shelter, state: news.notice.state.rawValue,
            note: news.notice.note, based_on: news.version)
        let teller = Operator(
            name: "\(Self.teller)\(site)）", kind: .program, credential: "crowding/\(town.code)/\(site)",
            grants: [.init(towns: [town], rights: Rights(.shelter, [news.mode]))])
        let made = try read([UInt8](JSONEncoder().encode(order)), by: teller)
        try check(made)
        return try commit(made, actor: "report:\(site)").1
    }

    // MARK: To the desk

    /// Until a person has spoken of the shelter, in either mode, or it is no news any more.
    private func ask(_ word: CrowdingWords.Word, _ place: CrowdingWords.Place) {
        let subject = subject(of: place)
        let modes = word.mode.map { [$0] } ?? ModeName.allCases
        let isAnswered = modes.contains { deskSpoke(of: place, standings.table(place.town, $0)).map { $0 > word.came } ?? false }
        guard let question = word.question, !isAnswered, clock().timeIntervalSince(word.moment) < Self.freshness,
            modes.contains(where: { news(word, of: place, in: $0) != nil })
        else {
            crowdingWords.change(word, of: place) { $0.isOwed = false }
            return attention.settle(.crowding, subject: subject, of: place.town)
        }
        guard !attention.rows.contains(where: { $0.topic == .crowding && $0.subject == subject && $0.town == place.town }) else { return }
        attention.notice(.crowding, subject, question, from: "report:\(word.site)", of: place.town, at: clock())
    }

    private func subject(of place: CrowdingWords.Place) -> String { "\(place.town.code) \(place.shelter)" }

    private func name(of place: CrowdingWords.Place) -> String {
        towns[place.town]?.shelters.first { $0.id == place.shelter }?.name ?? place.shelter
    }
}
