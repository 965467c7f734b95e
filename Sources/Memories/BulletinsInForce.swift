/// Which bulletins' words stand in a town now: the newest of each event that was told here and has not ended.
///
/// An end is what a bulletin says of this town (解除, 取消, its hour), not that a newer one came.
package import AlertModel
package import FoundationEssentials

package struct BulletinsInForce: Sendable {
    package struct Entry: Sendable, Hashable {
        package var alert: AlertID
        package var kind: AlertKind
        package var expires: Date
    }

    /// Events of one town; the one that ends first goes first.
    package static let limit = 256
    private var towns: [TownID: [EventID: Entry]] = [:]

    package init() {}

    /// - Parameters:
    ///   - isTold: somebody in the town hears it.
    ///   - isOver: nothing of the event is in force here any more.
    package mutating func take(_ content: AlertContent, in town: TownID, isTold: Bool, isOver: Bool) {
        guard content.town == nil else { return }
        if isOver || content.message == .cancel {
            guard var events = towns[town] else { return }
            events[content.event] = nil
            // One sea: what lifts the warning ends what was said beside it of heights and arrivals.
            if content.kind == .tsunami { events = events.filter { $0.value.kind != .tsunami } }
            towns[town] = events.isEmpty ? nil : events
        } else if isTold {
            towns[town, default: [:]][content.event] = Entry(alert: content.id, kind: content.kind, expires: content.expires)
            makeRoom(town)
        }
    }

    package func alerts(in town: TownID, at now: Date) -> [AlertID] {
        (towns[town] ?? [:]).values.filter { $0.expires > now }.map(\.alert).sorted()
    }

    private mutating func makeRoom(_ town: TownID) {
        guard let events = towns[town], events.count > Self.limit,
            let first = events.min(by: { $0.value.expires < $1.value.expires })
        else { return }
        towns[town]?[first.key] = nil
    }
}
