public import AlertModel

/// What a channel is, said once: the core reads it and needs to know nothing else about the channel.
public struct ChannelManifest: Sendable {
    /// What can still be done about a message that was sent.
    public enum AfterSending: Sendable {
        /// A second message is all one can do (mail).
        case cannotBeChanged
        /// It can be replaced and taken back by its reference (cell broadcast).
        case canBeReplaced
        /// The far end always shows the last state it was given (portal page, tablet).
        case lastStateWins
    }

    /// How a drill is kept from passing as real.
    public enum Drills: Sendable {
        /// Drills go to a far end of their own; without one they are skipped.
        case needOwnFarEnd
        /// The same far end shows drills apart, marked 訓練.
        case shownApart
    }

    /// Who is at the far end, as far as others have to know: the core asks for a role and never for a name.
    public enum Role: String, Sendable, CaseIterable {
        /// Every phone under the base stations; all of them sound.
        case crowd
        /// A page for whoever comes by, at `/spots/{far end}/`; at most one channel.
        case page
        /// Devices at a place of the town, enrolled with a code, which answer; at most one channel.
        case tablet
        /// Newsrooms and carriers.
        case press
        /// People who asked to be told, each at an address of theirs.
        case subscribers
        /// Programs and servers of others.
        case machine
        /// Devices that sleep: they are told that there is something to ask for, and never what. A hint that was taken is no delivery: nothing counts it
        /// among what was heard. At most one channel.
        case hint
    }

    /// `area-mail`: the channel's name in settings, templates and the log.
    public let name: String
    /// What the town's staff call it: 緊急速報メール.
    public let title: String
    public let role: Role
    public let afterSending: AfterSending
    public let drills: Drills
    /// Characters, counted as the channel's contract counts them; nil for no limit.
    public let titleLimit: Int?
    public let bodyLimit: Int?
    /// The texts that every message of this channel carries, in order of preference. Unless said, people get all that there
    /// are words for, and a machine the three it always got: each further one would be made and sent to every machine of every
    /// town before the next town's warning (five of them: 5 ms at 21 towns).
    public var languages: [Language] {
        ownLanguages ?? (role == .machine ? ScreenLanguages.inUse.all.filter(Self.machines.contains) : ScreenLanguages.inUse.all)
    }
    private static let machines: Set<Language> = [.japanese, .easyJapanese, .english]
    private let ownLanguages: [Language]?
    /// Deliveries on the wire at once, over all far ends.
    public let concurrency: Int
    /// Of these, how many are kept free for `Priority.immediate`.
    public let reservedForImmediate: Int
    /// Deliveries on the wire at once to one far end.
    public let endpointWindow: Int
    /// Cancels on the wire at once to one far end, beside the others: where taking back takes long, nobody waits behind
    /// it. Nil: they share `endpointWindow`.
    public let cancelWindow: Int?
    /// The longest one attempt may take.
    public let attemptLimit: Duration
    /// What the far end's contract lets this channel speak of; nil for everything.
    public let kinds: Set<AlertKind>?
    /// True when the operator of the far end sends earthquake warnings itself, so that ours would be the second.
    public let hearsEarthquakeWarningsElsewhere: Bool
    /// The keys a far end's settings may hold; one that ends in `.` stands for all that begin so. Nil for any: a misspelt
    /// one is noticed by nobody then.
    public let farEndKeys: [String]?
    /// Of these what nobody is shown again: passwords, tokens, keys.
    public let secretKeys: [String]
    /// True when a far end's settings name what this machine runs: whoever keeps the machine writes them, and nobody at a desk.
    public let runsHere: Bool
    /// The same for `channels.NAME.actual` and `.exercise`.
    public let channelKeys: [String]?

    public init(
        name: String, title: String? = nil, role: Role, afterSending: AfterSending, drills: Drills, titleLimit: Int? = nil, bodyLimit: Int? = nil,
        languages: [Language]? = nil, concurrency: Int, reservedForImmediate: Int,
        endpointWindow: Int = 1, cancelWindow: Int? = nil, attemptLimit: Duration, kinds: Set<AlertKind>? = nil,
        hearsEarthquakeWarningsElsewhere: Bool = false, farEndKeys: [String]? = nil, secretKeys: [String] = [], runsHere: Bool = false,
        channelKeys: [String]? = nil
    ) {
        precondition(reservedForImmediate < concurrency, "slots for the other classes must remain")
        self.name = name
        self.title = title ?? name
        self.role = role
        self.afterSending = afterSending
        self.drills = drills
        self.titleLimit = titleLimit
        self.bodyLimit = bodyLimit
        ownLanguages = languages
        self.concurrency = concurrency
        self.reservedForImmediate = reservedForImmediate
        self.endpointWindow = endpointWindow
        self.cancelWindow = cancelWindow
        self.attemptLimit = attemptLimit
        self.kinds = kinds
        self.hearsEarthquakeWarningsElsewhere = hearsEarthquakeWarningsElsewhere
        self.farEndKeys = farEndKeys
        self.secretKeys = secretKeys
        self.runsHere = runsHere
        self.channelKeys = channelKeys
    }
}

extension ChannelManifest {
    /// A key that ends in `.` stands for all that begin so.
    package func isSecret(_ key: String) -> Bool { secretKeys.contains { $0 == key || ($0.hasSuffix(".") && key.hasPrefix($0)) } }
}

extension Sequence<ChannelManifest> {
    /// The channel of a role that one channel has at the most.
    public func first(_ role: ChannelManifest.Role) -> ChannelManifest? { first { $0.role == role } }
}
