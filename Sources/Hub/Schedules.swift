/// Notices that are written beforehand: a school's, an event's, once or again and again. They are told in the lowest class, and keep every lane
/// proven while nothing else happens.
///
///     due ──▶ nothing grave in force ──▶ told, one by one
///        └──▶ an early warning or a tsunami warning ──▶ held ──▶ over, and ten minutes ──▶ all of them as one digest
///
/// What is due while somebody runs from the sea is chatter: nobody hears it then, and afterwards it is one notice and not twelve.
package import AlertModel
internal import ChannelKit
package import Desk
internal import Dispatching
package import Foundation
internal import Ledger
internal import Logging
internal import Streams
internal import Synchronization

package struct ScheduledNotice: Sendable, Hashable, Codable {
    package enum Rhythm: String, Sendable, Hashable, Codable, CaseIterable {
        case once, daily, weekly

        var japanese: String {
            switch self {
            case .once: "一度"
            case .daily: "毎日"
            case .weekly: "毎週"
            }
        }

        /// Seconds to the next time; nil where there is none.
        var period: TimeInterval? {
            switch self {
            case .once: nil
            case .daily: 86_400
            case .weekly: 7 * 86_400
            }
        }
    }

    package let id: String
    package let town: String
    package let mode: ModeName
    /// Tablets are tried by it: nil where it is an ordinary notice.
    package var test: Bool?
    package let title: String
    package let body: String
    package let every: Rhythm
    /// When it is due next.
    package var at: Date
    package let by: String
    /// What its writer came in by, and in whose hands that was: he does not say yes to it himself, and what he may no more, it may not.
    let credential: String
    let hands: Set<String>
    /// The second person's yes, given beforehand.
    package struct Consent: Sendable, Hashable, Codable {
        package let by: String
        let credential: String
        package let at: Date
    }
    package var consent: Consent?
    /// Due and held back since; nil where it only waits for its time.
    package var heldSince: Date?
    /// When it was told last, and as which alert.
    package var told: Date?
    package var alert: String?
    /// Why it was not told when it was due.
    package var trouble: String?
}

/// A value: what is done with the notices that are due.
package enum Chatter {
    /// What was due longer ago than this is not told any more: a hub that was away does not talk of yesterday.
    static let longest: TimeInterval = 3600
    /// The same for what was held back.
    static let longestHeld: TimeInterval = 24 * 3600
    /// Between the last word of an early warning or a tsunami and the first of a market. An early warning runs out after three minutes, and the first word about
    /// the sea comes some three minutes after the shaking: between the two nobody talks of anything else.
    package static let rest: TimeInterval = 600

    struct Turn: Equatable {
        /// Told one by one.
        var single: [ScheduledNotice] = []
        /// Told together.
        var digest: [ScheduledNotice] = []
        /// Held from now on.
        var held: [ScheduledNotice] = []
        /// Too old.
        var dropped: [ScheduledNotice] = []
        /// Tests that are left out this time: something real is in force, or it is night.
        var leftOut: [ScheduledNotice] = []
    }

    /// - Parameter isHeld: something is in force beside which nobody hears them.
    static func turn(_ due: [ScheduledNotice], isHeld: Bool, now: Date) -> Turn {
        var turn = Turn()
        for notice in due {
            if notice.test == true, isHeld || !TabletTest.isByDay(now) {
                turn.leftOut.append(notice)
                continue
            }
            let age = now.timeIntervalSince(notice.heldSince ?? notice.at)
            if age > (notice.heldSince == nil ? longest : longestHeld) {
                turn.dropped.append(notice)
            } else if isHeld {
                if notice.heldSince == nil { turn.held.append(notice) }
            } else if notice.heldSince != nil {
                turn.digest.append(notice)
            } else {
                turn.single.append(notice)
            }
        }
        // One alone needs no digest.
        if turn.digest.count == 1 { (turn.single, turn.digest) = (turn.digest + turn.single, []) }
        return turn
    }

    /// What would be told if nothing held it back any more; nil where nothing waits.
    package static func digest(_ held: [ScheduledNotice]) -> (title: String, body: String)? {
        guard let first = held.first else { return nil }
        return held.count == 1 ? (first.title, first.body) : words(held)
    }

    /// 1,000 letters are what a notice may have; what does not fit is counted.
    static func words(_ notices: [ScheduledNotice]) -> (title: String, body: String) {
        var lines: [String] = [], rest = 0
        for notice in notices {
            let line = "・\(notice.title)：\(notice.body.replacing("\n", with: " "))"
            if rest > 0 || lines.joined(separator: "\n").count + line.count > 900 { rest += 1 } else { lines.append(line) }
        }
        if rest > 0 { lines.append("ほかに\(rest)件あります。") }
        return ("お知らせのまとめ（\(notices.count)件）", lines.joined(separator: "\n"))
    }
}

extension Hub {
    private static let schedulePrefix = "schedule/"
    /// Of a town.
    package static let mostScheduled = 200

    /// The next first.
    package func scheduled(in town: TownID) -> [ScheduledNotice] {
        ledger.keys(prefix: Self.schedulePrefix + town.code + "/").compactMap { key in
            ledger.read(key).flatMap { try? JSONDecoder().decode(ScheduledNotice.self, from: Data($0)) }
        }.sorted { ($0.at, $0.id) < ($1.at, $1.id) }
    }

    /// - Throws: where its words are none that could be sent.
    package func schedule(
        _ title: String, _ body: String, at: Date, every: ScheduledNotice.Rhythm, _ mode: ModeName, isTest: Bool = false, in town: TownID, by person: Operator
    ) async throws(DeskFailure) -> ScheduledNotice {
        guard person.may(.notice, mode, in: town) else { throw .forbidden(person.refusal(.notice, mode)) }
        guard !isTest || TabletTest.isByDay(at) else { throw .invalid([.init(field: "at", detail: TabletTest.hoursRule)]) }
        guard at > clock() else { throw .invalid([.init(field: "at", detail: "これからの時刻を書いてください (a time to come)")]) }
        guard scheduled(in: town).count < Self.mostScheduled else { throw .conflict("予定が多すぎます。終わったものを消してください (too many notices are scheduled)") }
        let notice = ScheduledNotice(id: "S-\(newID().text)", town: town.code, mode: mode, test: isTest ? true : nil, title: title, body: body, every: every, at: at, by: person.name,
            credential: person.credential, hands: person.hands)
        // What could not be sent then is refused now, while somebody can reword it.
        try check(try read(Self.order(notice.title, notice.body, notice, clock()), by: Self.voice(of: notice, in: town)))
        keep(notice)
        logger.notice("notice scheduled", metadata: ["town": "\(town)", "id": "\(notice.id)", "by": "\(person.name)", "at": "\(at)", "every": "\(every.rawValue)"])
        noteDown(.schedule, "予定に入れた：「\(title)」（\(every.japanese)、\(Self.clock(at))から）", about: notice.id, mode, in: town, by: person.actor)
        do { try await onDisk() } catch { throw .unkept("\(error)") }
        return notice
    }

    package func unschedule(_ id: String, by person: Operator) async throws(DeskFailure) {
        for town in towns.all where person.may(town.id) {
            guard let notice = scheduled(in: town.id).first(where: { $0.id == id }) else { continue }
            guard person.may(.notice, notice.mode, in: town.id) else { throw .forbidden(person.refusal(.notice, notice.mode)) }
            ledger.write(Self.key(notice), nil)
            logger.notice("notice unscheduled", metadata: ["town": "\(town.id)", "id": "\(id)", "by": "\(person.name)"])
            noteDown(.schedule, "予定をやめた：「\(notice.title)」", about: id, notice.mode, in: town.id, by: person.actor)
            do { try await onDisk() } catch { throw .unkept("\(error)") }
            return
        }
        throw .notFound("この番号の予定はありません (no such scheduled notice)")
    }

    /// Whether somebody else's yes will be asked for when it is due.
    package func asksConsent(_ notice: ScheduledNotice) -> Bool {
        guard notice.mode == .actual, notice.consent == nil, let town = TownID(notice.town), case .two = approval(of: town) else { return false }
        return true
    }

    /// The second person says yes while he is there, and not at an hour at which nobody is: then it goes out when it is due.
    package func agree(toScheduled id: String, by person: Operator) async throws(DeskFailure) -> ScheduledNotice {
        for town in towns.all where person.may(town.id) {
            guard var notice = scheduled(in: town.id).first(where: { $0.id == id }) else { continue }
            guard !person.isOne(with: notice.by, notice.credential, notice.hands) else {
                throw .forbidden("自分で書いた予定は、自分では承認できません。ほかの人が承認します (its writer is not its second person)")
            }
            guard person.may(.approve, in: town.id) else { throw .forbidden(person.refusal([.approve])) }
            guard asksConsent(notice) else { throw .conflict("この予定は、承認を待っていません (no second person is asked for it)") }
            guard people.holder(of: person.credential, now: clock()) != nil else {
                throw .forbidden("この鍵では、前もって承認できません。名前で入ってください (this key outlasts no start: sign in by name)")
            }
            notice.consent = .init(by: person.name, credential: person.credential, at: clock())
            keep(notice)
            logger.notice("scheduled notice approved", metadata: ["town": "\(town.id)", "id": "\(id)", "by": "\(person.name)"])
            noteDown(.schedule, "予定を前もって承認した：「\(notice.title)」（書いた人 \(notice.by)）", about: id, notice.mode, in: town.id, by: person.actor)
            do { try await onDisk() } catch { throw .unkept("\(error)") }
            return notice
        }
        throw .notFound("この番号の予定はありません (no such scheduled notice)")
    }

    /// Who said yes to all of them and may say so still.
    private func consent(to notices: [ScheduledNotice], in town: TownID, _ now: Date) -> Operator? {
        let people = notices.map { $0.consent.flatMap { self.people.holder(of: $0.credential, now: now) } }
        return people.allSatisfy { $0?.may(.approve, in: town) == true } ? people.first ?? nil : nil
    }

    /// To be called every few seconds: what is due is told, or held back.
    package func tellScheduled(now: Date) async {
        for town in towns.all {
            let all = scheduled(in: town.id).filter { $0.at <= now || $0.heldSince != nil }
            let due = all.filter { people.isOpen($0.credential, for: .notice, $0.mode, in: town.id, now: now) }
            settle(all.filter { !due.contains($0) }, told: nil, "書いた人が、いまはお知らせを出せません (who wrote it may send no notice any more)", now)
            guard !due.isEmpty else { continue }
            let isHeld = await !holdingChatter(in: town, now: now).isEmpty
            // A tablet shows no drill beside what is grave and real.
            let isGrave = (stream.gravestReal(of: town.id) ?? .information) >= DrillRule.endsAt
            for mode in ModeName.allCases {
                let own = due.filter { $0.mode == mode }
                var turn = Chatter.turn(own.filter { $0.test != true }, isHeld: isHeld, now: now)
                let tests = Chatter.turn(own.filter { $0.test == true }, isHeld: isHeld || isGrave, now: now)
                (turn.single, turn.dropped, turn.leftOut) = (turn.single + tests.single, turn.dropped + tests.dropped, tests.leftOut)
                for var notice in turn.held {
                    notice.heldSince = now
                    keep(notice)
                    logger.notice("notice held back", metadata: ["town": "\(town.id)", "id": "\(notice.id)"])
                    noteDown(.schedule, "予定のお知らせを控えた：「\(notice.title)」", about: notice.id, notice.mode, in: town.id, by: "hub")
                }
                for notice in turn.leftOut { settle([notice], told: nil, "本番の警報などが出ているか、夜なので、試験は次の回まで見送りました (something real is in force, or it is night: not this time)", now) }
                for notice in turn.dropped { settle([notice], told: nil, "時刻を過ぎてから時間がたったので、送りませんでした (too late to be told)", now) }
                for notice in turn.single { await tell([notice], notice.title, notice.body, in: town.id, now) }
                if !turn.digest.isEmpty {
                    let words = Chatter.words(turn.digest)
                    await tell(turn.digest, words.title, words.body, in: town.id, now)
                }
            }
        }
    }

    private func tell(_ notices: [ScheduledNotice], _ title: String, _ body: String, in town: TownID, _ now: Date) async {
        guard let first = notices.first else { return }
        // Once under its key, whatever becomes of this process between sending and noting it: the key stands for the order as of the hour it is due,
        // however late it goes out.
        let person = Self.voice(of: first, with: notices, in: town), order = Self.order(title, body, first, now)
        let key = OrderKey(
            "schedule " + notices.map { "\($0.id)-\(Int($0.at.timeIntervalSince1970))" }.joined(separator: " "), of: person, order: Self.order(title, body, first, first.at))
        do throws(DeskFailure) {
            let pushed = try await push(order, by: person, key: key)
            // What is refused here waits, as everything does.
            if let act = pushed.approval, act.state == .waiting, let second = consent(to: notices, in: town, now) { _ = try? await approve(act.id, by: second) }
            settle(notices, told: pushed.id, nil, now)
        } catch {
            // On its way, though the disk does not know: the key knows.
            if case .unrecorded = error { return }
            settle(notices, told: nil, "\(error)", now)
        }
    }

    /// Told, or not: the next time, or gone.
    private func settle(_ notices: [ScheduledNotice], told: AlertID?, _ trouble: String?, _ now: Date) {
        for var notice in notices {
            if let trouble {
                logger.warning("scheduled notice not told", metadata: ["town": "\(notice.town)", "id": "\(notice.id)", "why": "\(trouble)"])
                if let town = TownID(notice.town) {
                    noteDown(.schedule, "予定のお知らせを送らなかった：「\(notice.title)」。\(trouble)", about: notice.id, notice.mode, in: town, by: "hub")
                    attention.notice(.review, "予定 \(notice.id)", "予定のお知らせ「\(notice.title)」を送りませんでした: \(trouble)", from: "schedule", of: town, at: now)
                }
            }
            guard let period = notice.every.period else {
                ledger.write(Self.key(notice), nil)
                continue
            }
            while notice.at <= now { notice.at += period }
            (notice.heldSince, notice.trouble) = (nil, trouble)
            if let told { (notice.told, notice.alert) = (now, told.text) }
            keep(notice)
        }
    }

    /// Beside what nobody hears of a market now: early warnings and tsunami of warning and more that are in force for real, the newest first; or else what was said
    /// last of either, whatever it said, a moment ago.
    package func holdingChatter(in town: Town, now: Date) async -> [SaidAlert] {
        let kinds: Set<AlertKind> = [.eew, .tsunami]
        let standing = ((try? await alerts(inForce(in: town.id, .actual), of: town.id)) ?? []).filter { alert in
            kinds.contains(alert.content.kind) && alert.content.expires > now && (gravity(of: alert, in: town) ?? .warning) >= .warning
        }
        if !standing.isEmpty { return standing }
        var query = AlertQuery()
        (query.since, query.concernedOnly) = (now.addingTimeInterval(-Chatter.rest), true)
        let said = (try? await ledger.town(town.id).alerts(query)) ?? []
        return said.first { $0.mode == .actual && $0.accepted <= now && kinds.contains($0.content.kind) }.map { [SaidAlert($0)] } ?? []
    }

    private func keep(_ notice: ScheduledNotice) { ledger.write(Self.key(notice), (try? JSONEncoder().encode(notice)).map { [UInt8]($0) }) }
    private static func key(_ notice: ScheduledNotice) -> String { schedulePrefix + notice.town + "/" + notice.id }

    /// Whoever wrote it, with this right and no other. Of a digest each writer has a hand in it: none of them is its second person.
    private static func voice(of notice: ScheduledNotice, with others: [ScheduledNotice] = [], in town: TownID) -> Operator {
        var person = Operator(
            name: "\(notice.by)（予定）", kind: .program, credential: notice.credential, grants: [.init(towns: [town], rights: Rights(.notice, [notice.mode]))])
        person.hands = others.reduce(notice.hands) { $0.union($1.hands).union([$1.credential]) }.subtracting([notice.credential])
        return person
    }

    private static func order(_ title: String, _ body: String, _ notice: ScheduledNotice, _ now: Date) -> [UInt8] {
        struct Order: Encodable {
            var town, mode, title, body: String
            var kind = "notice"
            var test: Bool?
            var expires: String?
        }
        let order = Order(
            town: notice.town, mode: notice.mode.rawValue, title: title, body: body, test: notice.test,
            expires: notice.test == true ? JapanTime.text(now.addingTimeInterval(TabletTest.lasts), milliseconds: false) : nil)
        let encoder = JSONEncoder()
        // The same octets in another process.
        encoder.outputFormatting = .sortedKeys
        return [UInt8]((try? encoder.encode(order)) ?? Data())
    }
}
