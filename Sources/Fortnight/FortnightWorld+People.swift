/// Who does what: the town says things, shelters report, schools call their rolls, tablets are laid aside and carried about.
import AlertModel
import ChannelKit
import Devices
import Foundation
import Relay
import Streams

extension FortnightWorld {
    func planPeople() {
        for _ in 0..<plan.days * 4 { at(between(Self.minute, days - Self.hour)) { $0.beginEvent() } }
        for school in schools {
            for _ in 0..<max(2, plan.days / 3) { at(between(Self.hour, days - 30 * Self.hour)) { $0.openRollCall(school) } }
            for tablet in school.tablets {
                for _ in 0..<between(plan.days / 2, plan.days) { at(between(0, days)) { $0.layAside(tablet) } }
                if tablet.use != "pupil" { for _ in 0..<plan.days { at(between(0, days)) { $0.reportFrom(tablet) } } }
                if chance.happens(10) { at(between(0, days)) { $0.setClock(tablet) } }
            }
        }
    }

    // MARK: what the town says

    private func beginEvent() {
        lastID += 1
        let event = "e\(lastID)", mode = chance.happens(30) ? "exercise" : "actual"
        let places = chance.happens(50) ? schools : schools.filter { _ in chance.happens(30) }
        let gravity = chance.pick(["information", "advisory", "warning", "danger", "emergency"])
        say(event, mode, 1, gravity, "alert", isOver: false, lasts: between(20, 40 * 60) * Self.minute, at: places)
        var (moment, serial) = (0, 1)
        for _ in 0..<between(0, 3) {
            moment += between(30_000, 6 * Self.hour)
            serial += 1
            let number = serial, next = chance.pick(["advisory", "warning", "danger"])
            after(moment) { $0.say(event, mode, number, next, "alert", isOver: false, lasts: $0.between(20, 40 * 60) * Self.minute, at: places, goesOn: true) }
        }
        moment += between(60_000, 10 * Self.hour)
        serial += 1
        let last = serial
        switch between(1, 10) {
        case 1...4: after(moment) { $0.say(event, mode, last, gravity, "cancel", isOver: true, lasts: 24 * Self.hour, at: places, goesOn: true) }
        case 5...7: after(moment) { $0.say(event, mode, last, "information", "alert", isOver: true, lasts: 6 * Self.hour, at: places, goesOn: true) }
        default: break
        }
    }

    private func say(
        _ event: String, _ mode: String, _ serial: Int, _ gravity: String, _ message: String, isOver: Bool, lasts: Int, at places: [School], goesOn: Bool = false
    ) {
        guard let hub else { return }
        let key = mode == "exercise" ? "exercise/\(event)" : event
        // A hub that was restored does not know of what it is to go on with.
        let places = goesOn ? places.filter { truth[$0.index][key].map { !$0.isOver && $0.expires > time.right } ?? false } : places
        guard !places.isEmpty else { return }
        lastNumber = max(lastNumber + 1, UInt64(time.right))
        report.acts += 1
        let id = "\(event)-\(serial)", expires = time.right + lasts
        let line = alertLine(
            id: id, event: event, mode: mode, serial: serial, gravity: gravity, message: message, isOver: isOver, key: key, number: lastNumber,
            expires: expires, seal: "town")
        let issue = Issue(id: id, key: key, mode: mode, number: lastNumber, expires: expires, isOver: isOver, saidAt: now)
        issues[id] = issue
        tell("\(message) \(id) \(mode) \(gravity) at \(places.count) places, \(isOver ? "over" : "for \(lasts / Self.minute) min")")
        for school in places {
            report.lines += 1
            truth[school.index][key] = issue
            hub.stream.publish(
                StreamEvent(
                    name: message == "cancel" ? "cancel" : "alert", data: Array(line.utf8), key: key, expiresIn: .milliseconds(lasts),
                    isRevocation: message == "cancel",
                    bearing: .init(mode: mode == "exercise" ? .exercise : .actual, gravity: Gravity(word: gravity) ?? .warning, isOver: isOver), number: lastNumber),
                to: school.topic)
            pass(school)
            for tablet in school.tablets where tablet.isLive && tablet.server == nil { listenAtHub(tablet) }
        }
        after(between(500, 2000)) { $0.sayStates(at: places) }
    }

    func alertLine(
        id: String, event: String, mode: String, serial: Int, gravity: String, message: String, isOver: Bool, key: String, number: UInt64, expires: Int, seal: String
    ) -> String {
        let sent = PageTime.write(time.right)
        return #"{"id":"\#(id)","event":"\#(event)","mode":"\#(mode)","message":"\#(message)","gravity":"\#(gravity)","over":\#(isOver),"key":"\#(key)","town":"\#(Self.town)","sent":"\#(sent)","server_time":"\#(sent)","expires":"\#(PageTime.write(expires))","revision":{"series":"s","serial":\#(serial),"sent":"\#(sent)"},"texts":{"ja":{"title":"\#(id)"}},"seal":{"key":"\#(seal)","number":\#(number)}}"#
    }

    // MARK: what shelters and schools say

    private func reportFrom(_ tablet: PageTablet) {
        lastID += 1
        add(.reports, "r\(lastID)", #","people":\#(between(0, 400)),"crowding":"crowded""#, tablet)
        report.reports += 1
        send(tablet)
    }

    private func openRollCall(_ school: School) {
        guard let teacher = school.tablets.first(where: { $0.isStaff && $0.isLive && $0.server == school.index }), let edge = school.edge, school.rollCall == nil
        else { return }
        lastID += 1
        let number = lastID, mode = chance.happens(50) ? "exercise" : "actual", token = teacher.token
        touch(school)
        begin({ await edge.answer("POST", "/v1/rollcall", #"{"id":"c\#(number)","mode":"\#(mode)"}"#, token: token) }) { [self] answer in
            guard schools[school.index].edge === edge, answer?.status == 201 else { return }
            report.rollCalls += 1
            tell("\(school.topic.site) calls the roll, \(mode)")
            school.rollCall = OpenCall(id: "\(teacher.id)/c\(number)", mode: mode, openedAt: now)
            exchange(school)
            for tablet in school.tablets where tablet.use != nil {
                for _ in 0..<(chance.happens(20) ? 2 : 1) { after(between(1000, 4 * Self.hour)) { $0.answerRoll(tablet, mode) } }
            }
            after(between(8, 20) * Self.hour) { $0.closeRollCall(school, by: teacher) }
        }
    }

    private func answerRoll(_ tablet: PageTablet, _ mode: String) {
        guard schools[tablet.home].rollCall != nil else { return }
        lastID += 1
        answerTimes["\(tablet.id)/a\(lastID)"] = now
        if let known = tablet.certainTime(now), abs(known - time.right) < Self.grace { dated.insert("\(tablet.id)/a\(lastID)") }
        report.answers += 1
        add(.answers, "a\(lastID)", #","state":"\#(chance.pick(["safe", "safe", "hurt", "help"]))","mode":"\#(mode)""#, tablet)
        send(tablet)
    }

    private func closeRollCall(_ school: School, by teacher: PageTablet) {
        guard let call = school.rollCall else { return }
        // The teacher waits until there is power, and the tablets have said what they know; after three days it is over by itself.
        let isWhole = school.tablets.allSatisfy { tablet in !tablet.outbox.entries.contains { $0.path == .answers } }, isOld = now - call.openedAt > 60 * Self.hour
        guard let edge = school.edge, isWhole || isOld else { return after(Self.hour) { $0.closeRollCall(school, by: teacher) } }
        if !isOld { lookAtRoll(school, call, edge) }
        school.rollCall = nil
        touch(school)
        let token = teacher.token
        begin({ await edge.answer("POST", "/v1/rollcall/close", #"{"id":"\#(call.id)"}"#, token: token) }) { [self] _ in exchange(school) }
    }

    // MARK: where tablets are

    private func layAside(_ tablet: PageTablet) {
        guard tablet.isAwake, !areFaultsOver else { return }
        report.sleeps += 1
        hangUp(tablet)
        tablet.isAwake = false
        let length = chance.happens(60) ? between(30_000, 40 * Self.minute) : between(Self.hour, 20 * Self.hour)
        after(length) { $0.takeUp(tablet) }
    }

    private func takeUp(_ tablet: PageTablet) {
        tablet.isAwake = true
        tablet.isInFront = chance.happens(80)
        (tablet.server, tablet.stranger, tablet.isUnknown) = (tablet.home, nil, false)
        if chance.happens(30) {
            report.reloads += 1
            tablet.reload(now)
            if plan.planted == .forgetsTheOutbox { tablet.outbox = PageOutbox() }
        }
        // It stands again before who looks at it: the page's tick comes before its line.
        tablet.wantsWhole = true
        age(tablet)
        if !areFaultsOver {
            switch between(1, 100) {
            case 1...4:
                report.carried += 1
                tablet.server = (tablet.home + 1) % schools.count
                after(between(10, 180) * Self.minute) { $0.carryBack(tablet) }
            case 5...12:
                report.carried += 1
                tablet.server = nil
                if chance.happens(20) { tablet.stranger = chance.pick([.refuses, .portal, .website]) }
                after(between(10, 600) * Self.minute) { $0.carryBack(tablet) }
            default: break
            }
        }
        connect(tablet)
    }

    func carryBack(_ tablet: PageTablet) {
        guard tablet.server != tablet.home else { return }
        hangUp(tablet)
        (tablet.server, tablet.stranger, tablet.isUnknown, tablet.wantsWhole) = (tablet.home, nil, false, true)
        connect(tablet)
    }

    private func setClock(_ tablet: PageTablet) {
        report.clockSteps += 1
        tablet.wallOffset = between(-3 * 86_400, 3 * 86_400) * 1000
    }
}
