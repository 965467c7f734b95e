import CellBroadcast
import Synchronization

/// A cell-broadcast centre that listens, and what phones under it hear.
final class Air: Sendable {
    private let centre: CellBroadcastCentre
    private let log: Log
    let port: Int
    var url: String { "http://127.0.0.1:\(port)" }

    private init(_ centre: CellBroadcastCentre, _ log: Log, port: Int) {
        self.centre = centre
        self.port = port
        self.log = log
    }

    private final class Log: Sendable {
        let broadcasts = Mutex<[DecodedBroadcast]>([])
    }

    /// Lasts as long as `body`.
    static func with<Value: Sendable>(_ body: (Air) async throws -> Value) async throws -> Value {
        let log = Log()
        let centre = CellBroadcastCentre(configuration: .init(
            port: 0, onBroadcast: { broadcast in log.broadcasts.withLock { $0.append(broadcast) } }))
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await centre.run() }
            defer { group.cancelAll() }
            return try await body(Air(centre, log, port: try await centre.boundPort))
        }
    }

    /// Everything written and killed, in order.
    var heard: [DecodedBroadcast] { log.broadcasts.withLock { $0 } }
    var onAir: [DecodedBroadcast] { centre.onAir }
    var identifiers: [UInt16] { onAir.map(\.identifier) }
}
