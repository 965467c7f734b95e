/// From the octets of an earthquake early warning at `POST /v1/bulletins` to the last tablet and to the gateway's
/// socket: on a quiet day, behind a long queue, and beside a gateway in trouble.
import Foundation
import Glibc

struct LineBench {
    let hub: String
    let streams: Int
    let shots: Int
    let work: URL

    struct Outcome {
        /// Milliseconds, one for each shot.
        var tablets: [Double] = []
        var gateway: [Double] = []
        /// The last of the town's pages.
        var pages: [Double] = []
    }

    /// - Parameter stream: milliseconds to the last stream in the same run, without bulletins.
    func run(_ figures: Figures, stream: Double?) throws {
        let quiet = try measure(secondGateway: .honest, waiting: 0, shots)
        let tablets = quiet.tablets.median
        figures.add("eew.tablets.last", tablets, "ms", peer: stream == nil ? nil : "stream alone", stream)
        if let stream { figures.add("eew.tablets.beyond_stream", max(0, tablets - stream), "ms") }
        figures.add("eew.pages.last_of_70", quiet.pages.median, "ms")
        figures.add("eew.gateway.median", quiet.gateway.median, "ms")
        figures.add("eew.gateway.p99", quiet.gateway.quantile(0.99), "ms")
        let busy = try measure(secondGateway: .honest, waiting: 100_000, shots)
        add(figures, "eew.behind_100000", busy, beside: quiet)
        figures.add("eew.behind_100000.gateway.p99", busy.gateway.quantile(0.99), "ms")
        for manner in FarEnd.Manner.allCases where manner != .honest {
            let outcome = try measure(secondGateway: manner, waiting: 0, max(10, shots / 3))
            add(figures, "eew.beside_\(manner.rawValue)_gateway", outcome, beside: quiet)
        }
    }

    private func add(_ figures: Figures, _ name: String, _ outcome: Outcome, beside quiet: Outcome) {
        figures.add("\(name).tablets", outcome.tablets.median, "ms", peer: "quiet", quiet.tablets.median)
        figures.add("\(name).gateway", outcome.gateway.median, "ms", peer: "quiet", quiet.gateway.median)
    }

    private func measure(secondGateway manner: FarEnd.Manner, waiting: Int, _ shots: Int) throws -> Outcome {
        let first = try FarEnd(.honest)
        let second = try FarEnd(manner)
        let silent = try FarEnd(.silent)
        defer { for farEnd in [first, second, silent] { farEnd.end() } }
        let folder = work.appending(path: "line-\(UUID().uuidString.prefix(8))")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let settings = folder.appending(path: "settings.yaml")
        let town = TownSettings(gateway: first.url, secondGateway: second.url, silent: silent.url)
        try Data(town.yaml.utf8).write(to: settings)
        let server = try Server(
            hub,
            [
                "serve", "--benchmark", "--config", settings.path, "--data", folder.appending(path: "data").path, "--templates", "Templates",
                "--listen", "127.0.0.1:8493",
            ], core: Line.serverCore, port: 8493)
        defer { server.end() }
        _ = try server.ready()
        if waiting > 0 { try fill(server, waiting) }
        let crowd = Crowd(port: server.port)
        try crowd.open(try heads(server))
        try crowd.drain(seconds: 2)
        return try fire(shots, server, crowd, first)
    }

    private func fire(_ shots: Int, _ server: Server, _ crowd: Crowd, _ gateway: FarEnd) throws -> Outcome {
        let template = try String(contentsOfFile: "Templates/demo/02_20110311144648_VXSE43.xml", encoding: .utf8)
        var outcome = Outcome()
        // The first three warm what a hub that has just started has never done.
        for number in -2...shots {
            let shot = try Shot(number + 3, template: template)
            let start = try post(server, shot.warning)
            let heard = try crowd.hear(shot.event, since: start, limit: 20)
            guard heard.count == crowd.count, let last = heard.last else {
                throw Trouble("\(heard.count) of \(crowd.count) tablets heard \(shot.event)")
            }
            let taken = try server.answer()
            guard taken.status == 202 else { throw Trouble("the warning was answered \(taken)") }
            try crowd.drain(seconds: 0.2)
            guard let mailed = gateway.firstPost(after: start) else {
                let log = try server.call(
                    "GET", "/v1/deliveries?town=042056&channel=area-mail&tail=10", "", token: TownSettings.token, expecting: [200])
                throw Trouble("the gateway did not hear \(shot.event) within 0.2 s; the log says \(log.suffix(20_000))")
            }
            if number > 0 {
                outcome.tablets.append(last * 1000)
                outcome.gateway.append(mailed * 1000)
            }
            let pages = try lastPage(server, of: shot.event)
            if number > 0 { outcome.pages.append(pages) }
            _ = try post(server, shot.cancel)
            let cancelled = try server.answer()
            guard cancelled.status == 202 else { throw Trouble("the cancel was answered \(cancelled)") }
            // What one earthquake leaves to write must not be measured with the next.
            _ = try lastPage(server, of: shot.event)
            try crowd.drain(seconds: 0.3)
            gateway.forget()
        }
        return outcome
    }

    /// From taking the bulletin to the last spot's page, as the delivery log has it.
    private func lastPage(_ server: Server, of event: String) throws -> Double {
        struct Page: Decodable { var deliveries: [Row] }
        struct Row: Decodable {
            var event: String
            var milliseconds: Double?
        }
        let end = now() + 10
        while now() < end {
            let log = try server.call(
                "GET", "/v1/deliveries?town=042056&channel=wifi-portal&tail=\(TownSettings.spots)", "", token: TownSettings.token,
                expecting: [200])
            let rows = try JSONDecoder().decode(Page.self, from: Data(log.utf8)).deliveries
            let times = rows.filter { $0.event.hasSuffix(event) }.compactMap(\.milliseconds)
            if times.count == TownSettings.spots { return times.max() ?? .nan }
            usleep(50_000)
        }
        throw Trouble("not every page shows \(event)")
    }

    private func post(_ server: Server, _ bulletin: [UInt8]) throws -> Double {
        try server.send(Server.request(
            "POST", "/v1/bulletins", bulletin, type: "application/xml", token: TownSettings.token))
    }

    /// One enrolled device a school, from which as many streams hang as the school has pupils.
    func heads(_ server: Server) throws -> [String] {
        struct Invitation: Decodable { var code: String }
        struct Device: Decodable { var token: String }
        var tokens: [String] = []
        for school in 1...TownSettings.schools {
            let invited = try server.call(
                "POST", "/v1/devices/invitations", #"{"town":"042056","site":"school-\#(school)"}"#, token: TownSettings.token,
                expecting: [200, 201])
            let code = try JSONDecoder().decode(Invitation.self, from: Data(invited.utf8)).code
            let enrolled = try server.call(
                "POST", "/v1/devices", #"{"code":"\#(code)","name":"tablet"}"#, token: nil, expecting: [200, 201])
            tokens.append(try JSONDecoder().decode(Device.self, from: Data(enrolled.utf8)).token)
        }
        // Each tablet follows the language it is read in, as its page does; one in seven reads another than Japanese.
        let languages = ["ja", "ja", "en", "ja", "ja", "ja", "ja", "ja", "zh-Hans", "ja", "ja", "ja", "ja", "ja", "ja", "vi", "ja", "pt"]
        return (0..<streams).map {
            "GET /v1/stream?language=\(languages[$0 % languages.count]) HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: text/event-stream\r\nAuthorization: Bearer \(tokens[$0 % tokens.count])\r\n\r\n"
        }
    }

    /// Notices to webhooks and orders to gateways that never answer, until so many deliveries wait.
    private func fill(_ server: Server, _ count: Int) throws {
        let orders = count / 10 / TownSettings.silentGateways
        for number in 1...orders {
            try server.call(
                "POST", "/v1/alerts",
                #"{"town":"011002","kind":"evacuation","mode":"actual","level":4,"hazard":"洪水","districts":["市内全域"],"reason":"川の増水その\#(number)"}"#,
                token: TownSettings.token, expecting: [202])
        }
        var number = 0
        while try waiting(server) < count, number < count / TownSettings.hooks + 100 {
            for _ in 1...50 {
                number += 1
                try server.call(
                    "POST", "/v1/alerts",
                    #"{"town":"011002","kind":"notice","mode":"actual","title":"断水その\#(number)番","body":"水が出ません。"}"#,
                    token: TownSettings.token, expecting: [202])
            }
        }
        let reached = try waiting(server)
        guard reached >= count else { throw Trouble("only \(reached) deliveries wait") }
        say("  \(reached) deliveries wait")
    }

    private func waiting(_ server: Server) throws -> Int {
        try server.call("GET", "/metrics", "", token: nil, expecting: [200])
            .matches(of: #/(?m)^noroshi_queue_waiting\{[^}]*\} (\d+)/#).compactMap { Int($0.1) }.reduce(0, +)
    }
}
