/// Hub and schools: power, lines, clocks, disks, and who answers under the hub's name.
import AlertModel
import ChannelKit
import Devices
import Foundation
import Ledger
import NIOCore
import Relay
import Streams

extension FortnightWorld {
    static let hour = 3_600_000, minute = 60_000
    /// How often a place is told what stands there (the program: five minutes; a fortnight has time).
    static let stateEvery = 3 * hour
    /// 2025-01-01, where a machine begins that does not know the time.
    static let makersDay = 1_735_689_600_000

    func makeTown() {
        // A name that is one: six digits.
        guard let town = TownID(Self.town) else { return }
        for index in 0..<plan.edges {
            let topic = StreamTopic(town: town, site: "school\(index)"), line = PlayedLine(chance: PlayedChance(seed: plan.seed &* 977 &+ UInt64(index)))
            let school = School(index, topic: topic, token: "edge\(index)", clock: PlayedClock(time), line: line)
            register("e-\(index)", school.token, topic, #""role":"edge","#)
            for number in 0..<plan.tablets {
                // A school has teachers and pupils; the rest are a place's.
                let use = number % 15 == 0 ? "staff" : number % 5 == 4 ? nil : "pupil"
                let tablet = PageTablet(id: "d-\(index)-\(number)", token: "t\(index)-\(number)", home: index, use: use)
                register(tablet.id, tablet.token, topic, use.map { #""use":"\#($0)","# } ?? "")
                school.tablets.append(tablet)
            }
            schools.append(school)
            truth.append([:])
        }
        hubDisk.sync()
        hub = TownHub(hubDisk, town: town, clock: hubClock, planted: plan.planted)
        for school in schools {
            powerOn(school)
            for tablet in school.tablets { after(between(1000, 20_000)) { $0.connect(tablet) } }
        }
    }

    /// As it lies on the hub's disk: no chance of the program's own in it.
    private func register(_ id: String, _ token: String, _ topic: StreamTopic, _ more: String) {
        let text = """
            {"id":"\(id)","town":"\(Self.town)","site":"\(topic.site)","name":"\(id)","enrolled":0,"invitedBy":"desk",\(more)"tokenDigest":"\(DeviceRegister.digest(token))"}
            """
        hubDisk.write([("device/\(Self.town)/\(id)", Array(text.utf8))], run: hubDisk.run)
    }

    // MARK: a school's machine

    func powerOn(_ school: School) {
        guard school.edge == nil else { return }
        school.bornAt = now
        let edge = SchoolEdge(
            school.disk, topic: school.topic, token: school.token, line: school.line, clock: school.clock, chance: chance, planted: plan.planted)
        school.edge = edge
        school.told = edge.stream.catchUp(school.topic, since: nil).position
        touch(school)
        tell("\(school.topic.site) is on, clock wrong by \(school.clock.wrongness / 1000) s")
        after(between(500, 3000)) { $0.connect(school) }
        after(6000) { if $0.schools[school.index].edge === edge { edge.upstream.look(); $0.pushLive(school) } }
        for tablet in school.tablets where tablet.isAwake && tablet.server == school.index { after(between(2000, 20_000)) { $0.connect(tablet) } }
    }

    func powerOff(_ school: School) {
        guard school.edge != nil else { return }
        report.powerCuts += 1
        let tail = school.disk.tail, kept = between(0, tail)
        school.disk.kill(kept: kept)
        (school.edge, school.heard, school.told) = (nil, nil, nil)
        for tablet in school.tablets where tablet.server == school.index { hangUp(tablet) }
        tell("\(school.topic.site) loses its power, \(kept) of \(tail) writes kept")
    }

    func hangUp(_ tablet: PageTablet) {
        tablet.tries += 1
        if tablet.isLive { tablet.downSince = now }
        (tablet.isLive, tablet.isSending) = (false, false)
    }

    func cut(_ school: School) {
        guard !school.isCut else { return }
        report.cuts += 1
        school.isCut = true
        // The last sign of life is no older than a heartbeat.
        if school.heard != nil { school.edge?.take(": \n\n".utf8) }
        school.heard = nil
        school.line.set { $0.far = nil }
        tell("line of \(school.topic.site) is cut")
        let edge = school.edge
        after(42_000) { world in
            guard school.isCut, let edge, world.schools[school.index].edge === edge else { return }
            edge.upstream.look()
            world.pushLive(school)
        }
    }

    func mend(_ school: School) {
        guard school.isCut else { return }
        school.isCut = false
        tell("line of \(school.topic.site) is back")
        after(between(1000, 30_000)) { $0.connect(school) }
    }

    /// The edge's line comes to whoever answers under the hub's name.
    func connect(_ school: School) {
        guard let edge = school.edge, !school.isCut, school.heard == nil else { return }
        let position = edge.upstream.begin()
        guard school.stranger == nil else { return meetStranger(school, edge, position) }
        guard let hub else { return school.line.set { $0.far = nil } }
        school.line.set { $0.far = hub }
        let (octets, told) = hub.stream.greeting(school.topic, since: position, retry: between(1000, 4000))
        edge.take(plan.planted == .swallowsCancels ? withoutCancels(octets) : Array(octets.readableBytesView))
        (school.heard, school.connectedAt) = (told, now)
        touch(school)
        tell("\(school.topic.site) hears the hub from \(position.map { "\($0.offset)" } ?? "-") to \(told.offset)")
        pushLive(school)
        refresh(school)
        edge.forwarder.hurry()
        forward(school)
        exchange(school)
        // Somebody has come to where it was not said yet.
        after(between(1000, 5000)) { $0.sayStates(at: [school]) }
    }

    /// The register, and with it the time; asked again until it has come, as the program does every half minute.
    private func refresh(_ school: School) {
        guard let edge = school.edge, school.heard != nil else { return }
        let connectedAt = school.connectedAt
        begin({ await edge.mirror.refresh(); return nil }) { [self] _ in
            touch(school)
            guard schools[school.index].edge === edge, school.connectedAt == connectedAt, edge.watch.certainHubTime() == nil else { return }
            after(30_000) { $0.refresh(school) }
        }
    }

    private func meetStranger(_ school: School, _ edge: SchoolEdge, _ position: StreamPosition?) {
        guard let kind = school.stranger else { return }
        report.strangers += 1
        tell("\(school.topic.site) meets a stranger under the hub's name: \(kind)")
        school.line.set { $0.far = Stranger(kind: kind, time: time) }
        switch kind {
        case .refuses, .website: break
        case .portal: edge.take("<!doctype html>\n<html><body>\nWelcome: log in\n</body></html>\n".utf8)
        case .talks:
            let line = alertLine(
                id: "stranger-\(now)", event: "stranger", mode: "actual", serial: 1, gravity: "emergency", message: "alert", isOver: false, key: "stranger",
                number: lastNumber + 1_000_000, expires: time.right + 6 * Self.hour, seal: "other")
            let state = #"{"at":"\#(PageTime.write(time.right))","in_force":{},"town":"\#(Self.town)","seal":{"key":"other","number":\#(lastNumber + 2_000_000)}}"#
            edge.take("event: resync\ndata: {\"reason\":\"gap\"}\n\nevent: alert\nid: 99-1\ndata: {\"expires_in\":21600,\(line.dropFirst())\n\nevent: state\nid: 99-2\ndata: \(state)\n\nid: 99-2\n\n".utf8)
        }
        touch(school)
        begin({ await edge.mirror.refresh(); return nil }) { [self] _ in touch(school) }
        pushLive(school)
        forward(school)
    }

    private func withoutCancels(_ octets: ByteBuffer) -> [UInt8] {
        let text = String(buffer: octets)
        return Array(text.components(separatedBy: "\n\n").filter { !$0.hasPrefix("event: cancel") && !$0.hasPrefix("event: state") }.joined(separator: "\n\n").utf8)
    }

    /// What is new at the hub for this line.
    func pass(_ school: School) {
        guard let hub, let edge = school.edge, let heard = school.heard else { return }
        let (replay, position) = hub.stream.catchUp(school.topic, since: heard)
        guard case .events(let entries) = replay else {
            school.heard = nil
            return after(between(1000, 5000)) { $0.connect(school) }
        }
        for entry in entries {
            if plan.planted == .swallowsCancels, entry.event.name != "alert" { continue }
            edge.take(Array(ServerSentEvent.encode(entry, epoch: position.epoch, now: time.ticking).readableBytesView))
        }
        school.heard = position
        touch(school)
        pushLive(school)
    }

    /// What is new at the edge for the tablets on its line.
    func pushLive(_ school: School) {
        guard let edge = school.edge, let told = school.told else { return }
        let (replay, position) = edge.stream.catchUp(school.topic, since: told)
        school.told = position
        guard case .events(let entries) = replay else {
            // Something was forgotten: everybody is sent back.
            for tablet in school.tablets where tablet.isLive && tablet.server == school.index {
                hangUp(tablet)
                after(between(1000, 5000)) { $0.connect(tablet) }
            }
            return
        }
        guard !entries.isEmpty else { return }
        let events = entries.map { event($0, position.epoch) }
        for tablet in school.tablets where tablet.isLive && tablet.server == school.index { take(events, at: tablet) }
    }

    /// The edge hands on what it keeps.
    func forward(_ school: School) {
        guard let edge = school.edge, !school.isForwardPlanned else { return }
        school.isForwardPlanned = true
        after(between(200, 1000)) { [self] _ in
            guard schools[school.index].edge === edge else {
                school.isForwardPlanned = false
                return
            }
            begin({ await edge.forwarder.send(); return nil }) { [self] _ in
                school.isForwardPlanned = false
                touch(school)
                let waits = edge.outbox.gauges
                if waits.receipts + waits.reports > 0, !school.isCut { after(between(20_000, 60_000)) { $0.forward(school) } }
            }
        }
    }

    /// Roll-calls of school and hub.
    func exchange(_ school: School) {
        guard let edge = school.edge, school.heard != nil else { return }
        begin({ await edge.counts.tell(); return nil }) { [self] _ in touch(school) }
    }

    // MARK: the hub

    func keepCopy() {
        hubDisk.sync()
        pump()
        hubDisk.sync()
        copy = (hubDisk.durable, truth, now)
    }

    /// The hub's disk is lost; what a day-old copy knows comes back, under another epoch.
    func restoreHub() {
        guard let copy, let town = TownID(Self.town) else { return }
        report.restored += 1
        let lost = Set(hubDisk.durable.rows.keys).subtracting(copy.contents.rows.keys)
        gone.formUnion(lost)
        report.goneWithTheDisk += lost.count
        hubDisk.restore(copy.contents)
        truth = copy.truth
        tell("the hub is restored from a copy of day \(copy.at / 86_400_000), \(lost.count) records gone")
        hub = TownHub(hubDisk, town: town, clock: hubClock, planted: plan.planted)
        for school in schools {
            school.line.set { $0.far = nil }
            school.heard = nil
            after(between(2000, 60_000)) { $0.connect(school) }
            for tablet in school.tablets where tablet.server == nil {
                hangUp(tablet)
                after(between(2000, 60_000)) { $0.connect(tablet) }
            }
        }
    }

    /// What stands is said at each place, now and then and after each change.
    func sayStates(at places: [School]) {
        guard let hub else { return }
        for school in places {
            let standing = hub.stream.standing(in: school.topic)
            lastNumber = max(lastNumber + 1, UInt64(time.right))
            let list = standing.sorted { $0.key < $1.key }.map { "\"\($0.key)\":\($0.value)" }.joined(separator: ",")
            let line = #"{"at":"\#(PageTime.write(time.right))","in_force":{\#(list)},"town":"\#(Self.town)","seal":{"key":"town","number":\#(lastNumber)}}"#
            hub.stream.publish(StreamEvent(name: "state", data: Array(line.utf8), key: "other/state", number: lastNumber), to: school.topic)
            pass(school)
            for tablet in school.tablets where tablet.isLive && tablet.server == nil { listenAtHub(tablet) }
        }
    }

    // MARK: what the seed brings

    func planFaults() {
        let span = days
        for school in schools {
            for _ in 0..<between(2, 5) { let at = between(0, span); self.at(at) { $0.cut(school); $0.after($0.between(2 * Self.minute, 9 * Self.hour)) { $0.mend(school) } } }
            // One school in four is alone for days.
            if chance.happens(25) { self.at(between(0, span / 2)) { $0.cut(school); $0.after($0.between(24, 96) * Self.hour) { $0.mend(school) } } }
            for _ in 0..<between(1, 4) {
                self.at(between(0, span)) { world in
                    guard school.edge != nil, !world.areFaultsOver else { return }
                    world.powerOff(school)
                    let off = world.chance.happens(60) ? world.between(10_000, 20 * Self.minute) : world.between(Self.hour, 9 * Self.hour)
                    world.after(off) { world in
                        world.setClockAtStart(school, off)
                        world.powerOn(school)
                    }
                }
            }
            for _ in 0..<between(0, 3) { self.at(between(0, span)) { $0.stepClock(school) } }
            if chance.happens(40) {
                self.at(between(0, span)) { world in
                    guard !world.areFaultsOver else { return }
                    school.stranger = world.chance.pick(StrangerKind.allCases)
                    school.heard = nil
                    school.line.set { $0.far = nil }
                    world.connect(school)
                    world.after(world.between(5 * Self.minute, 5 * Self.hour)) { $0.endStranger(school) }
                }
            }
            self.at(between(0, span)) { world in
                school.line.set { $0.losesAnswers = true }
                world.after(world.between(Self.hour, 30 * Self.hour)) { _ in school.line.set { $0.losesAnswers = false } }
            }
        }
        for day in 0..<plan.days { self.at(day * 86_400_000 + 3 * Self.hour) { $0.keepCopy() } }
        if plan.days > 2 { self.at(between(span / 3, span - 86_400_000)) { $0.restoreHub() } }
        for round in 1...max(1, span / Self.stateEvery + 8) { self.at(round * Self.stateEvery) { $0.sayStates(at: $0.schools) } }
        for round in 1...max(1, span / Self.hour + 24) { self.at(round * Self.hour + 7) { $0.sweep() } }
    }

    func endStranger(_ school: School) {
        guard school.stranger != nil else { return }
        school.stranger = nil
        school.heard = nil
        school.line.set { $0.far = nil }
        tell("the stranger at \(school.topic.site) is gone")
        after(between(1000, 30_000)) { $0.connect(school) }
    }

    private func sweep() {
        hub?.stream.sweep(now: time.ticking)
        for school in schools {
            school.edge?.stream.sweep(now: time.ticking)
            if let edge = school.edge {
                // The program looks every second, and notes the time then.
                if school.heard == nil {
                    edge.upstream.look()
                    pushLive(school)
                }
                touch(school)
            }
            // The program asks every half minute; what it was last told is as old as an hour here.
            refresh(school)
            if school.rollCall != nil { exchange(school) }
        }
    }

    /// A machine without a battery for its clock goes on where it stopped, or at a day of its maker's.
    private func setClockAtStart(_ school: School, _ off: Int) {
        switch between(1, 10) {
        case 1...5: return
        case 6...8: school.clock.set(wrong: school.clock.wrongness - off)
        // On the same day each time, to the millisecond.
        case 9: school.clock.set(wrong: Self.makersDay - time.right)
        default: school.clock.set(wrong: 365 * 86_400_000)
        }
        report.clockSteps += 1
    }

    private func stepClock(_ school: School) {
        guard !areFaultsOver else { return }
        report.clockSteps += 1
        school.clock.set(wrong: chance.happens(40) ? 0 : between(-30 * 86_400, 30 * 86_400) * 1000)
        tell("clock of \(school.topic.site) jumps, wrong by \(school.clock.wrongness / 1000) s")
    }
}
