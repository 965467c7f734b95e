/// Taking back: what stood before an act stands again.
package import AlertModel
package import FoundationEssentials

extension Standing {
    /// Takes `id` back as wrong. What it lifted is in force again, what it raised is as it was, what it began is gone.
    ///
    /// - Parameter original: the alert as it was recorded; its words are what is taken back.
    package func takeBack(
        _ original: AlertContent, as id: AlertID, by person: String, basedOn: Int?, districts: [String], now clock: Date
    ) throws(StandingRefusal) -> AlertContent {
        guard let taken = act(original.id), let its = original.act else {
            throw .past("古い情報のため、取消できません。解除してください (too old to be taken back: lift it)")
        }
        guard taken.change != .ranOut else {
            throw .past("期限で終わった情報です。必要なら新しく出してください (it ran out: issue it anew if it is needed)")
        }
        for step in its.steps { try checkIsLast(taken, step.subject) }
        // Asked after the rest: whoever takes back what a colleague has taken back meanwhile hears of that.
        if let basedOn, basedOn != version { throw .moved(newest) }
        let now = moment(clock)
        // Another episode of the hazard may have begun since: what stands again goes on with it.
        let event = taken.hazard.flatMap { orders(hazard: $0).first?.event } ?? taken.event
        let steps = its.steps.map { step in
            Act.Step(subject: step.subject, before: rows[step.subject], after: renewed(step.before, event, now))
        }
        var content = original
        content.id = id
        content.sent = clock
        let wish = Wish(content, by: person, districts: districts)
        let change: Change = its.steps.allSatisfy { $0.after == nil } ? .restored : .takenBack
        var act = act(steps, change, wish, takesBack: original.id)
        if case .shelter = original.detail {
            let besides = besides(steps, event)
            if !besides.isEmpty { act.besides = besides }
        }
        content.message = leavesNothing(act, taken) ? .cancel : .update
        content.title = Self.takenBack(original.title)
        content = stamped(content, event, act, now)
        content.revision.isCancel = content.message == .cancel
        content.detail = detail(original.detail, act)
        // Long enough for a far end that is away for a day to be told all the same.
        let end = act.steps.compactMap(\.after?.until).max() ?? act.standing.filter { $0.event == event }.compactMap(\.until).max()
        content.expires = max(end ?? original.expires, now.addingTimeInterval(24 * 3600))
        return content
    }

    /// What ends by itself: nobody has lifted it, and the hub says so.
    package func runOut(_ rows: [Act.Row], of original: AlertContent, as id: AlertID, districts: [String], now clock: Date) -> AlertContent {
        let now = moment(clock)
        var content = original
        content.id = id
        content.sent = clock
        let wish = Wish(content, by: "hub", districts: districts)
        let act = act(rows.map { Act.Step(subject: $0.subject, before: $0, after: nil) }, .ranOut, wish)
        content.message = .update
        content.title = original.title + "の期限切れ"
        content = stamped(content, rows[0].event, act, now)
        content.detail = detail(original.detail, act)
        content.expires = now.addingTimeInterval(24 * 3600)
        return content
    }

    /// What the log calls it: 避難指示の解除の取り消し. Taking that back is the lifting again.
    private static func takenBack(_ title: String) -> String {
        let suffix = "の取り消し"
        return title.hasSuffix(suffix) ? String(title.dropLast(suffix.count)) : title + suffix
    }

    /// Whether the words of `taken` are what stands, or what ended it, in this place.
    private func checkIsLast(_ taken: Done, _ subject: Act.Subject) throws(StandingRefusal) {
        if rows[subject]?.act == taken.id || touched[subject] == taken.id { return }
        guard let last = touched[subject].flatMap(act) else {
            throw .past("古い情報のため、取消できません。解除してください (too old to be taken back: lift it)")
        }
        if last.takesBack == taken.id { throw .takenBackAlready(by: last) }
        throw .overtaken(taken, by: last, subject: subject)
    }

    /// What stands again stands as it did; where its time is over meanwhile, for another hour, so that somebody sees it.
    private func renewed(_ row: Act.Row?, _ event: EventID, _ now: Date) -> Act.Row? {
        guard var row else { return nil }
        row.event = event
        if let until = row.until, until <= now { row.until = now.addingTimeInterval(3600) }
        return row
    }

    private func leavesNothing(_ act: Act, _ taken: Done) -> Bool {
        guard act.steps.allSatisfy({ $0.after == nil }) else { return false }
        guard let hazard = taken.hazard else { return act.besides == nil }
        return act.standing(of: hazard).isEmpty
    }

    /// The detail says what stands after the act, or what was taken back where nothing does.
    private func detail(_ before: Detail, _ act: Act) -> Detail {
        switch before {
        case .evacuation(var order):
            let gravest = act.steps.compactMap { $0.after?.state.level ?? $0.before?.state.level }.max()
            if let level = gravest.flatMap(EvacuationOrder.Level.init) { order.level = level }
            order.districts = act.districts.isEmpty ? order.districts : act.districts
            order.isLifted = false
            if let reason = act.steps.compactMap(\.after?.reason).first { order.reason = reason }
            return .evacuation(order)
        case .shelter, .headquarters, .notice:
            let shelters = act.steps.compactMap { step -> ShelterNotice? in
                if case .shelter(let notice) = step.after?.state { notice } else { nil }
            }
            if let all = ShelterNotice(shelters) { return .shelter(all) }
            switch act.steps.first?.after?.state {
            case .shelter(let notice): return .shelter(notice)
            case .headquarters(let seat): return .headquarters(seat)
            case .notice(let notice): return .notice(notice)
            case .level, nil: return before
            }
        case .none: return before
        }
    }
}

extension Standing {
    /// One step, as far as `Act.standing` needs it.
    mutating func apply(_ step: Act.Step) { setRow(step.subject, step.after) }
}
