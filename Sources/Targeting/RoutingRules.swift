/// The thresholds as data: what a town sends, and how fast. One standard set, changed by the settings of the hub and
/// then of the town.
package import AlertModel
internal import ChannelKit

package struct RoutingRules: Sendable, Hashable, Codable {
    /// What becomes of a kind of warning.
    package enum Course: String, Sendable, Codable, Hashable {
        case immediate, urgent, routine, background
        /// Sent as the end of a warning, at routine pace.
        case lifted
        /// Nothing is in force: not sent.
        case none
        /// In force and not sent, since the town does not want it.
        case skip

        var priority: Priority? {
            switch self {
            case .immediate: .immediate
            case .urgent: .urgent
            case .routine, .lifted: .routine
            case .background: .background
            case .none, .skip: nil
            }
        }
    }

    /// What a channel takes.
    package struct ChannelRule: Sendable, Hashable, Codable {
        /// Subjects its contract allows; nil for all.
        package var kinds: Set<AlertKind>?
        /// `urgent`: nothing slower than that, apart from what ends or takes back a warning. Nil for no bound.
        package var slowest: Course?
        /// Whether far ends in other districts hear an order as loudly as those it names. Nil is `own`.
        package var districts: Districts?

        package enum Districts: String, Sendable, Codable, Hashable {
            /// Every far end of the channel hears every order of the town.
            case all
            /// Those in other districts hear it in one quiet line.
            case own
        }

        package init(kinds: Set<AlertKind>? = nil, slowest: Course? = nil, districts: Districts? = nil) {
            self.kinds = kinds
            self.slowest = slowest
            self.districts = districts
        }
    }

    /// An earthquake early warning that is only a forecast is sent from this intensity at the town.
    package var eewForecastFrom: Intensity
    package var earthquakeFrom: Intensity
    package var earthquakeUrgentFrom: Intensity
    /// Alert kind → kind code without leading zeros → course.
    package var codes: [String: [String: Course]]
    /// Bulletin type → course, before the codes are asked: `VFVO60` is 噴火速報 whatever its code.
    package var types: [String: Course]
    /// Alert kind → course of an area hit by a code no rule knows.
    package var otherwise: [String: Course]
    /// Kinds taken by the town though they name no area: `nankai` in the towns it was made for.
    package var followsWithoutArea: Set<AlertKind>
    /// What a channel takes, by name; where it is not there, by its role.
    package var channels: [String: ChannelRule]
    package var roles: [String: ChannelRule]
}

extension RoutingRules {
    /// What the settings change; what is nil stays.
    package struct Override: Sendable, Hashable, Codable {
        package var eewForecastFrom: Intensity?
        package var earthquakeFrom: Intensity?
        package var earthquakeUrgentFrom: Intensity?
        package var codes: [String: [String: Course]]?
        package var types: [String: Course]?
        package var otherwise: [String: Course]?
        package var followsWithoutArea: Set<AlertKind>?
        package var channels: [String: ChannelRule]?

        package init(
            eewForecastFrom: Intensity? = nil, earthquakeFrom: Intensity? = nil, earthquakeUrgentFrom: Intensity? = nil,
            codes: [String: [String: Course]]? = nil, types: [String: Course]? = nil,
            otherwise: [String: Course]? = nil, followsWithoutArea: Set<AlertKind>? = nil,
            channels: [String: ChannelRule]? = nil
        ) {
            self.eewForecastFrom = eewForecastFrom
            self.earthquakeFrom = earthquakeFrom
            self.earthquakeUrgentFrom = earthquakeUrgentFrom
            self.codes = codes
            self.types = types
            self.otherwise = otherwise
            self.followsWithoutArea = followsWithoutArea
            self.channels = channels
        }

        enum CodingKeys: String, CodingKey {
            case codes, types, otherwise, channels
            case eewForecastFrom = "eew_forecast_from"
            case earthquakeFrom = "earthquake_from"
            case earthquakeUrgentFrom = "earthquake_urgent_from"
            case followsWithoutArea = "follows_without_area"
        }
    }

    package func changed(by change: Override) -> RoutingRules {
        var rules = self
        rules.eewForecastFrom = change.eewForecastFrom ?? eewForecastFrom
        rules.earthquakeFrom = change.earthquakeFrom ?? earthquakeFrom
        rules.earthquakeUrgentFrom = change.earthquakeUrgentFrom ?? earthquakeUrgentFrom
        rules.followsWithoutArea = change.followsWithoutArea ?? followsWithoutArea
        for (kind, courses) in change.codes ?? [:] {
            for (code, course) in courses { rules.codes[kind, default: [:]][Self.plain(code)] = course }
        }
        rules.types.merge(change.types ?? [:]) { $1 }
        rules.otherwise.merge(change.otherwise ?? [:]) { $1 }
        rules.channels.merge(change.channels ?? [:]) { $1 }
        return rules
    }

    /// Bulletins write `03`, JMA's tables `3`.
    static func plain(_ code: String) -> String {
        let rest = code.drop { $0 == "0" }
        return rest.isEmpty && !code.isEmpty ? "0" : String(rest)
    }

    func rule(for channel: ChannelManifest) -> ChannelRule? { channels[channel.name] ?? roles[channel.role.rawValue] }

    func course(_ kind: AlertKind, code: String) -> Course? { codes[kind.rawValue]?[Self.plain(code)] }
}
