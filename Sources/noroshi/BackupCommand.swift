import ArgumentParser
import Bundles
import Foundation
import LedgerStore

/// A sealed copy of all a hub keeps, taken beside the running hub.
struct BackupCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "backup", abstract: "ハブの記録すべてを、封をした一つのファイルにする (a sealed copy of all that a hub keeps)",
        discussion: """
            noroshi backup --data /var/lib/noroshi --out 狼煙-2026-11-29.age --recipient age1…    （動いているハブの隣で作れます）

            鍵は age-keygen で作ります。公開鍵（age1…）を --recipient に、持ち主ごとに一つずつ。どの一つの鍵でも開けられます。一人では開けられなくするには
            --pair 一人目,二人目 を、開けてよい組ごとに。秘密の鍵は、このハブとは別の場所に置いてください。作ったら noroshi restore --verify で開けることを確かめます。記録、いまの状況、端末、人の登録、署名の鍵、ページが入ります。
            設定ファイルと文面は入りません。

            隣の町のハブに預ける:  --push https://隣の町のハブ    （相手の設定 copies.partners に、この町とこのハブの鍵。鍵は noroshi bundle list が表示します）
            (Keys are made by age-keygen; any one of the recipients' keys opens the copy, of --pair both of a pair, so keep them elsewhere. Settings and templates are not in it.)
            """)

    @Option(help: "ハブの記録フォルダー (the hub's data folder)") var data: String?
    @Option(help: "書くファイル (the file to write)") var out: String?
    @Option(name: .customLong("recipient"), help: "開けてよい人の公開鍵。age1… 何度でも (public keys of those who may open it)") var recipients: [String] = []
    @Option(name: .customLong("pair"), help: "二人そろって開ける組。age1…,age1… 何度でも (two public keys that open it together, and neither alone)") var pairs: [String] = []
    @Option(help: "届ける先。隣の町のハブ（https://…）か、置き足すフォルダー。前のものは消さず、古い番号のものは置かない (a partner's hub, or a folder to add the copy to; nothing is ever written over)") var push: String?
    @Option(help: "もうある写しを、もう一度届ける (a copy that is there already, pushed again)") var again: String?
    @Flag(help: "守られた回線に限り、ほかの機械へ http:// で届ける (push over http:// to another machine: only where the line itself is protected)") var insecure = false
    @Flag(help: "続けて写す。--out はフォルダー。一日に一つの写しと、その間は一分ごとの差分 (goes on: a whole copy a day, and each minute what has changed; --out is a folder)") var follow = false
    @Option(help: "差分の間隔、秒 (seconds between segments)") var every = 60
    @Option(help: "フォルダーに残す写しの数 (whole copies that stay in the folder)") var keep = 3
    @Flag(help: "封をしない。読める人は誰でも中を読めます (unsealed: whoever has the file reads it)") var unsealed = false
    @Option(help: "table は人、json はプログラムのため (table for people, json for programs)") var format: OutputFormat = .table

    func validate() throws {
        if again != nil {
            guard push != nil, data == nil, out == nil, recipients.isEmpty, pairs.isEmpty, !unsealed else {
                throw Exit.with(Exit.usage, "--again には --push だけを付けます (--again goes with --push alone)")
            }
            return
        }
        guard follow || (every == 60 && keep == 3), (1...3600).contains(every), (2...366).contains(keep) else {
            throw Exit.with(Exit.usage, "--every（1〜3600秒）と --keep（2〜366）は、--follow と一緒に使います (--every and --keep go with --follow)")
        }
        guard data != nil, out != nil else { throw Exit.with(Exit.usage, "--data と --out を指定してください (--data and --out)") }
        if unsealed, let push, CopyPush.isAddress(push) { throw Exit.with(Exit.usage, "封をしない写しは、ほかの町に届けません。--pair か --recipient を指定してください (unsealed copies are pushed to nobody)") }
        guard [unsealed, !recipients.isEmpty, !pairs.isEmpty].count(where: { $0 }) == 1 else {
            throw Exit.with(Exit.usage, "--recipient か --pair か --unsealed の、どれか一つを指定してください (one of --recipient, --pair and --unsealed)")
        }
        guard (recipients + pairs.flatMap(Self.holders)).allSatisfy({ $0.hasPrefix("age1") && $0.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F } }) else {
            throw Exit.with(Exit.usage, "公開鍵は age1 で始まります (a public key of age)")
        }
        guard pairs.count <= CopyPairs.limit, pairs.map(Self.holders).allSatisfy({ $0.count == 2 && $0[0] != $0[1] }) else {
            throw Exit.with(Exit.usage, "--pair は、違う二人の公開鍵をコンマでつなぎます。\(CopyPairs.limit)組まで (two different keys with a comma between them)")
        }
    }

    private static func holders(_ pair: String) -> [String] { pair.split(separator: ",", omittingEmptySubsequences: false).map(String.init) }

    private var seal: SealedCopy.Seal {
        if !pairs.isEmpty { return .pairs(pairs.map { Self.holders($0) }.map { ($0[0], $0[1]) }) }
        return recipients.isEmpty ? .none : .anyOf(recipients)
    }

    func run() async throws {
        umask(0o077)
        if let data { try RecordKeeping.refuseElsewhere(URL(filePath: data)) }
        let partner = try push.flatMap { CopyPush.isAddress($0) ? try CopyPush($0, isInsecure: insecure) : nil }
        if let again { return try await pushAgain(URL(filePath: again), to: partner) }
        guard let data, let out else { return }
        if follow { return try await goOn(URL(filePath: data), URL(filePath: out), to: partner) }
        let file = URL(filePath: out)
        guard !FileManager.default.fileExists(atPath: file.path) else { throw Exit.with(Exit.cannotWrite, "\(out) はもうあります (is there already)") }
        let start = ContinuousClock.now
        let about = try await CopyWords.telling { try await SealedCopy.make(of: URL(filePath: data), into: file, seal: seal, now: Seconds.date(Seconds.of(Date())), progress: CopyWords.progress(format)) }
        let slip = try await CopyWords.telling { try CopySlip.write(for: file, made: about.made, data: URL(filePath: data)) }
        try await deliver(file, slip, to: partner)
        var more: [String: Any] = ["file": out]
        if let push { more["pushed"] = push }
        if let slip { (more["number"], more["signer"]) = (slip.number, slip.signer.fingerprint) }
        CopyWords.say(about, format, start.duration(to: .now), more, "\(out) に書きました (written)")
        if format == .table { Terminal.say(slip.map { "番号 \($0.number)、署名した鍵 \($0.signer.fingerprint)。書き留めておくと、古い写しへのすり替えが分かります (number and signer: write them down)" } ?? "このフォルダーでまだハブが動いたことがないので、署名はありません (unsigned: no hub has run here yet)") }
        sayPushed()
    }

    private func goOn(_ data: URL, _ folder: URL, to partner: CopyPush?) async throws {
        guard push == nil || partner != nil else { throw Exit.with(Exit.usage, "--follow の --push は、隣の町のハブ（https://…）です。フォルダーなら --out に (with --follow --push is a partner's hub; a folder is --out)") }
        // It gives way to the hub.
        setpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0, 19)
        // A copy of the copies would double each minute.
        guard !(folder.standardizedFileURL.path + "/").hasPrefix(data.standardizedFileURL.path + "/") else {
            throw Exit.with(Exit.usage, "--out は、記録フォルダー（--data）の外に置いてください (--out lies below --data)")
        }
        let follower = CopyFollower(data: data, folder: folder, seal: seal, every: .seconds(every), wholeEvery: 86_400, kept: keep, partner: partner)
        try await CopyWords.telling { try await follower.run() }
    }

    /// A copy that is held against its slip first: what has changed on this disk is pushed to nobody.
    private func pushAgain(_ file: URL, to partner: CopyPush?) async throws {
        let slip = try await CopyWords.telling {
            guard FileManager.default.fileExists(atPath: file.path) else { throw TownFile.Failure.disk("\(file.path): ありません (is not there)") }
            return try CopySlip.read(for: file, expecting: 1, signer: nil)
        }
        try await deliver(file, slip, to: partner)
        guard format == .json else { return sayPushed() }
        Terminal.say(JSONLine.text(["file": file.path, "number": slip?.number ?? 0, "signer": slip?.signer.fingerprint ?? "", "pushed": push ?? ""]))
    }

    private func deliver(_ file: URL, _ slip: CopySlip?, to partner: CopyPush?) async throws {
        guard let push else { return }
        try await CopyWords.telling {
            guard let partner else { return try CopySlip.add(file, slip, to: URL(filePath: push)) }
            guard let slip else { throw TownFile.Failure.disk("署名のない写しは届けられません。ハブを一度起動してください (unsigned: start the hub once)") }
            let isKnown = try await partner.send(file, slip, CopyWords.progress(format))
            if isKnown, format == .table { Terminal.say("もう届いています (it is there already)") }
        }
    }

    private func sayPushed() {
        if format == .table, let push { Terminal.say("\(push) に届けました (pushed)") }
    }
}

/// Opens a copy and proves it, or puts it to work.
struct RestoreCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "restore", abstract: "写しを開けて確かめる、または記録フォルダーに戻す。何も送らない (opens a copy and proves it, or puts it back; sends nothing)",
        discussion: """
            noroshi restore 狼煙-2026-11-29.age --identity 鍵.txt --verify                     （確かめるだけ。月に一度）
            noroshi restore 狼煙-2026-11-29.age --identity 鍵.txt --data /var/lib/noroshi      （空のフォルダーに戻す）

            noroshi restore --begin --data /var/lib/noroshi                                     （この記録で始めると決める）

            戻した記録では、--begin で決めるまでハブは起動しません（75）。始めると、写しのときに出ていた情報が、いま出ている情報になります。タブレットはそれをもう
            一度鳴らし、期限が過ぎたものは期限切れと伝わります。写しのあとに解除や変更をしていたら、起動してすぐに操作卓で直してください。終わっていなかった配信は
            保留です（noroshi held）。二人目を待っていたものは、時間が来ても自分からは出ません。同じ町を受け持つハブを二つ動かしてはいけません。
            (A hub does not start on a restored record until --begin says so. Then what stood in the copy stands again: tablets ring for it, what has run out is told so. What had
            not ended is held. Never run two hubs of one town.)
            """)

    @Argument(help: "写しのファイル (the copy)") var file: String?
    @Option(name: .customLong("identity"), help: "age の秘密の鍵のファイル。組の写しには二つ (the file with age's private key; for a pair both)") var identities: [String] = []
    @Option(help: "この番号より古い写しは断る (a copy of a lower number is refused)") var expectNumber: Int?
    @Option(help: "この指紋の鍵が署名した写しだけを開ける (only a copy signed by the key of this fingerprint)") var signer: String?
    @Option(help: "戻す先。ないか、空のフォルダー (where to: absent, or empty)") var data: String?
    @Flag(help: "隣にある差分（.part）を重ねない (without the segments that lie beside it)") var noSegments = false
    @Flag(help: "確かめるだけで、何も置かない (only proves it)") var verify = false
    @Flag(help: "戻した記録で始めると決める (a restored record is put to work)") var begin = false
    @Option(help: "table は人、json はプログラムのため (table for people, json for programs)") var format: OutputFormat = .table

    func validate() throws {
        if begin {
            guard file == nil, !verify, data != nil else { throw Exit.with(Exit.usage, "--begin には --data だけを付けます (--begin goes with --data alone)") }
            return
        }
        guard file != nil else { throw Exit.with(Exit.usage, "写しのファイルを指定してください (the copy's file is missing)") }
        guard verify != (data != nil) else { throw Exit.with(Exit.usage, "--verify か --data の、どちらか一つを指定してください (one of --verify and --data)") }
    }

    func run() async throws {
        umask(0o077)
        guard let file else { return try await start() }
        let start = ContinuousClock.now
        let target = data.map { URL(filePath: $0) }
        if let target, let names = try? FileManager.default.contentsOfDirectory(atPath: target.path), !names.isEmpty {
            throw Exit.with(Exit.cannotWrite, "\(target.path) は空ではありません。何も変えていません (is not empty; nothing was changed)")
        }
        // Beside its target, so that it is moved there whole; on the way the folder above must be there.
        let beside = target.map { $0.standardizedFileURL.deletingLastPathComponent() } ?? FileManager.default.temporaryDirectory
        let (about, held, number, followed) = try await CopyWords.telling {
            try? FileManager.default.createDirectory(at: beside, withIntermediateDirectories: true)
            let stage = try Stage(in: beside)
            defer { stage.clear() }
            let slip = try CopySlip.read(for: URL(filePath: file), expecting: noSegments || expectNumber == nil ? expectNumber : 1, signer: signer)
            var about = try await SealedCopy.open(URL(filePath: file), identities: identities, into: stage.place, progress: CopyWords.progress(format))
            try slip?.check(against: about, in: stage.place)
            var followed: CopySegment.Followed?
            if slip == nil, !noSegments, CopySegment.liesBeside(URL(filePath: file)) {
                throw TownFile.Failure.notWhole("添え書き（.slip）がないので、隣の差分が使えません。写しだけを使うなら --no-segments (no slip: its segments cannot be used; --no-segments for the copy alone)")
            }
            if let slip, !noSegments {
                let found = try await CopySegment.follow(
                    URL(filePath: file), slip, about, identities: identities, onto: stage.place, progress: CopyWords.progress(format))
                (about, followed) = (found.about, found)
                if let expectNumber, found.last.number < expectNumber {
                    throw TownFile.Failure.notWhole("番号 \(found.last.number) は \(expectNumber) より古い写しです\(found.stop.map { "。\($0)" } ?? "") (an older copy)")
                }
                if let stop = found.stop, verify { throw TownFile.Failure.notWhole("差分の続きが途切れています。\(stop)") }
            }
            let number = followed?.last.number ?? slip?.number
            guard let target else { return (about, 0, number, followed) }
            let held = try LedgerCopy.disarm(stage.place.appending(path: SealedCopy.ledgerName).path, made: about.made, now: Date())
            // What is there is empty, or this fails.
            rmdir(target.path)
            guard rename(stage.place.path, target.path) == 0 else { throw TownFile.Failure.disk("\(target.path): \(String(cString: strerror(errno)))") }
            return (about, held, number, followed)
        }
        let words = target.map { "\($0.path) に戻しました。何も送っていません (restored; nothing was sent)" } ?? "開けて、すべて確かめました (opened, and all of it is as it was written)"
        CopyWords.say(about, format, start.duration(to: .now), ["held": held, "verified": true, "number": number ?? NSNull(), "segments": followed?.count ?? 0, "stopped": followed?.stop ?? NSNull()], words)
        if format == .table, let followed, followed.count > 0 { Terminal.say("差分 \(followed.count) 本を重ねました (with what went on from it)") }
        if format == .table, let stop = followed?.stop { Terminal.say("**ここまでです**：\(stop)") }
        if format == .table { Terminal.say(number.map { "番号 \($0)。署名は中身のハブのものです (numbered, and signed by the hub that is in it)" } ?? "添え書き（.slip）がないので、番号と署名は確かめていません (no slip: neither number nor signature was looked at)") }
        if format == .table, held > 0 {
            Terminal.say("終わっていなかった配信 \(held) 件を保留にしました。起動してから noroshi held で決めてください (held: release or drop them after the start)")
        }
        if format == .table, target != nil { Terminal.say("写しにないもの: 町の認証局の鍵（town-ca）と、タブレットを起こす鍵（push/keys） (not in copies: these two kinds of keys)") }
        if format == .table, target != nil { Terminal.say("ハブはまだ起動しません。始めると決めたら: noroshi restore --begin --data \(data ?? "") (decide first)") }
    }

    /// A person's word, and their name for the machine's log.
    private func start() async throws {
        guard let data else { return }
        let folder = URL(filePath: data)
        do throws(CannotWrite) { try DataFolder.claim(folder) } catch { throw Exit.with(Exit.cannotWrite, error.reason) }
        let begun = try await CopyWords.telling { try LedgerCopy.begin(folder.appending(path: SealedCopy.ledgerName).path) }
        guard begun else { throw Exit.with(Exit.changed, "決めるものはありません。写しから戻した記録ではないか、もう始めています (nothing to decide here)") }
        Terminal.say("この記録で始められます。起動したら、まずいまの状況を確かめてください (the hub may start on this record)")
    }
}

/// What both say.
private enum CopyWords {
    /// Beside the answer, so that programs read none of it.
    static func progress(_ format: OutputFormat) -> (String) -> Void { { if format == .table { Terminal.complain($0) } } }

    static func telling<Value>(_ body: () async throws -> Value) async throws -> Value {
        do {
            return try await body()
        } catch let failure as TownFile.Failure {
            switch failure {
            case .notWhole(let why): throw Exit.with(Exit.badData, "この写しは使えません。何も変えていません: \(why) (this copy is not whole; nothing was changed)")
            case .occupied(let why): throw Exit.with(Exit.changed, why)
            case .disk: throw Exit.with(Exit.cannotWrite, failure.description)
            }
        } catch let failure as LedgerOnDisk.Failure {
            throw Exit.with(Exit.badData, failure.description)
        } catch is Pipeline.Full {
            throw Exit.with(Exit.cannotWrite, "ディスクがいっぱいです。写しが壊れているのではありません (the disk is full; nothing is said against the copy)")
        } catch let broken as Pipeline.Broken {
            throw Exit.with(broken.isMissing ? Exit.cannotWrite : Exit.badData, broken.description)
        } catch let seal as SealedCopy.Unlocked {
            throw Exit.with(
                Exit.usage, seal.isPaired
                    ? "二人の鍵で封がしてあります。--identity を二つ指定してください (sealed for pairs: two --identity are needed)"
                    : "封がしてあります。--identity で鍵のファイルを指定してください (sealed: --identity is needed)")
        }
    }

    static func say(_ about: SealedCopy.About, _ format: OutputFormat, _ took: Duration, _ more: [String: Any], _ words: String) {
        let (ledger, age) = (about.ledger, Date().timeIntervalSince(about.made))
        guard format == .table else {
            let line: [String: Any] = [
                "made": about.made.ISO8601Format(), "program": about.program, "alerts": ledger.alerts, "deliveries": ledger.deliveries, "reports": ledger.reports,
                "facts": ledger.facts, "files": about.files.count, "heads": ledger.heads, "took_s": took / .seconds(1), "age_s": age,
            ]
            return Terminal.say(JSONLine.text(line.merging(more) { $1 }))
        }
        Terminal.say("\(words)")
        Terminal.say("写しは \(about.made.ISO8601Format()) のもの。情報 \(ledger.alerts)、配信 \(ledger.deliveries)、報告 \(ledger.reports)、記録 \(ledger.facts) 件、ファイル \(about.files.count + 1)。かかった時間 \(took.formatted(.units(allowed: [.minutes, .seconds, .milliseconds], width: .narrow)))")
    }
}
