/// What devices tell: into the record, once, and to whoever watches.
package import AlertModel
internal import ChannelKit
package import Devices
internal import Dispatching
internal import Ledger

extension Hub {
    /// Returns once they are on disk.
    /// - Parameter channel: over which devices hear.
    package func take(_ receipts: [ToldReceipt], over channel: String, in town: TownID) async throws {
        let part = ledger.town(town)
        let commits = receipts.map { told in
            part.append(RecordedReceipt(
                id: told.id, alert: told.alert, channel: channel, endpoint: told.site, device: told.device, reach: told.reach, occurred: told.occurred,
                received: told.received))
        }
        for (told, commit) in zip(receipts, commits) {
            try await commit.committed()
            // Only the ledger knows what was told before, also before a restart.
            guard commit.isNew else { continue }
            journal.receipt(told.reach, for: DeliveryID(alert: told.alert, town: town, channel: channel, endpoint: told.site))
        }
    }

    /// Returns once it is on disk.
    /// - Returns: false where the same was told before.
    package func take(_ report: ToldReport, in town: TownID) async throws -> Bool {
        let commit = ledger.town(town).append(RecordedReport(
            id: report.id, site: report.site, device: report.device, occurred: report.occurred, received: report.received, body: report.body))
        try await commit.committed()
        return commit.isNew
    }

    /// The newest first: of one device all, else of each the newest few.
    /// - Parameters:
    ///   - excluded: of these devices none.
    ///   - before: only what came before this report.
    package func reports(
        of town: TownID, site: String? = nil, device: String? = nil, without excluded: Set<String> = [], before: String? = nil, limit: Int
    ) async throws -> [ToldReport] {
        var query = ReportQuery()
        (query.site, query.device, query.without, query.before, query.limit) = (site, device, excluded, before, limit)
        return try await reports(query, of: town)
    }

    package func report(_ id: String, of town: TownID) async throws -> ToldReport? {
        var query = ReportQuery()
        query.id = id
        query.limit = 1
        return try await reports(query, of: town).first
    }

    private func reports(_ query: ReportQuery, of town: TownID) async throws -> [ToldReport] {
        try await ledger.town(town).reports(query).map {
            ToldReport(id: $0.id, site: $0.site, device: $0.device, occurred: $0.occurred, received: $0.received, body: $0.body)
        }
    }
}
