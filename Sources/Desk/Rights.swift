/// Who may do what: the one table. `noroshi roles` prints it, and a test walks it.
package import AlertModel

/// What somebody does here.
package enum DeskAct: String, Sendable, Codable, Hashable, CaseIterable {
    /// Hand in bulletins: be a source.
    case feed
    /// Evacuation orders, their lifting and taking back.
    case order
    /// Shelters and the headquarters: open, full, closed.
    case shelter
    /// お知らせ.
    case notice
    /// The second pair of eyes.
    case approve
    /// Invite, lend and revoke tablets and edges.
    case devices
    /// Look: towns, alerts, the log, reports.
    case read
    /// Gauges, readiness and the log as it happens.
    case watch
    /// Accounts, tokens, the key from the safe, and the rest.
    case people

    package var japanese: String {
        switch self {
        case .feed: "電文の投入"
        case .order: "避難情報"
        case .shelter: "避難所・本部"
        case .notice: "お知らせ"
        case .approve: "承認"
        case .devices: "端末の登録"
        case .read: "閲覧"
        case .watch: "監視"
        case .people: "人と権限"
        }
    }

    /// What an operator's alert of this kind is.
    package init(_ kind: AlertKind) {
        switch kind {
        case .evacuation: self = .order
        case .shelter, .headquarters: self = .shelter
        default: self = .notice
        }
    }
}

/// What a credential opens, act by act and mode by mode. What knows no mode stands in both.
package struct Rights: Sendable, Hashable {
    private struct Right: Hashable {
        var act: DeskAct
        var mode: ModeName
    }
    private var all: Set<Right> = []

    package init() {}

    package init(_ act: DeskAct, _ modes: [ModeName] = ModeName.allCases) {
        all = Set(modes.map { Right(act: act, mode: $0) })
    }

    package init(_ rights: [Rights]) { all = rights.reduce(into: []) { $0.formUnion($1.all) } }

    package var isNone: Bool { all.isEmpty }
    package func contains(_ act: DeskAct, _ mode: ModeName) -> Bool { all.contains(Right(act: act, mode: mode)) }
    /// Everything of `other`.
    package func contains(_ other: Rights) -> Bool { other.all.isSubset(of: all) }
    package func touches(_ other: Rights) -> Bool { !other.all.isDisjoint(with: all) }
    /// What is left of it in one place of the desk: nothing that is sent or approved in the other; registers are real.
    package func within(_ place: ModeName) -> Rights {
        var left = Rights()
        left.all = all.filter { right in
            switch right.act {
            case .order, .shelter, .notice: right.mode == place
            // What waits for a yes is real, and so are registers.
            case .approve, .feed, .devices, .people: place == .actual
            case .read, .watch: true
            }
        }
        return left
    }
    package func modes(_ act: DeskAct) -> [ModeName] { ModeName.allCases.filter { contains(act, $0) } }
}

/// What a person is there for. A right belongs to a role, never to a person: who takes over the role takes over its rights.
package enum Role: String, Sendable, Codable, Hashable, CaseIterable {
    case duty, chief, press, school, prefecture, watcher, admin

    package var japanese: String {
        switch self {
        case .duty: "当直"
        case .chief: "防災課長"
        case .press: "広報"
        case .school: "学校"
        case .prefecture: "県"
        case .watcher: "監視"
        case .admin: "管理者"
        }
    }

    /// Role × act × mode; the town comes with the role of each person. A missing act: no right.
    package static let table: [Role: [DeskAct: [ModeName]]] = {
        let both = ModeName.allCases
        let drill: [ModeName] = [.exercise]
        return [
            .duty: [.order: both, .shelter: both, .notice: both, .devices: both, .read: both, .watch: both],
            .chief: [
                .order: both, .shelter: both, .notice: both, .approve: both, .devices: both, .read: both, .watch: both, .people: both,
            ],
            .press: [.order: drill, .shelter: drill, .notice: both, .read: both],
            .school: [.notice: drill, .devices: both, .read: both],
            // The prefecture reads standing and reach, and is the last who approves; it sends nothing of a town's.
            .prefecture: [.approve: both, .read: both, .watch: both],
            .watcher: [.read: both, .watch: both],
            .admin: [.devices: both, .read: both, .watch: both, .people: both],
        ]
    }()

    package var rights: Rights { Rights((Self.table[self] ?? [:]).map { Rights($0.key, $0.value) }) }

    /// By its name here or in Japanese.
    package init?(_ written: String) {
        guard let role = Self.allCases.first(where: { $0.rawValue == written || $0.japanese == written }) else { return nil }
        self = role
    }
}

/// What a token opens: bundles of rights with names of one word. Nothing is opened on the way by another: who may send for
/// real is given `drill` too where he is to practise.
package enum Scope: String, Sendable, Codable, Hashable, CaseIterable {
    case feed
    /// Orders and cancels in drills.
    case drill
    /// Real orders and cancels, and what was held back of them.
    case send
    case approve, devices, read, watch, admin

    /// What an act of this mode needs.
    package static func sending(_ mode: ModeName) -> Scope { mode == .actual ? .send : .drill }

    package var rights: Rights {
        let sending: [DeskAct] = [.order, .shelter, .notice]
        return switch self {
        case .feed: Rights(.feed)
        case .drill: Rights(sending.map { Rights($0, [.exercise]) })
        case .send: Rights(sending.map { Rights($0, [.actual]) })
        case .approve: Rights(.approve)
        case .devices: Rights(.devices)
        case .read: Rights(.read)
        case .watch: Rights(.watch)
        case .admin: Rights(.people)
        }
    }

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
