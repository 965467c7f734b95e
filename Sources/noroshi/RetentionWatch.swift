import AlertModel
import Foundation
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

/// Signs the days of the record that are over: at the start, and a minute after each midnight in Japan.
struct RootWatch: Service {
    private static let after: TimeInterval = 60
    /// A clock that is set meanwhile is noticed within this.
    private static let look: TimeInterval = 900
    let hub: Hub

    func run() async throws {
        await cancelWhenGracefulShutdown {
            var done = Date.distantPast
            while !Task.isCancelled {
                let now = hub.clock(), today = JapanTime.midnight(before: now)
                if today != done, now.timeIntervalSince(today) >= Self.after, await hub.signDays(now: now) { done = today }
                let minute = today.addingTimeInterval(Self.after)
                let next = (now < minute ? minute : minute.addingTimeInterval(86_400)).timeIntervalSince(now)
                // Cancelled: the loop ends.
                try? await ContinuousClock().sleep(for: .seconds(min(next, Self.look)))
            }
        }
    }
}
