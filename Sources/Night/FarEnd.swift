/// One far end of a night, and what people see there.
import AlertModel
import ChannelKit
import Foundation

struct FarEndKey: Hashable, Comparable, CustomStringConvertible {
    var town: TownID
    var channel: String
    var endpoint: String
    var description: String { "\(town)/\(channel)/\(endpoint)" }
    static func < (left: Self, right: Self) -> Bool { left.description < right.description }
}

struct NightFarEnd {
    enum Manner: String, CaseIterable {
        case well, slow, hanging, refusing, misconfigured, lying, flaky, twice, throttling, away
    }

    /// What stands on the screen of one event, in one mode.
    struct Shown {
        var content: AlertContent
        var isOver: Bool
        var delivery: String
    }

    struct Event: Hashable {
        var mode: ModeName
        var event: EventID
    }

    let key: FarEndKey
    /// Well all night: who has to be told within the bound.
    let isWell: Bool
    let canBeChanged: Bool
    var manner = Manner.well
    var shown: [Event: Shown] = [:]
    /// Where it said yes and did nothing, forgot, or refused: what stands there is not known.
    var unknown: Set<Event> = []
    /// The delivery's id, and which words it bore.
    var messages: [String: AlertID] = [:]
    /// Messages of one alert: a phone that sounds twice.
    var soundings: [AlertID: Set<String>] = [:]

    /// A restart over there, without a memory.
    mutating func forget() {
        unknown.formUnion(shown.keys)
        shown = [:]
    }
}

/// One attempt, without its mode: as a network sees it.
struct Flight: Sendable {
    var id: String
    var key: FarEndKey
    var mode: ModeName
    /// Which of the far end's addresses it went to.
    var side: String
    var content: AlertContent
    var isOver: Bool
    var isMarkedAsDrill: Bool
    var priority: Priority
    var attempt: Int
    var deadline: ContinuousClock.Instant
    var run: Int
    /// Which channel's, among those of the run.
    var runner = 0
    var cause: @Sendable () -> String?
    var settle: @Sendable (Result<Receipt, DeliveryFailure>, ContinuousClock.Instant, Double) -> String
}
