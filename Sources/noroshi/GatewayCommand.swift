import AlertModel
import ArgumentParser
import CellBroadcast
import ChannelKit
import Foundation

struct GatewayCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "gateway",
        abstract: "小さなセルブロードキャスト局。ECBEで受け、基地局制御装置へCBSPで渡すか、画面に読んで出す "
            + "(a small cell-broadcast centre: ECBE in, CBSP out to base-station controllers, or pages decoded to the screen)")

    @Option(help: "ECBEを待ち受ける HOST:PORT (to listen on for ECBE)") var listen = "127.0.0.1:12345"
    @Option(help: "基地局制御装置のCBSPの宛先。いくつでも (a base-station controller's CBSP address; repeat it for several)") var bsc: [String] = []

    func run() async throws {
        do {
            let (host, port) = try Address.parse(listen)
            var controllers: [CBSPClient.Configuration] = []
            for address in bsc {
                let (host, port) = try Address.parse(address)
                controllers.append(CBSPClient.Configuration(role: .connect(host: host, port: port)))
            }
            let centre = CellBroadcastCentre(configuration: .init(
                host: host, port: port, controllers: controllers,
                onBroadcast: { Terminal.say("\(JapanTime.text(Date()).dropFirst(11).prefix(12))  \($0.line)") },
                onEvent: { index, event in Terminal.complain("\(bsc[index]): \(event)") }))
            try await withThrowingDiscardingTaskGroup { group in
                group.addTask { try await centre.run() }
                Terminal.complain("cell-broadcast centre on http://\(host):\(try await centre.boundPort)/api/ecbe/v1")
            }
        } catch let error as SettingsError {
            throw Exit.with(Exit.usage, error.reason)
        }
    }
}

extension DecodedBroadcast {
    /// One line for the screen.
    var line: String {
        let number = "0x" + String(identifier, radix: 16, uppercase: true)
        let what = warning.map { "ETWS 一次通知 (\($0.words))" } ?? text.map { "「\($0.replacing("\n", with: " "))」" } ?? "8-bit data"
        return verb == .killed ? "停止 \(number)" : "放送 \(number) \(pages > 0 ? "\(pages)ページ " : "")\(what)"
    }
}
