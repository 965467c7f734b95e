package import AlertModel
internal import Crypto
internal import Devices
internal import Dispatching
internal import Foundation
internal import Ingest
internal import Ledger
internal import Lifecycle
internal import Logging
internal import Synchronization
internal import Targeting

/// How a bulletin came.
package struct Intake: Sendable {
    /// `http:…`, `folder:…`, `feed:…`
    package var source: String
    package var fileName: String?
    /// Take what is real as a drill. The other way round does not exist.
    package var asExercise = false
    /// A recorded bulletin played again as a drill under this name: its times are moved to now, its event is the
    /// play's own.
    package var replay: String?
    /// It comes as it is made, and its times are of now.
    var isLive: Bool { replay == nil && !asExercise }
    /// Straight from a satellite receiver: what comes out of a file has the file's name.
    var isReceiver: Bool { isLive && fileName == nil && source.hasPrefix("qzss:") }
    /// Only these hear it: its sender's token is bound to them. Nil: whom it concerns.
    package var towns: Set<TownID>?
    /// The same bytes came before by a way that is believed less.
    fileprivate var isAgain = false
    /// When it was here, whole.
    fileprivate let begun = ContinuousClock.now

    package init(source: String) { self.source = source }
}

package struct Taking: Sendable {
    package var alerts: [AlertID]
    package var isDuplicate: Bool
    /// What the operator should know: unknown codes, kept for the record only …
    package var notes: [String]
}

package enum IntakeFailure: Error, Sendable, Hashable, CustomStringConvertible {
    /// Not a bulletin we take; the bytes are kept.
    case refused(String)
    /// Its deliveries are on their way; the disk did not take the record. Send it again.
    case unrecorded(String)

    package var description: String {
        switch self {
        case .refused(let reason): reason
        case .unrecorded(let reason): "送り始めましたが、記録できていません: \(reason) (on its way, but not recorded)"
        }
    }
}

/// Bulletins in. The order of things: read, on their way, then the disk, then the answer.
extension Hub {
    package func take(_ octets: [UInt8], _ way: Intake) async throws(IntakeFailure) -> Taking {
        let now = clock()
        let (unpacked, hash) = await unpack(octets, way)
        let plain: [UInt8]
        do throws(Refusal) {
            plain = try unpacked.get()
        } catch {
            throw await refuse(octets, hash, error.reason, way, now)
        }
        switch seen.look(hash, sources.trust(of: way.source)) {
        case .known(let first): return try await duplicate(hash, first, plain, way, now)
        case .new(let done, let isAgain):
            var way = way
            way.isAgain = isAgain
            do throws(IntakeFailure) {
                let taking = try await inLane(plain, hash, way, now)
                done.fulfil(nil)
                return taking
            } catch {
                seen.forget(hash)
                done.fulfil(.disk("\(error)"))
                throw error
            }
        }
    }

    /// The octets and their hash; of what can't be unpacked, the hash of what came. What is longer than any warning is
    /// unpacked and hashed off the line's threads, one after the other: a small file can hold a long one.
    private func unpack(_ octets: [UInt8], _ way: Intake) async -> (plain: Result<[UInt8], Refusal>, hash: String) {
        let most = BulletinReader.longestWarning
        if octets.count <= most, let plain = try? BulletinReader.inflate(octets, upTo: most) { return (.success(plain), Self.digest(plain, way)) }
        guard await unpacking.enter() else { return (.failure(Self.tooManyLong), Self.digest(octets, way)) }
        defer { unpacking.leave() }
        return await quiet.run {
            let plain = Result { () throws(Refusal) in try BulletinReader.inflate(octets) }
            return (plain, Self.digest((try? plain.get()) ?? octets, way))
        }
    }

    private static let tooManyLong = Refusal("長いファイルが続いています。しばらくしてから送ってください (too many long files at once: send it again later)")

    /// What is long is taken one after the other: four files of thousands of sentences are no reason for an order to wait.
    private func inLane(_ octets: [UInt8], _ hash: String, _ way: Intake, _ now: Date) async throws(IntakeFailure) -> Taking {
        guard BulletinReader.isLong(octets) else { return try await take(octets, hash, way, now) }
        let lane = BulletinReader.isSentences(octets) ? sentenceFiles : longFiles
        guard await lane.enter() else { throw await refuse(octets, hash, Self.tooManyLong.reason, way, now) }
        defer { lane.leave() }
        return try await take(octets, hash, way, now)
    }

    /// Off the line's threads where it takes long.
    private func read(_ octets: [UInt8], _ way: Intake, _ now: Date) async throws(Refusal) -> [BulletinReader.Reading] {
        let (codes, trust) = (codes, trust)
        let work = { @Sendable () -> Result<[BulletinReader.Reading], Refusal> in
            Result { () throws(Refusal) in
                try BulletinReader.readEach(
                    octets, fileName: way.fileName, codes: codes, trust: trust, receivedAt: now, isLive: way.isReceiver)
            }
        }
        return try await (BulletinReader.isLong(octets) ? quiet.run(work) : work()).get()
    }

    private func take(
        _ octets: [UInt8], _ hash: String, _ way: Intake, _ now: Date
    ) async throws(IntakeFailure) -> Taking {
        var taking = Taking(alerts: [], isDuplicate: false, notes: [])
        var now = now
        var sent: Date?
        var title: String?
        var sorted: [SortedAlert] = []
        do throws(Refusal) {
            let readings = try await read(octets, way, now)
            var refused = 0
            for (index, reading) in readings.enumerated() {
                await giveWay(index)
                switch reading.outcome {
                case .failure(let refusal):
                    refused += 1
                    taking.notes.append((reading.line.map { "line \($0): " } ?? "") + refusal.reason)
                case .success(let bulletin):
                    title = bulletin.title
                    sent = bulletin.sent.map { Date(timeIntervalSince1970: $0.seconds) }
                    if let sent, way.isLive, bulletin.doubtfulDate == nil {
                        compareClocks(sent, from: way.source)
                        // What it proves of our clock holds for it too: else its own lifetime would be over by the time that was wrong.
                        now = clock()
                    }
                    taking.notes += notice(bulletin, way.source, now)
                    sorted += try sort(bulletin, hash, sorted.count, way, now)
                }
            }
            if refused == readings.count { throw Refusal(taking.notes.first ?? "読めるものがありません (nothing readable)") }
        } catch {
            throw await refuse(octets, hash, error.reason, way, now)
        }
        seen.read(hash, as: .init(title: title, sent: sent))
        health.count(way.source, at: now, bulletin: title, sent: sent, \.accepted)
        try await send(sorted, hash, octets, way, now, &taking)
        return taking
    }

    /// Every so many of a long file's bulletins: whoever else has something to do comes first.
    private func giveWay(_ index: Int) async {
        if index % 16 == 15 { await Task.yield() }
    }

    /// What no table of ours knows: to the record of this bulletin, and to the operator once for each of them.
    private func notice(_ bulletin: Bulletin, _ source: String, _ now: Date) -> [String] {
        var notes = doubts(bulletin, source, now)
        if bulletin.isOfUnknownType {
            notes.append("規則のない種類の電文です: \(bulletin.title) (unknown type)")
            attention.notice(
                .unknownType, bulletin.title, bulletin.type ?? "ファイル名に種類がありません (no type in the file's name)", from: source, at: now)
        }
        for (topic, words, codes) in [
            (Attention.Topic.unknownCode, "表にない区域のコードです (unknown codes)", bulletin.unknownCodes),
            (.unknownKind, "表にない種類です (unknown kinds)", bulletin.unknownKinds),
        ] where !codes.isEmpty {
            // A bulletin of nothing but strange codes is no longer than its first hundred.
            notes.append("\(words): \(codes.prefix(100).joined(separator: " "))\(codes.count > 100 ? " …" : "")")
            let names = bulletin.ownNames(topic)
            for word in codes {
                let code = word.split(separator: ":", maxSplits: 1).last.map(String.init) ?? word
                attention.notice(topic, word, "\(bulletin.title) \(names[code] ?? "")", from: source, at: now)
            }
        }
        return notes
    }

    /// Dated ahead of us, or CAP of nobody we know: told to the operator, since a clock or a sender is wrong.
    private func doubts(_ bulletin: Bulletin, _ source: String, _ now: Date) -> [String] {
        var notes: [String] = []
        if let lead = Normaliser.lead(of: bulletin, receivedAt: now) {
            let words = "電文の時刻がこのハブの時計より\(Self.words(lead))進んでいます。届いた時刻で扱います "
                + "(dated \(Int(min(lead, 1e12))) s ahead of this hub: told under the time it came)"
            notes.append(words)
            attention.notice(.ahead, source, "\(bulletin.title): \(words)", from: source, at: now)
        }
        notes += bulletin.departures
        if bulletin.isInDoubt {
            attention.notice(
                .inDoubt, "\(bulletin.sender) \(bulletin.identifiers.first ?? "")", "\(bulletin.title): \(bulletin.departures.joined(separator: "; "))",
                from: source, at: now)
        }
        if let words = bulletin.doubtfulDate {
            notes.append(words)
            attention.notice(.receiver, source, words, from: source, at: now)
        }
        if trust.namesSomebody, bulletin.format == .cap, bulletin.signature != .valid {
            attention.notice(
                .signature, "\(bulletin.sender) \(bulletin.signature?.rawValue ?? "none")",
                "登録された署名者の署名がないCAPが届き、記録だけしました (CAP without a pinned signer's signature: recorded only): \(bulletin.title)",
                from: source, at: now)
        }
        return notes
    }

    private static func words(_ seconds: TimeInterval) -> String {
        let minutes = Int(min(seconds, 1e12) / 60)
        return minutes < 120 ? "\(minutes)分" : minutes < 2_880 ? "\(minutes / 60)時間" : "\(minutes / 1_440)日"
    }

    private func sort(
        _ bulletin: Bulletin, _ hash: String, _ index: Int, _ way: Intake, _ now: Date
    ) throws(Refusal) -> [SortedAlert] {
        var bulletin = bulletin
        if way.asExercise || way.replay != nil, bulletin.status == .actual { bulletin.status = .exercise }
        let stamp = bulletin.sent.map { Date(timeIntervalSince1970: $0.seconds) } ?? now
        let again = way.isAgain ? "-\(sources.trust(of: way.source).rawValue)" : ""
        let id = AlertID("\(Self.compact(stamp))-\(hash.prefix(10))" + again + (index == 0 ? "" : "-\(index)"))
        let sorted = try Normaliser(requiresTrustedSignature: trust.namesSomebody).sort(bulletin, id: { id }, receivedAt: now)
            .map { $0.brought(by: way.source, sources) }
        guard let replay = way.replay else { return sorted }
        return sorted.map { alert in
            guard case .exercise(let drill) = alert else { return alert }
            return .exercise(Alert<Exercise>(drill.content.replayed(as: replay, at: now)))
        }
    }

    private func send(
        _ sorted: [SortedAlert], _ hash: String, _ octets: [UInt8], _ way: Intake, _ now: Date, _ taking: inout Taking
    ) async throws(IntakeFailure) {
        // All of them are on their way before the disk is waited for.
        var commits: [Commit] = []
        for (index, alert) in sorted.enumerated() {
            await giveWay(index)
            switch alert {
            case .actual(let alert): commits += tell(alert, on: actual, way, &taking)
            case .exercise(let alert): commits += tell(alert, on: exercise, way, &taking)
            case .recordOnly(_, _, let reason): taking.notes.append("記録だけしました: \(reason) (recorded only)")
            }
        }
        if !commits.isEmpty { offering.withLock { $0 = way.begun.duration(to: .now) } }
        // Before the disk is asked: whoever sends the same bulletin meanwhile hears of the same alerts.
        seen.became(hash, taking.alerts)
        commits.append(ledger.keep(KeptBulletin(
            hash: hash, received: now, source: way.source, verdict: .accepted,
            reason: taking.notes.isEmpty ? nil : taking.notes.joined(separator: "; "), alerts: taking.alerts,
            octets: octets)))
        do {
            for commit in commits { try await commit.committed() }
        } catch {
            throw .unrecorded("\(error)")
        }
        if commits.contains(where: \.isLocal) {
            taking.notes.append("この機械だけに記録しました。データベースが戻りしだい移します (recorded on this machine only, until the database is back)")
        }
    }

    private func tell<M: Mode>(
        _ alert: Alert<M>, on line: Line<M>, _ way: Intake, _ taking: inout Taking
    ) -> [Commit] {
        let source = way.source
        guard sources.mayRaise(alert.kind, from: source) else {
            taking.notes.append("この経路（\(source)）からの\(alert.kind.rawValue)は設定により記録だけします (recorded only; sources.rules: this way does not raise it)")
            return []
        }
        let (speakers, verdict) = stories.withLock { ($0.speakers(of: alert.content, M.name), $0.take(alert.content, M.name, source: source, now: clock())) }
        if case .notTheirs = verdict {
            attention.notice(.notTheirs, alert.event.text, "\(alert.title): \(verdict.reason)", from: source, of: alert.town, at: clock())
        }
        // CAP names what it takes back or ends. Where that was never heard of here, the warning it means may stand.
        let isOver = alert.message == .cancel || !alert.areas.isEmpty && alert.areas.allSatisfy { $0.status == "解除" }
        if alert.type == "cap", isOver, speakers.isEmpty || !verdict.contents.isEmpty, let words = Self.doubt(alert.content.sender, speakers) {
            taking.notes.append(words)
            attention.notice(.inDoubt, alert.event.text, "\(alert.title): \(words)", from: source, at: clock())
        }
        if case .sameAgain(first: alert.content.id, _) = verdict {
            // It was told when it came first, and the disk did not take the bulletin then.
            taking.alerts.append(alert.content.id)
            return []
        }
        if verdict.contents.isEmpty { taking.notes.append("記録だけしました: \(verdict.reason) (recorded only)") }
        taking.alerts += verdict.contents.map(\.id)
        // An "accepted" that hides that nobody was told is the worst answer.
        if verdict.contents.contains(where: { $0.expires <= clock() }) {
            taking.notes.append("届いたときには期限が過ぎていました。伝えていません (its time was over when it came: nobody was told)")
        }
        var isConcerning = false
        defer {
            // A quiet yes would say that people were warned.
            if alert.type == "cap", !isOver, !isConcerning, !verdict.contents.isEmpty {
                taking.notes.append("区域が、この局のどの市町村にも当てはまりません。areaDesc だけでは決められません。geocode（全国地方公共団体コード）か polygon で示してください"
                    + " (its areas are in no town of this hub: nobody was told; name them by geocode or polygon)")
            }
        }
        return verdict.contents.flatMap { content in
            line.offer(Alert<M>(content), actor: source) { town, decisions in
                isConcerning = isConcerning || decisions.contains { $0.verdict.priority != nil }
                guard way.towns?.contains(town.id) ?? true else {
                    return .withheld("この経路（\(source)）はこの町の情報源ではありません (this way is no source for this town)")
                }
                return self.stories.withLock { $0.tidings(content, M.name, town, decisions, now: self.clock()) }
            }
        }
    }

    /// What is doubtful about whoever takes something back or ends it. Anybody whose CAP is taken may; a person has to know.
    private static func doubt(_ sender: String, _ speakers: Set<String>) -> String? {
        if speakers.isEmpty {
            return "何を取り消すのかわかりません。取り消すはずの情報がまだ出ていないか、確かめてください (it takes back nothing that is known here: look whether what it means still stands)"
        }
        guard !speakers.contains(where: { $0.lowercased() == sender.lowercased() }) else { return nil }
        return "\(sender) が、\(speakers.sorted().prefix(3).joined(separator: "、")) の出したものを終わらせました。正しいか、確かめてください"
            + " (one sender ended what another had said: see whether that is right)"
    }

    private func refuse(_ octets: [UInt8], _ hash: String, _ reason: String, _ way: Intake, _ now: Date) async -> IntakeFailure {
        health.count(way.source, at: now, bulletin: nil, sent: nil, \.refused)
        logger.warning("bulletin refused", metadata: ["source": "\(way.source)", "reason": "\(reason)"])
        // What was refused is kept for the operator, up to the size a warning may have; of a source that sends nothing else, its beginning.
        let whole = min(octets.count, BulletinReader.longestWarning)
        let mayStay = refusedOctets.withLock { $0.take(whole, of: way.source, at: now) } == nil
        let kept = KeptBulletin(
            hash: hash, received: now, source: way.source, verdict: .refused, reason: reason,
            alerts: [], octets: Array(octets.prefix(mayStay ? whole : 1 << 10)))
        do { try await ledger.keep(kept).committed() } catch { return .refused("\(reason)。もとのデータも残せませんでした (its bytes could not be kept)") }
        return .refused(reason)
    }

    private func duplicate(
        _ hash: String, _ first: Commit, _ octets: [UInt8], _ way: Intake, _ now: Date
    ) async throws(IntakeFailure) -> Taking {
        do {
            try await first.committed()
        } catch {
            throw .unrecorded("\(error)")
        }
        // Of two sockets one is always second, and its lag counts too.
        let facts = seen.facts(hash)
        health.count(way.source, at: now, bulletin: facts.title, sent: facts.sent, \.duplicates)
        return Taking(alerts: seen.alerts(hash), isDuplicate: true, notes: ["同じ電文をすでに受け取っています (the same bulletin was taken before)"])
    }

    /// A play's bulletins are not the ones that were received when it happened.
    private static func digest(_ octets: [UInt8], _ way: Intake) -> String {
        var hash = SHA256()
        hash.update(data: octets)
        hash.update(data: Array((way.replay ?? (way.asExercise ? "exercise" : "")).utf8))
        return hash.finalize().map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }

    /// `20110311T144648`, in Japan's time: ids sort by it.
    static func compact(_ date: Date) -> String {
        let text = JapanTime.text(date, milliseconds: false)
        return String(text.prefix(19)).filter { $0 != "-" && $0 != ":" }
    }
}

extension SortedAlert {
    /// With the way it came by, and how far that is believed.
    fileprivate func brought(by way: String, _ sources: SourceRules) -> SortedAlert {
        func with(_ content: AlertContent) -> AlertContent {
            var content = content
            content.provenance = sources.provenance(of: content, from: way)
            return content
        }
        return switch self {
        case .actual(let alert): .actual(Alert<Actual>(with(alert.content)))
        case .exercise(let alert): .exercise(Alert<Exercise>(with(alert.content)))
        case .recordOnly(let content, let status, let reason): .recordOnly(with(content), status, reason: reason)
        }
    }
}

extension AlertContent {
    /// Played again now: what people read stays as it was, what machines go by is moved.
    fileprivate func replayed(as play: String, at now: Date) -> AlertContent {
        var content = self
        let shift = now.timeIntervalSince(sent)
        content.event = EventID("\(event.text)~\(play)")
        content.aliases = aliases?.map { EventID("\($0.text)~\(play)") }
        content.id = AlertID("\(id.text)~\(play)")
        content.sent = now
        content.revision.sent = content.revision.sent.addingTimeInterval(shift)
        // Of what ends something the end is counted from now already.
        content.expires = min(expires.addingTimeInterval(shift), now.addingTimeInterval(31 * 86_400))
        return content
    }
}

extension Bulletin {
    /// What the bulletin itself calls its codes.
    fileprivate func ownNames(_ topic: Attention.Topic) -> [String: String] {
        let pairs = areas.map { topic == .unknownKind ? ($0.kindCode ?? "", $0.kindName ?? "") : ($0.code, $0.name ?? "") }
        return Dictionary(pairs, uniquingKeysWith: { first, _ in first })
    }
}
