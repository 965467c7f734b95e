/// Any executable as a channel: one line of JSON in for each delivery, one line out for its answer.
///
/// For what has no library in Swift and needs none: a siren on a serial port, a sign, a town's own script. One program
/// runs for each far end; README has the protocol, `Example/siren.py` a whole program.
public import AlertModel
public import ChannelKit
import Logging
import Synchronization

public struct Program<M: Mode>: ChannelAdapter {
    /// All ours, as a program on this machine has no contract: four requests at once, so that one that is slow does not
    /// hold up the others; 20 s, which a siren's relay or a modem's dialling needs. What a program can still change is
    /// its own affair: an update and a cancel are told like any message.
    public static var manifest: ChannelManifest {
        ChannelManifest(
            name: "program", title: "外部プログラム", role: .machine, afterSending: .cannotBeChanged, drills: .needOwnFarEnd, concurrency: 16,
            reservedForImmediate: 4, endpointWindow: 4, attemptLimit: .seconds(20),
            farEndKeys: ["command", "arguments", "env."], secretKeys: ["env."], runsHere: true, channelKeys: [])
    }

    /// Octets of a request.
    private static var requestLimit: Int { 1 << 20 }

    private let programs: Programs

    public init(_ setup: ChannelSetup<M>) throws(SettingsError) { programs = Programs(logger: setup.logger) }

    public static func check(_ farEnd: FarEnd<M>) throws(SettingsError) { _ = try ProgramSettings(farEnd) }

    /// Not started: what it does at a start is its own.
    public func reach(_ farEnd: FarEnd<M>, deadline: ContinuousClock.Instant) async throws(DeliveryFailure) -> String? {
        do {
            return "実行できます: \(try ProgramSettings(farEnd).command) (can be executed; not started)"
        } catch {
            throw .misconfigured("\(farEnd.id): \(error)")
        }
    }

    public func deliver(
        _ message: Message<M>, _ delivery: Delivery<M>
    ) async throws(DeliveryFailure) -> Receipt {
        let settings: ProgramSettings
        do {
            settings = try ProgramSettings(delivery.farEnd)
        } catch {
            throw .misconfigured("\(delivery.farEnd.id): \(error)")
        }
        let body: [UInt8]
        do {
            body = try AlertJSON.line(AlertJSON(message))
        } catch {
            throw .rejected("JSONに書けません: \(error) (cannot be written as JSON)")
        }
        guard body.count <= Self.requestLimit else {
            throw .rejected("\(body.count)オクテットあり、プログラムに渡せる\(Self.requestLimit)を超えます (too long for a program)")
        }
        let supervisor = try programs.supervisor("\(delivery.farEnd.town.code)/\(delivery.farEnd.id)", settings)
        return try await supervisor.ask(
            id: delivery.id.text, attempt: delivery.attempt, message: body, deadline: delivery.deadline
        ).get()
    }

    /// Waits for the end, and then for every program: end of file, two seconds, SIGTERM, a second, SIGKILL.
    public func run() async {
        await programs.untilCancelled()
        await programs.stop()
    }
}

/// The programs of all far ends, each started when it is first needed.
final class Programs: Sendable {
    private struct State {
        var supervisors: [String: Supervisor] = [:]
        var isStopping = false
    }
    private let state = Mutex(State())
    private let logger: Logger

    init(logger: Logger) { self.logger = logger }

    /// Without a `run` that ends, the programs are told when nobody can ask them any more.
    deinit { for supervisor in state.withLock({ $0.supervisors }).values { supervisor.stop() } }

    func supervisor(_ key: String, _ settings: ProgramSettings) throws(DeliveryFailure) -> Supervisor {
        let found: Result<Supervisor, DeliveryFailure> = state.withLock { state in
            if let supervisor = state.supervisors[key] { return .success(supervisor) }
            guard !state.isStopping else { return .failure(.unavailable("ハブを終了しています (the hub is stopping)")) }
            var logger = logger
            logger[metadataKey: "far_end"] = "\(key)"
            do throws(Child.SpawnError) {
                let supervisor = try Supervisor(settings, limits: Conversation.Limits(), logger: logger)
                state.supervisors[key] = supervisor
                return .success(supervisor)
            } catch {
                return .failure(.unavailable(error.reason))
            }
        }
        return try found.get()
    }

    func untilCancelled() async {
        let (never, end) = AsyncStream<Never>.makeStream()
        for await _ in never {}
        end.finish()
    }

    func stop() async {
        let supervisors = state.withLock { state in
            state.isStopping = true
            return Array(state.supervisors.values)
        }
        for supervisor in supervisors { supervisor.stop() }
        for supervisor in supervisors { await supervisor.ended() }
    }
}
