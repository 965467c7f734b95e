internal import ChannelKit
internal import FoundationEssentials

/// The one-time address of a WebSocket, got by `POST /v2/socket`; good for five minutes and one connection.
struct DMDATATicket: Sendable {
    struct Failure: Error {
        let words: String
        /// The key or the contract is at fault: asking often does not help.
        var isOurFault = false
    }

    private struct Request: Encodable {
        let classifications: [String]
        let types: [String]?
        let test: String
        let appName = "noroshi"
        let formatMode = "raw"
    }

    private struct Ticket: Decodable {
        struct Socket: Decodable { var url: String }
        struct Complaint: Decodable { var message: String? }
        var status: String
        var websocket: Socket?
        var error: Complaint?
    }

    let url: String
    /// What time it is there.
    let time: Date?

    /// Asks for one. `key` goes into the header and nowhere else.
    static func get(
        _ settings: DMDATASource.Settings, _ transport: any HTTPTransport
    ) async throws(Failure) -> DMDATATicket {
        let request = Request(
            classifications: settings.classifications, types: settings.types,
            test: settings.includesDrills ? "including" : "no")
        guard let body = try? JSONEncoder().encode(request) else { throw Failure(words: "依頼を書けません (the request cannot be written)") }
        let call = HTTPCall(
            method: "POST", url: "\(settings.base)socket",
            headers: [
                ("Authorization", "Basic \(Data("\(settings.key):".utf8).base64EncodedString())"),
                ("Content-Type", "application/json"),
            ],
            body: Array(body), answerLimit: 64 << 10)
        let answer: HTTPAnswer
        do throws(TransportFailure) {
            answer = try await transport.send(call, deadline: .now + .seconds(15))
        } catch {
            switch error {
            case .unreachable(let words), .noAnswer(let words), .refused(let words): throw Failure(words: "socket: 接続を始められません: \(words) "
                + "(no socket)")
            case .cancelled: throw Failure(words: "止めました (stopped)")
            }
        }
        let read = try? JSONDecoder().decode(Ticket.self, from: Data(answer.body))
        guard answer.status == 200, let url = read?.websocket?.url else {
            let words = read?.error?.message.map { ": \($0.prefix(200))" } ?? ""
            throw Failure(
                words: "socket: \(answer.status)と答えました\(words) (answered so)", isOurFault: [400, 401, 402, 403].contains(answer.status))
        }
        return DMDATATicket(url: url, time: answer.serverTime)
    }
}
