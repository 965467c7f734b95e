import AlertModel
import ChannelKit
import FoundationEssentials

/// One event on a spot's page, at its latest revision.
///
///     in force ──▶ cancelled ──▶ gone          (取り消されました, for an hour)
///         └──────▶ ended ──────▶ gone          (終わった情報, for three hours)
///
/// A cancel of what was never shown leaves a trace that nobody sees: an older revision arriving later stays silent.
struct PortalEntry<M: Mode>: Sendable, Codable, Hashable {
    enum Phase { case inForce, cancelled, ended, gone }

    struct Cancellation: Sendable, Codable, Hashable {
        var at: Date
        var texts: [String: RenderedText]
    }

    var alert: AlertID
    var event: EventID
    var revision: Revision
    var kind: AlertKind
    var priority: Priority
    /// How bad: colour and place. Absent in what was kept before a page knew it.
    var statedGravity: Gravity?
    var gravity: Gravity { statedGravity ?? Gravity(priority) }
    /// 地区 of an order, and for which hazard people flee; nil where it is no order.
    var districts: [String]?
    var hazard: String?
    var reason: String?
    /// 警戒レベル 2 to 5, where one is stated.
    var level: Int?
    /// An order that lifts the one before (解除).
    var isLifted: Bool
    /// By language tag.
    var texts: [String: RenderedText]
    var sender: String
    /// When the first revision we showed was issued, and this one.
    var since: Date
    var issued: Date
    var expires: Date
    var cancellation: Cancellation?
    /// False for the trace of a cancel that came before, or without, its alert.
    var wasShown: Bool

    init(_ message: Message<M>) {
        let content = message.alert.content
        alert = content.id
        event = content.event
        revision = content.revision
        kind = content.kind
        priority = message.priority
        statedGravity = message.gravity
        if case .evacuation(let order) = content.detail { districts = order.districts }
        hazard = content.hazardFled
        reason = content.headline
        level = WarningLevel.stated(in: message)
        isLifted = content.isLiftedOrder || message.change == .lifted
        // The keys are those of a dictionary, by their raw values.
        texts = Dictionary(uniqueKeysWithValues: message.texts.map { ($0.key.rawValue, $0.value) })
        sender = content.sender
        issued = content.reported ?? content.sent
        since = issued
        expires = DrillRule.end(of: message.alert)
        cancellation = content.message == .cancel ? Cancellation(at: content.sent, texts: texts) : nil
        wasShown = content.message != .cancel
    }

    /// What is lifted is news and no danger.
    var weight: Gravity { isLifted ? .information : gravity }

    /// Orders that differ in their districts and in nothing else a reader must know.
    func differsOnlyInDistrict(from other: Self) -> Bool {
        guard let districts, let others = other.districts, Set(districts).isDisjoint(with: others) else { return false }
        return kind == other.kind && hazard == other.hazard && level == other.level && reason == other.reason
            && isLifted == other.isLifted && texts.mapValues(\.title) == other.texts.mapValues(\.title)
    }

    /// Whether it speaks of this 地区, or of the whole town; nil where it speaks of none.
    func concerns(_ district: String?) -> Bool? {
        guard let district, let districts else { return nil }
        return districts.contains { $0 == district || $0.hasSuffix("全域") || $0 == district + "地区" || $0 + "地区" == district }
    }

    static var cancelledFor: TimeInterval { 3600 }
    static var endedFor: TimeInterval { 3 * 3600 }
    /// A trace outlives any bulletin that could still be on its way.
    static var traceFor: TimeInterval { 24 * 3600 }

    func phase(at now: Date) -> Phase {
        guard wasShown else { return .gone }
        if let cancellation {
            return now < cancellation.at + Self.cancelledFor ? .cancelled : .gone
        }
        if now < expires { return .inForce }
        return now < expires + Self.endedFor ? .ended : .gone
    }

    /// When the phase changes next by the clock alone.
    func nextChange(after now: Date) -> Date? {
        switch phase(at: now) {
        case .inForce: expires
        case .cancelled: cancellation.map { $0.at + Self.cancelledFor }
        case .ended: expires + Self.endedFor
        case .gone: nil
        }
    }

    /// Whether it may be forgotten altogether.
    func isForgotten(at now: Date) -> Bool {
        phase(at: now) == .gone && now >= max(expires, cancellation?.at ?? expires) + Self.traceFor
    }

    func text(_ language: Language) -> (text: RenderedText, language: Language)? {
        Self.pick(language, from: texts)
    }

    /// The text in `language`, or in the one people here most likely read.
    static func pick(_ language: Language, from texts: [String: RenderedText]) -> (text: RenderedText, language: Language)? {
        for candidate in [language] + ScreenLanguages.inUse.all {
            if let text = texts[candidate.rawValue] { return (text, candidate) }
        }
        return nil
    }
}

/// What became of a delivery on the page.
enum PortalOutcome: Sendable, Hashable {
    case shown, replaced, takenBack
    /// The same revision again: nothing changes.
    case already
    /// A newer revision is on the page.
    case older
    /// A cancel of what this spot never showed.
    case nothingToTakeBack
    /// A drill beside something grave and real (`DrillRule`): not taken.
    case notBesideReal

    var note: String? {
        switch self {
        case .shown, .replaced, .takenBack, .already: nil
        case .notBesideReal: DrillRule.refusal
        case .older: "もっと新しい報が出ています。 (a newer revision is on the page)"
        case .nothingToTakeBack: "このページには出していません。 (this page never showed it)"
        }
    }
}

/// The events of one mode on one spot: latest wins per event.
struct PortalList<M: Mode>: Sendable, Codable, Hashable {
    private(set) var entries: [PortalEntry<M>] = []

    /// Events kept per spot and mode; a page holds a dozen.
    static var limit: Int { 64 }

    mutating func take(_ new: PortalEntry<M>, now: Date) -> PortalOutcome {
        guard let index = entries.firstIndex(where: { $0.event == new.event }) else {
            entries.append(new)
            makeRoom(now)
            return new.cancellation == nil ? .shown : .nothingToTakeBack
        }
        let old = entries[index]
        if old.alert == new.alert { return .already }
        guard new.revision.isNewer(than: old.revision) else { return .older }
        guard let cancellation = new.cancellation else {
            // The index was found above, and nothing has left the list since.
            entries[index] = new
            // The index was found above, and nothing has left the list since.
            if old.phase(at: now) == .inForce { entries[index].since = min(old.since, new.since) }
            return old.wasShown ? .replaced : .shown
        }
        // What was said stays readable under the word that takes it back.
        entries[index].alert = new.alert
        // The index was found above, and nothing has left the list since.
        entries[index].revision = new.revision
        // The index was found above, and nothing has left the list since.
        entries[index].cancellation = cancellation
        return old.wasShown ? .takenBack : .nothingToTakeBack
    }

    /// Nothing in force is shown any more, nor comes back: what is real ends a drill.
    mutating func halt(now: Date) {
        for index in entries.indices where entries[index].phase(at: now) == .inForce { entries[index].wasShown = false }
    }

    mutating func forget(now: Date) {
        entries.removeAll { $0.isForgotten(at: now) }
    }

    /// What is on the page in `phase`: gravest first, then newest.
    func on(_ phase: PortalEntry<M>.Phase, at now: Date) -> [PortalEntry<M>] {
        entries.filter { $0.phase(at: now) == phase }.sorted { left, right in
            let leftLevel = left.level ?? 0, rightLevel = right.level ?? 0
            if left.weight != right.weight { return left.weight > right.weight }
            if leftLevel != rightLevel { return leftLevel > rightLevel }
            if left.issued != right.issued { return left.issued > right.issued }
            return left.alert < right.alert
        }
    }

    func nextChange(after now: Date) -> Date? {
        entries.compactMap { $0.nextChange(after: now) }.min()
    }

    /// Beyond the limit what nobody sees goes first, then what matters least and is oldest.
    private mutating func makeRoom(_ now: Date) {
        while entries.count > Self.limit {
            let worst = entries.indices.max { left, right in
                Self.weight(entries[left], now) < Self.weight(entries[right], now)
            }
            guard let worst else { return }
            entries.remove(at: worst)
        }
    }

    private static func weight(_ entry: PortalEntry<M>, _ now: Date) -> (Int, Int, TimeInterval) {
        let phase = switch entry.phase(at: now) {
        case .inForce: 0
        case .cancelled: 1
        case .ended: 2
        case .gone: 3
        }
        return (phase, -entry.weight.rawValue, -entry.issued.timeIntervalSince1970)
    }
}
