/// A mistaken order is taken back: from the POST of its cancel to the last tablet's `cancel`, and to the gateway's socket.
import Foundation
import Glibc

struct TakeBackBench {
    let line: LineBench

    private static let port: UInt16 = 8497

    func run(_ figures: Figures) throws {
        let (gateway, second) = (try FarEnd(.honest), try FarEnd(.honest))
        defer { for end in [gateway, second] { end.end() } }
        let folder = line.work.appending(path: "take-back")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let settings = folder.appending(path: "settings.yaml")
        try Data(TownSettings(gateway: gateway.url, secondGateway: second.url, silent: second.url).yaml.utf8).write(to: settings)
        let server = try Server(
            line.hub,
            [
                "serve", "--benchmark", "--config", settings.path, "--data", folder.appending(path: "data").path, "--templates", "Templates",
                "--listen", "127.0.0.1:\(Self.port)",
            ], core: Line.serverCore, port: Self.port)
        defer { server.end() }
        _ = try server.ready()
        let crowd = Crowd(port: Self.port)
        try crowd.open(try line.heads(server))
        try crowd.drain(seconds: 2)
        var (lasts, firsts): ([Double], [Double]) = ([], [])
        for number in -2...max(5, line.shots / 5) {
            let order = #"{"town":"042056","kind":"evacuation","mode":"actual","level":4,"hazard":"洪水","districts":["市内全域"],"reason":"桜川の水位が上がっています（\#(number + 3)回め）"}"#
            var start = try server.send(Server.request("POST", "/v1/alerts", Array(order.utf8), type: "application/json", token: TownSettings.token))
            try heard(crowd, "event: alert", since: start)
            let taken = try server.answer()
            guard taken.status == 202, let id = taken.body.firstMatch(of: #/"id":"([^"]+)"/#).map({ String($0.1) }) else { throw Trouble("the order was answered \(taken)") }
            try crowd.drain(seconds: 0.5)
            start = try server.send(Server.request("POST", "/v1/alerts/\(id)/cancel", [], type: "application/json", token: TownSettings.token))
            let times = try heard(crowd, "event: cancel", since: start)
            let cancelled = try server.answer()
            guard cancelled.status == 202 else { throw Trouble("the cancel was answered \(cancelled)") }
            try crowd.drain(seconds: 0.5)
            guard number > 0 else { continue }
            lasts.append((times.last ?? .nan) * 1000)
            firsts.append((times.first ?? .nan) * 1000)
        }
        figures.add("take_back.first", firsts.median, "ms")
        figures.add("take_back.last", lasts.median, "ms")
        figures.add("take_back.worst", lasts.max() ?? .nan, "ms")
    }

    @discardableResult
    private func heard(_ crowd: Crowd, _ needle: String, since start: Double) throws -> [Double] {
        let times = try crowd.hear(needle, since: start, limit: 60)
        guard times.count == crowd.count else { throw Trouble("\(times.count) of \(crowd.count) tablets heard \(needle)") }
        return times
    }
}
