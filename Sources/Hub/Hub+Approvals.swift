/// What waits for a second person, and what becomes of it.
package import AlertModel
package import Desk
internal import ChannelKit
internal import Foundation
internal import Logging
internal import Ledger
internal import Synchronization

extension Hub {
    static let approvalPrefix = "approval/"

    /// What this town asks for before something real of a person's goes out.
    package func approval(of town: TownID) -> ApprovalPolicy {
        approvalPolicies[town] ?? (people.hasTwo(in: town) ? .two : .none)
    }

    /// Taking back what was sent a moment ago needs nobody's yes: the mistake is on the air.
    private static let freshness: TimeInterval = 600

    /// Whether this order waits; nil: it goes out now.
    func waits(_ order: DeskOrder) -> ApprovalPolicy? {
        guard order.mode == .actual, let town = order.content.town else { return nil }
        if let accepted = order.takesBack, !order.repeats, clock().timeIntervalSince(accepted) < Self.freshness { return nil }
        switch approval(of: town) {
        case .none: return nil
        case let policy: return policy
        }
    }

    /// What was submitted under this key before.
    func submitted(under key: OrderKey?) async throws(DeskFailure) -> Pushed? {
        guard let key, let act = approvals.withLock({ $0.under(key.name) }) else { return nil }
        guard act.fingerprint == key.fingerprint else { throw .keyIsAnothers }
        try await kept()
        return Pushed(act, isRepeat: true)
    }

    func waitingAct(_ order: DeskOrder, _ what: WaitingAct.Order, _ policy: ApprovalPolicy, by person: Operator, _ key: OrderKey?) -> WaitingAct? {
        guard let town = order.content.town else { return nil }
        var patience = ApprovalTable.patience(order.content)
        var isTimed = false
        if case .wait(let time) = policy {
            isTimed = true
            patience = TimeInterval(time.components.seconds)
        }
        let id = "A-\(order.content.id.text)"
        var act = WaitingAct(
            id: id, town: town, act: DeskAct(order.content.kind), title: Self.title(order.content), order: what, by: person,
            alert: order.content.id, submitted: clock(), patience: patience, isTimed: isTimed)
        act.key = key?.name
        act.fingerprint = key?.fingerprint
        act.before = order.content.act?.steps
        act.onBehalf = order.content.onBehalf
        return act
    }

    /// What it is, in one line, with what it is about.
    private static func title(_ content: AlertContent) -> String {
        let subject = switch content.detail {
        case .evacuation(let order): "\(content.title)（\(order.hazard)）\(order.districts.joined(separator: "、"))"
        case .shelter(let notice): "\(content.title) \(notice.names)"
        case .headquarters, .none: content.title
        case .notice(let notice): notice.title
        }
        return (content.message == .cancel ? "誤報の取消：" : "") + subject
    }

    /// What it would say and change if it were sent now, for who decides.
    ///
    /// - Returns: no order where it is a change of people.
    package func order(waiting id: String, for person: Operator) async throws(DeskFailure) -> (act: WaitingAct, order: DeskOrder?) {
        guard let act = approvals.withLock({ $0.acts[id] }), let town = TownID(act.town), person.may(town), !person.rehearsing.contains(town) else { throw words(.notFound) }
        return (act, act.order.isSaid ? try await order(act) : nil)
    }

    /// Whether who submitted it may do nothing here by now: stopped, or his token is over.
    /// Of who works in another town's name the rights are those at home, and what lends them there has to be open still.
    package func isStopped(_ act: WaitingAct) -> Bool {
        guard let town = TownID(act.town) else { return true }
        return hasEnded(act) || !people.isOpen(act.credential, for: act.act, in: act.onBehalf?.town ?? town, now: clock())
    }

    /// Whether it was submitted in the town's name by a neighbour, and that is over.
    func hasEnded(_ act: WaitingAct) -> Bool {
        guard let helper = act.onBehalf else { return false }
        return !(pacts[helper.pact]?.lends(act.act, .actual, in: [], clock()) ?? false)
    }

    /// As it would wait if it were submitted now; nil where it would go out.
    package func wait(_ order: DeskOrder, by person: Operator) -> WaitingAct? {
        waits(order).flatMap { waitingAct(order, .push([]), $0, by: person, nil) }
    }

    /// It waits from now on, and is on disk.
    func submit(_ act: WaitingAct) async throws(DeskFailure) -> Pushed {
        let taken: WaitingAct?
        do throws(ApprovalTable.Refusal) {
            taken = try approvals.withLock { table throws(ApprovalTable.Refusal) in
                if let key = act.key, let first = table.under(key) { return first }
                for replaced in try table.submit(act) { keep(replaced) }
                keep(act)
                return nil
            }
        } catch {
            throw .conflict("この市町村で承認を待つものが\(ApprovalTable.mostWaiting)件あります。先に承認するか、差し戻してください (too many acts wait for approval)")
        }
        if let taken {
            guard taken.fingerprint == act.fingerprint else { throw .keyIsAnothers }
            try await kept()
            return Pushed(taken, isRepeat: true)
        }
        logger.notice("waits for approval", metadata: [
            "approval": "\(act.id)", "town": "\(act.town)", "by": "\(act.by)", "next": "\(act.next?.rawValue ?? "time")",
        ])
        noteDown(act, "承認待ちに出した：「\(act.title)」", by: "operator:\(act.by)")
        try await kept()
        return Pushed(act)
    }

    /// It is so all the same, in memory; who did it hears that the disk does not know of it.
    func kept() async throws(DeskFailure) {
        do {
            try await ledger.flush().committed()
        } catch {
            throw .unkept("\(error)")
        }
    }

    /// What went out without a second person, and is to be looked at afterwards.
    func brokeGlass(_ act: WaitingAct?, _ reason: String) async throws(DeskFailure) {
        guard let act else { return }
        approvals.withLock { table in
            table.brokeGlass(act, reason)
            if let kept = table.acts[act.id] { keep(kept) }
        }
        // It may have waited, and gone by itself.
        defer { _ = sending.withLock { $0.remove(act.id) } }
        logger.warning("sent without a second person", metadata: ["approval": "\(act.id)", "town": "\(act.town)", "by": "\(act.by)"])
        noteDown(act, "承認を待たずに出した：「\(act.title)」。理由：\(reason)", by: "operator:\(act.by)")
        if let town = TownID(act.town) {
            attention.notice(
                .review, act.id, "「\(act.title)」を、\(act.by)さんが承認なしで出しました。理由：\(reason)。あとから確かめてください (sent without a second person: look at it)",
                from: "desk", of: town, at: clock())
        }
        try await kept()
    }

    // MARK: The second person

    package func approvals(for person: Operator, _ town: TownID) -> [WaitingAct] {
        // What waits is always real.
        guard person.may(town), !person.rehearsing.contains(town) else { return [] }
        return approvals.withLock { $0.acts.values.filter { $0.town == town.code } }.sorted { ($0.submitted, $0.id) > ($1.submitted, $1.id) }
    }

    /// Yes: it goes out now, or has been looked at.
    ///
    /// - Returns: nil where it was sent before.
    package func approve(_ id: String, by person: Operator) async throws(DeskFailure) -> (act: WaitingAct, sent: Pushed?) {
        let act: WaitingAct
        do throws(ApprovalTable.Refusal) {
            act = try approvals.withLock { table throws(ApprovalTable.Refusal) in
                let act = try table.check(id, person)
                guard act.state == .review || claim(id, in: table) else { throw .over("") }
                return act
            }
        } catch {
            throw words(error)
        }
        if act.state == .review {
            attention.settle(.review, subject: id, of: TownID(act.town))
            noteDown(act, "出たあとで確かめた：「\(act.title)」（出した人 \(act.by)）", by: person.actor)
            return (decided(act, by: person), nil)
        }
        defer { _ = sending.withLock { $0.remove(id) } }
        do throws(DeskFailure) {
            guard act.order.isSaid else {
                try change(act, by: person)
                let done = decided(act, by: person)
                noteDown(act, "承認した：「\(act.title)」（出した人 \(act.by)）", by: person.actor)
                try await kept()
                return (done, nil)
            }
            let sent = try await send(act, actor: "\(submitter(act).actor(in: TownID(act.town))) approved:\(person.name)")
            noteDown(act, "承認した：「\(act.title)」（出した人 \(act.by)）", by: person.actor)
            return (decided(act, by: person), sent)
        } catch {
            // On its way, though the disk does not know: nobody sends it a second time.
            if case .unrecorded = error { _ = decided(act, by: person) }
            throw error
        }
    }

    package func giveBack(_ id: String, by person: Operator, reason: String) throws(DeskFailure) -> WaitingAct {
        do throws(ApprovalTable.Refusal) {
            return try approvals.withLock { table throws(ApprovalTable.Refusal) in
                guard !sending.withLock({ $0.contains(id) }) else { throw .over("") }
                let act = try table.giveBack(id, by: person, reason: reason, now: clock())
                keep(act)
                noteDown(act, (act.by == person.name ? "取り下げた" : "差し戻した") + "：「\(act.title)」（出した人 \(act.by)）。理由：\(reason)", by: person.actor)
                return act
            }
        } catch {
            throw words(error)
        }
    }

    /// The same order that waits already is taken out of the list, and is its sender's alone.
    func claimTwin(_ key: OrderKey?, _ what: WaitingAct.Order, in town: TownID?, by person: Operator) throws(DeskFailure) -> WaitingAct? {
        guard let town else { return nil }
        do throws(ApprovalTable.Refusal) {
            return try approvals.withLock { table throws(ApprovalTable.Refusal) in
                switch table.twin(under: key?.name, of: what, town, by: person) {
                case .none: return nil
                // Under its key it goes out now.
                case .returned(let act):
                    if let freed = table.free(act.id) { keep(freed) }
                    return nil
                case .waits(let act) where claim(act.id, in: table): return act
                case .waits, .sent: throw .over("")
                }
            }
        } catch {
            throw words(error)
        }
    }

    /// It was not sent after all, and waits as it did.
    func unclaim(_ act: WaitingAct) { _ = sending.withLock { $0.remove(act.id) } }

    /// Whoever sends it is the only one: it still waits, and nobody else is at it. Under the approvals' lock.
    func claim(_ id: String, in table: ApprovalTable) -> Bool {
        table.acts[id]?.state == .waiting && sending.withLock { $0.insert(id).inserted }
    }

    // MARK: Pieces

    /// What waits is always real.
    func noteDown(_ act: WaitingAct, _ words: String, by actor: String) {
        if let town = TownID(act.town) { noteDown(.approval, words, about: act.id, .actual, in: town, by: actor) }
    }

    func decided(_ act: WaitingAct, by name: String, isSafe: Bool = false) -> WaitingAct {
        approvals.withLock { table in
            guard let act = table.approved(act.id, by: name, isSafe: isSafe, now: clock()) else { return act }
            keep(act)
            return act
        }
    }

    /// The key from the safe is nobody's name: what it approved goes out, and somebody looks at it afterwards.
    private func decided(_ act: WaitingAct, by person: Operator) -> WaitingAct {
        let isSafe = person.kind == .safe
        if isSafe, act.state == .waiting, let town = TownID(act.town) {
            attention.notice(
                .review, act.id, "「\(act.title)」（\(act.by)さん）を、金庫の鍵で入った\(person.name)さんが承認しました。あとから確かめてください (approved by a key from the safe: look at it)",
                from: "desk", of: town, at: clock())
        }
        return decided(act, by: person.name, isSafe: isSafe)
    }

    /// Under the approvals' lock, so that the disk has them in their order.
    func keep(_ act: WaitingAct) {
        ledger.write(Self.approvalPrefix + act.id, (try? JSONEncoder().encode(act)).map { [UInt8]($0) })
    }

    /// Who submitted it: what he might do was asked then, whatever became of him since.
    func submitter(_ act: WaitingAct) -> Operator {
        let town = TownID(act.town)
        var person = Operator(
            name: act.by, kind: .account, credential: act.credential,
            grants: [.init(towns: town.map { [$0] } ?? [], rights: Rights([Rights(act.act, [.actual]), Rights(.read)]))])
        if let town, let helper = act.onBehalf { person.helping = [town: [helper]] }
        return person
    }

    func send(_ act: WaitingAct, actor: String) async throws(DeskFailure) -> Pushed {
        let order = try await order(act)
        try check(order)
        try checkPact(order)
        return try await send(order, actor: actor)
    }

    /// Read again, on the state as it is now.
    private func order(_ act: WaitingAct) async throws(DeskFailure) -> DeskOrder {
        let person = submitter(act)
        let order = switch act.order {
        case .push(let octets): try read(Self.withoutVersion(octets), by: person, as: AlertID(act.alert))
        case .cancel(let alert): try await cancelling(AlertID(alert), as: AlertID(act.alert), by: person)
        case .confirm, .roles, .safeKeys: throw .conflict("送るものではありません (nothing that is sent)")
        }
        // Whatever else has changed meanwhile: what this one changes stands as its sender saw it.
        func states(_ steps: [Act.Step]?) -> [Act.Subject: Act.State?] {
            Dictionary((steps ?? []).map { ($0.subject, $0.before?.state) }, uniquingKeysWith: { $1 })
        }
        guard states(order.content.act?.steps) == states(act.before) else {
            throw .conflict(
                "出したあとで、この情報が変えるところの状況が変わりました。差し戻して、いまの状況で出し直してください (what it changes has changed since it was submitted: return it, and submit it anew)")
        }
        return order
    }

    /// Two people's orders for two districts do not stand in each other's way while both wait.
    private static func withoutVersion(_ octets: [UInt8]) -> [UInt8] {
        guard var order = try? JSONSerialization.jsonObject(with: Data(octets)) as? [String: Any], order["based_on"] != nil else { return octets }
        order["based_on"] = nil
        return (try? JSONSerialization.data(withJSONObject: order)).map { [UInt8]($0) } ?? octets
    }

    func words(_ refusal: ApprovalTable.Refusal) -> DeskFailure {
        switch refusal {
        case .notFound: .notFound("この番号の承認待ちはありません (nothing of this id waits)")
        case .over(let name):
            .conflict("もう決まっています" + (name.isEmpty ? "" : "（\(name)さん）") + " (decided already\(name.isEmpty ? "" : ", by \(name)"))")
        case .own: .forbidden("出した人は、自分で承認できません。急ぐときは、理由を書いて承認なしで出せます (who submits cannot approve; break-glass sends at once)")
        case .notAllowed(let role):
            .forbidden("あなたの役割では承認できません。" + (role.map { "いまは「\($0.japanese)」の番です" } ?? "") + " (your role does not approve this)")
        case .full: .conflict("承認を待つものが多すぎます (too many wait)")
        }
    }
}

extension Pushed {
    init(_ act: WaitingAct, isRepeat: Bool = false) {
        self.init(id: AlertID(act.alert), event: EventID(act.alert), mode: .actual, town: TownID(act.town))
        self.isRepeat = isRepeat
        // Sent meanwhile: it is an alert like any other.
        approval = [.sent, .review, .reviewed].contains(act.state) ? nil : act
    }
}
