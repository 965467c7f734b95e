/// Passkeys of accounts: asked for, registered, and opened by.
internal import Devices
package import Foundation
internal import Synchronization

/// Questions that were asked and not answered yet, each for five minutes and once.
struct Challenges: Sendable {
    private var open: [String: (until: Date, name: String?, place: String)] = [:]
    static let lifetime: TimeInterval = 300
    static let most = 10_000
    /// Of one place: a flood from there pushes out its own.
    static let mostOfOne = 100

    /// - Parameter address: from where it is asked for.
    mutating func ask(_ name: String?, from address: String, now: Date) -> String {
        open = open.filter { $0.value.until > now }
        let place = Network.place(address)
        let own = open.filter { $0.value.place == place && ($0.value.name == nil) == (name == nil) }
        let crowded = own.count >= Self.mostOfOne ? own : open.count >= Self.most ? open : [:]
        if let oldest = crowded.min(by: { $0.value.until < $1.value.until })?.key { open[oldest] = nil }
        let challenge = DeviceRegister.randomToken()
        open[challenge] = (now.addingTimeInterval(Self.lifetime), name, place)
        return challenge
    }

    /// Whether it was asked, of this person; it is answered from now on.
    mutating func answer(_ challenge: String, _ name: String?, now: Date) -> Bool {
        guard let found = open.removeValue(forKey: challenge) else { return false }
        return found.until > now && found.name == name
    }
}

extension People {
    static let mostPasskeys = 10

    /// - Parameter name: whose new key is asked for; nil: anybody who wants in.
    package func ask(_ name: String?, from address: String, now: Date) -> String {
        state.withLock { $0.challenges.ask(name, from: address, now: now) }
    }

    /// What the browser's page is called by: `host` without a port, and the origins that are ours.
    private func place(_ host: String, _ origins: Set<String>) -> PasskeyCheck.Place { .init(host: host, origins: origins) }

    package func addPasskey(
        _ answer: PasskeyAnswer, challenge: String, host: String, origins: Set<String>, name: String, of person: Operator, now: Date
    ) throws(PeopleFailure) -> Passkey {
        let name = Self.plain(name)
        guard person.kind == .account else { throw .forbidden("パスキーを登録できるのは、名前で入った人だけです (only who signed in by name has passkeys)") }
        guard (1...64).contains(name.count) else { throw .invalid("端末の名前を64文字までで書いてください (name: 1 to 64 letters)", field: "name") }
        return try state.withLock { state throws(PeopleFailure) in
            guard state.challenges.answer(challenge, person.name, now: now),
                let passkey = PasskeyCheck.register(answer, challenge: challenge, at: place(host, origins), name: name, now: now),
                var account = state.accounts[person.name], state.accounts.values.allSatisfy({ !($0.passkeys ?? []).contains { $0.id == passkey.id } })
            else { throw .invalid("このパスキーは確かめられませんでした。もう一度、はじめから登録してください (this passkey could not be verified)", field: "passkey") }
            guard (account.passkeys ?? []).count < Self.mostPasskeys else { throw .conflict("パスキーは一人\(Self.mostPasskeys)個までです (no more passkeys)") }
            account.passkeys = (account.passkeys ?? []) + [passkey]
            state.accounts[account.name] = account
            keep(Note.account + account.name, account)
            return passkey
        }
    }

    package func removePasskey(_ id: String, of person: Operator) throws(PeopleFailure) {
        try state.withLock { state throws(PeopleFailure) in
            guard person.kind == .account, var account = state.accounts[person.name], account.passkeys?.contains(where: { $0.id == id }) == true else {
                throw .notFound("このパスキーはありません (no such passkey)")
            }
            account.passkeys?.removeAll { $0.id == id }
            state.accounts[account.name] = account
            keep(Note.account + account.name, account)
        }
    }

    /// A device that verified its person opens without a password and without digits.
    package func signIn(
        passkey answer: PasskeyAnswer, challenge: String, host: String, origins: Set<String>, from address: String, now: Date
    ) throws(PeopleFailure) -> (cookie: String, person: Operator, session: Session, asksForPassword: Bool) {
        try state.withLock { state throws(PeopleFailure) in
            let isAsked = state.challenges.answer(challenge, nil, now: now)
            let found = state.accounts.values.lazy.compactMap { account in account.passkeys?.first { $0.id == answer.id }.map { (account, $0) } }.first
            // A key nobody has is no try at anybody's: counted, it would lock out all who share the address.
            guard isAsked, var (account, passkey) = found, !account.isDisabled else { throw .wrong }
            guard state.wrong.wait(account.name, address, now: now) == nil else { throw .wait(.seconds(30)) }
            guard let known = PasskeyCheck.open(answer, passkey, challenge: challenge, at: place(host, origins)) else {
                state.wrong.begins(account.name, address, now: now)
                throw .wrong
            }
            passkey = known
            account.passkeys = (account.passkeys ?? []).map { $0.id == known.id ? passkey : $0 }
            account.lastSignIn = now
            state.accounts[account.name] = account
            keep(Note.account + account.name, account)
            let session = Session(name: account.name, safe: nil, began: now, used: now, proved: now, from: address)
            return (state.open(session, keep), account.person, session, account.isFirstPassword)
        }
    }
}
