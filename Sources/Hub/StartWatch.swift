package import FoundationEssentials
internal import Ledger
internal import Synchronization

/// From the first breath to the first answer: what the hub has still to read before it may take anything.
///
///     process ──▶ the door is open: 503, so many towns of so many ──▶ everything is read ──▶ open
///
/// The door opens first, so that whoever asks hears that the hub is coming, and pages that lie on disk are shown.
package final class StartWatch: Sendable {
    package struct Progress: Sendable, Hashable {
        /// Towns whose record is read, of all; each is read three times.
        package var done = 0
        package var total = 0

        package init(done: Int = 0, total: Int = 0) {
            self.done = done
            self.total = total
        }
    }

    private struct State {
        var isOpen: Bool
        var progress = Progress()
    }

    /// When this run began: what is held for a person is judged by this and not by how long reading took.
    package let began: Date
    private let state: Mutex<State>
    private let opening = Commit()

    package init(isOpen: Bool = true, began: Date = Date()) {
        self.began = began
        state = Mutex(State(isOpen: isOpen))
        if isOpen { opening.fulfil(nil) }
    }

    package var isOpen: Bool { state.withLock(\.isOpen) }
    package var progress: Progress { state.withLock(\.progress) }

    /// For people; nil once it is open.
    package var words: String? {
        state.withLock { state in
            guard !state.isOpen else { return nil }
            let progress = state.progress
            return "起動中です。記録を読んでいます（\(progress.done) / \(progress.total)） (starting: \(progress.done) of \(progress.total) parts of the record are read)"
        }
    }

    func begins(_ total: Int) { state.withLock { $0.progress = Progress(done: 0, total: total) } }
    func step() { state.withLock { $0.progress.done += 1 } }

    package func open() {
        state.withLock { $0.isOpen = true }
        opening.fulfil(nil)
    }

    /// Returns once the hub takes what comes; throws when the task is cancelled before.
    package func opened() async throws { try await opening.committed() }
}
