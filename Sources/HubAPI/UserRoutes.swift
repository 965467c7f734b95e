/// Accounts and their roles, and the table of rights.
internal import AlertModel
internal import Desk
internal import Foundation
internal import Logging
internal import HTTPTypes
internal import Hub
internal import Hummingbird
internal import QRCode
internal import Serving

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
        /// How this person is called up; empty words take a way away.
        var ways: WaysShape?
    }

    private struct WaysShape: Codable {
        var mail, webhook, phone: String?
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
        /// How this person is called up; absent: by nothing.
        var ways: WaysShape?
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
            ways = account.ways.map { WaysShape(mail: $0.mail, webhook: $0.webhook, phone: $0.phone) }
            self.password = password
            code_address = codeAddress
            code_qr_text = codeAddress.flatMap { QRCode.text($0) }
        }
    }

    private struct RoleRow: Encodable {
        var role, name: String
        /// Modes by act; an act that is not there is not allowed.
        var rights: [String: [String]]
    }

    func addUsers(to desk: DeskRoutes) {
        desk.get("/v1/roles") { request, context in
            return try Answer.json(["roles": Role.allCases.map { role in
                RoleRow(
                    role: role.rawValue, name: role.japanese,
                    rights: Dictionary(
                        (Role.table[role] ?? [:]).map { ($0.key.rawValue, $0.value.map(\.rawValue)) }, uniquingKeysWith: { $1 }))
            }])
        }
        desk.get("/v1/users") { request, context in
            let person = context.person
            return try Answer.json(["users": hub.people.accounts(for: person).map { UserShape($0) }])
        }
        desk.post("/v1/users") { request, context in
            let person = context.person
            let wish = try await Body.decode(NewUser.self, request)
            do throws(PeopleFailure) {
                let made = try await hub.people.add(
                    wish.name, try duties(wish.roles, wish.towns), password: wish.password, withCode: wish.code ?? false, by: person,
                    now: hub.clock())
                try await recordedPeople { hub.people.undo(made.account) }
                noteRoles(of: made.account.name, before: [], made.account.duties, by: person)
                var shape = UserShape(made.account, password: made.password, codeAddress: made.codeAddress)
                shape.approval = try await hub.ask(about: made.account, "新しい人：\(made.account.name)", by: person).map { self.shape($0) }
                return try answer(shape, .created)
            } catch {
                throw Problem(error)
            }
        }
        desk.patch("/v1/users/{name}") { request, context in
            let person = context.person
            let name = try Self.name(context)
            let wish = try await Body.decode(UserChange.self, request)
            do throws(PeopleFailure) {
                let changed = try await change(name, wish, by: person)
                try await recordedPeople {}
                return try answer(changed, changed.approval == nil ? .ok : .accepted)
            } catch {
                throw Problem(error)
            }
        }
        desk.post("/v1/users/{name}/hand-over") { request, context in
            let person = context.person
            let name = try Self.name(context)
            let wish = try await Body.decode(HandOver.self, request)
            let town = try town(wish.town, for: person)
            do throws(PeopleFailure) {
                guard let role = Role(wish.role) else { throw Self.noRole(wish.role) }
                let other = try hub.people.handOver(role, in: town.id, from: person, to: name)
                hub.logger.notice("role handed over", metadata: [
                    "role": "\(role.rawValue)", "town": "\(town.id)", "from": "\(person.name)", "to": "\(other.name)",
                ])
                hub.noteDown(in: [town.id], about: other.name, by: person) { _ in "役割を渡した：\(role.japanese)　\(person.name) → \(other.name)" }
                try await recordedPeople {}
                return try answer(UserShape(hub.people.seen(other, by: person)))
            } catch {
                throw Problem(error)
            }
        }
        addTokens(to: desk)
        addSafeKeys(to: desk)
        addOpenDesk(to: desk)
    }

    private func change(_ name: String, _ wish: UserChange, by person: Operator) async throws(PeopleFailure) -> UserShape {
        var shape: UserShape?
        var waits: WaitingAct?
        let before = hub.people.account(name)
        /// What a second person says yes to stands among the approvals.
        func note(_ words: String) {
            guard let before else { return }
            hub.noteDown(in: before.places, about: before.name, by: person) { _ in "\(words)：\(before.name)" }
        }
        if let roles = wish.roles {
            let given = try await hub.give(try duties(roles, wish.towns), to: name, by: person)
            (shape, waits) = (UserShape(hub.people.seen(given.account, by: person)), given.waits)
            if given.waits == nil { noteRoles(of: given.account.name, before: before?.duties ?? [], given.account.duties, by: person) }
        }
        if let disabled = wish.disabled {
            shape = UserShape(try hub.people.disable(name, disabled, by: person))
            if before?.isDisabled != disabled { note(disabled ? "使えなくした" : "また使えるようにした") }
        }
        if wish.reset == true || wish.password != nil || wish.code != nil {
            let made = try await hub.people.reset(name, password: wish.password, withCode: wish.code, by: person, now: hub.clock())
            shape = UserShape(made.account, password: made.password, codeAddress: made.codeAddress)
            note(wish.code == nil ? "新しいパスワードにした" : wish.code == true ? "新しいパスワードと、電話の番号にした" : "新しいパスワードにし、電話の番号をやめた")
            let asked = try await hub.ask(about: made.account, "新しいパスワード：\(made.account.name)", by: person)
            waits = waits ?? asked
        }
        if wish.confirmed == true {
            try hub.people.confirm(name, by: person)
            note("だれかを確かめた")
            shape = hub.people.account(name).map { UserShape(hub.people.seen($0, by: person)) }
        }
        if let written = wish.ways {
            let ways = try ways(written)
            shape = UserShape(hub.people.seen(try hub.people.change(name, ways: ways, by: person), by: person))
            // Which there are, and none of them.
            let named = [("メール", ways.mail), ("通知", ways.webhook), ("電話", ways.phone)].filter { $0.1 != nil }.map(\.0)
            note("呼び出しの連絡先を\(named.isEmpty ? "なしに" : named.joined(separator: "、") + "に")した")
        }
        guard var shape else {
            throw .invalid("変えることがありません。roles、disabled、reset、password、code、ways のどれかを書いてください (nothing to change)", field: "")
        }
        shape.approval = waits.map { self.shape($0) }
        return shape
    }

    // MARK: pieces

    /// In each town what changed there.
    private func noteRoles(of name: String, before: [Duty], _ after: [Duty], by person: Operator) {
        func words(_ duties: [Duty], _ town: TownID) -> String {
            let roles = duties.filter { $0.places?.contains(town) ?? true }.map(\.role.japanese)
            return roles.isEmpty ? "なし" : roles.joined(separator: "、")
        }
        hub.noteDown(in: nil, about: name, by: person) { town in
            let (old, new) = (words(before, town), words(after, town))
            return old == new ? nil : before.isEmpty ? "加えた：\(name)（\(new)）" : "役割：\(name)（\(old) → \(new)）"
        }
    }

    /// Of the person alone: what residents hear by is nobody's.
    private func ways(_ written: WaysShape) throws(PeopleFailure) -> StaffWays {
        let (ways, errors) = StaffWays.read(mail: written.mail, webhook: written.webhook, phone: written.phone)
        if let error = errors.first { throw .invalid(error.detail, field: error.field) }
        for way in StaffWays.Way.allCases where ways.address(way).map(hub.isForResidents) == true {
            throw .invalid("住民向けの送り先と同じ宛先です。本人だけの宛先を書いてください (an address of residents)", field: way.rawValue)
        }
        return ways
    }

    /// On disk, or as if it had not been.
    func recordedPeople(else undo: () -> Void) async throws(PeopleFailure) {
        do {
            try await hub.onDisk()
        } catch {
            undo()
            throw .unrecorded("\(error)")
        }
    }

    func answer(_ value: some Encodable, _ status: HTTPResponse.Status = .ok) throws(PeopleFailure) -> Response {
        do { return try Answer.json(value, status: status) } catch { throw .busy }
    }

    private static func name(_ context: DeskContext) throws -> String {
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

    func towns(_ codes: [String]?) throws(PeopleFailure) -> Set<TownID>? {
        guard let codes else { return nil }
        var made: Set<TownID> = []
        for code in codes {
            guard let id = TownID(code), hub.town(id) != nil else {
                throw .invalid("市町村\(code)は、このハブにありません (this hub does not serve town \(code))", field: "towns")
            }
            made.insert(id)
        }
        guard !made.isEmpty else { throw .invalid("市町村（towns）が空です (towns: empty)", field: "towns") }
        return made
    }
}
