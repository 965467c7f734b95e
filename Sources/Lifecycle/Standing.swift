/// How things stand for one town by one bulletin: each danger with its class, so that two bulletins, two formats or
/// two sources that say the same can be seen to do so.
import AlertModel
import Meanings

/// A danger as people think of it: `jma/eew/…` is one warning, `tsunami` is the sea, `weather/heavy-rain` is the rain
/// in whatever format it is told.
struct Subject: Hashable, Sendable {
    let text: String
    init(_ text: String) { self.text = text }

    static let sea = Subject("tsunami")
}

struct Standing: Hashable, Sendable {
    /// 0 is nothing; the scale is the kind's own.
    var rank: Int
    /// Areas of the town under that class.
    var places: Set<Story.Place> = []
    /// What else would be news if it changed: kinds by code or name, texts.
    var words: Set<String> = []

    /// Whether this names a place of the town that the other leaves out. A municipality is no wider than its district:
    /// only places of one code table are compared.
    func isWider(than other: Standing) -> Bool {
        let tables = Set(other.places.map(\.scheme))
        return places.contains { tables.contains($0.scheme) && !other.places.contains($0) }
    }

    /// The higher class; places and words of both where they are equal.
    mutating func join(_ other: Standing) {
        if other.rank > rank {
            self = other
        } else if other.rank == rank {
            places.formUnion(other.places)
            words.formUnion(other.words)
        }
    }
}

struct Standings {
    private(set) var bySubject: [Subject: Standing] = [:]
    private let content: AlertContent

    /// `priority` is targeting's; nil where it would skip.
    init(_ content: AlertContent, local: [AreaStatement], priority: Priority?) {
        self.content = content
        switch content.kind {
        case .eew where content.weight == nil: readEarlyWarning(local, priority)
        case .earthquake where content.weight == nil: readEarthquake(local, priority)
        case .tsunami where content.town == nil && content.type != "cap": readTsunami(local)
        case .weather where content.isByHazard, .landslide where content.isByHazard: readHazards(local)
        case .flood where content.isJMA: readFlood(local, priority)
        default: readOther(local, priority)
        }
    }

    private mutating func add(_ subject: String, _ standing: Standing) {
        bySubject[Subject(subject), default: Standing(rank: 0)].join(standing)
    }

    // MARK: Earthquakes

    /// Warned is warned, whatever intensity: the action is the same. Below, each step of a forecast is a class.
    private mutating func readEarlyWarning(_ local: [AreaStatement], _ priority: Priority?) {
        guard priority != nil else { return }
        let isWarned = local.isEmpty || EarlyWarning.isWarned(local)
        let step = local.compactMap(\.value).compactMap(Intensity.highest(in:)).max()
        add(content.event.text, Standing(rank: isWarned ? 100 : 1 + Self.number(step)))
    }

    /// Twice the step, so that 震度５弱以上未入電 finds its place above ５弱.
    private mutating func readEarthquake(_ local: [AreaStatement], _ priority: Priority?) {
        guard priority != nil else { return }
        let cities = local.filter { $0.scheme == .jmaCity || $0.scheme == .localGovernment }
        let finest = cities.isEmpty ? local : cities
        let words = finest.flatMap { [$0.value, $0.kindName].compactMap { $0 } }
        let step = words.compactMap(Intensity.highest(in:)).max()
        let isSilent = finest.contains { [$0.value, $0.status, $0.kindName].contains { $0?.contains("未入電") == true } }
        let rank = max(1 + 2 * Self.number(step), isSilent ? 2 + 2 * Self.number(.fiveLower) : 0)
        add(content.event.text, Standing(rank: rank))
        // 震度速報 says how strong; where, how big and whether a tsunami comes is known minutes later, and is news.
        if content.hypocentre?.name != nil { add(content.event.text + "#where", Standing(rank: 1)) }
    }

    private static func number(_ step: Intensity?) -> Int { step.flatMap(Intensity.allCases.firstIndex) ?? 0 }

    // MARK: By code

    /// One sea, whichever bulletin speaks: VTSE51 repeats what VTSE41 warned of. Observed heights have no code.
    private mutating func readTsunami(_ local: [AreaStatement]) {
        for statement in local {
            guard statement.kindCode.flatMap({ Int($0) }) != nil else {
                // 沖合の観測からの推定 of VTSE52: a height or an arrival to be told, whatever the class.
                if statement.kindName != nil {
                    let words = [statement.value, statement.status].compactMap(\.self)
                    add(content.event.text + "#estimate", Standing(rank: 1, places: [statement.place], words: Set(words)))
                }
                continue
            }
            // 1 若干の海面変動, 2 津波注意報, 3 津波警報, 4 大津波警報.
            let meaning = Meaning(statement, of: .tsunami)
            let rank = meaning.isInForce ? max(0, (meaning.gravity ?? .information).rawValue - 1) : 0
            add(Subject.sea.text, Standing(rank: rank, places: rank > 0 ? [statement.place] : []))
        }
    }

    private mutating func readHazards(_ local: [AreaStatement]) {
        for statement in local {
            guard let hazard = WeatherHazard(statement, isLandslideBulletin: content.type.hasPrefix("VXWW")) else { continue }
            add(hazard.subject, Standing(rank: hazard.rank, places: hazard.rank > 0 ? [statement.place] : []))
        }
    }

    /// The class stands with the river (tens of the code: 1 lifted, 2…5), the town's own statement only names it.
    private mutating func readFlood(_ local: [AreaStatement], _ priority: Priority?) {
        guard !local.isEmpty else { return }
        func level(_ areas: [AreaStatement]) -> Int? {
            areas.filter { $0.scheme == .jmaRiver }.compactMap { $0.kindCode.flatMap { Int($0) } }.filter { $0 >= 10 }
                .map { $0 / 10 }.max()
        }
        let rank = level(local) ?? level(content.areas) ?? priority.map(Self.rank) ?? 0
        add(content.event.text, Standing(rank: rank < 2 ? 0 : rank, places: rank < 2 ? [] : Set(local.map(\.place))))
    }

    // MARK: The rest

    private static func rank(_ priority: Priority) -> Int { 4 - priority.rawValue }

    /// By how urgent targeting finds it, and by its words. Another authority's text, or one of a kind nobody knows, may
    /// say another thing under the same title; JMA's long prose is written anew each time and is none.
    private mutating func readOther(_ local: [AreaStatement], _ priority: Priority?) {
        let inForce = local.filter { $0.saidState != .over }
        guard let priority, local.isEmpty || !inForce.isEmpty else {
            if !local.isEmpty { add(content.event.text, Standing(rank: 0)) }
            return
        }
        var words = Set(inForce.compactMap { $0.kindCode ?? $0.kindName })
        if content.type == "cap" || [.nankai, .notice, .other].contains(content.kind) { words.formUnion([content.title, content.headline ?? ""]) }
        if content.type == "qzss", let headline = content.headline { words.insert(headline) }
        add(content.event.text, Standing(rank: Self.rank(priority), places: Set(inForce.map(\.place)), words: words))
    }
}

/// A weather warning's hazard and level, whatever the format: 大雨警報 and レベル３大雨警報 have one code.
struct WeatherHazard {
    let subject: String
    /// 警戒レベル where there is one: 2 注意報, 3 警報, 4 危険警報 and 土砂災害警戒情報, 5 特別警報; 0 is lifted or nothing.
    let rank: Int

    /// Nil for "発表警報・注意報はなし". A code or name that is in no table is a hazard of its own.
    init?(_ statement: AreaStatement, isLandslideBulletin: Bool) {
        let isLifted = statement.saidState == .over
        let name = statement.kindName ?? ""
        if isLandslideBulletin || name.contains("土砂災害警戒情報") {
            subject = "weather/landslide"
            rank = statement.kindCode == "3" && !isLifted ? 4 : 0
            return
        }
        let meaning = Meaning(statement, of: .weather)
        guard let number = statement.kindCode.flatMap({ Int($0) }) else {
            guard !name.isEmpty else { return nil }
            subject = "weather/\(name)"
            rank = isLifted ? 0 : meaning.gravity?.rawValue ?? 2
            return
        }
        subject = "weather/\(Meaning.weather[number].map { Self.subject($0.0) } ?? "code-\(number)")"
        // 00 解除 names no hazard: what is over is what is left out.
        rank = isLifted || number == 0 ? 0 : meaning.gravity?.rawValue ?? 2
    }

    /// 暴風 and 強風 are one wind, and so on: a hazard of the table is a subject.
    private static func subject(_ hazard: Hazard) -> String { hazard.rawValue }
}

extension AlertContent {
    var isJMA: Bool { town == nil && type != "cap" && type != "qzss" && type != "operator" }

    /// Bulletins whose codes are those of WeatherWarning, or VXWW50; the satellite's are the same.
    var isByHazard: Bool { type == "qzss" || ["VPWW", "VPWS", "VPNO", "VXWW"].contains { type.hasPrefix($0) } }

    /// VTSE41 lists every coast that is warned, whichever bulletin spoke of it before.
    var isWholeSea: Bool { type.hasPrefix("VTSE4") }

    /// Types that give the whole state each time: what they do not name any more is over.
    var isWholeState: Bool {
        if type == "cap" { return message == .update }
        return ["VPWW", "VPWS", "VXWW", "VTSE41", "VTSE40", "VXKO", "VFVO50"].contains { type.hasPrefix($0) }
    }
}

extension AreaStatement {
    var place: Story.Place { Story.Place(scheme: scheme, code: code) }
}
