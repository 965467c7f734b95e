/// Wrong passwords, counted where they come from: by the name they were for and the place they came from. Somebody far
/// away locks nobody out at the desk. A try counts from its first moment, so that many at once are not one.
internal import Foundation

struct WrongTries: Sendable {
    private struct Entry {
        var count: Int
        var last: Date
    }
    private var entries: [String: Entry] = [:]

    /// Free tries, and how long a count lasts.
    static let free = 5
    static let freeFromOneAddress = 50
    static let memory: TimeInterval = 3600
    /// Names and addresses remembered; the oldest go first.
    static let bound = 10_000

    /// How long this one waits; nil: it may try.
    func wait(_ name: String, _ address: String, now: Date) -> TimeInterval? {
        let place = Network.place(address)
        return [(Self.pair(name, place), Self.free), (place, Self.freeFromOneAddress)].compactMap { key, free in
            guard let entry = entries[key], entry.count >= free else { return nil }
            let pause = min(900, 30 * pow(2, Double(min(entry.count - free, 10))))
            let left = pause - now.timeIntervalSince(entry.last)
            return left > 0 && left <= pause ? left : nil
        }.max()
    }

    /// A try begins: it is wrong until it is `right` or `taken` back.
    mutating func begins(_ name: String, _ address: String, now: Date) {
        let place = Network.place(address)
        for key in [Self.pair(name, place), place] {
            let before = entries[key].flatMap { now.timeIntervalSince($0.last) < Self.memory ? $0.count : nil } ?? 0
            entries[key] = Entry(count: before + 1, last: now)
        }
        guard entries.count > Self.bound else { return }
        // A tenth of our own bound.
        for key in entries.sorted(by: { $0.value.last < $1.value.last }).prefix(Self.bound / 10).map(\.key) { entries[key] = nil }
    }

    mutating func right(_ name: String, _ address: String) {
        takeBack(name, address)
        entries[Self.pair(name, Network.place(address))] = nil
    }

    /// It was no wrong try: nobody could look, or only the digits were missing.
    mutating func takeBack(_ name: String, _ address: String) {
        let place = Network.place(address)
        for key in [Self.pair(name, place), place] {
            guard let entry = entries[key] else { continue }
            entries[key] = entry.count > 1 ? Entry(count: entry.count - 1, last: entry.last) : nil
        }
    }

    private static func pair(_ name: String, _ place: String) -> String { "\(place)\n\(name)" }

    static func place(_ address: String) -> String { Network.place(address) }
}
