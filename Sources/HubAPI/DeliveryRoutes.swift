internal import AlertModel
internal import ChannelKit
internal import Streams
internal import Foundation
internal import HTTPTypes
internal import Desk
internal import Hub
internal import Hummingbird
internal import ServiceLifecycle
internal import Serving

/// The delivery log: by cursor, and as it happens.
extension HubRouter {
    private struct Page: Encodable {
        var deliveries: [DeliveryShape]
        /// Give it as `after` to read on; null when this was the last page for now.
        var next: Int64?
    }

    func addDeliveries(to desk: DeskRoutes) {
        desk.get("/v1/deliveries") { request, context in
            let person = context.person
            let town = try town(request.uri.queryParameters["town"].map(String.init), for: person)
            var query = try deliveryQuery(request)
            query.mode = try Self.shown(query.mode, to: person, in: town.id)
            query.since = try Self.moment(request.uri.queryParameters["since"], "since")
            query.until = try Self.moment(request.uri.queryParameters["until"], "until")
            query.by = request.uri.queryParameters["by"].map(String.init)
            let asked = query
            // Archives are files of months: not by crowds at once.
            let rows = query.reachesBack ? try await Self.inLane(documents) { try await hub.deliveries(asked, of: town.id) } : try await hub.deliveries(asked, of: town.id)
            return try Answer.json(Page(
                deliveries: rows.map { DeliveryShape($0) }, next: rows.count == query.limit ? rows.last?.number : nil))
        }
        desk.get("/v1/deliveries/stream") { request, context in
            let person = context.person
            let town = try town(request.uri.queryParameters["town"].map(String.init), for: person)
            var query = try deliveryQuery(request)
            query.mode = try Self.shown(query.mode, to: person, in: town.id)
            let asked = query
            let watch = hub.watchLog(of: town.id)
            let pause = configuration.heartbeat
            guard let scope = context.scopes.first(where: { person.may($0, in: town.id) }) else {
                throw Problem(.forbidden, person.refusal(context.scopes))
            }
            return Response(
                status: .ok,
                // nginx would hold the rows back until its buffer is full.
                headers: [.contentType: "text/event-stream", .cacheControl: "no-store", .accelBuffering: "no"],
                body: ResponseBody { writer in
                    try await request.body.consumeWithCancellationOnInboundClose { _ in
                        try await writer.write(ByteBuffer(string: ": following\n\n"))
                        try await withThrowingTaskGroup(of: Void.self) { group in
                            group.addTask {
                                while true {
                                    try await Task.sleep(for: pause)
                                    watch.beat()
                                }
                            }
                            defer { group.cancelAll() }
                            // A hub that is to stop does not wait for those who watch.
                            for await event in watch.news.cancelOnGracefulShutdown() {
                                guard stillMay(request, from: context.address(request), scope, in: town.id) else { break }
                                if let line = Self.line(event, asked) { try await writer.write(line) }
                            }
                        }
                    }
                    try await writer.finish(nil)
                })
        }
        desk.post("/v1/deliveries/held/{act}") { request, context in
            struct Choice: Decodable {
                var town: String?
                var alert: String
            }
            let person = context.person
            let choice = try await Body.decode(Choice.self, request)
            let town = try town(choice.town, for: person)
            let held = try await hub.held(AlertID(choice.alert), in: town.id)
            for mode in held.modes { try Self.authorise(person, mode, in: town.id) }
            switch context.parameters.get("act") {
            case "release":
                let done = try await hub.release(held, by: person.name)
                note("送った", held, in: town.id, by: person)
                return try Answer.json([
                    "released": done.released, "expired": done.expired, "annulled": done.annulled,
                    "rejected": done.rejected,
                ])
            case "drop":
                let count = hub.drop(held, by: person.name)
                note("送らなかった", held, in: town.id, by: person)
                return try Answer.json(["dropped": count])
            default: throw Problem(.notFound, "releaseかdropです (release or drop)")
            }
        }
    }

    private func note(_ what: String, _ held: HeldDeliveries, in town: TownID, by person: Operator) {
        for mode in held.modes { hub.noteDown(.held, "保留していた配信を\(what)：\(held.title)", about: held.title, mode, in: town, by: person.actor) }
    }

    /// What goes to who watches one town's log; nil for what is not asked for.
    private static func line(_ news: LogNews, _ query: DeliveryQuestion) -> ByteBuffer? {
        switch news {
        case .lines(let passing):
            let lines = passing.filter(query.takes).map { ServerSentEvent.encode("delivery", data: DeliveryShape($0).line, position: nil) }
            return lines.isEmpty ? nil : lines.reduce(into: ByteBuffer()) { $0.writeImmutableBuffer($1) }
        case .beat: return ByteBuffer(string: ":\n\n")
        case .gap: return ServerSentEvent.encode("resync", data: Array(#"{"reason":"gap"}"#.utf8), position: nil)
        }
    }

    /// Who works in a town's name for a drill alone sees nothing real of what it keeps.
    ///
    /// - Parameter mode: what was asked for; nil: both.
    static func shown(_ mode: ModeName?, to person: Operator, in town: TownID) throws(Problem) -> ModeName? {
        guard person.rehearsing.contains(town) else { return mode }
        guard mode != .actual else { throw Problem(.forbidden, "代行の訓練では、この町の本番の記録は見られません (in a rehearsal of 代行 nothing real of this town is shown)") }
        return .exercise
    }

    /// Real and drill are two rights.
    static func authorise(_ person: Operator, _ mode: ModeName, in town: TownID) throws(Problem) {
        let scope = Scope.sending(mode)
        guard person.may(scope, in: town) else { throw Problem(.forbidden, person.refusal([scope])) }
    }

    private func deliveryQuery(_ request: Request) throws(Problem) -> DeliveryQuestion {
        let given = request.uri.queryParameters
        var query = DeliveryQuestion()
        query.alert = given["alert"].map { AlertID(String($0)) }
        query.channel = given["channel"].map(String.init)
        query.endpoint = given["endpoint"].map(String.init)
        if let state = given["state"].map(String.init) {
            guard DeliveryQuestion.states.contains(state) else {
                throw Problem(.badRequest, "状態（state）が違います (state: one of \(DeliveryQuestion.states.joined(separator: ", ")))")
            }
            query.state = state
        }
        if let word = given["mode"] {
            guard let mode = ModeName(rawValue: String(word)) else { throw Problem(.badRequest, "modeは actual（本番）か exercise（訓練）です (mode: actual or exercise)") }
            query.mode = mode
        }
        query.after = try Self.number(given["after"], "after", 0...Int64.max) ?? 0
        query.limit = Int(try Self.number(given["limit"], "limit", 1...1000) ?? 100)
        if let tail = try Self.number(given["tail"], "tail", 1...1000) {
            query.newest = true
            query.limit = Int(tail)
        }
        return query
    }

    /// RFC 3339, or a day in Japan.
    static func moment(_ text: Substring?, _ name: String) throws(Problem) -> Date? {
        guard let text else { return nil }
        // A plus that nobody escaped arrives as a blank.
        let written = text.utf8.count == 10 ? text + "T00:00:00+09:00" : text
        guard let date = try? Date(written.replacing(" ", with: "+"), strategy: .iso8601) else {
            throw Problem(.badRequest, "\(name)は 2026-11-29 か 2026-11-29T15:00:00+09:00 のように書きます (\(name): a date, or RFC 3339 with offset)")
        }
        return date
    }

    static func number(_ text: Substring?, _ name: String, _ range: ClosedRange<Int64>) throws(Problem) -> Int64? {
        guard let text else { return nil }
        guard let value = Int64(text), range.contains(value) else {
            throw Problem(.badRequest, "\(name)は\(range.lowerBound)から\(range.upperBound)までの数です (\(name): a number from \(range.lowerBound) to \(range.upperBound))")
        }
        return value
    }
}

extension HTTPField.Name {
    fileprivate static var accelBuffering: Self { known("X-Accel-Buffering") }
}
