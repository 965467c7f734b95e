/// Asks the hub for this edge's certificate: the first one at the start, the next one when a third of its time is over, and another one as soon as
/// the register names this edge otherwise or the town has another authority. While the hub is away the old one serves on, for sixty days at the least.
package import Certificates
internal import ChannelKit
package import Foundation
package import Logging
internal import Synchronization

package final class CertificateKeeper: Sendable {
    package struct Refusal: Error, Sendable {
        /// Nil: nobody answered.
        package let status: Int?
        package let words: String
    }

    private struct Answer: Decodable {
        var certificate, authorities, authority: String
        var names: [String]
        var not_after, renew_after: String
    }

    /// After a refusal: a person has to do something first.
    static let pause = Duration.seconds(600)

    package let shelf: CertificateShelf
    private let key: ServingKey
    private let hub: HubLine
    private let logger: Logger
    private let clock: @Sendable () -> Date
    /// What was refused, and when it may be asked for again.
    private let refused = Mutex<(wish: String, until: ContinuousClock.Instant)?>(nil)

    /// - Parameter clock: the hub's time, as far as it is known.
    package init(_ shelf: CertificateShelf, key: ServingKey, hub: HubLine, logger: Logger, clock: @escaping @Sendable () -> Date) {
        (self.shelf, self.key, self.hub, self.logger, self.clock) = (shelf, key, hub, logger, clock)
    }

    /// The register has been heard. An authority that the hub does not name is no other one.
    func look(hosts: [String], authority: String) async {
        guard let state = shelf.state, !hosts.isEmpty else { return }
        let now = clock()
        // Not good yet: whoever signed it had a clock that was ahead.
        let isDue = now >= state.renewAfter || now < state.notBefore
        guard isDue || Set(state.names) != Set(hosts) || !authority.isEmpty && state.authority != authority else { return }
        let wish = (hosts + [authority]).joined(separator: " ")
        guard refused.withLock({ $0.map { $0.wish != wish || $0.until <= .now } ?? true }) else { return }
        do throws(Refusal) {
            try await ask()
            refused.withLock { $0 = nil }
            logger.notice("certificate renewed", metadata: ["names": "\(shelf.state?.names ?? [])", "until": "\(shelf.state?.notAfter.description ?? "")"])
        } catch {
            if error.status != nil { refused.withLock { $0 = (wish, .now.advanced(by: Self.pause)) } }
            logger.error("certificate not renewed", metadata: ["reason": "\(error.words)"])
        }
    }

    package func ask() async throws(Refusal) {
        let answer: HTTPAnswer
        do throws(TransportFailure) {
            let body = try? JSONEncoder().encode(["csr": try key.request()])
            answer = try await hub.call("POST", "/v1/edge/certificate", [UInt8](body ?? Data()))
        } catch {
            throw Refusal(status: nil, words: "\(error)")
        }
        guard answer.status == 201 else { throw Refusal(status: answer.status, words: Self.detail(answer)) }
        do {
            let told = try JSONDecoder().decode(Answer.self, from: Data(answer.body))
            func date(_ text: String) throws -> Date { try Date(text, strategy: .iso8601) }
            try shelf.take(
                IssuedCertificate(
                    chain: told.certificate, authorities: told.authorities, names: told.names, authority: told.authority, notAfter: try date(told.not_after),
                    renewAfter: try date(told.renew_after)))
        } catch {
            throw Refusal(status: answer.status, words: "ハブの証明書が読めないか、残せません: \(error) (the hub's certificate cannot be read or kept)")
        }
    }

    private static func detail(_ answer: HTTPAnswer) -> String {
        struct Problem: Decodable { var detail: String? }
        return (try? JSONDecoder().decode(Problem.self, from: Data(answer.body)))?.detail ?? "\(answer.status) \(answer.text.prefix(200))"
    }
}
