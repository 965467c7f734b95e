import AlertModel
import ArgumentParser
import Bundles
import Foundation
import Hub
import Ledger
import LedgerStore

/// Looks through the chain of the record, at a hub or in a data folder. A folder is only read, also beside a running hub.
struct LogVerify: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify", abstract: "記録が書かれたときのままかを確かめる。変わっていれば65 (whether the record is as it was written; 65 where it is not)",
        discussion: """
            終わった日は、ハブの鍵で署名されています。鍵のない人が連鎖ごと作り直した記録は、その署名と合いません。
            鍵も持つ人には、最後の番号と指紋（number, hash）か鍵の指紋を紙などに控えておくと、--expect と --signer で見つかります。
            (Days that are over are signed by the hub's key: a record made anew without it does not fit them. Against who has the key too, write
            the last number with its hash, and the key's fingerprint, down elsewhere: --expect, --signer.)
            """)

    @OptionGroup var hub: HubOptions
    @Option(help: "町の6桁の番号。なければ見られるすべての町 (6-digit code; without it every town)") var town: String?
    @Option(help: "ハブを通さずに、この記録フォルダーを読む (reads this data folder, without a hub)") var data: String?
    @Option(help: "控えておいた、ハブの鍵の指紋 (the fingerprint of the hub's key as written down)") var signer: String?
    @Option(help: "控えておいた「番号:指紋」。--town と一緒に (NUMBER:HASH as written down; with --town)") var expect: String?

    func run() async throws {
        guard expect == nil || town != nil else { throw Exit.with(Exit.usage, "--expect には --town が要ります (--expect needs --town)") }
        guard expect == nil || head != nil else { throw Exit.with(Exit.usage, "--expect は「番号:指紋」です (--expect: NUMBER:HASH)") }
        let found = if let data { try await read(folder: URL(filePath: data)) } else { try await ask() }
        var isBroken = false
        for chain in found { isBroken = show(chain) || isBroken }
        if isBroken { throw ExitCode(Exit.badData) }
    }

    private var head: ChainHead? { expect.flatMap { ChainHead(written: $0) } }

    private typealias Found = (chain: String, facts: Int, number: Int64, hash: String, flaw: String?, flawNumber: Int64?, days: SignedNote?)
    private typealias SignedNote = (count: Int, last: String, signer: String)

    private func read(folder: URL) async throws -> [Found] {
        try RecordKeeping.refuseElsewhere(folder)
        do {
            let ledger = try LedgerOnDisk(path: folder.appending(path: "ledger.sqlite").path)
            var towns: [TownID?] = try ledger.towns()
            if let town {
                guard let id = TownID(town) else { throw Exit.with(Exit.usage, "「\(town)」は市町村コードではありません。6桁です (no local government code)") }
                towns = [id]
            }
            var found: [Found] = []
            let key = Papers.known(in: folder)
            for town in towns + [nil] {
                let (report, days) = try await verify(ledger, town, folder, key)
                found.append((
                    report.chain, report.facts, report.head.number, report.head.hashText, report.flaw?.words, report.flaw?.number,
                    days.map { ($0.count, $0.last, $0.signer) }))
            }
            return found
        } catch let failure as LedgerOnDisk.Failure {
            throw Exit.with(Exit.badData, failure.description)
        }
    }

    /// With its signed days, in the record and beside it.
    private func verify(_ ledger: LedgerOnDisk, _ town: TownID?, _ folder: URL, _ key: PaperKey?) async throws -> (ChainReport, SignedDaysNote?) {
        let chain = CommonChain.name(of: town), written = KnownHead.written(town == nil ? nil : head)
        let papers = try LedgerOnDisk.notes(path: folder.appending(path: "ledger.sqlite").path, prefix: DayRoots.prefix + chain + "/").map(\.value)
        let days: SignedDays
        do throws(SignedDays.Flaw) {
            days = try SignedDays(papers, beside: DayRoots.beside(chain, in: folder.appending(path: DayRoots.folderName)), of: chain, by: key)
        } catch {
            var report = try await ledger.verify(town, expecting: written)
            if report.flaw == nil { report.flaw = .init(number: nil, kind: nil, subject: "", words: error.words) }
            return (report, nil)
        }
        var report = try await ledger.verify(town, expecting: written + DayRoots.heads(days))
        DayRoots.judge(&report, days, now: Date())
        return (report, SignedDaysNote(days))
    }

    private func ask() async throws -> [Found] {
        var client = try hub.client()
        client.patience = .seconds(600)
        var towns = town.map { [$0] } ?? []
        if town == nil {
            let known = try await client.get("/v1/towns") as? [String: Any]
            towns = (known?["towns"] as? [[String: Any]] ?? []).compactMap { $0["code"] as? String }
        }
        var found: [Found] = []
        var common: Found?
        for town in towns {
            let page = try await client.get("/v1/towns/\(HubClient.step(town))/chain" + HubClient.query([("expect", expect)])) as? [String: Any]
            if let own = Self.found(page?["own"]) { found.append(own) }
            common = Self.found(page?["common"]) ?? common
        }
        return found + (common.map { [$0] } ?? [])
    }

    private static func found(_ value: Any?) -> Found? {
        guard let chain = value as? [String: Any], let head = chain["head"] as? [String: Any] else { return nil }
        let flaw = chain["flaw"] as? [String: Any]
        return (
            chain["chain"] as? String ?? "", chain["facts"] as? Int ?? 0, (head["number"] as? NSNumber)?.int64Value ?? 0, head["hash"] as? String ?? "",
            flaw?["words"] as? String, (flaw?["number"] as? NSNumber)?.int64Value,
            (chain["signed"] as? [String: Any]).map { ($0["days"] as? Int ?? 0, $0["last"] as? String ?? "", $0["signer"] as? String ?? "") })
    }

    /// True where it is not as it was.
    private func show(_ found: Found) -> Bool {
        let other = signer.flatMap { written in found.days.flatMap { days in Self.same(written, days.signer) ? nil : days.signer } }
        let flaw = found.flaw ?? other.map { "署名の鍵が控えと違います。いまの鍵は \($0) (signed by another key than the one written down)" }
        if hub.format == .json {
            var line: [String: Any] = ["chain": found.chain, "facts": found.facts, "head": ["number": found.number, "hash": found.hash], "flaw": NSNull()]
            if let days = found.days { line["signed"] = ["days": days.count, "last": days.last, "signer": days.signer] }
            if let flaw { line["flaw"] = ["words": flaw, "number": found.flawNumber as Any? ?? NSNull()] }
            Terminal.say(JSONLine.text(line))
        } else if let flaw {
            Terminal.say("\(Self.name(found.chain))  変わっています: \(flaw)")
        } else {
            let days = found.days.map { "署名 \($0.count)日分、最後は \($0.last)、鍵 \($0.signer)" } ?? "署名された日はまだありません (no day was signed yet)"
            Terminal.say("\(Self.name(found.chain))  書かれたときのままです。\(found.facts)件、最後は \(found.number):\(found.hash) (as it was written)  \(days)")
        }
        return flaw != nil
    }

    private static func same(_ written: String, _ fingerprint: String) -> Bool {
        written.uppercased().filter { $0.isLetter || $0.isNumber } == fingerprint.filter { $0.isLetter || $0.isNumber }
    }

    private static func name(_ chain: String) -> String { chain == CommonChain.name ? "対象外の情報 common" : "市町村 \(chain)" }
}
