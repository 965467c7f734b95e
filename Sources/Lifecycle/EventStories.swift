/// What was said of every event, so that each thing is told once, by whomever it came, in whatever order.
///
///     content ──▶ take ──▶ news │ cancels │ same again │ outdated          (the event, once per bulletin)
///                           │
///                    targeting: town, priority, local statements
///                           │
///                           └─▶ tell ──▶ tell(first, higher, wider, lifted …) │ silent     (the town)
///
/// One value per mode: drills and real events share EventIDs, never a story. It knows no clock and keeps nothing on
/// disk; after a restart it is the same again once the alerts of the last two days have gone through `take` and
/// `tell` in the order they were recorded.
///
/// Order, duplicates and losses do not change where a story ends: the newest revision rules, a cancel takes back
/// what is not newer than itself, a later report revives, and an area once warned by an early warning stays so.
/// Which of two is newer is `Story.order`'s; only who said a thing, or is believed more, takes it back.
package import AlertModel
package import FoundationEssentials
import Meanings

package struct EventStories: Sendable {
    package struct Limits: Sendable {
        /// Stories; the longest untouched goes first. The day of 2011-03-11 had some 250 felt earthquakes.
        package var events = 4_096
        /// Subjects remembered per town.
        package var subjectsPerTown = 256
        /// After this without a word a story is forgotten: the longest lifetime an alert has by default.
        package var memory = 72 * 3_600.0
        /// For so long after a bulletin in the level format the old one of the same prefecture is not told. As long
        /// as the record that is replayed after a restart.
        package var levelFormat = 48 * 3_600.0

        package init() {}
    }

    let limits: Limits
    private(set) var stories: [EventID: Story] = [:]
    /// Every name of an event, to the one its story bears.
    private var names: [EventID: EventID] = [:]
    /// The last bulletin in the level format, by prefecture, and how far its way is believed.
    private var levelFormat: [String: (at: Date, trust: SourceTrust)] = [:]
    var told: [TownID: [Subject: Told]] = [:]

    package init(limits: Limits = Limits()) {
        self.limits = limits
    }

    /// `source` names the way it came (`dmdata-osaka`, `satellite`), for the record of who was first.
    package mutating func take(_ content: AlertContent, source: String, now: Date) -> Reception {
        if stories.count >= limits.events { forgetOldest() }
        if isToldByLevelFormat(content) { return .toldByLevelFormat }
        let content = content.message == .cancel ? content : apart(content)
        var known = knownEvents(of: content)
        if known.isEmpty, let match = satelliteMatch(of: content) {
            known = [match]
            name(content, as: match)
        }
        if content.message == .cancel { return takeCancel(content, known, source: source, now: now) }
        guard let event = known.first else { return open(content, source: source, now: now) }
        absorb(known.dropFirst(), into: event)
        return take(content, into: event, source: source, now: now)
    }

    /// What a story says now, for the texts of a cancel or lift: what is being taken back. Nil when it is unknown.
    package func previous(of event: EventID) -> AlertContent? { stories[names[event] ?? event]?.current }

    /// What is in force: neither cancelled nor expired. In the order of events' names.
    package func inForce(at now: Date) -> [AlertContent] {
        stories.values.filter { !$0.isCancelled && $0.current.expires > now }.map(\.whole)
            .sorted { $0.event.text < $1.event.text }
    }

    package var count: Int { stories.count }

    /// Who spoke of it last, by any of its names; nobody where nothing was said of it before.
    package func speakers(of content: AlertContent) -> Set<String> {
        Set(knownEvents(of: content).compactMap { stories[$0]?.current.sender })
    }

    /// Forgets what nobody spoke of for long. To be called now and then; `take` alone keeps the numbers bounded.
    package mutating func prune(now: Date) {
        let limit = now.addingTimeInterval(-limits.memory)
        for story in stories.values where story.touched < limit { forget(story.event) }
        levelFormat = levelFormat.filter { $0.value.at >= limit }
        for (town, subjects) in told {
            let kept = subjects.filter { $0.value.touched >= limit }
            told[town] = kept.isEmpty ? nil : kept
        }
    }
}

// MARK: Revisions

extension EventStories {
    private mutating func open(_ content: AlertContent, source: String, now: Date) -> Reception {
        var story = Story(content, source: source, now: now)
        _ = story.receipt(of: content, source: source)
        stories[content.event] = story
        name(content, as: content.event)
        return content.message == .cancel ? .cancelsNothing(content) : .news(content)
    }

    private mutating func take(_ content: AlertContent, into event: EventID, source: String, now: Date) -> Reception {
        guard var story = stories.removeValue(forKey: event) else { return open(content, source: source, now: now) }
        defer { stories[event] = story }
        if let receipt = story.receipt(of: content, source: source) {
            return .sameAgain(first: receipt.first, sources: receipt.sources)
        }
        story.touched = max(story.touched, now)
        var content = content
        content.event = event
        if content.revision.isCorrection || content.type == "cap", content.revision == story.current.revision {
            // 訂正 after 訂正, an update after another, alike to the second in every number: the later one to arrive counts.
            content.revision.sent.addTimeInterval(0.001)
        }
        if content.isOver, Self.names(content, story.current), !content.revision.isNewer(than: story.current.revision) {
            // It ends what it names, however far the two clocks are apart.
            content.revision.sent = story.current.revision.sent.addingTimeInterval(0.001)
        }
        switch story.order(of: content, from: source) {
        case .newer:
            story.advance(to: content, from: source)
            for other in content.aliases ?? [] { names[other] = event; story.names.insert(other) }
            return .news(story.issue(story.whole))
        case .late where content.kind != .eew:
            // Of a tsunami each type of bulletin has a word of its own: an older one of another type is no older word.
            guard Sea.isPart(content), content.trust >= story.trust, !story.isCancelled, story.absorb(content) else {
                return .news(story.issue(content.late))
            }
            var whole = story.whole
            whole.id = content.id
            return .news(story.issue(whole))
        case .late, .outdated: break
        }
        let newest = story.current
        guard story.absorb(content), !story.isCancelled else {
            let isOtherWay = (content.type == "qzss") != (newest.type == "qzss")
            return isOtherWay ? .sameAgain(first: newest.id, sources: story.sources) : .outdated(by: newest.id)
        }
        // An older report came late and warned an area the newest one leaves out: that area has to hear.
        var late = story.whole
        late.id = content.id
        return .news(story.issue(late))
    }

    /// A cancel hits every event it names and no other; CAP's may name several.
    private mutating func takeCancel(
        _ content: AlertContent, _ known: [EventID], source: String, now: Date
    ) -> Reception {
        guard !known.isEmpty else { return open(content, source: source, now: now) }
        var cancelled: [Reception.Cancelled] = []
        var quiet: Reception?
        for event in known {
            guard var story = stories.removeValue(forKey: event) else { continue }
            defer { stories[event] = story }
            if let receipt = story.receipt(of: content, source: source) {
                quiet = quiet ?? .sameAgain(first: receipt.first, sources: receipt.sources)
                continue
            }
            let previous = story.whole
            guard isSigners(content, of: story), content.trust >= story.trust else {
                quiet = quiet ?? .notTheirs(previous.id)
                continue
            }
            story.touched = max(story.touched, now)
            if let rest = story.withdraw(content) { return .news(story.issue(rest)) }
            var cancel = content
            cancel.revision.sent = Self.placed(cancel, after: previous)
            cancel.event = event
            // A CAP cancel need not say what it is about.
            cancel.kind = previous.kind
            guard cancel.trust > previous.trust || cancel.revision.isNewer(than: previous.revision) else {
                story.absorb(cancel)
                quiet = quiet ?? .outdated(by: previous.id)
                continue
            }
            story.advance(to: cancel, from: source)
            for other in content.aliases ?? [] where names[other] == nil { names[other] = event; story.names.insert(other) }
            if previous.revision.isCancel {
                // VXSE43 and VXSE45 both take the warning back.
                quiet = quiet ?? .sameAgain(first: previous.id, sources: [source])
                continue
            }
            if !cancelled.isEmpty { cancel.id = AlertID("\(content.id)-\(cancelled.count + 1)") }
            cancelled.append(.init(content: story.issue(cancel), previous: previous))
        }
        return cancelled.isEmpty ? quiet ?? .cancelsNothing(content) : .cancels(cancelled)
    }

    /// CAP says by name what it takes back or ends: then no clock decides which came first. Where one identifier serves a whole event, only
    /// the time tells its messages apart.
    private static func names(_ cancel: AlertContent, _ previous: AlertContent) -> Bool {
        guard cancel.type == "cap", previous.type == "cap", cancel.ownName != previous.ownName else { return false }
        return ([cancel.event] + (cancel.aliases ?? [])).contains(previous.ownName)
    }

    /// When a cancel counts as sent. The satellite says the minute only: within the minute of what it takes back, its
    /// cancel comes after it. So does a cancel of the second to which several corrections were set apart.
    private static func placed(_ cancel: AlertContent, after previous: AlertContent) -> Date {
        let tolerance = names(cancel, previous) ? .infinity : cancel.type == "qzss" && previous.type != "qzss" ? 60 : 0.5
        let age = previous.revision.sent.timeIntervalSince(cancel.revision.sent)
        return age > 0 && age < tolerance ? previous.revision.sent : cancel.revision.sent
    }
}

// MARK: Whose it is

extension EventStories {
    /// Somebody else's alert is not his to update: what he says is told, and changes nothing of the other's.
    private func apart(_ content: AlertContent) -> AlertContent {
        func isAnothers(_ content: AlertContent) -> Bool {
            knownEvents(of: content).contains { event in stories[event].map { !isSigners(content, of: $0) } ?? false }
        }
        guard isAnothers(content) else { return content }
        // Of the names of a CAP message its own is the first alias.
        var own = content
        own.event = content.aliases?.first ?? content.event
        own.aliases = nil
        if isAnothers(own) { own.event = EventID("\(own.event.text)~\(content.provenance?.signer?.suffix(8) ?? "-")") }
        return own
    }

    /// Of a signed alert its signer alone speaks on.
    private func isSigners(_ content: AlertContent, of story: Story) -> Bool {
        story.signer == nil || story.signer == content.provenance?.signer
    }
}

extension AlertContent {
    /// Nothing of it stands any more, and it is no cancel.
    /// Says nothing of a place that `before` did not say, and less than it.
    fileprivate func takesBack(_ before: AlertContent) -> Bool {
        struct Said: Hashable {
            var scheme: AreaScheme
            var code: String
            var kind: String?
        }
        func inForce(_ content: AlertContent) -> Set<Said> {
            Set(content.areas.filter { Meaning($0, of: content.kind).isInForce }.map { Said(scheme: $0.scheme, code: $0.code, kind: $0.kindCode ?? $0.kindName) })
        }
        return inForce(self).isStrictSubset(of: inForce(before))
    }

    fileprivate var isOver: Bool { message != .cancel && !areas.isEmpty && areas.allSatisfy { $0.saidState == .over } }

    /// What a CAP message is called itself; whom it refers to stands before and after.
    fileprivate var ownName: EventID { aliases?.first ?? event }

    fileprivate var late: AlertContent {
        var content = self
        content.provenance = provenance ?? Provenance(trust: trust)
        content.provenance?.isLate = true
        return content
    }
}

// MARK: Names

extension EventStories {
    /// The stories a content belongs to, its own event first, each once.
    private func knownEvents(of content: AlertContent) -> [EventID] {
        var found: [EventID] = []
        for name in [content.event] + (content.aliases ?? []) {
            if let event = names[name], !found.contains(event) { found.append(event) }
        }
        return found
    }

    private mutating func name(_ content: AlertContent, as event: EventID) {
        for name in [content.event] + (content.aliases ?? []) {
            names[name] = event
            stories[event]?.names.insert(name)
        }
    }

    /// Two events that a bulletin speaks of as one go on as one story.
    private mutating func absorb(_ others: ArraySlice<EventID>, into event: EventID) {
        for other in others {
            guard let story = stories.removeValue(forKey: other) else { continue }
            for name in story.names {
                names[name] = event
                stories[event]?.names.insert(name)
            }
        }
    }

    private mutating func forget(_ event: EventID) {
        guard let story = stories.removeValue(forKey: event) else { return }
        for name in story.names where names[name] == event { names[name] = nil }
    }

    /// A sixteenth at a time, so that a full memory is not searched for every bulletin.
    private mutating func forgetOldest() {
        let oldest = stories.values.map { (touched: $0.touched, event: $0.event) }.sorted { $0.touched < $1.touched }
        for story in oldest.prefix(max(1, limits.events / 16)) { forget(story.event) }
    }
}

// MARK: Two formats and two sources of one danger

extension EventStories {
    /// JMA sends VPWW53 and 54 beside the level format until about 2028. Cancels go on: they reach only who was told. So does what takes back,
    /// all of it or in part, what was told here before the level format came: nobody else would.
    private mutating func isToldByLevelFormat(_ content: AlertContent) -> Bool {
        guard content.kind == .weather || content.kind == .landslide, content.type.hasPrefix("VPW"),
            let prefecture = content.event.text.split(separator: "/").last.map(String.init)
        else { return false }
        let last = levelFormat[prefecture]
        if content.isLevelFormat {
            if let last, last.trust > content.trust { return false }
            levelFormat[prefecture] = (max(last?.at ?? content.sent, content.sent), content.trust)
            return false
        }
        guard content.message != .cancel, let last, last.trust >= content.trust else { return false }
        let before = knownEvents(of: content).first.flatMap { stories[$0]?.current }
        if let before, !before.revision.isCancel, !before.isOver, content.takesBack(before) { return false }
        return abs(content.sent.timeIntervalSince(last.at)) < limits.levelFormat
    }

    /// The story of the same early warning by the other way, ground line or satellite.
    private func satelliteMatch(of content: AlertContent) -> EventID? {
        guard content.kind == .eew, let origin = EarlyWarningOrigin(content.event) else { return nil }
        let code = content.hypocentre?.code
        return stories.values.first { story in
            guard story.current.kind == .eew, let other = EarlyWarningOrigin(story.event) else { return false }
            return origin.isOne(with: other) && (code.map(story.hypocentres.contains) ?? false)
        }?.event
    }
}

extension AlertContent {
    /// VPWW55…61 and the collection VPWS50, since 2026-05-28.
    var isLevelFormat: Bool {
        type.hasPrefix("VPWS") || (type.hasPrefix("VPWW") && (Int(type.suffix(2)) ?? 0) >= 55)
    }
}

/// When an early warning's earthquake began, as far as its event's name tells.
struct EarlyWarningOrigin {
    private let seconds: Double
    private let isSatellite: Bool

    /// JMA's EventID is the second of detection (`20240417231454`, Japan's time); the satellite names the minute of
    /// origin (`quake-2024-04-17T23:14:00+09:00`).
    init?(_ event: EventID) {
        let name = event.text.split(separator: "/").last?.split(separator: "~").first ?? ""
        isSatellite = name.hasPrefix("quake-")
        let digits = name.drop { !$0.isNumber }.prefix(isSatellite ? 19 : 14).filter(\.isNumber)
        guard digits.count == 14, let number = Int(digits) else { return nil }
        let (date, time) = (number / 1_000_000, number % 1_000_000)
        let (year, month, day) = (date / 10_000, date / 100 % 100, date % 100)
        guard (1...12).contains(month), (1...31).contains(day) else { return nil }
        // Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", days_from_civil; years after 0.
        let shifted = month <= 2 ? year - 1 : year
        let dayOfYear = (153 * ((month + 9) % 12) + 2) / 5 + day - 1
        let days = shifted * 365 + shifted / 4 - shifted / 100 + shifted / 400 + dayOfYear - 719_468
        seconds = Double(days * 86_400 + time / 10_000 * 3_600 + time / 100 % 100 * 60 + time % 100 - 9 * 3_600)
    }

    /// Only across the two ways. Detection follows the origin by some seconds, by a minute far off shore, and the
    /// satellite's minute is cut off.
    func isOne(with other: EarlyWarningOrigin) -> Bool {
        guard isSatellite != other.isSatellite else { return false }
        let lag = isSatellite ? other.seconds - seconds : seconds - other.seconds
        return (-10...150).contains(lag)
    }
}
