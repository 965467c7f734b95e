/// What a bulletin says alike to many towns, made once: an early warning names the same district to forty of them, in eight languages each.
/// Facts, and the lines a template makes of them with the place of the town's name left open.
///
/// Of a town's own alert nothing lies here, nor what a bulletin says of the town itself.
import AlertModel
import Foundation
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
        var lines: [Page: OpenLines] = [:]

        func isOf(_ source: FactSource) -> Bool {
            content == source.content && source.previous.map { previous[$0.content.id] == $0.content } ?? true
        }
    }

    /// All that a template makes its lines of, beside the town's name.
    struct Page: Hashable {
        let key: Key
        let template: String
        let place: String?
        let isRegion: Bool
        let authority: String?
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
            if state.isOf(source) { state.facts[key] = facts }
        }
        return facts
    }

    /// The lines of `template` with the town's name left open. `facts` are of `key`, and of no town.
    func lines(
        _ key: Key, of source: FactSource, _ facts: Facts, _ template: TextTemplate
    ) throws(RenderingFailure) -> OpenLines {
        let page = Page(
            key: key, template: template.file, place: facts.text(.place), isRegion: facts.flag(.region), authority: facts.text(.authority))
        if let known = state.withLock({ $0.isOf(source) ? $0.lines[page] : nil }) { return known }
        let lines = OpenLines(try template.render(facts))
        state.withLock { if $0.isOf(source), $0.lines.count < Self.bound { $0.lines[page] = lines } }
        return lines
    }
}

/// Lines in which the name of the town is still to be written.
struct OpenLines {
    /// Of Unicode's private use: no text has it, and no rule of composing or of lines touches it.
    static let mark: Unicode.Scalar = "\u{E0A0}"
    static let anyTown = String(mark)

    private let title: [String]
    private let body: [String]

    init(_ lines: RenderedLines) {
        func parts(_ text: String) -> [String] {
            text.unicodeScalars.split(separator: Self.mark, omittingEmptySubsequences: false).map { String(Substring($0)) }
        }
        title = parts(lines.title)
        body = parts(lines.body)
    }

    func lines(of town: String) -> RenderedLines {
        let composed = PlainLines.isComposed(town) ? town : town.precomposedStringWithCanonicalMapping
        return RenderedLines(title: title.joined(separator: composed), body: body.joined(separator: composed))
    }
}
