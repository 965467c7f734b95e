internal import AlertModel
package import ChannelKit
package import Devices
package import Streams
package import FoundationEssentials
internal import Foundation
internal import HTTPTypes
package import Hummingbird
internal import Serving
internal import Synchronization
internal import Web

/// 点呼 as tablets ask and tell it, the same at the hub and at an edge.
package struct RollCallDesk: Sendable {
    private struct Answers: Decodable {
        struct Item: Decodable {
            /// The tablet's own number of it: what it may forget once it was taken.
            var id: String
            var state: String
            var place: String?
            /// `actual` unless said.
            var mode: String?
            /// Of whom, where it is not this tablet's own: a device's id, or a name of one who has none.
            var of, name: String?
            var elapsed_ms: Double?
            /// The hub's time, since 1970, as the tablet knew it then: it was said no earlier.
            var not_before_ms: Double?
        }
        var answers: [Item]
        /// Whose they are, when an edge hands in what a guest told it.
        var device: String?

        init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: Key.self)
            device = try container.decodeIfPresent(String.self, forKey: .device)
            answers = container.contains(.answers) ? try container.decode([Item].self, forKey: .answers) : [try Item(from: decoder)]
        }
        private enum Key: String, CodingKey { case answers, device }
    }

    /// At an edge: its site, and where a guest's answers go beside, since his own place has to hear of them.
    package struct Beyond: Sendable {
        let site: String
        let pass: @Sendable (PassedAnswer, Device) async throws -> Void

        package init(site: String, pass: @escaping @Sendable (PassedAnswer, Device) async throws -> Void) {
            (self.site, self.pass) = (site, pass)
        }
    }

    private struct Opening: Decodable {
        var id: String
        var mode: String?
    }

    /// Which one, as it was read: another teacher may have opened another since.
    private struct Closing: Decodable { var id: String }

    private struct CallShape: Encodable {
        var id, mode, opened_at, by: String
        var closed_at: String?

        init(_ call: RollCall) {
            (id, mode, by) = (call.id, call.mode.rawValue, call.by)
            opened_at = JapanTime.text(call.opened, milliseconds: false)
            closed_at = call.closed.map { JapanTime.text($0, milliseconds: false) }
        }
    }

    private struct AnswerShape: Encodable {
        var state, at: String
        var place: String?
        /// True where another tablet said it.
        var by_other: Bool?

        init(_ answer: RollAnswer) {
            (state, place) = (answer.state.rawValue, answer.place)
            at = JapanTime.text(answer.at, milliseconds: false)
            by_other = answer.by == answer.who ? nil : true
        }
    }

    private struct Sheet: Encodable {
        struct Person: Encodable {
            var who, name: String
            var group: String?
            var staff: Bool?
            var answer: AnswerShape?
        }
        /// Null: nobody asks.
        var rollcall: CallShape?
        /// `pupil`, `staff` or null: what this tablet is.
        var use: String?
        var group: String?
        /// What is known of whoever holds this tablet.
        var own: AnswerShape?
        /// A teacher's alone.
        var people: [Person]?
        var count: RollCount?
        var server_time: String
    }

    private struct Taken: Encodable {
        var accepted: [String]
        var server_time: String
    }

    private let devices: DeviceRegister
    private let calls: RollCalls
    private let stream: StreamHub
    private let clock: @Sendable () -> Date
    private let onDisk: @Sendable () async throws -> Void
    private let said: @Sendable (StreamTopic) -> Void
    private let beyond: Beyond?
    private let limits = Limits()

    /// A teacher taps for a class; everybody's own change of mind is free.
    private final class Limits: Sendable {
        let answers = Mutex(Allowance(atOnce: 300, perMinute: 120))
        let asked = Mutex(Allowance(atOnce: 120, perMinute: 60))
    }

    /// - Parameters:
    ///   - onDisk: returns once what was written is kept.
    ///   - said: something is new at this place.
    package init(
        devices: DeviceRegister, calls: RollCalls, stream: StreamHub, clock: @escaping @Sendable () -> Date, onDisk: @escaping @Sendable () async throws -> Void,
        said: @escaping @Sendable (StreamTopic) -> Void = { _ in }, beyond: Beyond? = nil
    ) {
        self.beyond = beyond
        (self.devices, self.calls, self.stream, self.clock) = (devices, calls, stream, clock)
        (self.onDisk, self.said) = (onDisk, said)
    }

    package func add(to router: Router<some RequestContext>) {
        router.get("/v1/rollcall") { request, _ in
            let device = try person(request)
            try Self.check(limits.asked.withLock { $0.take(1, of: device.id, at: clock()) })
            return try sheet(for: device, unless: EntityTags(request.headers[.ifNoneMatch]))
        }
        router.post("/v1/rollcall") { request, _ in
            let teacher = try teacher(request)
            let wish = try await Body.decode(Opening.self, request)
            try Self.check(wish.id)
            let new = RollCall(id: "\(teacher.id)/\(wish.id)", mode: try Self.mode(wish.mode), opened: calls.moment(clock(), at: topic(teacher)), by: teacher.name)
            let open: RollCall
            do throws(RollFailure) {
                open = try calls.open(new, at: topic(teacher))
            } catch { throw Self.problem(error) }
            said(topic(teacher))
            try await onDisk()
            Self.ring(stream, devices, topic(teacher))
            return try Answer.json(["rollcall": CallShape(open)], status: open.id == new.id ? .created : .ok)
        }
        router.post("/v1/rollcall/close") { request, _ in
            let teacher = try teacher(request)
            let which = try await Body.decode(Closing.self, request)
            let closed: RollCall
            do throws(RollFailure) {
                closed = try calls.close(which.id, at: topic(teacher), now: calls.moment(clock(), at: topic(teacher)))
            } catch { throw Self.problem(error) }
            said(topic(teacher))
            try await onDisk()
            Self.ring(stream, devices, topic(teacher))
            return try Answer.json(["rollcall": CallShape(closed)])
        }
        router.post("/v1/rollcall/answers") { request, _ in
            let asking = try devices.asking(request)
            let read = try await Body.decode(Answers.self, request, upTo: 128 << 10)
            let said = read.answers, teller = try person(asking, named: read.device)
            guard (1...300).contains(said.count) else { throw Problem(.badRequest, "answers: 一度に300件までです (at most 300 at once)") }
            let answers = try said.map { try answer($0, toldBy: teller) }
            try Self.check(limits.answers.withLock { $0.take(said.count, of: teller.id, at: clock()) })
            do throws(RollFailure) {
                try calls.take(answers, at: topic(teller), now: clock())
            } catch { throw Self.problem(error) }
            self.said(topic(teller))
            if let beyond, beyond.site != teller.site {
                for item in said { try await beyond.pass(PassedAnswer(id: item.id, state: item.state, place: item.place, mode: item.mode, of: item.of, name: item.name, elapsed_ms: item.elapsed_ms, not_before_ms: item.not_before_ms), teller) }
            }
            try await onDisk()
            return try Answer.json(Taken(accepted: said.map(\.id), server_time: JapanTime.text(clock())), status: .accepted)
        }
    }

    /// That there is something new to ask for: to every tablet of the place that is on the line, and to its edges.
    package static func ring(_ stream: StreamHub, _ devices: DeviceRegister, _ topic: StreamTopic) {
        for (device, _) in devices.inUse(of: topic.town) where device.site == topic.site { stream.tell(device: device.id, "rollcall") }
    }

    // MARK: who asks

    private func topic(_ device: Device) -> StreamTopic { StreamTopic(town: device.town, site: device.site) }

    private func person(_ request: Request) throws(Problem) -> Device {
        let device = try devices.asking(request)
        guard !device.isEdge else { throw Problem(.forbidden, "中継機は点呼に答えません (an edge is nobody)") }
        return device
    }

    /// Who tells; an edge says whose it is.
    private func person(_ asking: Device, named: String?) throws(Problem) -> Device {
        if asking.isEdge, let named {
            guard let device = devices.device(id: named, of: asking.town), !device.isEdge, device.revoked == nil else {
                throw Problem(.forbidden, "device: \(PlainText.visible(named))は、この中継機の町のタブレットではありません (no tablet of this edge's town)")
            }
            return device
        }
        guard !asking.isEdge else { throw Problem(.forbidden, "中継機は点呼に答えません (an edge is nobody)") }
        guard named == nil || named == asking.id else { throw Problem(.forbidden, "device: タブレットは自分のことだけを伝えられます (a tablet speaks for itself only)") }
        return asking
    }

    private func teacher(_ request: Request) throws(Problem) -> Device {
        let device = try person(request)
        guard device.use == .staff else { throw Problem(.forbidden, "点呼を始め、終えるのは、先生用に登録した端末だけです (only a tablet registered for staff)") }
        guard beyond.map({ $0.site == device.site }) ?? true else {
            throw Problem(.conflict, "ここはほかの場所の中継機です。点呼は、自分の学校か役場につながっているときに始め、終えてください (another place's machine: its roll is called there)")
        }
        return device
    }

    // MARK: what is said

    private func answer(_ item: Answers.Item, toldBy teller: Device) throws(Problem) -> RollAnswer {
        try Self.check(item.id)
        guard let state = RollState(rawValue: item.state) else {
            throw Problem(.unprocessableContent, "state: safe（無事）, hurt（けが）, help（助けて）のどれかです (one of these)")
        }
        if let place = item.place, !((1...40).contains(place.count) && PlainText.isPlain(place)) {
            throw Problem(.unprocessableContent, "place: いる場所は40文字までで、制御文字は使えません (1 to 40 letters)")
        }
        let now = calls.moment(clock(), at: topic(teller))
        return RollAnswer(
            who: try who(item, teller), state: state, place: item.place, mode: try Self.mode(item.mode), at: Self.moment(of: item, now), by: teller.id,
            label: item.name == nil ? (item.of.flatMap { devices.device(id: $0, of: teller.town) } ?? teller).name : nil, id: "\(teller.id)/\(item.id)")
    }

    /// A machine that was without power for hours, and does not hear the hub, takes the time for earlier than it is by as much; what was said meanwhile would be older than what
    /// was said before. A tablet that knew the hub's time then says so. Nothing is later than now.
    private static func moment(of item: Answers.Item, _ now: Date) -> Date {
        let reckoned = now.addingTimeInterval(-ToldAge.seconds(item.elapsed_ms))
        guard let known = item.not_before_ms, known.isFinite else { return reckoned }
        return max(reckoned, min(now, Date(timeIntervalSince1970: known / 1000)))
    }

    private func who(_ item: Answers.Item, _ teller: Device) throws(Problem) -> String {
        guard item.of != nil || item.name != nil else {
            guard teller.use != nil else {
                throw Problem(.conflict, "この端末は、生徒用にも先生用にも登録されていません。役場か学校の担当者に伝えてください (registered for no person)")
            }
            return teller.id
        }
        guard teller.use == .staff else { throw Problem(.forbidden, "ほかの人のことを伝えられるのは、先生用の端末だけです (a pupil's tablet speaks for its pupil only)") }
        if let of = item.of {
            guard item.name == nil else { throw Problem(.badRequest, "of と name はどちらか一つです (of or name, not both)") }
            guard let device = devices.device(id: of, of: teller.town), device.site == teller.site, device.use != nil, device.revoked == nil else {
                throw Problem(.notFound, "of: \(PlainText.visible(of))は、この場所の人の端末ではありません (nobody's tablet here)")
            }
            return of
        }
        let name = (item.name ?? "").trimmingCharacters(in: .whitespaces)
        guard (1...40).contains(name.count), PlainText.isPlain(name) else {
            throw Problem(.unprocessableContent, "name: 名前は40文字までで、制御文字は使えません (1 to 40 letters)")
        }
        return "+" + name
    }

    // MARK: what is shown

    private func sheet(for device: Device, unless tags: EntityTags?) throws -> Response {
        let (here, now) = (topic(device), clock())
        var shape = Sheet(use: device.use?.rawValue, group: device.group, server_time: JapanTime.text(now))
        let own = calls.word(of: device.id, at: here)
        shape.own = own.map { AnswerShape($0) }
        let (call, state): (RollCall?, String)
        if device.use == .staff {
            let people = devices.people(at: device.site, of: device.town), sheet = calls.sheet(at: here, of: people, now: now)
            shape.people = sheet.lines.map {
                .init(who: $0.who, name: $0.name, group: $0.group, staff: $0.isStaff ? true : nil, answer: $0.answer.map { AnswerShape($0) })
            }
            shape.count = sheet.count
            (call, state) = (sheet.call, "\(sheet.version)-\(people.count)-\(Self.sum(people))")
        } else {
            // Two thousand ask at once. Of the others it says nothing, not even by its tag that one of them has spoken.
            call = calls.call(at: here, now: now)
            state = "\(call?.id ?? "")-\(call?.closed != nil)-\(own?.id ?? "")"
        }
        shape.rollcall = call.map { CallShape($0) }
        let tag = "\"\(device.use?.rawValue ?? "")-\(DeviceRegister.digest(state).prefix(16))\""
        if tags?.contains(tag) == true { return Response(status: .notModified, headers: [.eTag: tag, .cacheControl: "no-store"]) }
        return try Answer.json(shape, headers: [.eTag: tag])
    }

    /// FNV-1a of names and classes.
    private static func sum(_ people: [Device]) -> UInt32 {
        var sum: UInt32 = 2_166_136_261
        for device in people {
            for octet in (device.name + "\n" + (device.group ?? "") + "\n" + (device.use?.rawValue ?? "")).utf8 { sum = (sum ^ UInt32(octet)) &* 16_777_619 }
        }
        return sum
    }

    // MARK: what is refused

    private static func mode(_ written: String?) throws(Problem) -> ModeName {
        guard let written else { return .actual }
        guard let mode = ModeName(rawValue: written) else { throw Problem(.badRequest, "mode は actual（本番）か exercise（訓練）です (mode is actual or exercise)") }
        return mode
    }

    private static func check(_ id: String) throws(Problem) {
        guard !id.isEmpty, id.utf8.count <= 100, PlainText.isPlain(id) else { throw Problem(.badRequest, "id: 1〜100オクテットです (1 to 100 octets)") }
    }

    private static func check(_ wait: TimeInterval?) throws(Problem) {
        guard let wait else { return }
        // An hour at the most.
        let seconds = Int(min(wait, 3600).rounded(.up))
        var problem = Problem(.tooManyRequests, "この端末からの数が多すぎます。\(seconds)秒待ってください (too many from this device: wait \(seconds) s)")
        problem.headers[.retryAfter] = "\(seconds)"
        throw problem
    }

    private static func problem(_ failure: RollFailure) -> Problem {
        switch failure {
        case .isReal: Problem(.conflict, "本番の点呼をしています。訓練は、それを終えてから始めてください (a real one is open: close it before a drill)")
        case .noneOpen: Problem(.conflict, "その点呼は、いましていません (that one is not open)")
        case .tooMany: Problem(.conflict, "端末のない人は\(RollCalls.mostNames)人までです (too many people without tablets)")
        }
    }
}
