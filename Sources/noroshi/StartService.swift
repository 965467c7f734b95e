import ChannelKit
import Dispatching
import Hub
import Ledger
import ServiceLifecycle

/// Takes up where the last run ended while the door is open already, and lets everything else begin.
struct StartService: Service {
    let hub: Hub
    let rehearsal: Rehearsal
    let door: Announced<Int>
    let port: Announced<Int>

    /// Whoever has read its record does not wait longer than this for the rehearsal, which began with the reading.
    private static let patience = Duration.milliseconds(250)

    func run() async throws {
        let rehearsed = Announced<Int>()
        try await withThrowingDiscardingTaskGroup { group in
            group.addTask { rehearsed.say(await rehearsal.run()) }
            try await takeUp(after: rehearsed)
            group.cancelAll()
        }
    }

    private func takeUp(after rehearsed: Announced<Int>) async throws {
        do {
            try await cancelWhenGracefulShutdown {
                try await hub.recover()
                hub.ledger.endStart()
                // Before anything runs: far ends show that they are there, and have reserved what they must not use twice.
                await hub.actual.prepare()
                await hub.exercise.prepare()
                await rehearsed.heard(within: Self.patience)
            }
        } catch is CancellationError {
            return
        }
        // A hub that cannot listen sends nothing; and where reading was the faster, it hears here that there will be no door.
        guard let bound = await cancelWhenGracefulShutdown({ await door.heard() }), !Task.isShuttingDownGracefully else { return }
        hub.start.open()
        port.say(bound)
        try? await gracefulShutdown()
    }
}

/// Begins when the hub has taken up where its last run ended; never, when it is stopped before.
struct AfterStart: Service {
    let start: StartWatch
    let service: any Service

    func run() async throws {
        try? await cancelWhenGracefulShutdown { try await start.opened() }
        guard start.isOpen else { return }
        try await service.run()
    }
}

/// Looks through the ledger for damage once a start, while everything runs, and keeps what is amiss before a person.
struct LedgerWatch: Service {
    let hub: Hub

    /// Rows that still wait after so long wait for a disk that takes none.
    private static let beat = Duration.seconds(5)

    func run() async throws {
        await withDiscardingTaskGroup { group in
            group.addTask { await hub.ledger.examine() }
            var waited = false, told: Set<String> = []
            while !Task.isShuttingDownGracefully {
                let troubles = hub.ledger.troubles
                for words in troubles { hub.attention.notice(.ledger, words, words, from: "ledger", at: hub.clock()) }
                for words in told.subtracting(troubles) { hub.attention.settle(.ledger, subject: words) }
                told = Set(troubles)
                let waits = hub.ledger.backlog.waiting > 0
                report(isStuck: waits && waited)
                waited = waits
                try? await cancelWhenGracefulShutdown { try await ContinuousClock().sleep(for: Self.beat) }
            }
            group.cancelAll()
        }
    }

    private static let disk = "disk"

    private func report(isStuck: Bool) {
        // Of a database that is away its ledger tells itself.
        guard isStuck, !hub.ledger.isElsewhere else {
            let others = hub.attention.rows.filter { $0.topic == .ledger && $0.subject != Self.disk }.map(\.subject)
            return hub.attention.settle(.ledger, except: Set(others))
        }
        hub.attention.notice(
            .ledger, Self.disk,
            "記録がディスクに書けません。警報は出続けています。ディスクの空きと故障を確かめてください（当直者の手引き 2）"
                + " (the disk takes no rows; warnings go out all the same)",
            from: "ledger", at: hub.clock())
    }
}
