internal import AlertModel
internal import ChannelKit
internal import Devices
internal import Foundation
internal import Tablets

/// What tablets of the site tell is kept here first. How far a report has come: what waits here is kept, of the rest
/// the hub is asked, and while it is not heard, what it last said.
struct EdgeBook: TabletBook {
    let outbox: Outbox
    let hub: HubLine

    func take(_ receipts: [ToldReceipt], in town: TownID) async throws { try await outbox.take(receipts, in: town) }

    func take(_ report: ToldReport, saying _: ShelterReport, in town: TownID) async throws -> ReportState {
        try await outbox.take(report, in: town)
    }

    func word(onReport id: String, by device: Device) async throws -> ReportWord? {
        let own = outbox.state(ofReport: id, by: device).map { ReportWord($0) }
        if own?.state == .kept || own?.state == .refused { return own }
        // A record's id has its device and a slash in front; dropping more than there is leaves nothing.
        return await asked(String(id.dropFirst(device.id.utf8.count + 1)), device.id) ?? own
    }

    private func asked(_ id: String, _ device: String) async -> ReportWord? {
        guard let id = id.addingPercentEncoding(withAllowedCharacters: .alphanumerics),
            let device = device.addingPercentEncoding(withAllowedCharacters: .alphanumerics),
            let answer = try? await hub.call("GET", "/v1/reports/\(id)?device=\(device)", answerLimit: 16 << 10),
            answer.status == 200
        else { return nil }
        return try? JSONDecoder().decode(ReportWord.self, from: Data(answer.body))
    }
}
