internal import Logging
internal import Streams
internal import AlertModel
internal import Bundles
internal import Certificates
internal import ChannelKit
internal import Devices
internal import Foundation
internal import HTTPTypes
internal import Desk
internal import Hub
internal import Hummingbird
internal import QRCode
internal import Seals
internal import Serving

/// The register of tablets and spots.
extension HubRouter {
    private struct Invite: Decodable {
        var town: String?
        var site: String?
        var shelter: String?
        /// `tablet` (the default) or `edge`.
        var role: String?
        /// What the device will be called, unless it says so itself.
        var name: String?
        /// Whose it will be: `pupil` or `staff`; absent: a place's.
        var use: String?
        /// Its class, for roll-calls.
        var group: String?
        /// Of an edge: the names and addresses by which tablets will reach it.
        var hosts: [String]?
    }

    /// Null takes away what was said; what is absent stays.
    private struct Change: Decodable {
        var wish = DeviceChange()
        var site: String?
        var hosts: [String]?

        enum Key: String, CodingKey { case use, group, name, site, hosts }

        init(from decoder: any Decoder) throws {
            let said = try decoder.container(keyedBy: Key.self)
            if said.contains(.use) { wish.use = .say(try HubRouter.use(try said.decodeIfPresent(String.self, forKey: .use))) }
            if said.contains(.group) { wish.group = .say(try said.decodeIfPresent(String.self, forKey: .group)) }
            wish.name = try said.decodeIfPresent(String.self, forKey: .name)
            site = try said.decodeIfPresent(String.self, forKey: .site)
            hosts = try said.decodeIfPresent([String].self, forKey: .hosts)
        }
    }

    private struct Lend: Decodable {
        var to: String
        var until: String?
    }

    private struct Register: Encodable {
        var devices: [DeviceShape]
        var town_key: String
    }

    private struct InvitationShape: Encodable {
        var code, url, site, town, role, expires_at, qr_svg, qr_text: String
        /// The town's key's fingerprint, for two people to compare.
        var town_key: String
        /// Where tablets of this place take the town's certificate authority in, and its fingerprint; absent where none is met.
        var trust_url, trust_qr_svg, ca_fingerprint: String?
    }

    private struct Enrolment: Decodable {
        var code: String
        var public_key: String?
        var name: String?
        var role: String?
        /// Where the code has to be for; an edge says its own site.
        var site: String?
    }

    private struct Enrolled: Encodable {
        var device_id, token, town, town_name, site, site_name, server_time: String
        /// By which the device knows its town's words from now on.
        var town_key: String
    }

    func addDevices(to router: Router<Context>, _ desk: DeskRoutes) {
        desk.post("/v1/devices/invitations") { request, context in
            let person = context.person
            let wish = try await Body.decode(Invite.self, request)
            let town = try town(wish.town, for: person)
            let role = try Self.role(wish.role)
            let site = try site(wish.site ?? wish.shelter, role, in: town)
            guard wish.name.map({ (1...64).contains($0.count) && PlainText.isPlain($0) }) ?? true else {
                throw Problem(.badRequest, "端末の名前（name）は64文字までで、制御文字は使えません (name: 1 to 64 letters)")
            }
            let use = try Self.use(wish.use)
            if let words = DeviceChange.objection(group: wish.group) { throw Problem(.unprocessableContent, words) }
            guard role == .tablet || use == nil && wish.group == nil else { throw Problem(.badRequest, "中継機には use と group を書けません (an edge is nobody's)") }
            guard role == .edge || wish.hosts == nil else { throw Problem(.badRequest, "hosts は中継機（edge）にだけ書けます (hosts are an edge's)") }
            let hosts = try hosts(wish.hosts, in: town.id)
            let invitation = hub.devices.invite(to: site, of: town.id, by: person.name, role: role, name: wish.name, use: use, group: wish.group, hosts: hosts)
            try await hub.onDisk()
            let url = "\(configuration.publicAddress)/tablet/#\(invitation.code).\(hub.seals.key(of: town.id).mark)"
            let trust = role == .tablet && needsTrust(site, in: town.id) ? trustURL(of: town.id) : nil
            let authority = trust == nil ? nil : try await hub.madeAuthorities(of: town.id).last
            return try Answer.json(
                InvitationShape(
                    code: invitation.spelled, url: url, site: site, town: town.id.code, role: role.rawValue,
                    expires_at: JapanTime.text(invitation.expires, milliseconds: false),
                    qr_svg: QRCode.svg(url) ?? "", qr_text: QRCode.text(url) ?? "",
                    town_key: hub.seals.key(of: town.id).fingerprint, trust_url: trust, trust_qr_svg: trust.flatMap { QRCode.svg($0) },
                    ca_fingerprint: authority?.fingerprint),
                status: .created)
        }
        router.post("/v1/devices") { request, context in
            let wish = try await Body.decode(Enrolment.self, request)
            let role = try Self.role(wish.role)
            let (device, token): (Device, String)
            let isPaper = DeviceRegister.isPaper(wish.code)
            // A code of paper is good at any edge of its town, as its tablet is.
            if isPaper, let site = wish.site, let town = hub.devices.town(ofPaper: wish.code), hub.town(town)?.endpoints.contains(where: { $0.id == site }) != true {
                throw Problem(.badRequest, "code: この番号は\(PlainText.visible(site))のある町のものではありません (for another town)")
            }
            do throws(EnrolmentFailure) {
                (device, token) = try hub.devices.enrol(
                    code: wish.code, publicKey: wish.public_key, name: wish.name ?? "", role: role, site: isPaper ? nil : wish.site,
                    from: context.address(request))
            } catch {
                throw problem(error)
            }
            do {
                try await hub.onDisk()
            } catch let failure as any TellsProblem {
                // The code is good for the next try: a class does not come back for new ones because of a disk.
                hub.devices.undo(device, code: wish.code)
                throw failure.problem
            }
            tellEdges(of: device.site, in: device.town)
            return try enrolled(device, token)
        }
        desk.get("/v1/devices") { request, context in
            let person = context.person
            let town = try town(request.uri.queryParameters["town"].map(String.init), for: person)
            let devices = hub.devices.devices(of: town.id).map { shape($0, for: person) }
            return try Answer.json(Register(devices: devices, town_key: hub.seals.key(of: town.id).fingerprint))
        }
        desk.get("/v1/devices/{id}") { request, context in
            let person = context.person
            let id = try context.parameters.require("id")
            for town in hub.allTowns where person.may(town.id) {
                if let device = hub.devices.device(id: id, of: town.id) { return try Answer.json(shape(device, for: person)) }
            }
            throw Problem(.notFound, "端末\(id)はありません (no device \(id))")
        }
        desk.post("/v1/devices/{id}/lend") { request, context in
            let person = context.person
            let wish = try await Body.decode(Lend.self, request)
            let until = wish.until.map { ISO8601DateFormatter().date(from: $0) }
            if case .some(nil) = until {
                throw Problem(.badRequest, "返す時刻（until）は 2026-12-01T17:00:00+09:00 のように書いてください (until: RFC 3339)")
            }
            return try await custody(try context.parameters.require("id"), for: person) { id, town throws(LoanFailure) in
                let device = try hub.devices.lend(id, of: town, to: wish.to, until: until ?? nil, by: person.name)
                // Not to whom: a borrower's name is kept for as long as he has it, and no longer.
                noteLoan("貸した", device, until ?? nil, by: person)
                return device
            }
        }
        desk.post("/v1/devices/{id}/return") { request, context in
            let person = context.person
            return try await custody(try context.parameters.require("id"), for: person) { id, town throws(LoanFailure) in
                let device = try hub.devices.giveBack(id, of: town)
                noteLoan("返った", device, nil, by: person)
                return device
            }
        }
        desk.patch("/v1/devices/{id}") { request, context in
            let person = context.person
            let id = try context.parameters.require("id")
            let wish = try await Body.decode(Change.self, request)
            guard let town = hub.allTowns.first(where: { person.may($0.id) && hub.devices.device(id: id, of: $0.id) != nil }) else {
                throw Problem(.notFound, "端末\(PlainText.visible(id))はありません (no such device)")
            }
            var change = wish.wish
            if let site = wish.site { change.site = try self.site(site, .tablet, in: town) }
            change.hosts = try hosts(wish.hosts, in: town.id)
            let (before, after) = try self.change(id, in: town.id, change)
            for site in Set([before.site, after.site]) { tellEdges(of: site, in: town.id) }
            // It comes back at once, to where it belongs now.
            if before.site != after.site { hub.stream.cut(device: id) } else { hub.stream.tell(device: id, "rollcall") }
            let site = town.endpoints.first { $0.id == after.site }?.name ?? after.site
            hub.noteDown(.device, "端末\(id)を変えた：\(Self.owner(after))、\(site)", about: id, .actual, in: town.id, by: person.actor)
            hub.logger.notice("device changed", metadata: ["device": "\(id)", "by": "\(person.name)", "site": "\(after.site)", "use": "\(after.use?.rawValue ?? "-")"])
            try await hub.onDisk()
            return try Answer.json(DeviceShape(after, now: hub.clock()))
        }
        desk.delete("/v1/devices/{id}") { request, context in
            try await end(try context.parameters.require("id"), for: context.person, retires: false)
        }
        desk.post("/v1/devices/{id}/retire") { request, context in
            try await end(try context.parameters.require("id"), for: context.person, retires: true)
        }
        router.post("/v1/devices/erased") { request, _ in
            struct Erased: Decodable { var device, signature: String }
            let said = try await Body.decode(Erased.self, request)
            guard said.device.utf8.count <= 100, let proof = Data(base64Encoded: said.signature), let found = hub.devices.noteErased(said.device, signature: proof) else {
                throw Problem(.notFound, "消去の証明になりません (proves nothing)")
            }
            if found.isNew, let town = hub.town(found.device.town) {
                hub.noteDown(.device, "消去を確認した：\(Self.named(found.device, in: town))", about: said.device, .actual, in: town.id, by: "device:\(said.device)")
                hub.logger.notice("device erased", metadata: ["device": "\(said.device)"])
            }
            try await hub.onDisk()
            return Response(status: .noContent)
        }
    }

    /// It is out from now on, and erases itself when it hears so.
    private func end(_ id: String, for person: Operator, retires: Bool) async throws -> Response {
        for town in hub.allTowns where person.may(town.id) && hub.revoke(device: id, of: town.id, retires: retires) {
            hub.stream.cut(device: id)
            if let device = hub.devices.device(id: id, of: town.id) {
                tellEdges(of: device.site, in: town.id)
                hub.noteDown(.device, "\(retires ? "使うのを終えた" : "使えなくした")：\(Self.named(device, in: town))", about: id, .actual, in: town.id, by: person.actor)
            }
            hub.logger.notice("\(retires ? "device retired" : "device revoked")", metadata: ["device": "\(id)", "by": "\(person.name)"])
            try await hub.onDisk()
            return Response(status: .noContent)
        }
        throw Problem(.notFound, "端末\(PlainText.visible(id))はありません (no such device)")
    }

    private func noteLoan(_ word: String, _ device: Device, _ until: Date?, by person: Operator) {
        guard let town = hub.town(device.town) else { return }
        let end = until.map { date in
            let time = JapanTime.parts(date)
            return "（\(time.month)月\(time.day)日\(time.hour)時\(time.minute)分まで）"
        }
        hub.noteDown(.device, "\(word)：\(Self.named(device, in: town))\(end ?? "")", about: device.id, .actual, in: town.id, by: person.actor)
    }

    private static func owner(_ device: Device) -> String {
        switch device.use {
        case .pupil: "生徒"
        case .staff: "先生・職員"
        case nil: "場所の端末"
        }
    }

    private static func named(_ device: Device, in town: Town) -> String {
        let site = town.endpoints.first { $0.id == device.site }?.name ?? device.site
        // A person's name is not for a chain that forgets nothing.
        if device.use != nil { return "\(site)の端末\(device.id)" }
        return device.name.isEmpty ? "\(site)の端末" : "\(site)の「\(device.name)」"
    }

    private func change(_ id: String, in town: TownID, _ wish: DeviceChange) throws(Problem) -> (before: Device, after: Device) {
        do throws(DeviceChangeFailure) {
            return try hub.devices.change(id, of: town, wish)
        } catch {
            switch error {
            case .noDevice: throw Problem(.notFound, "端末\(PlainText.visible(id))はないか、登録を取り消されています (no such device, or it is revoked)")
            case .isEdge: throw Problem(.conflict, "中継機の場所、use、group は変えられません。新しい場所で登録し直してください (an edge is not moved: enrol it anew)")
            case .invalid(let words): throw Problem(.unprocessableContent, words)
            }
        }
    }

    private func custody(
        _ id: String, for person: Operator, _ act: (String, TownID) throws(LoanFailure) -> Device
    ) async throws -> Response {
        let town = hub.allTowns.first { person.may($0.id) && hub.devices.device(id: id, of: $0.id) != nil }?.id
        guard let town else { throw Problem(.notFound, "端末\(PlainText.visible(id))はありません (no such device)") }
        let device: Device
        do throws(LoanFailure) {
            device = try act(id, town)
        } catch {
            switch error {
            case .noDevice: throw Problem(.notFound, "端末\(PlainText.visible(id))はないか、貸せません (no such device, or none to lend)")
            case .lent(let name): throw Problem(.conflict, "いま\(name)さんに貸しています。先に返却を記録してください (lent already: record its return first)")
            case .notLent: throw Problem(.conflict, "この端末は貸していません (it is not lent)")
            case .invalid(let words): throw Problem(.unprocessableContent, words)
            }
        }
        try await hub.onDisk()
        return try Answer.json(DeviceShape(device, now: hub.clock()))
    }

    /// In whose hands a tablet is concerns its town, and who was lent its register.
    private func shape(_ device: Device, for person: Operator) -> DeviceShape {
        var shape = DeviceShape(device, signs: hub.devices.signs(of: device.id), now: hub.clock())
        if person.helping[device.town] != nil, !person.may(.devices, .actual, in: device.town) { (shape.lent_to, shape.lent_by, shape.group) = (nil, nil, nil) }
        return shape
    }

    func enrolled(_ device: Device, _ token: String) throws -> Response {
        let town = hub.town(device.town)
        let site = town?.endpoints.first { $0.id == device.site }
        return try Answer.json(
            Enrolled(
                device_id: device.id, token: token, town: device.town.code, town_name: town?.name ?? "",
                site: device.site, site_name: site?.name ?? device.site, server_time: JapanTime.text(hub.clock()),
                town_key: hub.seals.key(of: device.town).text),
            status: .created)
    }

    private static func role(_ written: String?) throws(Problem) -> DeviceRole {
        guard let written else { return .tablet }
        guard let role = DeviceRole(rawValue: written) else { throw Problem(.badRequest, "roleは tablet か edge です (role: tablet or edge)") }
        return role
    }

    static func use(_ written: String?) throws(Problem) -> DeviceUse? {
        guard let written else { return nil }
        guard let use = DeviceUse(rawValue: written) else { throw Problem(.badRequest, "use は pupil（生徒）か staff（先生・職員）です。場所の端末では書きません (use: pupil, staff or null)") }
        return use
    }

    /// A school's or shelter's own endpoint of the tablets' channel; for an edge also a Wi-Fi spot.
    func site(_ wished: String?, _ role: DeviceRole, in town: Town) throws(Problem) -> String {
        let sites = town.endpoints.filter {
            configuration.has($0, .tablet) || role == .edge && configuration.has($0, .page)
        }
        guard let wanted = wished else { throw Problem(.badRequest, "置き場所（site）を選んでください (site: missing)") }
        guard let site = sites.first(where: { $0.id == wanted || $0.shelter == wanted || $0.name == wanted }) else {
            throw Problem(.badRequest, "置き場所（site）「\(wanted)」は、この市町村の置き場所にありません (site: none of \(sites.map(\.id).joined(separator: ", ")))")
        }
        return site.id
    }

    private func problem(_ failure: EnrolmentFailure) -> Problem {
        switch failure {
        case .unknownCode: Problem(.notFound, failure.description)
        case .expiredCode, .expiredPaper: Problem(.gone, failure.description)
        case .tooManyTries: Problem(.tooManyRequests, failure.description)
        case .badRequest: Problem(.badRequest, failure.description)
        }
    }
}
