/// From what a person wants to what it does: raise, widen, lower, lift in part, lift, open, close.
package import AlertModel
internal import FoundationEssentials

extension Standing {
    /// What a person asks for, read and checked on its own.
    package struct Wish: Sendable {
        package var content: AlertContent
        /// The event of an earlier alert this one goes on with, where the person names one.
        package var event: EventID?
        package var by: String
        /// The version the person saw.
        package var basedOn: Int?
        /// The town's own districts, in its order; empty where it gives none.
        package var districts: [String]

        package init(_ content: AlertContent, event: EventID? = nil, by: String, basedOn: Int? = nil, districts: [String] = []) {
            self.content = content
            self.event = event
            self.by = by
            self.basedOn = basedOn
            self.districts = districts
        }
    }

    /// The alert as it would go out now, with its act. Changes nothing.
    package func propose(_ wish: Wish) throws(StandingRefusal) -> AlertContent {
        if let seen = wish.basedOn, seen != version { throw .moved(newest) }
        switch wish.content.detail {
        case .evacuation(let order): return try propose(order, wish)
        case .shelter(let notice): return try propose(notice.all, wish)
        case .headquarters(let seat):
            return try propose(.headquarters, seat.state == .closed ? nil : .headquarters(seat), wish)
        case .notice(let notice):
            let event = try event(wish, current: nil)
            return try propose(.notice(event), .notice(notice), wish)
        case .none: throw .field("kind", "人が出せる種類ではありません (not a kind that a person issues)")
        }
    }

    // MARK: Evacuation

    private func propose(_ order: EvacuationOrder, _ wish: Wish) throws(StandingRefusal) -> AlertContent {
        let current = orders(in: wish.districts, hazard: order.hazard)
        let event = try event(wish, current: current.first?.event, hazard: order.hazard)
        let named = order.isLifted
            ? try lifted(order, current, wish) : Self.districts(of: order.districts, wish.districts)
        let now = moment(wish.content.sent)
        let steps = named.map { district -> Act.Step in
            let subject = Act.Subject.evacuation(hazard: order.hazard, district: district)
            let before = rows[subject]
            guard !order.isLifted else { return Act.Step(subject: subject, before: before, after: nil) }
            let state = Act.State.level(order.level.rawValue)
            return Act.Step(subject: subject, before: before, after: Act.Row(
                subject: subject, state: state, since: before?.state == state ? before?.since ?? now : now, by: wish.by,
                until: wish.content.expires, event: event, act: wish.content.id, reason: order.reason))
        }
        let act = act(steps, Self.change(steps, others: current), wish)
        var content = stamped(wish.content, event, act, now)
        var own = order
        own.districts = Self.name(named, of: wish.districts, asWritten: order.districts)
        if order.isLifted, let level = steps.compactMap(\.before?.state.level).max().flatMap(EvacuationOrder.Level.init) {
            own.level = level
        }
        content.detail = .evacuation(own)
        return content
    }

    /// The districts a lift is about: those it names, or all that are under an order of the hazard.
    private func lifted(
        _ order: EvacuationOrder, _ current: [Act.Row], _ wish: Wish
    ) throws(StandingRefusal) -> [String] {
        let standing = current.compactMap(\.subject.district)
        guard !standing.isEmpty else {
            throw .field("lifted", "\(order.hazard)の避難情報は出ていません (no order for \(order.hazard) is in force)")
        }
        guard !order.districts.isEmpty, !order.districts.contains(where: Self.isWholeTown) else { return standing }
        if let stranger = order.districts.first(where: { !standing.contains($0) }) {
            throw .field(
                "districts", "\(stranger)には\(order.hazard)の避難情報は出ていません (no order for \(order.hazard) is in force in \(stranger))")
        }
        return Self.unique(order.districts)
    }

    private static func change(_ steps: [Act.Step], others current: [Act.Row]) -> Change {
        let changed = Set(steps.map(\.subject))
        if steps.allSatisfy({ $0.after == nil }) {
            return current.allSatisfy { changed.contains($0.subject) } ? .lifted : .partLifted
        }
        let moves = steps.map { step -> Change in
            guard let before = step.before?.state.level else { return current.isEmpty ? .new : .widened }
            let after = step.after?.state.level ?? 0
            return after > before ? .raised : after < before ? .lowered : .unchanged
        }
        // The gravest says what it is; an order repeated as it stood is told as changed, since a person sent it.
        return [.raised, .new, .widened, .lowered].first(where: moves.contains) ?? .changed
    }

    // MARK: Shelters

    /// Shelters of which one event told are told of by it, as long as it tells of any; new ones begin an event together.
    private func propose(_ notices: [ShelterNotice], _ wish: Wish) throws(StandingRefusal) -> AlertContent {
        let befores = notices.map { rows[.shelter($0.shelter)] }
        guard Set(befores.map { $0?.event }).count == 1, Set(notices.map(\.shelter)).count == notices.count else {
            throw .field("shelters", "前に別々に知らせた避難所です。分けて出してください (told of by different events: send them apart)")
        }
        let event = try event(wish, current: befores.first.flatMap { $0?.event })
        let now = moment(wish.content.sent)
        let steps = zip(notices, befores).map { notice, before in
            let subject = Act.Subject.shelter(notice.shelter), state = Act.State.shelter(notice)
            guard notice.state != .closed else { return Act.Step(subject: subject, before: before, after: nil) }
            return Act.Step(subject: subject, before: before, after: Act.Row(
                subject: subject, state: state, since: before?.state == state ? before?.since ?? now : now, by: wish.by, until: nil, event: event,
                act: wish.content.id))
        }
        let besides = besides(steps, event)
        let change: Change =
            if steps.allSatisfy({ $0.before == nil }) {
                .new
            } else if steps.allSatisfy({ $0.after == nil }) {
                besides.isEmpty ? .lifted : .partLifted
            } else {
                steps.allSatisfy { $0.before?.state == $0.after?.state } ? .unchanged : .changed
            }
        var act = act(steps, change, wish)
        act.besides = besides.isEmpty ? nil : besides
        return stamped(wish.content, event, act, now)
    }

    /// Shelters that stand by this event, but for those of the steps.
    func besides(_ steps: [Act.Step], _ event: EventID) -> [ShelterNotice] {
        let own = Set(steps.map(\.subject))
        return shelters.filter { $0.event == event && !own.contains($0.subject) }.compactMap { row in
            if case .shelter(let notice) = row.state { notice } else { nil }
        }
    }

    // MARK: One subject

    private func propose(_ subject: Act.Subject, _ state: Act.State?, _ wish: Wish) throws(StandingRefusal) -> AlertContent {
        let before = rows[subject]
        let event = try event(wish, current: before?.event)
        let now = moment(wish.content.sent)
        let after = state.map { state in
            Act.Row(
                subject: subject, state: state, since: before?.state == state ? before?.since ?? now : now, by: wish.by,
                until: Self.runsOut(subject) ? wish.content.expires : nil, event: event, act: wish.content.id)
        }
        let change: Change =
            switch (before, after) {
            case (nil, _): .new
            case (_, nil): .lifted
            case (let before?, let after?): before.state == after.state ? .unchanged : .changed
            }
        return stamped(wish.content, event, act([Act.Step(subject: subject, before: before, after: after)], change, wish), now)
    }

    /// A shelter stays open and a headquarters stands until somebody says otherwise.
    private static func runsOut(_ subject: Act.Subject) -> Bool {
        switch subject {
        case .evacuation, .notice: true
        case .shelter, .headquarters: false
        }
    }

    // MARK: Common to all

    /// One event per hazard and episode, so that every far end holds the whole state of it in one place.
    private func event(_ wish: Wish, current: EventID?, hazard: String? = nil) throws(StandingRefusal) -> EventID {
        guard let named = wish.event else { return current ?? wish.content.event }
        guard let earlier = done.last(where: { $0.event == named }) else {
            throw .field("event", "\(named.text.prefix(80)) という情報は、この町にはありません (no such event here)")
        }
        guard earlier.kind == wish.content.kind else {
            throw .field(
                "event", "種類の違う情報の続きにはできません。新しい情報として出してください (an alert of another kind does not go on with this event: send it as a new one)")
        }
        if let hazard, let theirs = earlier.hazard, hazard != theirs {
            throw .field("event", "\(theirs)の情報の続きに\(hazard)は出せません (this event is about another hazard)")
        }
        return current ?? named
    }

    func act(_ steps: [Act.Step], _ change: Change, _ wish: Wish, takesBack: AlertID? = nil) -> Act {
        var after = self
        for step in steps { after.apply(step) }
        return Act(
            version: version + 1, by: wish.by, change: change, steps: steps, standing: after.orders(in: wish.districts),
            takesBack: takesBack)
    }

    /// Later than everything before it, and counted: newness is never the wall clock's alone.
    func stamped(_ content: AlertContent, _ event: EventID, _ act: Act, _ now: Date) -> AlertContent {
        var content = content
        content.event = event
        content.act = act
        content.sent = now
        content.reported = now
        content.revision.sent = now
        content.revision.serial = act.version
        if content.message != .cancel { content.message = act.steps.allSatisfy { $0.before == nil } && act.change == .new ? .alert : .update }
        return content
    }

    static func isWholeTown(_ district: String) -> Bool { EvacuationOrder.wholeTown.contains(district) }

    /// The whole town is all of its districts, where it gives them.
    private static func districts(of written: [String], _ own: [String]) -> [String] {
        unique(written.flatMap { isWholeTown($0) && !own.isEmpty ? own : [$0] })
    }

    private static func name(_ districts: [String], of own: [String], asWritten written: [String]) -> [String] {
        if let whole = written.first(where: isWholeTown), own.isEmpty || Set(districts) == Set(own) { return [whole] }
        return districts
    }

    private static func unique(_ words: [String]) -> [String] {
        var seen: Set<String> = []
        return words.filter { seen.insert($0).inserted }
    }
}
