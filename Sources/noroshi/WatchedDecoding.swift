/// Decodes settings and notices the keys nobody asked for, which are misspelt. What a key may be is what the types of
/// the settings read: there is no second list to keep.
///
///     Watched<Settings> ──▶ container ──▶ every key that is asked for is known here
///                                         a key that is there and was not asked for is strange

/// A key that nothing reads.
struct StrangeKey: Sendable, Hashable {
    /// Where the mapping stands that holds it: `towns`, `[0]` …
    var path: [String]
    var key: String
    /// What could stand there.
    var known: [String]
}

/// A value and what stood beside it.
struct Watched<Value: Decodable>: Decodable {
    let value: Value
    let strangers: [StrangeKey]

    init(from decoder: any Decoder) throws {
        let log = StrangerLog()
        value = try log.decode(Value.self, from: decoder)
        strangers = log.strangers
    }
}

private final class StrangerLog {
    var strangers: [StrangeKey] = []

    func decode<Value: Decodable>(_ type: Value.Type, from base: any Decoder) throws -> Value {
        let decoder = WatchingDecoder(base: base, log: self)
        let value = try Value(from: decoder)
        let strange = decoder.present.filter { !decoder.asked.contains($0) }
        strangers += strange.map { StrangeKey(path: base.codingPath.map(Self.words), key: $0, known: decoder.asked) }
        return value
    }

    private static func words(_ key: any CodingKey) -> String { key.intValue.map { "[\($0)]" } ?? key.stringValue }
}

private final class WatchingDecoder: Decoder {
    let base: any Decoder
    let log: StrangerLog
    /// Keys of the mapping, if it is one, and those that were asked for, in their order.
    var present: [String] = []
    var asked: [String] = []

    init(base: any Decoder, log: StrangerLog) {
        self.base = base
        self.log = log
    }

    var codingPath: [any CodingKey] { base.codingPath }
    var userInfo: [CodingUserInfoKey: Any] { base.userInfo }

    func container<Key: CodingKey>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<Key> {
        present = try base.container(keyedBy: AnyKey.self).allKeys.map(\.stringValue)
        return KeyedDecodingContainer(WatchingMapping(base: try base.container(keyedBy: type), decoder: self))
    }

    func unkeyedContainer() throws -> any UnkeyedDecodingContainer {
        WatchingList(base: try base.unkeyedContainer(), log: log)
    }

    func singleValueContainer() throws -> any SingleValueDecodingContainer { try base.singleValueContainer() }

    func ask(_ key: any CodingKey) {
        if !asked.contains(key.stringValue) { asked.append(key.stringValue) }
    }
}

private struct AnyKey: CodingKey {
    let stringValue: String
    var intValue: Int? { nil }
    init(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
}

private struct WatchingMapping<Key: CodingKey>: KeyedDecodingContainerProtocol {
    let base: KeyedDecodingContainer<Key>
    let decoder: WatchingDecoder

    var codingPath: [any CodingKey] { base.codingPath }
    var allKeys: [Key] { base.allKeys }

    func contains(_ key: Key) -> Bool {
        decoder.ask(key)
        return base.contains(key)
    }

    func decodeNil(forKey key: Key) throws -> Bool {
        decoder.ask(key)
        return try base.decodeNil(forKey: key)
    }

    func decode<Value: Decodable>(_ type: Value.Type, forKey key: Key) throws -> Value {
        decoder.ask(key)
        guard base.contains(key) else { return try base.decode(type, forKey: key) }
        return try decoder.log.decode(type, from: try base.superDecoder(forKey: key))
    }

    func nestedContainer<Nested: CodingKey>(keyedBy type: Nested.Type, forKey key: Key) throws -> KeyedDecodingContainer<Nested> {
        decoder.ask(key)
        return try base.nestedContainer(keyedBy: type, forKey: key)
    }

    func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer {
        decoder.ask(key)
        return try base.nestedUnkeyedContainer(forKey: key)
    }

    func superDecoder() throws -> any Decoder { try base.superDecoder() }
    func superDecoder(forKey key: Key) throws -> any Decoder {
        decoder.ask(key)
        return try base.superDecoder(forKey: key)
    }
}

private struct WatchingList: UnkeyedDecodingContainer {
    var base: any UnkeyedDecodingContainer
    let log: StrangerLog

    var codingPath: [any CodingKey] { base.codingPath }
    var count: Int? { base.count }
    var isAtEnd: Bool { base.isAtEnd }
    var currentIndex: Int { base.currentIndex }

    mutating func decodeNil() throws -> Bool { try base.decodeNil() }
    mutating func decode<Value: Decodable>(_ type: Value.Type) throws -> Value {
        try log.decode(type, from: try base.superDecoder())
    }
    mutating func nestedContainer<Nested: CodingKey>(keyedBy type: Nested.Type) throws -> KeyedDecodingContainer<Nested> {
        try base.nestedContainer(keyedBy: type)
    }
    mutating func nestedUnkeyedContainer() throws -> any UnkeyedDecodingContainer { try base.nestedUnkeyedContainer() }
    mutating func superDecoder() throws -> any Decoder { try base.superDecoder() }
}
