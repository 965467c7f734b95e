/// Every town of Japan on one hub, one school each: how long a warning takes to its answer, what a bulletin weighs in the
/// ledger, and how long a start takes after them.
import AlertModel
import Codes
import Foundation

struct CountryBench {
    let hub: String
    let shots: Int
    let work: URL
    private static let port: UInt16 = 8495

    func run(_ figures: Figures) throws {
        let folder = work.appending(path: "country")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let settings = folder.appending(path: "settings.yaml"), data = folder.appending(path: "data")
        let codes = CodeTables.bundled.towns.filter { $0.parent == nil }.map(\.id.code)
        try Data(Self.yaml(codes).utf8).write(to: settings)
        var server = try start(settings, data)
        defer { server.end() }
        let template = try String(contentsOfFile: "Templates/demo/02_20110311144648_VXSE43.xml", encoding: .utf8)
        // The first warms what a hub that has just started has never done.
        _ = try post(server, Shot(1, template: template).warning)
        let before = try size(data)
        var answers: [Double] = [], offerings: [Double] = []
        for number in 0..<shots {
            let shot = try Shot(number + 2, template: template)
            answers.append(try post(server, shot.warning))
            offerings.append(try lastOffering(server))
            answers.append(try post(server, shot.cancel))
        }
        figures.add("country.eew.last_offer", offerings.median, "ms")
        figures.add("country.eew.last_offer.p99", offerings.quantile(0.99), "ms")
        figures.add("country.eew.answer", answers.median, "ms")
        figures.add("country.eew.answer.p99", answers.quantile(0.99), "ms")
        figures.add("country.bulletin.ledger", Double(try size(data) - before) / Double(2 * shots) / 1000, "kB")
        figures.add("country.resident", server.residentKilobytes / 1000, "MB")
        server.end()
        let began = now()
        server = try start(settings, data)
        figures.add("country.start", now() - began, "s")
        say("  \(codes.count) towns, \(2 * shots) bulletins")
    }

    /// Returns when the hub takes alerts.
    private func start(_ settings: URL, _ data: URL) throws -> Server {
        let server = try Server(
            hub,
            ["serve", "--config", settings.path, "--data", data.path, "--templates", "Templates", "--listen", "127.0.0.1:\(Self.port)"],
            core: Line.serverCore, port: Self.port)
        _ = try server.ready(within: 120)
        return server
    }

    /// Milliseconds from the first octet to the answer.
    private func post(_ server: Server, _ bulletin: [UInt8]) throws -> Double {
        let start = try server.send(Server.request("POST", "/v1/bulletins", bulletin, type: "application/xml", token: TownSettings.token))
        let answer = try server.answer()
        guard answer.status == 202 else { throw Trouble("the warning was answered \(answer)") }
        let took = (now() - start) * 1000
        // What one earthquake leaves to write must not be measured with the next.
        usleep(200_000)
        return took
    }

    /// Milliseconds from the whole bulletin to its last offer, as the hub's gauge has it.
    private func lastOffering(_ server: Server) throws -> Double {
        let text = try server.call("GET", "/metrics", "", token: TownSettings.token, expecting: [200])
        guard let seconds = text.firstMatch(of: #/noroshi_last_offering_seconds ([0-9.e-]+)/#).flatMap({ Double($0.1) }) else {
            throw Trouble("the hub says nothing of its last offering")
        }
        return seconds * 1000
    }

    /// Octets of the ledger, with its log.
    private func size(_ data: URL) throws -> Int {
        usleep(1_000_000)
        return ["ledger.sqlite", "ledger.sqlite-wal"].reduce(0) { total, name in
            let facts = try? FileManager.default.attributesOfItem(atPath: data.appending(path: name).path)
            return total + ((facts?[.size] as? Int) ?? 0)
        }
    }

    private static func yaml(_ codes: [String]) -> String {
        var lines = ["operators:", "  - {name: benchmark, token_sha256: \"\(TownSettings.digest)\"}", "towns:"]
        for code in codes {
            lines += [
                "  - code: \"\(code)\"", "    roman_name: Town \(code)", "    endpoints:",
                "      - {channel: school-tablet, id: school-\(code), name: 第一小学校, actual: {}, exercise: {}}",
            ]
        }
        return lines.joined(separator: "\n") + "\n"
    }
}
