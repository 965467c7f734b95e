/// One conversation with a broker: what waits, what is on the line, and what each answer means. A value: no socket, no clock, no lock.
///
///     begin ──▶ CONNECT ──CONNACK──▶ ready: SUBSCRIBE ─┐
///     offer ──▶ waiting ───────────────────────────────┴──▶ PUBLISH, in flight by its number ──PUBACK──▶ settled
///                  └── given up ──▶ gone                         └── given up: the number stays taken until its PUBACK
///
/// A number that was given up is not used again on this line: a late PUBACK would be taken for another's. A broker that leaves one
/// without an answer for `answerLimit`, or a PING, is given up itself.
import ChannelKit

struct Session {
    typealias Instant = ContinuousClock.Instant
    typealias Outcome = Result<String?, DeliveryFailure>

    struct Limits: Sendable {
        /// Waiting and in flight together. One is one state of one sign: more than a town has signs is a flood.
        var offers = 256
        var keepAlive: Duration = .seconds(15)
        var answer: Duration = .seconds(5)
    }

    struct Offer {
        let token: Int
        let topic: String
        let payload: [UInt8]
        let retain: Bool
        /// Seconds.
        let expiry: UInt32?
    }

    enum Step {
        case write([UInt8])
        /// The broker said yes.
        case ready
        case settled(Int, Outcome)
        case heard(Packet.Publication)
        /// Topics the broker does not let us read.
        case deaf([String])
        /// The line is of no use any more; everything is settled.
        case ended(DeliveryFailure)
    }

    let version: MQTTVersion
    let limits: Limits
    private(set) var isReady = false
    private(set) var server = Packet.ServerLimits()
    private var reader: PacketReader
    private var waiting: [Offer] = []
    private var flying: [UInt16: (token: Int?, since: Instant)] = [:]
    private var subscribing: [UInt16: [String]] = [:]
    private var pings: [Int] = []
    private var pingSince: Instant?
    private var lastWrite: Instant
    private var lastNumber: UInt16 = 0
    private var topics: [String]

    /// - Parameter topics: to be listened to once the broker has said yes.
    init(_ version: MQTTVersion, limits: Limits = Limits(), topics: [String], now: Instant) {
        self.version = version
        self.limits = limits
        self.topics = topics
        reader = PacketReader(version)
        lastWrite = now
    }

    var isIdle: Bool { waiting.isEmpty && flying.isEmpty && pings.isEmpty }

    // MARK: Asked

    /// Nil: there is no room.
    mutating func offer(_ offer: Offer, now: Instant) -> [Step]? {
        guard waiting.count + flying.count < limits.offers else { return nil }
        waiting.append(offer)
        return isReady ? send(now) : []
    }

    /// Whether somebody answers: a PING and its answer.
    mutating func ping(_ token: Int, now: Instant) -> [Step] {
        pings.append(token)
        return isReady ? write([.write(Packet.pingreq)], now, isPing: true) : []
    }

    mutating func listen(_ topic: String, now: Instant) -> [Step] {
        guard !topics.contains(topic) else { return [] }
        topics.append(topic)
        return isReady ? subscribe([topic], now) : []
    }

    mutating func giveUp(_ token: Int) {
        waiting.removeAll { $0.token == token }
        pings.removeAll { $0 == token }
        for (id, one) in flying where one.token == token { flying[id] = (nil, one.since) }
    }

    // MARK: The broker speaks

    mutating func input(_ octets: some Sequence<UInt8>, now: Instant) -> [Step] {
        let packets: [Packet.Incoming]
        do throws(Packet.Unreadable) {
            packets = try reader.take(octets)
        } catch {
            return end(.unavailable("ブローカーの言うことが読めません: \(error.words) (not readable)"))
        }
        var steps: [Step] = []
        for packet in packets {
            steps += read(packet, now)
            if case .ended = steps.last { break }
        }
        return steps
    }

    private mutating func read(_ packet: Packet.Incoming, _ now: Instant) -> [Step] {
        switch packet {
        case .connack(let code, let server):
            guard !isReady else { return end(.unavailable("ブローカーがCONNACKを二度返しました (CONNACK twice)")) }
            if code != 0 { return end(BrokerAnswer.connection(code, version)) }
            guard server.hasQoS1 else { return end(.misconfigured("ブローカーが QoS 1 を受け付けません (no QoS 1)")) }
            self.server = server
            isReady = true
            var steps: [Step] = [.ready]
            if !topics.isEmpty { steps += subscribe(topics, now) }
            if !pings.isEmpty { steps += write([.write(Packet.pingreq)], now, isPing: true) }
            return steps + send(now)
        case _ where !isReady: return end(.unavailable("ブローカーがCONNACKの前に話しました (spoke before CONNACK)"))
        case .publish(let publication):
            // Answered each time it comes; what a device says twice is one answer (`Answers`).
            let answer = publication.id.map { write([.write(Packet.puback($0))], now) } ?? []
            return answer + [.heard(publication)]
        case .puback(let id, let reason):
            // A number we do not know, or a second time: nothing hangs on it.
            guard let one = flying.removeValue(forKey: id) else { return [] }
            let settled = one.token.map { [Step.settled($0, BrokerAnswer.publication(reason))] } ?? []
            return settled + send(now)
        case .suback(let id, let codes):
            let asked = subscribing.removeValue(forKey: id) ?? []
            let refused = zip(asked, codes).filter { $0.1 >= 0x80 }.map(\.0)
            return refused.isEmpty ? [] : [.deaf(refused)]
        case .pingresp:
            pingSince = nil
            defer { pings = [] }
            return pings.map { .settled($0, .success(nil)) }
        case .disconnect(let reason): return end(BrokerAnswer.connection(reason, version))
        case .other: return []
        }
    }

    // MARK: Time

    mutating func tick(now: Instant) -> [Step] {
        guard isReady else { return [] }
        if let pingSince, now - pingSince > limits.answer { return end(.unavailable("ブローカーが生存確認に答えません (no answer to PING)")) }
        if let oldest = flying.values.map(\.since).min(), now - oldest > limits.answer {
            return end(.unavailable("ブローカーが配信に返事をしません (no PUBACK)"))
        }
        let pause = server.keepAlive.map { min(limits.keepAlive, .seconds(max(1, $0 / 2))) } ?? limits.keepAlive
        guard now - lastWrite >= pause, pingSince == nil else { return [] }
        return write([.write(Packet.pingreq)], now, isPing: true)
    }

    /// The line is gone. Everybody who waits hears why.
    mutating func end(_ failure: DeliveryFailure) -> [Step] {
        let tokens = waiting.map(\.token) + flying.values.compactMap(\.token) + pings
        (waiting, flying, pings, subscribing, pingSince, isReady) = ([], [:], [], [:], nil, false)
        return tokens.map { .settled($0, .failure(failure)) } + [.ended(failure)]
    }

    // MARK: Pieces

    private mutating func send(_ now: Instant) -> [Step] {
        var steps: [Step] = []
        // As many as the broker takes at once (3.3.4), and no more than half of the numbers there are.
        while let next = waiting.first, flying.count < min(server.receiveMaximum, 0x7FFF) {
            waiting = Array(waiting.dropFirst(1))
            let id = number()
            let octets = Packet.publish(version, id: id, topic: next.topic, payload: next.payload, retain: next.retain, expiry: next.expiry)
            guard octets.count <= server.packet else {
                steps.append(.settled(next.token, .failure(.rejected("\(octets.count)オクテットあり、ブローカーの上限\(server.packet)を超えます (too long for the broker)"))))
                continue
            }
            guard server.canRetain || !next.retain else {
                steps.append(.settled(next.token, .failure(.misconfigured("ブローカーが保持（retain）を受け付けません (retain is not available)"))))
                continue
            }
            flying[id] = (next.token, now)
            steps += write([.write(octets)], now)
        }
        return steps
    }

    private mutating func subscribe(_ topics: [String], _ now: Instant) -> [Step] {
        let id = number()
        subscribing[id] = topics
        return write([.write(Packet.subscribe(version, id: id, topics: topics))], now)
    }

    private mutating func write(_ steps: [Step], _ now: Instant, isPing: Bool = false) -> [Step] {
        lastWrite = now
        if isPing { pingSince = pingSince ?? now }
        return steps
    }

    /// One that nobody waits under: not zero (2.2.1).
    private mutating func number() -> UInt16 {
        // Of dictionaries: what is not there is nil.
        repeat { lastNumber = lastNumber == .max ? 1 : lastNumber + 1 } while flying[lastNumber] != nil || subscribing[lastNumber] != nil
        return lastNumber
    }
}

/// What a broker's codes mean (3.2.2.2, 3.4.2.1, 3.14.2.1; 3.1.1: 3.2.2.3).
enum BrokerAnswer {
    static func connection(_ code: UInt8, _ version: MQTTVersion) -> DeliveryFailure {
        let said = "\(name(code))（0x\(String(code, radix: 16))）"
        switch code {
        case 0x01, 0x84:
            return .misconfigured("ブローカーが MQTT \(version.word) を話しません。version を \(version == .v5 ? "3.1.1" : "5") にしてみてください (the broker does not speak this version)")
        case 0x02, 0x85: return .misconfigured("ブローカーが client_id を断りました: \(said) (client identifier refused)")
        case 0x04, 0x05, 0x86, 0x87, 0x8A, 0x8C: return .misconfigured("ブローカーが接続を断りました: \(said) (the broker does not let us in)")
        case 0x90, 0x95, 0x99, 0x9A, 0x9B, 0x9C, 0x9D: return .misconfigured("ブローカーの条件に合いません: \(said) (not as the broker wants it)")
        case 0x89, 0x97, 0x9F: return .throttled(retryAfter: .seconds(2))
        default: return .unavailable("ブローカーが接続を切りました: \(said) (the broker ended the line)")
        }
    }

    static func publication(_ reason: UInt8) -> Session.Outcome {
        switch reason {
        case 0: .success(nil)
        case 0x10: .success("受け取っている端末がありません (nobody listens)")
        case 0x87: .failure(.misconfigured("ブローカーがこのトピックへの配信を許していません（0x87） (not authorised to publish here)"))
        case 0x90: .failure(.misconfigured("ブローカーがこのトピックの名前を断りました（0x90） (topic name refused)"))
        case 0x97: .failure(.throttled(retryAfter: .seconds(2)))
        case 0x99: .failure(.rejected("ブローカーが内容の形式を断りました（0x99） (payload refused)"))
        default: .failure(.unavailable("ブローカーが受け取れません（0x\(String(reason, radix: 16))） (not now)"))
        }
    }

    private static func name(_ code: UInt8) -> String {
        switch code {
        case 0x00: "終了"
        case 0x02, 0x85: "クライアント名"
        case 0x03, 0x88: "停止中"
        case 0x04, 0x86: "利用者名かパスワード"
        case 0x05, 0x87: "権限がない"
        case 0x89: "混雑"
        case 0x8A: "拒否リスト"
        case 0x8B: "ブローカーの終了"
        case 0x8D: "時間切れ"
        case 0x8E: "同じ client_id の別の接続"
        case 0x95: "長すぎる"
        case 0x97, 0x9F: "量の上限"
        default: "理由"
        }
    }
}
