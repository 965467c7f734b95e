internal import Glibc
internal import Synchronization

/// What inotify tells of the folder, gathered until the source has time for it.
final class FolderNews: Sendable {
    private struct State {
        /// Names whose writer has closed them, in that order, each once.
        var closed: [String] = []
        var looksThrough = true
        var thread: ReadingThread?
    }
    private let state = Mutex(State())
    let bell = Bell()
    /// Names gathered. Beyond it the folder is looked through instead.
    private static let bound = 10_000

    var isWatching: Bool { state.withLock { $0.thread != nil } }

    func take() -> (closed: [String], looksThrough: Bool) {
        state.withLock { state in
            defer {
                state.closed = []
                state.looksThrough = false
            }
            return (state.closed, state.looksThrough)
        }
    }

    func lookThrough() { state.withLock { $0.looksThrough = true } }

    /// Begins to listen; where that fails, there is no thread and the source looks every second.
    func watch(_ path: String) {
        let inotify = inotify_init1(Int32(IN_NONBLOCK) | Int32(IN_CLOEXEC))
        guard inotify >= 0 else { return }
        let mask = UInt32(IN_CLOSE_WRITE) | UInt32(IN_MOVED_TO) | UInt32(IN_DELETE_SELF) | UInt32(IN_MOVE_SELF)
            | UInt32(IN_ONLYDIR)
        guard inotify_add_watch(inotify, path, mask) >= 0 else {
            close(inotify)
            return
        }
        state.withLock { state in
            // Under the lock, so that an early end finds the thread it is to remove.
            state.thread = ReadingThread.start(
                descriptor: inotify, onOctets: { [self] in hear($0) }, onEnd: { [self] _ in ended() })
            state.looksThrough = true
        }
    }

    func stopWatching() { state.withLock { $0.thread }?.stop() }

    private func ended() {
        state.withLock { state in
            state.thread = nil
            state.looksThrough = true
        }
        bell.ring()
    }

    /// Whole events: inotify(7) never splits one.
    private func hear(_ octets: [UInt8]) {
        var isLost = false
        state.withLock { state in
            for event in Self.events(octets) {
                switch event {
                case .closed(let name):
                    guard !state.closed.contains(name) else { continue }
                    state.closed.append(name)
                case .overflow: state.looksThrough = true
                case .lost: isLost = true
                }
            }
            if state.closed.count > Self.bound {
                state.closed = []
                state.looksThrough = true
            }
        }
        if isLost { stopWatching() }
        bell.ring()
    }

    enum Event: Equatable {
        case closed(String)
        case overflow
        /// The folder itself is gone or elsewhere.
        case lost
    }

    /// `struct inotify_event`: watch, mask, cookie, length of the name, each of 4 octets; then the name, zero-padded.
    static func events(_ octets: [UInt8]) -> [Event] {
        var events: [Event] = []
        var place = 0
        octets.withUnsafeBytes { raw in
            while place + 16 <= raw.count {
                let mask = raw.loadUnaligned(fromByteOffset: place + 4, as: UInt32.self)
                let length = Int(raw.loadUnaligned(fromByteOffset: place + 12, as: UInt32.self))
                guard place + 16 + length <= raw.count else { return }
                let name = String(decoding: raw[(place + 16)..<(place + 16 + length)].prefix { $0 != 0 }, as: UTF8.self)
                place += 16 + length
                if mask & UInt32(IN_Q_OVERFLOW) != 0 {
                    events.append(.overflow)
                } else if mask & (UInt32(IN_DELETE_SELF) | UInt32(IN_MOVE_SELF) | UInt32(IN_IGNORED)) != 0 {
                    events.append(.lost)
                } else if mask & UInt32(IN_ISDIR) == 0, !FolderShelf.isLeftAlone(name) {
                    events.append(.closed(name))
                }
            }
        }
        return events
    }
}
