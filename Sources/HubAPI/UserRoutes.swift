/// Accounts and their roles, tokens for programs, the key from the safe, and the table of rights.
internal import AlertModel
internal import Desk
internal import Dispatching
internal import Foundation
internal import Logging
internal import HTTPTypes
internal import Hub
internal import Hummingbird
internal import Ledger
internal import QRCode

extension HubRouter {
    /// `roles` hold in `towns`, or in every town of the hub where none is named; `chief@042056` names its own.
    private struct NewUser: Decodable {
        var name: String
        var roles: [String]
        var towns: [String]?
        var password: String?
        /// Six digits of a telephone are asked for too.
        var code: Bool?
    }

    private struct UserChange: Decodable {
        var roles: [String]?
        var towns: [String]?
        var disabled: Bool?
        /// A new password, made here unless `password` gives one.
        var reset: Bool?
        var password: String?
        var code: Bool?
        /// Somebody else than its maker has looked at who this is.
        var confirmed: Bool?
    }

    private struct HandOver: Decodable {
        var role: String
        var town: String?
    }

    private struct UserShape: Encodable {
        struct RoleShape: Encodable {
            var role, name: String
            var towns: [String]?
        }
        var name: String
        var roles: [RoleShape]
        var disabled: Bool
        var code: Bool
        /// Devices that open without a password.
        var passkeys: Int
        /// False: nobody else has looked yet at who this is; for who made it, it is no second person.
        var confirmed: Bool
        var made_at, made_by: String
        var last_sign_in_at: String?
        /// Said once, where it was made here.
        var password: String?
        var code_address, code_qr_text: String?
        /// What waits for a second person.
        var approval: ApprovalShape?

        init(_ account: Account, password: String? = nil, codeAddress: String? = nil) {
            name = account.name
            roles = account.duties.map { RoleShape(role: $0.role.rawValue, name: $0.role.japanese, towns: $0.towns) }
            disabled = account.isDisabled
            code = account.hasCode
            passkeys = account.passkeys?.count ?? 0
            confirmed = account.doubt == nil
            made_at = JapanTime.text(account.made, milliseconds: false)
            made_by = account.maker
            last_sign_in_at = account.lastSignIn.map { JapanTime.text($0, milliseconds: false) }
            self.password = password
            code_address = codeAddress
            code_qr_text = codeAddress.flatMap { QRCode.text($0) }
        }
    }

    private struct NewToken: Decodable {
        var name: String
        var towns: [String]?
        var scopes: [String]
        var expires: String?
    }

    private struct TokenShape: Encodable {
        var id, name: String
        var towns: [String]?
        var scopes: [String]
        var made_at, made_by, expires: String
        var revoked_at: String?
        /// Said once.
        var token: String?

        init(_ token: ProgramToken, secret: String? = nil) {
            id = token.id
            name = token.name
            towns = token.towns
            scopes = token.scopes.map(\.rawValue)
            made_at = JapanTime.text(token.made, milliseconds: false)
            made_by = token.maker
            expires = JapanTime.text(token.expires, milliseconds: false)
            revoked_at = token.revoked.map { JapanTime.text($0, milliseconds: false) }
            self.token = secret
        }
    }

    private struct RoleRow: Encodable {
        var role, name: String
        /// Modes by act; an act that is not there is not allowed.
        var rights: [String: [String]]
    }

    func addUsers(to router: Router<Context>) {
        router.get("/v1/roles") { request, context in
            _ = try operatorOf(request, context)
            return try Answer.json(["roles": Role.allCases.map { role in
                RoleRow(
                    role: role.rawValue, name: role.japanese,
                    rights: Dictionary(
                        (Role.table[role] ?? [:]).map { ($0.key.rawValue, $0.value.map(\.rawValue)) }, uniquingKeysWith: { $1 }))
            }])
        }
        router.get("/v1/users") { request, context in
            let person = try operatorOf(request, context)
            return try Answer.json(["users": hub.people.accounts(for: person).map { UserShape($0) }])
        }
        router.post("/v1/users") { request, context in
            let person = try operatorOf(request, context)
            let wish = try await Self.decode(NewUser.self, request)
            do throws(PeopleFailure) {
                let made = try await hub.people.add(
                    wish.name, try duties(wish.roles, wish.towns), password: wish.password, withCode: wish.code ?? false, by: person,
                    now: hub.clock())
                try await recordedPeople { hub.people.undo(made.account) }
                var shape = UserShape(made.account, password: made.password, codeAddress: made.codeAddress)
                shape.approval = try await confirming(made.account, "新しい人：\(made.account.name)", by: person)
                return try answer(shape, .created)
            } catch {
                throw Problem(error)
            }
        }
        router.patch("/v1/users/{name}") { request, context in
            let person = try operatorOf(request, context)
            let name = try Self.name(context)
            let wish = try await Self.decode(UserChange.self, request)
            do throws(PeopleFailure) {
                let changed = try await change(name, wish, by: person)
                try await recordedPeople {}
                return try answer(changed, changed.approval == nil ? .ok : .accepted)
            } catch {
                throw Problem(error)
            }
        }
        router.post("/v1/users/{name}/hand-over") { request, context in
            let person = try operatorOf(request, context)
            let name = try Self.name(context)
            let wish = try await Self.decode(HandOver.self, request)
            let town = try town(wish.town, for: person)
            do throws(PeopleFailure) {
                guard let role = Role(wish.role) else { throw Self.noRole(wish.role) }
                let other = try hub.people.handOver(role, in: town.id, from: person, to: name)
                hub.logger.notice("role handed over", metadata: [
                    "role": "\(role.rawValue)", "town": "\(town.id)", "from": "\(person.name)", "to": "\(other.name)",
                ])
                try await recordedPeople {}
                return try answer(UserShape(hub.people.seen(other, by: person)))
            } catch {
                throw Problem(error)
            }
        }
        addTokens(to: router)
        addSafeKeys(to: router)
        addOpenDesk(to: router)
    }

    private func change(_ name: String, _ wish: UserChange, by person: Operator) async throws(PeopleFailure) -> UserShape {
        var shape: UserShape?
        if let roles = wish.roles {
            let duties = try duties(roles, wish.towns)
            if let waits = try await waiting(name, duties, by: person) { return waits }
            shape = UserShape(try hub.people.change(name, duties, by: person))
        }
        if let disabled = wish.disabled { shape = UserShape(try hub.people.disable(name, disabled, by: person)) }
        if wish.reset == true || wish.password != nil || wish.code != nil {
            let made = try await hub.people.reset(name, password: wish.password, withCode: wish.code, by: person, now: hub.clock())
            shape = UserShape(made.account, password: made.password, codeAddress: made.codeAddress)
            shape?.approval = try await confirming(made.account, "新しいパスワード：\(made.account.name)", by: person)
        }
        if wish.confirmed == true {
            try hub.people.confirm(name, by: person)
            shape = hub.people.account(name).map { UserShape(hub.people.seen($0, by: person)) }
        }
        guard let shape else {
            throw .invalid("変えることがありません。roles、disabled、reset、password、code のどれかを書いてください (nothing to change)", field: "")
        }
        return shape
    }

    /// Roles that let somebody say yes, or change people, are given when a second person has seen it.
    ///
    /// - Returns: the account as it stays until then; nil: they are given now.
    private func waiting(_ name: String, _ duties: [Duty], by person: Operator) async throws(PeopleFailure) -> UserShape? {
        guard let account = try hub.people.checkChange(name, duties, by: person) else { return nil }
        let weighty = hub.towns.all.filter { town in
            hub.people.weighs(duties, for: account.name, in: town.id) && hub.people.hasOther(than: person, about: account.name, in: town.id)
                && hub.approval(of: town.id) == .two
        }
        // Each town says yes for itself.
        guard weighty.count <= 1 else {
            throw .invalid("承認や管理の役割は、市町村ごとに一つずつ変えてください。町ごとに、ほかの人の承認が要るからです (one town at a time: each says yes for itself)", field: "roles")
        }
        for town in weighty {
            let words = duties.filter { $0.places?.contains(town.id) ?? true }.map(\.role.japanese).joined(separator: "、")
            guard let act = try await submit(.roles(account: account.name, duties), account.name, "役割：\(account.name)を\(town.name)の\(words)に", town.id, by: person) else { continue }
            var shape = UserShape(hub.people.seen(account, by: person))
            shape.approval = self.shape(act)
            return shape
        }
        return nil
    }

    /// Somebody else looks at who it is; until then the account works, and is no second person for who made it.
    private func confirming(_ account: Account, _ title: String, by person: Operator) async throws(PeopleFailure) -> ApprovalShape? {
        guard account.doubt != nil else { return nil }
        for town in hub.towns.all.map(\.id) where account.duties.contains(where: { $0.places?.contains(town) ?? true }) {
            if let act = try await submit(.confirm(account: account.name), account.name, title, town, by: person) { return shape(act) }
        }
        return nil
    }

    private func submit(
        _ order: WaitingAct.Order, _ name: String?, _ title: String, _ town: TownID, by person: Operator
    ) async throws(PeopleFailure) -> WaitingAct? {
        do throws(DeskFailure) {
            return try await hub.submit(order, about: name, title, in: town, by: person)
        } catch {
            if case .unkept = error { throw .busy }
            throw .conflict("\(error)")
        }
    }

    private func addTokens(to router: Router<Context>) {
        router.get("/v1/tokens") { request, context in
            let person = try operatorOf(request, context)
            return try Answer.json(["tokens": hub.people.tokens(for: person).map { TokenShape($0) }])
        }
        router.post("/v1/tokens") { request, context in
            let person = try operatorOf(request, context)
            let wish = try await Self.decode(NewToken.self, request)
            do throws(PeopleFailure) {
                let made = try hub.people.addToken(
                    wish.name, towns: try towns(wish.towns), scopes: try Self.scopes(wish.scopes),
                    expires: try expiry(wish.expires), by: person, now: hub.clock())
                try await recordedPeople { try? hub.people.revokeToken(made.token.id, by: person, now: hub.clock()) }
                return try answer(TokenShape(made.token, secret: made.secret), .created)
            } catch {
                throw Problem(error)
            }
        }
        router.delete("/v1/tokens/{id}") { request, context in
            let person = try operatorOf(request, context)
            let id = try context.parameters.require("id")
            do throws(PeopleFailure) {
                try hub.people.revokeToken(id, by: person, now: hub.clock())
                try await recordedPeople {}
            } catch {
                throw Problem(error)
            }
            return Response(status: .noContent)
        }
    }

    private struct NewKeys: Encodable {
        /// Said once.
        var keys: [String]
        /// They open nothing until a second person has said yes; those before still do.
        var approval: ApprovalShape?
    }

    private func addSafeKeys(to router: Router<Context>) {
        router.get("/v1/towns/{code}/safe-keys") { request, context in
            let town = try town(try context.parameters.require("code"), for: try operatorOf(request, context))
            return try Answer.json(["left": hub.people.safeCount(town.id)])
        }
        router.post("/v1/towns/{code}/safe-keys") { request, context in
            let person = try operatorOf(request, context)
            let town = try town(try context.parameters.require("code"), for: person)
            do throws(PeopleFailure) {
                let (keys, digests) = try hub.people.newSafeKeys(town.id, by: person)
                let waits = try await submit(.safeKeys(digests), nil, "金庫の鍵の作り直し（\(keys.count)枚）", town.id, by: person)
                hub.logger.warning("keys for the safe made", metadata: ["town": "\(town.id)", "by": "\(person.name)", "waits": "\(waits?.id ?? "-")"])
                guard let waits else {
                    hub.people.putSafeKeys(digests, town.id, hands: person.ownHands)
                    try await recordedPeople {}
                    return try answer(NewKeys(keys: keys), .created)
                }
                return try answer(NewKeys(keys: keys, approval: shape(waits)), .accepted)
            } catch {
                throw Problem(error)
            }
        }
    }

    private struct OpenWish: Decodable {
        var reason: String
        /// A day where nothing is said.
        var hours: Int?
    }

    private struct OpenShape: Encodable {
        /// Whether this town's desk is bound to networks at all.
        var bound: Bool
        var open: Bool
        var by, since, until, reason: String?
    }

    /// The switch for the night the town hall is gone.
    private func addOpenDesk(to router: Router<Context>) {
        router.get("/v1/towns/{code}/open-desk") { request, context in
            let town = try town(try context.parameters.require("code"), for: try operatorOf(request, context))
            return try Answer.json(openShape(town.id))
        }
        router.put("/v1/towns/{code}/open-desk") { request, context in
            let person = try operatorOf(request, context)
            let town = try town(try context.parameters.require("code"), for: person)
            let wish = try await Self.decode(OpenWish.self, request)
            let hours = wish.hours ?? 24
            guard (1...200).contains(wish.reason.count), PlainText.isPlain(wish.reason), (1...DeskPlaces.longestHours).contains(hours) else {
                throw Problem(.unprocessableContent, "理由（reason）を200文字までで、時間（hours）を1から168までで書いてください (reason: 1 to 200 letters; hours: 1 to 168)")
            }
            let now = hub.clock()
            hub.places.open(town.id, DeskOpening(by: person.name, since: now, until: now.addingTimeInterval(Double(hours) * 3600), reason: wish.reason))
            hub.logger.warning("desk opened to everywhere", metadata: ["town": "\(town.id)", "by": "\(person.name)", "hours": "\(hours)", "from": "\(context.address(request))"])
            hub.attention.notice(
                .review, "open-desk", "操作卓を、どこからでも使えるようにしました（\(person.name)さん、\(hours)時間）。理由：\(wish.reason) (the desk is open to every network)",
                from: "desk", of: town.id, at: now)
            try await hub.ledger.flush().committed()
            return try Answer.json(openShape(town.id))
        }
        router.delete("/v1/towns/{code}/open-desk") { request, context in
            let person = try operatorOf(request, context)
            let town = try town(try context.parameters.require("code"), for: person)
            hub.places.close(town.id)
            hub.attention.settle(.review, subject: "open-desk")
            try await hub.ledger.flush().committed()
            return try Answer.json(openShape(town.id))
        }
    }

    private func openShape(_ town: TownID) -> OpenShape {
        let opening = hub.places.opening(town, now: hub.clock())
        return OpenShape(
            bound: hub.places.isBound(town), open: opening != nil || !hub.places.isBound(town), by: opening?.by,
            since: opening.map { JapanTime.text($0.since, milliseconds: false) }, until: opening.map { JapanTime.text($0.until, milliseconds: false) },
            reason: opening?.reason)
    }

    // MARK: pieces

    /// On disk, or as if it had not been.
    func recordedPeople(else undo: () -> Void) async throws(PeopleFailure) {
        do {
            try await hub.ledger.flush().committed()
        } catch {
            undo()
            throw .busy
        }
    }

    private func answer(_ value: some Encodable, _ status: HTTPResponse.Status = .ok) throws(PeopleFailure) -> Response {
        do { return try Answer.json(value, status: status) } catch { throw .busy }
    }

    private static func name(_ context: Context) throws -> String {
        let written = try context.parameters.require("name")
        return written.removingPercentEncoding ?? written
    }

    private static func noRole(_ written: String) -> PeopleFailure {
        let known = Role.allCases.map { "\($0.rawValue)（\($0.japanese)）" }.joined(separator: "、")
        return .invalid("「\(written)」という役割はありません。あるのは\(known)です (no such role)", field: "roles")
    }

    private func duties(_ roles: [String], _ codes: [String]?) throws(PeopleFailure) -> [Duty] {
        let common = try towns(codes)
        var made: [Duty] = []
        for written in roles {
            let parts = written.split(separator: "@", omittingEmptySubsequences: false).map(String.init)
            guard let role = Role(parts[0]), parts.count <= 2 else { throw Self.noRole(written) }
            let own = parts.count == 2 ? try towns([parts[1]]) : common
            made.append(Duty(role, towns: own.map { Array($0) }))
        }
        return made
    }

    private func towns(_ codes: [String]?) throws(PeopleFailure) -> Set<TownID>? {
        guard let codes else { return nil }
        var made: Set<TownID> = []
        for code in codes {
            guard let id = TownID(code), hub.towns[id] != nil else {
                throw .invalid("市町村\(code)は、このハブにありません (this hub does not serve town \(code))", field: "towns")
            }
            made.insert(id)
        }
        guard !made.isEmpty else { throw .invalid("市町村（towns）が空です (towns: empty)", field: "towns") }
        return made
    }

    private static func scopes(_ written: [String]) throws(PeopleFailure) -> [Scope] {
        var made: [Scope] = []
        for word in written {
            guard let scope = Scope(rawValue: word) else {
                throw .invalid("「\(word)」という権限はありません。あるのは \(Scope.allCases.map(\.rawValue).joined(separator: ", ")) です (no such scope)", field: "scopes")
            }
            made.append(scope)
        }
        return made
    }

    /// RFC 3339; a year where nothing is said.
    private func expiry(_ written: String?) throws(PeopleFailure) -> Date {
        guard let written else { return hub.clock().addingTimeInterval(365 * 86400) }
        guard let date = ISO8601DateFormatter().date(from: written) else {
            throw .invalid("期限（expires）は 2027-03-31T00:00:00+09:00 のように書いてください (expires: RFC 3339)", field: "expires")
        }
        return date
    }
}
