/// What a bulletin says alike to many towns, made once: an early warning names the same district to forty of them, in eight languages each.
/// Facts, and the lines a template makes of them with the place of the town's name left open.
///
/// Of a town's own alert nothing lies here, nor what a bulletin says of the town itself.
import AlertModel
import Foundation
import Synchronization

final class FactShelf: Sendable {
    /// Towns for which a bulletin names the same, and of which the same was told before.
    private struct Group: Hashable {
        let local: [AreaStatement]
        let previous: AlertID?
        let previousLocal: [AreaStatement]?
        /// Of an early warning: it shakes there by now, and the words are others.
        let isPast: Bool

        // Where districts differ their codes do; whole statements are compared only where these agree.
        func hash(into hasher: inout Hasher) {
            hasher.combine(local.count)
            hasher.combine(local.first?.code)
            hasher.combine(local.last?.code)
            hasher.combine(previous)
        }
    }

    private struct State {
        /// The last bulletin: towns are gone through one after the other.
        var content: AlertContent?
        var previous: [AlertID: AlertContent] = [:]
        var sheets: [Group: Sheet] = [:]
    }

    /// Groups of towns of one bulletin.
    private static let bound = 512
    private let state = Mutex(State())

    /// False where a town has its part in the words.
    static func isShared(_ content: AlertContent, _ previous: ToldBefore?) -> Bool {
        func isBulletin(_ content: AlertContent) -> Bool { content.town == nil && content.detail == .none }
        return isBulletin(content) && previous.map { isBulletin($0.content) } ?? true
    }

    func sheet(of content: AlertContent, _ local: [AreaStatement], _ previous: ToldBefore?, now: Date? = nil) -> Sheet {
        let isPast = Shaking(content.kind, local)?.isPast(at: FactSource.moment(of: content, now: now)) ?? false
        let group = Group(local: local, previous: previous?.content.id, previousLocal: previous?.local, isPast: isPast)
        return state.withLock { state in
            let isOther = previous.map { told in state.previous[told.content.id].map { $0 != told.content } ?? false } ?? false
            if isOther || state.content != content || state.sheets.count >= Self.bound { state = State(content: content) }
            if let previous { state.previous[previous.content.id] = previous.content }
            if let known = state.sheets[group] { return known }
            let sheet = Sheet()
            state.sheets[group] = sheet
            return sheet
        }
    }

    /// Facts and lines for one group of towns, in every language.
    final class Sheet: Sendable {
        /// All that a template makes its lines of, beside the facts and the town's name.
        private struct Page: Hashable {
            let language: Language
            let template: String
            let place: String?
            let isRegion: Bool
            let authority: String?
        }

        private let facts = Mutex<[Language: Facts]>([:])
        private let lines = Mutex<[Page: OpenLines]>([:])

        func facts(_ language: Language, _ make: () -> Facts) -> Facts {
            if let known = facts.withLock({ $0[language] }) { return known }
            let made = make()
            facts.withLock { $0[language] = made }
            return made
        }

        /// The lines of `template` with the town's name left open. `facts` are of this sheet, and of no town.
        func lines(_ language: Language, _ facts: Facts, _ template: TextTemplate) throws(RenderingFailure) -> OpenLines {
            let page = Page(
                language: language, template: template.file, place: facts.text(.place), isRegion: facts.flag(.region), authority: facts.text(.authority))
            if let known = lines.withLock({ $0[page] }) { return known }
            let made = OpenLines(try template.render(facts))
            lines.withLock { $0[page] = made }
            return made
        }
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
