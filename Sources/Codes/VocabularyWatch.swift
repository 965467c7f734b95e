/// Looks at the vocabularies' files again and again, and at once when somebody asks.
package struct VocabularyWatch: Sendable {
    /// A name that changes today is in force within this; a look costs a few `stat` calls.
    package static let interval: Duration = .seconds(10)

    private let look: @Sendable () async -> Void

    /// - Parameter look: Takes what is new; called one at a time.
    package init(look: @escaping @Sendable () async -> Void) { self.look = look }

    /// Until cancelled.
    ///
    /// - Parameter calls: Each element is a look out of turn (SIGHUP).
    package func run(
        clock: some Clock<Duration> = ContinuousClock(), calls: some AsyncSequence<some Sendable, Never> & Sendable
    ) async {
        let (looks, wish) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                while !Task.isCancelled {
                    // Cancelled: the loop ends.
                    try? await clock.sleep(for: Self.interval)
                    wish.yield()
                }
            }
            group.addTask { for await _ in calls { wish.yield() } }
            group.addTask { for await _ in looks { await look() } }
            await withTaskCancellationHandler { await group.waitForAll() } onCancel: { wish.finish() }
        }
    }
}
