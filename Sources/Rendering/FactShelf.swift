/// What a bulletin says alike to many towns, made once: an early warning names the same district to forty of them, in eight languages each.
///
/// Of a town's own alert nothing lies here, nor what a bulletin says of the town itself.
import AlertModel
import Synchronization

final class FactShelf: Sendable {
    /// All that the common facts of a bulletin are made of, beside the bulletin.
    struct Key: Hashable {
        private let language: Language
        private let local: [AreaStatement]
        private let previous: AlertID?
        private let previousLocal: [AreaStatement]?

        /// Nil where the town has its part in them.
        init?(_ source: FactSource) {
            func isBulletin(_ content: AlertContent) -> Bool { content.town == nil && content.detail == .none }
            guard isBulletin(source.content), source.previous.map({ isBulletin($0.content) }) ?? true else { return nil }
            language = source.wording.language
            local = source.local
            previous = source.previous?.content.id
            previousLocal = source.previous?.local
        }
    }

    private struct State {
        /// The last bulletin: towns are gone through one after the other.
        var content: AlertContent?
        var previous: [AlertID: AlertContent] = [:]
        var facts: [Key: Facts] = [:]
    }

    /// Districts of one bulletin, in all languages.
    private static let bound = 2048
    private let state = Mutex(State())

    func facts(_ key: Key, of source: FactSource, _ decided: Decided) -> Facts {
        let known = state.withLock { state -> Facts? in
            let previous = source.previous?.content
            if state.content != source.content || state.facts.count >= Self.bound || previous.map({ state.previous[$0.id].map { $0 != previous } ?? false }) == true {
                state = State(content: source.content)
            }
            if let previous { state.previous[previous.id] = previous }
            return state.facts[key]
        }
        if let known { return known }
        let facts = source.common(decided)
        state.withLock { state in
            // Another bulletin may have come in between.
            if state.content == source.content, source.previous.map({ state.previous[$0.content.id] == $0.content }) ?? true { state.facts[key] = facts }
        }
        return facts
    }
}
