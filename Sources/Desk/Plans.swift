/// A town's plans, and what each takes for granted. Kesennuma's first lesson of 2011: a plan fails at once when its assumptions do,
/// and nobody says so. Here somebody says it, and the desk offers the next plan whose own assumptions still hold.
///
///     計画1 ── takes for granted ──▶ 役場が使える ✗ (佐藤, 15:21, 浸水)
///       └── otherwise ──▶ 計画2 ── takes for granted ──▶ 職員の半分がいる ✓
package import AlertModel
package import ChannelKit
package import Foundation
internal import Synchronization

package struct Assumption: Sendable, Hashable {
    package var id: String
    package var name: String

    package init(id: String, name: String) { (self.id, self.name) = (id, name) }
}

package struct Plan: Sendable, Hashable {
    /// The evacuation order that it begins with.
    package struct Order: Sendable, Hashable {
        package var hazard: String
        package var level: Int
        package var districts: [String]

        package init(hazard: String, level: Int, districts: [String]) { (self.hazard, self.level, self.districts) = (hazard, level, districts) }
    }
    package var id: String
    package var name: String
    /// Ids of assumptions.
    package var assumes: [String]
    /// The plan for when one of them is broken.
    package var otherwise: String?
    package var order: Order?

    package init(id: String, name: String, assumes: [String], otherwise: String? = nil, order: Order? = nil) {
        (self.id, self.name, self.assumes, self.otherwise, self.order) = (id, name, assumes, otherwise, order)
    }
}

/// That something is not so which plans take for granted.
package struct Break: Codable, Sendable, Hashable {
    package var by: String
    package var at: Date
    package var reason: String

    package init(by: String, at: Date, reason: String) { (self.by, self.at, self.reason) = (by, at, reason) }
}

/// A value: what a town has written down.
package struct TownPlans: Sendable, Hashable {
    package var assumptions: [Assumption]
    package var plans: [Plan]

    package enum Fault: Error, Sendable, Hashable {
        case twice(String)
        case noAssumption(String, plan: String)
        case noPlan(String, plan: String)
        /// `otherwise` leads back to where it began.
        case circle(plan: String)
    }

    package init(assumptions: [Assumption] = [], plans: [Plan] = []) throws(Fault) {
        (self.assumptions, self.plans) = (assumptions, plans)
        for ids in [assumptions.map(\.id), plans.map(\.id)] {
            var seen: Set<String> = []
            for id in ids where !seen.insert(id).inserted { throw .twice(id) }
        }
        let known = Set(assumptions.map(\.id))
        for plan in plans {
            for id in plan.assumes where !known.contains(id) { throw .noAssumption(id, plan: plan.id) }
            var (next, met) = (plan.otherwise, Set([plan.id]))
            while let id = next {
                guard let other = self.plan(id) else { throw .noPlan(id, plan: plan.id) }
                guard met.insert(id).inserted else { throw .circle(plan: plan.id) }
                next = other.otherwise
            }
        }
    }

    package func plan(_ id: String) -> Plan? { plans.first { $0.id == id } }

    /// What of a plan's assumptions is broken.
    package func broken(_ plan: Plan, _ breaks: [String: Break]) -> [Assumption] {
        assumptions.filter { plan.assumes.contains($0.id) && breaks[$0.id] != nil }
    }

    /// The nearest plan that still stands; nil where this one does, or none.
    package func instead(of plan: Plan, _ breaks: [String: Break]) -> Plan? {
        guard !broken(plan, breaks).isEmpty else { return nil }
        var next = plan.otherwise.flatMap { self.plan($0) }
        while let other = next {
            if broken(other, breaks).isEmpty { return other }
            // No circle: that was asked at the start.
            next = other.otherwise.flatMap { self.plan($0) }
        }
        return nil
    }
}

/// The plans of all towns, and what is broken just now; kept beside the record.
package final class PlanBook: Sendable {
    private let towns: [TownID: TownPlans]
    private let notebook: any Notebook
    private let state: Mutex<[TownID: [String: Break]]>
    private static let prefix = "assumption/"

    package init(_ towns: [TownID: TownPlans] = [:], notebook: any Notebook) {
        self.towns = towns
        self.notebook = notebook
        var known: [TownID: [String: Break]] = [:]
        for key in notebook.keys(prefix: Self.prefix) {
            let parts = key.dropFirst(Self.prefix.count).split(separator: "/", maxSplits: 1)
            guard parts.count == 2, let town = TownID(String(parts[0])), let octets = notebook.read(key),
                let made = try? JSONDecoder().decode(Break.self, from: Data(octets))
            else { continue }
            known[town, default: [:]][String(parts[1])] = made
        }
        state = Mutex(known)
    }

    package func plans(of town: TownID) -> TownPlans? { towns[town] }
    package func breaks(of town: TownID) -> [String: Break] { state.withLock { $0[town] ?? [:] } }

    /// - Parameter broken: nil: it is so again.
    /// - Returns: nil where the town takes nothing of this id for granted.
    package func set(_ id: String, _ broken: Break?, of town: TownID) -> Assumption? {
        guard let assumption = towns[town]?.assumptions.first(where: { $0.id == id }) else { return nil }
        state.withLock { state in
            state[town, default: [:]][id] = broken
            notebook.write("\(Self.prefix)\(town.code)/\(id)", broken.flatMap { try? JSONEncoder().encode($0) }.map { [UInt8]($0) })
        }
        return assumption
    }
}
