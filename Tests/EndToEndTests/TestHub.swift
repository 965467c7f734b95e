/// A running hub: its settings, its address, and what people and machines ask it.
import ChannelKit
import ChannelKitTesting
import Curl
import Foundation
import Glibc
import Testing

/// 気仙沼市 with two spots and two schools; its emergency mail goes to `gateway`.
struct TownFile: Sendable {
    var gateway: String
    /// A second town, 塩竈市, with one spot, and an operator for it alone.
    var hasNeighbour = false
    /// A webhook far end, for who wants to see every message with its delivery's id.
    var hook: String?
    /// A node of L-Alert for drills, whose mails ring docomo (500 characters) and KDDI (200).
    var commons: String?
    /// `sources:` or `vocabularies:` and what is under it.
    var sources = ""
    /// Further far ends, eight blanks in.
    var more = ""
    /// Districts beside the two that far ends name.
    var moreDistricts: [String] = []
    /// What the desk's token opens; nil: everything.
    var deskScopes: String?

    /// Another person of the same town, with a token of their own.
    var hasSecondPerson = false

    static let token = "end-to-end"
    static let secondToken = "second-person"
    static let neighbourToken = "other-town"

    var yaml: String {
        // token_sha256: SHA-256 of the two words above.
        """
        \(sources)
        operators:
          - {name: desk, token_sha256: "1bdfa399a64dcf61e3c97ef2743788084bd6c4fe7278c7901104ff3fdb3ec439"\(deskScopes.map { ", scopes: [\($0)]" } ?? "")}
          - {name: neighbour, token_sha256: "d2f86864313b692eb54685e16495652c1e32c76580f78b1e330f1c1818bb740f", towns: ["042030"]}\(hasSecondPerson ? Self.secondPerson : "")
        towns:
          - code: "042056"
            roman_name: Kesennuma City
            tsunami_areas: ["220"]
            districts: [\((["気仙沼地区", "階上地区"] + moreDistricts).joined(separator: ", "))]
            shelters:
              - {id: hashikami-chu, name: 階上中学校, roman_name: Hashikami Junior High School, address: 長磯原ノ沢25-2, latitude: 38.8423, longitude: 141.5706, capacity: 300}
            endpoints:
              - {channel: area-mail, id: cell-broadcast, name: 町の同報局, actual: {url: "\(gateway)", eew: send}, exercise: {url: "\(gateway)", eew: send}}
              - {channel: wifi-portal, id: kesennuma-eki, name: 気仙沼駅前, district: 気仙沼地区, actual: {}, exercise: {}}
              - {channel: wifi-portal, id: uo-ichiba, name: 魚市場前, district: 気仙沼地区, actual: {}, exercise: {}}
              - {channel: school-tablet, id: school-1, name: 第一小学校, district: 階上地区, actual: {}, exercise: {}}
              - {channel: school-tablet, id: school-2, name: 第二小学校, district: 階上地区, actual: {}, exercise: {}}
        \(more)
        \(hook.map { "      - {channel: webhook, id: hook, name: 隣の市, actual: {url: \"\($0)\", secret: whsec_bm9yb3NoaS1lbmQtdG8tZW5kLXRlc3RzLXNlY3JldC4=}}" } ?? "")
        \(commons.map { "      - {channel: l-alert, id: commons, name: Lアラート, exercise: {url: \"\($0)\", user: town, password: p, sender_id: e.example, urgent_mail: UMC1=500 UMC2, urgent_mail_drills: send}}" } ?? "")
        \(hasNeighbour ? Self.neighbour : "")
        """
    }

    private static let secondPerson = "\n  - {name: night, token_sha256: \"8a6c3e17fd8ada37706ec47d9a82137f5f43d324c20028cfbe0b22175200e4f8\"}"

    private static let neighbour = """
          - code: "042030"
            roman_name: Shiogama City
            tsunami_areas: ["220"]
            endpoints:
              - {channel: wifi-portal, id: hon-shiogama, name: 本塩釜駅, actual: {}, exercise: {}}
        """
}

struct TestHub: Sendable {
    struct Row: Decodable, Sendable {
        var delivery, alert, channel, endpoint, state, reason, sentence, mode, event, kind: String
        var attempts: Int
        var detail: String?
    }
    struct Taken: Decodable, Sendable {
        var alerts: [String]
        var duplicate: Bool
        var notes: [String]
    }
    struct Problem: Decodable, Sendable {
        struct Field: Decodable, Sendable { var field, detail: String }
        var title: String
        var status: Int
        var detail: String?
        var errors: [Field]?
    }
    struct Kept: Decodable, Sendable {
        var hash, verdict, source: String
        var reason: String?
        var alerts: [String]
        var octets: Int
    }
    struct Device: Decodable, Sendable { var device_id, token, site: String }
    struct Pushed: Decodable, Sendable { var id, event, mode: String }
    struct Alert: Decodable, Sendable { var id, event, kind, message, mode: String }

    let program: Program
    let folder: URL
    let port: Int
    private let transport: CurlTransport
    var address: String { "http://127.0.0.1:\(port)" }

    // MARK: life

    /// A hub over `folder`, as long as `body`.
    static func with<Value: Sendable>(
        _ town: TownFile, in folder: URL? = nil, shell: String? = nil, _ body: (TestHub) async throws -> Value
    ) async throws -> Value {
        let own = try folder ?? newFolder()
        let hub = try await start(town, in: own, shell: shell)
        do {
            let value = try await body(hub)
            hub.program.signal(SIGKILL)
            _ = try await hub.program.ended()
            if folder == nil { try? FileManager.default.removeItem(at: own) }  // only a temporary folder
            return value
        } catch {
            hub.program.signal(SIGKILL)
            _ = try? await hub.program.ended()  // the first failure counts
            throw error
        }
    }

    static func newFolder() throws -> URL {
        let folder = FileManager.default.temporaryDirectory.appending(path: "noroshi-e2e-\(UUID().uuidString.prefix(8))")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        return folder
    }

    static func start(_ town: TownFile, in folder: URL, shell: String? = nil, more: [String] = []) async throws -> TestHub {
        let settings = folder.appending(path: "settings.yaml")
        try Data(town.yaml.utf8).write(to: settings)
        let program = try Program(
            [
                "serve", "--config", settings.path, "--data", folder.appending(path: "data").path, "--listen",
                "127.0.0.1:0", "--templates", Program.package.appending(path: "Templates").path,
            ] + more, shell: shell)
        let port = try await port(of: program)
        return try TestHub(program: program, folder: folder, port: port)
    }

    /// What the program prints once it listens.
    static func port(of program: Program) async throws -> Int {
        do {
            return try await eventually("the hub listens: \(program.errors)", within: .seconds(60)) {
                program.errors.firstMatch(of: #/listens on https?:\/\/[^ ]*:(\d+)/#).flatMap { Int($0.1) }
            }
        } catch {
            Issue.record("what it said: \(program.errors.suffix(6000))")
            program.signal(SIGKILL)
            throw error
        }
    }

    init(program: Program, folder: URL, port: Int, transport: CurlTransport? = nil) throws {
        self.program = program
        self.folder = folder
        self.port = port
        self.transport = try transport ?? CurlTransport()
    }

    // MARK: HTTP

    func call(
        _ method: String, _ path: String, _ body: [UInt8] = [], type: String = "application/json",
        token: String? = TownFile.token, headers: [(name: String, value: String)] = []
    ) async throws -> HTTPAnswer {
        var fields = headers
        if let token { fields.append(("Authorization", "Bearer \(token)")) }
        if !body.isEmpty { fields.append(("Content-Type", type)) }
        return try await transport.send(
            HTTPCall(method: method, url: address + path, headers: fields, body: body, answerLimit: 64 << 20),
            deadline: .now.advanced(by: .seconds(30)))
    }

    func get<Value: Decodable>(_ path: String, as type: Value.Type = Value.self) async throws -> Value {
        try JSONDecoder().decode(Value.self, from: Data(try await call("GET", path).body))
    }

    func post(_ bulletin: String) async throws -> HTTPAnswer {
        try await call("POST", "/v1/bulletins", Array(bulletin.utf8), type: "application/xml")
    }

    /// Posts a bulletin that has to be accepted.
    @discardableResult
    func take(_ bulletin: String) async throws -> Taken {
        let answer = try await post(bulletin)
        guard answer.status == 202 || answer.status == 200 else { throw Refused(answer: answer.text, status: answer.status) }
        return try JSONDecoder().decode(Taken.self, from: Data(answer.body))
    }
    struct Refused: Error { let answer: String; let status: Int }

    func push(_ order: String) async throws -> Pushed {
        let answer = try await call("POST", "/v1/alerts", Array(order.utf8))
        guard answer.status == 202 else { throw Refused(answer: answer.text, status: answer.status) }
        return try JSONDecoder().decode(Pushed.self, from: Data(answer.body))
    }

    func cancel(_ alert: String) async throws -> HTTPAnswer { try await call("POST", "/v1/alerts/\(alert)/cancel") }

    /// Without what stands over its words.
    func page(_ spot: String = "kesennuma-eki") async throws -> String {
        try await call("GET", "/spots/\(spot)/", token: nil).text.withoutReadings
    }

    func rows(_ query: String = "") async throws -> [Row] {
        struct Page: Decodable { var deliveries: [Row] }
        return try await get("/v1/deliveries?town=042056&tail=1000" + (query.isEmpty ? "" : "&" + query), as: Page.self).deliveries
    }

    func bulletins() async throws -> [Kept] {
        struct Page: Decodable { var bulletins: [Kept] }
        return try await get("/v1/bulletins?limit=1000", as: Page.self).bulletins
    }

    func alerts() async throws -> [Alert] {
        struct Page: Decodable { var alerts: [Alert] }
        return try await get("/v1/alerts?town=042056&limit=1000", as: Page.self).alerts
    }

    /// Waits until every row of the query has ended.
    @discardableResult
    func settled(_ query: String = "", within limit: Duration = .seconds(15)) async throws -> [Row] {
        try await eventually("all deliveries end", within: limit) {
            let rows = try await self.rows(query)
            let open = rows.filter { ["waiting", "sending", "retrying"].contains($0.state) }
            return !rows.isEmpty && open.isEmpty ? rows : nil
        }
    }

    // MARK: tablets

    func invite(to site: String = "school-1") async throws -> String {
        struct Invitation: Decodable { var code: String }
        let asked = Array(#"{"town":"042056","site":"\#(site)"}"#.utf8)
        return try JSONDecoder().decode(Invitation.self, from: Data(try await call("POST", "/v1/devices/invitations", asked).body)).code
    }

    func enrol(at site: String = "school-1") async throws -> Device {
        let code = try await invite(to: site)
        let enrolled = try await call("POST", "/v1/devices", Array(#"{"code":"\#(code)","name":"tablet"}"#.utf8), token: nil)
        return try JSONDecoder().decode(Device.self, from: Data(enrolled.body))
    }

    /// A tablet on the line, past its greeting.
    func tablet(_ device: Device, lastEventID: String? = nil, query: String = "") async throws -> StreamLine {
        let line = try await StreamLine.connect(to: port)
        try await line.listen(token: device.token, lastEventID: lastEventID, query: query)
        try await eventually("the stream greets: \(line.text)") { line.isGreeted }
        return line
    }
}

extension HTTPAnswer {
    var problem: TestHub.Problem? {
        guard header("Content-Type") == "application/problem+json" else { return nil }
        return try? JSONDecoder().decode(TestHub.Problem.self, from: Data(body))
    }
}
