internal import AlertModel
package import ChannelKit
internal import Dispatching
internal import Foundation
internal import Hub
internal import Hummingbird
internal import Ledger
package import Devices
package import Edge

/// What tablets tell ends up in the ledger, and the operator reads it there.
extension HubRouter {
    func addTablets(to router: Router<Context>) {
        TabletDesk(devices: hub.devices, stream: hub.stream, book: LedgerBook(hub: hub), clock: hub.clock).add(to: router)
        router.get("/v1/reports") { request, _ in
            let person = try operatorOf(request)
            let town = try town(request.uri.queryParameters["town"].map(String.init), for: person)
            struct Shape: Encodable { var id, site, device, occurred_at, received_at, body: String }
            let reports = try await hub.ledger.town(town.id).reports(limit: 500)
            return try Answer.json(["reports": reports.map {
                Shape(
                    id: $0.id, site: $0.site, device: $0.device, occurred_at: JapanTime.text($0.occurred),
                    received_at: JapanTime.text($0.received), body: $0.body)
            }])
        }
    }
}

private struct LedgerBook: TabletBook {
    let hub: Hub

    func take(_ receipts: [RecordedReceipt], in town: TownID) async throws {
        var commits: [Commit] = []
        for record in receipts {
            commits.append(hub.ledger.town(town).append(record))
            hub.journal.receipt(
                record.reach,
                for: DeliveryID(alert: record.alert, town: town, channel: record.channel, endpoint: record.endpoint))
        }
        for commit in commits { try await HubRouter.recorded(commit) }
    }

    func take(_ report: RecordedReport, in town: TownID) async throws {
        try await HubRouter.recorded(hub.ledger.town(town).append(report))
    }
}

/// Lets enrolled devices listen, and nobody else.
package struct DeviceAdmission: StreamAdmission {
    private let devices: DeviceRegister
    private let benchmarkTopic: StreamTopic?

    package init(devices: DeviceRegister, benchmarkTopic: StreamTopic? = nil) {
        self.devices = devices
        self.benchmarkTopic = benchmarkTopic
    }

    package func admit(_ request: StreamRequest) -> StreamAnswer {
        if let benchmarkTopic, request.target == "/v1/stream?benchmark" {
            return .welcome(StreamListener(device: "benchmark", topic: benchmarkTopic))
        }
        guard !request.target.contains("?") else {
            return .refused(status: 400, detail: "「?」の後ろには何も書けません (this call takes no query parameters)")
        }
        guard let token = request.token else { return .refused(status: 401, detail: "a device's token is needed") }
        guard let device = devices.device(token: token) else {
            return .refused(status: 401, detail: "this token belongs to no device, or the device was revoked")
        }
        devices.saw(device.id)
        return .welcome(StreamListener(device: device.id, topic: StreamTopic(town: device.town, site: device.site)))
    }
}
