import AlertModel
import ChannelKit
import ChannelKitTesting
import Crypto
import Foundation
import Synchronization

@testable import Push

/// A push service as RFC 8030 has it, with one browser behind it that decrypts what comes (RFC 8291), wakes, and asks the stream.
final class PushService: ConformanceFarEnd {
    struct Taken: Sendable {
        var path, topic, authorization: String
        var body: [UInt8]
        var text: String
        var ttl: Int
    }

    private struct State {
        var server: FarEndServer?
        var held: [HeldMessage] = []
        var seen = 0
        var taken: [Taken] = []
        var refused: [String] = []
    }
    private let state = Mutex(State())
    let key = P256.KeyAgreement.PrivateKey()
    let secret = Data(repeating: 5, count: 16)
    private let mode: ModeName
    private let stream: RecordingStream?
    private let shelf: Shelf?

    init(_ mode: ModeName = .actual, stream: RecordingStream? = nil, shelf: Shelf? = nil) { (self.mode, self.stream, self.shelf) = (mode, stream, shelf) }

    let repertoire = Set(FarEndBehaviour.allCases)
    let settings: [String: String] = [:]
    var server: FarEndServer? { state.withLock { $0.server } }
    var url: String { server?.url ?? "" }
    var taken: [Taken] { state.withLock { $0.taken } }
    /// Why calls were not taken.
    var refused: [String] { state.withLock { $0.refused } }

    func start() async throws {
        let server = try await FarEndServer { [self] in take($0) }
        state.withLock { $0.server = server }
        shelf?.put(self)
    }

    func stop() async {
        shelf?.remove(self)
        await server?.stop()
    }

    func setBehaviour(_ behaviour: FarEndBehaviour) async throws {
        guard let server else { return }
        state.withLock { $0.seen = server.requests.count }
        switch behaviour {
        case .well: server.behave { [self] in take($0) }
        case .slow: server.behave { [self] in after(take($0), .halfAnswer(201)) }
        case .silent: server.behave { [self] in after(take($0), .silent) }
        case .lying: server.behave { _ in .nonsense(Array("* OK IMAP4rev1\r\n".utf8)) }
        case .refusing: server.behave { _ in .answer(413, body: Array("too long".utf8)) }
        case .busy: server.behave { _ in .answer(429, headers: [("Retry-After", "7")]) }
        case .gone: await server.goDown()
        case .back:
            server.behave { [self] in take($0) }
            try await server.comeBack()
        }
    }

    private func after(_ taken: FarEndServer.Reply, _ reply: FarEndServer.Reply) -> FarEndServer.Reply { reply }

    func arrived() async { await server?.arrived(state.withLock { $0.seen } + 1) }
    func messagesHeld() async -> [HeldMessage] { state.withLock { $0.held } }

    func sleeper(_ device: String = "d-1", path: String = "/push/1", page: String? = nil, language: Language = .japanese) -> Sleeper {
        Sleeper(
            device: device, town: Sample.town.id, address: .browser(.init(endpoint: url + path, key: key.publicKey.x963Representation, secret: secret)), isForeign: false,
            language: language, page: page, asked: Sample.now)
    }

    private func take(_ request: FarEndServer.Request) -> FarEndServer.Reply {
        do {
            let one = try read(request)
            state.withLock { state in
                state.taken.append(one)
                wake(one, &state)
            }
            return .answer(201, headers: [("Location", url + "/message/1")])
        } catch {
            state.withLock { $0.refused.append("\(error)") }
            return .answer(400, body: Array("\(error)".utf8))
        }
    }

    struct Wrong: Error, CustomStringConvertible { let description: String }

    private func read(_ request: FarEndServer.Request) throws -> Taken {
        guard request.method == "POST", request.header("Content-Encoding") == "aes128gcm", request.header("Urgency") == "high" else { throw Wrong(description: "header") }
        guard let ttl = request.header("TTL").flatMap({ Int($0) }), ttl > 0 else { throw Wrong(description: "TTL") }
        guard let topic = request.header("Topic"), topic.count <= 32, topic.wholeMatch(of: /[A-Za-z0-9_-]+/) != nil else { throw Wrong(description: "Topic") }
        guard request.body.count <= 4_096 else { throw Wrong(description: "too long") }
        let authorization = request.header("Authorization") ?? ""
        try Self.check(authorization, at: url, now: Sample.now)
        let text = try Self.open(request.body, with: key, secret: secret)
        return Taken(path: request.path, topic: topic, authorization: authorization, body: request.body, text: String(decoding: text, as: UTF8.self), ttl: ttl)
    }

    /// RFC 8292, 2: whoever signs is the key beside it, speaks to us, and not for longer than a day.
    static func check(_ authorization: String, at origin: String, now: Date) throws {
        guard let match = authorization.wholeMatch(of: /vapid t=([^.]+)\.([^.]+)\.([^,]+), k=([A-Za-z0-9_-]{87})/) else { throw Wrong(description: "no ticket") }
        let head = try part(match.1), claims = try part(match.2)
        guard head["alg"] as? String == "ES256", let point = Data(base64URL: String(match.4)), let signature = Data(base64URL: String(match.3)),
              try P256.Signing.PublicKey(x963Representation: point).isValidSignature(.init(rawRepresentation: signature), for: Data("\(match.1).\(match.2)".utf8))
        else { throw Wrong(description: "the ticket's signature") }
        guard claims["aud"] as? String == origin else { throw Wrong(description: "aud") }
        guard let ends = claims["exp"] as? Double, ends > now.timeIntervalSince1970, ends <= now.timeIntervalSince1970 + 86_400 else { throw Wrong(description: "exp") }
        guard claims["sub"] as? String == "mailto:bosai@city.example.jp" else { throw Wrong(description: "sub") }
    }

    private static func part(_ text: Substring) throws -> [String: Any] {
        try JSONSerialization.jsonObject(with: Data(base64URL: String(text)) ?? Data()) as? [String: Any] ?? [:]
    }

    /// RFC 8188 and 8291 from the other side, with nothing of ours.
    static func open(_ body: [UInt8], with key: P256.KeyAgreement.PrivateKey, secret: Data) throws -> [UInt8] {
        guard body.count > 86 + 17, body[20] == 65 else { throw Wrong(description: "no record") }
        let salt = Array(body[..<16]), point = Data(body[21..<86]), own = key.publicKey.x963Representation
        let shared = try key.sharedSecretFromKeyAgreement(with: .init(x963Representation: point))
        let first = shared.hkdfDerivedSymmetricKey(using: SHA256.self, salt: secret, sharedInfo: Data("WebPush: info\0".utf8) + own + point, outputByteCount: 32)
        func derived(_ info: String, _ count: Int) -> SymmetricKey { HKDF<SHA256>.deriveKey(inputKeyMaterial: first, salt: salt, info: Data(info.utf8), outputByteCount: count) }
        let nonce = derived("Content-Encoding: nonce\0", 12).withUnsafeBytes { Data($0) }
        let text = try AES.GCM.open(.init(combined: nonce + body[86...]), using: derived("Content-Encoding: aes128gcm\0", 16))
        guard let mark = text.lastIndex(where: { $0 != 0 }), text[mark] == 2 else { throw Wrong(description: "no mark") }
        return Array(text[..<mark])
    }

    /// The device asks for what is newer, and keeps what it hears by the hint's topic.
    private func wake(_ one: Taken, _ state: inout State) {
        guard let hint = try? JSONSerialization.jsonObject(with: Data(one.text.utf8)) as? [String: Any], let own = hint["noroshi"] as? [String: String],
              own["mode"] == mode.rawValue, let stream, let place = own["position"].flatMap({ StreamPosition($0) }), place.offset > 0, stream.published.count >= place.offset
        else { return }
        let event = stream.published[Int(place.offset) - 1].event
        let text = String(decoding: event.data, as: UTF8.self), index = state.held.firstIndex { $0.id == one.topic }
        switch (index, event.isRevocation) {
        case (nil, true): break
        case (nil, false): state.held.append(HeldMessage(id: one.topic, text: text))
        case (let index?, true): state.held[index].isTakenBack = true
        case (let index?, false): state.held[index] = HeldMessage(id: one.topic, text: text)
        }
    }
}

/// Who sleeps: the browser behind the push service that stands last.
final class Shelf: WakeBook {
    private let state = Mutex<(services: [PushService], sleepers: [Sleeper], forgotten: [String])>(([], [], []))
    private let town = P256.Signing.PrivateKey()

    init(_ sleepers: [Sleeper] = []) { state.withLock { $0.sleepers = sleepers } }

    func put(_ service: PushService) { state.withLock { $0.services.append(service) } }
    func remove(_ service: PushService) { state.withLock { $0.services.removeAll { $0 === service } } }
    var forgotten: [String] { state.withLock { $0.forgotten } }

    func sleepers(at topic: StreamTopic) -> [Sleeper] {
        let (last, given, gone) = state.withLock { ($0.services.last, $0.sleepers, $0.forgotten) }
        return given.filter { !gone.contains($0.device) } + (last.map { [$0.sleeper()] } ?? [])
    }
    func forget(_ sleeper: Sleeper) { state.withLock { $0.forgotten.append(sleeper.device) } }
    func key(of town: TownID) -> [UInt8]? { [UInt8](self.town.rawRepresentation) }
}

extension Data {
    init?(base64URL text: String) {
        let plain = text.replacing("-", with: "+").replacing("_", with: "/")
        self.init(base64Encoded: plain + String(repeating: "=", count: (4 - plain.utf8.count % 4) % 4))
    }
}

/// The channel as it is in a hub: what a tablet asks for lies in the stream when the hint goes out.
struct Woken<M: Mode>: ChannelAdapter {
    static var manifest: ChannelManifest { Push<M>.manifest }
    private let push: Push<M>
    private let stream: any StreamPublisher

    init(_ setup: ChannelSetup<M>) throws(SettingsError) { (push, stream) = (try Push(setup), setup.stream) }

    func deliver(_ message: Message<M>, _ delivery: Delivery<M>) async throws(DeliveryFailure) -> Receipt {
        let text = message.texts[.japanese].map { $0.title + "\n" + $0.body } ?? ""
        stream.publish(
            StreamEvent(name: "alert", data: Array(text.utf8), key: message.alert.event.text, isRevocation: message.alert.message == .cancel),
            to: StreamTopic(town: delivery.farEnd.town, site: delivery.farEnd.id))
        return try await push.deliver(message, delivery)
    }
}
