/// What people notice of what was said, and what was not: an earthquake that was felt and not told, and how often they were sounded at.
package import AlertModel
internal import ChannelKit
internal import Dispatching
package import Foundation
internal import Ledger
internal import Targeting

/// An earthquake that was felt in the town and is below what it tells. Whoever hears nothing after a tremor takes the system for broken.
package struct FeltQuake: Sendable, Hashable {
    package var alert: AlertID
    package var event: EventID
    package var title: String
    package var intensity, threshold: Intensity
    package var at: Date

    /// Japanese first.
    package var words: String {
        "震度\(intensity.words)でした。お知らせの基準は震度\(threshold.words)です (felt at intensity \(intensity.rawValue), below the threshold of \(threshold.rawValue): nobody was told)"
    }
}

/// How many alerts that sound a district has had.
package struct Sounded: Sendable, Hashable {
    package var district: String
    /// In 24 hours, and in seven days.
    package var day, week: Int
}

extension Hub {
    private static let day: TimeInterval = 86_400

    /// Of each earthquake the newest word, where that one is not told; the newest first.
    package func felt(in town: Town, _ mode: ModeName, since: Date) async throws -> [FeltQuake] {
        var query = AlertQuery()
        (query.since, query.limit) = (since, 200)
        var known: Set<EventID> = []
        return try await ledger.town(town.id).alerts(query).compactMap { alert -> FeltQuake? in
            let content = alert.content
            guard alert.mode == mode, content.kind == .earthquake, content.town == nil, known.insert(content.event).inserted, content.message != .cancel else { return nil }
            for decision in decisions(content, mode, for: town) {
                guard case .observedBelowThreshold(let step, let threshold) = decision.reason, step > .zero else { continue }
                return FeltQuake(
                    alert: content.id, event: content.event, title: content.title, intensity: step, threshold: threshold, at: content.reported ?? content.sent)
            }
            return nil
        }
    }

    /// Whoever has been sounded at ten times this week sleeps through the eleventh. What is news of an event is counted once, however often
    /// it was repeated; an order that was raised or widened again. Empty where this one makes no sound.
    package func sounded(before order: DeskOrder) async throws -> [Sounded] {
        guard let id = order.content.town, let town = towns[id], case .evacuation(let wish) = order.content.detail, !wish.isLifted,
            decisions(order.content, order.mode, for: town).contains(where: Self.sounds)
        else { return [] }
        let now = clock()
        var query = AlertQuery()
        (query.since, query.limit, query.concernedOnly) = (now.addingTimeInterval(-7 * Self.day), 1000, true)
        let mode = order.mode
        let past = try await ledger.town(id).alerts(query).filter { $0.mode == mode && $0.content.message != .cancel && isNews($0.content) && decisions($0.content, mode, for: town).contains(where: Self.sounds) }
        return wish.districts.prefix(20).map { district in
            var day: Set<String> = [], week: Set<String> = []
            for alert in past where concerns(alert.content, district) {
                // A town's own acts each; of a bulletin its event.
                let key = alert.content.town == nil ? alert.content.event.text : alert.content.id.text
                week.insert(key)
                if alert.accepted >= now.addingTimeInterval(-Self.day) { day.insert(key) }
            }
            return Sounded(district: district, day: day.count, week: week.count)
        }
    }

    func decisions(_ content: AlertContent, _ mode: ModeName, for town: Town) -> [Decision] {
        switch mode {
        case .actual: actual.decisions(Alert(content), for: town)
        case .exercise: exercise.decisions(Alert(content), for: town)
        }
    }

    private static func sounds(_ decision: Decision) -> Bool { decision.verdict.priority != nil && !decision.isOver && decision.gravity >= .warning }

    private func isNews(_ content: AlertContent) -> Bool {
        switch content.act?.change {
        case nil, .new, .raised, .widened: true
        default: false
        }
    }

    private func concerns(_ content: AlertContent, _ district: String) -> Bool {
        guard case .evacuation(let order) = content.detail else { return true }
        let whole = EvacuationOrder.wholeTown
        return whole.contains(district) || order.districts.contains { $0 == district || whole.contains($0) }
    }
}
