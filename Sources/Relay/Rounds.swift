internal import Synchronization

/// The same work again and again: every `interval`, and at once when somebody knocks. Knocks during a round are one.
package struct Rounds: Sendable {
    private let knocks: AsyncStream<Void>
    private let door: AsyncStream<Void>.Continuation

    package init() {
        (knocks, door) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    package func knock() { door.yield() }

    /// Until the task is cancelled.
    func run(every interval: Duration, _ round: () async -> Void) async {
        await withDiscardingTaskGroup { group in
            group.addTask {
                while !Task.isCancelled {
                    door.yield()
                    try? await ContinuousClock().sleep(for: interval)
                }
            }
            for await _ in knocks { await round() }
            group.cancelAll()
        }
    }
}
