/// What the rules say about one town, kind by kind. What depends on the alert alone is worked out once, before the
/// first of 1,741 towns asks.
import AlertModel
import Meanings

struct Judge {
    let content: AlertContent
    let index: AreaIndex
    let rules: RoutingRules
    /// Levels of an earthquake early warning that are warned, finest first.
    private let warnedLevels: [Int]
    /// The fastest course of the rivers a flood forecast speaks of.
    private let riverCourse: RoutingRules.Course?

    init(content: AlertContent, index: AreaIndex, rules: RoutingRules) {
        self.content = content
        self.index = index
        self.rules = rules
        warnedLevels = content.kind == .eew
            ? Set(index.statements.lazy.filter(Self.isWarning).compactMap(Self.level)).sorted() : []
        riverCourse = content.kind == .flood
            ? index.statements.compactMap { river in
                river.kindCode.flatMap { $0.count < 2 ? nil : rules.course(.flood, code: $0) }
            }.min { ($0.priority ?? .background) < ($1.priority ?? .background) } : nil
    }

    func judge(_ town: Town) -> Judgement {
        switch content.message {
        case .ack, .error: return .skip(.notForPeople)
        case .cancel: return judgeCancel(town)
        case .alert, .update: break
        }
        if let issuer = content.town {
            return issuer == town.id ? judgeOwn(town) : .skip(.otherTown)
        }
        guard index.speaksOfPlaces else {
            guard rules.followsWithoutArea.contains(content.kind) else { return .skip(content.kind == .eew ? .noShakingArea : .noArea) }
            let pace = index.statements.compactMap { course(of: $0)?.priority }.min()
            return .send(pace ?? weighed?.priority ?? rules.otherwise[content.kind.rawValue]?.priority ?? .routine, .followsWithoutArea)
        }
        switch content.kind {
        // A CAP alert says neither intensity nor code, and what it weighs instead.
        case .eew where content.weight == nil: return judgeWarning(town)
        case .earthquake where content.weight == nil: return judgeEarthquake(town)
        default: return judgeByCode(town)
        }
    }

    /// A cancel of an error must be as fast as the fastest the kind can be: JMA's have no areas left to tell.
    private func judgeCancel(_ town: Town) -> Judgement {
        if let issuer = content.town, issuer != town.id { return .skip(.otherTown) }
        let local = index[index.hits(town)]
        return .send(cancelPriority, .cancelFollowsEvent, local: local)
    }

    private var cancelPriority: Priority {
        switch content.detail {
        case .evacuation(let order): return Self.priority(of: order)
        case .shelter, .headquarters: return .routine
        case .notice: return .background
        case .none: break
        }
        return switch content.kind {
        case .eew, .tsunami, .evacuation, .missile: .immediate
        case .earthquake, .weather, .landslide, .flood, .volcano, .heavyRainRecord, .nankai, .tornado: .urgent
        case .shelter, .headquarters, .ashfall, .typhoon, .other: .routine
        case .notice: .background
        }
    }

    /// Over in a part or in all, by a person or by its time.
    private func isEnd(_ order: EvacuationOrder) -> Bool {
        switch content.act?.change {
        case .lifted, .partLifted, .ranOut: true
        default: order.isLifted
        }
    }

    /// Where it is over: of a part its districts, so that nobody reads of a whole town.
    private static func ended(_ order: EvacuationOrder, _ change: Change?, in town: Town) -> String {
        change == .partLifted && !order.districts.isEmpty ? order.districts.joined(separator: "、") : town.name
    }

    private static func priority(of order: EvacuationOrder) -> Priority {
        order.level == .emergency ? .immediate : .urgent
    }

    /// An operator's alert concerns every far end of the town: who is told to leave one district must be met by
    /// those who take them in, and the text says which district is meant.
    private func judgeOwn(_ town: Town) -> Judgement {
        switch content.detail {
        case .evacuation(let order):
            // Lifting is no reason to wake the neighbours: routine, on every channel that told the order.
            isEnd(order)
                ? .send(.routine, .lifted(order.hazard, area: Self.ended(order, content.act?.change, in: town)))
                : .send(Self.priority(of: order), .evacuationLevel(order.level.rawValue))
        case .shelter: .send(.routine, .shelterState)
        case .headquarters: .send(.routine, .headquarters)
        case .notice: .send(.background, .notice)
        case .none: .send(rules.otherwise[content.kind.rawValue]?.priority ?? .routine, .townAlert)
        }
    }
}

// MARK: - Earthquakes

extension Judge {
    /// Levels of an earthquake early warning, finest first. 地方予報区 (99xx) and 府県予報区 name whole regions and are
    /// listed when a part of them is warned, so they decide only where the bulletin or the town has nothing finer.
    private static func level(of statement: AreaStatement) -> Int? { statement.earlyWarningLevel }

    private static func isWarning(_ statement: AreaStatement) -> Bool { statement.isEarthquakeWarning }

    func judgeWarning(_ town: Town) -> Judgement {
        let hits = index.hits(town)
        let local = index[hits]
        if let warned = warningArea(town, local), local.isEmpty || EarlyWarning.isWarned(local) {
            return .send(.immediate, .earthquakeWarning(area: warned), local: local)
        }
        if let reason = shapeHit(town), case .inForce(_, let area) = reason {
            return .send(.immediate, .earthquakeWarning(area: area))
        }
        guard !local.isEmpty else { return .skip(missReason(town)) }
        guard let step = local.compactMap(Self.intensity).max() else {
            return .skip(warnedLevels.isEmpty ? .noIntensity : .elsewhereInRegion, local: local)
        }
        return step >= rules.eewForecastFrom
            ? .send(.immediate, .forecastIntensity(step), local: local)
            : .skip(.forecastBelowThreshold(step, threshold: rules.eewForecastFrom), local: local)
    }

    private func warningArea(_ town: Town, _ local: [AreaStatement]) -> String? {
        for level in warnedLevels {
            if let hit = local.first(where: { Self.level(of: $0) == level && Self.isWarning($0) }) {
                return hit.name ?? hit.code
            }
            let scheme: AreaScheme = level == 0 ? .jmaSeismic : .jmaEEW
            let knowsLevel = (town.areas[scheme] ?? []).contains { code in
                level == 0 || code.hasPrefix("99") == (level == 2)
            }
            if knowsLevel { return nil }
        }
        return local.first { Self.level(of: $0) == nil && Self.isWarning($0) }.map { $0.name ?? $0.code }
    }

    static func intensity(_ statement: AreaStatement) -> Intensity? {
        if let value = statement.value, let step = Intensity.highest(in: value) { return step }
        // Headlines of 震度速報 carry it as the name of the kind.
        guard let name = statement.kindName, name.contains("震度") else { return nil }
        return Intensity.highest(in: name)
    }

    /// The town's own intensity where it is given, else that of its 細分区域.
    func judgeEarthquake(_ town: Town) -> Judgement {
        let local = index[index.hits(town)]
        guard !local.isEmpty else { return .skip(missReason(town)) }
        let cities = local.filter { $0.scheme == .jmaCity || $0.scheme == .localGovernment }
        let words = cities.flatMap { [$0.value, $0.kindName, $0.status].compactMap { $0 } }
        let own = cities.compactMap(\.value).filter { !$0.contains("未入電") }.compactMap(Intensity.highest(in:)).max()
        // 震度５弱以上未入電: a silent town may be the worst hit, unless another of its stations has spoken.
        if words.contains(where: { $0.contains("未入電") }), own.map({ $0 < rules.earthquakeUrgentFrom }) ?? true {
            return .send(.urgent, .intensityMissing, local: local)
        }
        guard let step = own ?? cities.compactMap(Self.intensity).max() ?? local.compactMap(Self.intensity).max() else {
            return .skip(.noIntensity, local: local)
        }
        if step >= rules.earthquakeUrgentFrom { return .send(.urgent, .observedIntensity(step), local: local) }
        return step >= rules.earthquakeFrom
            ? .send(.routine, .observedIntensity(step), local: local)
            : .skip(.observedBelowThreshold(step, threshold: rules.earthquakeFrom), local: local)
    }
}

// MARK: - Kinds by code

extension Judge {
    func judgeByCode(_ town: Town) -> Judgement {
        let local = index[index.hits(town)]
        guard !local.isEmpty else {
            let shape = shapeHit(town)
            guard let shape, case .inForce = shape else { return .skip(shape ?? missReason(town)) }
            return .send(pace(weighed), shape)
        }
        // What is in force decides before what is lifted, the faster before the slower.
        var best: (position: Int, course: RoutingRules.Course?, rank: Int)?
        var skipped: Int?
        for position in local.indices {
            let course = course(of: local[position])
            if course == .skip { skipped = skipped ?? position }
            guard course?.priority != nil || course == nil else { continue }
            let rank = course == .lifted ? Priority.allCases.count : pace(course).rawValue
            if rank < best?.rank ?? .max { best = (position, course, rank) }
        }
        guard let best else {
            return .skip(skipped.map { .belowThreshold(kindWords(local[$0])) } ?? .nothingInForce, local: local)
        }
        return .send(pace(best.course), sendReason(local[best.position], best.course), local: local)
    }

    private func kindWords(_ statement: AreaStatement) -> String {
        statement.kindName ?? statement.kindCode ?? content.title
    }

    private func pace(_ course: RoutingRules.Course?) -> Priority {
        course?.priority ?? rules.otherwise[content.kind.rawValue]?.priority ?? .routine
    }

    private var weighed: RoutingRules.Course? { content.weight.flatMap(RoutingRules.course(weighing:)) }

    /// Nil when no rule knows the code or the name.
    private func course(of statement: AreaStatement) -> RoutingRules.Course? {
        switch statement.saidState {
        case .over: return .lifted
        case .nothing: return RoutingRules.Course.none
        case .inForce, nil: break
        }
        if content.kind == .flood, let level = riverLevel(statement) { return level }
        let byCode = statement.kindCode.flatMap { rules.course(content.kind, code: $0) }
        if byCode == .lifted || byCode == RoutingRules.Course.none { return byCode }
        if let ofType = rules.types[content.type] { return ofType }
        return byCode ?? weighed ?? statement.kindName.flatMap(RoutingRules.course(named:))
    }

    /// 浸水想定地区 carry only "listed"; the level stands with the river.
    private func riverLevel(_ statement: AreaStatement) -> RoutingRules.Course? {
        guard statement.scheme == .jmaCity || statement.scheme == .localGovernment,
            statement.kindCode.map({ $0.count < 2 }) ?? true
        else { return nil }
        return riverCourse
    }

    private func sendReason(_ statement: AreaStatement, _ course: RoutingRules.Course?) -> Reason {
        let kind = kindWords(statement)
        let area = statement.name ?? statement.code
        if course == .lifted { return .lifted(kind, area: area) }
        let isUnknown = course == nil && statement.kindCode != nil
        return isUnknown ? .unknownKind(kind, area: area) : .inForce(kind, area: area)
    }

    // MARK: Shapes and misses

    /// `.inForce` for a shape that meets the town; another reason when shapes are there and none can be said to; nil
    /// without shapes.
    private func shapeHit(_ town: Town) -> Reason? {
        guard !index.shapes.isEmpty else { return nil }
        guard !town.outline.isEmpty else { return .outlineUnknown }
        for (position, shape) in index.shapes {
            guard let shape, shape.intersects(outline: town.outline) else { continue }
            let statement = index.statements[position]
            return .inForce(statement.kindName ?? content.title, area: statement.name ?? town.name)
        }
        return index.shapes.allSatisfy { $0.shape == nil } ? .badShape : .notThisArea
    }

    /// Tells a town that lies elsewhere from one whose settings lack the table.
    private func missReason(_ town: Town) -> Reason {
        let spoken = AreaScheme.allCases.filter { index.speaks($0) && $0 != .other && $0 != .localGovernment }
        if let only = spoken.first, spoken.count == 1, only != .jmaCity, town.areas[only]?.isEmpty ?? true {
            return .noTownCode(only)
        }
        return .notThisArea
    }
}
