/// Which templates may tell an alert, most fitting first.
///
///     kind[.form][.change][.short].language.mustache
///
/// form is the grade within a kind (`warning`, `level4`, `full`), change what is new about it (`update`, `lifted`,
/// `cancel`). A cancel is never told by a template without `cancel` in its name, nor a lifting by one without
/// `lifted`: better no text than a warning where its end was meant.
import AlertModel
import Meanings
import Synchronization

struct TemplateName: Hashable {
    enum Change: String {
        case update, lifted, cancel
        // Of a person's act, of which something stands on, or which nobody has ended.
        case partLifted = "part-lifted"
        case takenBack = "taken-back"
        case restored, lowered
        case ranOut = "ran-out"
        /// For far ends whose own district it does not concern.
        case elsewhere
        /// For far ends whose own district stands under it while others change.
        case stands
    }

    let kind: AlertKind
    let form: String?
    let change: Change?
    /// Another authority's word that an order is over says neither level nor districts, as the town's own does.
    private let isBare: Bool

    init(_ content: AlertContent, local: [AreaStatement], vantage: Vantage = .whole) {
        let decided = Decided(content, local)
        kind = content.kind
        let change = Self.change(content, decided)
        isBare = content.kind == .evacuation && content.detail == .none && change == .lifted
        let stands = content.act.map { !$0.standing.filter { $0.event == content.event }.isEmpty } ?? false
        switch vantage {
        case .elsewhere where stands: (form, self.change) = (Self.form(content, local, decided), .elsewhere)
        case .stands(_, let level): (form, self.change) = ("level\(level)", .stands)
        default: (form, self.change) = (Self.form(content, local, decided), change)
        }
    }

    var text: String { [kind.rawValue, form, change?.rawValue].compactMap { $0 }.joined(separator: ".") }

    /// A landslide warning is a weather warning like the others where it has no template of its own.
    private var families: [String] { kind == .landslide ? [kind.rawValue, AlertKind.weather.rawValue] : [kind.rawValue] }

    /// The form, and what it was called when level 4 and 5 had one text: folders of templates of that time are still read.
    private var forms: [String] {
        guard let form else { return [] }
        switch (kind, form) {
        case (.weather, "level5"): return ["weather.level5", "weather.special"]
        case (.landslide, "level5"), (.landslide, "level4"):
            return ["landslide.\(form)", "landslide.alert", "weather.\(form)"]
        default: return families.map { "\($0).\(form)" }
        }
    }

    /// Without language and `.short`.
    var candidates: [String] {
        let graded = forms
        switch change {
        case .cancel, .lifted, .partLifted, .takenBack, .restored, .lowered, .ranOut, .elsewhere, .stands:
            let suffix = change?.rawValue ?? ""
            if isBare { return ["default.\(suffix)"] }
            return (graded + families + ["default"]).map { "\($0).\(suffix)" }
        case .update: return (graded + families).map { "\($0).update" } + graded + families + ["default"]
        case nil: return graded + families + ["default"]
        }
    }

    private static func change(_ content: AlertContent, _ decided: Decided) -> Change? {
        if content.message == .cancel { return .cancel }
        if let act = content.act { return change(act, content) }
        if case .evacuation(let order) = content.detail { return order.isLifted ? .lifted : nil }
        if decided.isLifted { return .lifted }
        // Ｊアラート ends what it said by a sentence: 避難の呼びかけを解除します.
        if content.kind == .missile, content.headline?.contains("呼びかけを解除") == true { return .lifted }
        return content.message == .update ? .update : nil
    }

    /// A notice that stands again is told as it was; all else says what became of it.
    private static func change(_ act: Act, _ content: AlertContent) -> Change? {
        switch (act.change, content.detail) {
        case (_, .notice): nil
        case (.takenBack, .evacuation): .takenBack
        case (.takenBack, _), (.restored, _): .restored
        // Closed is closed, whether others of the same event are open or not.
        case (.partLifted, .shelter): .update
        case (.partLifted, _): .partLifted
        case (.lifted, .evacuation): .lifted
        case (.lowered, .evacuation): .lowered
        case (.ranOut, _): .ranOut
        case (.new, _): nil
        default: .update
        }
    }

    private static func form(_ content: AlertContent, _ local: [AreaStatement], _ decided: Decided) -> String? {
        switch content.detail {
        case .evacuation(let order): return "level\(order.level.rawValue)"
        case .shelter(let notice): return notice.state.rawValue
        case .headquarters(let seat): return seat.state.rawValue
        case .notice: return nil
        case .none: break
        }
        if content.kind == .nankai { return nankai(content) }
        // A cancel that lists no areas left cannot say its grade.
        guard !local.isEmpty else { return nil }
        switch content.kind {
        case .eew: return EarlyWarning.isWarned(local) ? "warning" : "forecast"
        case .earthquake: return content.type == "VXSE62" ? "long-period" : nil
        case .tsunami: return tsunami(decided)
        case .weather, .landslide: return weather(decided)
        case .flood: return decided.gravity.flatMap { $0 > .information ? "level\($0.rawValue)" : nil }
        case .volcano: return volcano(content, decided)
        case .tornado: return isSighted(content, local) ? "sighted" : nil
        default: return nil
        }
    }

    private static func tsunami(_ decided: Decided) -> String? {
        switch decided.gravity {
        case .emergency: "major"
        case .danger: "warning"
        case .warning: "advisory"
        case .advisory: "forecast"
        case .information, nil: decided.inForce.contains { $0.statement.kindName?.contains("推定") == true } ? "estimate" : nil
        }
    }

    /// By the gravest hazard in force; where it counts in levels, by its level.
    private static func weather(_ decided: Decided) -> String? {
        guard let gravity = decided.gravity, gravity > .information else { return nil }
        let gravest = decided.inForce.filter { $0.meaning.gravity == gravity }.compactMap(\.meaning.hazard)
        if gravest.contains(.rainBand) { return "rain-band" }
        let hasLevel = gravest.contains(where: \.hasLevels)
        return switch gravity {
        case .emergency: hasLevel ? "level5" : "special"
        case .danger: "level4"
        case .warning: hasLevel ? "level3" : "warning"
        default: hasLevel ? "level2" : "advisory"
        }
    }

    private static func volcano(_ content: AlertContent, _ decided: Decided) -> String? {
        if content.type == "VFVO56" { return "eruption" }
        if decided.inForce.contains(where: { Meaning.isEruption($0.statement) }) { return "erupted" }
        guard let gravity = decided.gravity, gravity > .information else { return nil }
        return "level\(gravity.rawValue)"
    }

    private static func nankai(_ content: AlertContent) -> String? {
        if content.type == "VYSE60" || content.title.contains("後発地震") { return "subsequent" }
        return content.areas.compactMap { NankaiKeyword($0) }.first?.rawValue
    }

    private static func isSighted(_ content: AlertContent, _ local: [AreaStatement]) -> Bool {
        content.headline?.contains("目撃情報あり") == true || local.contains { $0.kindName?.contains("竜巻目撃") == true }
    }
}

/// Which templates a name leads to in a language and channel, found once: the files do not change while the program runs.
final class TemplateChoices: Sendable {
    struct Key: Hashable {
        let name: TemplateName
        let language: Language
        let channel: String
    }

    /// Names are made of what bulletins say: no sender can fill the memory with them.
    private static let bound = 8192
    private let known = Mutex<[Key: [TextTemplate]]>([:])

    func of(_ key: Key, _ look: () -> [TextTemplate]) -> [TextTemplate] {
        if let found = known.withLock({ $0[key] }) { return found }
        let found = look()
        known.withLock { if $0.count < Self.bound { $0[key] = found } }
        return found
    }
}
