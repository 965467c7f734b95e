import CellBroadcast
import FoundationEssentials
import Logging
import Synchronization

/// The lines to base-station controllers, one for each address, made when first needed.
///
/// A controller forgets everything when it restarts. What the shelves know to be on the air is written again then;
/// what is in doubt is not: the core's next attempt settles that, and it knows what has been taken back meanwhile.
final class Lines: Sendable {
    private let shelves: Shelves
    private let logger: Logger
    private let wallClock: @Sendable () -> Date
    private let lines = Mutex<[String: CBSPClient]>([:])

    init(shelves: Shelves, logger: Logger, wallClock: @escaping @Sendable () -> Date) {
        self.shelves = shelves
        self.logger = logger
        self.wallClock = wallClock
    }

    /// As many as there are addresses in the settings.
    func line(to controller: String, keepAlive: Int) -> CBSPClient {
        lines.withLock { lines in
            if let line = lines[controller] { return line }
            let line = newLine(to: controller, keepAlive: keepAlive)
            lines[controller] = line
            line.start()
            return line
        }
    }

    private func newLine(to controller: String, keepAlive: Int) -> CBSPClient {
        let colon = controller.lastIndex(of: ":") ?? controller.endIndex
        let port = Int(controller[colon...].dropFirst()) ?? 48049
        return CBSPClient(
            .init(role: .connect(host: String(controller[..<colon]), port: port), keepAlive: .seconds(keepAlive)),
            recover: { [weak self] in self?.inForce(at: controller) ?? [] },
            onEvent: { [logger] in Self.log($0, controller, logger) })
    }

    /// Connects to every controller that has something of ours on the air.
    func openRemembered() {
        let now = wallClock()
        let controllers = Set(shelves.entriesOfControllers.filter { $0.expires > now }.compactMap(\.route.controller))
        for controller in controllers { _ = line(to: controller, keepAlive: 10) }
    }

    func close() async {
        let open = lines.withLock { lines in
            defer { lines = [:] }
            return Array(lines.values)
        }
        for line in open { await line.close() }
    }

    private func inForce(at controller: String) -> [CBSPMessage] {
        let now = wallClock()
        return shelves.entries(of: controller).filter { $0.expires > now }.flatMap { entry -> [CBSPMessage] in
            guard let pages = try? PagedText(ucs2: entry.words) else { return [] }
            return entry.slots.filter { $0.confirmed != nil && !$0.isRetired }.compactMap { slot in
                entry.rest(of: slot, pages: pages.pages.count, now: now)
                    .map { .write(CBSPBroadcast(slot, pages, $0)) }
            }
        }
    }

    private static func log(_ event: CBSPClient.Event, _ controller: String, _ logger: Logger) {
        var facts: Logger.Metadata = ["controller": "\(controller)"]
        switch event {
        case .connected, .listening:
            logger.info("line to the base-station controller is open", metadata: facts)
        case .disconnected(let reason):
            facts["reason"] = "\(reason)"
            logger.warning("line to the base-station controller is cut", metadata: facts)
        case .restarted(let lostMessages):
            facts["lost_messages"] = "\(lostMessages)"
            logger.notice("base-station controller restarted", metadata: facts)
        case .cellsFailed(let words):
            facts["cells"] = "\(words)"
            logger.warning("cells stopped broadcasting", metadata: facts)
        case .unreadable(let error):
            facts["error"] = "\(error)"
            logger.warning("base-station controller is not understood", metadata: facts)
        case .recovered(let count, let refused):
            facts["count"] = "\(count)"
            facts["refused"] = "\(refused)"
            logger.notice("wrote again what is on the air", metadata: facts)
        }
    }
}
