/// The certificates by which tablets know the machine that serves them, and the authority behind these.
internal import AlertModel
internal import Certificates
internal import ChannelKit
internal import Desk
internal import Devices
internal import Foundation
internal import HTTPTypes
internal import Hub
internal import Hummingbird
internal import QRCode
internal import Serving
internal import Tablets

extension HubRouter {
    private struct Wish: Decodable { var csr: String }

    private struct Issued: Encodable {
        var certificate, authorities, authority: String
        var names: [String]
        var not_after, renew_after: String

        init(_ issued: IssuedCertificate) {
            (certificate, authorities, authority, names) = (issued.chain, issued.authorities, issued.authority, issued.names)
            (not_after, renew_after) = (JapanTime.text(issued.notAfter, milliseconds: false), JapanTime.text(issued.renewAfter, milliseconds: false))
        }
    }

    private struct Change: Decodable {
        /// The old key may be somebody else's: nothing of it is trusted any longer.
        var taken_back: Bool?
        /// Under which this authority may name machines, beside what is private anyway; absent: as before.
        var domains: [String]?
    }

    /// For a machine that is no edge: the hub's own, behind nginx.
    private struct MachineWish: Decodable {
        var csr: String
        var hosts: [String]
    }

    private struct AuthorityShape: Encodable {
        var number: Int
        var fingerprint, made_at, trusted_until, pem: String
        var domains: [String]

        init(_ one: KnownAuthority) {
            (number, fingerprint, pem, domains) = (one.number, one.fingerprint, one.certificate.pem, one.domains)
            (made_at, trusted_until) = (JapanTime.text(one.made, milliseconds: false), JapanTime.text(one.ends, milliseconds: false))
        }
    }

    private struct AuthorityPage: Encodable {
        var town, fingerprint, trust_url: String
        /// Its key is at this hub.
        var signs: Bool
        var authorities: [AuthorityShape]
    }

    func addCertificates(to router: Router<Context>, _ desk: DeskRoutes) {
        router.post("/v1/edge/certificate") { request, _ in
            let edge = try hub.devices.asking(request)
            guard edge.isEdge else { throw Problem(.forbidden, "証明書を願えるのは中継機だけです (only an edge asks for a certificate)") }
            let wish = try await Body.decode(Wish.self, request)
            guard edge.hosts?.isEmpty == false else {
                throw Problem(.conflict, "この中継機（\(edge.id)）の名前もアドレスも登録されていません。noroshi device set \(edge.id) --host 192.168.… で書いてください (no name or address of this edge is in the register)")
            }
            let issued = try Self.telling { () throws(IssueFailure) in try hub.certify(edge, wish.csr) }
            try await hub.onDisk()
            return try Answer.json(Issued(issued), status: .created)
        }
        desk.post("/v1/towns/{code}/ca/certificates") { request, context in
            let person = context.person
            let town = try town(try context.parameters.require("code"), for: person)
            let wish = try await Body.decode(MachineWish.self, request)
            let names = try hosts(wish.hosts, in: town.id, mayBeHub: true) ?? []
            let issued = try Self.telling { () throws(IssueFailure) in try hub.certify(wish.csr, names, in: town.id) }
            hub.noteDown(.settings, "町の認証局で、機械の証明書を出した：\(issued.names.joined(separator: "、"))", about: "ca", .actual, in: town.id, by: person.actor)
            try await hub.onDisk()
            return try Answer.json(Issued(issued), status: .created)
        }
        desk.get("/v1/towns/{code}/ca") { request, context in
            let town = try town(try context.parameters.require("code"), for: context.person)
            return try Answer.json(page(town.id, try await hub.madeAuthorities(of: town.id)))
        }
        desk.post("/v1/towns/{code}/ca") { request, context in
            let person = context.person
            let town = try town(try context.parameters.require("code"), for: person)
            let wish = try await Body.decode(Change.self, request)
            let isTakenBack = wish.taken_back ?? false
            let made: KnownAuthority?
            do {
                made = try await hub.changeAuthority(of: town.id, domains: wish.domains, isTakenBack: isTakenBack)
            } catch let refusal as ServedName.Refusal {
                throw Problem(.unprocessableContent, refusal.words)
            } catch is IssueFailure {
                throw Self.noAuthority
            }
            guard let made else { throw Problem(.conflict, "同時に、ほかの人が認証局を新しくしました (somebody else was quicker)") }
            let old = isTakenBack ? "前のものは取り消した" : "前のものは\(Int(TownAuthorities.overlap / 86_400))日間信頼される"
            hub.noteDown(.settings, "中継機の証明書の認証局を新しくした。指紋 \(made.fingerprint)、\(old)", about: "ca", .actual, in: town.id, by: person.actor)
            try await hub.onDisk()
            return try Answer.json(page(town.id, hub.authorities(of: town.id)), status: .created)
        }
        router.get("/trust/{code}") { _, context in
            let (town, all) = try trusted(context)
            return Self.document(TrustPage.html(all, town: town), "text/html; charset=utf-8", policy: "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'")
        }
        router.get("/trust/{code}/{file}") { _, context in
            let (town, all) = try trusted(context)
            switch try context.parameters.require("file") {
            case "noroshi.mobileconfig":
                return Self.document(TrustProfile.mobileconfig(all, town: town.name, code: town.id.code), "application/x-apple-aspen-config", as: "noroshi-\(town.id.code).mobileconfig")
            case "noroshi.pem": return Self.document(all.map(\.certificate.pem).joined(), "application/x-pem-file", as: "noroshi-\(town.id.code).pem")
            case "noroshi.crt":
                // One file, one certificate: the newest.
                guard let last = all.last else { throw Problem(.notFound, "ありません (nothing here)") }
                return Self.document([UInt8](last.certificate.der), "application/x-x509-ca-cert", as: "noroshi-\(town.id.code).crt")
            default: throw Problem(.notFound, "ありません (nothing here)")
            }
        }
    }

    /// Where a town's tablets take its authority in.
    func trustURL(of town: TownID) -> String { "\(configuration.publicAddress)/trust/\(town.code)" }

    /// Tablets of this place may meet a certificate of the town's own.
    func needsTrust(_ site: String, in town: TownID) -> Bool {
        hub.devices.devices(of: town).contains { $0.isEdge && $0.site == site && $0.revoked == nil && $0.hosts?.isEmpty == false }
    }

    /// Names and addresses for a certificate, as they will be written. The hub's own is none of an edge's: who may name edges would else be the hub to all
    /// that trust the town. Its keeper has the hub's own certificate made (`mayBeHub`).
    func hosts(_ written: [String]?, in town: TownID, mayBeHub: Bool = false) throws(Problem) -> [String]? {
        guard let written else { return nil }
        guard written.count <= ServedName.most else { throw Problem(.unprocessableContent, "hosts: \(ServedName.most)個までです (at most \(ServedName.most) names)") }
        let domains = hub.authorities(of: town).last?.domains ?? [], own = (try? ServedName(URL(string: configuration.publicAddress)?.host() ?? "", under: domains))?.text
        var names: [String] = []
        for name in written {
            let served: ServedName
            do throws(ServedName.Refusal) {
                served = try ServedName(name, under: domains)
            } catch {
                throw Self.noHost(error.words)
            }
            guard mayBeHub || served.text != own || served.isHere else { throw Self.noHost("「\(served.text)」はハブの名前です。中継機には別の名前を付けてください (the hub's own name)") }
            if !names.contains(served.text) { names.append(served.text) }
        }
        return names
    }

    private static func noHost(_ words: String) -> Problem { Problem(.unprocessableContent, "hosts: \(words)", errors: [.init(field: "hosts", detail: words)]) }

    private static func telling(_ issue: () throws(IssueFailure) -> IssuedCertificate) throws(Problem) -> IssuedCertificate {
        do throws(IssueFailure) {
            return try issue()
        } catch {
            switch error {
            case .unreadable(let words): throw Problem(.badRequest, words)
            case .tooOften: throw Problem(.tooManyRequests, "この中継機は証明書を何度も願っています。一時間に四つまでです (too many certificates for this edge)")
            case .otherKey: throw Problem(.forbidden, "この中継機の鍵ではありません。機械を替えたときは、登録し直してください (not this edge's key: a new machine is enrolled anew)")
            case .names(let words): throw Problem(.unprocessableContent, "証明書に書けない名前です：\(words) (not among the names of the register)")
            case .noAuthority: throw noAuthority
            case .keyIsAway:
                throw Problem(.conflict, "この町の認証局の鍵がこのハブにありません。しまってある鍵を town-ca に戻すか、noroshi town ca --new で新しくしてください (the key of the town's authority is not at this hub)")
            }
        }
    }

    private static let noAuthority = Problem(.internalServerError, "認証局の鍵を読めないか、残せません (the authority's key cannot be read or kept)")

    private func trusted(_ context: Context) throws -> (Town, [KnownAuthority]) {
        guard let id = TownID(try context.parameters.require("code")), let town = hub.town(id) else { throw Problem(.notFound, "この町はここにはありません (no such town here)") }
        let all = hub.authorities(of: id)
        // Whoever comes by makes none.
        guard !all.isEmpty else { throw Problem(.notFound, "この町の中継機には、まだ証明書がありません (this town's relays have no certificates yet)") }
        return (town, all)
    }

    private func page(_ town: TownID, _ all: [KnownAuthority]) -> AuthorityPage {
        AuthorityPage(
            town: town.code, fingerprint: all.last?.fingerprint ?? "", trust_url: trustURL(of: town), signs: hub.signsCertificates(of: town), authorities: all.map { AuthorityShape($0) })
    }

    private static func document(_ text: String, _ type: String, as name: String? = nil, policy: String? = nil) -> Response { document(Array(text.utf8), type, as: name, policy: policy) }

    private static func document(_ octets: [UInt8], _ type: String, as name: String? = nil, policy: String? = nil) -> Response {
        var headers: HTTPFields = [.contentType: type, .cacheControl: "no-cache"]
        headers[.contentDisposition] = name.map { "attachment; filename=\"\($0)\"" }
        headers[.contentSecurityPolicy] = policy
        return Response(status: .ok, headers: headers, body: .init(byteBuffer: .init(bytes: octets)))
    }
}

/// For whoever sets tablets up: what to take in, how, and what to compare first.
enum TrustPage {
    static func html(_ all: [KnownAuthority], town: Town) -> String {
        let path = "/trust/\(town.id.code)"
        let marks = all.reversed().map { one in
            // What a person lets in with it, before the act.
            let names = ["学校や庁舎の中の名前とアドレス"] + one.domains.map(escaped)
            return "<li><p>\(one.number)番目、\(day(one.ends))まで (until \(day(one.ends)))。\(names.joined(separator: "、"))だけに使えます (good for private names\(one.domains.isEmpty ? "" : " and these domains") alone)</p><p class=\"mark\">\(one.fingerprint.split(separator: ":").map(String.init).joined(separator: " "))</p></li>"
        }.joined()
        return """
            <!doctype html><html lang="ja"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1"><title>\(escaped(town.name)) 中継機の証明書</title>\
            <style>body{font:1.1rem/1.7 sans-serif;max-width:40rem;margin:1rem auto;padding:0 1rem;color:#111;background:#fff}h1{font-size:1.5rem}h2{font-size:1.2rem}\
            .mark{font:1.1rem/1.6 monospace;overflow-wrap:anywhere}a.take{display:block;border:2px solid #0b4a8f;border-radius:.5rem;padding:.8rem;margin:.6rem 0;color:#0b4a8f}</style></head>\
            <body><main><h1>\(escaped(town.name))の中継機を信頼する <span lang="en">(trust this town's relays)</span></h1>\
            <p>学校や庁舎の中継機に https でつなぐタブレットに、一度だけ入れます。入れる前に、下の指紋が役場の紙と同じか、二人で確かめてください。\
            <span lang="en">(Once for each tablet. Compare the fingerprint with the one on paper first.)</span></p>\
            <h2>指紋 SHA-256 <span lang="en">(fingerprint)</span></h2><ul>\(marks)</ul>\
            <h2>iPad・iPhone</h2><a class="take" href="\(path)/noroshi.mobileconfig">プロファイルを入れる (install the profile)</a>\
            <p>「設定」→「プロファイルがダウンロード済み」でインストールし、続けて「設定」→「一般」→「情報」→「証明書信頼設定」で、この証明書を「完全に信頼」にします。\
            <span lang="en">(Settings: install it, then General, About, Certificate Trust Settings: full trust.)</span></p>\
            <h2>Android・Chromebook</h2><a class="take" href="\(path)/noroshi.crt">証明書を保存する (save the certificate)</a>\
            <p>Android：「設定」→「セキュリティ」→「証明書のインストール」→「CA証明書」。Chromebook：管理コンソールの「証明書」か、chrome://settings/certificates の「認証局」に入れます。\
            <span lang="en">(Android: install it as a CA certificate. Chromebook: Authorities, or the admin console.)</span></p>\
            <h2>ほか <span lang="en">(others)</span></h2><p><a href="\(path)/noroshi.pem">PEM（新旧すべて） (all of them)</a></p></main></body></html>

            """
    }

    private static func day(_ date: Date) -> String { String(JapanTime.text(date).prefix(10)) }
    private static func escaped(_ text: String) -> String {
        text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;").replacing("\"", with: "&quot;")
    }
}
