public import AlertModel
internal import Synchronization

/// What a far end is to say: the alert, the texts of this channel, and the town's state around it.
public struct Message<M: Mode>: Sendable {
    public let alert: Alert<M>
    public let town: Town
    public let priority: Priority
    /// How bad the event is here, however quietly this revision goes out.
    public let gravity: Gravity
    /// What this revision does to what the town was told before.
    public let change: Change
    /// Nothing of the event is in force here any more.
    public let isOver: Bool
    /// Where the far ends stand that hear it.
    package let vantage: Vantage
    /// In every language the channel's manifest asks for. A drill's texts already begin with 訓練.
    public let texts: [Language: RenderedText]
    /// Statements of the alert that concern this town.
    public let local: [AreaStatement]
    /// All shelters of the town as they stand now.
    public let shelters: [ShelterStatus]
    /// What all far ends that hear this are told alike.
    public let form = SharedForm()

    package init(
        alert: Alert<M>, town: Town, priority: Priority, texts: [Language: RenderedText], local: [AreaStatement],
        shelters: [ShelterStatus], gravity: Gravity? = nil, change: Change? = nil, isOver: Bool? = nil,
        vantage: Vantage = .whole
    ) {
        self.alert = alert
        self.town = town
        self.priority = priority
        self.gravity = gravity ?? Gravity(priority)
        self.change = change ?? (alert.message == .cancel ? .takenBack : .new)
        self.isOver = isOver ?? (alert.message == .cancel)
        self.vantage = vantage
        self.texts = texts
        self.local = local
        self.shelters = shelters
    }

    /// 警戒レベル of an order for the far ends that hear this; nil where none stands, or where its hazard has none.
    public var orderLevel: Int? { vantage.level(of: alert.content) }
}

/// Octets made once for all far ends of a message, by the first that needs them: two hundred receivers of a town get one JSON text.
public final class SharedForm: Sendable {
    private let made = Mutex<[UInt8]?>(nil)

    /// - Parameter make: quick, and the same whoever asks; others wait for it.
    public func octets<Problem: Error>(_ make: () throws(Problem) -> [UInt8]) throws(Problem) -> [UInt8] {
        let result: Result<[UInt8], Problem> = made.withLock { made in
            if let made { return .success(made) }
            do throws(Problem) {
                let octets = try make()
                made = octets
                return .success(octets)
            } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }
}

/// A text ready to be said.
public struct RenderedText: Sendable, Codable, Hashable {
    public var title: String
    public var body: String
    public init(title: String, body: String) {
        self.title = title
        self.body = body
    }
}
