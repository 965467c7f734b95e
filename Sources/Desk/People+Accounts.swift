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
                let shown = seen(account, by: person)
                return shown.duties.isEmpty && !(account.duties.isEmpty && Self.covers(person, account.places)) ? nil : shown
            }.sorted { $0.name < $1.name }
        }
    }

    /// Of its roles those in this person's towns.
    package func seen(_ account: Account, by person: Operator) -> Account {
        var seen = account
        seen.duties = account.duties.filter { duty in
            person.grants.contains { grant in
                guard let own = grant.towns else { return true }
                return duty.places.map { !$0.isDisjoint(with: own) } ?? false
            }
        }
        return seen
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
        let hash = try await hash(password ?? made ?? "", for: person.name)
        let code = withCode ? TimeCode.make() : nil
        var account = Account(
            name: name, duties: duties, password: hash, code: code, made: now, maker: person.name, passwordSet: now, isFirstPassword: true)
        account.doubt = Doubt(person, now)
        let new = account
        try state.withLock { state throws(PeopleFailure) in
            // Two that look alike in a list are one too many.
            let look = Self.look(name)
            guard state.accounts.values.allSatisfy({ Self.look($0.name) != look }) else {
                throw .conflict("「\(name)」という名前か、見分けにくい名前がもう使われています (this name, or one that looks like it, is taken)")
            }
            guard state.accounts.count < Self.mostAccounts else { throw .conflict("人の数が上限の\(Self.mostAccounts)人に達しています (no more accounts)") }
            keep(new, &state)
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

    /// Whether these roles could be given, before a second person is asked.
    ///
    /// - Returns: the account as it is.
    package func checkChange(_ name: String, _ duties: [Duty], by person: Operator) throws(PeopleFailure) -> Account {
        try check(duties, person)
        return try change(name, by: person) { _, _ in }
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

    /// How this person is called up from now on.
    package func change(_ name: String, ways: StaffWays, by person: Operator) throws(PeopleFailure) -> Account {
        try change(name, by: person) { account, _ in account.ways = ways.isEmpty ? nil : ways }
    }

    /// Who has one of these roles in a town and may come in, with how he is called: by name.
    package func staff(of town: TownID) -> [(name: String, roles: [Role], ways: StaffWays)] {
        state.withLock { state in
            state.accounts.values.filter { !$0.isDisabled }.compactMap { account in
                let roles = account.duties.filter { $0.places?.contains(town) ?? true }.map(\.role)
                return roles.isEmpty ? nil : (account.name, roles, account.ways ?? StaffWays())
            }.sorted { $0.name < $1.name }
        }
    }

    /// A new password, made here or given, and a new code for the telephone where `withCode` says so (nil: as it was).
    package func reset(
        _ name: String, password: String?, withCode: Bool?, by person: Operator, now: Date
    ) async throws(PeopleFailure) -> (account: Account, password: String?, codeAddress: String?) {
        if let password { try Self.check(password: password, Self.plain(name)) }
        let made = password == nil ? Self.newPassword() : nil
        let hash = try await hash(password ?? made ?? "", for: person.name)
        let code = withCode == true ? TimeCode.make() : nil
        let account = try change(name, by: person) { account, state in
            account.password = hash
            account.passwordSet = now
            account.isFirstPassword = true
            // What was registered before may be what is to be shut out.
            account.passkeys = nil
            account.doubt = Doubt(person, now)
            if let withCode { account.code = withCode ? code : nil }
            state.close(account.name, keep)
        }
        return (account, made, code?.address(of: account.name))
    }

    /// One's own password. Whoever is in elsewhere by this name is out.
    package func changeOwn(_ person: Operator, cookie: String, to password: String, now: Date) async throws(PeopleFailure) {
        guard person.kind == .account else { throw .forbidden("パスワードを変えられるのは、名前で入った人だけです (only who signed in by name has a password)") }
        try Self.check(password: password, person.name)
        let hash = try await hash(password, for: person.name)
        state.withLock { state in
            guard var account = state.accounts[person.name] else { return }
            account.password = hash
            account.passwordSet = now
            account.isFirstPassword = false
            // The doubt stays: who set the password before may be who set this one. Somebody else says that it is the person.
            // Whoever had the password before may have registered a device with it.
            if account.doubt != nil { account.passkeys = nil }
            keep(account, &state)
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
            let before = own.places
            own.duties = own.duties.flatMap { $0.without(role, town) }
            if own.duties.isEmpty { own.homes = before?.map(\.code).sorted() }
            if !other.duties.contains(where: { $0.covers(role, town) }) { other.duties.append(Duty(role, towns: [town])) }
            for account in [own, other] { keep(account, &state) }
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
        // A bulletin speaks to every town.
        for scope in scopes where !person.isOwner {
            let isOwn = scope == .feed
                ? person.mayEverywhere(.feed)
                : towns.map { $0.allSatisfy { person.rights(in: $0).contains(scope.rights) } } ?? person.rightsEverywhere.contains(scope.rights)
            guard isOwn else {
                throw .forbidden("自分にない権限「\(scope.japanese)」（\(scope.rawValue)）のトークンは作れません (you cannot give the scope \(scope.rawValue): it is not yours there)")
            }
        }
        guard !scopes.isEmpty else { throw .invalid("権限（scopes）を一つ以上書いてください (scopes: none)", field: "scopes") }
        guard expires > now, expires.timeIntervalSince(now) <= 800 * 86400 else {
            throw .invalid("期限（expires）は、いまから800日までの時刻です (expires: within 800 days from now)", field: "expires")
        }
        let secret = DeviceRegister.randomToken()
        var made = ProgramToken(
            id: String(DeviceRegister.digest(DeviceRegister.randomToken()).prefix(16)), name: name, digest: DeviceRegister.digest(secret),
            towns: towns.map { $0.map(\.code).sorted() }, scopes: Scope.allCases.filter(scopes.contains), made: now, maker: person.name,
            expires: expires)
        made.hands = person.ownHands.sorted()
        let token = made
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
        let (keys, digests) = try newSafeKeys(town, by: person)
        putSafeKeys(digests, town, hands: person.ownHands)
        return keys
    }

    /// Keys that open nothing yet, and what is kept of them.
    package func newSafeKeys(_ town: TownID, by person: Operator) throws(PeopleFailure) -> (keys: [String], digests: [String]) {
        guard Self.covers(person, [town]) else { throw Self.outside }
        let made = (0..<Self.safeCodes).map { _ in SafeKey.make() }
        return (made, made.map { DeviceRegister.digest(SafeKey.plain($0)) })
    }

    /// From now on these open, and those before no more.
    ///
    /// - Parameter hands: credentials of who has seen them.
    package func putSafeKeys(_ digests: [String], _ town: TownID, hands: Set<String>) {
        state.withLock { state in
            state.safe[town.code] = Set(digests)
            state.safeHands[town.code] = hands.sorted()
            keep(Note.safe + town.code, state.safe[town.code])
            keep(Note.safeHands + town.code, state.safeHands[town.code])
        }
    }

    // MARK: Somebody else looks

    /// Whose yes a change of people waits for, if anybody's: an account that may approve in this town, in other hands.
    ///
    /// - Parameter name: whom it is about.
    package func hasOther(than person: Operator, about name: String?, in town: TownID) -> Bool {
        !person.isOwner && person.kind != .settings && state.withLock { $0.hasOther(than: person, except: name, in: town) }
    }

    /// Whether these roles let somebody say yes, or change people, who may not by now.
    package func weighs(_ duties: [Duty], for name: String, in town: TownID) -> Bool {
        let before = account(name)?.person.rights(in: town) ?? Rights()
        let after = Rights(duties.filter { $0.places?.contains(town) ?? true }.map(\.role.rights))
        return [Rights(.approve), Rights(.people)].contains { after.contains($0) && !before.contains($0) }
    }

    /// Somebody else has looked: the person is who the name says, and has a password of his own by now. Whoever is in by
    /// this name is out, and its devices are to be registered anew: they may be somebody else's.
    ///
    /// - Parameter hands: whose doubt was looked at; nil: as it is now. Another one since is another question.
    package func confirm(_ name: String, _ hands: Set<String>? = nil, by person: Operator) throws(PeopleFailure) {
        let name = Self.plain(name)
        try state.withLock { state throws(PeopleFailure) in
            guard var account = state.accounts[name], Self.covers(person, account.places) || hands != nil else {
                throw .notFound("「\(name)」という人はいません (nobody of this name)")
            }
            guard let doubt = account.doubt else { return }
            guard person.name != name, !person.isOne(with: "", "", Set(doubt.hands)) else {
                throw .forbidden("この人を作った人、パスワードを決めた人、本人は、確かめたことにできません (not by who made it, set its password, or is it)")
            }
            guard hands == nil || hands == Set(doubt.hands) else {
                throw .conflict("そのあとで、ほかの人がこの人のパスワードを作り直しました。差し戻してください (somebody else has reset it since: return this)")
            }
            guard !account.isFirstPassword || person.isOwner else {
                throw .conflict("本人がまだ自分のパスワードに変えていません。変えてから確かめてください (the person has not set a password of his own yet)")
            }
            account.doubt = nil
            account.passkeys = nil
            state.close(name, keep)
            keep(account, &state)
        }
    }

    /// What was asked for by who might then, and somebody else has said yes to: in this town.
    package func confirm(_ name: String, _ duties: [Duty], in town: TownID) throws(PeopleFailure) {
        _ = try change(name, by: nil) { account, _ in
            let elsewhere = account.duties.flatMap { duty in Role.allCases.contains(duty.role) ? duty.without(duty.role, town) : [] }
            account.duties = elsewhere.filter { $0.towns != nil } + duties.filter { $0.places?.contains(town) ?? true }.map { duty in
                duty.towns == nil ? duty : Duty(duty.role, towns: [town])
            }
        }
    }

    /// An account as it is from now on; what its towns had of two people before is noted.
    private func keep(_ account: Account, _ state: inout State) {
        let towns = (state.accounts[account.name]?.places ?? []).union(account.places ?? [])
        func note(_ state: inout State) {
            for town in towns where !state.pairs.contains(town.code) && state.hasTwo(in: town) {
                state.pairs.insert(town.code)
                keep(Note.pair + town.code, true)
            }
            guard !state.pairs.contains("*"), state.hasTwo(in: nil) else { return }
            state.pairs.insert("*")
            keep(Note.pair + "*", true)
        }
        note(&state)
        state.accounts[account.name] = account
        keep(Note.account + account.name, account)
        note(&state)
    }

    // MARK: Rules

    /// - Parameter person: nil: whoever might was asked before.
    private func change(
        _ name: String, by person: Operator?, _ body: (inout Account, inout State) -> Void
    ) throws(PeopleFailure) -> Account {
        let name = Self.plain(name)
        return try state.withLock { state throws(PeopleFailure) in
            guard var account = state.accounts[name] else { throw .notFound("「\(name)」という人はいません (nobody of this name)") }
            // Who works for another town too is not one town's to change; nor is it told that there is such a one.
            if let person, !Self.covers(person, account.places) { throw .notFound("「\(name)」という人はいません (nobody of this name)") }
            body(&account, &state)
            keep(account, &state)
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
        guard let towns, !towns.isEmpty else { return person.mayEverywhere(.admin) }
        return towns.allSatisfy { person.may(.admin, in: $0) }
    }

    static func check(_ name: String) throws(PeopleFailure) {
        let isSeen = name.unicodeScalars.allSatisfy { !$0.properties.isDefaultIgnorableCodePoint }
        guard (1...64).contains(name.count), name.unicodeScalars.count <= 256, PlainText.isPlain(name), isSeen,
            !name.contains(where: { "/:,\"\\".contains($0) })
        else {
            throw .invalid("名前は64文字までで、/ : , \" \\ と、制御文字や見えない文字は使えません (name: at most 64 letters, none of these, none that is not seen)", field: "name")
        }
        guard !name.contains(safeMark) else {
            throw .invalid("「\(safeMark)」は、鍵で入った人のしるしなので、名前に使えません (name: this mark is for who opened with a key)", field: "name")
        }
    }

    /// What a name is taken for at a glance: without its case and its spaces.
    private static func look(_ name: String) -> String { name.lowercased().filter { !$0.isWhitespace } }

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
