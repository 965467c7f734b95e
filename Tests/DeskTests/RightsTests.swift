import AlertModel
import Testing

@testable import Desk

@Suite("The table of rights")
struct RightsTests {
    @Test("At the real desk each role may all that it may for real, a chief his yes too; at the desk of drills nothing real", arguments: Role.allCases)
    func places(role: Role) {
        let real = role.rights.within(.actual), drill = role.rights.within(.exercise)
        for scope in Scope.allCases where scope != .drill && role.rights.contains(scope.rights) {
            #expect(real.contains(scope.rights), "\(role): \(scope)")
        }
        for scope in [Scope.send, .approve, .devices, .admin, .feed] { #expect(!drill.touches(scope.rights), "\(role): \(scope)") }
        #expect(!real.touches(Scope.drill.rights))
    }

    private let own = TownID("042056")!
    private let other = TownID("042021")!

    private func person(_ role: Role) -> Operator {
        Operator(name: "a", kind: .account, credential: "account:a", grants: [.init(towns: [own], rights: role.rights)])
    }

    @Test("Role by act by mode by town: what stands in the table is allowed there, and nothing else anywhere")
    func matrix() {
        for role in Role.allCases {
            for act in DeskAct.allCases {
                for mode in ModeName.allCases {
                    let stands = Role.table[role]?[act]?.contains(mode) ?? false
                    #expect(person(role).may(act, mode, in: own) == stands, "\(role) \(act) \(mode)")
                    #expect(!person(role).may(act, mode, in: other), "\(role) \(act) \(mode)")
                }
            }
        }
    }

    @Test("Who watches or reads sends nothing real, who sends cannot approve, and nobody is a source by a role")
    func separation() {
        for role in [Role.watcher, .prefecture, .admin, .school] {
            for act in [DeskAct.order, .shelter, .notice] { #expect(!role.rights.contains(act, .actual), "\(role) \(act)") }
        }
        #expect(!Role.duty.rights.contains(.approve, .actual) && Role.chief.rights.contains(.approve, .actual))
        for role in Role.allCases { #expect(!role.rights.contains(.feed, .actual), "\(role)") }
    }

    @Test("A scope is the rights of its name, and no other scope is in it", arguments: Scope.allCases)
    func scopes(_ scope: Scope) {
        let bearer = Operator(name: "t", tokenDigest: "d", towns: [own], scopes: [scope])
        #expect(bearer.scopes == [scope])
        #expect(bearer.may(scope, in: own) && !bearer.may(scope, in: other) && !bearer.mayEverywhere(scope))
    }

    @Test("A person with two towns and two roles does in each what the role there allows, whichever way it is asked")
    func twoTowns() {
        let both = Operator(
            name: "a", kind: .account, credential: "account:a",
            grants: [.init(towns: [own], rights: Role.duty.rights), .init(towns: [other], rights: Role.watcher.rights)])
        #expect(both.may(.order, .actual, in: own) && !both.may(.order, .actual, in: other))
        #expect(both.narrowed(to: [.send])?.towns == [own])
        #expect(both.narrowed(to: [.read])?.towns == [own, other])
        #expect(both.narrowed(to: [.feed]) == nil)
    }
}
