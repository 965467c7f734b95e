/// Call-ups of the town's own people: begun and ended by a person, turned by the clock, each step a fact of the town. What is told goes to
/// the people of the list and to nobody else: it passes no line and no channel.
package import AlertModel
internal import ChannelKit
package import Desk
internal import Devices
internal import Dispatching
package import Foundation
internal import Ledger
internal import Logging
internal import Synchronization

/// Who calls: by mail, or by a chat's own program.
package protocol StaffCaller: Sendable {
    /// Before the path of a link: `https://hub.example.jp`.
    var address: String { get }
    var ways: Set<StaffWays.Way> { get }
    /// Says it once. What may have arrived is not said again: the next round does.
    func call(_ letter: StaffLetter) async -> StaffCallEnd
}

package enum StaffCallEnd: Sendable, Hashable {
    case out
    /// Why it did not go out, or is not known to have arrived: Japanese first.
    case trouble(String)
    /// We are being stopped: it is nobody's fault, and is said after the start.
    case cut
}

package struct StaffLetter: Sendable, Hashable {
    package var way: StaffWays.Way
    /// A mail address, or where a chat's program listens.
    package var address: String
    /// Of the town, as a sender.
    package var sender: String
    package var subject, body: String
    /// The same for the same call.
    package var id: String
}

package enum MusterFailure: Error, Sendable {
    case forbidden(String)
    case notFound(String)
    case conflict(String)
    case invalid([(field: String, detail: String)])
    case unrecorded(String)
}

extension Hub {
    private static let musterPrefix = "muster/"
    /// Of a town; the oldest that are over give way. Facts stay.
    private static let mostMusters = 50
    /// A link answers so long after the end: who comes late is told that it is over.
    private static let linkLasts: TimeInterval = 24 * 3600

    /// What somebody wishes to begin.
    package struct MusterWish: Sendable {
        package var id, words: String
        package var mode: ModeName
        package var roles: [Role]
        package var needed, pause, rounds: Int

        package init(id: String, mode: ModeName, words: String, roles: [Role], needed: Int, pause: Int, rounds: Int) {
            (self.id, self.mode, self.words, self.roles) = (id, mode, words, roles)
            (self.needed, self.pause, self.rounds) = (needed, pause, rounds)
        }
    }

    // MARK: looking

    package func staff(of town: TownID) -> [(name: String, roles: [Role], ways: StaffWays)] { people.staff(of: town) }

    /// By what this hub calls by itself.
    package var staffWays: Set<StaffWays.Way> { staffCaller?.ways ?? [] }

    /// The newest first.
    package func musters(of town: TownID, _ mode: ModeName) -> [Muster] {
        ledger.keys(prefix: Self.musterPrefix + town.code + "/").compactMap(muster(at:)).filter { $0.mode == mode }.sorted { ($1.begun, $1.id) < ($0.begun, $0.id) }
    }

    package func muster(_ id: String, for person: Operator) throws(MusterFailure) -> (muster: Muster, town: Town) {
        for town in towns.all where person.may(town.id) {
            if let found = muster(at: Self.key(id, town.id)), person.may(.sending(found.mode), in: town.id) { return (found, town) }
        }
        throw .notFound("この番号の参集はありません：\(PlainText.visible(String(id.prefix(80)))) (no such call-up)")
    }

    /// Whose link it is; nil: nobody's, or it is long over.
    package func called(by key: String) -> (muster: Muster, person: Muster.Person, town: Town)? {
        guard (20...100).contains(key.utf8.count), let place = ledger.read(Self.linkPrefix + key).map({ String(decoding: $0, as: UTF8.self) }), let muster = muster(at: place),
            let person = muster.people.first(where: { $0.key == key }), let town = TownID(muster.town).flatMap({ towns[$0] })
        else { return nil }
        if let end = muster.end, clock() > end.at.addingTimeInterval(Self.linkLasts) { return nil }
        return (muster, person, town)
    }

    // MARK: acts of people

    /// - Returns: of the same id twice the first.
    package func begin(_ wish: MusterWish, in town: TownID, by person: Operator) async throws(MusterFailure) -> (muster: Muster, isNew: Bool) {
        guard person.may(.sending(wish.mode), in: town) else { throw .forbidden(person.refusal([.sending(wish.mode)])) }
        try Self.check(wish)
        let staff = people.staff(of: town)
        var called: [Muster.Person] = []
        for (index, role) in wish.roles.enumerated() {
            for one in staff where one.roles.contains(role) && !called.contains(where: { $0.name == one.name }) {
                called.append(.init(name: one.name, role: role, step: index + 1, ways: one.ways, key: DeviceRegister.randomToken()))
            }
        }
        guard !called.isEmpty else { throw .invalid([("roles", "この役割の人が登録されていません。「人と役割」で加えてください (nobody has these roles)")]) }
        let made = Muster(
            id: wish.id, town: town, mode: wish.mode, words: wish.words, by: person.name, begun: clock(), roles: wish.roles, needed: min(wish.needed, called.count),
            pause: wish.pause, rounds: wish.rounds, people: called)
        let (kept, isNew) = musterTurn.withLock { _ -> (Muster, Bool) in
            if let before = muster(at: Self.key(wish.id, town)) { return (before, false) }
            makeRoom(in: town)
            keep(made)
            openMusters.withLock { _ = $0?.insert(Self.key(made.id, town)) }
            for one in made.people { ledger.write(Self.linkPrefix + one.key, [UInt8](Self.key(made.id, town).utf8)) }
            return (made, true)
        }
        guard isNew else {
            guard kept.by == person.name, kept.mode == wish.mode else { throw .conflict("この番号（id）は、ほかの参集に使われています (this id is another call-up's)") }
            return (kept, false)
        }
        try await fact(made, "begun", nil, ["words": made.words, "roles": made.roles.map(\.japanese).joined(separator: "、"), "people": made.people.map(\.name).joined(separator: "、")], by: person.actor)
        logger.notice("staff called up", metadata: ["town": "\(town)", "id": "\(made.id)", "by": "\(person.name)", "mode": "\(made.mode.rawValue)", "people": "\(made.people.count)"])
        await turn(made.id, in: town)
        return (muster(at: Self.key(made.id, town)) ?? made, true)
    }

    /// What somebody said, noted at the desk.
    package func note(_ said: Muster.Answer, words: String?, of name: String, in id: String, by person: Operator) async throws(MusterFailure) -> Muster {
        let (found, town) = try muster(id, for: person)
        guard found.people.contains(where: { $0.name == name }) else { throw .notFound("この参集に「\(PlainText.visible(String(name.prefix(64))))」さんはいません (nobody of this name is called)") }
        return try await note(said, words: words, of: name, in: found, town.id, by: person.name, actor: person.actor)
    }

    /// What somebody said by his own link.
    package func note(_ said: Muster.Answer, by key: String) async throws(MusterFailure) -> Muster {
        guard let (found, person, town) = called(by: key) else { throw .notFound("この参集は終わっています (this call-up is over)") }
        return try await note(said, words: nil, of: person.name, in: found, town.id, by: nil, actor: "staff:\(person.name)")
    }

    private func note(_ said: Muster.Answer, words: String?, of name: String, in found: Muster, _ town: TownID, by: String?, actor: String) async throws(MusterFailure) -> Muster {
        guard found.end == nil || found.end?.outcome == .taken else { throw .conflict("この参集は終わっています (this call-up is over)") }
        let now = clock()
        let isNews = change(found.id, town) { $0.note(.init(said, at: now, by: by, words: words), of: name) }
        if isNews {
            try await fact(found, "said", name, ["answer": said.rawValue, "words": words ?? ""], by: actor)
            logger.notice("staff answered", metadata: ["town": "\(town)", "id": "\(found.id)", "person": "\(name)", "answer": "\(said.rawValue)", "by": "\(by ?? "link")"])
            await turn(found.id, in: town)
        }
        return muster(at: Self.key(found.id, town)) ?? found
    }

    package func end(muster id: String, by person: Operator) async throws(MusterFailure) -> Muster {
        let (found, town) = try muster(id, for: person), now = clock()
        let isNews = change(id, town.id) { muster in
            guard muster.end == nil else { return false }
            muster.close(.stopped, at: now, by: person.name)
            return true
        }
        if isNews { try await fact(found, "ended", nil, ["outcome": Muster.Outcome.stopped.rawValue], by: person.actor) }
        return muster(at: Self.key(id, town.id)) ?? found
    }

    // MARK: the clock

    /// To be called every few seconds. A call that is due goes to `begin`, to be made beside the others: a mail server that hangs keeps no other
    /// town's people waiting.
    package func turnMusters(_ begin: (_ call: @escaping @Sendable () async -> Void) -> Void) async {
        let open = openMusters.withLock { open in
            let known = open ?? Set(ledger.keys(prefix: Self.musterPrefix).filter { muster(at: $0)?.end == nil })
            open = known
            return known
        }
        for key in open.sorted() {
            guard let found = muster(at: key), found.end == nil, let town = TownID(found.town) else {
                openMusters.withLock { _ = $0?.remove(key) }
                continue
            }
            await turn(found.id, in: town)
            if let now = muster(at: key) { call(now, in: town, begin) }
        }
    }

    private func turn(_ id: String, in town: TownID) async {
        let now = clock()
        var before: Muster?, after: Muster?
        _ = change(id, town) { muster in
            before = muster
            muster.turn(now: now, able: staffWays)
            after = muster
            return muster != before
        }
        guard let before, let after else { return }
        if after.round > before.round { try? await fact(after, "round", nil, ["round": "\(after.round)"], by: "hub") }
        if let end = after.end, before.end == nil {
            try? await fact(after, "ended", nil, ["outcome": end.outcome.rawValue], by: "hub")
            if end.outcome == .nobody {
                attention.notice(
                    .review, "参集 \(id)", "\(after.mode == .exercise ? "【訓練】" : "")職員参集を、だれも引き受けていません。電話で呼んでください (nobody has taken the call-up)", from: "muster", of: town, at: now)
            }
        }
        openMusters.withLock { open in
            if after.end == nil { open?.insert(Self.key(id, town)) }
        }
    }

    /// Each call once a round; what was not noted before a stop is made again: called twice is better than not at all.
    private func call(_ muster: Muster, in id: TownID, _ begin: (_ call: @escaping @Sendable () async -> Void) -> Void) {
        guard let staffCaller, let town = towns[id] else { return }
        for due in muster.due(staffCaller.ways) {
            guard let person = muster.people.first(where: { $0.name == due.person }), let address = person.ways.address(due.way) else { continue }
            let key = "\(id)/\(muster.id)/\(due.round)/\(due.way.rawValue)/\(due.person)"
            guard musterCalls.withLock({ $0.insert(key).inserted }) else { continue }
            let ways = staffCaller.ways
            begin {
                defer { self.musterCalls.withLock { _ = $0.remove(key) } }
                // Chats have lanes of their own, by their host.
                let hasPlace = due.way == .mail ? await self.staffMails.enter() : true
                defer { if due.way == .mail, hasPlace { self.staffMails.leave() } }
                // It may have been noted between the look at what is due and the taking of its place; and the round may be over by now.
                guard let now = self.muster(at: Self.key(muster.id, id)), now.end == nil else { return }
                guard hasPlace, now.due(ways).contains(due) else { return await self.missed(due, in: now) }
                await self.call(person, due, address, of: muster, in: town, staffCaller)
            }
        }
    }

    private func call(_ person: Muster.Person, _ due: Muster.Due, _ address: String, of muster: Muster, in town: Town, _ caller: any StaffCaller) async {
        let letter = muster.letter(town: town.name, link: "\(caller.address)/muster/\(person.key)")
        let end: StaffCallEnd = isForResidents(address)
            ? .trouble("住民向けの送り先と同じ宛先なので、送りません (an address of residents)")
            : await caller.call(.init(
                way: due.way, address: address, sender: town.name, subject: letter.subject, body: letter.body,
                id: "\(muster.id).\(due.round).\(due.way.rawValue).\(person.key.prefix(8))"))
        switch end {
        case .out: await note(due, nil, in: muster)
        case .trouble(let words):
            logger.warning("a call of staff did not go out", metadata: ["town": "\(town.id)", "id": "\(muster.id)", "person": "\(due.person)", "way": "\(due.way.rawValue)", "reason": "\(words)"])
            await note(due, words, in: muster)
        case .cut: return
        }
    }

    /// Behind a mail server that is too slow the round may end before one's turn comes: that is said too.
    private func missed(_ due: Muster.Due, in muster: Muster) async {
        guard !Task.isCancelled, let person = muster.people.first(where: { $0.name == due.person }), person.isOpen, !person.calls.contains(where: { $0.round == due.round && $0.way == due.way }) else { return }
        await note(due, "メールサーバーが遅く、この回のうちに順番が来ませんでした (its turn did not come)", in: muster)
    }

    private func note(_ due: Muster.Due, _ trouble: String?, in muster: Muster) async {
        guard let town = TownID(muster.town) else { return }
        let now = clock()
        _ = change(muster.id, town) { muster in
            muster.note(Muster.Call(round: due.round, way: due.way, at: now, trouble: trouble), to: due.person)
            return true
        }
        try? await fact(muster, "called", due.person, ["way": due.way.rawValue, "round": "\(due.round)", "trouble": trouble ?? ""], by: "hub")
    }

    /// A list of residents, or a far end of any town: what staff are told is none of theirs.
    package func isForResidents(_ address: String) -> Bool {
        let plain = address.lowercased()
        return towns.all.contains { town in
            town.endpoints.contains { end in
                [end.actual, end.exercise].compactMap(\.self).contains { $0.contains { ["to", "url", "address"].contains($0.key) && $0.value.lowercased() == plain } }
            }
        }
    }

    // MARK: pieces

    private static let linkPrefix = "muster-link/"
    private static func key(_ id: String, _ town: TownID) -> String { musterPrefix + town.code + "/" + id }

    private func muster(at key: String) -> Muster? { ledger.read(key).flatMap { try? JSONDecoder().decode(Muster.self, from: Data($0)) } }
    private func keep(_ muster: Muster) {
        ledger.write(Self.musterPrefix + muster.town + "/" + muster.id, (try? JSONEncoder().encode(muster)).map { [UInt8]($0) })
    }

    /// - Returns: whether `body` changed something.
    private func change(_ id: String, _ town: TownID, _ body: (inout Muster) -> Bool) -> Bool {
        musterTurn.withLock { _ in
            guard var muster = muster(at: Self.key(id, town)), body(&muster) else { return false }
            keep(muster)
            return true
        }
    }

    private func makeRoom(in town: TownID) {
        let over = ledger.keys(prefix: Self.musterPrefix + town.code + "/").compactMap(muster(at:)).sorted { $0.begun < $1.begun }
        for old in over.dropLast(Self.mostMusters - 1) where old.end != nil {
            for one in old.people { ledger.write(Self.linkPrefix + one.key, nil) }
            ledger.write(Self.key(old.id, town), nil)
        }
    }

    private func fact(_ muster: Muster, _ step: String, _ person: String?, _ words: [String: String], by actor: String) async throws(MusterFailure) {
        guard let town = TownID(muster.town) else { return }
        let body = words.filter { !$0.value.isEmpty }.merging(["step": step]) { $1 }.merging(person.map { ["person": $0] } ?? [:]) { $1 }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        guard let octets = try? encoder.encode(body) else { return }
        let deed = RecordedDeed(
            id: "muster-\(newID().text)", mode: muster.mode, kind: "muster", subject: muster.id, at: clock(), actor: actor, body: String(decoding: octets, as: UTF8.self))
        do { try await ledger.town(town).append(deed).committed() } catch { throw .unrecorded("\(error)") }
    }

    private static func check(_ wish: MusterWish) throws(MusterFailure) {
        var errors: [(field: String, detail: String)] = []
        if !(1...60).contains(wish.id.utf8.count) || !wish.id.utf8.allSatisfy({ (0x30...0x39).contains($0) || (0x41...0x5A).contains($0) || (0x61...0x7A).contains($0) || [0x2D, 0x5F].contains($0) }) {
            errors.append(("id", "番号（id）は、英数字と - _ で60文字までです (letters, digits, - and _, at most 60)"))
        }
        if !(1...Muster.longestWords).contains(wish.words.count) || !PlainText.isPlain(wish.words.replacing("\n", with: " ")) {
            errors.append(("words", "何のために、どこへ集まるのかを、\(Muster.longestWords)文字までで書いてください (why and where: at most \(Muster.longestWords) letters)"))
        }
        if wish.roles.isEmpty || Set(wish.roles).count != wish.roles.count { errors.append(("roles", "呼ぶ役割を、順に一つ以上選んでください (one or more roles, each once)")) }
        if !(1...50).contains(wish.needed) { errors.append(("needed", "要る人数は1〜50です (1 to 50)")) }
        if !Muster.pauses.contains(wish.pause) { errors.append(("pause_seconds", "間隔は1分から60分です (60 to 3600 seconds)")) }
        if !(1...Muster.mostRounds).contains(wish.rounds) { errors.append(("rounds", "呼ぶ回数は1〜\(Muster.mostRounds)回です (1 to \(Muster.mostRounds))")) }
        guard errors.isEmpty else { throw .invalid(errors) }
    }
}

/// A step of a call-up, as the record has it.
package struct MusterFact: Sendable, Hashable {
    package var at: Date
    package var actor: String
    /// `step`, and what it is about.
    package var words: [String: String]
}

extension Hub {
    /// The steps of a call-up, from the first on.
    package func facts(of muster: Muster) async throws -> [MusterFact] {
        guard let town = TownID(muster.town) else { return [] }
        var query = DeedQuery()
        (query.kind, query.mode, query.since, query.limit) = ("muster", muster.mode, muster.begun, 2000)
        return try await ledger.town(town).deeds(query).filter { $0.subject == muster.id }.reversed().map {
            MusterFact(at: $0.at, actor: $0.actor, words: (try? JSONDecoder().decode([String: String].self, from: Data($0.body.utf8))) ?? [:])
        }
    }
}
