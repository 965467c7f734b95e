/// Tablets: how they come to their server, what they take from it, and what they tell it.
import AlertModel
import ChannelKit
import Foundation
import Relay
import Streams

/// An event as a tablet reads it.
struct PageEvent: Sendable {
    enum What: Sendable { case resync, position, line, alert(PageLine), state(StateWord), other }
    var what: What
    var id: StreamPosition?
    var lasts: Int?
}

private struct StateShape: Decodable {
    struct Seal: Decodable {
        var key: String
        var number: UInt64
    }
    var at, town: String
    var in_force: [String: UInt64]?
    var seal: Seal

    var word: StateWord { StateWord(number: seal.number, key: seal.key, town: town, at: PageTime.read(at), standing: in_force ?? [:]) }
}

/// The answer to a catch-up.
private struct CatchUp: Decodable {
    struct Event: Decodable {
        var id: String?
        var event: PageEvent

        enum Key: String, CodingKey { case id, event, data }

        init(from decoder: any Decoder) throws {
            let said = try decoder.container(keyedBy: Key.self)
            let what: PageEvent.What
            var lasts: Int?
            switch try said.decode(String.self, forKey: .event) {
            case "alert", "cancel":
                let line = try said.decode(PageLine.self, forKey: .data)
                (what, lasts) = (.alert(line), line.expires_in)
            case "state": what = .state(try said.decode(StateShape.self, forKey: .data).word)
            case "line": what = .line
            default: what = .other
            }
            event = PageEvent(what: what, id: try said.decodeIfPresent(String.self, forKey: .id).flatMap { StreamPosition($0) }, lasts: lasts)
        }
    }
    var position: String
    var resync: Bool
    var server_time: String
    var server_time_is_certain: Bool?
    var events: [Event]
}

extension FortnightWorld {
    /// As it is told now.
    func event(_ entry: StreamLog.Entry, _ epoch: UInt64) -> PageEvent {
        var event = read(entry.event)
        event.id = StreamPosition(epoch: epoch, offset: entry.offset)
        // As `ServerSentEvent.body` says it.
        event.lasts = entry.expires.map { Int(max(0, time.ticking.duration(to: $0).components.seconds)) }
        return event
    }

    /// The same line is read once for all.
    private func read(_ event: StreamEvent) -> PageEvent {
        if let known = lines[event.data] { return known }
        let what: PageEvent.What
        switch event.name {
        case "alert", "cancel": what = (try? JSONDecoder().decode(PageLine.self, from: Data(event.data))).map { .alert($0) } ?? .other
        case "state": what = (try? JSONDecoder().decode(StateShape.self, from: Data(event.data))).map { .state($0.word) } ?? .other
        case "line": what = .line
        default: what = .other
        }
        if lines.count > 4000 { lines = [:] }
        let read = PageEvent(what: what)
        lines[event.data] = read
        return read
    }

    private func ask(_ tablet: PageTablet, _ method: String, _ path: String, _ body: String?, then: @escaping (HTTPAnswer?) -> Void) {
        let token = tablet.token
        if let server = tablet.server {
            // A school of this world.
            let school = schools[server]
            guard let edge = school.edge else { return then(nil) }
            touch(school)
            begin({ await edge.answer(method, path, body, token: token) }) { [self] answer in
                // The power went meanwhile.
                then(schools[server].edge === edge ? answer : nil)
            }
        } else {
            if let kind = tablet.stranger {
                let stranger = Stranger(kind: kind, time: time), call = HTTPCall(method: method, url: "http://hub" + path)
                return begin({ await stranger.answer(call) }) { then($0) }
            }
            guard let hub else { return then(nil) }
            var headers = [(name: "Authorization", value: "Bearer \(token)")]
            if let body { headers += [(name: "Content-Type", value: "application/json"), (name: "Content-Length", value: "\(body.utf8.count)")] }
            let call = HTTPCall(method: method, url: "http://hub" + path, headers: headers, body: Array((body ?? "").utf8))
            begin({ await hub.answer(call) }) { [self] answer in then(self.hub === hub ? answer : nil) }
        }
    }

    // MARK: coming to it

    func connect(_ tablet: PageTablet) {
        guard tablet.isAwake, !tablet.isLive else { return }
        tablet.tries += 1
        let attempt = tablet.tries
        if let since = tablet.downSince, now - since > 30_000 { tablet.wantsWhole = true }
        catchUp(tablet, since: tablet.position, attempt) { [self] isWhole in
            guard tablet.wantsWhole, !isWhole else { return listen(tablet) }
            catchUp(tablet, since: nil, attempt) { [self] _ in listen(tablet) }
        }
    }

    private func catchUp(_ tablet: PageTablet, since: StreamPosition?, _ attempt: Int, then: @escaping (Bool) -> Void) {
        ask(tablet, "GET", "/v1/catch-up" + (since.map { "?since=\($0)" } ?? ""), nil) { [self] answer in
            guard tablet.tries == attempt, tablet.isAwake else { return }
            guard let answer else { return retry(tablet, attempt) }
            tablet.isUnknown = answer.status == 401
            if answer.status == 200 || answer.status == 404, tablet.stranger != nil { tablet.isUnknown = true }
            guard answer.status == 200, let said = try? JSONDecoder().decode(CatchUp.self, from: Data(answer.body)) else { return retry(tablet, attempt) }
            tell(said, tablet)
            let isWhole = since == nil || said.resync
            var events = said.events.map(\.event)
            if isWhole { events.insert(PageEvent(what: .resync), at: 0) }
            events.append(PageEvent(what: .position, id: StreamPosition(said.position)))
            take(events, at: tablet, isLive: false)
            // Something stands that did not come: all of it is asked for anew.
            guard tablet.tries == attempt else { return }
            then(isWhole)
        }
    }

    private func tell(_ said: CatchUp, _ tablet: PageTablet) {
        let time = PageTime.read(said.server_time), running = tablet.running(now)
        if said.server_time_is_certain == false { tablet.clock.guess(time, running: running) } else { tablet.clock.learn(time, running: running) }
    }

    /// As `#halfMinute` of the page; what is said besides comes on the line.
    private func askTime(_ tablet: PageTablet) {
        let attempt = tablet.tries
        after(10 * Self.minute) { world in
            guard tablet.tries == attempt, tablet.isLive, tablet.clock.isGuessed else { return }
            world.ask(tablet, "GET", "/v1/catch-up" + (tablet.position.map { "?since=\($0)" } ?? ""), nil) { answer in
                guard tablet.tries == attempt, tablet.isAwake else { return }
                if let answer, answer.status == 200, let said = try? JSONDecoder().decode(CatchUp.self, from: Data(answer.body)) { world.tell(said, tablet) }
                world.askTime(tablet)
            }
        }
    }

    /// A machine that is off is come to when it is on again; one that does not know this tablet is asked now and then.
    private func retry(_ tablet: PageTablet, _ attempt: Int) {
        guard tablet.isUnknown else { return }
        after(between(20, 40) * Self.minute) { if tablet.tries == attempt { $0.connect(tablet) } }
    }

    private func listen(_ tablet: PageTablet) {
        let (stream, topic) = (tablet.server.flatMap { schools[$0].edge?.stream } ?? (tablet.server == nil ? hub?.stream : nil), schools[tablet.home].topic)
        guard let stream else { return }
        let (replay, position) = stream.catchUp(topic, since: tablet.position)
        var events: [PageEvent] = []
        let (entries, isGap): ([StreamLog.Entry], Bool) = switch replay {
        case .events(let entries): (entries, false)
        case .gap(let entries): (entries, true)
        }
        if isGap { events.append(PageEvent(what: .resync)) }
        events += entries.map { event($0, position.epoch) }
        events.append(PageEvent(what: .position, id: position))
        (tablet.isLive, tablet.wantsWhole, tablet.downSince, tablet.liveSince) = (true, false, nil, now)
        take(events, at: tablet)
        send(tablet)
        if tablet.clock.isGuessed { askTime(tablet) }
    }

    func listenAtHub(_ tablet: PageTablet) {
        guard let hub, let position = tablet.position else { return }
        let (replay, new) = hub.stream.catchUp(schools[tablet.home].topic, since: position)
        guard case .events(let entries) = replay else {
            hangUp(tablet)
            return after(between(1000, 5000)) { $0.connect(tablet) }
        }
        if !entries.isEmpty { take(entries.map { event($0, new.epoch) }, at: tablet) }
    }

    // MARK: what comes

    func take(_ events: [PageEvent], at tablet: PageTablet, isLive: Bool = true) {
        if isLive { age(tablet) }
        for event in events {
            switch event.what {
            case .resync: tablet.board.beginReplay()
            case .position: tablet.board.endReplay(isLeft: true)
            case .alert(var line):
                line.expires_in = event.lasts
                take(line, at: tablet)
            case .state(let word): take(word, at: tablet)
            case .line, .other: break
            }
            if let id = event.id { tablet.position = id }
        }
        tablet.keep(now)
        look(at: tablet)
        if tablet.isLive { send(tablet) }
    }

    func age(_ tablet: PageTablet) { if plan.planted != .endsNothing { tablet.age(now) } }

    private func take(_ told: PageLine, at tablet: PageTablet) {
        var line = told
        if plan.planted == .tellsDrillsForReal, line.isDrill, chance.happens(1) { line.mode = "actual" }
        let word = plan.planted == .believesStrangers ? .proven : tablet.seals.judge(&line, town: Self.town, key: "town")
        if word == .old, plan.planted != .takesOlderForNewer { return }
        if plan.planted == .takesOlderForNewer { line.revision.serial = lastID }
        if word != .doubt {
            receipt("reached", line, tablet)
            for time in [line.server_time.map { PageTime.read($0) } ?? 0, tablet.seals.floor] { tablet.clock.atLeast(time, running: tablet.running(now)) }
            if let lasts = line.expires_in, let left = tablet.seals.left(line, now: tablet.hubTime(now)) {
                if tablet.clock.isGuessed, left <= 0 { return }
                if left > lasts || tablet.clock.isGuessed { line.expires_in = left }
            }
        }
        let change = tablet.board.take(line, isDoubtful: word == .doubt, now: tablet.hubTime(now))
        if plan.planted == .dropsWhatStands, chance.happens(1) { tablet.board.drop { $0 == line.key } }
        guard word != .doubt, change != .ignored, change != .halted else { return }
        report.shown += 1
        if tablet.isInFront { receipt("shown", line, tablet) }
        if chance.happens(20) { after(between(2000, 600_000)) { if tablet.isAwake { $0.receipt("touched", line, tablet); $0.send(tablet) } } }
    }

    private func take(_ word: StateWord, at tablet: PageTablet) {
        guard word.key == "town", word.town == Self.town, let (gone, again) = tablet.seals.take(word) else { return }
        tablet.clock.atLeast(tablet.seals.floor, running: tablet.running(now))
        tablet.board.drop(gone)
        guard again else { return }
        // Something stands that did not come: it is asked for at once.
        tablet.wantsWhole = true
        hangUp(tablet)
        after(between(10, 1000)) { $0.connect(tablet) }
    }

    // MARK: what is told

    /// As `outbox.js` looks at it.
    private func isOurs(_ answer: HTTPAnswer, _ batch: [PageOutbox.Entry]) -> Bool {
        struct Taken: Decodable { var accepted: [String] }
        guard (200..<300).contains(answer.status) else { return answer.header("Content-Type")?.hasPrefix("application/problem+json") == true }
        let accepted = try? JSONDecoder().decode(Taken.self, from: Data(answer.body)).accepted
        return accepted.map { list in batch.allSatisfy { list.contains($0.id) } } ?? false
    }

    func receipt(_ level: String, _ line: PageLine, _ tablet: PageTablet) {
        add(.receipts, level + "-" + pageShortName(line.id), #","alert":"\#(line.id)","level":"\#(level)""#, tablet)
    }

    func add(_ path: PageOutbox.Path, _ id: String, _ rest: String, _ tablet: PageTablet) {
        tablet.outbox.add(.init(path: path, id: id, rest: rest, wall: now + tablet.wallOffset, tick: tablet.running(now), session: tablet.session, hub: tablet.certainTime(now), least: tablet.leastTime(now)))
        if path != .answers { said.insert("\(tablet.id)/\(id)") }
    }

    func send(_ tablet: PageTablet) {
        guard tablet.isAwake, tablet.isLive || tablet.stranger != nil, !tablet.isSending, !tablet.outbox.entries.isEmpty else { return }
        let batch = tablet.outbox.waiting, session = tablet.session
        guard let first = batch.first else { return }
        tablet.isSending = true
        let bodies = batch.map { entry in
            let age = PageOutbox.age(entry, running: tablet.running(now), wall: now + tablet.wallOffset, session: tablet.session, hub: tablet.certainTime(now))
            let then = entry.path == .answers ? (entry.hub ?? entry.least).map { #","not_before_ms":\#($0)"# } ?? "" : ""
            return #"{"id":"\#(entry.id)","elapsed_ms":\#(age)\#(then)\#(entry.rest)}"#
        }
        let list = bodies.joined(separator: ",")
        let body = switch first.path {
        case .receipts: #"{"receipts":[\#(list)]}"#
        case .answers: #"{"answers":[\#(list)]}"#
        case .reports: list
        }
        let server = tablet.server
        ask(tablet, "POST", "/v1/" + first.path.rawValue, body) { [self] answer in
            guard tablet.session == session else { return }
            tablet.isSending = false
            // It was taken, and the answer did not come: it will be told again.
            guard let answer, !chance.happens(areFaultsOver ? 0 : 3) else {
                if answer != nil { report.answersLost += 1 }
                return after(between(20_000, 40_000)) { $0.send(tablet) }
            }
            if answer.status == 202, let server { forward(schools[server]) }
            // A word told to the hub comes to the school with its next question; of another school's machine it is nobody's. Where neither an edge nor the tablet
            // knew the time, what was said before it had power again is taken for older than it is: that is known, and not asked about.
            if answer.status == 202, first.path == .answers, server == tablet.home {
                let isKnown = schools[tablet.home].edge?.watch.certainHubTime() != nil
                acknowledged(isKnown ? batch : batch.filter { dated.contains("\(tablet.id)/\($0.id)") }, tablet)
            }
            let isTaken = isOurs(answer, batch)
            if tablet.outbox.answered(batch, status: answer.status, isOurs: isTaken) { return send(tablet) }
            tell("\(tablet.id) is told \(answer.status) for \(first.path.rawValue)")
            if tablet.isLive { after(between(60_000, 120_000)) { $0.send(tablet) } }
        }
    }
}
