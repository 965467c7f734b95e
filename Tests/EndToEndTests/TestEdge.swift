import ChannelKit
import Curl
import Foundation
import Glibc
import Testing

/// A running `noroshi edge` of school-1, with the spot at the station.
struct TestEdge: Sendable {
    let program: Program
    let folder: URL
    let port: Int
    private let transport: CurlTransport

    /// One that was started otherwise.
    init(program: Program, folder: URL, port: Int) throws {
        (self.program, self.folder, self.port, transport) = (program, folder, port, try CurlTransport())
    }

    /// - Parameter code: nil when the folder has its identity already.
    static func start(
        hub: Int, in folder: URL, code: String? = nil, spot: String? = "kesennuma-eki", shell: String? = nil, more: [String] = []
    ) async throws -> TestEdge {
        let program = try Program(arguments(hub: hub, in: folder, code: code, spot: spot) + more, shell: shell)
        let port = try await TestHub.port(of: program)
        return try TestEdge(program: program, folder: folder, port: port)
    }

    static func arguments(hub: Int, in folder: URL, code: String? = nil, spot: String? = nil) -> [String] {
        [
            "edge", "--hub", "http://127.0.0.1:\(hub)", "--site", "school-1", "--data", folder.path, "--listen", "127.0.0.1:0",
            // The hub's heartbeat comes every 15 s.
            "--patience", "20",
        ] + (code.map { ["--code", $0] } ?? []) + (spot.map { ["--spot", $0] } ?? [])
    }

    func call(
        _ method: String, _ path: String, _ body: [UInt8] = [], token: String? = nil,
        headers more: [(name: String, value: String)] = []
    ) async throws -> HTTPAnswer {
        var headers = more
        if let token { headers.append(("Authorization", "Bearer \(token)")) }
        if !body.isEmpty { headers.append(("Content-Type", "application/json")) }
        return try await transport.send(
            HTTPCall(method: method, url: "http://127.0.0.1:\(port)\(path)", headers: headers, body: body),
            deadline: .now.advanced(by: .seconds(30)))
    }

    func tablet(_ token: String, lastEventID: String? = nil, query: String = "") async throws -> StreamLine {
        let line = try await StreamLine.connect(to: port)
        try await line.listen(token: token, lastEventID: lastEventID, query: query)
        try await eventually("the edge greets: \(line.text)") { line.isGreeted }
        return line
    }

    func line() async throws -> String? {
        struct Ready: Decodable { var line: String }
        return try JSONDecoder().decode(Ready.self, from: Data(try await call("GET", "/readyz").body)).line
    }

    func knows(_ token: String) async throws -> Bool {
        try await call("GET", "/v1/catch-up", token: token).status == 200
    }

    func metric(_ name: String) async throws -> Double? {
        let text = try await call("GET", "/metrics").text
        return text.split(separator: "\n").first { $0.hasPrefix(name + " ") }.flatMap { Double($0.dropFirst(name.count + 1)) }
    }
}

extension TestHub {
    /// A hub that may come back under the same address, as a real one does.
    static func start(_ town: TownFile, in folder: URL, at port: Int) async throws -> TestHub {
        let program = try Program([
            "serve", "--config", folder.appending(path: "settings.yaml").path, "--data", folder.appending(path: "data").path,
            "--listen", "127.0.0.1:\(port)", "--templates", Program.package.appending(path: "Templates").path,
        ])
        _ = try await TestHub.port(of: program)
        return try TestHub(program: program, folder: folder, port: port)
    }

    func edgeCode(for site: String = "school-1") async throws -> String {
        struct Invitation: Decodable { var code: String }
        let body = Array(#"{"town":"042056","site":"\#(site)","role":"edge"}"#.utf8)
        let answer = try await call("POST", "/v1/devices/invitations", body)
        return try JSONDecoder().decode(Invitation.self, from: Data(answer.body)).code
    }

    struct Report: Decodable, Sendable { var id, site, device, occurred_at, received_at, body: String }
    func reports() async throws -> [Report] {
        struct Page: Decodable { var reports: [Report] }
        return try await get("/v1/reports?town=042056", as: Page.self).reports
    }
}
