/// People at the desk and programs that stand for one: who holds which token, for which towns, and what it opens.
package import AlertModel
internal import Devices

/// What a token opens. Nothing is opened on the way by another: who may send for real is given `drill` too where he
/// is to practise.
package enum Scope: String, Sendable, Codable, Hashable, CaseIterable {
    /// Hand in bulletins: be a source.
    case feed
    /// Orders and cancels in drills.
    case drill
    /// Real orders and cancels, and what was held back of them.
    case send
    /// The second pair of eyes.
    case approve
    /// Invite, lend and revoke tablets and edges.
    case devices
    /// Look: towns, alerts, the log, reports.
    case read
    /// Gauges, readiness and the log as it happens.
    case watch
    /// The rest.
    case admin

    /// What an act of this mode needs.
    package static func sending(_ mode: ModeName) -> Scope { mode == .actual ? .send : .drill }

    package var japanese: String {
        switch self {
        case .feed: "電文の投入"
        case .drill: "訓練の送信"
        case .send: "本番の送信"
        case .approve: "承認"
        case .devices: "端末の登録"
        case .read: "閲覧"
        case .watch: "監視"
        case .admin: "管理"
        }
    }
}

/// A person at the desk, or a program that stands for one.
package struct Operator: Sendable, Hashable {
    package var name: String
    /// SHA-256 of the token, hex.
    package var tokenDigest: String
    /// Nil: every town of this hub.
    package var towns: Set<TownID>?
    package var scopes: Set<Scope>

    /// Without `scopes`: all of them; for who is bound to towns all but `feed`, since a bulletin speaks to every town,
    /// and `admin`.
    package init(name: String, tokenDigest: String, towns: Set<TownID>? = nil, scopes: Set<Scope>? = nil) {
        self.name = name
        self.tokenDigest = tokenDigest
        self.towns = towns
        let all = Set(Scope.allCases)
        self.scopes = scopes ?? (towns == nil ? all : all.subtracting([.feed, .admin]))
    }

    package func may(_ town: TownID) -> Bool { towns?.contains(town) ?? true }
    package func may(_ scope: Scope) -> Bool { scopes.contains(scope) }

    /// Said to who may not. `wanted`: any of these would do.
    package func refusal(_ wanted: [Scope]) -> String {
        let words = wanted.map { "\($0.japanese)（\($0.rawValue)）" }.joined(separator: "または")
        let names = wanted.map(\.rawValue).joined(separator: " or ")
        return "このトークン（\(name)）に\(words)の権限がありません。設定の operators で scopes を確かめてください "
            + "(the token of \(name) lacks the scope \(names))"
    }
}

package struct Operators: Sendable {
    private let byDigest: [String: Operator]

    package init(_ all: [Operator]) {
        byDigest = Dictionary(all.map { ($0.tokenDigest, $0) }, uniquingKeysWith: { $1 })
    }

    package func with(token: String) -> Operator? { byDigest[DeviceRegister.digest(token)] }
    package var all: [Operator] { byDigest.values.sorted { $0.name < $1.name } }
}
