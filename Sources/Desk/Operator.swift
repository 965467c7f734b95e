/// People at the desk and programs that stand for one: for which towns, and what each may do there.
package import AlertModel
internal import Devices

/// A person at the desk, or a program that stands for one, as one credential of theirs says.
package struct Operator: Sendable, Hashable {
    /// What it opens, and where.
    package struct Grant: Sendable, Hashable {
        /// Nil: every town of this hub.
        package var towns: Set<TownID>?
        package var rights: Rights
        /// Of a person's role; nil of a token.
        package var role: Role?

        package init(towns: Set<TownID>?, rights: Rights, role: Role? = nil) {
            self.towns = towns
            self.rights = rights
            self.role = role
        }

        func holds(_ town: TownID) -> Bool { towns?.contains(town) ?? true }
    }

    package enum Kind: String, Sendable, Hashable {
        /// A token in the settings.
        case settings
        /// A token for a program, made here.
        case program
        /// Signed in with a name.
        case account
        /// Signed in with a key from the safe.
        case safe
    }

    package var name: String
    package var kind: Kind
    /// What tells this one from all others: SHA-256 of its token, hex, or its account's name.
    package var credential: String
    package var grants: [Grant]
    /// Credentials of others in whose hands this one was: who made it, or set its password, and nobody else has looked since.
    /// Two that share a hand are one person.
    package var hands: Set<String> = []
    /// This machine's own commands: whoever reads the data folder is its keeper anyway.
    package var isOwner = false

    /// Towns whose work this one does just now, and by which agreements: his own rights there are none.
    package var helping: [TownID: [OnBehalf]] = [:]
    /// Those of them for which it is a rehearsal alone: what is real stays the town's own.
    package var rehearsing: Set<TownID> = []

    /// The place of the desk that was asked from; nil of who is no desk.
    package private(set) var place: ModeName?

    package init(name: String, kind: Kind, credential: String, grants: [Grant]) {
        self.name = name
        self.kind = kind
        self.credential = credential
        self.grants = grants
    }

    /// A token's. Without `scopes`: all of them; for who is bound to towns all but `feed`, since a bulletin speaks to every
    /// town, and `admin`.
    package init(name: String, tokenDigest: String, towns: Set<TownID>? = nil, scopes: Set<Scope>? = nil) {
        let all = Set(Scope.allCases)
        let own = scopes ?? (towns == nil ? all : all.subtracting([.feed, .admin]))
        self.init(
            name: name, kind: .settings, credential: tokenDigest,
            grants: [Grant(towns: towns, rights: Rights(own.map(\.rights)))])
    }

    /// Nil: every town of this hub.
    package var towns: Set<TownID>? {
        grants.reduce(into: Set<TownID>?.some([])) { all, grant in all = grant.towns.flatMap { own in all?.union(own) } }
    }

    package func may(_ town: TownID) -> Bool { grants.contains { $0.holds(town) } }
    package func may(_ act: DeskAct, _ mode: ModeName, in town: TownID) -> Bool {
        grants.contains { $0.holds(town) && $0.rights.contains(act, mode) }
    }

    /// All that it may in a town, by any of its grants.
    package func rights(in town: TownID) -> Rights { Rights(grants.filter { $0.holds(town) }.map(\.rights)) }
    /// All that it may in every town.
    package var rightsEverywhere: Rights { Rights(grants.filter { $0.towns == nil }.map(\.rights)) }

    /// Whether these two may be the same person.
    package func isOne(with name: String, _ credential: String, _ hands: Set<String>) -> Bool {
        if self.name == name || self.credential == credential { return true }
        // Whoever keeps the settings makes everybody's account: he counts where he himself is one of the two.
        if self.hands.contains("keeper:\(credential)") || hands.contains("keeper:\(self.credential)") { return true }
        let shared = self.hands.union([self.credential]).intersection(hands.union([credential]))
        return shared.contains { !$0.hasPrefix("keeper:") }
    }

    /// As what this one is a hand of what he makes.
    package var ownHands: Set<String> {
        if isOwner { return [] }
        return hands.union([kind == .settings && mayEverywhere(.admin) ? "keeper:\(credential)" : credential])
    }

    /// Everything of the scope, somewhere; in this town; in every town.
    package func may(_ scope: Scope) -> Bool { grants.contains { $0.rights.contains(scope.rights) } }
    package func may(_ scope: Scope, in town: TownID) -> Bool {
        grants.contains { $0.holds(town) && $0.rights.contains(scope.rights) }
    }
    package func mayEverywhere(_ scope: Scope) -> Bool {
        grants.contains { $0.towns == nil && $0.rights.contains(scope.rights) }
    }

    package var scopes: Set<Scope> { Set(Scope.allCases.filter { may($0) }) }

    /// The same one with those grants only in which something of these scopes is; nil where there are none. Who may read in
    /// one town and send in another sends in the other.
    package func narrowed(to wanted: [Scope]) -> Operator? {
        let left = grants.filter { grant in wanted.contains { grant.rights.touches($0.rights) } }
        guard !left.isEmpty else { return nil }
        var person = self
        person.grants = left
        return person
    }

    /// The same one in one place of the desk, the real one or the drills'.
    package func within(_ place: ModeName) -> Operator {
        var person = self
        person.place = place
        person.grants = grants.map { Grant(towns: $0.towns, rights: $0.rights.within(place), role: $0.role) }
        return person
    }

    /// Who this is in the record and the log.
    package var actor: String { kind == .safe ? "safe:\(name)" : "operator:\(name)" }
    /// The same in one town: whoever works in its name says for whom he does else.
    package func named(in town: TownID?) -> String { town.flatMap { helping[$0]?.first }.map { "\(name)（\($0.name)）" } ?? name }
    package func actor(in town: TownID?) -> String { town.flatMap { helping[$0]?.first }.map { "\(actor)（\($0.name)）" } ?? actor }

    /// Said to who may not. `wanted`: any of these would do.
    package func refusal(_ wanted: [Scope]) -> String {
        if place == .exercise, wanted.allSatisfy({ [.send, .devices, .admin, .feed].contains($0) }) {
            return "ここは訓練の操作卓です。本番の操作卓に入り直してください (this is the desk of drills: sign in at the real one)"
        }
        let words = wanted.map { "\($0.japanese)（\($0.rawValue)）" }.joined(separator: "または")
        let names = wanted.map(\.rawValue).joined(separator: " or ")
        switch kind {
        case .settings, .program:
            return "このトークン（\(name)）に\(words)の権限がありません。設定の operators か noroshi token で scopes を確かめてください "
                + "(the token of \(name) lacks the scope \(names))"
        case .account, .safe:
            return "\(name)さんの役割に\(words)の権限がありません。noroshi roles で確かめてください (no role of \(name) allows \(names))"
        }
    }

    /// The same for one act.
    package func refusal(_ act: DeskAct, _ mode: ModeName) -> String {
        if let place, place != mode {
            let (here, there) = place == .exercise ? ("訓練", "本番") : ("本番", "訓練")
            return "ここは\(here)の操作卓です。\(there)の情報は、\(there)の操作卓に入り直して出してください (this is the desk of \(place == .exercise ? "drills" : "what is real"): sign in at the other one)"
        }
        let real = mode == .actual ? "本番の" : "訓練の"
        switch kind {
        case .settings, .program: return refusal([.sending(mode)])
        case .account, .safe:
            return "\(name)さんの役割では、\(real)「\(act.japanese)」を出せません。noroshi roles で確かめてください "
                + "(no role of \(name) allows \(act.rawValue) in mode \(mode.rawValue))"
        }
    }
}
