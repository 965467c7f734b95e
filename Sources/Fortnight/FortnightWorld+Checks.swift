/// What must hold: at each look at a screen, at each answer, and when all has come to rest.
import ChannelKit
import Devices
import Foundation
import Relay
import Streams

extension FortnightWorld {
    /// Milliseconds: what is rounded down to seconds on its way, three times.
    static let grace = 10_000

    /// After each step of this tablet.
    func look(at tablet: PageTablet) {
        age(tablet)
        report.checks += 1
        let standing = truth[tablet.home], right = time.right, visible = tablet.board.visible
        for entry in visible where !entry.isDoubtful {
            let said = entry.cancelledBy ?? entry.alert
            guard let issue = issues[said.id] else { return fail(.stranger, "\(tablet.id) shows \(said.id), which the town has not said") }
            guard issue.mode == entry.alert.mode else { return fail(.drill, "\(tablet.id) shows \(said.id), \(issue.mode), as \(entry.alert.mode)") }
            guard issue.number >= tablet.newest[issue.key] ?? 0 else { return fail(.older, "\(tablet.id) shows \(said.id) after something newer") }
            tablet.newest[issue.key] = issue.number
            guard entry.isInForce, let word = isOver(issue, at: tablet, standing, right) else { continue }
            return fail(.over, "\(tablet.id) shows \(said.id): \(word)")
        }
        let shown = Set(visible.filter { $0.isInForce && !$0.isDoubtful }.map(\.alert.id))
        for (key, number) in tablet.seals.heard.sorted(by: { $0.key < $1.key }) {
            guard let issue = standing[key], issue.number == number, !issue.isOver, issue.expires > right + Self.grace else { continue }
            // A drill ends after three hours on a screen, and stands beside nothing grave.
            if issue.mode == "exercise" { continue }
            if !shown.contains(issue.id) { return fail(.forgotten, "\(tablet.id) does not show \(issue.id), which it has heard and which stands until \(PageTime.write(issue.expires))") }
        }
    }

    /// Why an issue should not be on this screen; nil where it may, or where nobody near could know.
    private func isOver(_ issue: Issue, at tablet: PageTablet, _ standing: [String: Issue], _ right: Int) -> String? {
        guard tablet.isLive else { return nil }
        // Whoever knows the time needs nobody who tells him.
        let isRight = abs(tablet.hubTime(now) - right) < Self.grace
        if isRight, issue.expires < right - Self.grace { return "it ended at \(PageTime.write(issue.expires)), and it is \(PageTime.write(right))" }
        var since = tablet.liveSince
        if let server = tablet.server {
            // A tablet is live at a school of this world.
            let school = schools[server]
            guard school.heard != nil, school.stranger == nil else { return nil }
            since = max(school.connectedAt, since)
        }
        // What did not come in a replay stays until the town says itself what stands.
        func isLate(_ moment: Int) -> Bool { now - max(since, moment) > Self.stateEvery + 2 * Self.minute }
        if isLate(issue.expires - PlayedTime.epoch) { return "it ended at \(PageTime.write(issue.expires)), and the town has said since what stands" }
        guard let last = standing[issue.key] else { return isLate(0) ? "the hub does not know it" : nil }
        return last.isOver && last.number > issue.number && isLate(last.saidAt) ? "\(last.id) has ended it" : nil
    }

    /// What a tablet was promised about a person is there.
    func acknowledged(_ batch: [PageOutbox.Entry], _ tablet: PageTablet) {
        let school = schools[tablet.home]
        for time in batch.compactMap({ answerTimes["\(tablet.id)/\($0.id)"] }) {
            let newest = max(school.rollCall?.taken[tablet.id] ?? 0, time)
            school.rollCall?.taken[tablet.id] = newest
        }
    }

    func lookAtRoll(_ school: School, _ call: OpenCall, _ edge: SchoolEdge) {
        for (who, at) in call.taken.sorted(by: { $0.key < $1.key }) where at >= call.openedAt {
            let word = edge.calls.word(of: who, at: school.topic), known = word.flatMap { answerTimes[$0.id] } ?? -1
            guard known < at else { continue }
            return fail(.lost, "at \(school.topic.site) \(who) said something at \(Self.clock(at)), and what is known of him is \(word.map { "of \(Self.clock(known)) (\($0.id))" } ?? "nothing")")
        }
    }

    /// The faults are over: everything comes to rest within a day.
    func settle() {
        areFaultsOver = true
        tell("the faults are over")
        for school in schools {
            school.line.set { $0.losesAnswers = false }
            endStranger(school)
            mend(school)
            if school.edge == nil { powerOn(school) }
            for tablet in school.tablets { after(between(Self.minute, 20 * Self.hour)) { $0.carryBack(tablet) } }
        }
        for hour in 21..<25 {
            after(hour * Self.hour) { world in
                for school in world.schools {
                    world.forward(school)
                    for tablet in school.tablets { if tablet.isLive { world.send(tablet) } else { world.connect(tablet) } }
                }
            }
        }
        at(days + 26 * Self.hour) { world in
            for school in world.schools {
                for tablet in school.tablets { world.look(at: tablet) }
            }
        }
    }

    func closeBooks() {
        for school in schools {
            for tablet in school.tablets where !tablet.outbox.entries.isEmpty { fail(.unsettled, "\(tablet.id) still has \(tablet.outbox.entries.count) to tell") }
            let waits = school.edge?.outbox.gauges
            if let waits, waits.receipts + waits.reports > 0 { fail(.unsettled, "\(school.topic.site) still keeps \(waits.receipts) receipts and \(waits.reports) reports") }
            if let waits, waits.refused + waits.dropped > 0 { fail(.lost, "\(school.topic.site): \(waits.refused) refused, \(waits.dropped) made room") }
        }
        let rows = hubDisk.durable.rows
        report.receipts = said.count - report.reports
        var counted: Set<FortnightDisk.Row> = []
        for (id, row) in rows.sorted(by: { $0.key < $1.key }) {
            if !said.contains(id) { fail(.double, "\(id) was never said") }
            if !counted.insert(row).inserted { fail(.double, "\(id): the same was counted before") }
        }
        let lost = said.subtracting(rows.keys).subtracting(gone).sorted()
        if let first = lost.first { fail(.lost, "\(lost.count) of \(said.count) are not in the hub's record, \(first) is one") }
        tell(report.figures)
    }
}
