internal import AlertModel
internal import ChannelKit
package import Devices
package import Streams
internal import Foundation
internal import HTTPTypes
internal import Synchronization
package import Hummingbird
internal import Serving
package import FoundationEssentials

/// What a tablet asks and tells beside its stream, the same at the hub and at an edge.
package struct TabletDesk: Sendable {
    private struct Receipts: Decodable {
        struct Item: Decodable {
            var id: String
            var alert: String
            var level: String
            /// Milliseconds since it happened, by the tablet's own running clock; its wall clock is not asked.
            var elapsed_ms: Double?
            /// Whose it is, when an edge hands it in.
            var device: String?
        }
        var receipts: [Item]

        init(from decoder: any Decoder) throws {
            if let list = try? decoder.singleValueContainer().decode([Item].self) {
                receipts = list
                return
            }
            let container = try decoder.container(keyedBy: Key.self)
            if container.contains(.receipts) {
                receipts = try container.decode([Item].self, forKey: .receipts)
            } else {
                receipts = [try Item(from: decoder)]
            }
        }
        private enum Key: String, CodingKey { case receipts }
    }

    private struct Report: Decodable {
        var id: String
        var elapsed_ms: Double?
        /// Whose it is, when an edge hands it in, and the report as the tablet wrote it.
        var device: String?
        var body: String?
    }

    /// What devices say of themselves; an edge says it for those on its own line, and for itself.
    private struct Signs: Decodable {
        struct Item: Decodable {
            var device: String?
            var charge, minutes, elapsed_ms: Double?
            var plugged, mute: Bool?
            var page: String?
            /// `ok`, `unchecked`, `doubt`; another word is none.
            var seals: String?
            /// Of an edge: this tablet has signed there, and its token alone opens nothing.
            var signed: Bool?
            /// Of an examination that is left.
            var exam_seconds: Double?
        }
        var signs: [Item]
    }

    private struct Taken: Encodable {
        var accepted: [String]
        /// Of a report.
        var state: ReportState?
        var server_time: String
    }

    private struct State: Encodable {
        var id: String
        var state: ReportState
        var read_at: String?
        var answer: ReportWord.Answer?
    }

    private let devices: DeviceRegister
    private let stream: StreamHub
    private let book: any TabletBook
    private let clock: @Sendable () -> Date
    /// What tablets are told the time is: they take it for the hub's.
    private let said: @Sendable () -> Date
    /// False at an edge that has not heard its hub since it started: what it says is no later than it is, and may be hours behind.
    private let isTimeCertain: @Sendable () -> Bool
    private let limits = Limits()

    /// A keeper reports some times an hour, a tablet tells three things of an alert; a tablet that was cut for a day has a
    /// stock of them.
    private final class Limits: Sendable {
        let reports = Mutex(Allowance(atOnce: 30, perMinute: 6))
        let receipts = Mutex(Allowance(atOnce: 3_000, perMinute: 600))
        /// One in three minutes, and one whenever somebody pulls the plug.
        let signs = Mutex(Allowance(atOnce: 20, perMinute: 4))
        /// Octets of a device: as many at once, and as many again in a day. An evening's true reports have some kilobytes.
        let octets = Mutex(Allowance(atOnce: 4 << 20, perMinute: (4 << 20) / 1440))
        /// Octets of a town's reports: many devices together do not fill the disk of all. What is short has room of its own, so
        /// that a keeper is heard on such a day too.
        let long = Mutex(Allowance(atOnce: 256 << 20, perMinute: (256 << 20) / 1440))
        let short = Mutex(Allowance(atOnce: 64 << 20, perMinute: (64 << 20) / 1440))
        static let isShort = 1 << 10
        /// A receipt's row with its indices, about.
        static let receipt = 250
    }

    package init(
        devices: DeviceRegister, stream: StreamHub, book: any TabletBook, clock: @escaping @Sendable () -> Date,
        said: (@Sendable () -> Date)? = nil, isTimeCertain: @escaping @Sendable () -> Bool = { true }
    ) {
        self.isTimeCertain = isTimeCertain
        self.devices = devices
        self.stream = stream
        self.book = book
        self.clock = clock
        self.said = said ?? clock
    }

    package func add(to router: Router<some RequestContext>) {
        // GET is taken by the door before the routes (`StreamDoor`); what comes here is HEAD.
        router.get("/v1/stream") { request, _ in
            _ = try deviceOf(request)
            return Response(status: .ok, headers: [.contentType: "text/event-stream", .cacheControl: "no-store"])
        }
        router.get("/v1/catch-up") { request, _ in
            let device = try deviceOf(request)
            let written = request.uri.queryParameters["since"].map(String.init)
            let since = written.flatMap { StreamPosition($0) }
            if let written, !written.isEmpty, since == nil {
                throw Problem(.badRequest, "since: ストリームの番号（EPOCH-OFFSET）を書いてください (EPOCH-OFFSET, as the stream's ids)")
            }
            let languages = request.uri.queryParameters["language"].map { LanguageChoice($0) } ?? .all
            guard let languages else {
                throw Problem(.badRequest, "language: ja,en のように書いてください。4つまでです (tags with commas, at most four)")
            }
            let (replay, position) = stream.catchUp(StreamTopic(town: device.town, site: device.site), since: since)
            return catchUp(replay, in: languages, position)
        }
        router.post("/v1/receipts") { request, _ in
            let teller = try deviceOf(request)
            let receipts = try await Body.decode(Receipts.self, request, upTo: 256 << 10).receipts
            guard receipts.count <= 500 else { throw Problem(.badRequest, "receipts: 一度に500件までです (at most 500 at once)") }
            let records = try receipts.map { try record($0, toldBy: teller) }
            for (device, own) in Dictionary(grouping: records, by: \.device) {
                try Self.check(limits.receipts.withLock { $0.take(own.count, of: device, at: clock()) })
                try Self.check(limits.octets.withLock { $0.take(own.count * Limits.receipt, of: device, at: clock()) })
            }
            try await book.take(records, in: teller.town)
            return try taken(receipts.map(\.id))
        }
        router.post("/v1/reports") { request, _ in
            let teller = try deviceOf(request)
            let octets = try await Body.octets(request, upTo: Self.reportLimit(for: teller))
            let report = try Body.decode(Report.self, from: octets)
            try Self.check(report.id)
            let device = try author(report.device, toldBy: teller)
            guard device.use != .pupil else {
                throw Problem(.conflict, "生徒用の端末からは、避難所の報告を送れません。先生か場所の端末から送ってください (a pupil's tablet does not report for a shelter)")
            }
            let now = clock()
            let written = teller.isEdge ? report.body : nil
            let said = try ShelterReport(written.map { [UInt8]($0.utf8) } ?? octets)
            guard said.photo != nil || octets.count <= Self.wordsLimit(for: teller) else {
                throw Problem(.contentTooLarge, "\(octets.count)オクテットあります。写真のない報告は\(Self.wordsLimit(for: teller))オクテットまでです (at most so many octets without a photograph)")
            }
            try Self.check(limits.reports.withLock { $0.take(1, of: device.id, at: now) })
            // A photograph is of the town's room alone: nothing that its device tells in words waits for it.
            if said.photo == nil { try Self.check(limits.octets.withLock { $0.take(octets.count, of: device.id, at: now) }) }
            try Self.check(written?.utf8.count ?? octets.count, of: teller.town, limits, at: now)
            let state = try await book.take(
                ToldReport(
                    id: "\(device.id)/\(report.id)", site: device.site, device: device.id,
                    occurred: now.addingTimeInterval(-ToldAge.seconds(report.elapsed_ms)), received: now,
                    body: written ?? String(decoding: octets, as: UTF8.self), handedInAt: device.site == teller.site ? nil : teller.site),
                saying: said, in: teller.town)
            return try taken([report.id], state)
        }
        router.post("/v1/signs") { request, _ in
            let teller = try deviceOf(request)
            let signs = try await Body.decode(Signs.self, request, upTo: Self.signsLimit).signs
            guard signs.count <= 500 else { throw Problem(.badRequest, "signs: 一度に500件までです (at most 500 at once)") }
            try Self.check(limits.signs.withLock { $0.take(1, of: teller.id, at: clock()) })
            let told = try signs.map { item in
                let (id, site) = try signer(item.device, toldBy: teller)
                var sign = try Self.read(item, now: clock())
                sign.page = item.page.flatMap { (1...16).contains($0.utf8.count) && $0.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x7A).contains($0) } ? $0 : nil }
                sign.elsewhere = site == teller.site ? nil : teller.site
                return (id: id, sign: sign)
            }
            for one in told { devices.take(one.sign, of: one.id) }
            // Of a guest its own site's edge says so, or it does itself: else one edge could shut out a whole town.
            if teller.isEdge { for (one, item) in zip(told, signs) where item.signed == true && one.sign.elsewhere == nil { devices.noteSigning(one.id) } }
            return try taken(told.map { $0.id })
        }
        router.get("/v1/reports/{id}") { request, context in
            let teller = try deviceOf(request)
            let id = try context.parameters.require("id")
            let device = try author(request.uri.queryParameters["device"].map(String.init), toldBy: teller)
            guard let word = try await book.word(onReport: "\(device.id)/\(id)", by: device) else {
                throw Problem(.notFound, "この報告は、ここにはありません (no such report here)")
            }
            return try Answer.json(State(id: id, state: word.state, read_at: word.read_at, answer: word.answer))
        }
    }

    private func taken(_ ids: [String], _ state: ReportState? = nil) throws -> Response {
        try Answer.json(Taken(accepted: ids, state: state, server_time: JapanTime.text(said())), status: .accepted)
    }

    private func deviceOf(_ request: Request) throws(Problem) -> Device {
        try devices.asking(request)
    }

    /// A tablet speaks for itself. An edge shows nothing itself: it hands in what tablets of its town told it, its own site's and guests.
    private func author(_ named: String?, toldBy teller: Device) throws(Problem) -> Device {
        guard teller.isEdge else {
            guard named == nil || named == teller.id else { throw Problem(.forbidden, "device: タブレットは自分のことだけを伝えられます (a tablet speaks for itself only)") }
            return teller
        }
        guard let named else { throw Problem(.badRequest, "device: 中継機は、どの端末のものかを書いてください (an edge says whose it is)") }
        guard let device = devices.device(id: named, of: teller.town), !device.isEdge else {
            throw Problem(.forbidden, "device: \(named)は、この中継機の町のタブレットではありません (no tablet of this edge's town)")
        }
        devices.saw(named)
        return device
    }

    /// An edge has a battery of its own too.
    private func signer(_ named: String?, toldBy teller: Device) throws(Problem) -> (id: String, site: String) {
        let device = named == nil || named == teller.id ? teller : try author(named, toldBy: teller)
        return (device.id, device.site)
    }

    private static func read(_ item: Signs.Item, now: Date) throws(Problem) -> DeviceSign {
        if let charge = item.charge, !(0...100).contains(charge) { throw Problem(.badRequest, "charge: 0から100までの百分率です (percent)") }
        // A battery that is full tells of an infinite time: none is said then.
        let minutes = item.minutes.flatMap { $0.isFinite && (0...100_000).contains($0) ? Int($0) : nil }
        return DeviceSign(
            charge: item.charge.map { Int($0.rounded()) }, isPlugged: item.plugged, minutes: minutes, isMute: item.mute ?? false,
            seals: item.seals.flatMap { DeviceSign.Seals(rawValue: $0) }, examUntil: item.exam_seconds.flatMap { examination(now.addingTimeInterval(-ToldAge.seconds(item.elapsed_ms)), $0) },
            at: now.addingTimeInterval(-ToldAge.seconds(item.elapsed_ms)))
    }

    /// A tablet's page ends one after six hours.
    private static func examination(_ said: Date, _ seconds: Double) -> Date? {
        seconds.isFinite && (1...21_600).contains(seconds) ? said.addingTimeInterval(seconds) : nil
    }

    /// - Parameter wait: seconds; nil where there is room.
    private static func check(_ wait: TimeInterval?) throws(Problem) {
        guard let wait else { return }
        // At most 500 are handed in at once, at six a minute.
        let seconds = Int(min(wait, 86_400).rounded(.up))
        var problem = Problem(.tooManyRequests, "この端末からの数が多すぎます。\(seconds)秒待ってください (too many from this device: wait \(seconds) s)")
        problem.headers[.retryAfter] = "\(seconds)"
        throw problem
    }

    /// Who is refused is heard later: an edge keeps it, a tablet asks again.
    private static func check(_ octets: Int, of town: TownID, _ limits: Limits, at now: Date) throws(Problem) {
        let taken = octets <= Limits.isShort
            ? limits.short.withLock { $0.take(octets, of: town.code, at: now) } : limits.long.withLock { $0.take(octets, of: town.code, at: now) }
        guard let wait = taken else { return }
        // A day at the most.
        let seconds = Int(min(wait, 86_400).rounded(.up))
        var problem = Problem(
            .serviceUnavailable, "きょうの報告が多すぎて、長いものは受け取れません。短くして送ってください (too much was reported in this town today: send a short one)")
        problem.headers[.retryAfter] = "\(seconds)"
        throw problem
    }

    /// Octets. Each of 500 says 190 at the most (`SignForwarder`).
    static let signsLimit = 128 << 10
    /// Octets. An edge wraps a report as text inside its own: every quote and line end may take two.
    private static func wordsLimit(for teller: Device) -> Int { teller.isEdge ? 48 << 10 : 16 << 10 }
    /// With a photograph in base64, whose slashes JSON may write as two.
    private static func reportLimit(for teller: Device) -> Int { wordsLimit(for: teller) + ReportPhoto.most * (teller.isEdge ? 2 : 3) / (teller.isEdge ? 1 : 2) }

    private func record(_ item: Receipts.Item, toldBy teller: Device) throws(Problem) -> ToldReceipt {
        let device = try author(item.device, toldBy: teller)
        try Self.check(item.id)
        guard let reach = Reach(word: item.level), reach != .accepted else {
            throw Problem(.badRequest, "level: reached（届いた）, shown（表示した）, touched（触れた）のどれかです (one of these)")
        }
        guard !item.alert.isEmpty, item.alert.utf8.count <= 200 else { throw Problem(.badRequest, "alert: 1〜200オクテットです (1 to 200 octets)") }
        let now = clock()
        return ToldReceipt(
            id: "\(device.id)/\(item.id)", alert: AlertID(item.alert), site: device.site, device: device.id,
            reach: reach == .touched && !answers(device, from: teller) ? .shown : reach,
            occurred: now.addingTimeInterval(-ToldAge.seconds(item.elapsed_ms)), received: now)
    }

    /// Whether by this device's touch its place has heard. A pupil's finger answers for the pupil, where a teacher has a tablet; and who touches
    /// it at another place, or an edge that says so of another place's tablet, answers for no place.
    private func answers(_ device: Device, from teller: Device) -> Bool {
        device.site == teller.site && !(device.use == .pupil && devices.hasStaff(device.site, in: device.town))
    }

    private static func check(_ id: String) throws(Problem) {
        guard !id.isEmpty, id.utf8.count <= 100 else { throw Problem(.badRequest, "id: 1〜100オクテットです (1 to 100 octets)") }
    }

    /// Written by hand: the events are JSON already.
    private func catchUp(_ replay: StreamLog.Replay, in languages: LanguageChoice, _ position: StreamPosition) -> Response {
        let (entries, isGap): ([StreamLog.Entry], Bool) =
            switch replay {
            case .events(let entries): (entries, false)
            case .gap(let entries): (entries, true)
            }
        let now = stream.ticking()
        var body = #"{"position":"\#(position)","resync":\#(isGap),"server_time":"\#(JapanTime.text(said()))",\#(isTimeCertain() ? "" : #""server_time_is_certain":false,"#)"events":["#
        body += entries.map { entry in
            let data = String(decoding: ServerSentEvent.body(of: entry, in: languages, now: now), as: UTF8.self)
            return #"{"id":"\#(position.epoch)-\#(entry.offset)","event":"\#(entry.event.name)","data":\#(data)}"#
        }.joined(separator: ",")
        body += "]}"
        return Response(
            status: .ok, headers: [.contentType: "application/json", .cacheControl: "no-store"],
            body: .init(byteBuffer: ByteBuffer(string: body)))
    }
}
