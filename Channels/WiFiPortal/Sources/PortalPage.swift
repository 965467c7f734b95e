import AlertModel
import ChannelKit
import FoundationEssentials
import Gzip

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

    private var words: PortalWords { PortalWords.of(language) }
    private var today: JapanTime { JapanTime(now) }
    private func when(_ date: Date) -> String { JapanTime(date).words(language, today: today) }

    func html() -> String {
        var real = state.actual.on(.inForce, at: now)
        let showsDrills = state.showsDrills(at: now)
        var drills = showsDrills ? state.exercise.on(.inForce, at: now).map { item($0, .inForce) } : []
        if detail == .firstOnly {
            real = Array(real.prefix(1))
            drills = Array(drills.prefix(1))
        }
        let isIdle = real.isEmpty && drills.isEmpty
        let isShortened = detail.rawValue > Detail.fewShelters.rawValue
        // A page that reloads takes the focus away from who reads it: only the empty one does.
        return document(refreshes: isIdle) {
            [
                isCutOff ? HTML.tag("p", ["class": "cut"], HTML.text(words.cutOff(when(now)))) : "",
                isIdle ? idle() : "",
                inForce(real),
                isShortened ? HTML.tag("p", HTML.text(words.shortened)) : "",
                drills.isEmpty ? "" : drillSection(real.isEmpty ? alertFirst(drills) : drills.joined()),
                section(words.cancelled, cancelled(state.actual)),
                showsDrills ? section("\(words.cancelled)（\(words.drill)）", cancelled(state.exercise)) : "",
                detail == .full
                    ? section(words.ended, state.actual.on(.ended, at: now).prefix(5).map { item($0, .ended) }) : "",
            ].joined()
        }
    }

    /// The second page: every shelter that has a state.
    func sheltersHTML() -> String {
        document(refreshes: false) {
            let limit = 300 >> detail.rawValue
            let drill = state.showsDrills(at: now) ? shelters(state.drillShelters, limit: limit, isAll: true, isDrill: true) : ""
            return shelters(state.shelters, limit: limit, isAll: true) + drill
                + HTML.tag("p", ["class": "m"], link("index.\(language).html", words.back))
        }
    }

    // MARK: Parts

    private func document(refreshes: Bool, _ main: () -> String) -> String {
        let place = state.place
        let town = language == .english ? state.townRomanName : state.townName
        let title = HTML.text("\(town) \(words.page)")
        let refresh = refreshes ? #"<meta http-equiv="refresh" content="60">"# : ""
        return """
            <!doctype html><html lang="\(language)"><head><meta charset="utf-8">\
            <meta name="viewport" content="width=device-width,initial-scale=1">\(refresh)\
            <title>\(title)</title><style>\(PortalStyle.sheet)</style></head><body>\
            <header><p class="town">\(title)</p><p class="spot"\(languageMark(.japanese))>\(HTML.text(place?.name ?? ""))</p></header>\
            \(languages())<main><p class="now"><time datetime="\(today.stamp)">\(HTML.text(words.asOf(nowWords())))</time></p>\
            \(main())</main>\(footer(place))</body></html>

            """
    }

    /// Date and time: a sheet of paper or a cut-off spot may be days old.
    private func nowWords() -> String { "\(today.date(language)) \(today.clock)" }

    /// The dots are for browsers without styles, which would run the three words together.
    private func languages() -> String {
        let links = PortalWords.languages.map { other in
            let isCurrent = other == language ? #" aria-current="page""# : ""
            return #"<a lang="\#(other)" hreflang="\#(other)" href="index.\#(other).html"\#(isCurrent)>\#(PortalWords.of(other).own)</a>"#
        }
        return #"<nav aria-label="言語 / Language">\#(links.joined(separator: "<i>・</i>"))</nav>"#
    }

    private func idle() -> String {
        HTML.tag("h1", ["class": "no"], HTML.text(words.nothing)) + HTML.tag("p", HTML.text(words.nothingMore))
    }

    private func alertFirst(_ items: [String]) -> String {
        guard let first = items.first else { return "" }
        return HTML.tag("div", ["role": "alert"], first) + items.dropFirst().joined()
    }

    /// What to do, then where to go, then everything else: the shelters stand between urgent and routine.
    private func inForce(_ entries: [PortalEntry<Actual>]) -> String {
        let urgent = entries.filter { $0.priority <= .urgent }.map { item($0, .inForce) }
        let rest = entries.filter { $0.priority > .urgent }.map { item($0, .inForce) }
        let places = shelters(state.shelters, limit: shelterLimit)
        guard !entries.isEmpty else { return places }
        let heading = HTML.tag("h1", HTML.text(words.inForce))
        return urgent.isEmpty
            ? heading + alertFirst(rest) + places : heading + alertFirst(urgent) + places + rest.joined()
    }

    private var shelterLimit: Int { detail.rawValue < Detail.fewShelters.rawValue ? 12 : 3 }

    private func drillSection(_ items: String) -> String {
        let heading = HTML.tag("h1", HTML.text("【\(words.drill)】\(words.drillNote)"))
        let places = shelters(state.drillShelters, limit: shelterLimit, isDrill: true)
        return HTML.tag("section", ["class": "drill"], heading + items + places)
    }

    private func section(_ title: String, _ items: [String]) -> String {
        items.isEmpty ? "" : HTML.tag("section", HTML.tag("h2", HTML.text(title)) + items.joined())
    }

    private func cancelled<M: Mode>(_ list: PortalList<M>) -> [String] {
        // Ten or three, written in the line.
        list.on(.cancelled, at: now).prefix(detail.rawValue < Detail.bareAllButFirst.rawValue ? 10 : 3)
            .map { item($0, .cancelled) }
    }

    private func item<M: Mode>(_ entry: PortalEntry<M>, _ phase: PortalEntry<M>.Phase) -> String {
        guard let (text, shown) = entry.text(language) else { return "" }
        let isBare = phase == .ended
            || detail == .bareRoutine && (entry.priority > .urgent || phase == .cancelled)
            || detail.rawValue >= Detail.bareAllButFirst.rawValue && !isFirst(entry)
        // Under a cancelled title stands what the cancel says.
        let taken = entry.cancellation.flatMap { PortalEntry<M>.pick(language, from: $0.texts)?.text }
        let body = isBare ? "" : HTML.tag("div", ["class": "t"], HTML.paragraphs((taken ?? text).body))
        let fallback = shown != language && !words.otherLanguage.isEmpty ? HTML.tag("p", ["class": "w"], HTML.text(words.otherLanguage)) : ""
        return """
            <article class="i \(tone(entry, phase))"\(ending(entry, phase))><p class="k">\(HTML.text(band(entry, phase)))</p>\(fallback)\
            <div\(languageMark(shown))><h3>\(HTML.text(text.title))</h3>\(body)</div>\
            <p class="w">\(HTML.text(times(entry, phase)))</p>\
            <p class="f"\(languageMark(.japanese))>\(HTML.text(words.from(entry.sender)))</p></article>
            """
    }

    /// For whoever serves this page while nobody renews it: when to move it to the ended ones.
    private func ending<M: Mode>(_ entry: PortalEntry<M>, _ phase: PortalEntry<M>.Phase) -> String {
        guard isCutOff, phase == .inForce, !entry.isLifted else { return "" }
        // Within bounds: a date from outside may lie anywhere.
        return " data-until=\"\(Int(max(0, min(entry.expires.timeIntervalSince1970.rounded(.up), 4e9))))\""
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
        case .cancelled: return "\(words.cancelledMark)（\(kind)）"
        case .ended, .gone: return "\(words.endedMark)（\(kind)）"
        case .inForce: break
        }
        var parts = [kind]
        if M.name == .exercise { parts.insert("【\(words.drill)】", at: 0) }
        if let level = entry.level { parts.append(words.level(level)) }
        if entry.isLifted { parts.append(words.lifted) }
        return parts.joined(separator: language == .english ? " · " : "　")
    }

    private func tone<M: Mode>(_ entry: PortalEntry<M>, _ phase: PortalEntry<M>.Phase) -> String {
        if phase != .inForce { return "old" }
        if M.name == .exercise { return "dr" }
        if entry.isLifted { return "p2" }
        if let level = entry.level { return "l\(level)" }
        switch entry.priority {
        case .immediate: return "p0"
        case .urgent: return "p1"
        case .routine, .background: return "p2"
        }
    }

    private func times<M: Mode>(_ entry: PortalEntry<M>, _ phase: PortalEntry<M>.Phase) -> String {
        var parts = [words.issued(when(entry.since))]
        if when(entry.issued) != when(entry.since) { parts.append(words.updated(when(entry.issued))) }
        if let at = entry.cancellation?.at, phase == .cancelled {
            parts.append("\(when(at)) \(words.cancelledMark)")
        } else if isCutOff {
            // Nobody can move it to the old ones while the line is cut: the reader must be able to tell.
            parts.append(words.until(when(entry.expires)))
        }
        return parts.joined(separator: language == .english ? ", " : "　")
    }

    /// A shelter that is open in a drill alone says so, above the list and in every line.
    private func shelters(
        _ all: [ShelterStatus], limit: Int, isAll: Bool = false, isDrill: Bool = false
    ) -> String {
        let known = all.filter { $0.state != nil }.sorted { left, right in
            (Self.rank(left.state), left.shelter.name) < (Self.rank(right.state), right.shelter.name)
        }
        guard !known.isEmpty else { return "" }
        let mark = isDrill ? "【\(words.drill)】" : ""
        let rows = known.prefix(limit).map { shelterRow($0, mark) }.joined()
        let more = known.count > limit && !isAll
            ? HTML.tag("p", ["class": "m"], link("shelters.\(language).html", words.allShelters(known.count))) : ""
        return HTML.tag("section", HTML.tag("h2", HTML.text(mark + words.shelters)) + HTML.tag("ul", rows) + more)
    }

    private static func rank(_ state: ShelterNotice.State?) -> Int {
        switch state {
        case .open: 0
        case .full: 1
        case .closed: 2
        case nil: 3
        }
    }

    private func shelterRow(_ status: ShelterStatus, _ mark: String) -> String {
        guard let state = status.state else { return "" }
        let roman = language == .english ? status.shelter.romanName : nil
        // The wide space keeps the words apart where there are no styles: w3m drops narrow ones between Japanese.
        var line = HTML.tag("b", ["class": state.rawValue], HTML.text(mark + words.shelterState(state))) + "\u{3000}"
        line += "<span\(languageMark(roman == nil ? .japanese : .english))>\(HTML.text(roman ?? status.shelter.name))"
        if let address = status.shelter.address { line += "\u{3000}<small>\(HTML.text(address))</small>" }
        if let note = status.note, !note.isEmpty { line += "\u{3000}<small>\(HTML.text(note))</small>" }
        return HTML.tag("li", line + "</span>")
    }

    private func footer(_ place: SpotPlace?) -> String {
        var lines = [HTML.text(words.privacy)]
        if let address = place?.address {
            lines.append(HTML.text(words.address) + ": " + HTML.text(address))
        }
        if let next = place?.continueURL { lines.append(link(next, words.carryOn)) }
        return HTML.tag("footer", lines.map { HTML.tag("p", $0) }.joined())
    }

    private func link(_ address: String, _ text: String) -> String {
        HTML.tag("a", ["class": "b", "href": address], HTML.text(text))
    }

    /// Says the language of a part where it is not the page's.
    private func languageMark(_ other: Language) -> String {
        other == language ? "" : #" lang="\#(other)""#
    }
}
