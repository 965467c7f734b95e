import ArgumentParser
import ChannelKit
import Curl
import Foundation

/// How every command that talks to a hub finds it.
struct HubLink: ParsableArguments {
    @OptionGroup var place: HubAddress
    @Option(help: "担当者のトークン（または NOROSHI_TOKEN） (operator's token)") var token: String?

    func client() throws -> HubClient {
        HubClient(
            address: try place.checked(), token: token ?? ProcessInfo.processInfo.environment["NOROSHI_TOKEN"],
            transport: try CurlTransport(place.configuration()))
    }
}

/// And how most of them answer.
struct HubOptions: ParsableArguments {
    @OptionGroup var link: HubLink
    @Option(help: "table は人、json はプログラムのため（一行に一つ） (table for people, json for programs: one object a line)") var format: OutputFormat = .table

    var token: String? { link.token }
    var address: String { link.place.written }

    func client() throws -> HubClient { try link.client() }
}

enum OutputFormat: String, ExpressibleByArgument, CaseIterable {
    case table, json
}

/// The hub from outside.
struct HubClient: Sendable {
    let address: String
    let token: String?
    let transport: CurlTransport
    /// Of an answer. What reads a whole record takes longer.
    var patience = Duration.seconds(30)

    func get(_ path: String) async throws -> Any { try await send("GET", path) }

    /// The answer's JSON. What the hub refuses ends the command with its reason.
    func send(
        _ method: String, _ path: String, body: [UInt8] = [], type: String = "application/json",
        headers: [(name: String, value: String)] = []
    ) async throws -> Any {
        let answer = try await exchange(method, path, body: body, type: type, headers: headers)
        return try Self.value(of: answer)
    }

    static func value(of answer: HTTPAnswer) throws -> Any {
        guard (200..<300).contains(answer.status) else { throw Self.refusal(answer) }
        guard !answer.body.isEmpty else { return [String: Any]() }
        guard let value = try? JSONSerialization.jsonObject(with: Data(answer.body)) else {
            throw Exit.with(Exit.badData, "ハブの返事を読めません (the hub's answer is no JSON): \(answer.text.prefix(200))")
        }
        return value
    }

    func exchange(
        _ method: String, _ path: String, body: [UInt8] = [], type: String = "application/json",
        headers: [(name: String, value: String)] = []
    ) async throws -> HTTPAnswer {
        do throws(TransportFailure) {
            return try await call(method, path, body: body, type: type, headers: headers)
        } catch {
            throw unreachable(error)
        }
    }

    func call(
        _ method: String, _ path: String, body: [UInt8], type: String = "application/json",
        headers more: [(name: String, value: String)] = []
    ) async throws(TransportFailure) -> HTTPAnswer {
        var headers = more
        if let token { headers.append(("Authorization", "Bearer \(token)")) }
        if !body.isEmpty { headers.append(("Content-Type", type)) }
        return try await transport.send(
            HTTPCall(method: method, url: address + path, headers: headers, body: body, answerLimit: 64 << 20),
            deadline: .now.advanced(by: patience))
    }

    func unreachable(_ failure: TransportFailure) -> any Error {
        Exit.with(Exit.unreachable, "\(address) のハブに届きません。--hub か NOROSHI_HUB で場所を確かめてください (no hub there: \(failure))")
    }

    static func refusal(_ answer: HTTPAnswer) -> any Error {
        let code: Int32 =
            switch answer.status {
            case 401, 403: Exit.notAllowed
            case 409: Exit.changed
            case 500...599: Exit.unreachable
            default: Exit.badData
            }
        return Exit.with(code, "\(words(answer)) [\(answer.status)]" + (answer.status == 409 ? standing(answer) : ""))
    }

    /// What stands now, where somebody was faster.
    private static func standing(_ answer: HTTPAnswer) -> String {
        let problem = (try? JSONSerialization.jsonObject(with: Data(answer.body))) as? [String: Any]
        var words = ""
        if let by = problem?["changed_by"] as? String {
            words += "\n変えた人 \(by)  時刻 \(StandingTable.short(problem?["changed_at"] as? String ?? "—")) (changed by, at)"
        }
        if let table = problem?["standing"] as? [String: Any] {
            let now = StandingTable.words(table)
            words += "\nいまの状況 (standing, version \(table["version"] ?? "")):\n" + (now.isEmpty ? "何も出ていません (nothing is in force)" : now)
        }
        return words
    }

    /// One step of a path.
    static func step(_ text: String) -> String {
        var allowed = CharacterSet.alphanumerics
        allowed.insert(charactersIn: "-._~")
        return text.addingPercentEncoding(withAllowedCharacters: allowed) ?? text
    }

    static func words(_ answer: HTTPAnswer) -> String {
        let problem = (try? JSONSerialization.jsonObject(with: Data(answer.body))) as? [String: Any]
        return problem?["detail"] as? String ?? problem?["title"] as? String ?? answer.text
    }

    static func query(_ pairs: [(String, String?)]) -> String {
        var allowed = CharacterSet.alphanumerics
        allowed.insert(charactersIn: "-._~")
        let parts = pairs.compactMap { name, value in
            value.flatMap { $0.addingPercentEncoding(withAllowedCharacters: allowed) }.map { "\(name)=\($0)" }
        }
        return parts.isEmpty ? "" : "?" + parts.joined(separator: "&")
    }
}

/// One JSON object a line.
enum JSONLine {
    static func text(_ value: Any) -> String {
        guard let data = try? JSONSerialization.data(withJSONObject: value, options: [.sortedKeys, .withoutEscapingSlashes])
        else { return "{}" }
        return String(decoding: data, as: UTF8.self)
    }
}
