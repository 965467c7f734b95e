/// Tablets of the town's other sites, which may be carried here: who they are, and what their own places were last told. All of it lies here
/// before the line is cut.
///
///     hub ──/v1/edge/guests────▶ the town's register, signed ──▶ DeviceRegister ──▶ who gets in
///         ──/v1/edge/elsewhere─▶ each place's last words ──────▶ StreamHub, by place ──▶ what a guest hears here
///
/// A guest listens to his own place's words and to no others; each is signed by the town, and is passed on as it is.
internal import AlertModel
package import ChannelKit
package import Devices
internal import Foundation
package import Logging
internal import Seals
package import Streams
internal import Synchronization

package final class Guests: Sendable {
    private struct State {
        var registerTag, elsewhereTag: String?
        /// Of the seal on the register: an older one does not take its place.
        var number: UInt64
        var sites: Set<String> = []
        var line: StreamEvent?
        /// Rounds in which something is expected.
        var eager = Guests.eagerRounds
    }

    private static let note = "relay/guests"
    private static let eagerRounds = 3
    /// Seconds between two looks: while guests listen, and else.
    private static let whileHere = 3
    private static let patient = 30
    /// Octets; a town of 20,000 tablets has 8 MB.
    private static let registerLimit = 12 << 20
    private static let elsewhereLimit = 8 << 20
    static let mostSites = 1_000

    private let hub: HubLine
    private let topic: StreamTopic
    private let devices: DeviceRegister
    private let stream: StreamHub
    private let trust: TownTrust
    private let papers: PaperCodes?
    private let notebook: any Notebook
    private let logger: Logger
    private let state: Mutex<State>
    private let rounds = Rounds()

    package init(hub: HubLine, topic: StreamTopic, devices: DeviceRegister, stream: StreamHub, trust: TownTrust, papers: PaperCodes? = nil, notebook: any Notebook, logger: Logger) {
        self.papers = papers
        (self.hub, self.topic, self.devices, self.stream, self.trust, self.notebook, self.logger) = (hub, topic, devices, stream, trust, notebook, logger)
        var known = State(number: notebook.read(Self.note).flatMap { UInt64(String(decoding: $0, as: UTF8.self)) } ?? 0)
        known.sites = Set(devices.devices(of: topic.town).map(\.site)).subtracting([topic.site])
        state = Mutex(known)
    }

    /// Something was told at this place, or the line is back: other places were told too, most likely.
    package func hurry() {
        state.withLock { $0.eager = Self.eagerRounds }
        rounds.knock()
    }

    package func run() async {
        var round = 0
        await rounds.run(every: .seconds(1)) {
            defer { round += 1 }
            let isEager = state.withLock { state in
                defer { state.eager = max(0, state.eager - 1) }
                return state.eager > 0
            }
            let every = here().isEmpty ? Self.patient : Self.whileHere
            // Neither count is zero.
            if isEager || round % every == 0 { await askElsewhere() }
        }
    }

    /// Sites of guests that listen here.
    private func here() -> [String] { stream.heardSites(of: topic.town).subtracting([topic.site]).sorted() }

    // MARK: who they are

    /// Asked for with each round of the site's own register.
    func askRegister() async {
        struct Unproven: Error {}
        do {
            let known = state.withLock(\.registerTag)
            let answer = try await hub.call("GET", "/v1/edge/guests", headers: known.map { [("If-None-Match", $0)] } ?? [], answerLimit: Self.registerLimit)
            // A hub of before does not know the call.
            guard answer.status == 200 else { return }
            let number = trust.seal(answer.body, as: "register")?.number
            guard trust.isBlind || number.map({ number in state.withLock { $0.number <= number } }) == true else { throw Unproven() }
            let register = try JSONDecoder().decode(TownTablets.self, from: Data(answer.body))
            guard register.town == topic.town.code, register.devices.count <= TownTablets.mostDevices + TownTablets.mostRevoked else { throw Unproven() }
            let gone = devices.mirror(guests: register.devices, besides: topic.site, in: topic.town)
            for id in gone { stream.cut(device: id) }
            papers?.learn(register)
            state.withLock { $0.registerTag = answer.header("ETag") }
            guard let number else { return }
            state.withLock { $0.number = number }
            notebook.write(Self.note, Array("\(number)".utf8))
        } catch TransportFailure.cancelled {
            return
        } catch is Unproven {
            logger.error("the register of the town's tablets is not signed by the town, or an older one")
        } catch {
            logger.info("guests not refreshed", metadata: ["reason": "\(error)"])
        }
    }

    // MARK: what their places were told

    private struct Heard: Decodable {
        var site: String
        var told: [Told]
    }

    private struct Told: Decodable {
        var line: Int
        var at: Int?
        var piece: String?
        var lasts: Int?
    }

    func askElsewhere() async {
        do {
            let known = state.withLock(\.elsewhereTag)
            let places = here().compactMap { $0.addingPercentEncoding(withAllowedCharacters: .alphanumerics) }.joined(separator: ",")
            let answer = try await hub.call(
                "GET", "/v1/edge/elsewhere" + (places.isEmpty ? "" : "?here=\(places)"), headers: known.map { [("If-None-Match", $0)] } ?? [], answerLimit: Self.elsewhereLimit)
            guard answer.status == 200 else { return }
            guard take(answer.body) else { return logger.error("what other places were told cannot be read") }
            state.withLock { $0.elsewhereTag = answer.header("ETag") }
        } catch TransportFailure.cancelled {
            return
        } catch {
            logger.info("other places not heard", metadata: ["reason": "\(error)"])
        }
    }

    /// - Returns: false where it is not all there, or no answer of a hub.
    func take(_ octets: [UInt8]) -> Bool {
        var reader = EventReader()
        guard let events = octets.withUnsafeBytes({ reader.feed($0) }), events.last?.name == "end" else { return false }
        let lines = events.filter { $0.name != "site" && $0.name != "end" }.map { (name: $0.name, data: $0.data ?? []) }
        var whole: [String: [StreamEvent]] = [:]
        for event in events where event.name == "site" {
            guard let heard = try? JSONDecoder().decode(Heard.self, from: Data(event.data ?? [])) else { return false }
            let told = heard.told.compactMap { Self.event($0, lines) }
            guard told.count == heard.told.count, whole.count < Self.mostSites else { return false }
            if heard.site != topic.site { whole[heard.site] = told }
        }
        for (site, told) in whole { put(told, at: StreamTopic(town: topic.town, site: site)) }
        let (new, line) = state.withLock { [sites = Set(whole.keys)] state in
            defer { state.sites = sites }
            return (sites.subtracting(state.sites), state.line)
        }
        if let line { for site in new { stream.publish(line, to: StreamTopic(town: topic.town, site: site)) } }
        return true
    }

    private static func event(_ told: Told, _ lines: [(name: String, data: [UInt8])]) -> StreamEvent? {
        guard lines.indices.contains(told.line) else { return nil }
        var (name, data) = lines[told.line]
        if let at = told.at, let piece = told.piece {
            guard (0...data.count).contains(at), piece.utf8.count <= 1_000 else { return nil }
            data.insert(contentsOf: piece.utf8, at: at)
        }
        // A year, as in `Upstream`.
        return Upstream.event(name, data, lasts: told.lasts.map { .seconds(min(max(0, $0), 366 * 86_400)) })
    }

    /// As `Upstream` does: what was told already is not told again, what nobody heard of is not taken back, and what the hub no longer has in
    /// force is forgotten.
    private func put(_ events: [StreamEvent], at place: StreamTopic) {
        for event in events {
            let known = stream.latest(event.key, in: place)
            if known == nil && event.isRevocation || known.map({ $0.name == event.name && $0.data == event.data }) == true { continue }
            stream.publish(event, to: place)
        }
        let told = Set(events.map(\.key))
        stream.forget(in: place) { $0.key != Upstream.lineKey && !told.contains($0.key) }
    }

    /// The line to the hub is cut, or back: guests read it too, also who comes later.
    package func tell(line event: StreamEvent) {
        let sites = state.withLock { state in
            state.line = event.isRevocation ? nil : event
            return state.sites
        }
        for site in sites { stream.publish(event, to: StreamTopic(town: topic.town, site: site)) }
    }
}
