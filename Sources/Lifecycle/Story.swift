/// One event as far as it is known: its newest revision, what still counts of the older ones, who brought what.
import AlertModel
import Meanings
import FoundationEssentials

struct Story: Sendable {
    /// What makes two telegrams one. A correction or a cancel repeats every number of its original, so only one that
    /// says the same throughout is the same; a satellite repeats itself every four seconds under a new time.
    enum Fingerprint: Hashable, Sendable {
        case issue(
            type: String, message: MessageType, series: String, serial: Int?, sent: Date, sender: String,
            event: EventID, names: [EventID]?)
        case whole(AlertContent)

        init(_ content: AlertContent) {
            if content.type == "qzss" {
                var bare = content
                bare.provenance = nil
                bare.id = AlertID("")
                bare.sent = .distantPast
                bare.reported = nil
                bare.revision.sent = .distantPast
                bare.expires = .distantPast
                self = .whole(bare)
            } else if content.revision.isCancel || content.revision.isCorrection || content.type == "operator" {
                var bare = content
                bare.provenance = nil
                bare.id = AlertID("")
                bare.expires = .distantPast
                self = .whole(bare)
            } else {
                self = .issue(
                    type: content.type, message: content.message, series: content.revision.series,
                    serial: content.revision.serial, sent: content.sent, sender: content.sender,
                    event: content.event, names: content.aliases)
            }
        }
    }

    struct Receipt: Sendable {
        var first: AlertID
        var sources: [String]
        /// Of the most believed way it came by.
        var trust = SourceTrust.other
    }

    struct Place: Hashable, Sendable {
        var scheme: AreaScheme
        var code: String
    }

    let event: EventID
    /// Whose key signed its first alert; nil where nobody trusted did.
    let signer: String?
    private(set) var current: AlertContent
    /// The way the current revision came by.
    private(set) var source: String
    /// The most believed of all who spoke of it.
    private(set) var trust: SourceTrust
    /// The newest revision that was handed on: far ends take nothing older.
    private var issued: Revision
    /// The newest cancel, also where a later report has revived the event.
    private(set) var cancel: Revision?
    /// Areas of an early warning, each with the newest report that warned it: a warned area stays warned.
    private(set) var warned: [Place: (statement: AreaStatement, by: Revision)] = [:]
    /// Codes of all hypocentres that reports of an early warning named: the name changes as it is better known.
    private(set) var hypocentres: Set<String> = []
    /// Of a tsunami: what each type of bulletin said last.
    private(set) var sea = Sea()
    private(set) var seen: [Fingerprint: Receipt] = [:]
    /// Of all that is in `seen`; an alert's id is made of its octets.
    private var ids: Set<AlertID> = []
    /// All ways it came by, the first one first.
    private(set) var sources: [String] = []
    var names: Set<EventID>
    var touched: Date

    /// Of one event: an early warning has had 359 reports, in up to four types.
    static let seenLimit = 2_000
    private static let sourceLimit = 8

    init(_ content: AlertContent, source: String, now: Date) {
        event = content.event
        signer = content.provenance?.signer
        current = content
        self.source = source
        trust = content.trust
        issued = content.revision
        names = [content.event]
        touched = now
        absorb(content)
    }

    var isCancelled: Bool { current.revision.isCancel }

    /// The receipt of the same telegram where it was here before; else nil, and it is remembered.
    mutating func receipt(of content: AlertContent, source: String) -> Receipt? {
        if !sources.contains(source), sources.count < Self.sourceLimit { sources.append(source) }
        let print = Fingerprint(content)
        if var known = seen[print] {
            if !known.sources.contains(source), known.sources.count < Self.sourceLimit { known.sources.append(source) }
            // Said now by who is believed more: that counts for more than before, and is judged anew.
            let isMore = content.trust > known.trust
            known.trust = max(known.trust, content.trust)
            seen[print] = known
            return isMore ? nil : known
        }
        // The same octets: where their date was not believed, they bear the moment they came, and that is another one now.
        if ids.contains(content.id) { return Receipt(first: content.id, sources: sources, trust: content.trust) }
        if seen.count < Self.seenLimit {
            seen[print] = Receipt(first: content.id, sources: [source], trust: content.trust)
            ids.insert(content.id)
        }
        return nil
    }

    /// Takes a revision that is newer than the current one.
    mutating func advance(to content: AlertContent, from source: String) {
        current = content
        self.source = source
        trust = max(trust, content.trust)
        absorb(content)
    }

    /// The content as it is handed on: behind all that was handed on before, else far ends would not take it.
    mutating func issue(_ content: AlertContent) -> AlertContent {
        var content = content
        if !content.revision.isNewer(than: issued) {
            content.revision = Revision(
                series: content.revision.series, serial: nil, sent: issued.sent.addingTimeInterval(0.001),
                isCancel: content.revision.isCancel, isCorrection: content.revision.isCorrection)
        }
        issued = content.revision
        return content
    }

    /// Takes what still counts of any revision, in whatever order they come. True when it warned an area that was not
    /// known to be warned.
    @discardableResult
    mutating func absorb(_ content: AlertContent) -> Bool {
        if content.revision.isCancel {
            if Sea.isPart(content) { _ = sea.withdraw(content) }
            if cancel.map(content.revision.isNewer(than:)) ?? true { cancel = content.revision }
            if let cancel { warned = warned.filter { $0.value.by.isNewer(than: cancel) } }
            return false
        }
        if Sea.isPart(content) { return (cancel.map(content.revision.isNewer(than:)) ?? true) && sea.take(content) }
        guard content.kind == .eew else { return false }
        if let code = content.hypocentre?.code, hypocentres.count < 64 { hypocentres.insert(code) }
        if let cancel, !content.revision.isNewer(than: cancel) { return false }
        var isWider = false
        for statement in content.areas where statement.isEarthquakeWarning {
            let place = Place(scheme: statement.scheme, code: statement.code)
            guard let known = warned[place] else {
                warned[place] = (statement, content.revision)
                isWider = true
                continue
            }
            if content.revision.isNewer(than: known.by) { warned[place] = (statement, content.revision) }
        }
        return isWider
    }

    /// A cancel of one type of information about a tsunami leaves the others; nil where nothing is left of the event.
    mutating func withdraw(_ cancel: AlertContent) -> AlertContent? {
        guard Sea.isPart(cancel), let rest = sea.withdraw(cancel) else { return nil }
        current = rest
        return whole
    }

    /// The newest revision with the areas that older ones warned and it does not name any more.
    var whole: AlertContent {
        if current.kind == .tsunami, !isCancelled { return sea.whole(current) }
        guard current.kind == .eew, !isCancelled, !warned.isEmpty else { return current }
        var content = current
        let named = Set(content.areas.lazy.filter(\.isEarthquakeWarning).map { Place(scheme: $0.scheme, code: $0.code) })
        let missing = warned.filter { !named.contains($0.key) }
        guard !missing.isEmpty else { return content }
        // A district that is forecast now and was warned before is warned.
        content.areas.removeAll { missing[Place(scheme: $0.scheme, code: $0.code)] != nil }
        content.areas += missing.sorted { ($0.key.scheme.rawValue, $0.key.code) < ($1.key.scheme.rawValue, $1.key.code) }
            .map(\.value.statement)
        return content
    }
}
