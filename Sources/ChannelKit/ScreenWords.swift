/// The words of screens, of one language: what a portal page, a tablet, a page of a cut-off spot say around an alert. What an alert
/// itself says comes from the templates.
///
///     Templates/screens/<language>.json     group → key → text; `{}` is where something is put in
///
/// A language is a file there (and templates with its tag), and no line of Swift or JavaScript. Every file has every word: one that
/// lacks a word, or has one more, or one with another number of `{}` than the Japanese, is refused when it is read, at the start.
public import AlertModel

public struct ScreenWords: Sendable {
    /// Those the program itself asks for. Tablets have further ones, in the group `tablet`.
    public enum Word: String, Sendable, CaseIterable {
        case own = "language.own"
        /// `always`, or `named`: spoken only where the settings name it.
        case when = "language.when"
        /// `roman` where people read names of places in Latin letters.
        case names = "language.names"
        case comma = "language.comma"
        case more = "language.more"
        case gap = "language.gap"
        case parts = "language.parts"
        case remarks = "language.remarks"
        /// Around what is said beside something; with the space before it, where the language has one.
        case brackets = "language.brackets"
        case date = "language.date"
        /// Twelve, with a space between.
        case months = "language.months"
        case jma = "language.jma"
        case open = "shelter.open"
        case full = "shelter.full"
        case closed = "shelter.closed"
        case drill = "drill.word"
        case drillTitle = "drill.title"
        case drillBody = "drill.body"
        case page = "portal.page"
        case inForce = "portal.inForce"
        case nothing = "portal.nothing"
        case nothingMore = "portal.nothingMore"
        case asOf = "portal.asOf"
        case issued = "portal.issued"
        case updated = "portal.updated"
        case until = "portal.until"
        case from = "portal.from"
        case level = "portal.level"
        /// Where the page or the tablet stands.
        case here = "portal.here"
        case drillNote = "portal.drillNote"
        case cancelled = "portal.cancelled"
        case cancelledMark = "portal.cancelledMark"
        case ended = "portal.ended"
        case endedMark = "portal.endedMark"
        case lifted = "portal.lifted"
        case shelters = "portal.shelters"
        case allShelters = "portal.allShelters"
        case back = "portal.back"
        case address = "portal.address"
        case carryOn = "portal.carryOn"
        case privacy = "portal.privacy"
        case shortened = "portal.shortened"
        case otherLanguage = "portal.otherLanguage"
        case reload = "portal.reload"
        case takenBack = "portal.takenBack"
        case version = "portal.version"
        case oldPaper = "portal.oldPaper"
        case also = "portal.also"
        case notFit = "portal.notFit"
        case inPart = "portal.inPart"
        case notKnown = "portal.notKnown"
        case cutOff = "portal.cutOff"
        case cutLine = "cut.line"
        case cutAdvice = "cut.advice"
        case agedMark = "aged.mark"
        case agedUntil = "aged.until"
        case nothingKnown = "aged.nothingKnown"
    }

    public let language: Language
    /// By `group.key`.
    let texts: [String: String]
    private let months: [String]

    init(language: Language, texts: [String: String]) {
        self.language = language
        self.texts = texts
        months = (texts[Word.months.rawValue] ?? "").split(separator: " ").map(String.init)
    }

    /// Every word is there: looked for when the file was read.
    public subscript(_ word: Word) -> String { texts[word.rawValue] ?? "" }

    /// With something put in where the text has `{}`.
    public func callAsFunction(_ word: Word, _ value: String) -> String { self[word].replacing("{}", with: value) }

    public func kind(_ kind: AlertKind) -> String { texts["kind.\(kind.rawValue)"] ?? "" }

    /// One of the eight words of an order's hazard.
    public func hazard(_ word: String) -> String { texts["hazard.\(word)"] ?? word }

    /// Whether names of places are those in Latin letters, where somebody gave them.
    public var isRoman: Bool { self[.names] == "roman" }

    /// 3月11日, 11 Mar.
    public func date(month: Int, day: Int) -> String {
        self[.date].replacing("{month}", with: months.indices.contains(month - 1) ? months[month - 1] : "\(month)")
            .replacing("{day}", with: "\(day)")
    }

    /// One of a group, where it is there.
    public func word(_ key: String, of group: String) -> String? { texts["\(group).\(key)"] }

    /// A group as it stands in the file, for pages that put the words in themselves.
    public func group(_ name: String) -> [String: String] {
        let head = name + "."
        return Dictionary(texts.filter { $0.key.hasPrefix(head) }.map { (String($0.key.dropFirst(head.count)), $0.value) }, uniquingKeysWith: { $1 })
    }
}
