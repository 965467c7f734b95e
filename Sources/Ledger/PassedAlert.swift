package import AlertModel
internal import ChannelKit
package import FoundationEssentials

/// An alert and the towns it passes by: whom it does not concern at all. Most bulletins pass most towns by for one and the
/// same reason, so it is kept once for all of them, and each town still reads why nobody of its own heard it.
///
///     1,741 towns ─▶ concerned: an alert and its decisions, in the town's own part
///                └─▶ passed by: one row for each reason and channel, with the towns it holds for
package struct PassedAlert: Sendable, Hashable, Codable {
    /// The far ends of one channel that hear nothing for one reason, town by town.
    package struct Group: Sendable, Hashable, Codable {
        /// Empty for towns that have no far end at all.
        package var channel: String
        /// A stable word, and the sentence for people.
        package var reason: String
        package var sentence: String
        package private(set) var towns: [Share] = []

        package init(channel: String, reason: String, sentence: String) {
            self.channel = channel
            self.reason = reason
            self.sentence = sentence
        }

        package mutating func add(_ town: TownID, _ endpoints: [String]) {
            towns.append(Share(town: town, farEnds: endpoints.count, endpoint: endpoints.count == 1 ? endpoints[0] : nil))
        }

        /// Of all its towns together.
        package var farEnds: Int { towns.reduce(0) { $0 + $1.farEnds } }
    }

    /// One town's far ends in a group.
    package struct Share: Sendable, Hashable, Codable {
        package var town: TownID
        package var farEnds: Int
        /// Its id, where there is only one.
        package var endpoint: String?

        package init(town: TownID, farEnds: Int, endpoint: String?) {
            self.town = town
            self.farEnds = farEnds
            self.endpoint = endpoint
        }
    }

    package var content: AlertContent
    package var mode: ModeName
    package var accepted: Date
    package var actor: String
    package var groups: [Group] = []

    package init(content: AlertContent, mode: ModeName, accepted: Date, actor: String, groups: [Group] = []) {
        self.content = content
        self.mode = mode
        self.accepted = accepted
        self.actor = actor
        self.groups = groups
    }

    /// As a town's own ledger would have it.
    package var recorded: RecordedAlert {
        RecordedAlert(content: content, mode: mode, accepted: accepted, actor: actor, deliveries: [])
    }

    /// The rows of all its towns, as whoever looks on beside the ledger sees them.
    package var rows: [DeliveryRow] {
        Set(groups.flatMap(\.towns).map(\.town)).sorted().flatMap { town in
            deliveries(of: town).map { DeliveryRow(number: 0, delivery: $0, in: recorded, town: town) }
        }
    }

    /// The log's rows of one town.
    package func deliveries(of town: TownID) -> [RecordedDelivery] {
        groups.filter { !$0.channel.isEmpty }.compactMap { group in
            group.towns.first { $0.town == town }.map {
                RecordedDelivery(passing: content.id, $0, channel: group.channel, reason: group.reason, sentence: group.sentence, expires: content.expires)
            }
        }
    }
}

extension RecordedDelivery {
    package init(
        passing alert: AlertID, _ share: PassedAlert.Share, channel: String, reason: String, sentence: String, expires: Date
    ) {
        self.init(
            skipping: alert, in: share.town, channel: channel, endpoint: share.endpoint, endpoints: share.farEnds,
            reason: reason, sentence: sentence, expires: expires)
    }

    /// A decision not to send. A reason that holds for a whole channel is one row, with endpoint `*`.
    package init(
        skipping alert: AlertID, in town: TownID, channel: String, endpoint: String?, endpoints: Int, reason: String,
        sentence: String, expires: Date
    ) {
        self.init(
            id: DeliveryID(alert: alert, town: town, channel: channel, endpoint: endpoint ?? "*\(reason)"), channel: channel,
            endpoint: endpoint ?? "*", endpoints: endpoints, isSend: false, priority: .background, reason: reason,
            sentence: sentence, expires: expires)
    }
}
