/// Everybody who may do something here: tokens of the settings, accounts with roles, tokens for programs, who is signed in,
/// and the key from the safe. Kept in the notebook, beside the record.
///
///     name, password, code ──▶ session ─┐
///     key from the safe ──▶ session ────┼─▶ Operator (grants: towns × rights) ──▶ what a route asks
///     token ────────────────────────────┘
///
/// Rights are looked up at each call, never kept in a session: a role that is handed over is another's at once.
package import AlertModel
package import ChannelKit
internal import Devices
package import Foundation
internal import Synchronization

package final class People: Sendable {
    struct State: Sendable {
        var accounts: [String: Account] = [:]
        var tokens: [String: ProgramToken] = [:]
        var tokenIDs: [String: String] = [:]
        /// By the digest of what the cookie says.
        var sessions: [String: Session] = [:]
        /// Digests of a town's unused keys.
        var safe: [String: Set<String>] = [:]
        /// Whose hands they have been in: who made them.
        var safeHands: [String: [String]] = [:]
        /// Towns that had two people once, one who sends and one who approves; "*": all of them.
        var pairs: Set<String> = []
        var wrong = WrongTries()
        var challenges = Challenges()
    }

    /// Bounds: a prefecture's people, its programs, and who is signed in at once.
    static let mostAccounts = 10_000
    static let mostTokens = 10_000
    static let mostSessions = 20_000
    static let safeCodes = 10

    private let settings: [String: Operator]
    /// Made at each start, for the commands on the hub's own machine; nil: none.
    private let local: Operator?
    let notebook: any Notebook
    let state: Mutex<State>
    private let lane = PasswordLane()
    let cost: Int

    /// - Parameters:
    ///   - operators: of the settings.
    ///   - local: SHA-256, hex, of the token that this machine's own commands read from the data folder.
    ///   - cost: log2 of scrypt's N; less for tests alone.
    package init(_ operators: [Operator], notebook: any Notebook, local: String? = nil, cost: Int? = nil) {
        settings = Dictionary(operators.map { ($0.credential, $0) }, uniquingKeysWith: { $1 })
        self.local = local.map { Self.keeper($0) }
        self.notebook = notebook
        self.cost = cost ?? PasswordHash.cost
        state = Mutex(Self.read(notebook))
    }

    /// Who keeps the machine, by its own key or by the folder itself.
    package static func keeper(_ credential: String) -> Operator {
        var keeper = Operator(
            name: "local", kind: .program, credential: credential,
            grants: [.init(towns: nil, rights: Rights([Rights(.people), Rights(.read)]))])
        keeper.isOwner = true
        return keeper
    }

    private static func read(_ notebook: any Notebook) -> State {
        var state = State()
        func each<Value: Decodable>(_ prefix: String, _ type: Value.Type, _ take: (String, Value) -> Void) {
            for key in notebook.keys(prefix: prefix) {
                guard let octets = notebook.read(key), let value = try? JSONDecoder().decode(type, from: Data(octets)) else { continue }
                take(String(key.dropFirst(prefix.count)), value)
            }
        }
        each(Note.account, Account.self) { state.accounts[$1.name] = $1 }
        each(Note.token, ProgramToken.self) {
            state.tokens[$1.id] = $1
            state.tokenIDs[$1.digest] = $1.id
        }
        each(Note.session, Session.self) { state.sessions[$0] = $1 }
        each(Note.safe, Set<String>.self) { state.safe[$0] = $1 }
        each(Note.safeHands, [String].self) { state.safeHands[$0] = $1 }
        each(Note.pair, Bool.self) { town, _ in state.pairs.insert(town) }
        return state
    }

    enum Note {
        static let account = "people/account/"
        static let token = "people/token/"
        static let session = "people/session/"
        static let safe = "people/safe/"
        static let safeHands = "people/safe-hands/"
        static let pair = "people/two/"
    }

    func keep(_ key: String, _ value: (some Encodable)?) {
        notebook.write(key, value.flatMap { try? JSONEncoder().encode($0) }.map { [UInt8]($0) })
    }

    // MARK: Who is asking

    package func with(token: String, now: Date) -> Operator? {
        let digest = DeviceRegister.digest(token)
        if let person = settings[digest] { return person }
        if let local, local.credential == digest { return local }
        return state.withLock { state in state.tokenIDs[digest].flatMap { state.token($0, now) }?.person }
    }

    /// Whose session a cookie opens.
    ///
    /// - Parameter isUse: somebody did something; false: something only goes on, such as a stream, or what a page asks by itself.
    /// - Parameter place: from where it is asked; a session is for the place where it was first used, and nothing in the other.
    package func with(session cookie: String, at place: ModeName? = nil, now: Date, isUse: Bool = true) -> (person: Operator, session: Session)? {
        let digest = DeviceRegister.digest(cookie)
        return state.withLock { state in
            guard var session = state.sessions[digest], !session.isOver(now), var person = state.person(of: session) else { return nil }
            if let place, let own = session.place, own != place { return nil }
            if let own = session.place ?? place { person = person.within(own) }
            if let place, session.place == nil, isUse {
                session.place = place
                state.sessions[digest] = session
                keep(Note.session + digest, session)
            }
            if isUse, now.timeIntervalSince(session.used) > 60 {
                session.used = now
                state.sessions[digest] = session
                keep(Note.session + digest, session)
            }
            return (person, session)
        }
    }

    /// Who hands in bulletins by token.
    package var feeders: [Operator] {
        let programs = state.withLock { state in state.tokens.values.filter { $0.revoked == nil }.map(\.person) }
        return (Array(settings.values) + programs).filter { $0.may(.feed) }.sorted { $0.name < $1.name }
    }

    /// Whether a town has, or ever had, accounts of which one may send there and another one may approve: nobody gets rid of
    /// the second person by stopping him.
    package func hasTwo(in town: TownID) -> Bool {
        state.withLock { $0.pairs.contains(town.code) || $0.pairs.contains("*") || $0.hasTwo(in: town) }
    }

    /// Whether what an act's submitter came in by still opens this act there.
    package func isOpen(_ credential: String, for act: DeskAct, _ mode: ModeName = .actual, in town: TownID, now: Date) -> Bool {
        // This machine's key is made anew at each start, and one from the safe is used up as it opens.
        if local?.credential == credential || credential.hasPrefix("safe:") { return true }
        return holder(of: credential, now: now)?.may(act, mode, in: town) ?? false
    }

    /// Who comes in by it, with what he may by now; nil where nobody does any more, and of keys that outlast no start.
    package func holder(of credential: String, now: Date) -> Operator? {
        if let person = settings[credential] { return person }
        return state.withLock { state in
            if credential.hasPrefix("account:") {
                return state.accounts[String(credential.dropFirst(8))].flatMap { $0.isDisabled ? nil : $0.person }
            }
            return state.tokenIDs[credential].flatMap { state.token($0, now) }?.person
        }
    }

    /// The people of a role in a town, by name.
    package func names(_ role: Role, in town: TownID) -> [String] {
        state.withLock { state in
            state.accounts.values.filter { account in
                !account.isDisabled && account.duties.contains { $0.role == role && $0.places?.contains(town) ?? true }
            }.map(\.name).sorted()
        }
    }

    /// Whether somebody is in from there already.
    private func isIn(from address: String) -> Bool {
        let place = Network.place(address)
        return state.withLock { $0.sessions.values.contains { $0.from == address || Network.place($0.from) == place } }
    }

    // MARK: Signing in

    /// - Parameter address: where it comes from; wrong tries are counted by it.
    /// - Returns: what the cookie says from now on, and who it is.
    package func signIn(
        name: String, password: String, code: String?, from address: String, now: Date
    ) async throws(PeopleFailure) -> (cookie: String, person: Operator, session: Session, asksForPassword: Bool) {
        let name = Self.plain(name)
        // Longer than any of ours: nothing to count wrong tries by.
        guard name.count <= 64, password.count <= Self.longest else { throw .wrong }
        let (known, wait) = state.withLock { state in
            let wait = state.wrong.wait(name, address, now: now)
            if wait == nil { state.wrong.begins(name, address, now: now) }
            return (state.accounts[name], wait)
        }
        if let wait { throw .wait(.seconds(Int(min(900, wait.rounded(.up))))) }
        let hash = known?.password ?? .nobodys(cost)
        let isRight: Bool
        do throws(PasswordLane.Full) {
            isRight = try await lane.run(for: address, isKnown: { self.isIn(from: address) }) { hash.matches(password) } && known != nil
        } catch {
            state.withLock { $0.wrong.takeBack(name, address) }
            throw .busy
        }
        return try state.withLock { state throws(PeopleFailure) in
            guard isRight, var account = state.accounts[name], !account.isDisabled, account.password == hash else {
                throw .wrong
            }
            if var own = account.code {
                guard let code, !code.isEmpty else {
                    state.wrong.takeBack(name, address)
                    throw .codeNeeded
                }
                guard own.takes(code, now: now) else { throw .wrong }
                account.code = own
            }
            state.wrong.right(name, address)
            account.lastSignIn = now
            state.accounts[name] = account
            keep(Note.account + name, account)
            let session = Session(name: name, safe: nil, began: now, used: now, proved: now, from: address)
            return (state.open(session, keep), account.person, session, account.isFirstPassword)
        }
    }

    /// The key from the safe: opens whatever was tried before, once for each code. Rights are those of the head of the
    /// town's disaster section.
    ///
    /// Whoever he says he is, the record shows that it was the key.
    ///
    /// - Returns: nil where it is no key.
    package func signIn(
        safeKey: String, name: String, from address: String, now: Date
    ) throws(PeopleFailure) -> (cookie: String, person: Operator, session: Session, left: Int)? {
        let digest = DeviceRegister.digest(SafeKey.plain(safeKey))
        let name = Self.plain(name)
        if !name.isEmpty { try Self.check(name) }
        return state.withLock { state in
            guard let town = state.safe.first(where: { $0.value.contains(digest) })?.key else { return nil }
            state.safe[town]?.remove(digest)
            keep(Note.safe + town, state.safe[town])
            var session = Session(
                name: name.isEmpty ? Self.safeMark : "\(name)（\(Self.safeMark)）", safe: town, began: now, used: now, proved: now, from: address)
            session.hands = state.safeHands[town]
            guard let person = state.person(of: session) else { return nil }
            return (state.open(session, keep), person, session, state.safe[town]?.count ?? 0)
        }
    }

    /// When somebody of the town who may give orders there last did something at the desk; nil where nobody has since this hub was begun.
    package func lastUse(in town: TownID) -> Date? {
        state.withLock { state in
            let sessions = state.sessions.values.filter { state.person(of: $0)?.may(.order, .actual, in: town) ?? false }.map(\.used)
            let accounts = state.accounts.values.filter { $0.person.may(.order, .actual, in: town) }.compactMap(\.lastSignIn)
            return (sessions + accounts).max()
        }
    }

    package func signOut(_ cookie: String) {
        let digest = DeviceRegister.digest(cookie)
        state.withLock { state in
            guard state.sessions.removeValue(forKey: digest) != nil else { return }
            keep(Note.session + digest, Session?.none)
        }
    }

    static let safeMark = "金庫の鍵"

    /// What a person typed, by what it looks like (Unicode's NFKC), without what cannot be seen at its ends.
    static func plain(_ name: String) -> String {
        name.precomposedStringWithCompatibilityMapping.trimmingCharacters(in: .whitespacesAndNewlines)
    }

    /// Reckoned on the lane.
    func hash(_ password: String, for person: String) async throws(PeopleFailure) -> PasswordHash {
        let cost = cost
        do throws(PasswordLane.Full) {
            guard let made = try await lane.run(for: person, { try? PasswordHash.make(password, cost: cost) }) else { throw PasswordLane.Full() }
            return made
        } catch {
            throw .busy
        }
    }
}

extension People.State {
    func person(of session: Session) -> Operator? {
        if let town = session.safe {
            guard let id = TownID(town) else { return nil }
            var person = Operator(
                name: session.name, kind: .safe, credential: "safe:\(town):\(session.name)",
                grants: [.init(towns: [id], rights: Role.chief.rights, role: .chief)])
            // Nobody knows whose hand turned the key: all that opened by one safe are one.
            person.hands = Set(session.hands ?? safeHands[town] ?? []).union(["safe:\(town)"])
            return person
        }
        guard let account = accounts[session.name], !account.isDisabled else { return nil }
        return account.person
    }

    /// A token that opens something: not over, not taken away, and not of somebody who was stopped.
    func token(_ id: String, _ now: Date) -> ProgramToken? {
        guard let token = tokens[id], token.revoked == nil, token.expires > now else { return nil }
        let makers = (token.hands ?? ["account:\(token.maker)"]).compactMap { $0.hasPrefix("account:") ? accounts[String($0.dropFirst(8))] : nil }
        return makers.contains { $0.isDisabled } ? nil : token
    }

    /// Whether there are two, also where one of them is stopped.
    func hasTwo(in town: TownID?) -> Bool {
        func may(_ person: Operator, _ right: Rights) -> Bool {
            town.map { person.rights(in: $0).contains(right) } ?? person.rightsEverywhere.contains(right)
        }
        let there = accounts.values.map(\.person)
        return there.filter { may($0, Rights(.approve)) }.contains { one in
            there.contains { $0.name != one.name && may($0, Rights(.order, [.actual])) }
        }
    }

    /// Whether somebody else could look at what this one did: one who may approve there, in whose hands it is not.
    func hasOther(than person: Operator, except name: String?, in town: TownID) -> Bool {
        accounts.values.contains { account in
            guard !account.isDisabled, account.name != name else { return false }
            let other = account.person
            return (other.may(.approve, in: town) || other.may(.people, .actual, in: town))
                && !other.isOne(with: person.name, person.credential, person.hands)
        }
    }

    mutating func open(_ session: Session, _ keep: (String, Session?) -> Void) -> String {
        if sessions.count >= People.mostSessions {
            let over = sessions.filter { $0.value.isOver(session.began) }.map(\.key)
            let oldest = sessions.min { $0.value.used < $1.value.used }.map { [$0.key] } ?? []
            for key in over.isEmpty ? oldest : over {
                sessions[key] = nil
                keep(People.Note.session + key, nil)
            }
        }
        let cookie = DeviceRegister.randomToken()
        let digest = DeviceRegister.digest(cookie)
        sessions[digest] = session
        keep(People.Note.session + digest, session)
        return cookie
    }

    /// Everybody of this name is out.
    mutating func close(_ name: String, except: String? = nil, _ keep: (String, Session?) -> Void) {
        for (digest, session) in sessions where session.name == name && session.safe == nil && digest != except {
            sessions[digest] = nil
            keep(People.Note.session + digest, nil)
        }
    }
}

/// What is printed, sealed, and lies in the safe: 100 bits in groups of five letters, none of which is taken for another.
enum SafeKey {
    private static let letters = Array("23456789abcdefghjkmnpqrstuvwxyz")

    static func make() -> String {
        var random = SystemRandomNumberGenerator()
        // There are thirty-one letters, always.
        let text = (0..<20).map { _ in letters[Int.random(in: 0..<letters.count, using: &random)] }
        return stride(from: 0, to: 20, by: 5).map { String(text[$0..<$0 + 5]) }.joined(separator: "-")
    }

    /// As people copy it from paper: in capitals, without or with other dashes.
    static func plain(_ written: String) -> String {
        String(written.lowercased().filter { $0.isLetter || $0.isNumber })
    }
}
