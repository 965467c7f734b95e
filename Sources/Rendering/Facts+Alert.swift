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
    var vantage = Vantage.whole
    /// When it is written; nil where nobody asks for more than the bulletin's own moment.
    var now: Date?
    /// What stands for the name of the town, where many share a text.
    var alias: String?

    /// - Parameter shelf: where what towns have in common may lie already.
    func facts(_ shelf: FactShelf.Sheet? = nil) -> Facts {
        let decided = Decided(content, local)
        var facts = shelf.map { $0.facts(wording.language) { common(decided) } } ?? common(decided)
        facts.set(.town, townName)
        facts.set(.authority, wording.word("authority", authority))
        addPlace(decided, &facts)
        return facts
    }

    /// Of a bulletin all that the town itself has no part in.
    func common(_ decided: Decided) -> Facts {
        var facts = Facts()
        let announced = content.reported ?? content.sent
        facts.set(.sender, sender)
        facts.set(.date, wording.date(announced))
        facts.set(.time, wording.time(announced))
        facts.set(.title, content.title)
        facts.set(.headline, headline)
        facts.set(.cancelled, wording.word("cancelled", content.kind.rawValue))
        facts.set(.until, content.validUntil.map(wording.time))
        addKinds(decided, &facts)
        addAdvice(decided, &facts)
        addEarthquake(&facts)
        addPrevious(&facts)
        addTsunami(decided, &facts)
        facts.set(.river, names(.jmaRiver, of: content.areas))
        facts.set(.volcano, volcanoes(decided))
        addDetail(&facts)
        return facts
    }

    var townName: String { alias ?? ownName }
    var ownName: String { wording.isRoman && !town.romanName.isEmpty ? town.romanName : town.name }

    // MARK: The town's own alerts

    /// How much is said of several shelters, from what serves best to what is short.
    enum ShelterList: CaseIterable { case lines, names, some }

    /// Several shelters, each on a line of its own with where it is; then those that are open as they were, of which the same event told.
    func listed(_ lines: RenderedLines, _ form: ShelterList) -> RenderedLines {
        guard case .shelter(let notice) = content.detail else { return lines }
        var lines = lines
        let place = Dictionary(shelters.enumerated().map { ($1.shelter.id, $0) }, uniquingKeysWith: { first, _ in first })
        let all = notice.all, open = (content.act?.besides ?? []).filter { $0.state == .open }.sorted { (place[$0.shelter] ?? .max, $0.shelter) < (place[$1.shelter] ?? .max, $1.shelter) }
        var said: [String] = []
        if all.count > 1 {
            // и др. ends a sentence by itself.
            lines.body = lines.body.replacing("..", with: ".")
            switch form {
            case .lines: said += all.map { "・" + line(of: $0, isOpen: all.allSatisfy { $0.state == .open }) }
            case .names: said.append(wording.joined(all.map { name(of: $0) }))
            case .some: said.append(wording.joined(all.map { name(of: $0) }, limit: Self.named))
            }
        }
        if !open.isEmpty { said.append(wording.stillOpen(open.map { name(of: $0) }, limit: form == .some ? Self.named : open.count)) }
        // The last line says who and when.
        guard !said.isEmpty, let end = lines.body.lastIndex(of: "\n") else { return lines }
        lines.body.insert(contentsOf: "\n" + said.joined(separator: "\n"), at: end)
        return lines
    }

    /// Shelters by name where there is no room for all.
    private static let named = 10

    /// Under a sentence about those that are open each says that it is not.
    private func line(of shelter: ShelterNotice, isOpen: Bool) -> String {
        let rest = [isOpen ? nil : wording.word("state", shelter.state.rawValue), shelter.address].compactMap(\.self)
        guard !rest.isEmpty else { return name(of: shelter) }
        return name(of: shelter) + (wording.writesJapanese ? "（\(rest.joined(separator: "　"))）" : " (\(rest.joined(separator: ", ")))")
    }

    /// Whoever says it in the town's name is named in every language.
    func signed(_ lines: RenderedLines) -> RenderedLines {
        guard let helper = content.onBehalf else { return lines }
        let name = wording.isRoman && !helper.romanName.isEmpty ? helper.romanName : helper.name
        return RenderedLines(title: lines.title, body: lines.body + "\n\n" + wording.onBehalf(helper: name, of: ownName))
    }

    private func addDetail(_ facts: inout Facts) {
        switch content.detail {
        case .none: return
        case .evacuation(let order): add(order, to: &facts)
        case .shelter(let notice):
            let all = notice.all
            facts.set(.shelter, all.count > 1 ? wording.joined(all.map { name(of: $0) }, limit: 2) : name(of: notice))
            facts.set(.address, all.count > 1 ? nil : notice.address)
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

    /// 地区 are in no code table: in Latin letters a town's own spelling, else the name it is written with on signs, said to be
    /// Japanese.
    func name(ofDistrict district: String) -> String {
        let word = wording.word("place", district)
        guard word == district else { return word }
        if wording.isRoman, let roman = town.districtRomanNames[district] { return roman }
        return wording.marked(district)
    }

    var open: [ShelterStatus] { shelters.filter { $0.state == .open } }

    private func name(of shelter: Shelter) -> String {
        wording.isRoman ? shelter.romanName ?? shelter.name : shelter.name
    }

    private func name(of notice: ShelterNotice) -> String {
        shelters.first { $0.shelter.id == notice.shelter }.map { name(of: $0.shelter) } ?? notice.name
    }

    /// - Parameter hazard: for which people are sent there; what is only partly fit for it says so.
    func addShelters(_ chosen: [ShelterStatus], of hazard: String? = nil, to facts: inout Facts) {
        func marked(_ shelter: Shelter) -> String {
            let isPartly = hazard.flatMap { shelter.fitness(for: $0) } == .conditional
            return name(of: shelter) + (isPartly ? wording.word("fitness", "conditional") : "")
        }
        let items = chosen.enumerated().map { position, status in
            var item: [FactName: Facts.Value] = [
                .name: .text(marked(status.shelter)), .isFull: .flag(status.state == .full),
                .isLast: .flag(position == chosen.count - 1),
            ]
            if let address = status.shelter.address, !address.isEmpty { item[.address] = .text(address) }
            if let note = status.note, !note.isEmpty { item[.note] = .text(note) }
            return item
        }
        facts.set(.shelters, list: items)
        let free = chosen.filter { $0.state != .full }.map { marked($0.shelter) }
        facts.set(.shelterNames, free.isEmpty ? nil : wording.joined(free, limit: 3))
    }
}
