/// Devices that asked to be woken when there is something new for them, and the key a town wakes them by.
public import AlertModel
public import FoundationEssentials

public protocol WakeBook: Sendable {
    /// Those of a place, as they stand now: who was revoked or has moved is not among them.
    func sleepers(at topic: StreamTopic) -> [Sleeper]
    /// Its address is no longer, says whoever keeps it. One that was given since stays.
    func forget(_ sleeper: Sleeper)
    /// P-256, 32 octets, from this machine's disk; nil where none can be made.
    func key(of town: TownID) -> [UInt8]?
}

/// A device that sleeps, and where it is woken.
public struct Sleeper: Sendable, Hashable {
    /// A push service's address for one browser (RFC 8030), and what hints are sealed with for it alone (RFC 8291).
    public struct Browser: Sendable, Hashable, Codable {
        public var endpoint: String
        /// P-256, uncompressed: 65 octets.
        public var key: Data
        /// 16 octets.
        public var secret: Data

        public init(endpoint: String, key: Data, secret: Data) { (self.endpoint, self.key, self.secret) = (endpoint, key, secret) }
    }

    public enum Address: Sendable, Hashable {
        case browser(Browser)
        /// An app of the town's own on an iPad: its token at Apple's push service, as hexadecimal digits.
        case apple(String)
    }

    public var device: String
    public var town: TownID
    public var address: Address
    /// A stranger's word led there: nothing private is called. False: whoever keeps this machine wrote the host down.
    public var isForeign: Bool
    /// What its people read.
    public var language: Language
    /// The page that a hint opens, absolute.
    public var page: String?
    /// When it last asked.
    public var asked: Date

    public init(device: String, town: TownID, address: Address, isForeign: Bool, language: Language, page: String?, asked: Date) {
        self.device = device
        self.town = town
        self.address = address
        self.isForeign = isForeign
        self.language = language
        self.page = page
        self.asked = asked
    }
}
