import Hub
import ServiceLifecycle

/// Photographs of shelters leave when their time is over, also where no new ones come.
struct PhotoWatch: Service {
    static let look = Duration.seconds(3600)
    let hub: Hub
    let photos: ReportPhotos

    func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                await photos.sweep(now: hub.clock())
                // Cancelled: the loop ends.
                try? await ContinuousClock().sleep(for: Self.look)
            }
        }
    }
}
