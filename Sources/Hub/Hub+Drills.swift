/// The steps of a drill, each by a person who may send drills in that town.
package import AlertModel
internal import ChannelKit
package import Desk
internal import Devices
internal import Dispatching
package import Foundation
internal import Ledger
internal import Lifecycle
internal import Logging
internal import Memories
internal import Synchronization

package enum DrillFailure: Error, Sendable {
    case forbidden(String)
    case notFound(String)
    case conflict(String)
    case unrecorded(String)
}

extension Hub {
    package func drills(of town: TownID) -> [Drill] { drillBook.drills(of: town) }

    /// In one of the towns this person works for.
    package func drill(_ id: String, for person: Operator) throws(DrillFailure) -> (drill: Drill, town: Town) {
        for town in towns.all where person.may(town.id) {
            if let drill = drillBook.drill(id, of: town.id) { return (drill, town) }
        }
        throw .notFound("この番号の訓練はありません：\(PlainText.visible(String(id.prefix(80)))) (no such drill)")
    }

    package func plan(_ title: String, note: String?, at: Date?, in town: TownID, by person: Operator) async throws(DrillFailure) -> Drill {
        try Self.authorise(person, town)
        let drill = Drill(id: "D-\(newID().text)", town: town.code, title: title, note: note, at: at, planned: .init(by: person.name, at: clock()))
        try drillBook.change(drill.id, of: town) { (kept: inout Drill?, all: [Drill]) throws(DrillFailure) in
            guard all.count < DrillBook.limit || all.contains(where: { $0.state == .erased }) else {
                throw .conflict("訓練が多すぎます。終わったものを消してください (too many drills: erase some)")
            }
            kept = drill
        }
        return try await recorded(drill, "planned", by: person)
    }

    package func begin(_ id: String, by person: Operator) async throws(DrillFailure) -> Drill {
        try await step(id, "begun", by: person) { (drill: inout Drill, all: [Drill]) throws(DrillFailure) in
            guard drill.state == .planned else { throw .conflict("この訓練は、もう始まっています (it has begun already)") }
            if let other = all.first(where: { $0.state == .running }) {
                throw .conflict("「\(other.title)」が続いています。先に終えてください (another drill is running: end it first)")
            }
            drill.begun = .init(by: person.name, at: self.clock())
        }
    }

    /// Ends it and scores it: the score is what it was at the end, whatever is told later.
    package func end(_ id: String, by person: Operator) async throws(DrillFailure) -> Drill {
        let (drill, town) = try self.drill(id, for: person)
        try Self.authorise(person, town.id)
        guard drill.state == .running else { throw .conflict("この訓練は、続いていません (it is not running)") }
        let now = clock(), score = try await score(of: drill, in: town, until: now)
        return try await step(id, "ended", by: person) { (drill: inout Drill, _: [Drill]) throws(DrillFailure) in
            guard drill.state == .running else { throw .conflict("この訓練は、もう終わっています (it has ended already)") }
            (drill.ended, drill.score) = (.init(by: person.name, at: now), score)
        }
    }

    private func step(
        _ id: String, _ what: String, by person: Operator, _ body: (inout Drill, [Drill]) throws(DrillFailure) -> Void
    ) async throws(DrillFailure) -> Drill {
        let (_, town) = try drill(id, for: person)
        try Self.authorise(person, town.id)
        var done: Drill?
        try drillBook.change(id, of: town.id) { (kept: inout Drill?, all: [Drill]) throws(DrillFailure) in
            guard var drill = kept else { return }
            try body(&drill, all)
            (kept, done) = (drill, drill)
        }
        guard let done else { throw .notFound("この訓練はありません (no such drill)") }
        return try await recorded(done, what, by: person)
    }

    private static func authorise(_ person: Operator, _ town: TownID) throws(DrillFailure) {
        guard person.may(.order, .exercise, in: town) else { throw .forbidden(person.refusal(.order, .exercise)) }
    }

    private func recorded(_ drill: Drill, _ what: String, by person: Operator) async throws(DrillFailure) -> Drill {
        logger.notice("drill \(what)", metadata: ["drill": "\(drill.id)", "town": "\(drill.town)", "title": "\(drill.title)", "by": "\(person.name)"])
        let word = ["planned": "計画した", "begun": "始めた", "ended": "終えた", "erased": "残ったものを消した"][what] ?? what
        if let town = TownID(drill.town) { noteDown(.drill, "\(word)：「\(drill.title)」", about: drill.id, .exercise, in: town, by: person.actor) }
        do { try await onDisk() } catch { throw .unrecorded("\(error)") }
        return drill
    }

    // MARK: score

    /// As it stands now, or as it was at its end.
    package func score(of drill: Drill, in town: Town) async throws(DrillFailure) -> DrillScore {
        if let score = drill.score { return score }
        return try await score(of: drill, in: town, until: clock())
    }

    private func score(of drill: Drill, in town: Town, until: Date) async throws(DrillFailure) -> DrillScore {
        guard let begun = drill.begun?.at else { return DrillScore() }
        do {
            // What was told to the journal is looked for in the record.
            try await onDisk()
            return try await record(of: town, since: begun, until: until).score()
        } catch {
            throw .unrecorded("\(error)")
        }
    }

    private func record(of town: Town, since: Date, until: Date) async throws -> DrillRecord {
        let own = ledger.town(town.id)
        var record = DrillRecord()
        record.alerts = try await drillAlerts(in: town.id, since: since).filter { $0.accepted < until }
        var query = DeliveryQuery()
        (query.mode, query.since, query.until, query.concernedOnly, query.limit) = (.exercise, since, until, true, 1000)
        while true {
            let page = try await own.deliveries(query)
            record.rows += page.filter { !isHint($0.delivery.channel) }
            guard page.count == query.limit, let last = page.last else { break }
            query.after = last.number
        }
        for alert in record.alerts {
            record.receipts += try await own.receipts(of: alert.content.id)
            for said in try await own.said(alert.content.id) {
                let text = said.texts[.japanese] ?? said.texts.values.first
                for end in said.endpoints { record.words[alert.content.id, default: [:]]["\(said.channel)/\(end)"] = "\(text?.title ?? "")\n\(text?.body ?? "")" }
            }
        }
        for end in town.endpoints { record.names["\(end.channel)/\(end.id)"] = end.name }
        let tablet = exercise.channels.first { $0.manifest.role == .tablet }?.manifest.name ?? ""
        record.devices = devices.devices(of: town.id).filter { $0.revoked == nil && !$0.isEdge }.map { ($0.id, $0.site, $0.name, tablet) }
        return record
    }

    private func drillAlerts(in town: TownID, since: Date) async throws -> [RecordedAlert] {
        var query = AlertQuery()
        (query.since, query.concernedOnly, query.limit) = (since, true, 10_000)
        return try await ledger.town(town).alerts(query).filter { $0.mode == .exercise }
    }

    // MARK: erasing

    /// Takes away what a drill left: everything of drills that stands in the town is taken back where it was told, pages for drills are
    /// emptied, and what waits is not sent any more. The record keeps all of it.
    /// - Returns: the drill, and how many events were taken back.
    package func erase(_ id: String, by person: Operator) async throws(DrillFailure) -> (drill: Drill, events: Int) {
        let (drill, town) = try self.drill(id, for: person)
        try Self.authorise(person, town.id)
        guard drill.state == .over else {
            throw .conflict(drill.state == .erased ? "この訓練は、もう消してあります (it is erased already)" : "先に訓練を終えてください (end the drill first)")
        }
        if let other = drillBook.drills(of: town.id).first(where: { $0.state == .running }) {
            throw .conflict("「\(other.title)」が続いています。終わるまで消せません (another drill is running)")
        }
        let events: Int
        do {
            events = try await takeBackDrills(in: town, since: drill.begun?.at ?? drill.planned.at, by: person)
            try await setAsideReports(of: drill, in: town.id, by: person)
        } catch let failure as DrillFailure {
            throw failure
        } catch {
            throw .unrecorded("\(error)")
        }
        await exercise.clear(town)
        let done = try await step(id, "erased", by: person) { (drill: inout Drill, _: [Drill]) throws(DrillFailure) in
            drill.erased = .init(by: person.name, at: self.clock())
        }
        return (done, events)
    }

    private func takeBackDrills(in town: Town, since: Date, by person: Operator) async throws -> Int {
        var commits: [Commit] = [], events: Set<EventID> = []
        // What the town ordered: event by event, the whole of it.
        for rows in Dictionary(grouping: standing(of: town.id, .exercise).rows.values, by: \.event).values {
            guard let first = rows.first else { continue }
            var query = AlertQuery()
            (query.id, query.limit) = (rows.map(\.act).max { $0.text < $1.text } ?? first.act, 1)
            guard let original = try await ledger.town(town.id).alerts(query).first?.content else { continue }
            let id = newID(), now = clock()
            commits += standings.change(town.id, .exercise) { standing in
                let still = standing.rows.values.filter { $0.event == first.event }
                guard !still.isEmpty else { return [] }
                let content = standing.erasing(Array(still), of: original, as: id, by: person.name, districts: town.districts, now: now)
                standing.take(content)
                return self.exercise.offer(Alert<Exercise>(content), actor: person.actor) { _, _ in .news(.takenBack) }
            }
            events.insert(first.event)
        }
        // Bulletins that were played: the last word of each.
        let alerts = try await drillAlerts(in: town.id, since: since)
        for (event, told) in Dictionary(grouping: alerts.filter { $0.content.town == nil }, by: \.content.event) {
            guard let last = told.max(by: { $1.content.revision.isNewer(than: $0.content.revision) }), last.content.message != .cancel, last.content.expires > clock() else { continue }
            commits += takeBack(last, in: town.id, by: person)
            events.insert(event)
        }
        for commit in commits { try await commit.committed() }
        return events.count
    }

    /// A bulletin of a drill is nobody's word: who may erase the drill takes it back, in this town alone.
    private func takeBack(_ recorded: RecordedAlert, in own: TownID, by person: Operator) -> [Commit] {
        var content = recorded.content
        let now = clock()
        content.id = newID()
        content.message = .cancel
        (content.sent, content.reported) = (now, now)
        content.revision = Revision(series: content.revision.series, serial: content.revision.serial.map { $0 + 1 }, sent: max(now, content.revision.sent.addingTimeInterval(0.001)), isCancel: true)
        content.expires = max(content.expires, now.addingTimeInterval(24 * 3600))
        let verdict = stories.withLock { $0.take(content, .exercise, source: recorded.actor, now: now) }
        return verdict.contents.flatMap { content in
            exercise.offer(Alert<Exercise>(content), actor: person.actor) { town, decisions in
                guard town.id == own else { return .withheld("別の市町村の訓練を消しただけです (another town's drill was erased)") }
                return self.stories.withLock { $0.tidings(content, .exercise, town, decisions, now: now) }
            }
        }
    }
}
