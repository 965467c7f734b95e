internal import Dispatching
internal import AlertModel
package import ChannelKit
package import Devices
package import Edge
internal import Foundation
internal import HTTPTypes
internal import Hub
internal import Hummingbird
internal import Ledger

/// What a tablet asks and tells beside its stream.
extension HubRouter {
    private struct Receipts: Decodable {
        struct Item: Decodable {
            var id: String
            var alert: String
            var level: String
            /// Milliseconds since it happened, by the tablet's own running clock; its wall clock is not asked.
            var elapsed_ms: Double?
        }
        var receipts: [Item]

        init(from decoder: any Decoder) throws {
            if let list = try? decoder.singleValueContainer().decode([Item].self) {
                receipts = list
                return
            }
            let container = try decoder.container(keyedBy: Key.self)
            if container.contains(.receipts) {
                receipts = try container.decode([Item].self, forKey: .receipts)
            } else {
                receipts = [try Item(from: decoder)]
            }
        }
        private enum Key: String, CodingKey { case receipts }
    }

    private struct Taken: Encodable {
        var accepted: [String]
        var server_time: String
    }

    func addTablets(to router: Router<Context>) {
        router.get("/v1/catch-up") { request, _ in
            let device = try deviceOf(request)
            let written = request.uri.queryParameters["since"].map(String.init)
            let since = written.flatMap { StreamPosition($0) }
            if let written, !written.isEmpty, since == nil {
                throw Problem(.badRequest, "since: EPOCH-OFFSET, as the stream's ids")
            }
            let (replay, position) = hub.stream.catchUp(
                StreamTopic(town: device.town, site: device.site), since: since)
            return catchUp(replay, position)
        }
        router.post("/v1/receipts") { request, _ in
            let device = try deviceOf(request)
            let receipts = try await Self.decode(Receipts.self, request, upTo: 256 << 10).receipts
            guard receipts.count <= 500 else { throw Problem(.badRequest, "receipts: at most 500 at once") }
            let records = try receipts.map { try record($0, of: device) }
            var commits: [Commit] = []
            for record in records {
                commits.append(hub.ledger.town(device.town).append(record))
                hub.journal.receipt(
                    record.reach,
                    for: DeliveryID(
                        alert: record.alert, town: device.town, channel: record.channel, endpoint: record.endpoint))
            }
            for commit in commits { try await Self.recorded(commit) }
            return try Answer.json(
                Taken(accepted: receipts.map(\.id), server_time: JapanTime.text(hub.clock())), status: .accepted)
        }
        router.post("/v1/reports") { request, _ in
            let device = try deviceOf(request)
            let octets = try await Self.body(request, upTo: 16 << 10)
            struct Report: Decodable {
                var id: String
                var elapsed_ms: Double?
            }
            let report: Report
            do {
                report = try JSONDecoder().decode(Report.self, from: Data(octets))
            } catch let error as DecodingError {
                throw Problem(.badRequest, Self.words(error))
            }
            try Self.check(report.id)
            let now = hub.clock()
            try await Self.recorded(hub.ledger.town(device.town).append(RecordedReport(
                id: "\(device.id)/\(report.id)", site: device.site, device: device.id,
                occurred: now.addingTimeInterval(-Self.elapsed(report.elapsed_ms)), received: now,
                body: String(decoding: octets, as: UTF8.self))))
            return try Answer.json(
                Taken(accepted: [report.id], server_time: JapanTime.text(hub.clock())), status: .accepted)
        }
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

    /// Waits for the disk; a full one is a "try again", not a fault of the sender.
    static func recorded(_ commit: Commit) async throws {
        do {
            try await commit.committed()
        } catch let failure as LedgerFailure {
            var problem = Problem(.serviceUnavailable, failure.description)
            problem.headers[.retryAfter] = "5"
            throw problem
        }
    }

    private func record(_ item: Receipts.Item, of device: Device) throws(Problem) -> RecordedReceipt {
        try Self.check(item.id)
        guard let reach = Reach(word: item.level), reach != .accepted else {
            throw Problem(.badRequest, "level: reached, shown or touched")
        }
        guard !item.alert.isEmpty, item.alert.utf8.count <= 200 else { throw Problem(.badRequest, "alert: 1 to 200 octets") }
        let now = hub.clock()
        return RecordedReceipt(
            id: "\(device.id)/\(item.id)", alert: AlertID(item.alert), channel: "school-tablet",
            endpoint: device.site, device: device.id, reach: reach,
            occurred: now.addingTimeInterval(-Self.elapsed(item.elapsed_ms)), received: now)
    }

    private static func check(_ id: String) throws(Problem) {
        guard !id.isEmpty, id.utf8.count <= 100 else { throw Problem(.badRequest, "id: 1 to 100 octets") }
    }

    /// Seconds; a tablet's claim, kept within a week.
    private static func elapsed(_ milliseconds: Double?) -> TimeInterval {
        guard let milliseconds, milliseconds.isFinite else { return 0 }
        return min(max(0, milliseconds / 1000), 7 * 86400)
    }

    /// Written by hand: the events are JSON already.
    private func catchUp(_ replay: StreamLog.Replay, _ position: StreamPosition) -> Response {
        let (entries, isGap): ([StreamLog.Entry], Bool) =
            switch replay {
            case .events(let entries): (entries, false)
            case .gap(let entries): (entries, true)
            }
        let now = ContinuousClock.now
        var body = #"{"position":"\#(position)","resync":\#(isGap),"server_time":"\#(JapanTime.text(hub.clock()))","events":["#
        body += entries.map { entry in
            let data = String(decoding: ServerSentEvent.body(of: entry, now: now), as: UTF8.self)
            return #"{"id":"\#(position.epoch)-\#(entry.offset)","event":"\#(entry.event.name)","data":\#(data)}"#
        }.joined(separator: ",")
        body += "]}"
        return Response(
            status: .ok, headers: [.contentType: "application/json", .cacheControl: "no-store"],
            body: .init(byteBuffer: ByteBuffer(string: body)))
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
        guard let token = request.token else { return .refused(status: 401, detail: "a device's token is needed") }
        guard let device = devices.device(token: token) else {
            return .refused(status: 401, detail: "this token belongs to no device, or the device was revoked")
        }
        devices.saw(device.id)
        return .welcome(StreamListener(device: device.id, topic: StreamTopic(town: device.town, site: device.site)))
    }
}
