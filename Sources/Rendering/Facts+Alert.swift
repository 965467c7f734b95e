/// From an alert to the facts of one language.
import AlertModel
import Foundation

struct FactSource {
    let content: AlertContent
    let town: Town
    let local: [AreaStatement]
    let shelters: [ShelterStatus]
    let wording: Wording
    /// What a cancel takes back.
    var previous: ToldBefore?

    func facts() -> Facts {
        var facts = Facts()
        let announced = content.reported ?? content.sent
        facts.set(.sender, sender)
        facts.set(.town, townName)
        facts.set(.place, place)
        facts.set(.date, wording.date(announced))
        facts.set(.time, wording.time(announced))
        facts.set(.title, content.title)
        facts.set(.headline, headline)
        facts.set(.office, office)
        facts.set(.cancelled, wording.word("cancelled", content.kind.rawValue))
        addKinds(&facts)
        addEarthquake(&facts)
        addPrevious(&facts)
        addTsunami(&facts)
        facts.set(.river, names(.jmaRiver))
        facts.set(.volcano, names(.jmaVolcano))
        addDetail(&facts)
        return facts
    }

    private var townName: String {
        wording.language == .english && !town.romanName.isEmpty ? town.romanName : town.name
    }

    private var sender: String {
        guard content.town == nil else { return townName }
        // 土砂災害警戒情報 has two: 宮城県 仙台管区気象台.
        let offices = content.sender.split(whereSeparator: \.isWhitespace).map(String.init)
        return offices.isEmpty ? content.sender : offices.map { wording.word("sender", $0) }.joined(separator: wording.language == .english ? " and " : "・")
    }

    /// Names of areas are in no table in other languages, so those speak of the town.
    private var place: String {
        guard wording.isJapanese else { return townName }
        let shapes: Set<AreaScheme> = [.polygon, .circle, .jmaRiver, .jmaVolcano]
        let cities = local.filter { $0.scheme == .jmaCity }
        let placed = cities.isEmpty ? local.filter { !shapes.contains($0.scheme) } : cities
        let names = unique(placed.compactMap(\.name))
        return names.isEmpty ? town.name : wording.joined(names, limit: 3)
    }

    private var headline: String? {
        guard let headline = content.headline else { return nil }
        let lines = headline.split(whereSeparator: \.isNewline).map { $0.trimmingCharacters(in: .whitespaces) }
        return lines.filter { !$0.isEmpty }.joined(separator: "\n")
    }

    /// Of the whole alert: a town is told which river, though it lies in none.
    private func names(_ scheme: AreaScheme) -> String? {
        let names = unique(content.areas.filter { $0.scheme == scheme }.compactMap(\.name)).map(marked)
        return names.isEmpty ? nil : wording.joined(names, limit: 3)
    }

    private func unique(_ words: [String]) -> [String] {
        var seen: Set<String> = []
        return words.filter { !$0.isEmpty && seen.insert($0).inserted }
    }

    // MARK: Kinds

    private func addKinds(_ facts: inout Facts) {
        let inForce = local.filter { !$0.isLifted(content.kind) }
        let told = inForce.contains { $0.kindName != nil } ? inForce : local
        var kinds = unique(told.compactMap(\.kindName))
        if content.kind == .flood {
            // 浸水想定地区 only lists the place; what happens stands with the river.
            let ofRiver = content.areas.filter { $0.scheme == .jmaRiver }.compactMap(\.kindName)
            let own = kinds.filter { !$0.hasPrefix("浸水想定地区") }
            kinds = unique(own + ofRiver)
        }
        let words = kinds.filter { $0 != "解除" }
            .sorted { Self.rank($0) < Self.rank($1) }
            .map { wording.word("kind", $0) }
        facts.set(.kind, words.first)
        facts.set(.kinds, words.isEmpty ? nil : named(wording.joined(words, limit: 8)))
        facts.set(.more, flag: words.count > 1)
    }

    /// 大雨警報が出ています reads well, 溶岩流が出ています does not: what is no 警報, 注意報 or 情報 is made one.
    private func named(_ kinds: String) -> String {
        guard wording.isJapanese, content.kind != .ashfall, !kinds.hasSuffix("報"), !kinds.hasSuffix("など") else {
            return kinds
        }
        return kinds + "の情報"
    }

    /// Graver names first; equal ones stay in the bulletin's order (the sort is stable).
    private static func rank(_ kind: String) -> Int {
        if kind.contains("特別警報") { return 0 }
        if kind.contains("危険警報") { return 1 }
        if kind.contains("注意報") { return 3 }
        return kind.contains("警報") ? 2 : 4
    }

    /// The cancelled values stay visible: when, what, how strong.
    private func addPrevious(_ facts: inout Facts) {
        guard content.message == .cancel, let previous else { return }
        let before = FactSource(
            content: previous.content, town: town, local: previous.local, shelters: [], wording: wording
        ).facts()
        facts.set(.since, before.text(.time))
        for name in [FactName.kind, .kinds, .intensity, .hypocentre] where facts.text(name) == nil {
            facts.set(name, before.text(name))
        }
    }

    private func addEarthquake(_ facts: inout Facts) {
        // 震度５弱以上未入電 is a guess and no observation.
        let told = local.filter { $0.value?.contains("未入電") != true }
        let cities = told.filter { $0.scheme == .jmaCity }.compactMap(\.value)
        let isSilent = cities.isEmpty && local.contains { $0.scheme == .jmaCity }
        let values = cities.isEmpty && !isSilent ? told.compactMap(\.value) : cities
        if content.kind == .eew || content.kind == .earthquake,
            let step = values.compactMap({ Intensity.highest(in: $0) }).max()
        {
            facts.set(.intensity, wording.intensity(step))
        }
        guard let hypocentre = content.hypocentre, !hypocentre.isAssumed else { return }
        // Names of the sea off Japan have no English in the tables at hand; Japanese letters help nobody in a hurry.
        if let name = hypocentre.name { facts.set(.hypocentre, name) }
        // An early warning's first guess of size and depth is not for people: it changes by the second.
        guard content.kind != .eew else { return }
        facts.set(.magnitude, wording.magnitude(hypocentre))
        facts.set(.depth, hypocentre.depth.flatMap(wording.depth))
    }

    private func addTsunami(_ facts: inout Facts) {
        guard content.kind == .tsunami else { return }
        let forecasts = local.filter { $0.scheme == .jmaTsunami && $0.kindCode != nil }
        // A town on two coasts is told of the worse one.
        let gravest = ["53", "52", "51", "62", "71"].first { code in forecasts.contains { $0.kindCode == code } }
        let warned = forecasts.filter { $0.kindCode == gravest }
        facts.set(.height, warned.compactMap { $0.value.flatMap(wording.tsunamiHeight) }.first)
        let conditions = warned.compactMap(\.status)
        let isThere = conditions.contains { $0.contains("到達") }
        let isImminent = conditions.contains { $0.contains("ただちに") }
        facts.set(.arrived, flag: isThere)
        facts.set(.imminent, flag: isImminent && !isThere)
        if !isThere, !isImminent, let moment = warned.compactMap(\.arrival).compactMap(Self.moment).min() {
            facts.set(.arrival, wording.time(moment))
        }
    }

    private static func moment(_ text: String) -> Date? { try? Date(text, strategy: .iso8601) }

    // MARK: The town's own alerts

    private func addDetail(_ facts: inout Facts) {
        switch content.detail {
        case .none: return
        case .evacuation(let order): add(order, to: &facts)
        case .shelter(let notice):
            facts.set(.shelter, name(of: notice))
            facts.set(.address, notice.address)
            facts.set(.note, notice.note)
            facts.set(.standing, wording.word("state", notice.state.rawValue))
        case .headquarters(let seat):
            facts.set(.headquarters, wording.word("headquarters", seat.name))
            facts.set(.note, seat.note)
            facts.set(.standing, wording.word("state", "headquarters.\(seat.state.rawValue)"))
        case .notice(let notice):
            facts.set(.subject, notice.title)
            facts.set(.text, notice.body)
        }
    }

    /// What a person typed, ended as a sentence: the next one follows on the same line in a mail.
    static func sentence(_ text: String) -> String {
        guard let last = text.last, !"。．.！!？?」）)".contains(last) else { return text }
        return text + "。"
    }

    /// 地区 are in no code table: in English a town's own spelling, else the name it is written with on signs, said to be
    /// Japanese so that nobody takes it for a fault of the screen.
    func name(ofDistrict district: String) -> String {
        let word = wording.word("place", district)
        guard wording.language == .english, word == district else { return word }
        if let roman = town.districtRomanNames[district] { return roman }
        return marked(district)
    }

    /// A name that stays in Japanese letters in an English text says so.
    private func marked(_ name: String) -> String {
        wording.language != .english || name.allSatisfy(\.isASCII) ? name : "\(name) (name in Japanese)"
    }

    var open: [ShelterStatus] { shelters.filter { $0.state == .open } }

    private func name(of shelter: Shelter) -> String {
        wording.language == .english ? shelter.romanName ?? shelter.name : shelter.name
    }

    private func name(of notice: ShelterNotice) -> String {
        shelters.first { $0.shelter.id == notice.shelter }.map { name(of: $0.shelter) } ?? notice.name
    }

    func addShelters(_ chosen: [ShelterStatus], to facts: inout Facts) {
        let items = chosen.enumerated().map { position, status in
            var item: [FactName: Facts.Value] = [
                .name: .text(name(of: status.shelter)), .isFull: .flag(status.state == .full),
                .isLast: .flag(position == chosen.count - 1),
            ]
            if let address = status.shelter.address, !address.isEmpty { item[.address] = .text(address) }
            if let note = status.note, !note.isEmpty { item[.note] = .text(note) }
            return item
        }
        facts.set(.shelters, list: items)
        let free = chosen.filter { $0.state != .full }.map { name(of: $0.shelter) }
        facts.set(.shelterNames, free.isEmpty ? nil : wording.joined(free, limit: 3))
    }
}
