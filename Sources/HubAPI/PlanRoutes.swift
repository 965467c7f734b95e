/// A town's plans, which of what they take for granted is broken, and what to do instead.
internal import AlertModel
internal import Desk
internal import Foundation
internal import HTTPTypes
internal import Hub
internal import Hummingbird
internal import Logging
internal import Serving

extension HubRouter {
    private struct AssumptionShape: Encodable {
        var id, name: String
        var holds: Bool
        var broken_by, broken_at, reason: String?
    }

    private struct PlanShape: Encodable {
        struct Order: Encodable {
            var hazard: String
            var level: Int
            var districts: [String]
        }
        var id, name: String
        var holds: Bool
        var assumes: [String]
        /// Ids of what is broken of it.
        var broken: [String]
        /// The nearest plan that still stands.
        var instead: String?
        var order: Order?
    }

    private struct Plans: Encodable {
        var town: String
        var assumptions: [AssumptionShape]
        var plans: [PlanShape]
    }

    private struct Wish: Decodable {
        var holds: Bool
        var reason: String?
    }

    func addPlans(to desk: DeskRoutes) {
        desk.get("/v1/towns/{code}/plans") { request, context in
            let town = try town(try context.parameters.require("code"), for: context.person)
            return try Answer.json(plans(of: town.id))
        }
        desk.put("/v1/towns/{code}/assumptions/{id}") { request, context in
            let person = context.person
            let town = try town(try context.parameters.require("code"), for: person)
            let id = try context.parameters.require("id")
            let wish = try await Body.decode(Wish.self, request)
            let reason = (wish.reason ?? "").trimmingCharacters(in: .whitespaces)
            guard reason.count <= 200, PlainText.isPlain(reason), wish.holds || !reason.isEmpty else {
                throw Problem(
                    .unprocessableContent, "前提が崩れた理由（reason）を200文字までで書いてください (reason: 1 to 200 letters)",
                    errors: [.init(field: "reason", detail: "1〜200文字")])
            }
            let made = wish.holds ? nil : Break(by: person.name, at: hub.clock(), reason: reason)
            guard let assumption = hub.plans.set(id, made, of: town.id) else {
                throw Problem(.notFound, "前提「\(PlainText.visible(id))」は、この市町村にありません (no such assumption)")
            }
            tell(assumption, made, of: town.id, by: person)
            try await hub.onDisk()
            return try Answer.json(plans(of: town.id))
        }
    }

    private func tell(_ assumption: Assumption, _ made: Break?, of town: TownID, by person: Operator) {
        hub.logger.notice("assumption of plans", metadata: [
            "town": "\(town)", "assumption": "\(assumption.id)", "holds": "\(made == nil)", "by": "\(person.name)", "reason": "\(made?.reason ?? "-")",
        ])
        hub.noteDown(
            .plan, made.map { "崩れた：\(assumption.name)。理由：\($0.reason)" } ?? "また成り立つ：\(assumption.name)", about: assumption.id, .actual, in: town, by: person.actor)
        let subject = "前提 \(assumption.id)"
        guard let made, let own = hub.plans.plans(of: town) else { return hub.attention.settle(.review, subject: subject, of: town) }
        let breaks = hub.plans.breaks(of: town)
        let lines = own.plans.filter { $0.assumes.contains(assumption.id) }.map { plan in
            "「\(plan.name)」は、" + (own.instead(of: plan, breaks).map { "「\($0.name)」に替えてください" } ?? "代わりの計画がありません")
        }
        hub.attention.notice(
            .review, subject, "計画の前提「\(assumption.name)」が崩れました（\(made.by)さん：\(made.reason)）。" + lines.joined(separator: "、")
                + " (an assumption of plans is broken)", from: "desk", of: town, at: made.at)
    }

    private func plans(of town: TownID) -> Plans {
        let (own, breaks) = (hub.plans.plans(of: town), hub.plans.breaks(of: town))
        return Plans(
            town: town.code,
            assumptions: (own?.assumptions ?? []).map { assumption in
                let made = breaks[assumption.id]
                return AssumptionShape(
                    id: assumption.id, name: assumption.name, holds: made == nil, broken_by: made?.by, broken_at: made.map { JapanTime.text($0.at, milliseconds: false) },
                    reason: made?.reason)
            },
            plans: (own?.plans ?? []).map { plan in
                let broken = own?.broken(plan, breaks) ?? []
                return PlanShape(
                    id: plan.id, name: plan.name, holds: broken.isEmpty, assumes: plan.assumes, broken: broken.map(\.id),
                    instead: own?.instead(of: plan, breaks)?.id,
                    order: plan.order.map { .init(hazard: $0.hazard, level: $0.level, districts: $0.districts) })
            })
    }
}
