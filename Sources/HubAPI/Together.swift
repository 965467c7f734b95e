internal import Synchronization

/// Many ask the same: it is made once for all who came before it was begun.
///
///     asks ──▶ nobody at it? makes it ──▶ answers itself
///          └─ else waits for the next one, which is made when this one is done, for all who came meanwhile
///
/// Nobody is given what was begun before he asked, so nothing here is ever stale; and however many ask, one is made at a time.
package final class Together<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    private enum Word: Sendable {
        case here(Result<Value, any Error>)
        /// Make it, for yourself and for these.
        case lead([CheckedContinuation<Word, Never>])
    }

    /// Who waits for the next one; an entry stands here while one is made.
    private let waiting = Mutex<[Key: [CheckedContinuation<Word, Never>]]>([:])

    package init() {}

    func waitingFor(_ key: Key) -> Int { waiting.withLock { $0[key]?.count ?? 0 } }

    package func value(_ key: Key, _ make: () async throws -> Value) async throws -> Value {
        while true {
            switch await turn(key) {
            case .here(.success(let value)): return value
            // Whoever made it was cut off: we make it ourselves, or wait for who does.
            case .here(.failure(let error)) where error is CancellationError: try Task.checkCancellation()
            case .here(.failure(let error)): throw error
            case .lead(let others): return try await lead(key, others, make)
            }
        }
    }

    private func turn(_ key: Key) async -> Word {
        let isFirst = waiting.withLock { waiting in
            guard waiting[key] == nil else { return false }
            waiting[key] = []
            return true
        }
        if isFirst { return .lead([]) }
        return await withCheckedContinuation { continuation in
            let isFree = waiting.withLock { waiting in
                guard waiting[key] == nil else { waiting[key]?.append(continuation); return false }
                waiting[key] = []
                return true
            }
            if isFree { continuation.resume(returning: .lead([])) }
        }
    }

    private func lead(_ key: Key, _ others: [CheckedContinuation<Word, Never>], _ make: () async throws -> Value) async throws -> Value {
        let result: Result<Value, any Error>
        do { result = .success(try await make()) } catch { result = .failure(error) }
        let next = waiting.withLock { waiting in
            let next = waiting[key] ?? []
            waiting[key] = next.isEmpty ? nil : []
            return next
        }
        for other in others { other.resume(returning: .here(result)) }
        next.first?.resume(returning: .lead(Array(next.dropFirst())))
        return try result.get()
    }
}
