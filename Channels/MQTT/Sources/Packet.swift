/// MQTT control packets, as far as a publisher needs them that listens to its devices' answers.
///
///     kind and flags (1) │ length of the rest (1…4, seven bits each) │ rest
///
/// MQTT Version 3.1.1 (OASIS Standard, 2014-10-29) and Version 5.0 (OASIS Standard, 2019-03-07); section numbers below are those of
/// 5.0. What a broker sends is a stranger's: bounded, read once, refused with its reason.
enum MQTTVersion: UInt8, Sendable {
    case v311 = 4
    case v5 = 5

    var word: String { self == .v5 ? "5" : "3.1.1" }
}

enum Packet {
    /// What a broker says to us.
    enum Incoming: Equatable {
        case connack(code: UInt8, ServerLimits)
        case publish(Publication)
        /// `reason` 0 in 3.1.1, which has none.
        case puback(id: UInt16, reason: UInt8)
        case suback(id: UInt16, codes: [UInt8])
        case pingresp
        case disconnect(reason: UInt8)
        /// Of the protocol, and nothing to us.
        case other
    }

    struct Publication: Equatable {
        var topic: String
        var payload: [UInt8]
        var retained: Bool
        /// QoS 1: to be answered, also where it comes again.
        var id: UInt16?
    }

    /// What the broker's yes to CONNECT says of itself (3.2.2.3); the defaults are those of a broker that says nothing.
    struct ServerLimits: Equatable {
        var receiveMaximum = 65_535
        var packet = Int.max
        var canRetain = true
        var hasQoS1 = true
        var keepAlive: Int?
    }

    struct Will {
        var topic: String
        var payload: [UInt8]
    }

    struct Unreadable: Error, Equatable { let words: String }

    // MARK: Ours

    static func connect(_ version: MQTTVersion, client: String, keepAlive: UInt16, login: (user: String, password: String)?, will: Will, packetLimit: UInt32) -> [UInt8] {
        var rest = Self.text("MQTT") + [version.rawValue]
        // User name, password, will retained, will QoS 1, will, clean start (3.1.2.3).
        rest.append((login == nil ? 0 : 0xC0) | 0x20 | 0x08 | 0x04 | 0x02)
        rest += two(keepAlive)
        // 0x27: the longest packet we read (3.1.2.11.4).
        if version == .v5 { rest += [5, 0x27] + (0..<4).map { UInt8(truncatingIfNeeded: packetLimit >> (24 - 8 * $0)) } }
        rest += text(client)
        if version == .v5 { rest.append(0) }
        rest += text(will.topic) + two(UInt16(clamping: will.payload.count)) + will.payload
        if let login { rest += text(login.user) + text(login.password) }
        return packet(0x10, rest)
    }

    /// QoS 1.
    /// - Parameter expiry: seconds, after which a broker hands it to nobody any more (3.3.2.3.3); 3.1.1 has no word for it.
    static func publish(_ version: MQTTVersion, id: UInt16, topic: String, payload: [UInt8], retain: Bool, expiry: UInt32?) -> [UInt8] {
        var rest = text(topic) + two(id)
        if version == .v5 {
            // 0x01 1: it is UTF-8 (3.3.2.3.2).
            var properties: [UInt8] = [0x01, 1]
            if let expiry { properties += [0x02] + (0..<4).map { UInt8(truncatingIfNeeded: expiry >> (24 - 8 * $0)) } }
            rest += length(properties.count) + properties
        }
        return packet(0x30 | 0x02 | (retain ? 0x01 : 0), rest + payload)
    }

    static func puback(_ id: UInt16) -> [UInt8] { packet(0x40, two(id)) }

    static func subscribe(_ version: MQTTVersion, id: UInt16, topics: [String]) -> [UInt8] {
        var rest = two(id)
        if version == .v5 { rest.append(0) }
        for topic in topics { rest += text(topic) + [1] }
        return packet(0x82, rest)
    }

    static let pingreq: [UInt8] = [0xC0, 0]
    static let disconnect: [UInt8] = [0xE0, 0]

    // MARK: Pieces

    static func packet(_ head: UInt8, _ rest: [UInt8]) -> [UInt8] { [head] + length(rest.count) + rest }

    /// Seven bits an octet, the lowest first (1.5.5).
    static func length(_ count: Int) -> [UInt8] {
        var octets: [UInt8] = [], left = count
        repeat {
            let seven = UInt8(left & 0x7F)
            left >>= 7
            octets.append(left > 0 ? seven | 0x80 : seven)
        } while left > 0
        return octets
    }

    /// Eight bits each, the high ones first.
    static func two(_ number: UInt16) -> [UInt8] { [UInt8(number >> 8), UInt8(number & 0xFF)] }
    /// What is longer than the format has room for is refused where settings are read.
    static func text(_ text: String) -> [UInt8] { two(UInt16(clamping: text.utf8.count)) + text.utf8 }
}

/// Takes octets as they come and gives whole packets.
struct PacketReader {
    let version: MQTTVersion
    /// Octets of one packet: answers of devices are short.
    static let limit: UInt32 = 64 << 10
    private var pending: [UInt8] = []

    init(_ version: MQTTVersion) { self.version = version }

    mutating func take(_ octets: some Sequence<UInt8>) throws(Packet.Unreadable) -> [Packet.Incoming] {
        pending += octets
        var packets: [Packet.Incoming] = []
        var walk = Octets(pending[...])
        while let (head, rest) = try frame(&walk) { packets.append(try read(head, Octets(rest))) }
        pending = Array(walk.left)
        return packets
    }

    /// Nil where it has not all come.
    private func frame(_ walk: inout Octets) throws(Packet.Unreadable) -> (UInt8, ArraySlice<UInt8>)? {
        var ahead = walk
        guard let head = ahead.one() else { return nil }
        var count = 0
        for place in 0..<4 {
            guard let octet = ahead.one() else { return nil }
            count |= Int(octet & 0x7F) << (7 * place)
            guard octet & 0x80 != 0 else {
                guard count <= Int(Self.limit) else { throw .init(words: "\(count)オクテットの長すぎる電文です (too long)") }
                guard let rest = ahead.several(count) else { return nil }
                walk = ahead
                return (head, rest)
            }
        }
        throw .init(words: "MQTTの長さではありません (no length of MQTT)")
    }

    private func read(_ head: UInt8, _ octets: Octets) throws(Packet.Unreadable) -> Packet.Incoming {
        var rest = octets
        let broken = Packet.Unreadable(words: "種別\(head >> 4)の電文が途中で切れています (cut short)")
        switch head >> 4 {
        case 2:
            guard rest.one() != nil, let code = rest.one() else { throw broken }
            // A broker that speaks 3.1.1 alone answers a 5 in its own form, without properties (3.1.2.2).
            return .connack(code: code, version == .v5 && !rest.left.isEmpty ? try limits(&rest) : .init())
        case 3:
            guard let topic = rest.text() else { throw broken }
            var id: UInt16?
            if head & 0x06 != 0 {
                guard head & 0x06 == 0x02, let number = rest.two(), number != 0 else { throw .init(words: "QoS 1でも0でもない配信です (neither QoS 0 nor 1)") }
                id = number
            }
            if version == .v5 {
                guard let count = rest.length(), rest.several(count) != nil else { throw broken }
            }
            return .publish(.init(topic: topic, payload: Array(rest.left), retained: head & 0x01 != 0, id: id))
        case 4:
            guard let id = rest.two() else { throw broken }
            // Nothing behind the number is "success" (3.4.2.1).
            return .puback(id: id, reason: rest.one() ?? 0)
        case 9:
            guard let id = rest.two() else { throw broken }
            if version == .v5 {
                guard let count = rest.length(), rest.several(count) != nil else { throw broken }
            }
            return .suback(id: id, codes: Array(rest.left))
        case 13: return .pingresp
        case 14 where version == .v5: return .disconnect(reason: rest.one() ?? 0)
        case 5, 6, 7, 11, 15: return .other
        default: throw .init(words: "ブローカーが送るはずのない種別\(head >> 4)の電文です (no packet of a broker)")
        }
    }

    private func limits(_ rest: inout Octets) throws(Packet.Unreadable) -> Packet.ServerLimits {
        guard let count = rest.length(), let properties = rest.several(count) else { throw .init(words: "CONNACKの属性が読めません (properties not readable)") }
        var walk = Octets(properties), limits = Packet.ServerLimits()
        while let name = walk.one() {
            // How long each is: 3.2.2.3.
            let value: Int?
            switch name {
            case 0x24, 0x25, 0x28, 0x29, 0x2A: value = walk.one().map { Int($0) }
            case 0x13, 0x21, 0x22: value = walk.two().map { Int($0) }
            case 0x11, 0x27: value = walk.several(4).map { $0.reduce(0) { $0 << 8 | Int($1) } }
            case 0x12, 0x15, 0x16, 0x1A, 0x1C, 0x1F: value = walk.two().flatMap { walk.several(Int($0)) }.map { _ in 0 }
            case 0x26: value = walk.text().flatMap { _ in walk.text() }.map { _ in 0 }
            default: value = nil
            }
            guard let value else { throw .init(words: "CONNACKの属性\(name)が読めません (a property is not readable)") }
            switch name {
            case 0x13: limits.keepAlive = value
            case 0x21: limits.receiveMaximum = max(1, value)
            case 0x24: limits.hasQoS1 = value > 0
            case 0x25: limits.canRetain = value > 0
            case 0x27: limits.packet = value
            default: break
            }
        }
        return limits
    }
}

/// Octets in order; what is not there is nil.
private struct Octets {
    private(set) var left: ArraySlice<UInt8>
    init(_ octets: ArraySlice<UInt8>) { left = octets }

    mutating func one() -> UInt8? { left.popFirst() }
    mutating func several(_ count: Int) -> ArraySlice<UInt8>? {
        guard count >= 0, count <= left.count else { return nil }
        // As many as there are, asked above.
        defer { left = left.dropFirst(count) }
        // As many as there are, asked above.
        return left.prefix(count)
    }
    mutating func two() -> UInt16? { several(2).map { $0.reduce(0) { $0 << 8 | UInt16($1) } } }
    mutating func text() -> String? { two().flatMap { several(Int($0)) }.flatMap { String(validating: $0, as: UTF8.self) } }
    mutating func length() -> Int? {
        var count = 0
        for place in 0..<4 {
            guard let octet = one() else { return nil }
            count |= Int(octet & 0x7F) << (7 * place)
            if octet & 0x80 == 0 { return count }
        }
        return nil
    }
}
