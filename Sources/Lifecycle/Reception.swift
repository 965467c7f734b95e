package import AlertModel

/// What a bulletin means for what was known before.
package enum Reception: Sendable, Hashable {
    /// Says something new of its event, for people to be asked about town by town. The content bears the story's
    /// event name and, for an early warning, the areas that stay warned.
    case news(AlertContent)
    /// Takes events back: one for each, with what it takes back. The towns are `EventStories.towns(toldOf:)`.
    case cancels([Cancelled])
    /// A cancel of something never heard of: kept, so that the late original stays silent. Somebody may have been
    /// told before this memory began; the ledger knows.
    case cancelsNothing(AlertContent)
    /// The same telegram again. `sources` are all that brought it, the first one first.
    case sameAgain(first: AlertID, sources: [String])
    /// A newer revision of its event was there before.
    case outdated(by: AlertID)
    /// A cancel by somebody else than who said it, or by a way that is believed less.
    case notTheirs(AlertID)
    /// The same danger is told by the level format of 2026, which came from this prefecture lately.
    case toldByLevelFormat

    package struct Cancelled: Sendable, Hashable {
        package let content: AlertContent
        package let previous: AlertContent
    }

    /// What goes on to the towns; empty where nothing does.
    package var contents: [AlertContent] {
        switch self {
        case .news(let content), .cancelsNothing(let content): [content]
        case .cancels(let cancelled): cancelled.map(\.content)
        case .sameAgain, .outdated, .notTheirs, .toldByLevelFormat: []
        }
    }

    /// For the record and the operator.
    package var reason: String {
        switch self {
        case .news: "new"
        case .cancels(let cancelled): "cancels \(cancelled.map(\.content.event.text).joined(separator: ", "))"
        case .cancelsNothing: "受け取っていないものの取消です (cancels what was never received)"
        case .sameAgain(let first, let sources): "すでに\(first)として受け取りました（経路 \(sources.joined(separator: ", "))） (received already)"
        case .outdated(let newer): "同じ件の\(newer)のほうが新しいです (a newer one is there)"
        case .notTheirs(let other):
            "\(other) を取り消せるのは、それを出した者か、より信頼できる経路だけです (only who said it, or a way that is believed more, takes it back)"
        case .toldByLevelFormat: "同じ府県の警戒レベルの形の電文で伝えます (told by the level format)"
        }
    }
}

/// Whether a town has to be told.
package enum News: Sendable, Hashable {
    /// The priority is targeting's, and a priority of its own where targeting would skip: what was told must also be
    /// untold.
    case tell(Cause, Priority)
    case silent(Silence)

    package enum Cause: String, Sendable, Hashable, CaseIterable {
        /// Nothing was told of it here before.
        case first
        /// A higher class than what was told.
        case higher
        /// More of the town is concerned.
        case wider
        /// The facts told before were wrong (訂正).
        case corrected
        /// Another action, another kind, the place of the earthquake.
        case changed
        /// A lower class, still in force.
        case lowered
        /// Over (解除), or the area is no longer named.
        case lifted
        /// It was an error (取消).
        case cancelled
    }

    package enum Silence: String, Sendable, Hashable, CaseIterable {
        /// No higher class, no wider area, no other action than what was told.
        case noNews = "no-news"
        /// Lifted or cancelled, and never told here.
        case neverTold = "never-told"
        /// Targeting says it does not concern the town.
        case notConcerned = "not-concerned"
        /// It would lower or end what a way said that is believed more, or what is newer.
        case notTheirs = "not-theirs"
    }

    package var isTold: Bool {
        if case .tell = self { return true }
        return false
    }

    package var reason: String {
        switch self {
        case .tell(let cause, _): cause.rawValue
        case .silent(let silence): silence.rawValue
        }
    }
}
