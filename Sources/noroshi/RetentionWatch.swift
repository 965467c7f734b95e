import Hub
import ServiceLifecycle

/// Lets what is over leave the record, a while after the start and then every hour.
struct RetentionWatch: Service {
    static let first = Duration.seconds(300)
    static let pause = Duration.seconds(3600)
    let hub: Hub

    func run() async throws {
        await cancelWhenGracefulShutdown {
            var pause = Self.first
            while !Task.isCancelled {
                // Cancelled: the loop ends.
                try? await ContinuousClock().sleep(for: pause)
                guard !Task.isCancelled else { return }
                try? await hub.retire(now: hub.clock())
                pause = Self.pause
            }
        }
    }
}
