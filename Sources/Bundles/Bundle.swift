/// What is in force in a town, as somebody carries it to where no line goes: who is under which level, what was said in the very words,
/// which shelters are open. Until a time of its own, and with a number that grows.
package import AlertModel
package import FoundationEssentials

package struct TownBundle: Sendable, Hashable, Codable {
    package struct District: Sendable, Hashable, Codable {
        package var district, hazard: String
        package var level: Int
        package var since: Int
        package var until: Int?

        package init(district: String, hazard: String, level: Int, since: Date, until: Date?) {
            (self.district, self.hazard, self.level) = (district, hazard, level)
            (self.since, self.until) = (Seconds.of(since), until.map(Seconds.of))
        }
    }

    package struct Shelter: Sendable, Hashable, Codable {
        package var name, state: String
        package var since: Int

        package init(name: String, state: String, since: Date) { (self.name, self.state, self.since) = (name, state, Seconds.of(since)) }
    }

    /// One alert whose words stand.
    package struct Said: Sendable, Hashable, Codable {
        package var id, kind, title, body: String
        package var sent, expires: Int

        package init(id: String, kind: String, title: String, body: String, sent: Date, expires: Date) {
            (self.id, self.kind, self.title, self.body) = (id, kind, title, body)
            (self.sent, self.expires) = (Seconds.of(sent), Seconds.of(expires))
        }
    }

    /// Of one alert's words; longer ones are cut and end with 「…」.
    package static let wordLimit = 1_000
    /// Alerts of one paper, and octets of all their words; what comes first is kept.
    package static let saidLimit = 100
    package static let octetLimit = 160 << 10

    package var town, town_name: String
    package var mode: ModeName
    /// The hub that made it, as people type it.
    package var place: String
    package var number: Int
    /// Seconds since 1970, as everything that is a time here.
    package var made, expires: Int
    package var districts: [District]
    package var shelters: [Shelter]
    package var headquarters: String?
    package var said: [Said]
    /// How many were left out for want of room.
    package var left_out: Int

    package init(town: TownID, name: String, mode: ModeName, place: String, number: Int, made: Date, expires: Date) {
        (self.town, town_name, self.mode, self.place, self.number) = (town.code, name, mode, place, number)
        (self.made, self.expires) = (Seconds.of(made), Seconds.of(expires))
        (districts, shelters, said, left_out) = ([], [], [], 0)
    }

    /// The octets are the same whenever and wherever the same is written.
    package func octets() throws -> [UInt8] { try Canonical.octets(self) }

    package init(of paper: SignedPaper) throws(PaperFlaw) {
        guard paper.kind == .bundle else { throw .notOurs }
        self = try Canonical.read(Self.self, paper.body)
        guard TownID(town) != nil, number > 0, said.count <= Self.saidLimit else { throw .notOurs }
    }

    package mutating func add(_ alert: Said) {
        var alert = alert
        if alert.body.count > Self.wordLimit { alert.body = alert.body.prefix(Self.wordLimit - 1) + "…" }
        func octets(_ one: Said) -> Int { one.title.utf8.count + one.body.utf8.count }
        guard said.count < Self.saidLimit, said.map(octets).reduce(octets(alert), +) <= Self.octetLimit else { return left_out += 1 }
        said.append(alert)
    }

    /// Nothing of it is to be believed any more.
    package func isOver(at now: Date) -> Bool { Seconds.of(now) >= expires }
}

/// That a bundle has arrived: it goes back the way the bundle came.
package struct BundleReceipt: Sendable, Hashable, Codable {
    /// Of the paper that arrived.
    package var digest: String
    package var town: String
    package var mode: ModeName
    package var number: Int
    package var received: Int
    /// The hub that received it.
    package var place: String

    package init(of paper: SignedPaper, _ bundle: TownBundle, received: Date, place: String) {
        (digest, town, mode, number) = (paper.digest, bundle.town, bundle.mode, bundle.number)
        (self.received, self.place) = (Seconds.of(received), place)
    }

    package init(of paper: SignedPaper) throws(PaperFlaw) {
        guard paper.kind == .receipt else { throw .notOurs }
        self = try Canonical.read(Self.self, paper.body)
        guard TownID(town) != nil else { throw .notOurs }
    }

    package func octets() throws -> [UInt8] { try Canonical.octets(self) }
}

package enum Seconds {
    package static func of(_ date: Date) -> Int { Int(max(0, min(date.timeIntervalSince1970, 4e11)).rounded(.down)) }
    package static func date(_ seconds: Int) -> Date { Date(timeIntervalSince1970: TimeInterval(seconds)) }
}

enum Canonical {
    static func octets(_ value: some Encodable) throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return Array(try encoder.encode(value))
    }

    static func read<Value: Decodable>(_ type: Value.Type, _ octets: [UInt8]) throws(PaperFlaw) -> Value {
        do { return try JSONDecoder().decode(type, from: Data(octets)) } catch { throw .notOurs }
    }
}
