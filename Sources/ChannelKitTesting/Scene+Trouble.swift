internal import AlertModel
internal import ChannelKit

/// Far ends that are not what they should be.
extension Scene {
    func stopsWhenCancelled() async throws {
        try await farEnd.setBehaviour(.silent)
        let attempt = begin(message())
        guard await arrival(of: attempt) else { return found("the attempt never reached the far end") }
        attempt.cancel()
        switch await attempt.outcome(within: suite.grace) {
        case .failure(.cancelled): break
        case nil: found("it had not stopped \(suite.grace) after it was cancelled")
        case .success: found("it says it was delivered")
        case .failure(let failure): found("it says \(failure) and not cancelled")
        }
    }

    func givenUp(by behaviour: FarEndBehaviour) async throws {
        try await farEnd.setBehaviour(behaviour)
        expectUnavailable(await deliver(message(), deadline: suite.shortDeadline))
    }

    func retryAfterSilence() async throws {
        let wanted = try await messagesOfOneDelivery()
        try await farEnd.setBehaviour(.silent)
        let first = await deliver(message(), deadline: suite.shortDeadline)
        if case .success = first { return found("it was delivered to a silent far end") }
        try await farEnd.setBehaviour(.well)
        guard await say(message(), attempt: 2) else { return }
        let held = await standing().count
        expect(held == wanted, "\(held) messages over there; without the lost answer it is \(wanted)")
    }

    /// The far end took it, nobody heard its yes, and then the mistake is noticed.
    func cancelUncertain() async throws {
        guard A.manifest.afterSending != .cannotBeChanged else {
            skip = "all this channel can do is to send one message more"
            return
        }
        try await farEnd.setBehaviour(.silent)
        let attempt = begin(message())
        guard await arrival(of: attempt) else { return found("the attempt never reached the far end") }
        attempt.cancel()
        if case .success = await attempt.outcome(within: suite.patience) {
            return found("it was delivered to a silent far end")
        }
        try await farEnd.setBehaviour(.well)
        await say(message(.cancel, revision: 2, words: "取り消します"))
        expect((await standing(with: "高台へ")).isEmpty, "the words still stand that were cancelled")
    }

    func lying() async throws {
        try await farEnd.setBehaviour(.lying)
        expectUnavailable(await deliver(message()))
    }

    func refusing() async throws {
        try await farEnd.setBehaviour(.refusing)
        switch await deliver(message()) {
        case .failure(.rejected), .failure(.misconfigured), nil: break
        case .success: found("it says it was delivered")
        case .failure(let failure): found("it says \(failure), and would be tried again for ever")
        }
    }

    func busy() async throws {
        try await farEnd.setBehaviour(.busy)
        switch await deliver(message()) {
        case .failure(.throttled(let pause)): expect(pause > .zero, "the pause is \(pause)")
        case .success: found("it says it was delivered")
        case .failure(let failure): found("it says \(failure) and not throttled")
        case nil: break
        }
    }

    func goneAndBack() async throws {
        let wanted = try await messagesOfOneDelivery()
        try await farEnd.setBehaviour(.gone)
        expectUnavailable(await deliver(message(), deadline: suite.patience))
        try await farEnd.setBehaviour(.back)
        guard await say(message(), attempt: 2) else { return }
        let held = await standing().count
        expect(held == wanted, "\(held) messages over there after it came back, and not \(wanted)")
    }

    /// A blocked thread is held for as long as the far end is silent; half of that time is enough to tell.
    func holdsNoThread() async throws {
        try await farEnd.setBehaviour(.silent)
        let executor = WatchedExecutor()
        let attempt = begin(message(), deadline: suite.patience, on: executor)
        defer { executor.retire() }
        let reached = await arrival(of: attempt)
        if await attempt.outcome(within: suite.patience / 2) == nil {
            let held = executor.longestHold
            expect(held < suite.patience * 2 / 5, "a thread was held for \(held) while the far end was silent")
        }
        attempt.cancel()
        let stopped = await attempt.outcome(within: suite.grace)
        if !reached, findings.isEmpty { found("the attempt never reached the far end") }
        // What blocks ends when the far end does; the far end is stopped after this.
        if stopped == nil, findings.isEmpty { found("it had not stopped \(suite.grace) after it was cancelled") }
    }

    func runEnds() async {
        let adapter = self.adapter
        let began = Gate(), ended = Gate()
        // Not a child: it may never return.
        let work = Task.detached {
            began.open()
            await adapter.run()
            ended.open()
        }
        await began.opened()
        work.cancel()
        let isOver = await ended.opens(within: suite.grace)
        expect(isOver, "it had not ended \(suite.grace) after it was cancelled")
    }

    private func expectUnavailable(_ outcome: Attempt.Outcome?) {
        switch outcome {
        case .failure(.unavailable), nil: break  // nil was noted where it was waited for
        case .success: found("it says it was delivered")
        case .failure(let failure): found("it says \(failure) and not unavailable")
        }
    }

    /// How many messages one delivery makes over there, tried on a far end of its own.
    private func messagesOfOneDelivery() async throws -> Int {
        let other = try await suite.makeFarEnd()
        try await other.start()
        let scene = try Scene(suite: suite, farEnd: other)
        await scene.say(message())
        let count = await scene.standing().count
        await scene.leave()
        return count
    }
}
