/// Changes of people that weigh: who is a second person, who says yes, what opens the safe. Where two decide and somebody else could look,
/// they wait for him as an order does.
package import AlertModel
package import Desk
internal import Dispatching
internal import Foundation
internal import Logging

extension Hub {
    /// Roles that let somebody say yes, or change people, are given when a second person of that town has seen it; others now.
    ///
    /// - Returns: the account as it is now, and what waits.
    package func give(_ duties: [Duty], to name: String, by person: Operator) async throws(PeopleFailure) -> (account: Account, waits: WaitingAct?) {
        let account = try people.checkChange(name, duties, by: person)
        let weighty = towns.all.filter { town in
            people.weighs(duties, for: account.name, in: town.id) && isAsked(about: account.name, in: town.id, by: person)
        }
        // Each town says yes for itself.
        guard weighty.count <= 1 else {
            throw .invalid("承認や管理の役割は、市町村ごとに一つずつ変えてください。町ごとに、ほかの人の承認が要るからです (one town at a time: each says yes for itself)", field: "roles")
        }
        guard let town = weighty.first else { return (try people.change(name, duties, by: person), nil) }
        let words = duties.filter { $0.places?.contains(town.id) ?? true }.map(\.role.japanese).joined(separator: "、")
        let title = "役割：\(account.name)を\(town.name)の\(words)に"
        return (account, try await ask(.roles(account: account.name, duties), title, in: town.id, by: person))
    }

    /// Somebody else looks at who it is; until then the account works, and is no second person for who made it.
    package func ask(about account: Account, _ title: String, by person: Operator) async throws(PeopleFailure) -> WaitingAct? {
        guard account.doubt != nil else { return nil }
        let town = towns.all.map(\.id).first { town in
            account.duties.contains { $0.places?.contains(town) ?? true } && isAsked(about: account.name, in: town, by: person)
        }
        guard let town else { return nil }
        return try await ask(.confirm(account: account.name), title, in: town, by: person)
    }

    /// New keys for the safe. While they wait they open nothing, and those before still do.
    package func makeSafeKeys(_ town: TownID, by person: Operator) async throws(PeopleFailure) -> (keys: [String], waits: WaitingAct?) {
        let (keys, digests) = try people.newSafeKeys(town, by: person)
        guard isAsked(about: nil, in: town, by: person) else {
            people.putSafeKeys(digests, town, hands: person.ownHands)
            return (keys, nil)
        }
        return (keys, try await ask(.safeKeys(digests), "金庫の鍵の作り直し（\(keys.count)枚）", in: town, by: person))
    }

    private func isAsked(about name: String?, in town: TownID, by person: Operator) -> Bool {
        approval(of: town) == .two && people.hasOther(than: person, about: name, in: town)
    }

    private func ask(_ order: WaitingAct.Order, _ title: String, in town: TownID, by person: Operator) async throws(PeopleFailure) -> WaitingAct? {
        let id = newID()
        do throws(DeskFailure) {
            return try await submit(WaitingAct(
                id: "A-\(id.text)", town: town, act: .people, title: title, order: order, by: person, alert: id, submitted: clock(),
                patience: ApprovalTable.peoplePatience, isTimed: false)).approval
        } catch {
            if case .unkept(let reason) = error { throw .unrecorded(reason) }
            throw .conflict("\(error)")
        }
    }

    /// A change of people, said yes to.
    func change(_ act: WaitingAct, by person: Operator) throws(DeskFailure) {
        do throws(PeopleFailure) {
            switch act.order {
            case .push, .cancel: break
            case .confirm(let name): try people.confirm(name, Set(act.submitters), by: person)
            case .roles(let name, let duties):
                guard let town = TownID(act.town) else { return }
                try people.confirm(name, duties, in: town)
            case .safeKeys(let digests):
                guard let town = TownID(act.town) else { return }
                people.putSafeKeys(digests, town, hands: Set(act.submitters))
            }
        } catch {
            throw .conflict("\(error)")
        }
        logger.notice("change of people approved", metadata: ["approval": "\(act.id)", "what": "\(act.title)", "by": "\(person.name)"])
    }
}
