package import AlertModel
package import Foundation

/// A role somebody has, and where.
package struct Duty: Codable, Sendable, Hashable {
    package var role: Role
    /// Nil: in every town of this hub.
    package var towns: [String]?

    package init(_ role: Role, towns: [TownID]?) {
        self.role = role
        self.towns = towns.map { $0.map(\.code).sorted() }
    }

    package var places: Set<TownID>? { towns.map { Set($0.compactMap { TownID($0) }) } }
}

/// In whose hands an account was: who made it or set its password knows what opens it, whatever its person set since. Until
/// somebody else has looked, the two of them are no two pairs of eyes.
package struct Doubt: Codable, Sendable, Hashable {
    /// Credentials.
    var hands: [String]
    package var by: String
    package var since: Date

    /// Nil for this machine's keeper.
    init?(_ person: Operator, _ now: Date) {
        guard !person.isOwner else { return nil }
        hands = person.ownHands.sorted()
        by = person.name
        since = now
    }
}

/// A person with a name here. Rights come from the roles alone.
package struct Account: Codable, Sendable {
    package internal(set) var name: String
    package internal(set) var duties: [Duty]
    var password: PasswordHash
    var code: TimeCode?
    package internal(set) var isDisabled = false
    package internal(set) var made: Date
    package internal(set) var maker: String
    /// When the password was set, and whether somebody else did it: the person is asked for a new one.
    package internal(set) var passwordSet: Date
    package internal(set) var isFirstPassword: Bool
    package internal(set) var lastSignIn: Date?

    /// Nil in what an older program kept.
    package internal(set) var passkeys: [Passkey]?
    /// The towns of its last roles, once it has none: theirs it stays.
    var homes: [String]?
    package internal(set) var doubt: Doubt?
    /// How this person is called up; nil: by nothing that anybody wrote down.
    package internal(set) var ways: StaffWays?

    package var hasCode: Bool { code != nil }

    /// Whose it is to change: the towns of its roles, or of its last ones. Nil: every town.
    package var places: Set<TownID>? {
        guard !duties.isEmpty else { return homes.map { Set($0.compactMap { TownID($0) }) } }
        return duties.reduce(into: Set<TownID>?.some([])) { all, duty in all = duty.places.flatMap { own in all?.union(own) } }
    }

    var person: Operator {
        var person = Operator(
            name: name, kind: .account, credential: "account:\(name)",
            grants: duties.map { Operator.Grant(towns: $0.places, rights: $0.role.rights, role: $0.role) })
        person.hands = Set(doubt?.hands ?? [])
        return person
    }
}

/// A token for a program: named, dated, with scopes.
package struct ProgramToken: Codable, Sendable {
    package internal(set) var id: String
    package internal(set) var name: String
    var digest: String
    /// Nil: every town.
    package internal(set) var towns: [String]?
    package internal(set) var scopes: [Scope]
    package internal(set) var made: Date
    package internal(set) var maker: String
    package internal(set) var expires: Date
    package internal(set) var revoked: Date?
    /// Its maker's, and whose hands he is in: a program is nobody's second pair of eyes. Nil in what an older program kept.
    var hands: [String]?

    package var places: Set<TownID>? { towns.map { Set($0.compactMap { TownID($0) }) } }

    var person: Operator {
        var person = Operator(
            name: name, kind: .program, credential: digest,
            grants: [Operator.Grant(towns: places, rights: Rights(scopes.map(\.rights)))])
        person.hands = Set(hands ?? ["account:\(maker)"])
        return person
    }
}

/// Somebody is at the desk.
package struct Session: Codable, Sendable {
    /// The account's name, or who says that he took the key from the safe.
    package var name: String
    /// The town whose key opened it.
    package var safe: String?
    package var began: Date
    package var used: Date
    /// When a password was last given.
    package var proved: Date
    package var from: String
    /// Of the key from the safe: who had printed it.
    package var hands: [String]?
    /// The place of the desk it is for, the real one or the drills', from its first use there on.
    package var place: ModeName?

    /// A shift.
    static let idle: TimeInterval = 8 * 3600
    static let longest: TimeInterval = 24 * 3600

    /// When it ends if nobody uses it.
    package var ends: Date { min(used.addingTimeInterval(Self.idle), began.addingTimeInterval(Self.longest)) }

    func isOver(_ now: Date) -> Bool { now > ends }
}

/// Why nobody got in, or nothing was changed.
package enum PeopleFailure: Error, Sendable, CustomStringConvertible {
    /// Name, password or code; which one is not said.
    case wrong
    /// The password was right; six digits are wanted too.
    case codeNeeded
    case wait(Duration)
    case busy
    /// The disk did not take it: nothing was changed, or it is not certain that it stays.
    case unrecorded(String)
    case invalid(String, field: String)
    case forbidden(String)
    case notFound(String)
    case conflict(String)

    package var description: String {
        switch self {
        case .wrong: "名前、パスワード、確認コードのどれかが違います (wrong name, password or code)"
        case .codeNeeded: "確認コード（6桁）も入れてください (the six digits of your telephone are needed too: code)"
        case .wait(let time):
            "まちがいが続いたので、\(time.components.seconds)秒待ってください。急ぐときは金庫の鍵で入れます (too many wrong tries from here: wait; the key from the safe opens at once)"
        case .busy: "いま多くの人が同時に入ろうとしています。数秒待って、もう一度押してください (many sign in just now: try again in seconds)"
        case .unrecorded(let reason): "記録できませんでした。ディスクの空きを確かめて、もう一度同じ操作をしてください (not recorded: \(reason))"
        case .invalid(let words, _), .forbidden(let words), .notFound(let words), .conflict(let words): words
        }
    }
}
