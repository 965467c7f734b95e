package import AlertModel
package import ChannelKit
internal import Dispatching
internal import Foundation
internal import Targeting
internal import Synchronization
internal import Ingest
internal import Memories
package import Desk
internal import Ledger

/// An operator's alert, read and found possible on the state it was read on.
package struct DeskOrder: Sendable {
    package var content: AlertContent
    package var mode: ModeName
    /// The same on another state: somebody else was faster by a moment. Nil: it stays as it is.
    var remake: (@Sendable (Standing) throws(StandingRefusal) -> AlertContent)?
    /// When the act that this one takes back was accepted; nil: it takes nothing back.
    var takesBack: Date?
    /// What it takes back was a taking back itself: what somebody called wrong would be said again.
    var repeats = false

    package init(content: AlertContent, mode: ModeName) {
        self.content = content
        self.mode = mode
    }
}

/// What became of it.
package struct Pushed: Sendable {
    package var id: AlertID
    package var event: EventID
    package var mode: ModeName
    package var town: TownID?
    /// The same order was taken before, under the same key; nothing was sent for this one.
    package var isRepeat = false
    /// It is on this machine's disk alone, until the database is back.
    package var isLocal = false
    /// It waits for a second person, or was given back: nothing has been sent.
    package var approval: WaitingAct?
}

extension Pushed {
    init(_ order: DeskOrder) {
        self.init(id: order.content.id, event: order.content.event, mode: order.mode, town: order.content.town)
    }
}

/// What one channel would say, or why it would say nothing.
package struct PreviewLine: Sendable {
    package var town: TownID
    package var channel: String
    package var endpoints: [String]
    package var priority: Priority?
    package var gravity: Gravity
    package var reason: String
    package var texts: [Language: RenderedText]
    package var problems: [TextProblem]
}

package enum DeskFailure: Error, Sendable, CustomStringConvertible {
    package struct Field: Sendable, Hashable {
        package var field: String
        package var detail: String
    }
    case invalid([Field])
    case forbidden(String)
    case notFound(String)
    case conflict(String)
    /// The town's state is not the one the person saw, or another act came after the one to be taken back.
    case changed(StandingConflict)
    /// The key of this order stands for another one.
    case keyIsAnothers
    case unrecorded(String)
    /// Taken, in memory: it waits, or has been decided. The disk does not know of it.
    case unkept(String)

    package var description: String {
        switch self {
        case .invalid(let fields): fields.map { "\($0.field): \($0.detail)" }.joined(separator: "; ")
        case .forbidden(let reason), .notFound(let reason), .conflict(let reason): reason
        case .changed(let conflict): conflict.sentence
        case .keyIsAnothers: "この鍵（Idempotency-Key）は別の情報に使われました。新しい情報には新しい鍵が要ります (this key was used for another order)"
        case .unkept(let reason): "受け付けましたが、記録できていません。もう一度、同じ操作をしてください (taken, but not recorded: \(reason))"
        case .unrecorded(let reason): "送り始めましたが、記録できていません。もう一度同じ鍵で送ってください (on its way, but not recorded: \(reason))"
        }
    }
}

/// The desk: what a person tells the hub to say.
extension Hub {
    /// Every problem of an order at once.
    ///
    /// - Parameter seen: the version of the standing the person saw (`If-Match`), where the order itself names none.
    package func read(
        _ octets: [UInt8], by person: Operator, as chosen: AlertID? = nil, seen: Int? = nil
    ) throws(DeskFailure) -> DeskOrder {
        let order: OperatorAlert
        let town: Town
        let made: SortedAlert
        do throws(OperatorProblems) {
            order = try OperatorAlert.read(octets)
            town = try self.town(of: order, for: person)
            made = try order.alert(in: town, id: chosen ?? newID(), now: clock())
        } catch {
            if let id = (try? OperatorAlert.read(octets)).flatMap({ TownID($0.town) }), !person.may(id), isLent(id, to: person) {
                throw .forbidden("この町の代行は、いま始まっていません (the pact with this town is not released just now)")
            }
            throw .invalid(error.problems.map { .init(field: $0.field, detail: $0.detail) })
        }
        let read: (content: AlertContent, mode: ModeName)
        switch made {
        case .actual(let alert): read = (alert.content, .actual)
        case .exercise(let alert): read = (alert.content, .exercise)
        case .recordOnly(_, _, let reason): throw .invalid([.init(field: "mode", detail: reason)])
        }
        let wish = Standing.Wish(
            read.content, event: order.event.map { EventID($0) }, by: person.named(in: town.id), basedOn: order.basedOn ?? seen,
            districts: town.districts)
        return try self.order(in: town.id, read.mode) { standing throws(StandingRefusal) in self.signed(try standing.propose(wish), read.mode, by: person, in: town) }
    }

    private func town(of order: OperatorAlert, for person: Operator) throws(OperatorProblems) -> Town {
        guard let id = TownID(order.town) else {
            throw OperatorProblems("town", "「\(order.town)」は市町村コードではありません。6桁の数字です (no local government code: six digits, the last one checks the others)")
        }
        guard let town = towns[id] else { throw OperatorProblems("town", "このハブは市町村\(id)を受け持っていません (this hub does not serve town \(id))") }
        guard person.may(id) else { throw OperatorProblems("town", "市町村\(id)の情報を出す権限がありません (this operator does not work for town \(id))") }
        return town
    }

    /// An order made on the state as it is now, which can be made anew on another.
    private func order(
        in town: TownID, _ mode: ModeName, _ make: @escaping @Sendable (Standing) throws(StandingRefusal) -> AlertContent
    ) throws(DeskFailure) -> DeskOrder {
        do throws(StandingRefusal) {
            var order = DeskOrder(content: try make(standings.table(town, mode)), mode: mode)
            order.remake = make
            return order
        } catch {
            throw failure(error, town, mode)
        }
    }

    package func preview(_ order: DeskOrder) -> [PreviewLine] {
        switch order.mode {
        case .actual: preview(Alert<Actual>(order.content), on: actual)
        case .exercise: preview(Alert<Exercise>(order.content), on: exercise)
        }
    }

    private func preview<M: Mode>(_ alert: Alert<M>, on line: Line<M>) -> [PreviewLine] {
        line.preview(alert).map { decision, text in
            PreviewLine(
                town: decision.town, channel: decision.channel, endpoints: decision.endpoints,
                priority: decision.verdict.priority, gravity: decision.gravity, reason: decision.reason.sentence, texts: text?.texts ?? [:],
                problems: text?.problems ?? [])
        }
    }

    /// The order that would take this one back right after it; nil where it changes nothing that could be taken back.
    package func takingBack(_ order: DeskOrder, by person: Operator) -> DeskOrder? {
        guard let town = order.content.town, order.content.act != nil else { return nil }
        var standing = standings.table(town, order.mode)
        standing.take(order.content)
        let content = try? standing.takeBack(
            order.content, as: newID(), by: person.name, basedOn: nil, districts: towns[town]?.districts ?? [], now: clock())
        return content.map { content in DeskOrder(content: towns[town].map { signed(content, order.mode, by: person, in: $0) } ?? content, mode: order.mode) }
    }

    /// Reads it and sends it. A text some channel may not carry is refused here, before anything is queued anywhere.
    ///
    /// - Parameter key: the same order under the same key is one order, however often it comes.
    package func push(
        _ octets: [UInt8], by person: Operator, key: OrderKey? = nil, seen: Int? = nil, breakGlass: String? = nil
    ) async throws(DeskFailure) -> Pushed {
        try await decide(key, .push(octets), by: person, breakGlass) { id throws(DeskFailure) in
            let order = try self.read(octets, by: person, as: id, seen: seen)
            try self.check(order)
            try self.authorise(order, person)
            return order
        }
    }

    /// A text some channel may not carry is no order.
    func check(_ order: DeskOrder) throws(DeskFailure) {
        let problems = preview(order).flatMap { line in line.problems.map { DeskFailure.Field(field: line.channel, detail: $0.line) } }
        guard problems.isEmpty else { throw .invalid(problems) }
    }

    /// One act, in one mode, in one town.
    private func authorise(_ order: DeskOrder, _ person: Operator) throws(DeskFailure) {
        let act = DeskAct(order.content.kind)
        guard let town = order.content.town, person.may(act, order.mode, in: town) else { throw .forbidden(person.refusal(act, order.mode)) }
        try checkPact(order)
    }

    /// Takes an act back everywhere it went: what stood before it stands again.
    package func cancel(
        _ id: AlertID, by person: Operator, key: OrderKey? = nil, seen: Int? = nil, breakGlass: String? = nil
    ) async throws(DeskFailure) -> Pushed {
        try await decide(key, .cancel(id.text), by: person, breakGlass) { own throws(DeskFailure) in
            let order = try await self.cancelling(id, as: own, by: person, seen: seen)
            try self.authorise(order, person)
            return order
        }
    }

    /// The same, not sent: what it would do and say.
    package func cancelling(
        _ id: AlertID, as own: AlertID? = nil, by person: Operator, seen: Int? = nil
    ) async throws(DeskFailure) -> DeskOrder {
        let found: (town: TownID, alert: SaidAlert)?
        do {
            found = try await alert(id, for: person)
        } catch {
            throw .unrecorded("\(error)")
        }
        guard let found else { throw .notFound("この番号の情報はありません：\(id) (no alert \(id))") }
        guard found.alert.content.town != nil else {
            throw .forbidden(
                "\(found.alert.content.sender)の情報です。取り消せるのは発表した機関だけです (it is \(found.alert.content.sender)'s: only its sender takes it back)")
        }
        let (content, chosen, districts, moment) = (
            found.alert.content, own ?? newID(), towns[found.town]?.districts ?? [], clock())
        let town = towns[found.town]
        var order = try order(in: found.town, found.alert.mode) { standing throws(StandingRefusal) in
            let taken = try standing.takeBack(content, as: chosen, by: person.named(in: found.town), basedOn: seen, districts: districts, now: moment)
            return town.map { self.signed(taken, found.alert.mode, by: person, in: $0) } ?? taken
        }
        order.takesBack = found.alert.accepted
        order.repeats = found.alert.content.act.map { $0.takesBack != nil } ?? (found.alert.content.message == .cancel)
        return order
    }

    /// An alert by its id, in one of the towns this person works for; of one that has left the ledger what its archive has.
    package func alert(_ id: AlertID, for person: Operator) async throws -> (town: TownID, alert: SaidAlert)? {
        var query = AlertQuery()
        query.id = id
        query.limit = 1
        // A town that heard it before one that it passed by: its words and whether they stand are asked next.
        for concernedOnly in [true, false] {
            query.concernedOnly = concernedOnly
            for town in towns.all where person.may(town.id) {
                if let alert = try await ledger.town(town.id).alerts(query).first { return (town.id, SaidAlert(alert)) }
            }
        }
        guard let day = Self.day(of: id) else { return nil }
        query.archivedAround = day
        query.concernedOnly = true
        for town in towns.all where person.may(town.id) {
            if let alert = try await ledger.town(town.id).alerts(query).first { return (town.id, SaidAlert(alert)) }
        }
        return nil
    }

    /// Ids begin with their day in Japan: `20260311T144648-…`. Nil of one that does not.
    static func day(of id: AlertID) -> Date? {
        let digits = id.text.utf8.prefix(8).compactMap { (0x30...0x39).contains($0) ? Int($0 - 0x30) : nil }
        guard digits.count == 8, id.text.utf8.dropFirst(8).first == UInt8(ascii: "T") else { return nil }
        // Eight of them.
        let text = digits.map(String.init).joined()
        return try? Date("\(text.prefix(4))-\(text.dropFirst(4).prefix(2))-\(text.suffix(2))T00:00:00+09:00", strategy: .iso8601)
    }

    /// How bad an alert is for a town, as it was decided when it was told; nil where the town has nobody to tell.
    package func gravity(of alert: SaidAlert, in town: Town) -> Gravity? {
        let decisions = alert.mode == .actual
            ? actual.decisions(Alert(alert.content), for: town) : exercise.decisions(Alert(alert.content), for: town)
        return decisions.map(\.gravity).max()
    }

    func newID() -> AlertID {
        let letters = Array("0123456789abcdefghjkmnpqrstvwxyz")
        let word = String((0..<8).map { _ in letters[Int(chance() % 32)] })
        return AlertID("\(Self.compact(clock()))-\(word)")
    }
}

extension OperatorProblems {
    fileprivate init(_ field: String, _ detail: String) {
        self.init()
        add(field, detail)
    }
}
