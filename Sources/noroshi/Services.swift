import ServiceLifecycle

/// A closure as a service.
struct RunnerService: Service {
    let run: @Sendable () async throws -> Void
    func run() async throws { try await run() }
}

/// Does its work when everything else has stopped.
struct ClosingService: Service {
    let close: @Sendable () async -> Void

    init(_ close: @escaping @Sendable () async -> Void) { self.close = close }

    func run() async throws {
        try? await gracefulShutdown()
        await close()
    }
}
