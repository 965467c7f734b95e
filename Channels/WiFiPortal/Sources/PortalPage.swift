import AlertModel
import ChannelKit
import FoundationEssentials
import Gzip
import QRCode

/// What a spot shows, as one page of HTML: no script, no cookie, no second file.
///
/// It must open in the small browser that iOS puts over a captive network, in w3m, on paper and in a screen reader.
/// The most urgent item is the page's one `role="alert"`.
struct PortalPage {
    /// Bytes compressed. The first flight of a new TCP connection carries about 14.6 kB (RFC 6928, ten segments of
    /// 1,460), headers and TLS included.
    static let sizeLimit = 12_000

    /// How much is on the page; the next one down is tried when a page is too big.
    enum Detail: Int, CaseIterable {
        case full, withoutEnded, fewShelters, bareRoutine, bareAllButFirst, firstOnly
    }

    let state: SpotState
    let language: Language
    let now: Date
    /// The page for a spot that has not heard from the hub for longer than the manifest's `valid_for`.
    var isCutOff = false
    var detail = Detail.full
    /// Readings over what is said and what to do, on the Japanese page: the first thing to go where a page is too big.
    var isRead = true

    /// The page's own words. What to do comes from the reviewed templates, never from here.
    var words: ScreenWords { ScreenLanguages.inUse.words(language) }
    private var today: JapanTime { JapanTime(now) }
    private func when(_ date: Date) -> String { JapanTime(date).words(language, today: today) }

    func html() -> String {
        var real = ordered(state.actual.on(.inForce, at: now))
        let showsDrills = state.showsDrills(at: now)
        var drills = showsDrills ? ordered(state.exercise.on(.inForce, at: now)) : []
        if detail == .firstOnly {
            real = Array(real.prefix(1))
            drills = Array(drills.prefix(1))
        }
        let isIdle = real.isEmpty && drills.isEmpty
        let isShortened = detail.rawValue > Detail.fewShelters.rawValue
        return document(isCrowded: real.count + drills.count > Self.openItems) {
            [
                isCutOff ? HTML.tag("p", ["class": "cut"], HTML.text(words(.cutOff, when(now)))) : "",
                here(real, drills),
                isIdle ? idle() : "",
                inForce(real),
                isShortened ? HTML.tag("p", HTML.text(words[.shortened])) : "",
                drills.isEmpty ? "" : drillSection(drills, isAlone: real.isEmpty),
                section(words[.cancelled], cancelled(state.actual)),
                showsDrills ? section(words[.cancelled] + words(.brackets, words[.drill]), cancelled(state.exercise)) : "",
                isIdle ? "" : HTML.tag("p", ["class": "m"], link("index.\(language).html", words[.reload])),
                detail == .full
                    ? section(words[.ended], state.actual.on(.ended, at: now).prefix(5).map { item($0, .ended, heading: "h3") }) : "",
            ].joined()
        }
    }

    /// The spot's own 地区, and the gravest order or level that holds there; an order about a tsunami has no level, and its name says what to do. Where none does the
    /// place is named and nothing said of it: it may still have to be left.
    private func here(_ real: [PortalEntry<Actual>], _ drills: [PortalEntry<Exercise>]) -> String {
        guard let district = state.place?.district else { return "" }
        let name = words.isRoman ? state.districtRomanNames?[district] : nil
        let holds = strictest(real).map { said($0) } ?? strictest(drills).map { words[.drillTitle] + said($0) }
        return HTML.tag("p", ["class": "here"], HTML.tag("b", HTML.text(words(.here, name ?? district))) + (holds.map { " " + $0 } ?? ""))
    }

    private func strictest<M: Mode>(_ entries: [PortalEntry<M>]) -> PortalEntry<M>? {
        entries.filter { entry in
            let concerns = entry.concerns(state.place?.district)
            return !entry.isLifted && (entry.level != nil && concerns != false || concerns == true && entry.weight >= .danger)
        }.max { ($0.weight, $0.level ?? 0) < ($1.weight, $1.level ?? 0) }
    }

    private func said<M: Mode>(_ own: PortalEntry<M>) -> String {
        (own.level.map { read(words(.level, "\($0)")) + words[.gap] } ?? "") + title(own)
    }

    private func title<M: Mode>(_ entry: PortalEntry<M>) -> String {
        guard let (text, shown) = entry.text(language) else { return "" }
        return "<span\(languageMark(shown))>\(read(text.title, of: entry))</span>"
    }

    /// Items that stand open; beyond these the gravest and those of the spot's own 地区 do, the others fold to their title.
    static let openItems = 3

    /// Gravest first; among equals the spot's own 地区 before the others.
    private func ordered<M: Mode>(_ entries: [PortalEntry<M>]) -> [PortalEntry<M>] {
        func rank(_ entry: PortalEntry<M>) -> Int { entry.concerns(state.place?.district) == false ? 1 : 0 }
        return entries.enumerated().sorted { left, right in
            if left.element.weight != right.element.weight { return left.offset < right.offset }
            return (-(left.element.level ?? 0), rank(left.element), left.offset) < (-(right.element.level ?? 0), rank(right.element), right.offset)
        }.map(\.element)
    }

    /// Orders that differ in district alone are one item that names the others.
    private func joined<M: Mode>(_ entries: [PortalEntry<M>]) -> [(entry: PortalEntry<M>, others: [PortalEntry<M>])] {
        var groups: [(entry: PortalEntry<M>, others: [PortalEntry<M>])] = []
        for entry in entries {
            if let index = groups.firstIndex(where: { $0.entry.differsOnlyInDistrict(from: entry) }) {
                groups[index].others.append(entry)
            } else {
                groups.append((entry, []))
            }
        }
        return groups
    }

    /// Titles in full for what is open, in one line for what is folded.
    private func items<M: Mode>(_ entries: [PortalEntry<M>], heading: String) -> [String] {
        let groups = joined(entries)
        var open = 0
        return groups.enumerated().map { position, group in
            let isOwn = group.entry.concerns(state.place?.district) == true && group.entry.weight >= .danger
            guard groups.count <= Self.openItems || position == 0 || isOwn && open < Self.openItems else {
                return folded(group.entry, group.others, heading: heading)
            }
            open += 1
            return item(group.entry, .inForce, heading: heading, others: group.others)
        }
    }

    /// The second page: every shelter that has a state.
    func sheltersHTML() -> String {
        document(isCrowded: false) {
            let limit = 300 >> detail.rawValue
            let hazards = Self.hazards(state.actual.on(.inForce, at: now))
            let real = shelters(state.shelters, limit: limit, isAll: true, heading: "h1", hazards: hazards)
            let drill = !state.showsDrills(at: now) ? "" : shelters(
                state.drillShelters, limit: limit, isAll: true, isDrill: true, heading: real.isEmpty ? "h1" : "h2",
                hazards: Self.hazards(state.exercise.on(.inForce, at: now)))
            return real + drill
                + HTML.tag("p", ["class": "m"], link("index.\(language).html", words[.back]))
        }
    }

    // MARK: Parts

    private func document(isCrowded: Bool, _ main: () -> String) -> String {
        let place = state.place
        let town = words.isRoman ? state.townRomanName : state.townName
        let title = HTML.text("\(town) \(words[.page])")
        let spot = words.isRoman ? place?.romanName : nil
        return """
            <!doctype html><html lang="\(language)"><head><meta charset="utf-8">\
            <meta name="viewport" content="width=device-width,initial-scale=1">\
            <title>\(title)</title><style>\(PortalStyle.sheet)</style></head><body>\
            <header><p class="town">\(title)</p><p class="spot"\(languageMark(spot == nil ? .japanese : .english))>\(HTML.text(spot ?? place?.name ?? ""))</p></header>\
            \(languages())<main\(isCrowded ? #" class="many""# : "")><p class="now"><time datetime="\(today.stamp)">\(HTML.text(words(.asOf, nowWords())))</time></p>\
            \(over(main()))</main>\(footer(place))</body></html>

            """
    }

    /// Readings over their words, where the page has them behind.
    private func over(_ html: String) -> String { language == .easyJapanese ? Furigana.over(html) : html }

    /// One of the page's own words, with its reading.
    private func read(_ text: String) -> String { language == .japanese && isRead ? Furigana.over(text, by: .inUse, names: places) : HTML.text(text) }

    /// A title of ours. A notice is a person's, and is read by nobody else.
    private func read<M: Mode>(_ title: String, of entry: PortalEntry<M>) -> String {
        guard language == .japanese, isRead, entry.kind != .notice else { return HTML.text(title) }
        // Shelters by name are in titles about shelters alone, and a city has thousands.
        let shelters = entry.kind == .shelter ? (state.shelters + state.drillShelters).filter { title.contains($0.shelter.name) } : []
        let known = Dictionary(shelters.map { ($0.shelter.name, $0.shelter.kana ?? "") }) { first, _ in first }
        let names = known.merging(places) { first, _ in first }.merging((entry.districts ?? []).map { ($0, "") }) { first, _ in first }
        return Furigana.over(title, by: .inUse, names: names)
    }

    /// Names of places here, whose reading nobody has said.
    private var places: [String: String] {
        Dictionary([state.townName, state.place?.name, state.place?.district].compactMap(\.self).map { ($0, "") }) { first, _ in first }
    }

    /// Date and time: a sheet of paper or a cut-off spot may be days old.
    private func nowWords() -> String { "\(today.date(language)) \(today.clock)" }

    /// The dots are for browsers without styles, which would run the three words together. More than eight would stand between a phone's reader
    /// and what to do: they unfold, without script.
    private func languages() -> String {
        let links = ScreenLanguages.inUse.all.map { other in
            let isCurrent = other == language ? #" aria-current="page""# : ""
            return #"<a lang="\#(other)" hreflang="\#(other)" href="index.\#(other).html"\#(isCurrent)>\#(ScreenLanguages.inUse.words(other)[.own])</a>"#
        }
        let row = links.joined(separator: "<i>・</i>")
        let choice = links.count > 8 ? "<details><summary>文A \(words[.own])</summary><div>\(row)</div></details>" : row
        return #"<nav aria-label="言語 / Language">\#(choice)</nav>"#
    }

    private func idle() -> String {
        HTML.tag("h1", ["class": "no"], HTML.text(words[.nothing])) + HTML.tag("p", HTML.text(words[.nothingMore]))
            + HTML.tag("p", ["class": "m"], link("index.\(language).html", words[.reload]))
    }

    private func alertFirst(_ items: [String]) -> String {
        guard let first = items.first else { return "" }
        return HTML.tag("div", ["role": "alert"], first) + items.dropFirst().joined()
    }

    /// What to do, then where to go, then everything else: the shelters stand between what is grave and what is not.
    private func inForce(_ entries: [PortalEntry<Actual>]) -> String {
        let places = shelters(state.shelters, limit: shelterLimit, hazards: Self.hazards(entries))
        guard !entries.isEmpty else { return places }
        let heading = HTML.tag("h1", HTML.text(words[.inForce]))
        let grave = entries.filter { $0.weight >= .danger }, rest = entries.filter { $0.weight < .danger }
        return grave.isEmpty
            ? heading + alertFirst(items(rest, heading: "h2")) + places
            : heading + alertFirst(items(grave, heading: "h2")) + places + items(rest, heading: "h2").joined()
    }

    /// From which people flee now.
    private static func hazards<M: Mode>(_ entries: [PortalEntry<M>]) -> [String] {
        var seen: Set<String> = []
        return entries.filter { !$0.isLifted }.compactMap(\.hazard).filter { seen.insert($0).inserted }
    }

    private var shelterLimit: Int { detail.rawValue < Detail.fewShelters.rawValue ? 12 : 3 }

    private func drillSection(_ entries: [PortalEntry<Exercise>], isAlone: Bool) -> String {
        let heading = HTML.tag(isAlone ? "h1" : "h2", HTML.text(words[.drillTitle] + words[.drillNote]))
        let made = items(entries, heading: isAlone ? "h2" : "h3")
        let places = shelters(
            state.drillShelters, limit: shelterLimit, isDrill: true, heading: isAlone ? "h2" : "h3", hazards: Self.hazards(entries))
        return HTML.tag("section", ["class": "drill"], heading + (isAlone ? alertFirst(made) : made.joined()) + places)
    }

    private func section(_ title: String, _ items: [String]) -> String {
        items.isEmpty ? "" : HTML.tag("section", HTML.tag("h2", HTML.text(title)) + items.joined())
    }

    private func cancelled<M: Mode>(_ list: PortalList<M>) -> [String] {
        // Ten or three, written in the line.
        list.on(.cancelled, at: now).prefix(detail.rawValue < Detail.bareAllButFirst.rawValue ? 10 : 3)
            .map { item($0, .cancelled, heading: "h3") }
    }

    private func item<M: Mode>(
        _ entry: PortalEntry<M>, _ phase: PortalEntry<M>.Phase, heading: String, others: [PortalEntry<M>] = []
    ) -> String {
        """
        <article class="i \(tone(entry, phase))"\(ending(entry, phase))><p class="k">\(read(band(entry, phase)))</p>\(inside(entry, phase, heading, others))</article>
        """
    }

    /// To its title: a tap shows the rest. Without styles, and in w3m, all of it is there.
    private func folded<M: Mode>(_ entry: PortalEntry<M>, _ others: [PortalEntry<M>], heading: String) -> String {
        guard let (text, shown) = entry.text(language) else { return "" }
        let districts = place(entry).map { words[.gap] + $0 } ?? ""
        return """
            <article class="i \(tone(entry, .inForce))"\(ending(entry, .inForce))><details><summary><\(heading)><span class="k">\(read(band(entry, .inForce)))</span> \
            <span\(languageMark(shown))>\(read(text.title, of: entry))\(HTML.text(districts))</span></\(heading)></summary>\
            \(inside(entry, .inForce, nil, others))</details></article>
            """
    }

    /// 地区 of an order; the texts name them too, but not in the title.
    private func place<M: Mode>(_ entry: PortalEntry<M>) -> String? {
        guard let districts = entry.districts, !districts.isEmpty else { return nil }
        let names = districts.prefix(4).map { words.isRoman ? state.districtRomanNames?[$0] ?? $0 : $0 }
        return names.joined(separator: words[.comma]) + (districts.count > 4 ? words[.more] : "")
    }

    /// - Parameter heading: nil where the title stands in the summary.
    private func inside<M: Mode>(
        _ entry: PortalEntry<M>, _ phase: PortalEntry<M>.Phase, _ heading: String?, _ others: [PortalEntry<M>]
    ) -> String {
        guard let (text, shown) = entry.text(language) else { return "" }
        let isBare = phase == .ended
            || detail == .bareRoutine && (entry.weight < .danger || phase == .cancelled)
            || detail.rawValue >= Detail.bareAllButFirst.rawValue && !isFirst(entry)
        // Under a cancelled title stands what the cancel says.
        let taken = entry.cancellation.flatMap { PortalEntry<M>.pick(language, from: $0.texts)?.text }
        let body = isBare ? "" : HTML.tag("div", ["class": "t"], HTML.paragraphs((taken ?? text).body))
        let fallback = shown != language && !words[.otherLanguage].isEmpty ? HTML.tag("p", ["class": "w"], HTML.text(words[.otherLanguage])) : ""
        var title = heading.map { HTML.tag($0, read(text.title, of: entry)) } ?? ""
        if phase == .cancelled, let heading {
            // The largest words must not be those that are no longer true.
            title = "<\(heading)\(languageMark(language))>\(read(words[.takenBack]))</\(heading)><p class=\"x\"><s>\(HTML.text(text.title))</s></p>"
        }
        let also = others.compactMap { other in place(other).map { $0 + words(.brackets, when(other.issued)) } }
        let same = also.isEmpty ? "" : HTML.tag("p", ["class": "w"], HTML.text(words(.also, also.joined(separator: words[.comma]))))
        let sender = sender(entry)
        return """
            \(fallback)<div\(languageMark(shown))>\(title)\(body)</div>\(same)\
            <p class="w">\(HTML.text(times(entry, phase)))</p>\
            <p class="f"\(languageMark(sender.language))>\(HTML.text(words(.from, sender.name)))</p>
            """
    }

    /// For whoever serves this page while nobody renews it: when to move it to the ended ones.
    private func ending<M: Mode>(_ entry: PortalEntry<M>, _ phase: PortalEntry<M>.Phase) -> String {
        guard isCutOff, phase == .inForce, !entry.isLifted else { return "" }
        // Within bounds: a date from outside may lie anywhere.
        return " data-until=\"\(Int(max(0, min(entry.expires.timeIntervalSince1970.rounded(.up), 4e9))))\""
    }

    private func sender<M: Mode>(_ entry: PortalEntry<M>) -> (name: String, language: Language) {
        if words.isRoman, entry.sender == state.townName, !state.townRomanName.isEmpty { return (state.townRomanName, language) }
        return words[.jma] != ScreenLanguages.inUse.words(.japanese)[.jma] && entry.sender.hasPrefix("気象庁") ? (words[.jma], language) : (entry.sender, .japanese)
    }

    private func isFirst<M: Mode>(_ entry: PortalEntry<M>) -> Bool {
        let first = M.name == .actual
            ? state.actual.on(.inForce, at: now).first?.alert : state.exercise.on(.inForce, at: now).first?.alert
        return first == entry.alert
    }

    /// The words that say what the colour says.
    private func band<M: Mode>(_ entry: PortalEntry<M>, _ phase: PortalEntry<M>.Phase) -> String {
        let kind = words.kind(entry.kind)
        switch phase {
        case .cancelled: return words[.cancelledMark] + words(.brackets, kind)
        case .ended, .gone: return words[.endedMark] + words(.brackets, kind)
        case .inForce: break
        }
        var parts = [kind]
        if M.name == .exercise { parts.insert(words[.drillTitle].split(separator: " ").joined(separator: " "), at: 0) }
        if let level = entry.level { parts.append(words(.level, "\(level)")) }
        if entry.isLifted { parts.append(words[.lifted]) }
        return parts.joined(separator: words[.gap])
    }

    private func tone<M: Mode>(_ entry: PortalEntry<M>, _ phase: PortalEntry<M>.Phase) -> String {
        if phase != .inForce { return "old" }
        if M.name == .exercise { return "dr" }
        if entry.isLifted { return "p2" }
        if let level = entry.level { return "l\(level)" }
        switch entry.weight {
        case .emergency: return "p0"
        case .danger: return "p1"
        case .warning: return "pw"
        case .advisory, .information: return "p2"
        }
    }

    private func times<M: Mode>(_ entry: PortalEntry<M>, _ phase: PortalEntry<M>.Phase) -> String {
        var parts = [words(.issued, when(entry.since))]
        if when(entry.issued) != when(entry.since) { parts.append(words(.updated, when(entry.issued))) }
        if let at = entry.cancellation?.at, phase == .cancelled {
            parts.append("\(when(at)) \(words[.cancelledMark])")
        } else if isCutOff {
            // Nobody can move it to the old ones while the line is cut: the reader must be able to tell.
            parts.append(words(.until, when(entry.expires)))
        }
        return parts.joined(separator: words[.parts])
    }

    private func footer(_ place: SpotPlace?) -> String {
        var lines = [HTML.text(words[.privacy])]
        if let address = place?.address {
            lines.append(HTML.text(words[.address]) + ": " + HTML.text(address))
        }
        if let next = place?.continueURL { lines.append(link(next, words[.carryOn])) }
        return HTML.tag("footer", paper(place) + lines.map { HTML.tag("p", $0) }.joined())
    }

    /// On paper alone: which of the sheets is the newest, and where newer words are.
    private func paper(_ place: SpotPlace?) -> String {
        let version = words(.version, "\(state.revision)") + words[.gap] + nowWords()
        var lines = HTML.tag("b", HTML.text(version)) + "<br>" + HTML.text(words[.oldPaper])
        var code = ""
        // Where only the gravest is left on the page, no room is given away.
        if detail != .firstOnly, let address = place?.address, let drawn = QRCode.svg(address) {
            code = drawn.replacing(#"role="img""#, with: #"role="img" aria-label="QR""#)
            lines += "<br>" + HTML.text(words[.reload])
        }
        return HTML.tag("div", ["class": "paper"], code + HTML.tag("p", lines))
    }

    func link(_ address: String, _ text: String) -> String {
        HTML.tag("a", ["class": "b", "href": address], HTML.text(text))
    }

    /// Says the language of a part where it is not the page's.
    func languageMark(_ other: Language) -> String {
        other == language ? "" : #" lang="\#(other)""#
    }
}
