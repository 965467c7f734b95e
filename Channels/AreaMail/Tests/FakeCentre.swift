import CellBroadcast
import ChannelKit
import FoundationEssentials
import Synchronization

/// A cell-broadcast centre as osmo-cbc behaves, in memory: one message per identifier, 409 for a second, 404 for an
/// unknown one. What it does next can be written down before it is asked.
final class FakeCentre: HTTPTransport {
    enum Turn: Sendable {
        case answer(Int, String = "", headers: [(name: String, value: String)] = [])
        /// The message is taken and the answer lost.
        case takenThenLost
        /// As if nothing had been written down.
        case works
        case failure(TransportFailure)
    }

    struct Call: Sendable, Hashable {
        var line: String
        var message: ECBEMessage?
    }

    private struct Held {
        var active: [Int: ECBEMessage] = [:]
        var calls: [Call] = []
        var turns: [Turn] = []
    }
    private let held = Mutex(Held())

    /// The next calls go like this; after them the centre works.
    func next(_ turns: Turn...) { held.withLock { $0.turns += turns } }
    var calls: [Call] { held.withLock { $0.calls } }
    var lines: [String] { calls.map(\.line) }
    var active: [Int: ECBEMessage] { held.withLock { $0.active } }
    func forgetCalls() { held.withLock { $0.calls = [] } }

    func send(_ call: HTTPCall, deadline: ContinuousClock.Instant) async throws(TransportFailure) -> HTTPAnswer {
        let path = call.url.replacing("http://127.0.0.1:12345/api/ecbe/v1", with: "")
        let message = try? JSONDecoder().decode(ECBEMessage.self, from: Data(call.body))
        let outcome: Result<HTTPAnswer, TransportFailure> = held.withLock { held in
            held.calls.append(Call(line: "\(call.method) \(path)", message: message))
            if !held.turns.isEmpty {
                switch held.turns.removeFirst() {
                case .answer(let status, let text, let headers):
                    return .success(HTTPAnswer(status: status, headers: headers, body: Array(text.utf8)))
                case .failure(let failure): return .failure(failure)
                case .works: return .success(Self.work(&held, call.method, path, message))
                case .takenThenLost:
                    _ = Self.work(&held, call.method, path, message)
                    return .failure(.noAnswer("timed out"))
                }
            }
            return .success(Self.work(&held, call.method, path, message))
        }
        return try outcome.get()
    }

    private static func work(_ held: inout Held, _ method: String, _ path: String, _ message: ECBEMessage?) -> HTTPAnswer {
        if method == "POST", let message {
            let key = message.smscb_message.message_id
            guard held.active[key] == nil else { return HTTPAnswer(status: 409, body: Array("Could not allocate".utf8)) }
            held.active[key] = message
            return HTTPAnswer(status: 201, body: Array("Created".utf8))
        }
        guard let key = path.split(separator: "/").last.flatMap({ Int($0) }), held.active.removeValue(forKey: key) != nil
        else { return HTTPAnswer(status: 404, body: Array("Unknown message ID".utf8)) }
        return HTTPAnswer(status: 200, body: Array("OK".utf8))
    }
}

extension ECBEMessage {
    var serial: SerialNumber { SerialNumber(encoded: UInt16(smscb_message.serial_nr.serial_nr_encoded ?? 0)) }
    var text: String? {
        guard let encoded = smscb_message.payload.payload_encoded else { return nil }
        return try? PagedText(codingScheme: UInt8(encoded.dcs), pages: encoded.pages.compactMap { Hex.octets($0) }).text
    }
}

/// A notebook in memory.
final class PaperNotebook: Notebook {
    private let pages = Mutex<[String: [UInt8]]>([:])
    func read(_ key: String) -> [UInt8]? { pages.withLock { $0[key] } }
    func write(_ key: String, _ value: [UInt8]?) { pages.withLock { $0[key] = value } }
    func keys(prefix: String) -> [String] { pages.withLock { $0.keys.filter { $0.hasPrefix(prefix) }.sorted() } }
}

struct NoStream: StreamPublisher {
    func publish(_ event: StreamEvent, to topic: StreamTopic) -> (position: StreamPosition, live: Int) {
        (StreamPosition(epoch: 0, offset: 0), 0)
    }
}
