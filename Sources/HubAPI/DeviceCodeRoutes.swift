internal import AlertModel
internal import Bundles
internal import ChannelKit
internal import Desk
internal import Devices
internal import Hub
internal import Hummingbird
internal import Logging
internal import QRCode
internal import Seals
internal import Serving

/// Codes on paper, issued before they are needed: for a school whose line may be cut when its tablets are wanted.
extension HubRouter {
    private struct Issue: Decodable {
        var town, site: String?
        var count: Int
        /// 90 unless said.
        var days: Int?
    }

    private struct BatchShape: Encodable {
        var id, town, site, issued_at, issued_by, expires_at: String
        var revoked_at: String?
        var count, used: Int

        init(_ batch: CodeBatch) {
            (id, town, site, issued_by) = (batch.id, batch.town.code, batch.site, batch.by)
            issued_at = JapanTime.text(batch.issued, milliseconds: false)
            expires_at = JapanTime.text(batch.expires, milliseconds: false)
            revoked_at = batch.revoked.map { JapanTime.text($0, milliseconds: false) }
            (count, used) = (batch.codes.count, batch.codes.count - batch.left)
        }
    }

    private struct Issued: Encodable {
        struct Code: Encodable { var code, url, qr_svg: String }
        var batch: BatchShape
        /// Said here once: the hub keeps digests.
        var codes: [Code]
        var site_name, town_key: String
    }

    func addDeviceCodes(to desk: DeskRoutes) {
        desk.post("/v1/device-codes") { request, context in
            let wish = try await Body.decode(Issue.self, request)
            let town = try town(wish.town, for: context.person)
            let site = try site(wish.site, .tablet, in: town)
            let (batch, codes): (CodeBatch, [String])
            do throws(CodeBatchFailure) {
                (batch, codes) = try hub.devices.issue(wish.count, to: site, of: town.id, days: wish.days ?? CodeBatch.longest, by: context.person.name)
            } catch {
                guard case .invalid(let words) = error else { throw Problem(.unprocessableContent) }
                throw Problem(.unprocessableContent, words)
            }
            let place = town.endpoints.first { $0.id == site }?.name ?? site
            hub.noteDown(.device, "登録の番号を前もって\(codes.count)枚出した：\(place)", about: batch.id, .actual, in: town.id, by: context.person.actor)
            do {
                try await hub.onDisk()
            } catch {
                hub.devices.undo(batch)
                throw error
            }
            let key = hub.seals.key(of: town.id)
            let shown = codes.map { code in
                let url = "\(configuration.publicAddress)/tablet/#\(code).\(key.mark)"
                return Issued.Code(code: DeviceRegister.spelled(paper: code), url: url, qr_svg: QRCode.svg(url) ?? "")
            }
            return try Answer.json(Issued(batch: BatchShape(batch), codes: shown, site_name: place, town_key: key.fingerprint), status: .created)
        }
        desk.get("/v1/device-codes") { request, context in
            let town = try town(request.uri.queryParameters["town"].map(String.init), for: context.person)
            return try Answer.json(["batches": hub.devices.batches(of: town.id).map { BatchShape($0) }])
        }
        desk.delete("/v1/device-codes/{id}") { request, context in
            let id = try context.parameters.require("id")
            for town in hub.allTowns where context.person.may(town.id) {
                guard let batch = hub.devices.revoke(batch: id, of: town.id) else { continue }
                let place = town.endpoints.first { $0.id == batch.site }?.name ?? batch.site
                hub.noteDown(.device, "前もって出した登録の番号を取り消した（残り\(batch.left)枚）：\(place)", about: id, .actual, in: town.id, by: context.person.actor)
                hub.logger.notice("paper codes revoked", metadata: ["batch": "\(id)", "by": "\(context.person.name)"])
                try await hub.onDisk()
                return Response(status: .noContent)
            }
            throw Problem(.notFound, "番号の束\(PlainText.visible(id))はありません (no such batch of codes)")
        }
    }
}
