/// What each town was told, and whether a bulletin is news to it.
///
/// The town stands for its people: they are woken again for a higher class, a wider area, another action or the end
/// of it, not because a bulletin was issued again. Lifts and cancels go to who was told and to nobody else.
package import AlertModel
package import FoundationEssentials

/// What one town was told of one subject.
struct Told: Sendable {
    var standing: Standing
    /// Events that say so, told or not because another had said it.
    var events: Set<EventID>
    /// Those of them under whose names people were told.
    var spoken: Set<EventID>
    var priority: Priority
    var touched: Date
    /// Of the most believed way that said so: who is believed less does not unsay it.
    var trust = SourceTrust.official

    /// Events that spoke of one subject: an early warning has one, rain has two formats.
    static let eventLimit = 8
}

extension EventStories {
    /// To be asked once per town and content, after targeting, also where targeting skips the town: only this memory
    /// knows that it was told before and has to hear the end of it.
    ///
    /// `priority` is nil for a skip; `local` are the statements that concern the town.
    package mutating func tell(
        _ content: AlertContent, town: TownID, priority: Priority?, local: [AreaStatement], now: Date
    ) -> News {
        if content.message == .cancel { return tellCancel(content, town, priority) }
        // Most towns of most bulletins: not concerned now, never told of anything.
        if priority == nil, told[town] == nil { return .silent(.notConcerned) }
        let standings = Standings(content, local: local, priority: priority)
        // Taken out and put back, so that it is changed in place: an early warning asks 1,741 towns in a second.
        var known = told.removeValue(forKey: town) ?? [:]
        defer { if !known.isEmpty { told[town] = known } }
        var causes: Set<News.Cause> = []
        var isHeldBack = false
        for (subject, standing) in standings.bySubject where standing.rank > 0 {
            guard let before = known[subject] else {
                guard let priority else { continue }
                // The place of an earthquake whose shaking was told is a new fact of it, no new event.
                causes.insert(isSpoken(content.event, known) && content.kind == .earthquake ? .changed : .first)
                known[subject] = Told(
                    standing: standing, events: [content.event], spoken: [content.event], priority: priority, touched: now,
                    trust: content.trust)
                continue
            }
            let cause = permitted(cause(content, before.standing, standing), content, before, &isHeldBack)
            // What targeting skips is no news, except that something graver is over.
            guard priority != nil || cause == .lowered else { continue }
            if let cause { causes.insert(cause) }
            known[subject] = Self.updated(before, standing, cause, content, priority, now)
        }
        if content.isWholeState || standings.bySubject.values.contains(where: { $0.rank == 0 }) {
            for subject in known.keys.filter({ isOver($0, known[$0], standings, content) }) {
                guard permitted(.lifted, content, known[subject], &isHeldBack) != nil else { continue }
                known[subject] = nil
                causes.insert(.lifted)
            }
        }
        makeRoom(&known)
        if causes.isEmpty, isHeldBack { return .silent(.notTheirs) }
        return news(causes, priority, isKnown: standings.bySubject.keys.contains { known[$0] != nil })
    }

    /// The towns that were told of an event and have not been told of its end.
    package func towns(toldOf event: EventID) -> [TownID] {
        told.filter { $0.value.values.contains { $0.events.contains(event) } }.map(\.key).sorted()
    }

    // MARK: One subject

    private func cause(_ content: AlertContent, _ before: Standing, _ now: Standing) -> News.Cause? {
        if now.rank > before.rank { return .higher }
        if now.rank == before.rank, now.isWider(than: before) { return .wider }
        if content.revision.isCorrection, now != before { return .corrected }
        if now.rank < before.rank { return content.staysAtItsHighest ? nil : .lowered }
        return now.words.isSubset(of: before.words) ? nil : .changed
    }

    /// What raises and widens is always news. Only who is believed as much, and is not behind the newest word, lowers,
    /// ends and corrects.
    private func permitted(
        _ cause: News.Cause?, _ content: AlertContent, _ told: Told?, _ isHeldBack: inout Bool
    ) -> News.Cause? {
        guard let told, content.isLess(than: told) else { return cause }
        if cause == .higher || cause == .wider { return cause }
        isHeldBack = true
        return nil
    }

    private static func updated(
        _ before: Told, _ now: Standing, _ cause: News.Cause?, _ content: AlertContent, _ priority: Priority?, _ date: Date
    ) -> Told {
        var after = before
        let isLess = content.isLess(than: before)
        after.trust = max(before.trust, content.trust)
        if cause == .wider, isLess {
            after.standing.join(now)
        } else if cause != nil {
            after.standing = now
        } else if now.rank == before.standing.rank {
            after.standing.places.formUnion(now.places)
        }
        // Of a whole state the places are those it names: one that was lifted and comes back is news.
        if !isLess, content.isWholeState, now.rank == before.standing.rank { after.standing.places = now.places }
        if after.events.count < Told.eventLimit { after.events.insert(content.event) }
        if cause != nil { after.spoken.insert(content.event) }
        if let priority { after.priority = priority }
        after.touched = date
        return after
    }

    /// Whether the bulletin says, or says by leaving it out, that a told subject is over.
    private func isOver(_ subject: Subject, _ told: Told?, _ standings: Standings, _ content: AlertContent) -> Bool {
        guard let told else { return false }
        if let standing = standings.bySubject[subject] {
            guard standing.rank == 0 else { return false }
            // The level format lifts what the old one warned of; an information about a tsunami lifts nothing.
            if told.events.contains(content.event) || content.isLevelFormat || content.isWholeSea { return true }
            // A satellite's lift may group its areas otherwise than its warning did; it lifts what only it has told.
            return content.type == "qzss" && told.spoken.allSatisfy { $0.text.contains("qzss/") }
        }
        if content.isWholeSea, subject == .sea { return true }
        return content.isWholeState && told.events.contains(content.event)
    }

    private func news(_ causes: Set<News.Cause>, _ priority: Priority?, isKnown: Bool) -> News {
        guard let gravest = News.Cause.allCases.first(where: causes.contains) else {
            return .silent(isKnown ? .noNews : priority == nil ? .notConcerned : .neverTold)
        }
        // Targeting skips a town that is not named any more; the end of a warning is nothing to wake people for.
        return .tell(gravest, priority ?? .routine)
    }

    // MARK: Cancels

    /// As fast as what it takes back, where targeting gives no pace.
    private mutating func tellCancel(_ content: AlertContent, _ town: TownID, _ priority: Priority?) -> News {
        guard var known = told[town], known.values.contains(where: { $0.events.contains(content.event) }) else { return .silent(.notConcerned) }
        var pace: Priority?
        for (subject, entry) in known where entry.events.contains(content.event) && entry.trust <= content.trust {
            if entry.spoken.contains(content.event) {
                pace = min(pace ?? entry.priority, entry.priority)
                known[subject] = nil
            } else {
                // Another event told it and stands: taking this one back is nothing to people.
                known[subject]?.events.remove(content.event)
            }
        }
        told[town] = known.isEmpty ? nil : known
        guard let pace else { return .silent(.neverTold) }
        return .tell(.cancelled, priority ?? pace)
    }

    private func isSpoken(_ event: EventID, _ known: [Subject: Told]) -> Bool {
        known.values.contains { $0.spoken.contains(event) }
    }

    private func makeRoom(_ known: inout [Subject: Told]) {
        guard known.count > limits.subjectsPerTown else { return }
        let excess = known.count - limits.subjectsPerTown
        for (subject, _) in known.sorted(by: { $0.value.touched < $1.value.touched }).prefix(excess) { known[subject] = nil }
    }
}

extension AlertContent {
    /// Behind the newest word, or by a way that is believed less.
    func isLess(than told: Told) -> Bool { provenance?.isLate == true || trust < told.trust }

    /// An early warning and an intensity are not taken down by a lower one: the ground has shaken, or is about to.
    var staysAtItsHighest: Bool { kind == .eew || kind == .earthquake }
}
