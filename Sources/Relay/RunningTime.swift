/// A moment of the hub's time, written down so that a later run of this program on the same running machine can count on from it: no
/// clock that people set is asked, and nothing is known across a power cut.
// `timespec` belongs to whichever of this and Glibc is loaded first (ARCHITECTURE.md).
internal import CoreFoundation
internal import Foundation
internal import Glibc

struct RunningTime: Codable, Sendable, Hashable {
    /// The hub's time then.
    var hub: Date
    /// Which start of the machine it was (Linux: a new one each boot), and the seconds since.
    var boot: String
    var seconds: Double

    init(hub: Date, boot: String = Self.boot, seconds: Double = Self.seconds) { (self.hub, self.boot, self.seconds) = (hub, boot, seconds) }

    /// The hub's time now; nil where the machine was started anew since: nobody knows how long it was off.
    func now(boot: String = Self.boot, seconds: Double = Self.seconds) -> Date? {
        guard !boot.isEmpty, boot == self.boot, seconds >= self.seconds else { return nil }
        return hub.addingTimeInterval(seconds - self.seconds)
    }

    /// proc(5), random/boot_id.
    static let boot = (try? String(contentsOfFile: "/proc/sys/kernel/random/boot_id", encoding: .utf8))?.trimmingCharacters(in: .whitespacesAndNewlines) ?? ""

    /// CLOCK_BOOTTIME goes on while the machine sleeps.
    static var seconds: Double {
        var time = timespec()
        clock_gettime(CLOCK_BOOTTIME, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }
}
