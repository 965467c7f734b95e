import Hub
import ServiceLifecycle

/// Looks after other towns' copies: whether they still come, and whether what is held is still what came.
struct HeldCopyWatch: Service {
    static let look = Duration.seconds(3600)
    let hub: Hub
    let shelf: HeldCopies

    func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                await shelf.prove()
                hub.noticeHeld(shelf)
                // Cancelled: the loop ends.
                try? await ContinuousClock().sleep(for: Self.look)
            }
        }
    }
}
