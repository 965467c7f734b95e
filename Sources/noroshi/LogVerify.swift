import AlertModel
import ArgumentParser
import Foundation
import Ledger
import LedgerStore

/// Looks through the chain of the record, at a hub or in a data folder. A folder is only read, also beside a running hub.
struct LogVerify: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify", abstract: "記録が書かれたときのままかを確かめる。変わっていれば65 (whether the record is as it was written; 65 where it is not)",
        discussion: """
            最後の番号と指紋（number, hash）を紙などに控えておくと、連鎖ごと作り直された記録も --expect で見つかります。
            (Write the last number and its hash down elsewhere: --expect finds a record whose whole chain was made anew.)
            """)

    @OptionGroup var hub: HubOptions
    @Option(help: "町の6桁の番号。なければ見られるすべての町 (6-digit code; without it every town)") var town: String?
    @Option(help: "ハブを通さずに、この記録フォルダーを読む (reads this data folder, without a hub)") var data: String?
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

    private typealias Found = (chain: String, facts: Int, number: Int64, hash: String, flaw: String?, flawNumber: Int64?)

    private func read(folder: URL) async throws -> [Found] {
        do {
            let ledger = try LedgerOnDisk(path: folder.appending(path: "ledger.sqlite").path)
            var towns: [TownID?] = try ledger.towns()
            if let town {
                guard let id = TownID(town) else { throw Exit.with(Exit.usage, "「\(town)」は市町村コードではありません。6桁です (no local government code)") }
                towns = [id]
            }
            var found: [Found] = []
            for town in towns + [nil] {
                let report = try await ledger.verify(town, expecting: town == nil ? nil : head)
                found.append((report.chain, report.facts, report.head.number, report.head.hashText, report.flaw?.words, report.flaw?.number))
            }
            return found
        } catch let failure as LedgerOnDisk.Failure {
            throw Exit.with(Exit.badData, failure.description)
        }
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
            flaw?["words"] as? String, (flaw?["number"] as? NSNumber)?.int64Value)
    }

    /// True where it is not as it was.
    private func show(_ found: Found) -> Bool {
        let flaw = found.flaw
        if hub.format == .json {
            var line: [String: Any] = ["chain": found.chain, "facts": found.facts, "head": ["number": found.number, "hash": found.hash], "flaw": NSNull()]
            if let flaw { line["flaw"] = ["words": flaw, "number": found.flawNumber as Any? ?? NSNull()] }
            Terminal.say(JSONLine.text(line))
        } else if let flaw {
            Terminal.say("\(Self.name(found.chain))  変わっています: \(flaw)")
        } else {
            Terminal.say("\(Self.name(found.chain))  書かれたときのままです。\(found.facts)件、最後は \(found.number):\(found.hash) (as it was written)")
        }
        return flaw != nil
    }

    private static func name(_ chain: String) -> String { chain == CommonChain.name ? "対象外の情報 common" : "市町村 \(chain)" }
}
