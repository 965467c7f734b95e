/// One tsunami in three types of bulletins: one event, one card.
///
///     VTSE41  warnings, classes, expected heights   ─┐ governs
///     VTSE51  arrivals and observed heights         ─┼─▶ whole
///     VTSE52  off shore, and what it means on shore ─┘
///
/// VTSE51 repeats the classes of VTSE41; after a lift it must not keep an old one on the page. It may only raise: the two are sent
/// side by side, and one may be late.
import AlertModel
import FoundationEssentials
import Meanings

struct Sea: Sendable {
    private var parts: [String: AlertContent] = [:]

    /// Whether a content is a part of such an event: JMA's, not the satellite's whole word.
    static func isPart(_ content: AlertContent) -> Bool {
        content.kind == .tsunami && content.revision.series.hasPrefix("VTSE")
    }

    private static let warnings = "VTSE4"
    private var forecast: AlertContent? { parts.first { $0.key.hasPrefix(Self.warnings) }?.value }

    /// False where a newer one of its type was there before.
    mutating func take(_ content: AlertContent) -> Bool {
        let series = content.revision.series
        if let known = parts[series], !content.revision.isNewer(than: known.revision) { return false }
        parts[series] = content
        return true
    }

    /// Takes one type of information back; nil where that was the warning itself or nothing is left.
    mutating func withdraw(_ cancel: AlertContent) -> AlertContent? {
        let series = cancel.revision.series
        guard !series.hasPrefix(Self.warnings), parts.contains(where: { $0.key != series }) else {
            parts = [:]
            return nil
        }
        parts[series] = nil
        guard var rest = parts.values.max(by: { $1.revision.isNewer(than: $0.revision) }) else { return nil }
        rest.id = cancel.id
        rest.sent = cancel.sent
        rest.message = .update
        return rest
    }

    /// `current` with all that is known of the sea.
    func whole(_ current: AlertContent) -> AlertContent {
        guard parts.count > 1 || (forecast == nil && parts.count == 1) else { return current }
        var content = current
        let classes = governed()
        let isWarned = classes.map { Meaning($0, of: .tsunami) }.contains { $0.isInForce && $0.gravity != .advisory }
        let rest = parts.sorted { $0.key < $1.key }.flatMap { $0.value.areas.filter { $0.kindCode == nil } }
        content.areas = classes + (isWarned || classes.isEmpty ? rest : [])
        content.remarks = parts.sorted { $0.key < $1.key }.flatMap { $0.value.remarks ?? [] }.reduce(into: [Remark]()) {
            if !$0.contains($1) { $0.append($1) }
        }
        content.hypocentre = current.hypocentre ?? forecast?.hypocentre
        if let forecast {
            content.type = forecast.type
            content.title = forecast.title
            content.headline = forecast.headline
            content.validUntil = forecast.validUntil
            content.expires = forecast.validUntil == nil ? max(current.expires, forecast.expires) : forecast.expires
        }
        return content
    }

    /// The classes of VTSE41, raised where a later information says more; those of the newest information where no warning came.
    private func governed() -> [AreaStatement] {
        let informations = parts.values.filter { !$0.revision.series.hasPrefix(Self.warnings) }
            .sorted { $1.revision.isNewer(than: $0.revision) }
        guard let forecast else { return informations.last { $0.areas.contains { $0.kindCode != nil } }?.areas.filter { $0.kindCode != nil } ?? [] }
        var classes = forecast.areas.filter { $0.kindCode != nil }
        for later in informations where later.revision.sent > forecast.revision.sent {
            for statement in later.areas where statement.kindCode != nil {
                guard let index = classes.firstIndex(where: { $0.place == statement.place }) else { continue }
                let before = Meaning(classes[index], of: .tsunami), now = Meaning(statement, of: .tsunami)
                guard before.isInForce, now.isInForce, (now.gravity ?? .information) > (before.gravity ?? .information) else { continue }
                classes[index] = statement
            }
        }
        return classes
    }
}
