/// What must hold, after everything that happens; the numbers are those of docs/decisions/0021-simulated-night.md.
import AlertModel
import Dispatching
import Desk
import ChannelKit
import Foundation
import Hub
import Ledger
import Memories

extension NightWorld {
    // MARK: 1. What was acknowledged is on the disk

    func checkAnswer(_ click: Click, _ pushed: Pushed) {
        if let approval = pushed.approval {
            if disk.file.read("approval/\(approval.id)") == nil { breaks(1, "\(approval.id) was promised to wait, and is not on the disk") }
        } else if !disk.isDurable(pushed.id, in: click.town) {
            breaks(1, "\(pushed.id) was acknowledged, and is not on the disk")
        }
        guard let key = click.key, !hasLongClockSteps else { return }
        known.clicks[key, default: []].insert(pushed.id)
        // A key stands for one order, in every run.
        if let ids = known.clicks[key], ids.count > 1 {
            breaks(5, "one click became \(ids.map(\.text).sorted().joined(separator: " and "))")
        }
    }

    func checkTaken(_ octets: [UInt8], _ name: String) {
        if !disk.isDurable(bulletin: octets) { breaks(1, "\(name) was acknowledged, and is not on the disk") }
    }

    // MARK: What is new on the log

    func checkStep() {
        let news = disk.news()
        if let hub = house?.hub, hub.time.correction != 0 { doubtsClockUntil = now + 3_600 * Self.second }
        for recorded in news.alerts {
            report.alerts += 1
            tell("said in \(recorded.town) \(recorded.alert.mode): \(recorded.alert.content.title) \(recorded.alert.content.id) by \(recorded.alert.actor)")
            checkReasons(recorded)
            checkOnce(recorded)
            if let stale = known.record(recorded, at: now) { breaks(2, stale) }
            for key in farEnds.keys where key.town == recorded.town { stale.insert(key) }
        }
        for key in Set(news.alerts.map { TownMode(town: $0.town, mode: $0.alert.mode) }) { checkOracle(key) }
        for step in news.steps {
            if step.state == .rejected, step.detail?.isEmpty != false { breaks(6, "\(step.delivery) is rejected without a reason") }
            if let row = known.rows[step.delivery.text] { stale.insert(row.key) }
            if let row = known.step(step) { farEnds[row.key]?.unknown.insert(row.event) }
        }
    }

    // MARK: 2. What stands is what was said

    private func checkOracle(_ key: TownMode) {
        guard let hub = house?.hub else { return }
        let table = hub.standing(of: key.town, key.mode).orders()
        let live = Dictionary(
            table.map { (Oracle.name($0.subject.hazard ?? "", $0.subject.district ?? ""), $0.state.level ?? 0) },
            uniquingKeysWith: { $1 })
        let said = known.oracle[key]?.levels ?? [:]
        if live != said { breaks(2, "\(key.town) \(key.mode): the table has \(Self.words(live)), the words said \(Self.words(said))") }
    }

    private static func words(_ levels: [String: Int]) -> String {
        levels.isEmpty ? "nothing" : levels.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)" }.joined(separator: ", ")
    }

    /// Every place of which the log says that nothing is on its way shows what stands, or is known not to.
    private func checkPages() {
        guard let hub = house?.hub, !hub.towns.all.isEmpty else { return }
        for key in stale.sorted() where known.open[key]?.isEmpty != false {
            guard let farEnd = farEnds[key], !flights.values.contains(where: { $0.key == key }) else { continue }
            stale.remove(key)
            guard farEnd.canBeChanged else { continue }
            for mode in ModeName.allCases { checkPage(farEnd, mode, hub.standing(of: key.town, mode)) }
            checkLog(farEnd)
        }
    }

    private func checkPage(_ farEnd: NightFarEnd, _ mode: ModeName, _ table: Standing) {
        let stands = table.orders()
        for row in stands {
            let event = NightFarEnd.Event(mode: mode, event: row.event)
            guard !farEnd.unknown.contains(event) else { continue }
            let rows = farEnd.shown[event].flatMap { $0.isOver ? nil : $0.content.act?.standing } ?? []
            if !rows.contains(where: { $0.subject == row.subject && $0.state == row.state }) {
                breaks(2, "\(farEnd.key) \(mode) does not show \(row.subject.hazard ?? "") \(row.subject.district ?? "") level \(row.state.level ?? 0), which stands")
            }
        }
        for (event, shown) in farEnd.shown.sorted(by: { $0.key.event.text < $1.key.event.text }) where event.mode == mode {
            guard !shown.isOver, !farEnd.unknown.contains(event), shown.content.expires > clocks.wall, let act = shown.content.act else { continue }
            for row in act.standing where row.event == event.event {
                if !stands.contains(where: { $0.subject == row.subject && $0.state == row.state }) {
                    breaks(3, "\(farEnd.key) \(mode) shows \(row.subject.hazard ?? "") \(row.subject.district ?? "") level \(row.state.level ?? 0) (\(shown.content.id)), which does not stand")
                }
            }
        }
    }

    /// What the log says was delivered last is what is shown.
    private func checkLog(_ farEnd: NightFarEnd) {
        for (event, content) in (known.delivered[farEnd.key] ?? [:]).sorted(by: { $0.key.event.text < $1.key.event.text }) {
            guard !farEnd.unknown.contains(event), !known.lost.contains(content.id) else { continue }
            guard let shown = farEnd.shown[event] else { return breaks(2, "\(farEnd.key) shows nothing of \(content.id), which was delivered") }
            if content.revision.isNewer(than: shown.content.revision) {
                breaks(3, "\(farEnd.key) shows \(shown.content.id) after \(content.id) was delivered")
            }
        }
    }

    // MARK: 3, 4, 5. At the far end

    func checkArrival(_ flight: Flight, _ farEnd: NightFarEnd) {
        let isDrill = known.modes[flight.content.id] == .exercise
        if isDrill != (flight.side == "drill") || isDrill != flight.isMarkedAsDrill || isDrill != (flight.mode == .exercise) {
            breaks(4, "\(flight.content.id) is \(isDrill ? "a drill" : "real"), and came to the \(flight.side) side of \(flight.key) \(flight.isMarkedAsDrill ? "with" : "without") the mark")
        }
        if let shown = farEnd.shown[event(flight)]?.content, shown.revision.isNewer(than: flight.content.revision),
            !known.lost.contains(shown.id)
        {
            breaks(3, "\(flight.key) is told \(flight.content.id) after the newer \(shown.id)")
        }
        let others = (farEnd.soundings[flight.content.id] ?? []).subtracting([flight.id])
        if !others.isEmpty, !known.lost.contains(flight.content.id) {
            breaks(5, "\(flight.key) has \(flight.content.id) as \(flight.id) and as \(others.sorted().joined(separator: ", "))")
        }
    }

    /// One id is one alert: recorded once, or after it had been lost.
    private func checkOnce(_ recorded: NightDisk.Recorded) {
        let content = recorded.alert.content
        if disk.isDurable(content.id, in: recorded.town) || known.modes[content.id] != nil && !known.lost.contains(content.id) && known.rows.values.contains(where: { $0.content.id == content.id && $0.key.town == recorded.town }) {
            breaks(5, "\(content.id) is said a second time in \(recorded.town)")
        }
    }

    // MARK: 6. Every decision has a reason

    private func checkReasons(_ recorded: NightDisk.Recorded) {
        guard let town = towns.first(where: { $0.id == recorded.town }) else { return breaks(6, "a record of a town that nobody has") }
        let rows = recorded.alert.deliveries
        for row in rows where row.reason.isEmpty || row.sentence.isEmpty { breaks(6, "\(row.id) has no reason") }
        for endpoint in town.endpoints {
            let isAnswered = rows.contains { $0.channel == endpoint.channel && ($0.endpoint == endpoint.id || $0.endpoint == "*") }
            if !isAnswered { breaks(6, "\(recorded.alert.content.id): nothing says why \(endpoint.channel)/\(endpoint.id) is not told") }
        }
    }

    // MARK: 7. Who is well does not wait; and nothing that is over begins

    /// A message of one's own on the wire, and two turns of an answer; nobody else's trouble is in it.
    private static let bound = 2 * second

    func checkBeginning(_ flight: Flight, _ farEnd: NightFarEnd) {
        guard let hub = house?.hub else { return }
        // A wall clock that is set, and one that is put right, move ends.
        if !hasClockSteps, now > doubtsClockUntil, flight.content.expires <= hub.clock() { breaks(3, "\(flight.id) begins after its time was over") }
        guard farEnd.isWell, flight.priority == .immediate, flight.attempt == 1, let row = known.rows[flight.id], row.run == flight.run
        else { return }
        if now - row.offered > Self.bound {
            breaks(7, "\(flight.id) waited \((now - row.offered) / 1000) ms before a far end that is well")
        }
    }

    // MARK: 9. Bounds

    /// Every twenty seconds: what would be too much after every step.
    func checkNowAndThen() {
        guard let house else { return }
        let gauges = house.gauges()
        if gauges.timers > gauges.bound { breaks(9, "\(gauges.timers) timers for \(gauges.waiting) that wait") }
        if gauges.loads != gauges.waiting + gauges.onWire { breaks(9, "\(gauges.loads) loads, \(gauges.waiting) wait and \(gauges.onWire) are on the wire") }
        let late = flights.values.filter { $0.deadline < clocks.steady.advanced(by: .seconds(-5)) }
        if !late.isEmpty { breaks(9, "\(late.count) attempts hang past their deadline") }
        for mode in ModeName.allCases where house.hub.storyCount(mode) > 4_096 { breaks(9, "too many stories") }
        checkPages()
    }

    // MARK: 10. The fold of the log is what stands

    func checkStart() {
        checkFold("after a start")
        guard let hub = house?.hub else { return }
        for key in known.oracle.keys.sorted(by: { ($0.town, $0.mode.rawValue) < ($1.town, $1.mode.rawValue) }) {
            let live = hub.standing(of: key.town, key.mode)
            if live.orders().count != known.oracle[key]?.levels.count { checkOracle(key) }
        }
    }

    func checkFold(_ when: String) {
        guard let hub = house?.hub, !disk.hasTail else { return }
        for town in towns {
            for mode in ModeName.allCases {
                var fold = Standing()
                for alert in disk.contents(town.id) where alert.mode == mode && alert.content.town == town.id { fold.take(alert.content) }
                let live = hub.standing(of: town.id, mode)
                if fold.version != live.version || fold.orders() != live.orders() || fold.shelters != live.shelters {
                    breaks(10, "\(town.id) \(mode) \(when): the log makes version \(fold.version) with \(fold.orders().count) orders, the hub has \(live.version) with \(live.orders().count)")
                }
            }
        }
    }

    // MARK: 8. Everything settles

    func end() {
        guard report.broken == nil else { return }
        guard let house else { return breaks(8, "the hub is down") }
        if disk.hasTail { breaks(8, "the disk has not taken everything") }
        if !flights.isEmpty { breaks(8, "\(flights.count) attempts are on the wire") }
        if !waiters.isEmpty { breaks(8, "\(waiters.count) wait for an answer") }
        for (key, ids) in known.open.sorted(by: { $0.key < $1.key }) where !ids.isEmpty {
            breaks(8, "\(key): \(ids.sorted().prefix(3).joined(separator: ", ")) have no end")
        }
        let gauges = house.gauges()
        if gauges.waiting + gauges.onWire > 0 { breaks(8, "\(gauges.waiting) wait, \(gauges.onWire) are on the wire") }
        for town in towns {
            for act in house.hub.approvals(for: NightPeople.chief, town.id) where act.state == .waiting {
                breaks(8, "\(act.id) waits and nobody is asked")
            }
        }
        stale = Set(farEnds.keys)
        checkNowAndThen()
        checkFold("at the end")
        restartAtTheEnd()
    }

    /// Once more, with everything on the disk: the same state, and nothing goes out again.
    private func restartAtTheEnd() {
        guard report.broken == nil, let before = house?.hub else { return }
        let standings = towns.map { town in ModeName.allCases.map { before.standing(of: town.id, $0) } }
        let attempts = report.attempts
        disk.kill(kept: 0)
        house = nil
        start()
        turn()
        guard let hub = house?.hub else { return }
        if report.attempts != attempts { breaks(10, "a start with everything settled sends \(report.attempts - attempts) again") }
        let after = towns.map { town in ModeName.allCases.map { hub.standing(of: town.id, $0) } }
        if standings != after { breaks(10, "the tables are others after a start") }
    }
}
