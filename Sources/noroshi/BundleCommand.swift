import AlertModel
import ArgumentParser
import Bundles
import ChannelKit
import Foundation

/// 伝書: what is in force in a town, carried by people where no line goes.
struct BundleCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bundle", abstract: "伝書：いま出ているものを、署名したファイルや紙のQRコードで人が運ぶ (what is in force, signed, as a file or on paper)",
        discussion: """
            noroshi bundle export --town 042056 --out 気仙沼.noroshi --pages 気仙沼.html     （USBメモリと、印刷する紙）
            noroshi bundle import 気仙沼.noroshi --receipt 受取.noroshi                       （相手のハブで）
            noroshi bundle import 写真1.png 写真2.png                                         （紙を撮ったもの。zbarimg が要ります: apt install zbar-tools）
            noroshi bundle import 受取.noroshi                                                （もどった受取を、出したハブで）

            取り込んだものは見せるだけで、だれにも送りません。送るときは、読んだ人が noroshi push で送ります。はじめての差出人は、電話などで指紋を確かめて
            --trust を付けます。変えられたもの、途中で切れたもの、知らない鍵のもの、持っているものより古いもの、期限を過ぎたものは断ります（65）。
            (What is brought is shown and never sent by itself. Changed, cut, unknown, older or over: refused. The same twice is once.)
            """,
        subcommands: [Export.self, Import.self, List.self])

    private static let type = "application/octet-stream"

    struct Export: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "町の状況を伝書にする (writes a town's state)")
        @OptionGroup var keeper: KeeperOptions
        @Option(help: "町の6桁の番号 (6-digit code)") var town: String
        @Flag(help: "訓練のほう (the drill's)") var exercise = false
        @Option(help: "信じてよい時間。1〜72 (hours for which it may be believed)") var hours = 24
        @Flag(help: "ここへ運ばれてきたものを、そのまま先へ渡す (hands on what was brought here, as it was signed)") var onward = false
        @Option(help: "書くファイル (the file to write)") var out: String?
        @Option(help: "印刷するHTML。A4に六つずつのQRコード (pages to print: QR codes, six to a sheet)") var pages: String?

        func validate() throws {
            guard out != nil || pages != nil else { throw Exit.with(Exit.usage, "--out か --pages を指定してください (one of --out and --pages)") }
            guard (1...72).contains(hours) else { throw Exit.with(Exit.usage, "--hours は1〜72です (1 to 72)") }
        }

        func run() async throws {
            umask(0o077)
            try PaperFile.refuseExisting([out, pages])
            let client = try keeper.client(), mode: ModeName = exercise ? .exercise : .actual
            let octets = onward ? try await brought(client, mode) : try await written(client, mode)
            let paper: SignedPaper, bundle: TownBundle
            do throws(PaperFlaw) {
                paper = try SignedPaper(octets: octets)
                bundle = try TownBundle(of: paper)
            } catch {
                throw Exit.with(Exit.badData, "ハブの返事を伝書として読めません (the hub's answer is no paper): \(error)")
            }
            if let out { try PaperFile.write(octets, to: out) }
            if let pages { try PaperFile.write(Array(try PaperPage.sheet(paper, bundle).html.utf8), to: pages) }
            let words = PaperWords.state(bundle)
            guard keeper.hub.format == .table else {
                return Terminal.say(JSONLine.text([
                    "id": paper.digest, "town": bundle.town, "mode": bundle.mode.rawValue, "number": bundle.number, "alerts": bundle.said.count, "left_out": bundle.left_out,
                    "signer": paper.signer.fingerprint, "expires": JapanTime.text(Seconds.date(bundle.expires), milliseconds: false), "octets": octets.count,
                ]))
            }
            Terminal.say("\(words)。\([out, pages].compactMap(\.self).joined(separator: " と "))に書きました (written)")
            Terminal.say("差出人の指紋 \(paper.signer.fingerprint)（受け取る人が電話などで確かめます） (the signer's fingerprint)")
        }

        private func written(_ client: HubClient, _ mode: ModeName) async throws -> [UInt8] {
            let body = JSONLine.text(["mode": mode.rawValue, "hours": hours])
            let answer = try await client.exchange("POST", "/v1/towns/\(HubClient.step(town))/bundle", body: Array(body.utf8))
            guard answer.status == 200 else { throw HubClient.refusal(answer) }
            return answer.body
        }

        /// The newest of what was brought of this town.
        private func brought(_ client: HubClient, _ mode: ModeName) async throws -> [UInt8] {
            let shelf = try await client.get("/v1/bundles" + HubClient.query([("town", town)])) as? [String: Any]
            let all = (shelf?["brought"] as? [[String: Any]] ?? []).filter { $0["mode"] as? String == mode.rawValue && $0["is_over"] as? Bool == false }
            guard let id = all.max(by: { ($0["made"] as? String ?? "") < ($1["made"] as? String ?? "") })?["id"] as? String else {
                throw Exit.with(Exit.badData, "市町村\(town)の、期限の内の伝書は届いていません (nothing was brought of this town)")
            }
            let answer = try await client.exchange("GET", "/v1/bundles/\(HubClient.step(id))")
            guard answer.status == 200 else { throw HubClient.refusal(answer) }
            return answer.body
        }
    }

    struct Import: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "伝書か受取を取り込む。だれにも送らない (takes a paper, or a receipt; tells nobody)")
        @OptionGroup var keeper: KeeperOptions
        @Argument(help: "伝書のファイル、またはその紙を撮った画像 (a paper's file, or pictures of its codes)") var files: [String]
        @Option(help: "電話などで確かめた差出人の指紋 (the signer's fingerprint, compared by a person)") var trust: String?
        @Flag(help: "確かめるだけで、何も変えない (only looks, changes nothing)") var dryRun = false
        @Option(help: "持ち帰ってもらう受取のファイル (the receipt, to be carried back)") var receipt: String?
        @Option(help: "受取を印刷するHTML (the receipt as a page to print)") var pages: String?

        func run() async throws {
            umask(0o077)
            try PaperFile.refuseExisting([receipt, pages])
            let octets = try await PaperFile.read(files), client = try keeper.client()
            let paper: SignedPaper
            do throws(PaperFlaw) { paper = try SignedPaper(octets: octets) } catch { throw PaperFile.refused(error) }
            switch paper.kind {
            case .bundle: try await take(paper, client)
            case .receipt: try await takeReceipt(paper, client)
            case .root: throw Exit.with(Exit.badData, "これは記録の一日分の署名です。noroshi log verify が読みます (a signed day of the record)")
            case .copy: throw Exit.with(Exit.badData, "これは写しの添え書きです。写しは noroshi restore で確かめます (the slip of a sealed copy)")
            }
        }

        private func take(_ paper: SignedPaper, _ client: HubClient) async throws {
            let answer = try await client.send(
                "POST", "/v1/bundles" + HubClient.query([("trust", trust), ("dry_run", dryRun ? "true" : nil)]), body: paper.octets, type: BundleCommand.type) as? [String: Any] ?? [:]
            if let text = answer["receipt"] as? String {
                if let receipt { try PaperFile.write(Array(text.utf8), to: receipt) }
                if let pages {
                    let bundle: TownBundle, back: SignedPaper
                    do throws(PaperFlaw) {
                        bundle = try TownBundle(of: paper)
                        back = try SignedPaper(octets: Array(text.utf8))
                    } catch {
                        throw PaperFile.refused(error)
                    }
                    try PaperFile.write(Array(try PaperPage.receipt(back, bundle).html.utf8), to: pages)
                }
            }
            guard keeper.hub.format == .table else { return Terminal.say(JSONLine.text(answer)) }
            let row = answer["bundle"] as? [String: Any] ?? [:]
            Terminal.say(PaperWords.brought(row))
            Terminal.say(
                dryRun ? "取り込めます。何も変えていません (it can be taken; nothing was changed)"
                    : answer["duplicate"] as? Bool == true ? "もう取り込んであります (it is here already)" : "取り込みました。だれにも送っていません (taken; nobody was told)")
            if let place = receipt ?? pages, answer["receipt"] != nil { Terminal.say("受取を \(place) に書きました。来た道を持ち帰ってもらってください (the receipt goes back the same way)") }
        }

        private func takeReceipt(_ paper: SignedPaper, _ client: HubClient) async throws {
            guard !dryRun, receipt == nil, pages == nil else { throw Exit.with(Exit.usage, "これは受取です。--dry-run、--receipt、--pages は付けません (this is a receipt)") }
            let answer = try await client.send("POST", "/v1/bundle-receipts", body: paper.octets, type: BundleCommand.type) as? [String: Any] ?? [:]
            guard keeper.hub.format == .table else { return Terminal.say(JSONLine.text(answer)) }
            Terminal.say("伝書 \(answer["number"] ?? "") は \(answer["place"] ?? "") に\(StandingTable.short(answer["received"] as? String ?? ""))に届いています。署名した鍵 \(answer["signer"] ?? "") (it has arrived)")
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "運ばれてきた伝書と、出した伝書の受取を見る (what was brought, and what has arrived)")
        @OptionGroup var keeper: KeeperOptions
        @Option(help: "町の6桁の番号 (6-digit code)") var town: String?

        func run() async throws {
            let shelf = try await keeper.client().get("/v1/bundles" + HubClient.query([("town", town)])) as? [String: Any] ?? [:]
            guard keeper.hub.format == .table else { return Terminal.say(JSONLine.text(shelf)) }
            let brought = shelf["brought"] as? [[String: Any]] ?? [], sent = shelf["sent"] as? [[String: Any]] ?? []
            for row in brought { Terminal.say(PaperWords.brought(row) + "\n" + PaperWords.contents(row) + "\n") }
            if brought.isEmpty { Terminal.say("運ばれてきた伝書はありません (nothing was brought)") }
            for row in sent {
                let arrivals = (row["receipts"] as? [[String: Any]] ?? []).map { "\($0["place"] ?? "")（\(StandingTable.short($0["received"] as? String ?? ""))、鍵 \($0["signer"] ?? "")）" }
                Terminal.say("出した伝書 \(row["number"] ?? "")  町 \(row["town"] ?? "")  \(ModeWord.of(row["mode"] as? String ?? ""))  届いた先: \(arrivals.isEmpty ? "まだ受取がありません (no receipt yet)" : arrivals.joined(separator: "、"))")
            }
            Terminal.say("このハブの鍵 \(shelf["key"] ?? "")  指紋 \(shelf["signer"] ?? "") (this hub's own key)")
        }
    }
}

/// A paper in files, in pictures, or typed in by a scanner.
enum PaperFile {
    /// Beyond it nobody carries a paper; a picture is bounded for itself.
    private static let pictureLimit = 64 << 20
    private static let pictures: Set<String> = ["png", "jpg", "jpeg", "gif", "bmp", "tif", "tiff", "webp", "pgm", "pbm", "ppm"]

    static func refuseExisting(_ paths: [String?]) throws {
        for path in paths.compactMap(\.self) where FileManager.default.fileExists(atPath: path) {
            throw Exit.with(Exit.cannotWrite, "\(path) はもうあります (is there already)")
        }
    }

    static func write(_ octets: [UInt8], to path: String) throws {
        do { try Data(octets).write(to: URL(filePath: path), options: .atomic) } catch {
            throw Exit.with(Exit.cannotWrite, "\(path) に書けません (cannot be written): \(error.localizedDescription)")
        }
    }

    /// One paper out of all of them.
    static func read(_ paths: [String]) async throws -> [UInt8] {
        guard !paths.isEmpty, paths.count <= 200 else { throw Exit.with(Exit.usage, "ファイルは1〜200です (1 to 200 files)") }
        var codes: [String] = []
        for path in paths {
            if pictures.contains(URL(filePath: path).pathExtension.lowercased()) {
                codes += try await scanned(path)
                continue
            }
            let octets = try octets(of: path)
            let text = String(decoding: octets, as: UTF8.self)
            guard CodeSheet.isCode(text) else {
                guard paths.count == 1 else { throw Exit.with(Exit.usage, "伝書のファイルは一度に一つです。紙の画像は何枚でも一度に (one paper at a time; its pictures together)") }
                return octets
            }
            codes += text.split(whereSeparator: \.isNewline).map(String.init)
        }
        do throws(CodeSheet.Flaw) {
            return try CodeSheet.octets(of: codes)
        } catch {
            throw Exit.with(Exit.badData, words(error))
        }
    }

    private static func octets(of path: String) throws -> [UInt8] {
        guard let handle = try? FileHandle(forReadingFrom: URL(filePath: path)), let data = try? handle.read(upToCount: SignedPaper.limit + 1) else {
            throw Exit.with(Exit.badData, "\(path): 読めません (cannot be read)")
        }
        guard data.count <= SignedPaper.limit else { throw refused(.tooLong) }
        return [UInt8](data)
    }

    /// Debian's zbarimg, as a child: the picture is a stranger's.
    private static func scanned(_ path: String) async throws -> [String] {
        let file = URL(filePath: path)
        guard let size = (try? FileManager.default.attributesOfItem(atPath: file.path))?[.size] as? Int, size <= pictureLimit else {
            throw Exit.with(Exit.badData, "\(path): 読めないか、64 MiBより大きい画像です (cannot be read, or too large)")
        }
        let said = FileManager.default.temporaryDirectory.appending(path: "noroshi-codes-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: said) }
        do {
            try await Pipeline([["zbarimg", "--raw", "--quiet", "-Sdisable", "-Sqrcode.enable", file.path]]).run(from: nil, to: said)
        } catch let broken as Pipeline.Broken {
            if broken.isMissing { throw Exit.with(Exit.cannotWrite, "zbarimg がありません（apt install zbar-tools） (zbarimg is not installed)") }
            throw Exit.with(Exit.badData, "\(path): QRコードを読み取れません。まっすぐ、明るく、もう一度撮ってください (no code could be read: take the picture again)")
        }
        return String(decoding: try octets(of: said.path), as: UTF8.self).split(whereSeparator: \.isNewline).map(String.init)
    }

    static func refused(_ flaw: PaperFlaw) -> any Error {
        let words =
            switch flaw {
            case .notOurs: "狼煙の伝書ではありません (no paper of ours)"
            case .changed: "途中で切れているか、書かれたあとに変わっています。取り込んでいません (cut or changed; nothing was taken)"
            case .tooLong: "大きすぎます。伝書は\(SignedPaper.limit >> 10) KiBまでです (too long)"
            }
        return Exit.with(Exit.badData, words)
    }

    static func words(_ flaw: CodeSheet.Flaw) -> String {
        switch flaw {
        case .none: "狼煙のQRコードがありません (no code of ours)"
        case .mixed: "別々の伝書のQRコードが混ざっています (codes of two papers)"
        case .missing(let numbers, let total): "\(total)枚のQRコードのうち、\(numbers.map(String.init).joined(separator: "、")) 番がありません。撮り足して、全部を一度に指定してください (codes missing of \(total): \(numbers.map(String.init).joined(separator: ", ")))"
        case .changed: "QRコードの中身が変わっています。取り込んでいません (changed; nothing was taken)"
        case .tooLong: "紙に載せるには大きすぎます。ファイルで運んでください (too long for paper: carry the file)"
        }
    }
}

/// What people read of a paper.
enum PaperWords {
    static func state(_ bundle: TownBundle) -> String {
        let time = StandingTable.short(JapanTime.text(Seconds.date(bundle.made), milliseconds: false))
        let until = StandingTable.short(JapanTime.text(Seconds.date(bundle.expires), milliseconds: false))
        return "\(ModeWord.of(bundle.mode.rawValue))  \(bundle.town_name)  伝書 \(bundle.number)  \(time) の時点、\(until) まで。情報 \(bundle.said.count)、地区 \(bundle.districts.count)、避難所 \(bundle.shelters.count)"
            + (bundle.left_out > 0 ? "。入りきらなかった情報 \(bundle.left_out) (left out)" : "")
    }

    /// One row of what was brought, as the hub says it.
    static func brought(_ row: [String: Any]) -> String {
        func text(_ key: String) -> String { row[key] as? String ?? "—" }
        let over = row["is_over"] as? Bool == true ? "。期限を過ぎています (over)" : ""
        let came = row["brought_at"] is String ? "\(StandingTable.short(text("brought_at"))) に手で運ばれてきました (brought by hand)、" : ""
        return "\(ModeWord.of(text("mode")))  \(text("town_name"))  \(came)\(StandingTable.short(text("made"))) の時点 (as of)、\(StandingTable.short(text("expires"))) まで\(over)。"
            + "出したハブ \(text("place"))、番号 \(row["number"] ?? "")、鍵 \(text("signer"))"
    }

    static func contents(_ row: [String: Any]) -> String {
        var parts: [String] = []
        let districts = row["districts"] as? [[String: Any]] ?? [], shelters = row["shelters"] as? [[String: Any]] ?? [], alerts = row["alerts"] as? [[String: Any]] ?? []
        parts += districts.map { "  \($0["district"] ?? "")  \($0["hazard"] ?? "")  \($0["level_name"] ?? "")" }
        if let seat = row["headquarters"] as? String { parts.append("  \(seat)  設置") }
        parts += shelters.map { "  \($0["name"] ?? "")  \(ShelterWord.of($0["state"] as? String ?? ""))" }
        for alert in alerts {
            let over = alert["is_over"] as? Bool == true ? "（期限を過ぎています）" : ""
            parts.append("  ■ \(alert["title"] ?? "")\(over)\n" + (alert["body"] as? String ?? "").split(whereSeparator: \.isNewline).map { "    \($0)" }.joined(separator: "\n"))
        }
        return parts.isEmpty ? "  出ているものはありません (nothing is in force)" : parts.joined(separator: "\n")
    }
}
