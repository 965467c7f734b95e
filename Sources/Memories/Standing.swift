/// Who is under which level now: one town's table, in one mode.
///
///     act ──▶ propose ──▶ Act (before → after, what stands then) ──▶ take ──▶ the table, one version on
///                 └──▶ refused: the state has changed, nothing to lift, taken back already
///
/// A value: no clock, no lock, no disk. Nothing but `take` changes it, and what it takes is what the ledger records, so
/// that the table after a restart is the fold of the record. `districts` of an act are those it changes, all others stay;
/// two hazards in one district are two rows.
package import AlertModel
package import FoundationEssentials

package struct Standing: Sendable, Codable, Hashable {
    /// Who did what when: for those who meet it later. What exactly it changed is recorded with its alert.
    package struct Done: Sendable, Codable, Hashable {
        package var id: AlertID
        package var at: Date
        package var by: String
        package var change: Change
        package var event: EventID
        package var kind: AlertKind
        package var hazard: String?
        package var takesBack: AlertID?
    }

    /// Acts kept beyond those whose words stand; older ones can be lifted, no more taken back.
    package static let actLimit = 128

    package private(set) var version = 0
    package private(set) var rows: [Act.Subject: Act.Row] = [:]
    /// The last act on each subject, also where nothing stands any more.
    private(set) var touched: [Act.Subject: AlertID] = [:]
    /// Oldest first.
    private(set) var done: [Done] = []
    /// The time of the last act: the next one is later, whatever the clock says.
    package private(set) var last = Date.distantPast

    package init() {}

    package func act(_ id: AlertID) -> Done? { done.last { $0.id == id } }

    /// The last act on it, also where nothing stands any more; nil where it is forgotten.
    package func lastAct(on subject: Act.Subject) -> Done? { touched[subject].flatMap(act) }

    /// The last act of all.
    package var newest: Done? { done.last }

    /// A time for the next act that is after every one before it: a clock that steps back must not silence a person.
    package func moment(_ now: Date) -> Date { max(now, last.addingTimeInterval(0.001)) }

    /// Takes an act that was recorded. One that is here already changes nothing.
    package mutating func take(_ content: AlertContent) {
        guard let act = content.act, act.version > version else { return }
        version = act.version
        last = max(last, content.revision.sent)
        for step in act.steps {
            rows[step.subject] = step.after
            touched[step.subject] = content.id
        }
        done.append(Done(
            id: content.id, at: content.sent, by: act.by, change: act.change, event: content.event, kind: content.kind,
            hazard: act.steps.first?.subject.hazard, takesBack: act.takesBack))
        forget()
    }

    mutating func setRow(_ subject: Act.Subject, _ row: Act.Row?) { rows[subject] = row }

    private mutating func forget() {
        guard done.count > Self.actLimit else { return }
        let needed = Set(rows.values.map(\.act))
        let excess = done.count - Self.actLimit
        var dropped: Set<AlertID> = []
        for entry in done where dropped.count < excess && !needed.contains(entry.id) { dropped.insert(entry.id) }
        done.removeAll { dropped.contains($0.id) }
        // A subject whose last act is forgotten and where nothing stands is as if nobody had ever spoken of it.
        for (subject, id) in touched where dropped.contains(id) && rows[subject] == nil { touched[subject] = nil }
    }
}

// MARK: Questions

extension Standing {
    /// Orders in force, the gravest first, then in the order given (a town's own), then by name.
    package func orders(in districts: [String] = [], hazard: String? = nil) -> [Act.Row] {
        let place = Dictionary(districts.enumerated().map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
        return rows.values.filter { $0.state.level != nil && (hazard == nil || $0.subject.hazard == hazard) }
            .sorted { Self.order($0, place) < Self.order($1, place) }
    }

    private static func order(_ row: Act.Row, _ place: [String: Int]) -> (Int, String, Int, String) {
        let district = row.subject.district ?? ""
        return (-(row.state.level ?? 0), row.subject.hazard ?? "", place[district] ?? Int.max, district)
    }

    package var shelters: [Act.Row] {
        rows.values.filter { if case .shelter = $0.subject { true } else { false } }
            .sorted { ($0.since, $0.act.text) < ($1.since, $1.act.text) }
    }

    package var notices: [Act.Row] {
        rows.values.filter { if case .notice = $0.subject { true } else { false } }
            .sorted { ($0.since, $0.act.text) < ($1.since, $1.act.text) }
    }

    package var headquarters: Act.Row? { rows[.headquarters] }

    /// Acts whose words stand.
    package var acts: Set<AlertID> { Set(rows.values.map(\.act)) }

    /// Of each event of which something stands the last act: its words tell the whole state.
    package var lastWords: [AlertID] {
        let standing = events
        var last: [EventID: AlertID] = [:]
        for entry in done where standing.contains(entry.event) { last[entry.event] = entry.id }
        // Forgotten acts: the words that stand speak for themselves.
        for row in rows.values where last[row.event] == nil { last[row.event] = row.act }
        return last.values.sorted()
    }

    /// Events of which something stands.
    package var events: Set<EventID> { Set(rows.values.map(\.event)) }

    /// Events of which something stands that somebody spoke of before: what they said then belongs to it still.
    package func events(begunBefore border: Date) -> Set<EventID> {
        let early = done.filter { $0.at < border }.map(\.event) + rows.values.filter { $0.since < border }.map(\.event)
        return early.isEmpty ? [] : events.intersection(early)
    }

    /// Rows whose time is over, event by event; what runs out next.
    package func ranOut(by now: Date) -> [[Act.Row]] {
        let over = rows.values.filter { $0.state.level != nil && ($0.until.map { $0 <= now } ?? false) }
        return Dictionary(grouping: over, by: \.event).values.map { $0.sorted { Self.order($0, [:]) < Self.order($1, [:]) } }
            .sorted { $0[0].event.text < $1[0].event.text }
    }

    package func hasFaded(by now: Date) -> Bool {
        rows.values.contains { $0.state.level == nil && ($0.until.map { $0 <= now } ?? false) }
    }

    /// A notice whose hour is over is gone without a word; an order never is.
    package mutating func fade(by now: Date) {
        rows = rows.filter { $0.value.state.level != nil || ($0.value.until.map { $0 > now } ?? true) }
    }

    package var nextEnd: Date? { rows.values.compactMap(\.until).min() }
}

/// Why an act is not possible on this state.
package enum StandingRefusal: Error, Sendable, Hashable {
    /// A field of the order, and what is wrong with it.
    case field(String, String)
    /// Somebody has changed it since: the state the person saw is not the one that stands.
    case moved(Standing.Done?)
    /// Another act came after it on the same subject.
    case overtaken(Standing.Done, by: Standing.Done, subject: Act.Subject)
    /// It was taken back before.
    case takenBackAlready(by: Standing.Done)
    /// Too old to be taken back, or it ran out.
    case past(String)
}
