/// Accounts, tokens and keys: who may make and change them. Each act says who does it.
package import AlertModel
internal import Devices
package import Foundation
internal import Synchronization

extension People {
    /// Letters of a password: NIST SP 800-63B-4 3.1.1.2 asks for 15 where it stands alone; here wrong tries wait.
    package static let shortest = 12
    static let longest = 200

    // MARK: Looking

    /// The accounts that have a role in a town of this person's, and of theirs the roles there.
    package func accounts(for person: Operator) -> [Account] {
        state.withLock { state in
            state.accounts.values.compactMap { account -> Account? in
                var seen = account
                seen.duties = account.duties.filter { duty in
                    person.grants.contains { grant in
                        guard let own = grant.towns else { return true }
                        return duty.places.map { !$0.isDisjoint(with: own) } ?? false
                    }
                }
                return seen.duties.isEmpty ? nil : seen
            }.sorted { $0.name < $1.name }
        }
    }

    package func tokens(for person: Operator) -> [ProgramToken] {
        state.withLock { state in
            state.tokens.values.filter { Self.covers(person, $0.places) }.sorted { ($0.made, $0.id) < ($1.made, $1.id) }
        }
    }

    package func account(_ name: String) -> Account? { state.withLock { $0.accounts[Self.plain(name)] } }

    /// Unused keys of the safe, of a town.
    package func safeCount(_ town: TownID) -> Int { state.withLock { $0.safe[town.code]?.count ?? 0 } }

    // MARK: Changing

    /// - Parameters:
    ///   - password: nil: one is made, and said once.
    ///   - withCode: six digits of a telephone are asked for too.
    /// - Returns: the password, where it was made here, and the address for the telephone's camera.
    package func add(
        _ name: String, _ duties: [Duty], password: String?, withCode: Bool, by person: Operator, now: Date
    ) async throws(PeopleFailure) -> (account: Account, password: String?, codeAddress: String?) {
        let name = Self.plain(name)
        try Self.check(name)
        try check(duties, person)
        if let password { try Self.check(password: password, name) }
        let made = password == nil ? Self.newPassword() : nil
        let hash = try await hash(password ?? made ?? "")
        let code = withCode ? TimeCode.make() : nil
        let account = Account(
            name: name, duties: duties, password: hash, code: code, made: now, maker: person.name, passwordSet: now, isFirstPassword: true)
        try state.withLock { state throws(PeopleFailure) in
            guard state.accounts[name] == nil else { throw .conflict("「\(name)」という名前はもう使われています (this name is taken)") }
            guard state.accounts.count < Self.mostAccounts else { throw .conflict("人の数が上限の\(Self.mostAccounts)人に達しています (no more accounts)") }
            state.accounts[name] = account
            keep(Note.account + name, account)
        }
        return (account, made, code?.address(of: name))
    }

    /// The disk did not take it: as if it had not been.
    package func undo(_ account: Account) {
        state.withLock { state in
            state.accounts[account.name] = nil
            keep(Note.account + account.name, Account?.none)
        }
    }

    /// From now on these roles.
    package func change(_ name: String, _ duties: [Duty], by person: Operator) throws(PeopleFailure) -> Account {
        try check(duties, person)
        return try change(name, by: person) { account, _ in account.duties = duties }
    }

    /// Nobody gets in by this name; who is in is out.
    package func disable(_ name: String, _ isDisabled: Bool, by person: Operator) throws(PeopleFailure) -> Account {
        try change(name, by: person) { account, state in
            account.isDisabled = isDisabled
            if isDisabled { state.close(account.name, keep) }
        }
    }

    /// A new password, made here or given, and a new code for the telephone where `withCode` says so (nil: as it was).
    package func reset(
        _ name: String, password: String?, withCode: Bool?, by person: Operator, now: Date
    ) async throws(PeopleFailure) -> (account: Account, password: String?, codeAddress: String?) {
        if let password { try Self.check(password: password, Self.plain(name)) }
        let made = password == nil ? Self.newPassword() : nil
        let hash = try await hash(password ?? made ?? "")
        let code = withCode == true ? TimeCode.make() : nil
        let account = try change(name, by: person) { account, state in
            account.password = hash
            account.passwordSet = now
            account.isFirstPassword = true
            if let withCode { account.code = withCode ? code : nil }
            state.close(account.name, keep)
        }
        return (account, made, code?.address(of: account.name))
    }

    /// One's own password. Whoever is in elsewhere by this name is out.
    package func changeOwn(_ person: Operator, cookie: String, to password: String, now: Date) async throws(PeopleFailure) {
        guard person.kind == .account else { throw .forbidden("パスワードを変えられるのは、名前で入った人だけです (only who signed in by name has a password)") }
        try Self.check(password: password, person.name)
        let hash = try await hash(password)
        state.withLock { state in
            guard var account = state.accounts[person.name] else { return }
            account.password = hash
            account.passwordSet = now
            account.isFirstPassword = false
            state.accounts[account.name] = account
            keep(Note.account + account.name, account)
            state.close(account.name, except: DeviceRegister.digest(cookie), keep)
        }
    }

    /// One's own role becomes another's: one has it no more, and the other has it from this moment.
    package func handOver(_ role: Role, in town: TownID, from person: Operator, to name: String) throws(PeopleFailure) -> Account {
        let name = Self.plain(name)
        return try state.withLock { state throws(PeopleFailure) in
            guard person.kind == .account, var own = state.accounts[person.name], own.duties.contains(where: { $0.covers(role, town) }) else {
                throw .forbidden("あなたは\(town)の「\(role.japanese)」ではないので、引き継げません (this role is not yours to hand over)")
            }
            guard var other = state.accounts[name], !other.isDisabled, other.name != own.name else {
                throw .notFound("「\(name)」さんに引き継げません。その名前の人がいないか、止められています (nobody of this name can take it over)")
            }
            own.duties = own.duties.flatMap { $0.without(role, town) }
            if !other.duties.contains(where: { $0.covers(role, town) }) { other.duties.append(Duty(role, towns: [town])) }
            for account in [own, other] {
                state.accounts[account.name] = account
                keep(Note.account + account.name, account)
            }
            return other
        }
    }

    // MARK: Tokens

    package func addToken(
        _ name: String, towns: Set<TownID>?, scopes: [Scope], expires: Date, by person: Operator, now: Date
    ) throws(PeopleFailure) -> (token: ProgramToken, secret: String) {
        let name = Self.plain(name)
        try Self.check(name)
        guard Self.covers(person, towns) else { throw Self.outside }
        guard !scopes.isEmpty else { throw .invalid("権限（scopes）を一つ以上書いてください (scopes: none)", field: "scopes") }
        guard expires > now, expires.timeIntervalSince(now) <= 800 * 86400 else {
            throw .invalid("期限（expires）は、いまから800日までの時刻です (expires: within 800 days from now)", field: "expires")
        }
        let secret = DeviceRegister.randomToken()
        let token = ProgramToken(
            id: String(DeviceRegister.digest(DeviceRegister.randomToken()).prefix(16)), name: name, digest: DeviceRegister.digest(secret),
            towns: towns.map { $0.map(\.code).sorted() }, scopes: Scope.allCases.filter(scopes.contains), made: now, maker: person.name,
            expires: expires)
        try state.withLock { state throws(PeopleFailure) in
            guard state.tokens.count < Self.mostTokens else { throw .conflict("トークンの数が上限に達しています。使っていないものを取り消してください (no more tokens)") }
            state.tokens[token.id] = token
            state.tokenIDs[token.digest] = token.id
            keep(Note.token + token.id, token)
        }
        return (token, secret)
    }

    package func revokeToken(_ id: String, by person: Operator, now: Date) throws(PeopleFailure) {
        try state.withLock { state throws(PeopleFailure) in
            guard var token = state.tokens[id], Self.covers(person, token.places) else {
                throw .notFound("番号\(id)のトークンはありません (no such token)")
            }
            guard token.revoked == nil else { return }
            token.revoked = now
            state.tokens[id] = token
            keep(Note.token + id, token)
        }
    }

    // MARK: The key from the safe

    /// New keys for a town; the old ones open nothing any more.
    package func makeSafeKeys(_ town: TownID, by person: Operator) throws(PeopleFailure) -> [String] {
        guard Self.covers(person, [town]) else { throw Self.outside }
        let made = (0..<Self.safeCodes).map { _ in SafeKey.make() }
        state.withLock { state in
            state.safe[town.code] = Set(made.map { DeviceRegister.digest(SafeKey.plain($0)) })
            keep(Note.safe + town.code, state.safe[town.code])
        }
        return made
    }

    // MARK: Rules

    private func change(
        _ name: String, by person: Operator, _ body: (inout Account, inout State) -> Void
    ) throws(PeopleFailure) -> Account {
        let name = Self.plain(name)
        return try state.withLock { state throws(PeopleFailure) in
            guard var account = state.accounts[name] else { throw .notFound("「\(name)」という人はいません (nobody of this name)") }
            // Who works for another town too is not one town's to change; nor is it told that there is such a one.
            guard Self.covers(person, account.places) else { throw .notFound("「\(name)」という人はいません (nobody of this name)") }
            body(&account, &state)
            state.accounts[name] = account
            keep(Note.account + name, account)
            return account
        }
    }

    private func check(_ duties: [Duty], _ person: Operator) throws(PeopleFailure) {
        guard !duties.isEmpty, duties.count <= 100 else {
            throw .invalid("役割（roles）を一つ以上書いてください。あるのは\(Role.allCases.map { "\($0.rawValue)（\($0.japanese)）" }.joined(separator: "、"))です (roles: none)", field: "roles")
        }
        for duty in duties {
            guard duty.towns?.count == duty.places?.count, duty.towns?.isEmpty != true else {
                throw .invalid("市町村コードは6桁です (towns: six digits each)", field: "towns")
            }
            guard Self.covers(person, duty.places) else { throw Self.outside }
        }
    }

    private static var outside: PeopleFailure { .forbidden("担当していない市町村の人や権限は変えられません (not a town of yours)") }

    /// Whether this person decides on people in all of these towns.
    private static func covers(_ person: Operator, _ towns: Set<TownID>?) -> Bool {
        guard let towns else { return person.mayEverywhere(.admin) }
        return towns.allSatisfy { person.may(.admin, in: $0) }
    }

    private static func check(_ name: String) throws(PeopleFailure) {
        guard (1...64).contains(name.count), PlainText.isPlain(name), !name.contains(where: { "/:,\"\\".contains($0) }) else {
            throw .invalid("名前は64文字までで、/ : , \" \\ と制御文字は使えません (name: at most 64 letters, none of these)", field: "name")
        }
    }

    private static func check(password: String, _ name: String) throws(PeopleFailure) {
        guard (shortest...longest).contains(password.count) else {
            throw .invalid("パスワードは\(shortest)文字以上、\(longest)文字までです (password: \(shortest) to \(longest) letters)", field: "password")
        }
        guard Set(password).count >= 5, !password.lowercased().contains(name.lowercased()) || name.count < 4 else {
            throw .invalid("そのパスワードは当てられやすいので使えません。名前を含まない、ほかの言葉にしてください (password: too easy to guess)", field: "password")
        }
    }

    private static func newPassword() -> String { SafeKey.make() }
}

extension Duty {
    func covers(_ role: Role, _ town: TownID) -> Bool { self.role == role && (places?.contains(town) ?? true) }

    /// What is left of it when the role in one town has gone. Of a role in every town nothing can be handed over by town.
    func without(_ role: Role, _ town: TownID) -> [Duty] {
        guard self.role == role, let places else { return [self] }
        let left = places.subtracting([town])
        return left.isEmpty ? [] : [Duty(role, towns: Array(left))]
    }
}
