public import AlertModel

/// A way out of the hub. The adapter says what happened; retrying, waiting, ordering, expiry, templates and logs
/// belong to the core.
///
/// There are two instances of every adapter, one for `Actual` and one for `Exercise`, and neither can be handed
/// what belongs to the other.
///
/// ```swift
/// struct Siren<M: Mode>: ChannelAdapter {
///     static var manifest: ChannelManifest { … }
///     init(_ setup: ChannelSetup<M>) throws(SettingsError) { … }
///     func deliver(_ message: Message<M>, _ delivery: Delivery<M>) async throws(DeliveryFailure) -> Receipt { … }
/// }
/// ```
public protocol ChannelAdapter<M>: Sendable {
    associatedtype M: Mode

    static var manifest: ChannelManifest { get }

    init(_ setup: ChannelSetup<M>) throws(SettingsError)

    /// Looks at a far end's settings before the first alert does. Called for every far end at start.
    static func check(_ farEnd: FarEnd<M>) throws(SettingsError)

    /// Looks at a text before it is queued: what the far end's contract forbids is refused here.
    static func lint(_ text: RenderedText, _ language: Language, in content: AlertContent) -> [TextProblem]

    /// Called once at start for every far end, before its first delivery: for what it shows while nothing happens.
    /// What cannot be prepared is logged and nothing else: `deliver` works without it.
    func prepare(_ farEnd: FarEnd<M>, of town: Town, shelters: [ShelterStatus]) async throws(DeliveryFailure)

    /// Empties what the far end shows of this mode and has no word from us for: what a drill left, once it is erased.
    func clear(_ farEnd: FarEnd<M>) async throws(DeliveryFailure)

    /// The link test: whether somebody is there, without a word that anybody could take for an alert. What was found, for a
    /// person; nil where nothing lies beyond this hub itself.
    func reach(_ farEnd: FarEnd<M>, deadline: ContinuousClock.Instant) async throws(DeliveryFailure) -> String?

    /// The same for what one far end forbids besides: a carrier's shorter body. Asked where a person can still reword the
    /// text: in the preview, before an operator's alert is queued, and of the samples at start. Of far ends with the same settings
    /// one is asked at start: what it forbids stands there.
    static func lint(
        _ text: RenderedText, _ language: Language, in content: AlertContent, at farEnd: FarEnd<M>
    ) -> [TextProblem]

    /// One attempt. Called again with the same `delivery.id` after a failure that may be retried: the far end must
    /// end up with one message. Stops promptly when its task is cancelled.
    func deliver(_ message: Message<M>, _ delivery: Delivery<M>) async throws(DeliveryFailure) -> Receipt

    /// What the channel believes its far end holds just now, for the desk. Answers at once, from memory; nil where there
    /// is nothing to say beyond the deliveries themselves.
    func report(on farEnd: FarEnd<M>) -> FarEndReport?

    /// Work of the adapter's own that lasts as long as the hub: a connection to keep, pages to age. Returns when
    /// its task is cancelled.
    func run() async
}

extension ChannelAdapter {
    public static func check(_ farEnd: FarEnd<M>) throws(SettingsError) {}
    public static func lint(_ text: RenderedText, _ language: Language, in content: AlertContent) -> [TextProblem] { [] }
    public static func lint(
        _ text: RenderedText, _ language: Language, in content: AlertContent, at farEnd: FarEnd<M>
    ) -> [TextProblem] { [] }
    public func prepare(_ farEnd: FarEnd<M>, of town: Town, shelters: [ShelterStatus]) async throws(DeliveryFailure) {}
    public func clear(_ farEnd: FarEnd<M>) async throws(DeliveryFailure) {}
    public func reach(_ farEnd: FarEnd<M>, deadline: ContinuousClock.Instant) async throws(DeliveryFailure) -> String? { nil }
    public func report(on farEnd: FarEnd<M>) -> FarEndReport? { nil }
    public func run() async {}
}

/// What is wrong with a text, and where.
public struct TextProblem: Sendable, Hashable {
    /// `too-long`, `url`, `telephone` …
    public var rule: String
    /// What is wrong.
    public var finding: String
    /// What to do about it.
    public var suggestion: String?
    /// Both, for people.
    public var text: String { suggestion.map { "\(finding): \($0)" } ?? finding }
    /// Offset in characters into the body (or the title, when `inTitle`), and length; nil for the whole.
    public var position: Int?
    public var length: Int?
    public var inTitle: Bool

    public init(
        rule: String, finding: String, suggestion: String? = nil, position: Int? = nil, length: Int? = nil,
        inTitle: Bool = false
    ) {
        self.rule = rule
        self.finding = finding
        self.suggestion = suggestion
        self.position = position
        self.length = length
        self.inTitle = inTitle
    }
}

extension TextProblem {
    /// For a log or an error: `too-long, body at 200: … shorten by 7`.
    public var line: String {
        guard let position else { return "\(rule): \(text)" }
        return "\(rule), \(inTitle ? "title" : "body") at \(position): \(text)"
    }
}

/// A setting that cannot be used, in words for the person who wrote it.
public struct SettingsError: Error, Sendable, Equatable, CustomStringConvertible {
    public let reason: String
    public init(_ reason: String) { self.reason = reason }
    public var description: String { reason }
}
