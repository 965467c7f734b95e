package import AlertModel
package import ChannelKit
internal import Dispatching
internal import Foundation
internal import Targeting
internal import Synchronization
internal import Ingest
package import Ledger

/// An operator's alert, read and found possible.
package struct DeskOrder: Sendable {
    package var content: AlertContent
    package var mode: ModeName
}

/// What became of it.
package struct Pushed: Sendable {
    package var id: AlertID
    package var event: EventID
    package var mode: ModeName
    package var town: TownID?
    /// The same order was taken before, under the same key; nothing was sent for this one.
    package var isRepeat = false
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
    /// The key of this order stands for another one.
    case keyIsAnothers
    case unrecorded(String)

    package var description: String {
        switch self {
        case .invalid(let fields): fields.map { "\($0.field): \($0.detail)" }.joined(separator: "; ")
        case .forbidden(let reason), .notFound(let reason), .conflict(let reason): reason
        case .keyIsAnothers: "この鍵（Idempotency-Key）は別の情報に使われました。新しい情報には新しい鍵が要ります (this key was used for another order)"
        case .unrecorded(let reason): "送り始めましたが、記録できていません。もう一度同じ鍵で送ってください (on its way, but not recorded: \(reason))"
        }
    }
}

/// The desk: what a person tells the hub to say.
extension Hub {
    /// Every problem of an order at once.
    package func read(
        _ octets: [UInt8], by person: Operator, as chosen: AlertID? = nil
    ) throws(DeskFailure) -> DeskOrder {
        do throws(OperatorProblems) {
            let order = try OperatorAlert.read(octets)
            guard let id = TownID(order.town) else {
                throw OperatorProblems("town", "「\(order.town)」は市町村コードではありません。6桁の数字です (no local government code: six digits, the last one checks the others)")
            }
            guard let town = towns[id] else { throw OperatorProblems("town", "このハブは市町村\(id)を受け持っていません (this hub does not serve town \(id))") }
            guard person.may(id) else { throw OperatorProblems("town", "市町村\(id)の情報を出す権限がありません (this operator does not work for town \(id))") }
            let now = clock()
            let made = try order.alert(in: town, id: chosen ?? newID(), now: now)
            switch made {
            case .actual(let alert): return DeskOrder(content: alert.content, mode: .actual)
            case .exercise(let alert): return DeskOrder(content: alert.content, mode: .exercise)
            case .recordOnly(_, _, let reason): throw OperatorProblems("mode", reason)
            }
        } catch {
            throw .invalid(error.problems.map { .init(field: $0.field, detail: $0.detail) })
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
                priority: decision.verdict.priority, reason: decision.reason.sentence, texts: text?.texts ?? [:],
                problems: text?.problems ?? [])
        }
    }

    /// Reads it and sends it. A text some channel may not carry is refused here, before anything is queued anywhere.
    ///
    /// - Parameter key: the same order under the same key is one order, however often it comes.
    package func push(
        _ octets: [UInt8], by person: Operator, key: OrderKey? = nil
    ) async throws(DeskFailure) -> Pushed {
        try await once(key, by: person) { id throws(DeskFailure) in
            let order = try self.read(octets, by: person, as: id)
            let problems = self.preview(order).flatMap { line in
                line.problems.map { DeskFailure.Field(field: line.channel, detail: $0.line) }
            }
            guard problems.isEmpty else { throw .invalid(problems) }
            try Self.authorise(order, person)
            return order
        }
    }

    /// Real and drill are two rights.
    private static func authorise(_ order: DeskOrder, _ person: Operator) throws(DeskFailure) {
        let scope = Scope.sending(order.mode)
        guard person.may(scope) else { throw .forbidden(person.refusal([scope])) }
    }

    /// Makes an order and sends it, unless that was done before.
    private func once(
        _ key: OrderKey?, by person: Operator, make: (AlertID) async throws(DeskFailure) -> DeskOrder
    ) async throws(DeskFailure) -> Pushed {
        guard let key else { return try await send(try await make(newID()), by: person) }
        while true {
            switch orderKeys.look(key, now: clock(), day: String(Self.compact(clock()).prefix(8))) {
            case .another: throw .keyIsAnothers
            case .underWay(let first):
                do { try await first.committed() } catch { throw .unrecorded("\(error)") }
            case .unsure(let pushed):
                if try await isRecorded(pushed) { orderKeys.isDone(key) } else { orderKeys.isMissing(key) }
            case .done(var pushed):
                pushed.isRepeat = true
                return pushed
            case .yours(let id, let before): return try await send(key, before, id, by: person, make)
            }
        }
    }

    private func send(
        _ key: OrderKey, _ before: DeskOrder?, _ id: AlertID, by person: Operator,
        _ make: (AlertID) async throws(DeskFailure) -> DeskOrder
    ) async throws(DeskFailure) -> Pushed {
        let order: DeskOrder
        do throws(DeskFailure) {
            if let before { order = before } else { order = try await make(id) }
        } catch {
            orderKeys.isRefused(key)
            throw error
        }
        orderKeys.begins(key, order)
        do throws(DeskFailure) {
            let pushed = try await send(order, by: person)
            orderKeys.isDone(key)
            return pushed
        } catch {
            orderKeys.isUnsure(key, .disk("\(error)"))
            throw error
        }
    }

    /// Whether the ledger has it, once everything that waits for the disk is there.
    private func isRecorded(_ pushed: Pushed) async throws(DeskFailure) -> Bool {
        var query = AlertQuery()
        query.id = pushed.id
        query.limit = 1
        guard let town = pushed.town else { return false }
        do {
            try await ledger.flush().committed()
            return try await !ledger.town(town).alerts(query).isEmpty
        } catch {
            throw .unrecorded("\(error)")
        }
    }

    private func send(_ order: DeskOrder, by person: Operator) async throws(DeskFailure) -> Pushed {
        do {
            switch order.mode {
            case .actual: try await tell(order.content, on: actual, person)
            case .exercise: try await tell(order.content, on: exercise, person)
            }
        } catch {
            throw .unrecorded("\(error)")
        }
        return Pushed(order)
    }

    /// What a person orders is told, and the stories remember it.
    private func tell<M: Mode>(_ content: AlertContent, on line: Line<M>, _ person: Operator) async throws {
        _ = stories.withLock { $0.take(content, M.name, source: "operator:\(person.name)", now: clock()) }
        try await line.accept(Alert<M>(content), actor: "operator:\(person.name)") { town, decisions in
            _ = self.stories.withLock { $0.tidings(content, M.name, town, decisions, now: self.clock()) }
            return .news
        }
    }

    /// Takes an alert back everywhere it went. The newest revision of its event is what is taken back.
    package func cancel(_ id: AlertID, by person: Operator, key: OrderKey? = nil) async throws(DeskFailure) -> Pushed {
        try await once(key, by: person) { own throws(DeskFailure) in try await self.cancelling(id, as: own, by: person) }
    }

    private func cancelling(_ id: AlertID, as own: AlertID, by person: Operator) async throws(DeskFailure) -> DeskOrder {
        let found: (town: TownID, alert: RecordedAlert)?
        do {
            found = try await alert(id, for: person)
        } catch {
            throw .unrecorded("\(error)")
        }
        guard let found else { throw .notFound("番号\(id)の情報はありません (no alert \(id))") }
        guard found.alert.content.message != .cancel else { throw .conflict("番号\(id)は、それ自体が取消の知らせです (is itself a cancel)") }
        guard found.alert.content.town != nil else {
            throw .forbidden("\(found.alert.content.sender)が出した情報です。取り消せるのは発表元だけです (only its sender takes it back)")
        }
        let now = clock()
        var content = found.alert.content
        content.id = own
        content.message = .cancel
        content.sent = now
        content.reported = now
        content.revision = Revision(series: content.revision.series, serial: nil, sent: now, isCancel: true)
        // Long enough for a far end that is away for a day to be told all the same.
        content.expires = max(content.expires, now.addingTimeInterval(24 * 3600))
        let order = DeskOrder(content: content, mode: found.alert.mode)
        try Self.authorise(order, person)
        return order
    }

    /// An alert by its id, in one of the towns this person works for.
    package func alert(_ id: AlertID, for person: Operator) async throws -> (town: TownID, alert: RecordedAlert)? {
        var query = AlertQuery()
        query.id = id
        query.limit = 1
        for town in towns.all where person.may(town.id) {
            if let alert = try await ledger.town(town.id).alerts(query).first { return (town.id, alert) }
        }
        return nil
    }

    private func newID() -> AlertID {
        let letters = Array("0123456789abcdefghjkmnpqrstvwxyz")
        let word = String((0..<8).map { _ in letters[Int.random(in: 0..<32)] })
        return AlertID("\(Self.compact(clock()))-\(word)")
    }
}

extension OperatorProblems {
    fileprivate init(_ field: String, _ detail: String) {
        self.init()
        add(field, detail)
    }
}
