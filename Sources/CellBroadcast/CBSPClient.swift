package import NIOCore
import NIOPosix
import Synchronization

/// The centre's end of the line to one base-station controller, kept up for as long as it is open.
///
///     start ──▶ connect (or listen) ──▶ [what is in force] ──▶ ask … ──▶ close
///                  ▲                          ▲
///                  └── lost: wait, again      └── RESTART: the controller lost its messages
///
/// After every new connection and every RESTART that lost messages, `recover` is asked what is in force, and that is
/// written again; what the controller still has it refuses as "already used", which is as good.
package final class CBSPClient: Sendable {
    package struct Configuration: Sendable {
        package enum Role: Sendable, Hashable {
            /// TS 48.049: the controller is the TCP server.
            case connect(host: String, port: Int)
            /// The centre is the server, as osmo-cbc was until 2022. The newest connection counts.
            case listen(host: String, port: Int)
        }
        package var role: Role
        /// Between two KEEP-ALIVEs, whole seconds.
        package var keepAlive: Duration
        /// The longest a controller may take for any answer.
        package var answerLimit: Duration
        /// The pause after the first lost connection; it doubles up to `longestPause`.
        package var firstPause: Duration
        package var longestPause: Duration

        /// 48049 is the port of TS 48.049.
        package init(
            role: Role, keepAlive: Duration = .seconds(10), answerLimit: Duration = .seconds(5),
            firstPause: Duration = .milliseconds(100), longestPause: Duration = .seconds(5)
        ) {
            self.role = role
            self.keepAlive = keepAlive
            self.answerLimit = answerLimit
            self.firstPause = firstPause
            self.longestPause = longestPause
        }
    }

    package enum Event: Sendable, Hashable, CustomStringConvertible {
        /// The port is ours, when listening.
        case listening(port: Int)
        case connected
        case disconnected(String)
        case restarted(lostMessages: Bool)
        /// Cells stopped broadcasting by themselves.
        case cellsFailed(String)
        case unreadable(CBSPError)
        /// What was in force was written again; `refused` names those the controller did not take.
        case recovered(count: Int, refused: [String])

        package var description: String {
            switch self {
            case .listening(let port): "waits for the controller on port \(port)"
            case .connected: "connected"
            case .disconnected(let reason): "not connected: \(reason)"
            case .restarted(let lost): lost ? "restarted, and lost what it broadcast" : "restarted"
            case .cellsFailed(let cells): "cells stopped broadcasting: \(cells)"
            case .unreadable(let error): "sent what cannot be read: \(error)"
            case .recovered(let count, let refused):
                "\(count) broadcasts written again" + (refused.isEmpty ? "" : "; refused: \(refused.joined(separator: ", "))")
            }
        }
    }

    private let loop: any EventLoop
    private let line: NIOLoopBoundBox<CBSPLine>

    /// - Parameters:
    ///   - recover: The requests that bring a controller to the state it should be in; called on the event loop, must
    ///     answer at once.
    ///   - onEvent: Called on the event loop, must return at once.
    package init(
        _ configuration: Configuration, group: any EventLoopGroup = MultiThreadedEventLoopGroup.singleton,
        recover: @escaping @Sendable () -> [CBSPMessage] = { [] },
        onEvent: @escaping @Sendable (Event) -> Void = { _ in }
    ) {
        let loop = group.next()
        self.loop = loop
        line = .makeBoxSendingValue(
            CBSPLine(configuration, loop: loop, recover: recover, onEvent: onEvent), eventLoop: loop)
    }

    /// Nobody can ask any more.
    deinit {
        loop.execute { [line] in line.value.close(nil) }
    }

    /// Begins to connect, or to listen; a second call does nothing.
    package func start() {
        loop.execute { [line] in line.value.start() }
    }

    package func close() async {
        let done = loop.makePromise(of: Void.self)
        loop.execute { [line] in line.value.close(done) }
        try? await done.futureResult.get()
    }

    /// The controller's answer, be it a COMPLETE or a FAILURE.
    ///
    /// - Parameter waits: Whether to wait for a connection until `deadline` if there is none.
    package func ask(
        _ message: CBSPMessage, deadline: ContinuousClock.Instant, waits: Bool = true
    ) async throws(CBSPFailure) -> CBSPMessage {
        let asking = Asking(token: Tokens.next())
        let limit = TimeAmount(deadline - .now)
        let promise = loop.makePromise(of: CBSPMessage.self)
        do {
            return try await withTaskCancellationHandler {
                loop.execute { [line] in
                    guard !asking.isCancelled.load(ordering: .acquiring) else {
                        return promise.fail(CBSPFailure.cancelled)
                    }
                    line.value.ask(message, token: asking.token, limit: limit, waits: waits, promise: promise)
                }
                return try await promise.futureResult.get()
            } onCancel: {
                // Whichever of the two comes first on the loop, the question ends.
                asking.isCancelled.store(true, ordering: .releasing)
                loop.execute { [line] in line.value.giveUp(asking.token, .cancelled) }
            }
        } catch let failure as CBSPFailure {
            throw failure
        } catch {
            throw .connectionLost("\(error)")
        }
    }

    private final class Asking: Sendable {
        let token: UInt64
        let isCancelled = Atomic(false)
        init(token: UInt64) { self.token = token }
    }
}
