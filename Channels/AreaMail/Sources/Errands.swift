import ChannelKit
import Synchronization

/// Removals on their way, each with a place of its own: osmo-cbc takes 10 s for one, or never answers, and nobody waits
/// behind that. A second removal of the same message meanwhile would be refused over there; it joins the first.
///
/// While `run` runs, errands live in its tasks and go on when whoever asked has gone; without it they live in the
/// asker's.
final class Errands: Sendable {
    typealias Work = @Sendable () async -> Removal

    private struct State {
        var isServed = false
        var waiting: [String: [Int: CheckedContinuation<Removal, Never>]] = [:]
        var next = 0
    }
    private let state = Mutex(State())
    private let queue: AsyncStream<(String, Work)>
    private let feed: AsyncStream<(String, Work)>.Continuation

    /// As many as there are identifiers at all far ends: each has one errand at most.
    init() { (queue, feed) = AsyncStream.makeStream() }

    /// From now on errands wait for `run`, which must follow.
    func open() { state.withLock { $0.isServed = true } }

    func run() async {
        await withDiscardingTaskGroup { group in
            for await (name, work) in queue {
                group.addTask { self.finish(name, await work()) }
            }
        }
        let left = state.withLock { state in
            state.isServed = false
            defer { state.waiting = [:] }
            return state.waiting.values.flatMap(\.values)
        }
        for waiter in left { waiter.resume(returning: .failed(.cancelled)) }
    }

    func isUnderWay(_ name: String) -> Bool { state.withLock { $0.waiting[name] != nil } }

    /// Does it, or waits for the one that is under way. Ends with the task, the errand does not.
    func run(_ name: String, _ work: @escaping Work) async -> Removal {
        switch begin(name) {
        case .alone: await alone(name, work)
        case .served: await wait(for: name) { self.feed.yield((name, work)) }
        case .joins: await wait(for: name) {}
        }
    }

    /// Does it without being waited for, where somebody is there to do it.
    func start(_ name: String, _ work: @escaping Work) async {
        switch begin(name) {
        case .alone: _ = await alone(name, work)
        case .served: feed.yield((name, work))
        case .joins: break
        }
    }

    private enum Beginning { case alone, served, joins }

    private func begin(_ name: String) -> Beginning {
        state.withLock { state in
            if state.waiting[name] != nil { return .joins }
            state.waiting[name] = [:]
            return state.isServed ? .served : .alone
        }
    }

    private func alone(_ name: String, _ work: Work) async -> Removal {
        let removal = await work()
        finish(name, removal)
        return removal
    }

    private func finish(_ name: String, _ removal: Removal) {
        let waiters = state.withLock { $0.waiting.removeValue(forKey: name) ?? [:] }
        for waiter in waiters.values { waiter.resume(returning: removal) }
    }

    private func wait(for name: String, _ begin: () -> Void) async -> Removal {
        let number = state.withLock { state in
            state.next += 1
            return state.next
        }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { waiter in
                let isOpen = state.withLock { state in
                    // Looked at under the lock: a cancellation after this finds the waiter in the list.
                    guard !Task.isCancelled, state.waiting[name] != nil else { return false }
                    state.waiting[name]?[number] = waiter
                    return true
                }
                begin()
                if !isOpen { waiter.resume(returning: .failed(.cancelled)) }
            }
        } onCancel: {
            let waiter = state.withLock { $0.waiting[name]?.removeValue(forKey: number) }
            waiter?.resume(returning: .failed(.cancelled))
        }
    }
}
