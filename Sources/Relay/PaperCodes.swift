/// Codes on paper while the line is cut: the edge has their digests beforehand, lets a tablet in by one, and tells the town when the line is back.
///
///     code typed ──line up──▶ the hub
///              └──line cut─▶ digest known, time not over, not used here ──▶ a token made here, on disk ──▶ told to the hub ──▶ in its list, or out
internal import AlertModel
package import ChannelKit
package import Devices
package import Foundation
package import Logging
internal import HTTPTypes
internal import Serving
internal import Synchronization

package final class PaperCodes: Sendable {
    /// What a tablet is told that comes by a code.
    struct Enrolled: Encodable {
        var device_id, token, town, town_name, site, site_name, server_time: String
        var town_key: String?
    }

    /// What lies on disk of the town's register beside its devices.
    private struct Known: Codable {
        var codes: [MirroredCode]
        var name, key: String?
        var sites: [String: String]
    }

    private struct Made: Codable {
        var item: RedeemedCode
        var at: Date
    }

    private struct State {
        var known: Known
        var bySHA: [String: MirroredCode]
        /// By the code's digest: what the hub has not heard yet.
        var made: [String: Made]
        /// Used here, in this run, and told: the list on disk may still have them.
        var told: Set<String> = []
    }

    private static let note = "relay/codes"
    private static let prefix = "redeemed/"
    /// As many as a hub takes at once.
    private static let batch = 200

    private let hub: HubLine
    private let topic: StreamTopic
    private let devices: DeviceRegister
    private let notebook: any Notebook
    /// The hub's time.
    private let clock: @Sendable () -> Date
    private let onDisk: @Sendable () async throws -> Void
    private let logger: Logger
    private let state: Mutex<State>
    private let rounds = Rounds()

    package init(
        hub: HubLine, topic: StreamTopic, devices: DeviceRegister, notebook: any Notebook, clock: @escaping @Sendable () -> Date,
        onDisk: @escaping @Sendable () async throws -> Void, logger: Logger
    ) {
        (self.hub, self.topic, self.devices, self.notebook, self.clock, self.onDisk, self.logger) = (hub, topic, devices, notebook, clock, onDisk, logger)
        let known = notebook.read(Self.note).flatMap { try? JSONDecoder().decode(Known.self, from: Data($0)) } ?? Known(codes: [], sites: [:])
        var made: [String: Made] = [:]
        for key in notebook.keys(prefix: Self.prefix) {
            made[String(key.dropFirst(Self.prefix.count))] = notebook.read(key).flatMap { try? JSONDecoder().decode(Made.self, from: Data($0)) }
        }
        state = Mutex(State(known: known, bySHA: Self.index(known), made: made))
    }

    private static func index(_ known: Known) -> [String: MirroredCode] { Dictionary(known.codes.map { ($0.sha256, $0) }, uniquingKeysWith: { first, _ in first }) }

    /// The town's register has come, proven.
    func learn(_ register: TownTablets) {
        let known = Known(codes: Array((register.codes ?? []).prefix(CodeBatch.mostLiving)), name: register.name, key: register.key, sites: register.sites ?? [:])
        state.withLock { state in
            (state.known, state.bySHA) = (known, Self.index(known))
            state.told.formIntersection(known.codes.map(\.sha256))
        }
        if let octets = try? JSONEncoder().encode(known) { notebook.write(Self.note, [UInt8](octets)) }
    }

    /// Tablets that were let in here and the hub has not heard of: what they tell waits until it has.
    package var unheard: Set<String> { state.withLock { Set($0.made.values.map(\.item.device)) } }

    /// - Throws: a problem, in words for whoever holds the tablet.
    func redeem(_ code: String, publicKey: String?, name: String) async throws -> Enrolled {
        let digest = DeviceRegister.paperDigest(code), now = clock(), token = DeviceRegister.randomToken(), id = "d-" + DeviceRegister.randomToken().prefix(12)
        let found = state.withLock { state in state.made[digest] == nil && !state.told.contains(digest) ? state.bySHA[digest] : nil }
        guard let found else { throw Problem(.notFound, "回線が切れている間に使える番号ではないか、もう使われています (no code that can be used while the line is cut, or used already)") }
        guard Date(timeIntervalSince1970: Double(found.until)) > now else { throw Problem(.gone, "\(EnrolmentFailure.expiredPaper)") }
        let device: Device
        do throws(EnrolmentFailure) {
            device = try devices.admit(id, name: name, publicKey: publicKey, token: token, to: found.site, in: topic.town)
        } catch { throw Problem(.badRequest, error.description) }
        let item = RedeemedCode(code: code, device: id, token_sha256: DeviceRegister.digest(token), name: name, public_key: publicKey)
        let made = Made(item: item, at: Date())
        // Two at once: the second hears that it was used.
        let isFirst = state.withLock { state in
            guard state.made[digest] == nil else { return false }
            state.made[digest] = made
            return true
        }
        guard isFirst else {
            devices.dismiss(id)
            throw Problem(.notFound, "\(EnrolmentFailure.unknownCode)")
        }
        notebook.write(Self.prefix + digest, [UInt8](try JSONEncoder().encode(made)))
        do {
            try await onDisk()
        } catch {
            forget(digest)
            devices.dismiss(id)
            throw error
        }
        rounds.knock()
        logger.notice("tablet let in by a code of paper", metadata: ["device": "\(id)", "site": "\(found.site)"])
        let (town, site, key) = state.withLock { ($0.known.name, $0.known.sites[found.site], $0.known.key) }
        return Enrolled(
            device_id: device.id, token: token, town: topic.town.code, town_name: town ?? "", site: found.site, site_name: site ?? found.site, server_time: JapanTime.text(now),
            town_key: key)
    }

    private func forget(_ digest: String) {
        state.withLock { $0.made[digest] = nil }
        notebook.write(Self.prefix + digest, nil)
    }

    // MARK: when the line is back

    package func hurry() { rounds.knock() }

    package func run() async { await rounds.run(every: .seconds(15)) { await tell() } }

    func tell() async {
        struct Redeemed: Encodable { var redeemed: [RedeemedCode] }
        struct Results: Decodable {
            struct One: Decodable {
                var device: String
                var state: Redemption
            }
            var results: [One]
        }
        let waiting = state.withLock { $0.made.sorted { ($0.value.at, $0.key) < ($1.value.at, $1.key) }.prefix(Self.batch) }
        guard !waiting.isEmpty else { return }
        let now = Date()
        let items = waiting.map { _, made in
            var item = made.item
            item.elapsed_ms = max(0, now.timeIntervalSince(made.at) * 1000).rounded()
            return item
        }
        do {
            let answer = try await hub.call("POST", "/v1/edge/redeemed", [UInt8](try JSONEncoder().encode(Redeemed(redeemed: items))))
            guard answer.status == 200 else { return logger.info("codes of paper not told", metadata: ["status": "\(answer.status)"]) }
            let results = try JSONDecoder().decode(Results.self, from: Data(answer.body)).results
            for (digest, made) in waiting {
                guard let outcome = results.first(where: { $0.device == made.item.device })?.state else { continue }
                state.withLock { _ = $0.told.insert(digest) }
                forget(digest)
                // All others stand in the town's list by now, in use or out with the town's signature; here until it comes.
                if outcome == .unknown { devices.dismiss(made.item.device) }
                logger.notice("code of paper told", metadata: ["device": "\(made.item.device)", "outcome": "\(outcome.rawValue)"])
            }
        } catch {
            logger.info("codes of paper not told", metadata: ["reason": "\(error)"])
        }
    }
}
