import AlertModel
import ArgumentParser
import ChannelKit
import Foundation
import Glibc

/// The after-action report of one alert: for the terminal, or as a page to keep, print and hand on.
struct ReportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "report", abstract: "一つの情報の配信報告：経過、届いた速さ、届いていないところ (the after-action report of one alert)",
        discussion: """
            --out がなければ画面に要点を出します。.html は一枚で完結したページ、.pdf はそれを chromium で刷ったものです。
            (Without --out its main points; .html is a page that stands alone, .pdf the same printed by chromium.)
            """)

    @OptionGroup var hub: HubOptions
    @Argument(help: "情報の番号 (the alert's id)") var alert: String
    @Option(help: "町の6桁の番号。電文で、いくつもの町の担当のとき (6-digit code; for a bulletin, where you work for several towns)") var town: String?
    @Option(help: "書き出すファイル。.html か .pdf (the file to write)") var out: String?

    /// Rows that are read, all in memory.
    private static let rowLimit = 200_000

    func run() async throws {
        let file = out.map { URL(filePath: $0) }
        if let file, !["html", "pdf"].contains(file.pathExtension.lowercased()) {
            throw Exit.with(Exit.usage, "--out は .html か .pdf で終わる名前にしてください (--out: a name that ends in .html or .pdf)")
        }
        let report = try await read(hub.client())
        guard let file else { return hub.format == .json ? Terminal.say(JSONLine.text(report.figures)) : say(report) }
        let octets = Data(ReportPage(report: report).html.utf8)
        if file.pathExtension.lowercased() == "pdf" { try await Printer.print(octets, to: file) } else { try Self.write(octets, to: file) }
        hub.format == .json ? Terminal.say(JSONLine.text(["file": file.path])) : Terminal.say("\(file.path) に書きました (written)")
    }

    // MARK: reading

    private func read(_ client: HubClient) async throws -> Report {
        struct Towns: Decodable { var towns: [Report.Town] }
        struct Alerts: Decodable { var alerts: [Report.Alert] }
        struct FarEnds: Decodable {
            struct One: Decodable { var channel, id, name: String }
            var endpoints: [One]
        }
        let towns: [Report.Town] = try await get(client, "/v1/towns", as: Towns.self).towns
        let alert = try await get(client, "/v1/alerts/\(HubClient.step(alert))", as: Report.Alert.self)
        let said = self.town ?? alert.town ?? (towns.count == 1 ? towns[0].code : nil)
        guard let said, let town = towns.first(where: { $0.code == said }) else {
            throw Exit.with(Exit.usage, "どの町の報告か、--town で選んでください (--town: which town's report): " + towns.map { "\($0.code) \($0.name)" }.joined(separator: "、"))
        }
        let (rows, isCut) = try await rows(client, town.code, alert)
        var story = try await get(
            client, "/v1/alerts" + HubClient.query([("town", town.code), ("event", alert.event), ("limit", "1000")]), as: Alerts.self).alerts
        let ends = try await get(client, "/v1/endpoints" + HubClient.query([("town", town.code)]), as: FarEnds.self).endpoints
        if !story.contains(where: { $0.id == alert.id }) { story.append(alert) }
        let calls = try await calls(client, town.code, alert, to: rows)
        return Report(
            town: town, alert: alert, story: story.filter { $0.mode == alert.mode }.sorted { $0.accepted_at < $1.accepted_at }, rows: rows,
            names: Dictionary(ends.map { ("\($0.channel)/\($0.id)", $0.name) }, uniquingKeysWith: { $1 }), calls: calls, isCut: isCut,
            made: Date())
    }

    /// Of the day after it was accepted; an older hub keeps none.
    private func calls(_ client: HubClient, _ town: String, _ alert: Report.Alert, to rows: [Report.Row]) async throws -> [Report.Call] {
        struct Calls: Decodable { var calls: [Report.Call] }
        let accepted = alert.accepted_at.prefix(19) + "+09:00"
        let query = HubClient.query([("town", town), ("mode", alert.mode), ("since", String(accepted))])
        let answer = try await client.exchange("GET", "/v1/calls" + query)
        guard answer.status == 200, let found = try? JSONDecoder().decode(Calls.self, from: Data(answer.body)).calls,
            let begun = try? Date(accepted, strategy: .iso8601)
        else { return [] }
        let asked = Set(rows.filter { !$0.isSkip }.map { "\($0.channel)/\($0.endpoint)" })
        let end = JapanTime.text(begun.addingTimeInterval(86_400), milliseconds: false)
        return found.filter { asked.contains("\($0.channel)/\($0.endpoint)") && $0.at < end }.reversed()
    }

    /// What left the record is read from its archive too.
    private func rows(_ client: HubClient, _ town: String, _ alert: Report.Alert) async throws -> ([Report.Row], isCut: Bool) {
        struct Page: Decodable {
            var deliveries: [Report.Row]
            var next: Int64?
        }
        // The hub's times are Japan's. Offered a moment before it was on record; an hour costs nothing.
        let accepted = try? Date(alert.accepted_at.prefix(19) + "+09:00", strategy: .iso8601)
        let since = accepted.map { JapanTime.text($0.addingTimeInterval(-3600), milliseconds: false) }
        var (rows, after) = ([Report.Row](), Int64(0))
        while rows.count < Self.rowLimit {
            let query = HubClient.query([("alert", alert.id), ("town", town), ("since", since), ("after", "\(after)"), ("limit", "1000")])
            let page = try await get(client, "/v1/deliveries" + query, as: Page.self)
            rows += page.deliveries
            if rows.count % 10_000 == 0, !rows.isEmpty { Terminal.complain("\(rows.count)行まで読みました (rows read)") }
            guard let next = page.next, next > after else { return (rows, false) }
            after = next
        }
        return (rows, true)
    }

    private func get<Value: Decodable>(_ client: HubClient, _ path: String, as type: Value.Type) async throws -> Value {
        let answer = try await client.exchange("GET", path)
        guard answer.status == 200 else { throw HubClient.refusal(answer) }
        do {
            return try JSONDecoder().decode(type, from: Data(answer.body))
        } catch {
            throw Exit.with(Exit.badData, "ハブの返事を読めません (the hub's answer is not as expected): \(error)")
        }
    }

    // MARK: telling

    private func say(_ report: Report) {
        let alert = report.alert
        Terminal.say("\(ModeWord.of(alert.mode))  \(report.town.name)  \(alert.title)  \(alert.id)")
        Terminal.say("届いた送り先 \(report.delivered.count)/\(report.sends.count) (far ends that have it)  端末に届いた/出た/触れた \(report.reach("reached"))/\(report.reach("shown"))/\(report.reach("touched")) (devices)")
        let marks: [(String, Double?)] = [
            ("最初 (first)", report.times.first), ("半分まで (to half)", report.time(share: 0.5)), ("95%まで (to 95 %)", report.time(share: 0.95)), ("最後 (last)", report.times.last),
        ]
        Terminal.say(Terminal.table(marks.map { [$0, Report.duration($1)] }))
        Terminal.say(Terminal.table([["時刻 TIME", "何を WHAT", "題 TITLE", "だれが BY"]] + report.story.map { [Report.time($0.accepted_at), Report.message($0.message), $0.title, $0.actor] }))
        if !report.skips.isEmpty {
            Terminal.say(Terminal.table([["送らなかった理由 NOT SENT, AND WHY", "送り先 FAR ENDS"]] + report.skips.map { [$0.why, "\($0.count)"] }))
        }
        if !report.calls.isEmpty {
            Terminal.say(Terminal.table([["電話した時刻 CALLED", "だれが BY", "送り先 FAR END", "答え ANSWER"]] + report.calls.map { [Report.time($0.at), $0.by, report.farEnd($0.channel, $0.endpoint), $0.told] }))
        }
        guard !report.missing.isEmpty else { return Terminal.say(report.sends.isEmpty ? "送り先はありませんでした (nobody was asked)" : "すべての送り先に届きました (every far end has it)") }
        Terminal.say("届いていないところ (who did not get it)")
        Terminal.say(Terminal.table([["経路 CHANNEL", "送り先 FAR END", "状態 STATE", "理由 WHY"]] + report.missing.map { [$0.channel, report.farEnd($0), Report.state($0.state), $0.why] }))
    }

    static func write(_ octets: Data, to file: URL) throws {
        do {
            try octets.write(to: file, options: .atomic)
        } catch {
            throw Exit.with(Exit.cannotWrite, "\(file.path) に書けません (cannot be written): \(error.localizedDescription)")
        }
    }
}

/// A page on paper, by Debian's chromium. The page has no script and names nothing that would be fetched.
enum Printer {
    private static let names = ["chromium", "chromium-browser", "google-chrome"]
    private static let patience = Duration.seconds(60)

    static func print(_ page: Data, to file: URL) async throws {
        let folders = (ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin").split(separator: ":")
        let programs = names.flatMap { name in folders.map { "\($0)/\(name)" } }
        guard let program = programs.first(where: { FileManager.default.isExecutableFile(atPath: $0) }) else {
            throw Exit.with(Exit.cannotWrite, "PDFにするには chromium が要ります（apt install chromium）。.html なら要りません (a PDF needs chromium; .html does not)")
        }
        let work = FileManager.default.temporaryDirectory.appending(path: "noroshi-report-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: work) }
        do {
            try FileManager.default.createDirectory(at: work, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        } catch {
            throw Exit.with(Exit.cannotWrite, "\(work.path) を作れません (cannot be made)")
        }
        let (source, printed) = (work.appending(path: "report.html"), work.appending(path: "report.pdf"))
        try ReportCommand.write(page, to: source)
        let process = Process()
        process.executableURL = URL(filePath: program)
        process.arguments = [
            "--headless=new", "--disable-gpu", "--no-pdf-header-footer", "--user-data-dir=\(work.path)/profile", "--print-to-pdf=\(printed.path)",
        ] + (geteuid() == 0 ? ["--no-sandbox"] : []) + [source.absoluteString]
        (process.standardOutput, process.standardError, process.standardInput) = (FileHandle.nullDevice, FileHandle.nullDevice, FileHandle.nullDevice)
        let ended = Announced<Int32>()
        process.terminationHandler = { ended.say($0.terminationStatus) }
        do { try process.run() } catch { throw Exit.with(Exit.cannotWrite, "\(program) を起動できません (cannot be started)") }
        // A browser that hangs is killed; the watch ends with it.
        let watch = Task {
            try await ContinuousClock().sleep(for: patience)
            kill(process.processIdentifier, SIGKILL)
        }
        let status = await ended.heard()
        watch.cancel()
        guard status == 0, let octets = try? Data(contentsOf: printed), octets.starts(with: Array("%PDF-".utf8)) else {
            throw Exit.with(Exit.cannotWrite, "chromium がPDFを作れませんでした (chromium made no PDF)")
        }
        try ReportCommand.write(octets, to: file)
    }
}
