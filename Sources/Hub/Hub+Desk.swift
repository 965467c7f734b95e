package import AlertModel
package import ChannelKit
internal import Dispatching
internal import Foundation
internal import Targeting
internal import Synchronization
internal import Ingest
internal import Memories
package import Desk
package import Ledger

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
    /// It waits for a second person, and the disk does not know of it.
    case unkept(String)

    package var description: String {
        switch self {
        case .invalid(let fields): fields.map { "\($0.field): \($0.detail)" }.joined(separator: "; ")
        case .forbidden(let reason), .notFound(let reason), .conflict(let reason): reason
        case .changed(let conflict): conflict.sentence
        case .keyIsAnothers: "この鍵（Idempotency-Key）は別の情報に使われました。新しい情報には新しい鍵が要ります (this key was used for another order)"
        case .unkept(let reason): "承認待ちにしましたが、記録できていません。もう一度送ってください (it waits, but is not recorded: \(reason))"
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
            throw .invalid(error.problems.map { .init(field: $0.field, detail: $0.detail) })
        }
        let read: (content: AlertContent, mode: ModeName)
        switch made {
        case .actual(let alert): read = (alert.content, .actual)
        case .exercise(let alert): read = (alert.content, .exercise)
        case .recordOnly(_, _, let reason): throw .invalid([.init(field: "mode", detail: reason)])
        }
        let wish = Standing.Wish(
            read.content, event: order.event.map { EventID($0) }, by: person.name, basedOn: order.basedOn ?? seen,
            districts: town.districts)
        return try self.order(in: town.id, read.mode) { standing throws(StandingRefusal) in try standing.propose(wish) }
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
        return content.map { DeskOrder(content: $0, mode: order.mode) }
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
            try Self.authorise(order, person)
            return order
        }
    }

    /// A text some channel may not carry is no order.
    func check(_ order: DeskOrder) throws(DeskFailure) {
        let problems = preview(order).flatMap { line in line.problems.map { DeskFailure.Field(field: line.channel, detail: $0.line) } }
        guard problems.isEmpty else { throw .invalid(problems) }
    }

    /// One act, in one mode, in one town.
    private static func authorise(_ order: DeskOrder, _ person: Operator) throws(DeskFailure) {
        let act = DeskAct(order.content.kind)
        guard let town = order.content.town, person.may(act, order.mode, in: town) else { throw .forbidden(person.refusal(act, order.mode)) }
    }

    /// Now, or when a second person has seen it.
    ///
    /// - Parameter breakGlass: why it does not wait.
    private func decide(
        _ key: OrderKey?, _ what: WaitingAct.Order, by person: Operator, _ breakGlass: String?,
        make: (AlertID) async throws(DeskFailure) -> DeskOrder
    ) async throws(DeskFailure) -> Pushed {
        if let before = try await submitted(under: key), breakGlass == nil || before.approval == nil { return before }
        // Sent before under its key: whatever is asked for by now, it is the same order.
        if let key, orderKeys.isKnown(key) {
            return try await once(key, by: person, make: make)
        }
        let order: DeskOrder
        do throws(DeskFailure) {
            order = try await make(newID())
        } catch {
            // The same order under the same key was faster by a moment, and is what stands in the way.
            if let key, orderKeys.isKnown(key) { return try await once(key, by: person, make: make) }
            throw error
        }
        let policy = waits(order)
        if let policy, let breakGlass { return try await sendAtOnce(order, key, what, policy, by: person, breakGlass, make: make) }
        guard let policy else {
            // Made anew under the id of its key, on the state as it is then.
            return key == nil ? try await send(order, actor: person.actor) : try await once(key, by: person, make: make)
        }
        guard let act = waitingAct(order, what, policy, by: person, key) else { throw .forbidden("\(order.content.id)") }
        return try await submit(act)
    }

    /// Now, for a reason, and looked at afterwards. Where the same order waits, it is that one which goes out.
    private func sendAtOnce(
        _ order: DeskOrder, _ key: OrderKey?, _ what: WaitingAct.Order, _ policy: ApprovalPolicy, by person: Operator, _ reason: String,
        make: (AlertID) async throws(DeskFailure) -> DeskOrder
    ) async throws(DeskFailure) -> Pushed {
        let twin = try claimTwin(key, what, in: order.content.town, by: person)
        do throws(DeskFailure) {
            let pushed: Pushed
            if let twin {
                // Under the id that was promised: after a kill the record says that it is this one which went out.
                pushed = try await send(try await make(AlertID(twin.alert)), actor: person.actor)
            } else {
                pushed = key == nil ? try await send(order, actor: person.actor) : try await once(key, by: person, make: make)
            }
            guard !pushed.isRepeat else { return pushed }
            var told = order
            told.content.id = pushed.id
            var act = twin ?? waitingAct(told, what, policy, by: person, nil)
            act?.alert = pushed.id.text
            brokeGlass(act, reason)
            try await kept()
            return pushed
        } catch {
            if let twin { unclaim(twin) }
            throw error
        }
    }

    /// Makes an order and sends it, unless that was done before.
    private func once(
        _ key: OrderKey?, by person: Operator, make: (AlertID) async throws(DeskFailure) -> DeskOrder
    ) async throws(DeskFailure) -> Pushed {
        guard let key else { return try await send(try await make(newID()), actor: person.actor) }
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
            let pushed = try await send(order, actor: person.actor)
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

    func send(_ order: DeskOrder, actor: String) async throws(DeskFailure) -> Pushed {
        let (sent, commits) = try commit(order, actor: actor)
        do {
            for commit in commits { try await commit.committed() }
        } catch {
            throw .unrecorded("\(error)")
        }
        return Pushed(sent)
    }

    /// The act and its sending as one: the table and what far ends hear never part. Nothing here waits.
    func commit(_ order: DeskOrder, actor: String) throws(DeskFailure) -> (DeskOrder, [Commit]) {
        guard let town = order.content.town else { throw .forbidden("\(order.content.id)はどの市町村のものでもありません (nobody's own)") }
        return try standings.change(town, order.mode) { standing throws(DeskFailure) in
            var order = order
            if let act = order.content.act, act.version != standing.version + 1, standing.act(order.content.id) == nil,
                let remake = order.remake
            {
                do throws(StandingRefusal) {
                    order.content = try remake(standing)
                } catch {
                    throw self.failure(error, town, order.mode)
                }
            }
            standing.take(order.content)
            let commits =
                switch order.mode {
                case .actual: self.tell(order.content, on: self.actual, actor)
                case .exercise: self.tell(order.content, on: self.exercise, actor)
                }
            return (order, commits)
        }
    }

    /// What a person orders is told, and the stories remember it.
    private func tell<M: Mode>(_ content: AlertContent, on line: Line<M>, _ actor: String) -> [Commit] {
        _ = stories.withLock { $0.take(content, M.name, source: actor, now: clock()) }
        return line.offer(Alert<M>(content), actor: actor) { town, decisions in
            _ = self.stories.withLock { $0.tidings(content, M.name, town, decisions, now: self.clock()) }
            return .news(content.act?.change ?? (content.message == .cancel ? .takenBack : .new))
        }
    }

    /// Takes an act back everywhere it went: what stood before it stands again.
    package func cancel(
        _ id: AlertID, by person: Operator, key: OrderKey? = nil, seen: Int? = nil, breakGlass: String? = nil
    ) async throws(DeskFailure) -> Pushed {
        try await decide(key, .cancel(id.text), by: person, breakGlass) { own throws(DeskFailure) in
            let order = try await self.cancelling(id, as: own, by: person, seen: seen)
            try Self.authorise(order, person)
            return order
        }
    }

    /// The same, not sent: what it would do and say.
    package func cancelling(
        _ id: AlertID, as own: AlertID? = nil, by person: Operator, seen: Int? = nil
    ) async throws(DeskFailure) -> DeskOrder {
        let found: (town: TownID, alert: RecordedAlert)?
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
        var order = try order(in: found.town, found.alert.mode) { standing throws(StandingRefusal) in
            try standing.takeBack(content, as: chosen, by: person.name, basedOn: seen, districts: districts, now: moment)
        }
        order.takesBack = found.alert.accepted
        order.repeats = found.alert.content.act.map { $0.takesBack != nil } ?? (found.alert.content.message == .cancel)
        return order
    }

    /// An alert by its id, in one of the towns this person works for.
    package func alert(_ id: AlertID, for person: Operator) async throws -> (town: TownID, alert: RecordedAlert)? {
        var query = AlertQuery()
        query.id = id
        query.limit = 1
        // A town that heard it before one that it passed by: its words and whether they stand are asked next.
        for concernedOnly in [true, false] {
            query.concernedOnly = concernedOnly
            for town in towns.all where person.may(town.id) {
                if let alert = try await ledger.town(town.id).alerts(query).first { return (town.id, alert) }
            }
        }
        return nil
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
