import AlertModel
import ChannelKit

extension PortalPage {
    /// A shelter that is open in a drill alone says so, above the list and in every line. What is not fit for a hazard in
    /// force says that, and stands behind those that are; among equals the nearest to the spot comes first.
    func shelters(
        _ all: [ShelterStatus], limit: Int, isAll: Bool = false, isDrill: Bool = false, heading: String = "h2", hazards: [String] = []
    ) -> String {
        let known = all.filter { $0.state != nil }.map { (status: $0, rank: rank($0, hazards)) }
            .sorted { ($0.rank.0, $0.rank.1, $0.rank.2, $0.status.shelter.name) < ($1.rank.0, $1.rank.1, $1.rank.2, $1.status.shelter.name) }
        guard !known.isEmpty else { return "" }
        let mark = isDrill ? words[.drillTitle] : ""
        let drawn = drawn(known.prefix(limit).map(\.status), hazards)
        let rows = known.prefix(limit).map { shelterRow($0.status, mark, hazards, drawn.numbers[$0.status.shelter.id]) }.joined()
        let more = known.count > limit && !isAll
            ? HTML.tag("p", ["class": "m"], link("shelters.\(language).html", words(.allShelters, "\(known.count)"))) : ""
        return HTML.tag("section", HTML.tag(heading, HTML.text(mark + words[.shelters])) + drawn.map + HTML.tag("ul", rows) + more)
    }

    /// Those that take people in, the nearer first, and which number each has beside its name. On a page that is short of room there is none.
    private func drawn(_ all: [ShelterStatus], _ hazards: [String]) -> (map: String, numbers: [String: Int]) {
        let marked = all.compactMap { status -> (id: String, way: Way, isFull: Bool)? in
            guard status.state == .open || status.state == .full, !hazards.contains(where: { status.shelter.fitness(for: $0) == .unfit }),
                let way = way(to: status.shelter), PortalMap.walk.contains(way.metres)
            else { return nil }
            return (status.shelter.id, way, status.state == .full)
        }.prefix(PortalMap.limit)
        guard !marked.isEmpty, detail.rawValue < Detail.fewShelters.rawValue, let place = state.place else { return ("", [:]) }
        let map = PortalMap(marked.map { ($0.way, $0.isFull) })
        let numbers = Dictionary(zip(marked.map(\.id), map.marks.map(\.number)), uniquingKeysWith: { first, _ in first })
        // A drawing has no readings over its words.
        func bare(_ text: String) -> String { String(text.prefix { $0 != "（" }) }
        return (map.svg(here: bare(words.isRoman ? place.romanName ?? place.name : place.name), north: bare(direction(0))), numbers)
    }

    private func way(to shelter: Shelter) -> Way? {
        state.place?.place.flatMap { here in shelter.place.map { Way(from: here, to: $0) } }
    }

    private func direction(_ eighth: Int) -> String {
        let all = (words.word("directions", of: "tablet") ?? "").split(separator: "/")
        return all.indices.contains(eighth) ? String(all[eighth]) : ""
    }

    /// Which way, and how far; of the building that the spot stands in that it is this one.
    private func wayWords(_ shelter: Shelter) -> String? {
        guard let way = way(to: shelter), way.metres <= PortalMap.walk.upperBound else { return nil }
        return way.metres < PortalMap.walk.lowerBound ? words.word("atHere", of: "tablet") : direction(way.direction) + " " + Way.distance(way.metres)
    }

    private func rank(_ status: ShelterStatus, _ hazards: [String]) -> (Int, Int, Int) {
        let isUnfit = hazards.contains { status.shelter.fitness(for: $0) == .unfit }
        let metres = state.place?.place.flatMap { here in status.shelter.place.map { Int(here.distance(to: $0) * 1_000) } }
        return (isUnfit ? 1 : 0, Self.rank(status.state), metres ?? Int.max)
    }

    /// What a reader must know of it before going there.
    private func warnings(_ shelter: Shelter, _ hazards: [String]) -> [String] {
        hazards.compactMap { hazard in
            let word = words.hazard(hazard)
            switch shelter.fitness(for: hazard) {
            case .fit: return nil
            case .conditional: return words(.inPart, word)
            case .unfit: return words(.notFit, word)
            case nil: return words(.notKnown, word)
            }
        }
    }

    private static func rank(_ state: ShelterNotice.State?) -> Int {
        switch state {
        case .open: 0
        case .full: 1
        case .closed: 2
        case nil: 3
        }
    }

    private func shelterRow(_ status: ShelterStatus, _ mark: String, _ hazards: [String], _ number: Int?) -> String {
        guard let state = status.state else { return "" }
        let roman = words.isRoman ? status.shelter.romanName : nil
        // The wide space keeps the words apart where there are no styles: w3m drops narrow ones between Japanese.
        var line = HTML.tag("b", ["class": state.rawValue], HTML.text(mark + words[state.word])) + "\u{3000}"
        // ① to ⑤: one letter, which w3m and paper have too.
        if let number { line += "\(["①", "②", "③", "④", "⑤"][min(max(number, 1), PortalMap.limit) - 1]) " }
        line += "<span\(languageMark(roman == nil ? .japanese : .english))>\(roman.map(HTML.text) ?? name(status.shelter))"
        if let address = status.shelter.address { line += "\u{3000}<small>\(HTML.text(address))</small>" }
        if let note = status.note, !note.isEmpty { line += "\u{3000}<small>\(HTML.text(note))</small>" }
        let warnings = status.state == .closed ? [] : warnings(status.shelter, hazards)
        let warning = warnings.isEmpty ? "" : "\u{3000}" + HTML.tag("strong", HTML.text(warnings.joined(separator: words[.remarks])))
        let way = status.state == .closed ? nil : wayWords(status.shelter)
        return HTML.tag("li", line + "</span>" + (way.map { "\u{3000}<span class=\"y\">\(HTML.text($0))</span>" } ?? "") + warning)
    }

    /// With its reading, on the pages in Japanese, where the register has it.
    private func name(_ shelter: Shelter) -> String {
        guard language == .easyJapanese || language == .japanese && isRead, let kana = shelter.kana, !kana.isEmpty else { return HTML.text(shelter.name) }
        return Furigana.ruby(HTML.text(shelter.name), HTML.text(kana))
    }
}
