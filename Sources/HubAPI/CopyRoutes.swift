/// Sealed copies of partner towns: taken in by their signed slip, and shown to who keeps this hub.
///
/// Whoever signs with a partner's key is let in, and nobody else: there is no token that could be lost, and no right to read. The slip comes in the head, so that
/// nothing of a copy is read before it is known whether it will be taken.
internal import AlertModel
internal import Bundles
internal import Desk
internal import Foundation
internal import HTTPTypes
internal import Hub
internal import Hummingbird
internal import Logging
internal import NIOCore
internal import Web
internal import Serving

extension HubRouter {
    private static let copyType = "application/octet-stream"

    private struct Shown: Encodable {
        var town, town_name, made, sha256, signer, received_at, from: String
        var number, octets: Int
        /// When its octets on this disk were last as its slip says.
        var proved_at: String?
        var proved: Bool
        /// What has come after it, minute by minute, and until when.
        var segments: Int
        var until: String

        init(_ held: HeldCopies.Held, _ town: TownID, _ name: String, _ following: [HeldCopies.Held]) {
            segments = following.count
            until = JapanTime.text(Seconds.date((following.last ?? held).slip.number), milliseconds: false)
            (self.town, town_name) = (town.code, name)
            (number, octets, sha256, signer) = (held.slip.number, held.slip.body.octets, held.slip.body.sha256, held.slip.signer.fingerprint)
            made = JapanTime.text(Seconds.date(held.slip.number), milliseconds: false)
            (received_at, from) = (JapanTime.text(held.seen.received, milliseconds: false), held.seen.from)
            (proved_at, proved) = (held.seen.proved.map { JapanTime.text($0, milliseconds: false) }, held.seen.proved != nil)
        }
    }

    private struct Holder: Encodable {
        var town, town_name: String
        var signers: [String]
        var held, octets: Int
        var newest_age_s: Double?
    }

    private struct Shelf: Encodable {
        var partners: [Holder]
        var copies: [Shown]
        /// What could still be taken.
        var free_octets: Int
    }

    private struct Taken: Encodable {
        var duplicate, dry_run: Bool
        var town: String
        var number, octets: Int
        var sha256: String
        var received_at: String?
    }

    func addCopies(to router: Router<Context>, _ desk: DeskRoutes) {
        router.post("/v1/copies") { request, context in
            let slip = try Self.slip(request)
            guard let shelf = configuration.heldCopies, let partner = shelf.partner(of: slip) else {
                throw Problem(.forbidden, "このハブは、この鍵（\(slip.signer.fingerprint)）の町の写しを預かることになっていません。相手の設定 copies.partners に、町とこの鍵を書いてもらってください (no copies are held for this key here)")
            }
            if let type = request.headers[.contentType], MediaType(type)?.essence != Self.copyType {
                throw Problem(.unsupportedMediaType, "写しは \(Self.copyType) で送ってください (Content-Type: \(Self.copyType))")
            }
            do throws(HeldCopies.Refusal) {
                if request.uri.queryParameters["dry_run"] == "true" {
                    let weighed = try await shelf.weigh(slip, of: partner.town)
                    if case .known(let held) = weighed { return try Self.taken(slip, partner, held.seen, isKnown: true, isTrial: true) }
                    return try Self.taken(slip, partner, nil, isKnown: false, isTrial: true)
                }
                let (known, taking) = try await shelf.begin(slip, of: partner, from: context.address(request))
                if let known { return try Self.taken(slip, partner, known.seen, isKnown: true, isTrial: false) }
                guard let taking else { throw HeldCopies.Refusal.busy }
                let held = try await Self.receive(request, slip, into: taking)
                hub.logger.notice("a sealed copy is held", metadata: ["town": "\(partner.town)", "number": "\(slip.number)", "octets": "\(slip.body.octets)"])
                hub.noticeHeld(shelf)
                return try Self.taken(slip, partner, held.seen, isKnown: false, isTrial: false)
            } catch {
                hub.logger.warning("a sealed copy was not taken", metadata: ["town": "\(partner.town)", "number": "\(slip.number)", "reason": "\(error)"])
                throw Self.problem(error)
            }
        }
        desk.get("/v1/copies") { request, context in
            let person = context.person
            // Of the hub, and of no town: also who keeps one of its towns has nothing to do with them.
            guard person.mayEverywhere(.admin) else { throw Problem(.forbidden, "預かっている写しを見るのは、このハブ全体の管理者です (for who keeps the whole hub)") }
            return try Answer.json(await shelf())
        }
    }

    private func shelf() async -> Shelf {
        guard let shelf = configuration.heldCopies else { return Shelf(partners: [], copies: [], free_octets: 0) }
        let held = await shelf.read(), names = Dictionary(shelf.partners.map { ($0.town, $0.name) }, uniquingKeysWith: { $1 })
        hub.noticeHeld(shelf)
        let now = hub.clock()
        return Shelf(
            partners: shelf.partners.map { partner in
                let own = held[partner.town] ?? []
                return Holder(
                    town: partner.town.code, town_name: partner.name, signers: partner.keys.map(\.fingerprint).sorted(), held: own.count { !$0.slip.isSegment },
                    octets: own.map(\.slip.body.octets).reduce(0, +), newest_age_s: own.last.map { max(0, now.timeIntervalSince(Seconds.date($0.slip.number))) })
            },
            copies: held.sorted { $0.key < $1.key }.flatMap { town, all in 
                let following = Dictionary(grouping: all.filter(\.slip.isSegment), by: \.slip.base)
                return all.reversed().filter { !$0.slip.isSegment }.map { Shown($0, town, names[town] ?? "", following[$0.slip.number] ?? []) }
            },
            free_octets: shelf.free)
    }

    // MARK: the slip

    /// What a request says of itself; whether it is true is in the signature.
    static func slipInHead(_ request: Request) -> CopySlip? { try? slip(request) }

    private static func slip(_ request: Request) throws(Problem) -> CopySlip {
        guard let written = request.headers[.slip] else {
            throw Problem(.unauthorized, "写しの添え書き（.slip）を Noroshi-Slip に base64 で付けてください。その署名が鍵の代わりです (Noroshi-Slip: the signed slip, base64; its signature is the key)")
        }
        do throws(PaperFlaw) {
            guard let octets = Data(base64Encoded: written) else { throw .changed }
            return try CopySlip(octets: [UInt8](octets))
        } catch {
            throw Problem(.unprocessableContent, "添え書き（.slip）が読めないか、署名したあとで変わっています。何も受け取っていません (the slip is unreadable, or was changed after it was signed)")
        }
    }

    // MARK: the octets

    /// In the time that its size allows; whatever ends it early leaves nothing.
    private static func receive(_ request: Request, _ slip: CopySlip, into taking: HeldCopies.Taking) async throws(HeldCopies.Refusal) -> HeldCopies.Held {
        let deadline = ContinuousClock.now + .seconds(120 + slip.body.octets / HeldCopies.slowest)
        let come: Result<Void, HeldCopies.Refusal> = if let flaw = flaw(in: request.headers[.contentLength], slip) { .failure(flaw) } else { await come(request, by: deadline, into: taking) }
        do throws(HeldCopies.Refusal) {
            try come.get()
            return try await taking.finish()
        } catch {
            await taking.abandon()
            throw error
        }
    }

    private static func flaw(in length: String?, _ slip: CopySlip) -> HeldCopies.Refusal? {
        guard let length, Int(length) != slip.body.octets else { return nil }
        return Int(length).map { $0 < slip.body.octets } == true ? .cut : .changed
    }

    private static func come(_ request: Request, by deadline: ContinuousClock.Instant, into taking: HeldCopies.Taking) async -> Result<Void, HeldCopies.Refusal> {
        await withTaskGroup(of: Result<Void, HeldCopies.Refusal>.self) { group in
            group.addTask { await read(request.body, into: taking) }
            group.addTask {
                // Cancelled: the other one is first.
                try? await ContinuousClock().sleep(until: deadline)
                return .failure(.slow)
            }
            let first = await group.next()
            group.cancelAll()
            return first ?? .failure(.cut)
        }
    }

    private static func read(_ body: RequestBody, into taking: HeldCopies.Taking) async -> Result<Void, HeldCopies.Refusal> {
        do {
            for try await part in body { try await taking.write(Array(part.readableBytesView)) }
            return .success(())
        } catch let refusal as HeldCopies.Refusal {
            return .failure(refusal)
        } catch {
            // A chunk without a right length, a sender who is gone, a hub that closes.
            return .failure(.cut)
        }
    }

    private static func taken(_ slip: CopySlip, _ partner: HeldCopies.Partner, _ seen: HeldCopies.Seen?, isKnown: Bool, isTrial: Bool) throws(HeldCopies.Refusal) -> Response {
        let shape = Taken(
            duplicate: isKnown, dry_run: isTrial, town: partner.town.code, number: slip.number, octets: slip.body.octets, sha256: slip.body.sha256,
            received_at: seen.map { JapanTime.text($0.received, milliseconds: false) })
        do { return try Answer.json(shape, status: isKnown || isTrial ? .ok : .created) } catch { throw .disk("\(error)") }
    }

    private static func problem(_ refusal: HeldCopies.Refusal) -> Problem {
        func later(_ seconds: Int, _ problem: Problem) -> Problem {
            var problem = problem
            problem.headers[.retryAfter] = "\(seconds)"
            return problem
        }
        func mebibytes(_ octets: Int) -> Int { octets >> 20 }
        var problem: Problem = switch refusal {
        case .tooLarge(let limit): Problem(.contentTooLarge, "預かる写しは一つ \(mebibytes(limit)) MiB までです。何も受け取っていません (larger than what is held here: copies.largest_mib)")
        case .old(let newest): Problem(.conflict, "番号 \(newest) の写しを、もう預かっています。それより新しい番号の写しだけを受け取ります。置き換えていません (a newer copy, or another one of this number, is held)")
        case .gap: Problem(.conflict, "預かっている写しの続きではない差分です。写しを丸ごと送ってください (a segment that does not go on from what is held: push a whole copy)")
        case .ahead: Problem(.unprocessableContent, "写しの番号が、一日より先の時刻です。写しを作った機械の時計を確かめてください (the copy's number is more than a day ahead: look at the clock it was made by)")
        case .busy: later(60, Problem(.serviceUnavailable, "いま、この町か、ほかの町の写しを受け取っています。1分たってからもう一度送ってください (another copy is on its way: in a minute)"))
        case .often: later(3600, Problem(.tooManyRequests, "一時間に受け取るのは、写し \(HeldCopies.hourly) 回、差分 \(HeldCopies.hourlySegments) 回までです (no more copies this hour)"))
        case .noRoom: Problem(.noStorage, "預かる側のディスクに、写しを置く空きがありません。預かる側の記録のための空きには手を付けません。預かる町に伝えてください (no room for it at the holder, whose own record keeps its room)")
        case .disk(let why): later(60, Problem(.serviceUnavailable, "預かる側のディスクに書けません。預かる町に伝えてください: \(why) (the holder's disk refuses)"))
        case .open: Problem(.unprocessableContent, "封がしてありません。封をした写し（--pair か --recipient）だけを預かります。何も残していません (not sealed: nothing of it was kept)")
        case .cut: Problem(.badRequest, "写しが途中で切れています。何も残していません。もう一度送ってください (cut short: nothing of it was kept; send it again)")
        case .changed: Problem(.unprocessableContent, "添え書きの写しではありません。何も残していません (not the copy its slip speaks of: nothing of it was kept)")
        case .slow: later(60, Problem(.requestTimeout, "時間がかかりすぎました。何も残していません。回線を確かめて、もう一度送ってください (too slow: nothing of it was kept)"))
        }
        // What has not been read is not wanted: who sends gigabytes for a no is not listened to.
        problem.headers[.connection] = "close"
        return problem
    }
}

extension HTTPResponse.Status {
    /// RFC 4918 11.5.
    static var noStorage: Self { .init(code: 507, reasonPhrase: "Insufficient Storage") }
}

extension HTTPField.Name {
    static var slip: Self { known("Noroshi-Slip") }
}
