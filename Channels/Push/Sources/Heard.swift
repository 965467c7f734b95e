import ChannelKit
import Synchronization

/// Which devices have taken a hint that others of their place have not: the next attempt asks the others alone. After a restart a device
/// may be told twice; its push service puts the one in the other's place.
final class Heard: Sendable {
    /// Attempts that were not whole; the oldest goes, and its devices may be told twice.
    static let bound = 512
    private let known = Mutex<(of: [DeliveryID: Set<String>], order: [DeliveryID])>(([:], []))

    func has(_ device: String, of id: DeliveryID) -> Bool { known.withLock { $0.of[id]?.contains(device) ?? false } }

    func note(_ device: String, of id: DeliveryID) {
        known.withLock { known in
            if known.of[id] == nil {
                known.order.append(id)
                if known.order.count > Self.bound { known.of[known.order.removeFirst()] = nil }
            }
            known.of[id, default: []].insert(device)
        }
    }

    func forget(_ id: DeliveryID) {
        known.withLock { known in
            guard known.of.removeValue(forKey: id) != nil else { return }
            known.order.removeAll { $0 == id }
        }
    }
}

/// Push services that asked for a pause: nobody calls them before it is over.
final class Pauses: Sendable {
    /// Services are a handful.
    static let bound = 64
    private let until = Mutex<[String: ContinuousClock.Instant]>([:])

    func left(at origin: String, now: ContinuousClock.Instant) -> Duration? {
        until.withLock { until in
            guard let end = until[origin] else { return nil }
            guard end > now else {
                until[origin] = nil
                return nil
            }
            return end - now
        }
    }

    func wait(_ pause: Duration, at origin: String, now: ContinuousClock.Instant) {
        until.withLock { until in
            if until.count >= Self.bound, until[origin] == nil { until = until.filter { $0.value > now } }
            until[origin] = max(until[origin] ?? now, now + pause)
        }
    }
}
