/// What waits for a second person: the list, yes and no.
internal import AlertModel
internal import Desk
internal import Foundation
internal import HTTPTypes
internal import Hub
internal import Hummingbird
internal import Serving

/// An act that waits, as everybody at the desk sees it.
struct ApprovalShape: Encodable {
    struct Next: Encodable {
        var role, name: String
        /// Who has the role, where the hub knows them by name.
        var people: [String]
    }
    var id, town, title, kind, state, by, alert: String
    var submitted_at, deadline: String
    /// Whose turn it is; absent where it goes out by itself at the deadline.
    var next: Next?
    var decided_by, decided_at, reason: String?
    /// Who submitted it was stopped meanwhile.
    var by_stopped: Bool?

    init(_ act: WaitingAct, _ people: People, isStopped: Bool) {
        (id, town, title) = (act.id, act.town, act.title)
        kind = act.act.rawValue
        state = act.state.rawValue
        by = act.by
        alert = act.alert
        submitted_at = JapanTime.text(act.submitted)
        deadline = JapanTime.text(act.deadline)
        if act.state == .waiting { next = Self.next(act, people) }
        decided_by = act.decidedBy
        decided_at = act.decided.map { JapanTime.text($0) }
        reason = act.reason
        if act.state == .waiting, isStopped { by_stopped = true }
    }

    /// Whose turn it is, of those who did not submit it.
    static func next(_ act: WaitingAct, _ people: People) -> Next? {
        act.next.map { role in
            let names = TownID(act.town).map { people.names(role, in: $0) } ?? []
            return Next(role: role.rawValue, name: role.japanese, people: names.filter { $0 != act.by })
        }
    }
}

/// Whom an order would wait for, and how long.
struct ApprovalWait: Encodable {
    var next: ApprovalShape.Next?
    var seconds: Int

    init(_ act: WaitingAct, _ people: People) { (next, seconds) = (ApprovalShape.next(act, people), Int(act.patience)) }
}

extension HubRouter {
    private struct Answered: Encodable {
        var approval: ApprovalShape
        /// The alert that went out.
        var alert: String?
    }

    /// What it would say and change if it were sent now.
    private struct Content: Encodable {
        var approval: ApprovalShape
        var previews: [PreviewShape]
        var changes: [StandingShape.Step]
    }

    private struct Return: Decodable {
        var reason: String
    }

    func addApprovals(to desk: DeskRoutes) {
        desk.get("/v1/approvals") { request, context in
            let person = context.person
            let town = try town(request.uri.queryParameters["town"].map(String.init), for: person)
            let isAll = request.uri.queryParameters["all"] == "true"
            let acts = hub.approvals(for: person, town.id).filter { isAll || $0.state == .waiting || $0.state == .review }
            return try Answer.json(["approvals": acts.map { shape($0) }])
        }
        desk.get("/v1/approvals/{id}") { request, context in
            let person = context.person
            let id = try context.parameters.require("id")
            do throws(DeskFailure) {
                let (act, order) = try await hub.order(waiting: id, for: person)
                return try Self.json(
                    Content(
                        approval: shape(act), previews: order.map { previews($0) } ?? [],
                        changes: (order?.content.act?.steps ?? []).map { StandingShape.Step($0) }), .ok)
            } catch {
                throw problem(error)
            }
        }
        desk.post("/v1/approvals/{id}/approve") { request, context in
            let person = context.person
            let id = try context.parameters.require("id")
            do throws(DeskFailure) {
                let (act, sent) = try await hub.approve(id, by: person)
                return try Self.json(Answered(approval: shape(act), alert: sent?.id.text), sent == nil ? .ok : .accepted)
            } catch {
                throw problem(error)
            }
        }
        desk.post("/v1/approvals/{id}/return") { request, context in
            let person = context.person
            let id = try context.parameters.require("id")
            let wish = try await Body.decode(Return.self, request)
            guard (1...200).contains(wish.reason.count), PlainText.isPlain(wish.reason) else {
                throw Problem(.unprocessableContent, "差し戻す理由を200文字までで書いてください (reason: 1 to 200 letters)", errors: [.init(field: "reason", detail: "1〜200文字")])
            }
            do throws(DeskFailure) {
                let act = try hub.giveBack(id, by: person, reason: wish.reason)
                return try Self.json(Answered(approval: shape(act)), .ok)
            } catch {
                throw problem(error)
            }
        }
    }

    func shape(_ act: WaitingAct) -> ApprovalShape { ApprovalShape(act, hub.people, isStopped: act.state == .waiting && hub.isStopped(act)) }

    private static func json(_ value: some Encodable, _ status: HTTPResponse.Status) throws(DeskFailure) -> Response {
        do { return try Answer.json(value, status: status) } catch { throw .unrecorded("\(error)") }
    }
}
