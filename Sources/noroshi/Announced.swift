/// One value that somebody waits for, or the word that it will never come.
actor Announced<Value: Sendable> {
    private var value: Value?
    private var isClosed = false
    private var waiting: [CheckedContinuation<Value?, Never>] = []

    func say(_ new: Value) {
        guard value == nil, !isClosed else { return }
        value = new
        tellAll()
    }

    /// Nothing is said any more. True when something had been.
    @discardableResult
    func close() -> Bool {
        isClosed = true
        tellAll()
        return value != nil
    }

    private func tellAll() {
        for waiter in waiting { waiter.resume(returning: value) }
        waiting = []
    }

    /// Nil: it will never come.
    func heard() async -> Value? {
        if value != nil || isClosed { return value }
        return await withCheckedContinuation { waiting.append($0) }
    }
}
