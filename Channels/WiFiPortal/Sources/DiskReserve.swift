#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif
import ChannelKit
import FoundationEssentials
import Synchronization

/// Room on the disk that belongs to the pages: a file that is given up when nothing else is left.
///
///     kept ──(no space)──▶ released, the page is written in its place ──(a page written with room)──▶ kept again
///
/// Somebody's log fills the disk, and an evacuation order must still get onto the spot's page.
final class DiskReserve: Sendable {
    /// What a spot shows in a night of many alerts, twice: the old one leaves when the new one is there.
    private static var perSpot: Int { ScreenLanguages.inUse.all.count * (16 << 10) }
    private static let most = 16 << 20

    private struct State {
        var size = 0
        var held = 0
    }
    private let path: String
    private let state = Mutex(State())

    init(path: String) { self.path = path }

    func wanted(for spots: Int) { state.withLock { $0.size = min(Self.most, spots * Self.perSpot) } }

    /// Takes the room, or more of it. Where there is none this is no error: then there is no reserve.
    func keep() {
        state.withLock { state in
            guard state.held < state.size else { return }
            let file = open(path, O_WRONLY | O_CREAT, 0o600)
            guard file >= 0 else { return }
            defer { close(file) }
            // Really taken, not a hole: an empty promise would be of no use on the day.
            if posix_fallocate(file, 0, off_t(state.size)) == 0 { state.held = state.size } else if state.held == 0 { _ = unlink(path) }
        }
    }

    /// Whether there was any to give.
    func release() -> Bool {
        state.withLock { state in
            guard unlink(path) == 0 else { return false }
            state.held = 0
            return true
        }
    }
}
