import ArgumentParser
import Foundation
import LedgerStore

/// A sealed copy of all a hub keeps, taken beside the running hub.
struct BackupCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "backup", abstract: "ハブの記録すべてを、封をした一つのファイルにする (a sealed copy of all that a hub keeps)",
        discussion: """
            noroshi backup --data /var/lib/noroshi --out 狼煙-2026-11-29.age --recipient age1…    （動いているハブの隣で作れます）

            鍵は age-keygen で作ります。公開鍵（age1…）を --recipient に、持ち主ごとに一つずつ。どの一つの鍵でも開けられます。秘密の鍵は、このハブとは
            別の場所に置いてください。作ったら noroshi restore --verify で開けることを確かめます。記録、いまの状況、端末、人の登録、署名の鍵、ページが入ります。
            設定ファイルと文面は入りません。
            (Keys are made by age-keygen; any one of the recipients' keys opens the copy, so keep them elsewhere. Settings and templates are not in it.)
            """)

    @Option(help: "ハブの記録フォルダー (the hub's data folder)") var data: String
    @Option(help: "書くファイル (the file to write)") var out: String
    @Option(name: .customLong("recipient"), help: "開けてよい人の公開鍵。age1… 何度でも (public keys of those who may open it)") var recipients: [String] = []
    @Flag(help: "封をしない。読める人は誰でも中を読めます (unsealed: whoever has the file reads it)") var unsealed = false
    @Option(help: "table は人、json はプログラムのため (table for people, json for programs)") var format: OutputFormat = .table

    func validate() throws {
        guard unsealed == recipients.isEmpty else {
            throw Exit.with(Exit.usage, "--recipient か --unsealed の、どちらか一つを指定してください (one of --recipient and --unsealed)")
        }
        guard recipients.allSatisfy({ $0.hasPrefix("age1") && $0.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F } }) else {
            throw Exit.with(Exit.usage, "--recipient は age1 で始まる公開鍵です (a public key of age)")
        }
    }

    func run() async throws {
        umask(0o077)
        let file = URL(filePath: out)
        guard !FileManager.default.fileExists(atPath: file.path) else { throw Exit.with(Exit.cannotWrite, "\(out) はもうあります (is there already)") }
        let start = ContinuousClock.now
        let about = try await CopyWords.telling { try await SealedCopy.make(of: URL(filePath: data), into: file, recipients: recipients, now: Date()) }
        CopyWords.say(about, format, start.duration(to: .now), ["file": out], "\(out) に書きました (written)")
    }
}

/// Opens a copy and proves it, or puts it to work.
struct RestoreCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "restore", abstract: "写しを開けて確かめる、または記録フォルダーに戻す。何も送らない (opens a copy and proves it, or puts it back; sends nothing)",
        discussion: """
            noroshi restore 狼煙-2026-11-29.age --identity 鍵.txt --verify                     （確かめるだけ。月に一度）
            noroshi restore 狼煙-2026-11-29.age --identity 鍵.txt --data /var/lib/noroshi      （空のフォルダーに戻す）

            戻したハブは、自分からは何も送りません。終わっていなかった配信は保留になり、起動してから noroshi held で決めます。出ている情報は写しのときの
            ままです。起動したら、まずいまの状況を確かめてください。同じ町を受け持つハブを二つ動かしてはいけません。
            (A restored hub sends nothing by itself: what had not ended is held. What stands is what stood when the copy was made. Never run two hubs of one town.)
            """)

    @Argument(help: "写しのファイル (the copy)") var file: String
    @Option(help: "age の秘密の鍵のファイル (the file with age's private key)") var identity: String?
    @Option(help: "戻す先。ないか、空のフォルダー (where to: absent, or empty)") var data: String?
    @Flag(help: "確かめるだけで、何も置かない (only proves it)") var verify = false
    @Option(help: "table は人、json はプログラムのため (table for people, json for programs)") var format: OutputFormat = .table

    func validate() throws {
        guard verify != (data != nil) else { throw Exit.with(Exit.usage, "--verify か --data の、どちらか一つを指定してください (one of --verify and --data)") }
    }

    func run() async throws {
        umask(0o077)
        let start = ContinuousClock.now
        let target = data.map { URL(filePath: $0) }
        if let target, let names = try? FileManager.default.contentsOfDirectory(atPath: target.path), !names.isEmpty {
            throw Exit.with(Exit.cannotWrite, "\(target.path) は空ではありません。何も変えていません (is not empty; nothing was changed)")
        }
        let stage = target.map { URL(filePath: $0.standardizedFileURL.path(percentEncoded: false).trimmingSuffix("/") + ".restoring-\(getpid())") }
            ?? FileManager.default.temporaryDirectory.appending(path: "noroshi-verify-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: stage) }
        let (about, held) = try await CopyWords.telling {
            let about = try await SealedCopy.open(URL(filePath: file), identity: identity, into: stage)
            guard let target else { return (about, 0) }
            let held = try LedgerCopy.disarm(stage.appending(path: SealedCopy.ledgerName).path, made: about.made, now: Date())
            // What is there is empty, or this fails.
            rmdir(target.path)
            guard rename(stage.path, target.path) == 0 else { throw TownFile.Failure.disk("\(target.path): \(String(cString: strerror(errno)))") }
            return (about, held)
        }
        let words = target.map { "\($0.path) に戻しました。何も送っていません (restored; nothing was sent)" } ?? "開けて、すべて確かめました (opened, and all of it is as it was written)"
        CopyWords.say(about, format, start.duration(to: .now), ["held": held, "verified": true], words)
        if format == .table, held > 0 {
            Terminal.say("終わっていなかった配信 \(held) 件を保留にしました。起動してから noroshi held で決めてください (held: release or drop them after the start)")
        }
    }
}

/// What both say.
private enum CopyWords {
    static func telling<Value>(_ body: () async throws -> Value) async throws -> Value {
        do {
            return try await body()
        } catch let failure as TownFile.Failure {
            switch failure {
            case .notWhole(let why): throw Exit.with(Exit.badData, "この写しは使えません。何も変えていません: \(why) (this copy is not whole; nothing was changed)")
            case .occupied, .disk: throw Exit.with(Exit.cannotWrite, failure.description)
            }
        } catch let failure as LedgerOnDisk.Failure {
            throw Exit.with(Exit.badData, failure.description)
        } catch let broken as Pipeline.Broken {
            throw Exit.with(broken.isMissing ? Exit.cannotWrite : Exit.badData, broken.description)
        } catch is SealedCopy.Unlocked {
            throw Exit.with(Exit.usage, "封がしてあります。--identity で鍵のファイルを指定してください (sealed: --identity is needed)")
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

extension String {
    fileprivate func trimmingSuffix(_ suffix: String) -> String { hasSuffix(suffix) ? String(dropLast(suffix.count)) : self }
}
