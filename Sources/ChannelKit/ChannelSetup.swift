public import AlertModel
public import FoundationEssentials
public import Logging

/// What the core lends to an adapter.
public struct ChannelSetup<M: Mode>: Sendable {
    /// The channel's own settings for this mode, apart from its far ends'.
    public let settings: [String: String]
    public let transport: any HTTPTransport
    public let stream: any StreamPublisher
    /// Signs what tablets are told; nil where nobody does.
    public let sealer: (any LineSealer)?
    /// Who asked to be woken; nil where nobody can.
    public let wakes: (any WakeBook)?
    public let notebook: any Notebook
    /// The same for what both modes of the channel must know of each other: a drill and a real alert may share a cell.
    public let sharedNotebook: any Notebook
    /// A folder of the channel's own, where the edge looks for pages.
    public let directory: URL
    /// Where pages stand that are not in the folder yet.
    public let pages: PageShelf
    public let logger: Logger
    /// Wall time, for texts people read. Never for deadlines.
    public let wallClock: @Sendable () -> Date
    /// Writes a line under a delivery that has ended, for what was found out about it later. Never waits.
    public let remark: @Sendable (DeliveryID, TownID, String) -> Void

    package init(
        settings: [String: String], transport: any HTTPTransport, stream: any StreamPublisher, sealer: (any LineSealer)? = nil,
        wakes: (any WakeBook)? = nil, notebook: any Notebook, sharedNotebook: (any Notebook)? = nil, directory: URL,
        pages: PageShelf = PageShelf(), logger: Logger,
        wallClock: @escaping @Sendable () -> Date = { Date() },
        remark: @escaping @Sendable (DeliveryID, TownID, String) -> Void = { _, _, _ in }
    ) {
        self.settings = settings
        self.transport = transport
        self.stream = stream
        self.sealer = sealer
        self.wakes = wakes
        self.notebook = notebook
        self.sharedNotebook = sharedNotebook ?? notebook
        self.directory = directory
        self.pages = pages
        self.logger = logger
        self.wallClock = wallClock
        self.remark = remark
    }
}

/// A small memory that survives restarts: serial numbers, the far end's references.
///
/// Reading and writing answer at once from memory; what was written reaches the disk shortly after, so that a full
/// disk never holds up a warning. Counters are therefore written ahead in blocks.
public protocol Notebook: Sendable {
    func read(_ key: String) -> [UInt8]?
    /// Nil removes the entry.
    func write(_ key: String, _ value: [UInt8]?)
    /// Several at once: after a power failure all of them are there, or none.
    func write(_ entries: [(key: String, value: [UInt8]?)])
    /// All keys that begin with `prefix`, sorted.
    func keys(prefix: String) -> [String]
    /// It lies on another machine: this one's disk is not to blame when rows wait, and whoever reads it next may have another disk.
    var isElsewhere: Bool { get }
}

extension Notebook {
    public var isElsewhere: Bool { false }

    public func write(_ entries: [(key: String, value: [UInt8]?)]) {
        for (key, value) in entries { write(key, value) }
    }
}

/// Where tablets listen.
public protocol StreamPublisher: Sendable {
    /// Puts an event before everyone who listens to `topic`, and into the catch-up of those who do not just now.
    /// Returns at once. `live` is the number of listeners it was written to.
    @discardableResult
    func publish(_ event: StreamEvent, to topic: StreamTopic) -> (position: StreamPosition, live: Int)

    /// The gravest of what is real and in force before who listens to `topic`; nil where there is nothing.
    func gravestReal(in topic: StreamTopic) -> Gravity?

    /// Whether who asks at `topic` hears this word on an event, or a newer one.
    func holds(_ revision: Revision, of event: EventID, _ mode: ModeName, in topic: StreamTopic) -> Bool

    /// How far the stream has come; nil of one that counts nothing.
    var position: StreamPosition? { get }
}

extension StreamPublisher {
    /// Of a stream that forgets what it was told.
    public func gravestReal(in topic: StreamTopic) -> Gravity? { nil }
    public func holds(_ revision: Revision, of event: EventID, _ mode: ModeName, in topic: StreamTopic) -> Bool { true }
    public var position: StreamPosition? { nil }
}

/// Signs lines of the stream with a town's key, so that who hears one need not believe whoever brought it.
public protocol LineSealer: Sendable {
    /// The line with its seal behind all else; nil where it cannot be sealed. Sealed twice it has two numbers.
    /// - Parameter name: of the event: `alert`, `cancel`.
    func seal(_ line: [UInt8], as name: String, of town: TownID) -> SealedLine?
}

public struct SealedLine: Sendable, Hashable {
    public var line: [UInt8]
    /// Of two words of a town the greater was said later.
    public var number: UInt64
    public init(line: [UInt8], number: UInt64) { (self.line, self.number) = (line, number) }
}

/// Who listens: everybody of a town's school or shelter.
public struct StreamTopic: Hashable, Sendable, Codable {
    public let town: TownID
    /// The endpoint's id.
    public let site: String
    public init(town: TownID, site: String) {
        self.town = town
        self.site = site
    }
}

/// One server-sent event.
public struct StreamEvent: Sendable, Hashable {
    /// `alert`, `cancel`, `page`, `resync`.
    public var name: String
    /// One line of JSON.
    public var data: [UInt8]
    /// The event it speaks of: a later one of the same key replaces it in the catch-up.
    public var key: String
    /// Seconds from now after which it is not replayed any more.
    public var expiresIn: Duration?
    /// True when this takes back what was published under `key`: it is never replayed to who has not heard it.
    public var isRevocation: Bool
    /// Of an alert; nil of everything else.
    public var bearing: Bearing?
    /// Of its seal; nil where it has none.
    public var number: UInt64?

    /// What the stream itself has to know of an alert: what is in force is never let go for lack of room.
    public struct Bearing: Sendable, Hashable {
        public var mode: ModeName
        public var gravity: Gravity
        /// Nothing of the event is in force any more: it was lifted.
        public var isOver: Bool
        /// Which word on the event it is; nil where nobody said.
        public var revision: Revision?
        public init(mode: ModeName, gravity: Gravity, isOver: Bool, revision: Revision? = nil) {
            self.mode = mode
            self.gravity = gravity
            self.isOver = isOver
            self.revision = revision
        }
    }

    /// A drill of an event never replaces the real one in the catch-up.
    public static func key(_ event: EventID, _ mode: ModeName) -> String { mode == .exercise ? "exercise/\(event.text)" : event.text }

    public init(
        name: String, data: [UInt8], key: String, expiresIn: Duration? = nil, isRevocation: Bool = false,
        bearing: Bearing? = nil, number: UInt64? = nil
    ) {
        self.name = name
        self.data = data
        self.key = key
        self.expiresIn = expiresIn
        self.isRevocation = isRevocation
        self.bearing = bearing
        self.number = number
    }
}

/// A place in the stream: `EPOCH-OFFSET`. The epoch changes when offsets can no longer be compared.
public struct StreamPosition: Sendable, Hashable, CustomStringConvertible {
    public let epoch: UInt64
    public let offset: UInt64

    public init(epoch: UInt64, offset: UInt64) {
        self.epoch = epoch
        self.offset = offset
    }

    public init?(_ text: some StringProtocol) {
        let parts = text.split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, let epoch = UInt64(parts[0]), let offset = UInt64(parts[1]) else { return nil }
        self.init(epoch: epoch, offset: offset)
    }

    public var description: String { "\(epoch)-\(offset)" }
}
