import Dispatching
import Foundation
import Hub
import Logging
import ServiceLifecycle

/// Turns the clock of what waits for a second person.
struct ApprovalWatch: Service {
    static let interval: Duration = .seconds(1)
    let hub: Hub

    func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                await hub.turnApprovals()
                // Cancelled: the loop ends.
                try? await Task.sleep(for: Self.interval)
            }
        }
    }
}

/// Tells what was written for this hour, or holds it back.
struct ScheduleWatch: Service {
    static let interval: Duration = .seconds(5)
    let hub: Hub

    func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                await hub.tellScheduled(now: hub.clock())
                // Cancelled: the loop ends.
                try? await Task.sleep(for: Self.interval)
            }
        }
    }
}

/// Turns the clock of call-ups.
struct MusterWatch: Service {
    static let interval: Duration = .seconds(2)
    let hub: Hub

    func run() async throws {
        await cancelWhenGracefulShutdown {
            await withDiscardingTaskGroup { calls in
                while !Task.isCancelled {
                    await hub.turnMusters { call in calls.addTask { await call() } }
                    // Cancelled: the loop ends.
                    try? await Task.sleep(for: Self.interval)
                }
            }
        }
    }
}

/// Says at each place what stands there, signed.
struct StateWatch: Service {
    static let interval: Duration = .seconds(1)
    let hub: Hub

    func run() async throws {
        await cancelWhenGracefulShutdown {
            hub.sealRevocations()
            while !Task.isCancelled {
                hub.sayStates()
                // Cancelled: the loop ends.
                try? await Task.sleep(for: Self.interval)
            }
        }
    }
}

/// Asks every far end whether it would hear.
struct VoiceWatch: Service {
    static let interval: Duration = .seconds(15)
    /// After a start tablets come back first.
    static let first: Duration = .seconds(60)
    let hub: Hub

    func run() async throws {
        await cancelWhenGracefulShutdown {
            var wait = Self.first
            while !Task.isCancelled {
                // Cancelled: the loop ends.
                try? await Task.sleep(for: wait)
                guard !Task.isCancelled else { return }
                await hub.askVoices(now: hub.clock())
                wait = Self.interval
            }
        }
    }
}

/// Says what will run out and what has, and what is owed of what shelters reported, as long as the hub runs.
struct StandingWatch: Service {
    /// An order's end is told within this.
    static let interval: Duration = .seconds(1)
    let hub: Hub

    func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                hub.publishOwedCrowding()
                do {
                    try await hub.endWhatRanOut(now: hub.clock())
                } catch {
                    hub.logger.error("ends of orders not looked at", metadata: ["error": "\(error)"])
                }
                // Cancelled: the loop ends.
                try? await Task.sleep(for: Self.interval)
            }
        }
    }
}
