internal import AlertModel
package import Foundation
internal import HTTPTypes
package import Hummingbird
package import Logging
internal import Synchronization

/// A line for everything that somebody did here, and for everything that was refused: who, what, from where.
///
/// Whoever tries four hundred tokens is seen. A flood of refusals does not become a flood of lines: after so many in a
/// minute they are counted, and the count is a line.
package final class ActLog: Sendable {
    private struct State {
        var minute = 0
        var told = 0
        var untold = 0
    }

    static let refusalsPerMinute = 60
    private let logger: Logger
    /// Whose credential a request bears, as far as it is anybody's: `operator:NAME`, `device:ID`, `unknown`, `nobody`.
    private let who: @Sendable (Request) -> String
    private let clock: @Sendable () -> Date
    private let state = Mutex(State())

    package init(
        logger: Logger, clock: @escaping @Sendable () -> Date = { Date() }, who: @escaping @Sendable (Request) -> String = { _ in "nobody" }
    ) {
        self.logger = logger
        self.clock = clock
        self.who = who
    }

    func note(_ request: Request, _ response: Response, _ context: some Peered) {
        let status = response.status.code
        let path = request.uri.path
        guard !Self.isChatter(path) || [401, 403, 429].contains(status) else { return }
        if [401, 403, 429].contains(status) {
            guard let untold = mayTell() else { return }
            if untold > 0 { logger.warning("more refusals, not told one by one", metadata: ["count": "\(untold)"]) }
            logger.warning("refused", metadata: facts(request, status, context))
        } else if ![.get, .head, .options].contains(request.method), request.uri.queryParameters["preview"] != "true" {
            var facts = facts(request, status, context)
            if let made = response.headers[.location] { facts["made"] = "\(made)" }
            logger.notice("act", metadata: facts)
        }
    }

    /// The stream has a door of its own, and a line in the same words.
    package func streamTurnedAway(_ who: String, status: Int, detail: String, from: String) {
        guard let untold = mayTell() else { return }
        if untold > 0 { logger.warning("more refusals, not told one by one", metadata: ["count": "\(untold)"]) }
        logger.warning(status == 200 ? "a line was closed for a newer one" : "refused", metadata: [
            "who": "\(who)", "method": "GET", "path": "/v1/stream", "status": "\(status)", "reason": "\(detail)", "from": "\(from)",
        ])
    }

    private func facts(_ request: Request, _ status: Int, _ context: some Peered) -> Logger.Metadata {
        [
            "who": "\(who(request))", "method": "\(request.method.rawValue)", "path": "\(request.uri.path.prefix(200))", "status": "\(status)",
            "from": "\(context.address(request))",
        ]
    }

    /// What tablets tell by the thousand, and measuring.
    private static func isChatter(_ path: String) -> Bool { ["/v1/receipts", "/v1/bench/publish"].contains(path) }

    /// How many were not told in the minute before; nil where this one is not told.
    private func mayTell() -> Int? {
        // Our own clock: minutes since 1970, a few tens of millions.
        let minute = Int(clock().timeIntervalSince1970 / 60)
        return state.withLock { state in
            if state.minute != minute {
                defer { state = State(minute: minute, told: 1, untold: 0) }
                return state.untold
            }
            state.told += 1
            if state.told > Self.refusalsPerMinute { state.untold += 1 }
            return state.told > Self.refusalsPerMinute ? nil : 0
        }
    }
}
