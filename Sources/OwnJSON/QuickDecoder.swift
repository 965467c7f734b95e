/// Thrown where JSONDecoder has to be asked; nobody sees it.
struct Unusual: Error {}

/// A text's values as Codable asks for them. What is unusual is thrown, and the whole text is read by JSONDecoder then.
struct QuickDecoder: Decoder {
    let pool: TextPool
    let at: Int

    init(tape: Tape, at: Int) {
        pool = TextPool(tape)
        self.at = at
    }

    fileprivate init(pool: TextPool, at: Int) {
        self.pool = pool
        self.at = at
    }

    var codingPath: [any CodingKey] { [] }
    var userInfo: [CodingUserInfoKey: Any] { [:] }

    func container<Key: CodingKey>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<Key> {
        KeyedDecodingContainer(try Members<Key>(pool: pool, object: at))
    }

    func unkeyedContainer() throws -> any UnkeyedDecodingContainer { try Elements(pool: pool, list: at) }
    func singleValueContainer() throws -> any SingleValueDecodingContainer { Single(pool: pool, at: at) }
}

/// The values of one text, and its longer strings: a name that stands in it ten times is in memory once.
final class TextPool {
    private let tape: Tape
    private var known: [UInt64: (place: Int, text: String)] = [:]

    init(_ tape: Tape) { self.tape = tape }

    func value(_ at: Int) -> Tape.Value { tape.values[at] }

    /// Where the value of a key of this object stands. Where it is there twice JSONDecoder is asked which one counts.
    func place(of key: String, in object: Int) throws -> Int? {
        let end = tape.values[object].next, length = key.utf8.count
        var found: Int?, at = object + 1
        while at < end {
            let name = tape.values[at]
            if name.isEscaped ? try text(at) == key : name.end - name.start == length && isText(name, key) {
                guard found == nil else { throw Unusual() }
                found = at + 1
            }
            at = tape.values[at + 1].next
        }
        return found
    }

    private func isText(_ value: Tape.Value, _ key: String) -> Bool {
        var at = value.start
        for octet in key.utf8 {
            guard tape.octets[at] == octet else { return false }
            at += 1
        }
        return true
    }

    func text(_ at: Int) throws -> String {
        let value = tape.values[at]
        guard value.kind == .text else { throw Unusual() }
        let octets = tape.octets[value.start..<value.end]
        // Shorter ones stand in the value itself.
        guard octets.count > 15 else { return Self.make(octets, value.isEscaped) }
        let sum = octets.reduce(0xcbf2_9ce4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x0000_0100_0000_01b3 }
        if let (place, text) = known[sum], case let other = tape.values[place], tape.octets[other.start..<other.end] == octets { return text }
        let text = Self.make(octets, value.isEscaped)
        known[sum] = (at, text)
        return text
    }

    private static func make(_ octets: ArraySlice<UInt8>, _ isEscaped: Bool) -> String {
        // They are UTF-8: the tape has looked.
        String(decoding: isEscaped ? plain(octets)[...] : octets, as: UTF8.self)
    }

    /// Without its backslashes, of which the tape knows what they stand before.
    private static func plain(_ octets: ArraySlice<UInt8>) -> [UInt8] {
        var plain: [UInt8] = []
        plain.reserveCapacity(octets.count)
        var isBehind = false
        for octet in octets {
            guard isBehind || octet != UInt8(ascii: "\\") else {
                isBehind = true
                continue
            }
            plain.append(isBehind ? meaning(octet) : octet)
            isBehind = false
        }
        return plain
    }

    private static func meaning(_ octet: UInt8) -> UInt8 {
        switch octet {
        case UInt8(ascii: "n"): 0x0A
        case UInt8(ascii: "r"): 0x0D
        case UInt8(ascii: "t"): 0x09
        default: octet
        }
    }

    func truth(_ at: Int) throws -> Bool {
        switch tape.values[at].kind {
        case .yes: true
        case .no: false
        default: throw Unusual()
        }
    }

    /// Digits, and a minus before them.
    func whole<Number: FixedWidthInteger>(_ at: Int) throws -> Number {
        let value = tape.values[at]
        let digits = tape.octets[value.start..<value.end]
        let isNegative = digits.first == UInt8(ascii: "-"), plain = isNegative ? digits.dropFirst() : digits
        guard value.kind == .number, let first = plain.first, first != UInt8(ascii: "0") || plain.count == 1, plain.count < 19 else { throw Unusual() }
        var number: Int64 = 0
        for digit in plain {
            guard digit >= UInt8(ascii: "0"), digit <= UInt8(ascii: "9") else { throw Unusual() }
            number = number * 10 + Int64(digit - UInt8(ascii: "0"))
        }
        guard let number = Number(exactly: isNegative ? -number : number) else { throw Unusual() }
        return number
    }

    func fraction(_ at: Int) throws -> Double {
        let value = tape.values[at], octets = tape.octets[value.start..<value.end]
        guard value.kind == .number, Self.isPlain(octets), let number = Double(String(decoding: octets, as: UTF8.self)), number.isFinite
        else { throw Unusual() }
        return number
    }

    /// As JSON has it, and no other way that Swift reads too.
    private static func isPlain(_ octets: ArraySlice<UInt8>) -> Bool {
        var rest = octets.first == UInt8(ascii: "-") ? octets.dropFirst() : octets
        func digits() -> Int {
            let digits = rest.prefix { $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") }.count
            rest = rest.dropFirst(digits)
            return digits
        }
        let isZero = rest.first == UInt8(ascii: "0"), whole = digits()
        guard whole > 0, !isZero || whole == 1 else { return false }
        if rest.first == UInt8(ascii: ".") {
            rest = rest.dropFirst()
            guard digits() > 0 else { return false }
        }
        return rest.isEmpty
    }

    /// What a type is made of: some are asked for directly, all others make themselves.
    func make<Value: Decodable>(_ type: Value.Type, _ at: Int) throws -> Value {
        guard !OwnJSON.isSpecial(type) else { throw Unusual() }
        return try type.init(from: QuickDecoder(pool: self, at: at))
    }
}

private struct Members<Key: CodingKey>: KeyedDecodingContainerProtocol {
    let pool: TextPool
    let object: Int

    init(pool: TextPool, object: Int) throws {
        guard pool.value(object).kind == .object else { throw Unusual() }
        self.pool = pool
        self.object = object
    }

    var codingPath: [any CodingKey] { [] }

    var allKeys: [Key] {
        var keys: [Key] = []
        let end = pool.value(object).next
        var at = object + 1
        while at < end {
            if let key = (try? pool.text(at)).flatMap(Key.init(stringValue:)) { keys.append(key) }
            at = pool.value(at + 1).next
        }
        return keys
    }

    private func place(_ key: Key) throws -> Int? { try pool.place(of: key.stringValue, in: object) }

    private func there(_ key: Key) throws -> Int {
        guard let place = try place(key) else { throw Unusual() }
        return place
    }

    private func present(_ key: Key) throws -> Int? { try place(key).flatMap { pool.value($0).kind == .null ? nil : $0 } }

    func contains(_ key: Key) -> Bool { (try? place(key)) != nil }
    func decodeNil(forKey key: Key) throws -> Bool { pool.value(try there(key)).kind == .null }

    func decode(_ type: Bool.Type, forKey key: Key) throws -> Bool { try pool.truth(there(key)) }
    func decode(_ type: String.Type, forKey key: Key) throws -> String { try pool.text(there(key)) }
    func decode(_ type: Double.Type, forKey key: Key) throws -> Double { try pool.fraction(there(key)) }
    func decode(_ type: Int.Type, forKey key: Key) throws -> Int { try pool.whole(there(key)) }
    func decode(_ type: Int64.Type, forKey key: Key) throws -> Int64 { try pool.whole(there(key)) }
    func decode<Value: Decodable>(_ type: Value.Type, forKey key: Key) throws -> Value { try pool.make(type, there(key)) }

    func decodeIfPresent(_ type: Bool.Type, forKey key: Key) throws -> Bool? { try present(key).map { try pool.truth($0) } }
    func decodeIfPresent(_ type: String.Type, forKey key: Key) throws -> String? { try present(key).map { try pool.text($0) } }
    func decodeIfPresent(_ type: Double.Type, forKey key: Key) throws -> Double? { try present(key).map { try pool.fraction($0) } }
    func decodeIfPresent(_ type: Int.Type, forKey key: Key) throws -> Int? { try present(key).map { try pool.whole($0) } }
    func decodeIfPresent<Value: Decodable>(_ type: Value.Type, forKey key: Key) throws -> Value? {
        try present(key).map { try pool.make(type, $0) }
    }

    func nestedContainer<Nested: CodingKey>(keyedBy type: Nested.Type, forKey key: Key) throws -> KeyedDecodingContainer<Nested> {
        KeyedDecodingContainer(try Members<Nested>(pool: pool, object: there(key)))
    }

    func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer { try Elements(pool: pool, list: there(key)) }
    func superDecoder() throws -> any Decoder { throw Unusual() }
    func superDecoder(forKey key: Key) throws -> any Decoder { throw Unusual() }
}

private struct Elements: UnkeyedDecodingContainer {
    let pool: TextPool
    let count: Int?
    private(set) var currentIndex = 0
    private let end: Int
    private var next: Int

    init(pool: TextPool, list: Int) throws {
        let value = pool.value(list)
        guard value.kind == .list else { throw Unusual() }
        self.pool = pool
        end = value.next
        next = list + 1
        var count = 0, place = list + 1
        while place < value.next {
            count += 1
            place = pool.value(place).next
        }
        self.count = count
    }

    var codingPath: [any CodingKey] { [] }
    var isAtEnd: Bool { next >= end }

    private mutating func take() throws -> Int {
        guard next < end else { throw Unusual() }
        defer {
            next = pool.value(next).next
            currentIndex += 1
        }
        return next
    }

    mutating func decodeNil() throws -> Bool {
        guard next < end, pool.value(next).kind == .null else { return false }
        _ = try take()
        return true
    }

    mutating func decode(_ type: String.Type) throws -> String { try pool.text(take()) }
    mutating func decode(_ type: Double.Type) throws -> Double { try pool.fraction(take()) }
    mutating func decode<Value: Decodable>(_ type: Value.Type) throws -> Value { try pool.make(type, take()) }

    mutating func nestedContainer<Nested: CodingKey>(keyedBy type: Nested.Type) throws -> KeyedDecodingContainer<Nested> {
        KeyedDecodingContainer(try Members<Nested>(pool: pool, object: take()))
    }

    mutating func nestedUnkeyedContainer() throws -> any UnkeyedDecodingContainer { try Elements(pool: pool, list: take()) }
    mutating func superDecoder() throws -> any Decoder { throw Unusual() }
}

private struct Single: SingleValueDecodingContainer {
    let pool: TextPool
    let at: Int

    var codingPath: [any CodingKey] { [] }
    func decodeNil() -> Bool { pool.value(at).kind == .null }
    func decode(_ type: Bool.Type) throws -> Bool { try pool.truth(at) }
    func decode(_ type: String.Type) throws -> String { try pool.text(at) }
    func decode(_ type: Double.Type) throws -> Double { try pool.fraction(at) }
    func decode(_ type: Int.Type) throws -> Int { try pool.whole(at) }
    func decode(_ type: Int8.Type) throws -> Int8 { try pool.whole(at) }
    func decode(_ type: Int16.Type) throws -> Int16 { try pool.whole(at) }
    func decode(_ type: Int32.Type) throws -> Int32 { try pool.whole(at) }
    func decode(_ type: Int64.Type) throws -> Int64 { try pool.whole(at) }
    func decode(_ type: UInt.Type) throws -> UInt { try pool.whole(at) }
    func decode(_ type: UInt8.Type) throws -> UInt8 { try pool.whole(at) }
    func decode(_ type: UInt16.Type) throws -> UInt16 { try pool.whole(at) }
    func decode(_ type: UInt32.Type) throws -> UInt32 { try pool.whole(at) }
    func decode(_ type: UInt64.Type) throws -> UInt64 { try pool.whole(at) }
    func decode(_ type: Float.Type) throws -> Float { throw Unusual() }
    func decode<Value: Decodable>(_ type: Value.Type) throws -> Value { try pool.make(type, at) }
}
