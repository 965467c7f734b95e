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
        self.local = local.map {
            Operator(
                name: "local", kind: .program, credential: $0,
                grants: [.init(towns: nil, rights: Rights([Rights(.people), Rights(.read)]))])
        }
        self.notebook = notebook
        self.cost = cost ?? PasswordHash.cost
        state = Mutex(Self.read(notebook))
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
        return state
    }

    enum Note {
        static let account = "people/account/"
        static let token = "people/token/"
        static let session = "people/session/"
        static let safe = "people/safe/"
    }

    func keep(_ key: String, _ value: (some Encodable)?) {
        notebook.write(key, value.flatMap { try? JSONEncoder().encode($0) }.map { [UInt8]($0) })
    }

    // MARK: Who is asking

    package func with(token: String, now: Date) -> Operator? {
        let digest = DeviceRegister.digest(token)
        if let person = settings[digest] { return person }
        if let local, local.credential == digest { return local }
        return state.withLock { state in
            guard let id = state.tokenIDs[digest], let token = state.tokens[id], token.revoked == nil, token.expires > now else { return nil }
            return token.person
        }
    }

    /// Whose session a cookie opens.
    package func with(session cookie: String, now: Date) -> (person: Operator, session: Session)? {
        let digest = DeviceRegister.digest(cookie)
        return state.withLock { state in
            guard var session = state.sessions[digest], !session.isOver(now), let person = state.person(of: session) else { return nil }
            if now.timeIntervalSince(session.used) > 60 {
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

    /// Whether a town has accounts of which one may send there and another one may approve.
    package func hasTwo(in town: TownID) -> Bool {
        state.withLock { state in
            let there = state.accounts.values.filter { !$0.isDisabled }.map(\.person)
            let approvers = there.filter { $0.may(.approve, in: town) }
            return approvers.contains { one in there.contains { $0.name != one.name && $0.may(.order, .actual, in: town) } }
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

    // MARK: Signing in

    /// - Parameter address: where it comes from; wrong tries are counted by it.
    /// - Returns: what the cookie says from now on, and who it is.
    package func signIn(
        name: String, password: String, code: String?, from address: String, now: Date
    ) async throws(PeopleFailure) -> (cookie: String, person: Operator, session: Session, asksForPassword: Bool) {
        let name = Self.plain(name)
        // Longer than any of ours: nothing to count wrong tries by.
        guard name.count <= 64, password.count <= Self.longest else { throw .wrong }
        let (known, wait) = state.withLock { ($0.accounts[name], $0.wrong.wait(name, address, now: now)) }
        if let wait { throw .wait(.seconds(Int(min(900, wait.rounded(.up))))) }
        let hash = known?.password ?? .nobodys(cost)
        let isRight: Bool
        do throws(PasswordLane.Full) {
            isRight = try await lane.run { hash.matches(password) } && known != nil
        } catch {
            throw .busy
        }
        return try state.withLock { state throws(PeopleFailure) in
            guard isRight, var account = state.accounts[name], !account.isDisabled, account.password == hash else {
                state.wrong.wrong(name, address, now: now)
                throw .wrong
            }
            if var own = account.code {
                guard let code, !code.isEmpty else { throw .codeNeeded }
                guard own.takes(code, now: now) else {
                    state.wrong.wrong(name, address, now: now)
                    throw .wrong
                }
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
    /// - Returns: nil where it is no key.
    package func signIn(
        safeKey: String, name: String, from address: String, now: Date
    ) -> (cookie: String, person: Operator, session: Session, left: Int)? {
        let digest = DeviceRegister.digest(SafeKey.plain(safeKey))
        let name = Self.plain(name)
        return state.withLock { state in
            guard let town = state.safe.first(where: { $0.value.contains(digest) })?.key else { return nil }
            state.safe[town]?.remove(digest)
            keep(Note.safe + town, state.safe[town])
            let session = Session(
                name: name.isEmpty ? "金庫の鍵" : name, safe: town, began: now, used: now, proved: now, from: address)
            guard let person = state.person(of: session) else { return nil }
            return (state.open(session, keep), person, session, state.safe[town]?.count ?? 0)
        }
    }

    package func signOut(_ cookie: String) {
        let digest = DeviceRegister.digest(cookie)
        state.withLock { state in
            guard state.sessions.removeValue(forKey: digest) != nil else { return }
            keep(Note.session + digest, Session?.none)
        }
    }

    /// What a person typed, without what cannot be seen at its ends.
    static func plain(_ name: String) -> String {
        name.precomposedStringWithCanonicalMapping.trimmingCharacters(in: .whitespacesAndNewlines)
    }

    /// Reckoned on the lane.
    func hash(_ password: String) async throws(PeopleFailure) -> PasswordHash {
        let cost = cost
        do throws(PasswordLane.Full) {
            guard let made = try await lane.run({ try? PasswordHash.make(password, cost: cost) }) else { throw PasswordLane.Full() }
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
            return Operator(
                name: session.name, kind: .safe, credential: "safe:\(town):\(session.name)",
                grants: [.init(towns: [id], rights: Role.chief.rights)])
        }
        guard let account = accounts[session.name], !account.isDisabled else { return nil }
        return account.person
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
