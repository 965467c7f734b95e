import Dispatching
import Hub
import Ledger
import ServiceLifecycle

/// Takes up where the last run ended while the door is open already, and lets everything else begin.
struct StartService: Service {
    let hub: Hub
    let door: Announced<Int>
    let port: Announced<Int>

    func run() async throws {
        do {
            try await cancelWhenGracefulShutdown {
                try await hub.recover()
                // Before anything runs: far ends show that they are there, and have reserved what they must not use twice.
                await hub.actual.prepare()
                await hub.exercise.prepare()
            }
        } catch is CancellationError {
            return
        }
        guard !Task.isShuttingDownGracefully else { return }
        hub.start.open()
        if let bound = await door.heard() { await port.say(bound) }
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

    func run() async throws {
        report()
        try? await cancelWhenGracefulShutdown { await hub.ledger.examine() }
        while !Task.isShuttingDownGracefully {
            report()
            try? await cancelWhenGracefulShutdown { try await ContinuousClock().sleep(for: .seconds(30)) }
        }
    }

    private func report() {
        for words in hub.ledger.troubles { hub.attention.notice(.ledger, words, words, from: "ledger", at: hub.clock()) }
    }
}
