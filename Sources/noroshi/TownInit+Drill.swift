import AlertModel
import ArgumentParser
import ChannelKit
import Foundation
import Glibc

/// The first drill: sent by a person, as every act is. This machine's own key lets people in and sends nothing.
extension TownStart {
    mutating func drill() async throws {
        guard start.done?.settings != nil, start.done?.drill == nil, let town = start.town else { return }
        guard wish.drill || interview.isHeld else { return }
        guard await serves(town.code) else {
            guard wish.drill else { return }
            throw Exit.with(
                Exit.unreachable, "この町のハブが動いていません。noroshi serve --config \(wish.out) で動かしてから、もう一度 (no hub of this town runs: start it, then again)")
        }
        if !wish.drill, try !interview.agrees("はじめての訓練（お知らせ）を、訓練の送り先に出しますか (send a first drill?)") { return }
        let order: [String: Any] = [
            "town": town.code, "kind": "notice", "mode": "exercise", "title": "はじめての訓練",
            "body": "これは訓練です。\(town.name ?? "町")の防災情報が、この経路で届くかを確かめています。",
        ]
        let desk = try await signedIn()
        let answer = try await desk.send("POST", "/v1/alerts", Array(JSONLine.text(order).utf8)) as? [String: Any] ?? [:]
        guard let alert = answer["id"] as? String else { throw Exit.with(Exit.badData, "ハブの返事を読めません (the hub's answer cannot be read)") }
        start.done = with { $0.drill = alert }
        try start.write(notes)
        try await follow(alert, town.code, desk)
        await desk.close()
    }

    /// What became of it, as far as ten seconds tell.
    private func follow(_ alert: String, _ town: String, _ desk: Desk) async throws {
        let path = "/v1/deliveries" + HubClient.query([("town", town), ("alert", alert)])
        let ends: Set = ["delivered", "superseded", "annulled", "expired", "rejected", "skipped"]
        var rows: [[String: Any]] = []
        for _ in 0..<20 {
            rows = (try await desk.send("GET", path) as? [String: Any])?["deliveries"] as? [[String: Any]] ?? []
            if !rows.isEmpty, rows.allSatisfy({ ends.contains($0["state"] as? String ?? "") }) { break }
            try await Task.sleep(for: .milliseconds(500))
        }
        Terminal.complain(Terminal.table([["送り先 FAR END", "結果 STATE", ""]] + rows.map { row in
            ["\(row["channel"] ?? "")/\(row["endpoint"] ?? "")", row["state"] as? String ?? "", row["sentence"] as? String ?? ""]
        }))
    }

    /// Whether a hub answers that has the town; nobody is told where not.
    private func serves(_ town: String) async -> Bool {
        guard let client = try? keeper.hub.client(), let key = client.token ?? LocalKey.read(in: folder) else { return false }
        guard client.token != nil || HubAddress.isHere(URLComponents(string: client.address)?.host ?? "") else { return false }
        let own = HubClient(address: client.address, token: key, transport: client.transport, patience: .seconds(5))
        guard let answer = try? await own.call("GET", "/v1/towns", body: []), answer.status == 200,
            let value = try? JSONSerialization.jsonObject(with: Data(answer.body)) as? [String: Any]
        else { return false }
        return (value["towns"] as? [[String: Any]] ?? []).contains { $0["code"] as? String == town }
    }

    /// A hub with somebody at it: by the token that was said, else the first person by name and password.
    private struct Desk {
        let client: HubClient
        var headers: [(name: String, value: String)] = []

        func send(_ method: String, _ path: String, _ body: [UInt8] = []) async throws -> Any {
            try await client.send(method, path, body: body, headers: headers)
        }

        func close() async {
            guard !headers.isEmpty else { return }
            _ = try? await client.call("DELETE", "/v1/sessions/current", body: [], headers: headers)
        }
    }

    private func signedIn() async throws -> Desk {
        let client = try keeper.hub.client()
        guard client.token == nil else { return Desk(client: client) }
        guard let name = start.done?.person else {
            throw Exit.with(Exit.notAllowed, "訓練を出す人がいません。--person か --token を (nobody to send it: say --person or --token)")
        }
        var password = try GivenPassword.read(fromInput: false)
        if password == nil, interview.isHeld {
            Terminal.ask("\(name)さんのパスワード (password): ")
            password = Self.unseen { readLine() }
        }
        guard let password else {
            throw Exit.with(Exit.notAllowed, "\(name)さんのパスワードを NOROSHI_PASSWORD で、またはトークンを NOROSHI_TOKEN で渡してください (say the password or a token by the environment)")
        }
        let answer = try await client.exchange(
            "POST", "/v1/sessions", body: Array(JSONLine.text(["name": name, "password": password]).utf8))
        _ = try HubClient.value(of: answer)
        guard let cookie = answer.header("Set-Cookie")?.split(separator: ";").first else {
            throw Exit.with(Exit.badData, "ハブの返事を読めません (the hub's answer cannot be read)")
        }
        return Desk(client: client, headers: [("Cookie", String(cookie)), ("Origin", client.address)])
    }

    /// Without what is typed on the screen.
    private static func unseen<Value>(_ body: () -> Value) -> Value {
        var before = termios()
        guard isatty(STDIN_FILENO) == 1, tcgetattr(STDIN_FILENO, &before) == 0 else { return body() }
        var silent = before
        silent.c_lflag &= ~tcflag_t(ECHO)
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent)
        defer {
            tcsetattr(STDIN_FILENO, TCSAFLUSH, &before)
            Terminal.complain("")
        }
        return body()
    }
}
