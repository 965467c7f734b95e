package import Certificates
internal import ChannelKit
package import Devices
package import FoundationEssentials
package import Streams
internal import AlertModel
internal import Foundation
internal import HTTPTypes
package import Hummingbird
package import Ledger
internal import NIOCore
internal import Pages
internal import Serving
internal import Tablets

/// A request to an edge: nobody asks there but devices, by their tokens.
package struct EdgeContext: Peered {
    package var coreContext: CoreRequestContextStorage
    package let peer: String?

    package init(source: ApplicationRequestContextSource) {
        coreContext = .init(source: source)
        peer = source.channel.remoteAddress?.ipAddress
    }
}

/// Everything an edge says over HTTP: what tablets and spots know from the hub, under the same names, and nothing for
/// operators.
package struct EdgeRouter: Sendable {
    package struct Parts: Sendable {
        package var site: String
        package var hub: HubLine
        package var devices: DeviceRegister
        package var stream: StreamHub
        package var watch: LineWatch
        package var upstream: Upstream
        package var mirror: SiteMirror
        package var spots: SpotMirror
        package var outbox: Outbox
        package var ledger: any Ledger
        package var keeper: Doorkeeper?
        package var calls: RollCalls
        package var papers: PaperCodes?
        package var voices: LocalVoices?
        /// Nil: it serves in clear.
        package var certificates: CertificateShelf?
        /// This machine's own time, by which allowances fill up again, and the time as its tablets are told it.
        package var clock: @Sendable () -> Date
        package var said: @Sendable () -> Date

        package init(
            site: String, hub: HubLine, devices: DeviceRegister, stream: StreamHub, watch: LineWatch,
            upstream: Upstream, mirror: SiteMirror, spots: SpotMirror, outbox: Outbox, ledger: any Ledger,
            keeper: Doorkeeper? = nil, calls: RollCalls, papers: PaperCodes? = nil, voices: LocalVoices? = nil, certificates: CertificateShelf? = nil,
            clock: @escaping @Sendable () -> Date = { Date() }, said: (@Sendable () -> Date)? = nil
        ) {
            (self.papers, self.voices, self.certificates) = (papers, voices, certificates)
            (self.clock, self.said) = (clock, said ?? { watch.hubTime() })
            self.keeper = keeper
            self.calls = calls
            (self.site, self.hub, self.devices, self.stream, self.watch) = (site, hub, devices, stream, watch)
            (self.upstream, self.mirror, self.spots, self.outbox, self.ledger) = (upstream, mirror, spots, outbox, ledger)
        }
    }

    private struct Readiness: Encodable {
        var ready: Bool
        /// `up` or `cut`.
        var line: String
        var last_contact: String?
        var line_cut_since: String?
        var waiting_receipts, waiting_reports: Int
        /// Until when the certificate is good by which tablets know this edge.
        var certificate_until: String?
        var reason: String?
    }

    /// The disk's answer to a probe, as the hub's own.
    private static let patience = Duration.seconds(3)

    private let parts: Parts

    package init(_ parts: Parts) { self.parts = parts }

    package func responder() -> some HTTPResponder<EdgeContext> { FrontDoor(router(), .tablets, nonce: { [devices = parts.devices] in devices.nonce }) }

    func router() -> Router<EdgeContext> {
        let router = Router(context: EdgeContext.self)
        let (spots, known) = (parts.spots, Set(parts.spots.spots))
        let (watch, ledger) = (parts.watch, parts.ledger)
        router.add(middleware: ProblemMiddleware())
        TabletDesk(devices: parts.devices, stream: parts.stream, book: EdgeBook(outbox: parts.outbox, hub: parts.hub), clock: parts.clock, said: parts.said, isTimeCertain: { watch.certainHubTime() != nil }).add(to: router)
        RollCallDesk(
            devices: parts.devices, calls: parts.calls, stream: parts.stream, clock: { watch.hubTime() }, onDisk: { try await ledger.flush().committed() },
            beyond: .init(site: parts.site, pass: { [outbox = parts.outbox] answer, device in try await outbox.take(answer, of: device) })
        ).add(to: router)
        PlaceDesk(devices: parts.devices, place: { [mirror = parts.mirror] in mirror.place(of: $0) }).add(to: router)
        PageDesk(
            publicAddress: "", paths: Pages.paths.filter { $0.hasPrefix("/tablet/") },
            isKnown: { known.contains($0) }, spots: { spots.spots.map { (id: $0, name: $0) } }, page: { spots.page($0, $1) }
        ).add(to: router)
        addEnrolment(to: router)
        addAsking(to: router)
        addHealth(to: router)
        return router
    }

    /// A tablet's page enrols where it was opened. The hub knows codes; while the line is cut a code of paper opens here, and no other.
    private func addEnrolment(to router: Router<EdgeContext>) {
        struct Enrolment: Decodable {
            var code: String
            var public_key, name: String?
        }
        struct Passed: Encodable {
            var code, site: String
            var public_key, name: String?
        }
        router.post("/v1/devices") { request, _ in
            let wish = try await Body.decode(Enrolment.self, request)
            let body = try JSONEncoder().encode(
                Passed(code: wish.code, site: parts.site, public_key: wish.public_key, name: wish.name))
            let papers = DeviceRegister.isPaper(wish.code) ? parts.papers : nil
            func atHand() async throws -> Response? {
                guard let papers else { return nil }
                return try Answer.json(try await papers.redeem(wish.code, publicKey: wish.public_key, name: wish.name ?? ""), status: .created)
            }
            // Nobody waits twenty seconds for a line that is known to be cut.
            if parts.watch.status.isCut, let made = try await atHand() { return made }
            let answer: HTTPAnswer
            do throws(TransportFailure) {
                answer = try await parts.hub.call("POST", "/v1/devices", [UInt8](body), answerLimit: 64 << 10)
            } catch {
                if let made = try await atHand() { return made }
                throw Self.cut
            }
            struct Made: Decodable { var device_id: String }
            let isMade = answer.status == 201 && (try? JSONDecoder().decode(Made.self, from: Data(answer.body))) != nil
            // A page that asks to log in says yes, or sends elsewhere; the hub makes a device, or refuses in its own form.
            if [502, 503, 504].contains(answer.status) || !isMade && !Self.isProblem(answer), let made = try await atHand() { return made }
            // Before the tablet's first call: it must not be told that it does not exist.
            if isMade { await parts.mirror.refresh(all: papers != nil) }
            return try Self.passed(answer)
        }
    }

    private static func isProblem(_ answer: HTTPAnswer) -> Bool { answer.header("Content-Type")?.hasPrefix("application/problem+json") == true }

    /// What the hub said; nothing of anybody who answers in its place.
    private static func passed(_ answer: HTTPAnswer) throws -> Response {
        let type = answer.header("Content-Type")
        guard answer.status == 204 || isProblem(answer) || type?.hasPrefix("application/json") == true else { throw cut }
        return Response(
            status: .init(code: answer.status), headers: [.contentType: type ?? "application/json", .cacheControl: "no-store"],
            body: .init(byteBuffer: ByteBuffer(bytes: answer.body)))
    }

    private static var cut: Problem {
        Problem(.serviceUnavailable, "役場との回線が切れているため、いまは登録できません。前もって配られた16文字の番号なら登録できます (the line to the hub is cut; a code of paper, of sixteen letters, opens)")
    }

    /// A tablet without a code asks its hub, through here; it has the line up, or waits for it.
    private func addAsking(to router: Router<EdgeContext>) {
        struct Asking: Codable {
            var name, public_key, from: String?
        }
        struct Coming: Codable { var secret: String }
        struct Erased: Codable { var device, signature: String }
        router.post("/v1/devices/erased") { request, _ in try await passOn("/v1/devices/erased", try await Body.decode(Erased.self, request)) }
        router.post("/v1/device-asks") { request, context in
            var wish = try await Body.decode(Asking.self, request)
            wish.from = context.address(request)
            return try await passOn("/v1/device-asks", wish)
        }
        router.post("/v1/device-asks/answer") { request, _ in
            let answer = try await passOn("/v1/device-asks/answer", try await Body.decode(Coming.self, request))
            if answer.status == .created { await parts.mirror.refresh(all: true) }
            return answer
        }
    }

    private func passOn(_ path: String, _ body: some Encodable) async throws -> Response {
        let octets = [UInt8](try JSONEncoder().encode(body)), answer: HTTPAnswer
        do throws(TransportFailure) {
            answer = try await parts.hub.call("POST", path, octets, answerLimit: 64 << 10)
        } catch {
            throw Self.cut
        }
        return try Self.passed(answer)
    }

    private func addHealth(to router: Router<EdgeContext>) {
        router.get("/healthz") { _, _ in
            Response(status: .ok, headers: [.contentType: "text/plain"], body: .init(byteBuffer: ByteBuffer(string: "ok\n")))
        }
        router.get("/readyz") { _, _ in
            let report = await readiness()
            return try Answer.json(report, status: report.ready ? .ok : .serviceUnavailable)
        }
        router.get("/metrics") { _, _ in
            Response(
                status: .ok, headers: [.contentType: "text/plain; version=0.0.4; charset=utf-8"],
                body: .init(byteBuffer: ByteBuffer(string: metrics())))
        }
    }

    /// A cut line is what an edge is for, and no reason not to be ready: it says so and since when. Not ready is one
    /// that never heard of its hub, that the hub does not know, that cannot read who may get in, or whose disk takes nothing.
    private func readiness() async -> Readiness {
        let status = parts.watch.status
        let waiting = parts.outbox.gauges
        var reason: String?
        if status.lastContact == nil { reason = "ハブからまだ何も届いていません (no word from the hub yet)" }
        if let unread = status.unread { reason = unread }
        if let refusal = status.refusal { reason = refusal }
        if await !diskAnswers() { reason = "この中継機のディスクが応えません (the edge's disk does not answer)" }
        let certificate = parts.certificates?.state
        if let certificate, certificate.notAfter <= parts.watch.hubTime() {
            reason = "証明書の期限が切れています。ハブに届けば自動で新しくなります (the certificate has expired: it is renewed as soon as the hub is reached)"
        }
        func text(_ date: Date?) -> String? { date.map { JapanTime.text($0, milliseconds: false) } }
        return Readiness(
            ready: reason == nil, line: status.isCut ? "cut" : "up", last_contact: text(status.lastContact),
            line_cut_since: text(status.cutSince), waiting_receipts: waiting.receipts, waiting_reports: waiting.reports, certificate_until: text(certificate?.notAfter),
            reason: reason)
    }

    private func diskAnswers() async -> Bool {
        let ledger = parts.ledger
        return await withTaskGroup(of: Bool.self) { group in
            group.addTask { (try? await ledger.proveWriting(at: Date()).committed()) != nil }
            group.addTask {
                try? await ContinuousClock().sleep(for: Self.patience)
                return false
            }
            defer { group.cancelAll() }
            return await group.next() ?? false
        }
    }

    private func metrics() -> String {
        var text = MetricsText()
        let status = parts.watch.status
        let box = parts.outbox.gauges
        let stream = parts.stream.gauges
        text.add("noroshi_edge_line_up", "gauge", "1 while the hub is heard.", status.isCut ? 0 : 1)
        if let contact = status.lastContact {
            text.add(
                "noroshi_edge_last_contact_timestamp_seconds", "gauge", "When the hub was last heard, since 1970.",
                contact.timeIntervalSince1970)
        }
        text.add("noroshi_edge_events_total", "counter", "Events passed on.", Double(parts.upstream.relayed))
        for (kind, count) in [("receipt", box.receipts), ("report", box.reports)] {
            text.add(
                "noroshi_edge_outbox", "gauge", "What waits for the line.", Double(count), [("kind", kind)])
        }
        text.add("noroshi_edge_unheard_tablets", "gauge", "Tablets let in by a code of paper that the hub has not heard of.", Double(parts.papers?.unheard.count ?? 0))
        text.add("noroshi_edge_forwarded_total", "counter", "Receipts and reports the hub has.", Double(box.forwarded))
        text.add("noroshi_edge_dropped_total", "counter", "Receipts that made room for newer ones.", Double(box.dropped))
        text.add("noroshi_edge_refused_total", "counter", "Receipts and reports the hub does not take.", Double(box.refused))
        text.add("noroshi_stream_listeners", "gauge", "Tablets on the stream.", Double(stream.live))
        text.add("noroshi_stream_cut_total", "counter", "Tablets cut because they did not read.", Double(stream.cut))
        for voice in parts.voices?.all ?? [] {
            let (gauges, way) = (voice.gauges, [("way", voice.name)])
            text.add("noroshi_edge_voice_up", "gauge", "1 while what speaks at this place would be heard.", voice.trouble == nil ? 1 : 0, way)
            text.add("noroshi_edge_voice_waiting", "gauge", "Announcements that wait.", Double(gauges.waiting), way)
            text.add("noroshi_edge_voice_said_total", "counter", "Announcements said to their end.", Double(gauges.said), way)
            text.add("noroshi_edge_voice_failed_total", "counter", "Attempts that failed.", Double(gauges.failed), way)
        }
        if let voices = parts.voices, !voices.all.isEmpty {
            text.add("noroshi_edge_voice_unproven_total", "counter", "Lines not said because the town had not signed them.", Double(voices.unprovenCount))
        }
        if let ends = parts.certificates?.state?.notAfter {
            text.add("noroshi_edge_certificate_end_timestamp_seconds", "gauge", "Until when the certificate is good, since 1970.", ends.timeIntervalSince1970)
        }
        parts.keeper?.gauges.add(to: &text)
        let backlog = parts.ledger.backlog
        text.add("noroshi_ledger_waiting_rows", "gauge", "Rows that wait for the disk.", Double(backlog.waiting))
        text.add("noroshi_ledger_lost_rows_total", "counter", "Rows the disk never took.", Double(backlog.lost))
        return text.text
    }
}
