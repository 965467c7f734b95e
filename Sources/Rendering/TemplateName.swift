/// Which templates may tell an alert, most fitting first.
///
///     kind[.form][.change][.short].language.mustache
///
/// form is the grade within a kind (`warning`, `level4`, `full`), change what is new about it (`update`, `lifted`,
/// `cancel`). A cancel is never told by a template without `cancel` in its name, nor a lifting by one without
/// `lifted`: better no text than a warning where its end was meant.
import AlertModel

struct TemplateName {
    enum Change: String {
        case update, lifted, cancel
        // Of a person's act, of which something stands on, or which nobody has ended.
        case partLifted = "part-lifted"
        case takenBack = "taken-back"
        case restored, lowered
        case ranOut = "ran-out"
        /// For far ends whose own district it does not concern.
        case elsewhere
    }

    let kind: AlertKind
    let form: String?
    let change: Change?

    /// - Parameter isElsewhere: for far ends whose own district the order does not concern.
    init(_ content: AlertContent, local: [AreaStatement], isElsewhere: Bool = false) {
        kind = content.kind
        form = Self.form(content, local)
        let change = Self.change(content, local)
        let stands = content.act.map { !$0.standing.filter { $0.event == content.event }.isEmpty } ?? false
        self.change = isElsewhere && stands ? .elsewhere : change
    }

    var text: String { [kind.rawValue, form, change?.rawValue].compactMap { $0 }.joined(separator: ".") }

    /// Without language and `.short`.
    var candidates: [String] {
        let kind = kind.rawValue
        let graded = form.map { ["\(kind).\($0)"] } ?? []
        switch change {
        case .cancel, .lifted, .partLifted, .takenBack, .restored, .lowered, .ranOut, .elsewhere:
            let suffix = change?.rawValue ?? ""
            return (graded + [kind, "default"]).map { "\($0).\(suffix)" }
        case .update: return (graded + [kind]).map { "\($0).update" } + graded + [kind, "default"]
        case nil: return graded + [kind, "default"]
        }
    }

    private static func change(_ content: AlertContent, _ local: [AreaStatement]) -> Change? {
        if content.message == .cancel { return .cancel }
        if let act = content.act { return change(act, content) }
        if case .evacuation(let order) = content.detail { return order.isLifted ? .lifted : nil }
        let said = local.filter { $0.kindCode != nil || $0.kindName != nil }
        if !said.isEmpty, said.allSatisfy({ $0.isLifted(content.kind) }) { return .lifted }
        return content.message == .update ? .update : nil
    }

    /// A notice that stands again is told as it was; all else says what became of it.
    private static func change(_ act: Act, _ content: AlertContent) -> Change? {
        switch (act.change, content.detail) {
        case (_, .notice): nil
        case (.takenBack, .evacuation): .takenBack
        case (.takenBack, _), (.restored, _): .restored
        case (.partLifted, _): .partLifted
        case (.lifted, .evacuation): .lifted
        case (.lowered, .evacuation): .lowered
        case (.ranOut, _): .ranOut
        case (.new, _): nil
        default: .update
        }
    }

    private static func form(_ content: AlertContent, _ local: [AreaStatement]) -> String? {
        switch content.detail {
        case .evacuation(let order): return "level\(order.level.rawValue)"
        case .shelter(let notice): return notice.state.rawValue
        case .headquarters(let seat): return seat.state.rawValue
        case .notice: return nil
        case .none: break
        }
        // A cancel that lists no areas left cannot say its grade.
        guard !local.isEmpty else { return nil }
        switch content.kind {
        case .eew: return local.contains(where: \.isEarthquakeWarning) ? "warning" : "forecast"
        case .tsunami: return tsunamiForm(local)
        case .weather: return local.contains(where: \.isSpecialWarning) ? "special" : nil
        case .landslide: return local.contains(where: \.isLandslideAlert) ? "alert" : nil
        default: return nil
        }
    }

    private static func tsunamiForm(_ local: [AreaStatement]) -> String? {
        let codes = Set(local.compactMap(\.kindCode))
        if !codes.isDisjoint(with: ["52", "53"]) { return "major" }
        if codes.contains("51") { return "warning" }
        if codes.contains("62") { return "advisory" }
        return codes.contains("71") ? "forecast" : nil
    }
}

extension AreaStatement {
    /// Source: JMA 個別コード表 2026-07, EarthquakeWarning and EarthquakeForecast.
    var isEarthquakeWarning: Bool {
        switch kindCode {
        case "31", "10", "11", "19": true
        default: kindCode == nil && kindName?.contains("警報") == true
        }
    }

    /// 特別警報, level 5. Source: WeatherWarning.
    var isSpecialWarning: Bool {
        if kindName?.contains("特別警報") == true || kindName?.contains("レベル５") == true { return true }
        return ["32", "33", "35", "36", "37", "38", "39"].contains(kindCode)
    }

    /// 土砂災害警戒情報 (3), and level 4 and 5 of the names since 2026-05. Source: SoilWarning, WeatherWarning.
    var isLandslideAlert: Bool {
        if ["3", "39", "49"].contains(kindCode) { return true }
        return kindName.map { name in
            ["土砂災害警戒情報", "危険警報", "特別警報", "レベル４", "レベル５"].contains { name.contains($0) }
        } ?? false
    }

    /// Lifted (解除) or lowered to nothing that asks for action. Source: TsunamiWarning, SoilWarning, VolcanicWarning,
    /// WeatherWarning; 指定河川洪水予報 10.
    func isLifted(_ kind: AlertKind) -> Bool {
        if status?.contains("解除") == true { return true }
        return switch (kind, kindCode) {
        case (.tsunami, "00"), (.tsunami, "50"), (.tsunami, "60"), (.tsunami, "72"), (.tsunami, "73"): true
        case (.weather, "00"), (.weather, "0"), (.landslide, "1"), (.flood, "10"), (.volcano, "04"), (.volcano, "32"): true
        case (_, nil): kindName?.contains("解除") == true
        default: kindName == "解除"
        }
    }
}
