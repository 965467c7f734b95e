import AlertModel
import ChannelKit
import Foundation
import Synchronization
import Testing

@testable import Desk

/// A notebook that outlives the people's register, as the record does.
private final class Paper: Notebook {
    private let pages = Mutex<[String: [UInt8]]>([:])
    func read(_ key: String) -> [UInt8]? { pages.withLock { $0[key] } }
    func write(_ key: String, _ value: [UInt8]?) { pages.withLock { $0[key] = value } }
    func keys(prefix: String) -> [String] { pages.withLock { $0.keys.filter { $0.hasPrefix(prefix) }.sorted() } }
    var everything: String { pages.withLock { $0.map { "\($0.key) \(String(decoding: $0.value, as: UTF8.self))" }.joined(separator: "\n") } }
}

@Suite("People, their passwords and sessions")
struct PeopleTests {
    private let own = TownID("042056")!
    private let other = TownID("042021")!
    private let start = Date(timeIntervalSince1970: 1_800_000_000)
    private let paper = Paper()
    /// scrypt at its cheapest: what is tried here is not its strength.
    private var people: People { People([], notebook: paper, cost: 4) }
    private let keeper = Operator(name: "keeper", kind: .settings, credential: "k", grants: [.init(towns: nil, rights: Rights(.people))])
    private let secret = "correct horse battery"

    private func add(_ people: People, _ name: String, _ role: Role = .duty, code: Bool = false) async throws -> String? {
        try await people.add(name, [Duty(role, towns: [own])], password: secret, withCode: code, by: keeper, now: start).codeAddress
    }

    @Test("Who gives name and password is in, with the rights of the role and no others, also after a restart")
    func signIn() async throws {
        let people = people
        _ = try await add(people, "佐藤")
        let opened = try await people.signIn(name: " 佐藤 ", password: secret, code: nil, from: "a", now: start)
        #expect(opened.person.may(.order, .actual, in: own) && !opened.person.may(.order, .actual, in: other))
        for register in [people, People([], notebook: paper, cost: 4)] {
            let found = try #require(register.with(session: opened.cookie, now: start.addingTimeInterval(3600)))
            #expect(found.person.name == "佐藤" && found.person.may(.order, .actual, in: own))
        }
        people.signOut(opened.cookie)
        #expect(people.with(session: opened.cookie, now: start) == nil)
        #expect(People([], notebook: paper, cost: 4).with(session: opened.cookie, now: start) == nil)
    }

    @Test("No password, cookie, token or key lies in what is kept")
    func planted() async throws {
        let people = people
        _ = try await add(people, "佐藤")
        let opened = try await people.signIn(name: "佐藤", password: secret, code: nil, from: "a", now: start)
        let token = try people.addToken("p", towns: [own], scopes: [.read], expires: start + 60, by: keeper, now: start)
        let keys = try people.makeSafeKeys(own, by: keeper)
        for word in [secret, opened.cookie, token.secret] + keys { #expect(!paper.everything.contains(word)) }
    }

    @Test("A session ends after a shift without use, and after a day whatever is done")
    func idle() async throws {
        let people = people
        _ = try await add(people, "佐藤")
        let cookie = try await people.signIn(name: "佐藤", password: secret, code: nil, from: "a", now: start).cookie
        #expect(people.with(session: cookie, now: start + 8 * 3600 + 1) == nil)
        var now = start
        while now < start + 23 * 3600 {
            now += 3600
            #expect(people.with(session: cookie, now: now) != nil)
        }
        #expect(people.with(session: cookie, now: start + 24 * 3600 + 1) == nil)
    }

    @Test("Wrong name, wrong password and a stopped person are answered alike; after five the place waits, another place does not")
    func wrong() async throws {
        let people = people
        _ = try await add(people, "佐藤")
        _ = try await add(people, "鈴木")
        _ = try people.disable("鈴木", true, by: keeper)
        for (name, password) in [("佐藤", "wrong"), ("だれか", secret), ("鈴木", secret)] {
            await #expect { try await people.signIn(name: name, password: password, code: nil, from: "b", now: start) } throws: {
                guard case PeopleFailure.wrong = $0 else { return false }
                return true
            }
        }
        for _ in 0..<5 { _ = try? await people.signIn(name: "佐藤", password: "wrong", code: nil, from: "far", now: start) }
        await #expect { try await people.signIn(name: "佐藤", password: secret, code: nil, from: "far", now: start) } throws: {
            guard case PeopleFailure.wait = $0 else { return false }
            return true
        }
        // The desk is not locked by somebody far away.
        _ = try await people.signIn(name: "佐藤", password: secret, code: nil, from: "desk", now: start)
        // And the far one is let try again.
        _ = try await people.signIn(name: "佐藤", password: secret, code: nil, from: "far", now: start + 31)
    }

    @Test("The key from the safe opens a locked desk, once for each code, on any way of writing it")
    func safe() async throws {
        let people = people
        let keys = try people.makeSafeKeys(own, by: keeper)
        #expect(Set(keys).count == 10)
        for _ in 0..<60 { _ = try? await people.signIn(name: "佐藤", password: "wrong", code: nil, from: "desk", now: start) }
        let spelt = keys[0].uppercased().replacing("-", with: " ")
        let opened = try #require(people.signIn(safeKey: spelt, name: "佐藤", from: "desk", now: start))
        #expect(opened.left == 9 && opened.person.may(.order, .actual, in: own) && !opened.person.may(.order, .actual, in: other))
        #expect(people.signIn(safeKey: keys[0], name: "佐藤", from: "desk", now: start) == nil)
        #expect(People([], notebook: paper, cost: 4).signIn(safeKey: keys[0], name: "", from: "desk", now: start) == nil)
        let new = try people.makeSafeKeys(own, by: keeper)
        #expect(people.signIn(safeKey: keys[1], name: "", from: "desk", now: start) == nil)
        #expect(people.signIn(safeKey: new[1], name: "", from: "desk", now: start) != nil)
    }

    @Test("Six digits are asked for where they were set up, each opens once, and a step late is still taken")
    func code() async throws {
        let people = people
        let address = try #require(try await add(people, "佐藤", code: true))
        #expect(address.hasPrefix("otpauth://totp/Noroshi:") && address.contains("secret="))
        let step = Int64(start.timeIntervalSince1970 / 30)
        let secretCode = try #require(people.account("佐藤")?.code)
        await #expect { try await people.signIn(name: "佐藤", password: secret, code: nil, from: "a", now: start) } throws: {
            guard case PeopleFailure.codeNeeded = $0 else { return false }
            return true
        }
        _ = try await people.signIn(name: "佐藤", password: secret, code: secretCode.code(step - 1), from: "a", now: start)
        for used in [step - 1, step - 2] {
            await #expect(throws: PeopleFailure.self) {
                try await people.signIn(name: "佐藤", password: secret, code: secretCode.code(used), from: "b", now: start)
            }
        }
        _ = try await people.signIn(name: "佐藤", password: secret, code: secretCode.code(step), from: "c", now: start)
    }

    @Test("The digits are those of RFC 6238, appendix B", arguments: [(59.0, "287082"), (1_111_111_109, "081804"), (20_000_000_000, "353130")])
    func vectors(_ seconds: Double, _ digits: String) {
        let code = TimeCode(secret: Data("12345678901234567890".utf8))
        #expect(code.code(Int64(seconds / 30)) == digits)
    }

    @Test("Who runs one town's people makes, sees and changes nobody of another, and gives no rights there")
    func walls() async throws {
        let people = people
        _ = try await add(people, "佐藤")
        _ = try await people.add("両方", [Duty(.duty, towns: [own, other])], password: secret, withCode: false, by: keeper, now: start)
        let neighbour = Operator(name: "n", kind: .account, credential: "account:n", grants: [.init(towns: [other], rights: Role.chief.rights)])
        #expect(people.accounts(for: neighbour).map(\.name) == ["両方"])
        #expect(people.accounts(for: neighbour)[0].duties == [Duty(.duty, towns: [own, other])])
        await #expect(throws: PeopleFailure.self) {
            try await people.add("x", [Duty(.duty, towns: [own])], password: secret, withCode: false, by: neighbour, now: start)
        }
        await #expect(throws: PeopleFailure.self) {
            try await people.add("x", [Duty(.duty, towns: nil)], password: secret, withCode: false, by: neighbour, now: start)
        }
        for name in ["佐藤", "両方"] {
            #expect(throws: PeopleFailure.self) { try people.disable(name, true, by: neighbour) }
            #expect(throws: PeopleFailure.self) { try people.change(name, [Duty(.watcher, towns: [other])], by: neighbour) }
        }
        #expect(throws: PeopleFailure.self) { try people.makeSafeKeys(own, by: neighbour) }
        #expect(throws: PeopleFailure.self) {
            try people.addToken("t", towns: nil, scopes: [.read], expires: start + 60, by: neighbour, now: start)
        }
    }

    @Test("A role that is handed over is the other's at once, and mine no more; nobody hands over what is not his")
    func handOver() async throws {
        let people = people
        _ = try await add(people, "佐藤", .chief)
        _ = try await add(people, "鈴木", .duty)
        let mine = try await people.signIn(name: "佐藤", password: secret, code: nil, from: "a", now: start)
        let theirs = try await people.signIn(name: "鈴木", password: secret, code: nil, from: "a", now: start)
        #expect(throws: PeopleFailure.self) { try people.handOver(.chief, in: own, from: theirs.person, to: "佐藤") }
        #expect(throws: PeopleFailure.self) { try people.handOver(.chief, in: own, from: mine.person, to: "いない") }
        _ = try people.handOver(.chief, in: own, from: mine.person, to: "鈴木")
        #expect(people.with(session: theirs.cookie, now: start)?.person.may(.approve, .actual, in: own) == true)
        #expect(people.with(session: mine.cookie, now: start)?.person.may(.approve, .actual, in: own) == false)
    }

    @Test("A new password, and being stopped, put out whoever is in; a token that is revoked or over opens nothing")
    func out() async throws {
        let people = people
        _ = try await add(people, "佐藤")
        let first = try await people.signIn(name: "佐藤", password: secret, code: nil, from: "a", now: start)
        _ = try await people.reset("佐藤", password: "another long secret", withCode: nil, by: keeper, now: start)
        #expect(people.with(session: first.cookie, now: start) == nil)
        let second = try await people.signIn(name: "佐藤", password: "another long secret", code: nil, from: "a", now: start)
        _ = try people.disable("佐藤", true, by: keeper)
        #expect(people.with(session: second.cookie, now: start) == nil)
        let token = try people.addToken("p", towns: [own], scopes: [.read], expires: start + 60, by: keeper, now: start)
        #expect(people.with(token: token.secret, now: start)?.may(.read, in: own) == true)
        #expect(people.with(token: token.secret, now: start + 61) == nil)
        try people.revokeToken(token.token.id, by: keeper, now: start)
        #expect(people.with(token: token.secret, now: start) == nil)
    }

    @Test("Names and passwords that would do harm are refused in words", arguments: [
        ("", "correct horse battery"), ("a/b", "correct horse battery"), ("a\u{1B}[2J", "correct horse battery"),
        ("佐藤", "short"), ("佐藤", "aaaaaaaaaaaaaaaa"), ("tanaka", "tanaka-no-password"),
    ])
    func refused(_ name: String, _ password: String) async {
        let people = people
        await #expect { try await people.add(name, [Duty(.duty, towns: [own])], password: password, withCode: false, by: keeper, now: start) } throws: {
            guard case PeopleFailure.invalid(let words, _) = $0 else { return false }
            return words.contains("文字") || words.contains("パスワード")
        }
    }
}
