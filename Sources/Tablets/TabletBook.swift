package import AlertModel
internal import ChannelKit
package import Devices

/// Where what tablets tell ends up: the hub's ledger, or an edge's outbox.
package protocol TabletBook: Sendable {
    /// Returns once they are on disk.
    func take(_ receipts: [ToldReceipt], in town: TownID) async throws
    func take(_ report: ToldReport, saying said: ShelterReport, in town: TownID) async throws -> ReportState
    /// How far a report has come, and what was answered, by its record's id (`device/id`); nil: nobody here knows it.
    func word(onReport id: String, by device: Device) async throws -> ReportWord?
}

/// How far a shelter's report has come. What is kept at a school is not yet the town's, and what the town has is not
/// yet read: three different things to the person who waits for water.
package enum ReportState: String, Sendable, Codable {
    /// On the disk of the school's edge.
    case kept
    /// On the town's disk.
    case received
    /// A person of the town has had it before their eyes.
    case read
    /// The town's hub does not take it.
    case refused
}

/// How far a report has come, and what the town says to it.
package struct ReportWord: Codable, Sendable, Equatable {
    package struct Answer: Codable, Sendable, Equatable {
        package var at, text: String

        package init(at: String, text: String) { (self.at, self.text) = (at, text) }
    }

    package var state: ReportState
    /// When a person of the town first had it before their eyes.
    package var read_at: String?
    package var answer: Answer?

    package init(_ state: ReportState) { self.state = state }
}
