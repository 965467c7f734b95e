import AlertModel
import ChannelKit
import Foundation
import Synchronization
import Testing

@testable import Desk

@Suite("People, their passwords and sessions")
struct PeopleTests {
    private let own = TownID("042056")!
    private let other = TownID("042021")!
    private let start = Date(timeIntervalSince1970: 1_800_000_000)
    private let paper = Paper()
    /// scrypt at its cheapest: what is tried here is not its strength.
    private var people: People { People([], notebook: paper, cost: 4) }
    private let keeper = People.keeper("k")
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
        let opened = try #require(try people.signIn(safeKey: spelt, name: "佐藤", from: "desk", now: start))
        #expect(opened.left == 9 && opened.person.may(.order, .actual, in: own) && !opened.person.may(.order, .actual, in: other))
        #expect(try people.signIn(safeKey: keys[0], name: "佐藤", from: "desk", now: start) == nil)
        #expect(try People([], notebook: paper, cost: 4).signIn(safeKey: keys[0], name: "", from: "desk", now: start) == nil)
        let new = try people.makeSafeKeys(own, by: keeper)
        #expect(try people.signIn(safeKey: keys[1], name: "", from: "desk", now: start) == nil)
        #expect(try people.signIn(safeKey: new[1], name: "", from: "desk", now: start) != nil)
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

    private func chief(_ name: String) -> Operator {
        Operator(name: name, kind: .account, credential: "account:\(name)", grants: [.init(towns: [own], rights: Role.chief.rights)])
    }

    @Test("Nobody gives a token what is not his own there; bulletins are for who may hand them in everywhere")
    func scopes() throws {
        let people = people
        let admin = Operator(name: "a", kind: .account, credential: "account:a", grants: [.init(towns: [own], rights: Role.admin.rights)])
        func make(_ scopes: [Scope], _ towns: Set<TownID>?, _ person: Operator) throws {
            _ = try people.addToken("t", towns: towns, scopes: scopes, expires: start + 60, by: person, now: start)
        }
        try make([.read, .devices, .admin], [own], admin)
        for scope in [Scope.send, .approve, .drill, .feed] { #expect(throws: PeopleFailure.self) { try make([.read, scope], [own], admin) } }
        try make([.send, .approve], [own], chief("c"))
        #expect(throws: PeopleFailure.self) { try make([.feed], [own], chief("c")) }
        try make([.feed], [own], Operator(name: "s", tokenDigest: "s"))
        try make([.send], nil, keeper)
    }

    @Test("Who has no role left is still his town's, and no other's to take over")
    func homes() async throws {
        let people = people
        _ = try await add(people, "佐藤", .chief)
        _ = try await add(people, "鈴木", .duty)
        let mine = try await people.signIn(name: "佐藤", password: secret, code: nil, from: "a", now: start)
        _ = try people.handOver(.chief, in: own, from: mine.person, to: "鈴木")
        #expect(people.account("佐藤")?.duties.isEmpty == true)
        let neighbour = Operator(name: "n", kind: .account, credential: "account:n", grants: [.init(towns: [other], rights: Role.chief.rights)])
        for register in [people, self.people] {
            #expect(throws: PeopleFailure.self) { try register.change("佐藤", [Duty(.chief, towns: [other])], by: neighbour) }
            #expect(!register.accounts(for: neighbour).map(\.name).contains("佐藤"))
            #expect(register.accounts(for: chief("鈴木")).map(\.name).contains("佐藤"))
        }
        _ = try people.change("佐藤", [Duty(.duty, towns: [own])], by: chief("鈴木"))
    }

    @Test("Two people once are two people: neither a stop, another role nor a restart makes one of them")
    func two() async throws {
        let people = people
        _ = try await add(people, "佐藤", .chief)
        #expect(!people.hasTwo(in: own))
        _ = try await add(people, "鈴木", .duty)
        _ = try people.change("鈴木", [Duty(.watcher, towns: [own])], by: keeper)
        _ = try people.disable("鈴木", true, by: keeper)
        for register in [people, self.people] { #expect(register.hasTwo(in: own) && !register.hasTwo(in: other)) }
    }

    @Test("A new account is in its maker's hands until somebody else has looked, whatever its person does; and then whoever was in is out")
    func doubt() async throws {
        let people = people
        let maker = chief("課長")
        _ = try await people.add("佐藤", [Duty(.chief, towns: [own])], password: secret, withCode: false, by: maker, now: start)
        let first = try await people.signIn(name: "佐藤", password: secret, code: nil, from: "a", now: start)
        #expect(first.person.hands == ["account:課長"] && first.person.isOne(with: "課長", "account:課長", []))
        // Nobody looks before the person has a word of his own; nor do who made it and the person.
        #expect(throws: PeopleFailure.self) { try people.confirm("佐藤", by: chief("ほか")) }
        try await people.changeOwn(first.person, cookie: first.cookie, to: "a word of my own", now: start)
        #expect(people.account("佐藤")?.doubt?.by == "課長")
        for one in [maker, first.person] { #expect(throws: PeopleFailure.self) { try people.confirm("佐藤", by: one) } }
        try people.confirm("佐藤", by: chief("ほか"))
        #expect(people.account("佐藤")?.doubt == nil && people.with(session: first.cookie, now: start) == nil)
        _ = try await people.add("影", [Duty(.chief, towns: [own])], password: secret, withCode: false, by: maker, now: start)
        let shadow = try await people.signIn(name: "影", password: secret, code: nil, from: "b", now: start)
        try await people.changeOwn(shadow.person, cookie: shadow.cookie, to: "a word of my own", now: start)
        #expect(people.hasOther(than: maker, about: "影", in: own))
        #expect(people.account("影")?.doubt?.by == "課長" && self.people.account("影")?.doubt != nil)
        // Another one has set a password since: that is another question.
        _ = try await people.reset("影", password: secret, withCode: nil, by: chief("佐藤"), now: start)
        #expect(throws: PeopleFailure.self) { try people.confirm("影", ["account:課長"], by: chief("ほか")) }
        _ = try await people.reset("影", password: secret, withCode: nil, by: maker, now: start)
        // A token of a shadow's is in the same hands.
        let token = try people.addToken("t", towns: [own], scopes: [.approve], expires: start + 60, by: shadow.person, now: start)
        #expect(people.with(token: token.secret, now: start)?.hands == ["account:影", "account:課長"])
        // And opens nothing once who made it is stopped.
        _ = try people.disable("影", true, by: keeper)
        #expect(people.with(token: token.secret, now: start) == nil)
    }

    @Test("A new password shuts out the passkeys that were there before, and puts the account into who made it's hands")
    func resetTakesAll() async throws {
        let people = people
        _ = try await add(people, "佐藤", .chief)
        people.state.withLock { $0.accounts["佐藤"]?.passkeys = [Passkey(id: "k", name: "n", key: Data(), count: 0, made: start)] }
        let made = try await people.reset("佐藤", password: secret, withCode: nil, by: chief("課長"), now: start)
        #expect(made.account.passkeys == nil && made.account.doubt?.by == "課長")
    }

    @Test("Many guesses at once are as many guesses; a network of IPv6 is one place, and one place does not fill the lane")
    func atOnce() async throws {
        let people = people
        _ = try await add(people, "佐藤")
        let answers = await withTaskGroup(of: String.self) { group in
            for number in 0..<40 {
                group.addTask {
                    do throws(PeopleFailure) {
                        _ = try await people.signIn(name: "佐藤", password: "guess \(number) guess", code: nil, from: "2001:db8::\(number)", now: start)
                        return "in"
                    } catch {
                        switch error {
                        case .wrong: return "wrong"
                        case .wait: return "wait"
                        case .busy: return "busy"
                        default: return "\(error)"
                        }
                    }
                }
            }
            return await group.reduce(into: [String: Int]()) { $0[$1, default: 0] += 1 }
        }
        #expect((answers["wrong"] ?? 0) <= WrongTries.free && answers["in"] == nil, "\(answers)")
        _ = try await people.signIn(name: "佐藤", password: secret, code: nil, from: "2001:db8:1::1", now: start)
    }

    @Test("Names that only look different, cannot be seen, or pretend to be the key from the safe are refused", arguments: [
        "佐 藤", "ＳＡＴＯ", "Sato", "sa\u{200B}to", "sa\u{00AD}to", "\u{2060}", "佐藤（金庫の鍵）",
    ])
    func looks(_ name: String) async throws {
        let people = people
        for known in ["佐藤", "sato"] { _ = try await add(people, known) }
        await #expect(throws: PeopleFailure.self) { try await add(people, name) }
        if name.contains("鍵") || name.unicodeScalars.contains(where: { $0.properties.isDefaultIgnorableCodePoint }) {
            let keys = try people.makeSafeKeys(own, by: keeper)
            #expect(throws: PeopleFailure.self) { try people.signIn(safeKey: keys[0], name: name, from: "a", now: start) }
        }
    }

    @Test("Who comes in by the safe bears its mark, whatever name he gives")
    func mark() throws {
        let keys = try people.makeSafeKeys(own, by: keeper)
        let opened = try #require(try people.signIn(safeKey: keys[0], name: "佐藤", from: "a", now: start))
        #expect(opened.person.name == "佐藤（金庫の鍵）")
    }

    @Test("Questions for passkeys from one place push out their own, and no one else's")
    func challenges() {
        var challenges = Challenges()
        let mine = challenges.ask(nil, from: "10.0.0.1", now: start)
        let own = challenges.ask("佐藤", from: "192.0.2.1", now: start)
        for _ in 0..<500 { _ = challenges.ask(nil, from: "192.0.2.1", now: start) }
        #expect(challenges.answer(mine, nil, now: start) && challenges.answer(own, "佐藤", now: start))
    }

    @Test("All that opened by one safe are one, and in the hands of who had printed the key they came by, whatever is printed since")
    func safeHands() throws {
        let people = people
        let keys = try people.makeSafeKeys(own, by: chief("課長"))
        let one = try #require(try people.signIn(safeKey: keys[0], name: "佐藤", from: "a", now: start))
        _ = try people.makeSafeKeys(own, by: chief("ほか"))
        let now = try #require(people.with(session: one.cookie, now: start)).person
        #expect(now.isOne(with: "課長", "account:課長", []) && !now.isOne(with: "ほか", "account:ほか", []))
        let printed = try people.makeSafeKeys(own, by: keeper)
        let (first, second) = (
            try #require(try people.signIn(safeKey: printed[0], name: "佐藤", from: "a", now: start)).person,
            try #require(try people.signIn(safeKey: printed[1], name: "鈴木", from: "b", now: start)).person
        )
        #expect(first.isOne(with: second.name, second.credential, second.hands))
    }

    @Test("Strangers from many places do not fill the lane of passwords for a place from which somebody is in already")
    func strangers() async throws {
        let lane = PasswordLane()
        let gate = DispatchSemaphore(value: 0)
        await withTaskGroup(of: Void.self) { group in
            for number in 0..<PasswordLane.mostOfStrangers {
                group.addTask { _ = try? await lane.run(for: "192.0.\(number).1", isKnown: { false }) { gate.wait() } }
            }
            while lane.count < PasswordLane.mostOfStrangers { await Task.yield() }
            await #expect(throws: PasswordLane.Full.self) { try await lane.run(for: "198.51.100.1", isKnown: { false }) {} }
            group.addTask { await #expect(throws: Never.self) { try await lane.run(for: "10.0.0.1", isKnown: { true }) {} } }
            for _ in 0..<PasswordLane.mostOfStrangers { gate.signal() }
        }
    }
}
