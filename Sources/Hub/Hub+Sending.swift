/// What a person ordered goes out: now or when somebody has seen it, once under each key, the table and what far ends hear as one.
internal import AlertModel
internal import ChannelKit
internal import Desk
internal import Dispatching
internal import Foundation
internal import Ledger
internal import Memories
internal import Synchronization

extension Hub {
    /// Now, or when a second person has seen it.
    ///
    /// - Parameter breakGlass: why it does not wait.
    func decide(
        _ key: OrderKey?, _ what: WaitingAct.Order, by person: Operator, _ breakGlass: String?,
        make: (AlertID) async throws(DeskFailure) -> DeskOrder
    ) async throws(DeskFailure) -> Pushed {
        if let before = try await submitted(under: key), breakGlass == nil || before.approval == nil { return before }
        // Sent before under its key: whatever is asked for by now, it is the same order. A key whose day is over stands for nothing, and what comes
        // under it is asked everything a new order is asked.
        if let key, let before = try await again(key, by: person, make: make) { return before }
        let order: DeskOrder
        do throws(DeskFailure) {
            order = try await make(newID())
        } catch {
            // The same order under the same key was faster by a moment, and is what stands in the way.
            if let key, let before = try await again(key, by: person, make: make) { return before }
            if let key, let before = await recorded(key, for: person) { return before }
            throw error
        }
        let policy = waits(order)
        if let policy, let breakGlass { return try await sendAtOnce(order, key, what, policy, by: person, breakGlass, make: make) }
        guard let policy else {
            // Made anew under the id of its key, on the state as it is then.
            return key == nil ? try await send(order, actor: person.actor(in: order.content.town)) : try await once(key, by: person, make: make)
        }
        guard let act = waitingAct(order, what, policy, by: person, key) else { throw .forbidden("\(order.content.id)") }
        return try await submit(act)
    }

    /// The order sent before under this key to a hub that was on duty then and could not say so any more: its record came here from that hub's disk, its
    /// notebook did not. The id is made of key and order, so it is this very order that stands in its own way.
    private func recorded(_ key: OrderKey, for person: Operator) async -> Pushed? {
        // What cannot be read is no reason to say anything but what is in the way.
        guard let found = try? await alert(key.alert(on: String(Self.compact(clock()).prefix(8))), for: person) else { return nil }
        var pushed = Pushed(id: found.alert.content.id, event: found.alert.content.event, mode: found.alert.mode, town: found.town)
        pushed.isRepeat = true
        return pushed
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
                pushed = try await send(try await make(AlertID(twin.alert)), actor: person.actor(in: order.content.town))
            } else {
                pushed = key == nil ? try await send(order, actor: person.actor(in: order.content.town)) : try await once(key, by: person, make: make)
            }
            guard !pushed.isRepeat else { return pushed }
            var told = order
            told.content.id = pushed.id
            var act = twin ?? waitingAct(told, what, policy, by: person, nil)
            act?.alert = pushed.id.text
            try await brokeGlass(act, reason)
            return pushed
        } catch {
            guard let twin else { throw error }
            // On its way, though the disk does not know: nobody sends it a second time.
            if case .unrecorded = error { try await brokeGlass(twin, reason) } else { unclaim(twin) }
            throw error
        }
    }

    /// Makes an order and sends it, unless that was done before.
    private func once(
        _ key: OrderKey?, by person: Operator, make: (AlertID) async throws(DeskFailure) -> DeskOrder
    ) async throws(DeskFailure) -> Pushed {
        guard let key else {
            let order = try await make(newID())
            return try await send(order, actor: person.actor(in: order.content.town))
        }
        while true {
            if let pushed = try await answer(orderKeys.look(key, now: clock(), day: orderDay), to: key, by: person, make) { return pushed }
        }
    }

    /// What was begun or sent under this key is told or finished; nil where it stands for nothing, or for nothing any more once whoever was at it
    /// was refused.
    private func again(
        _ key: OrderKey, by person: Operator, make: (AlertID) async throws(DeskFailure) -> DeskOrder
    ) async throws(DeskFailure) -> Pushed? {
        while let look = orderKeys.lookAgain(key, now: clock(), day: orderDay) {
            if let pushed = try await answer(look, to: key, by: person, make) { return pushed }
        }
        return nil
    }

    private var orderDay: String { String(Self.compact(clock()).prefix(8)) }

    /// Nil: something has changed meanwhile, and the key is looked at anew.
    private func answer(
        _ look: OrderKeys.Look, to key: OrderKey, by person: Operator, _ make: (AlertID) async throws(DeskFailure) -> DeskOrder
    ) async throws(DeskFailure) -> Pushed? {
        switch look {
        case .another: throw .keyIsAnothers
        case .underWay(let first):
            do { try await first.committed() } catch { throw .unrecorded("\(error)") }
            return nil
        case .unsure(let pushed):
            if try await isRecorded(pushed) { orderKeys.isDone(key) } else { orderKeys.isMissing(key) }
            return nil
        case .done(var pushed):
            pushed.isRepeat = true
            return pushed
        case .yours(let id, let before): return try await send(key, before, id, by: person, make)
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
            let pushed = try await send(order, actor: person.actor(in: order.content.town))
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
        noteDeed(sent, by: actor)
        do {
            for commit in commits { try await commit.committed() }
        } catch {
            throw .unrecorded("\(error)")
        }
        var pushed = Pushed(sent)
        pushed.isLocal = commits.contains(where: \.isLocal)
        return pushed
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

    /// What a person orders is told. The stories are of bulletins: a country's notices would push its warnings out of them, and whether an
    /// order says anything new is the table's to say.
    private func tell<M: Mode>(_ content: AlertContent, on line: Line<M>, _ actor: String) -> [Commit] {
        line.offer(Alert<M>(content), actor: actor) { _, _ in .news(content.act?.change ?? (content.message == .cancel ? .takenBack : .new)) }
    }
}
