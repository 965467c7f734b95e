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

    /// `area-mail`: the channel's name in settings, templates and the log.
    public let name: String
    public let afterSending: AfterSending
    public let drills: Drills
    /// Characters, counted as the channel's contract counts them; nil for no limit.
    public let titleLimit: Int?
    public let bodyLimit: Int?
    /// The texts that every message of this channel carries, in order of preference.
    public let languages: [Language]
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
    /// The same for `channels.NAME.actual` and `.exercise`.
    public let channelKeys: [String]?

    public init(
        name: String, afterSending: AfterSending, drills: Drills, titleLimit: Int? = nil, bodyLimit: Int? = nil,
        languages: [Language] = [.japanese, .easyJapanese, .english], concurrency: Int, reservedForImmediate: Int,
        endpointWindow: Int = 1, cancelWindow: Int? = nil, attemptLimit: Duration, kinds: Set<AlertKind>? = nil,
        hearsEarthquakeWarningsElsewhere: Bool = false, farEndKeys: [String]? = nil, channelKeys: [String]? = nil
    ) {
        precondition(reservedForImmediate < concurrency, "slots for the other classes must remain")
        self.name = name
        self.afterSending = afterSending
        self.drills = drills
        self.titleLimit = titleLimit
        self.bodyLimit = bodyLimit
        self.languages = languages
        self.concurrency = concurrency
        self.reservedForImmediate = reservedForImmediate
        self.endpointWindow = endpointWindow
        self.cancelWindow = cancelWindow
        self.attemptLimit = attemptLimit
        self.kinds = kinds
        self.hearsEarthquakeWarningsElsewhere = hearsEarthquakeWarningsElsewhere
        self.farEndKeys = farEndKeys
        self.channelKeys = channelKeys
    }
}
