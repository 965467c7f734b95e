internal import FoundationEssentials

/// Wrong codes of invitations in the last minute, by who tried them: an address, and the town whose invitation it was where the
/// code was one of a town, but for another site or another kind of device. Who guesses in one place is told to wait; nobody
/// else is.
///
/// A value. Bounded: a right code never asks it, so what is forgotten here only spares somebody a wait.
struct WrongCodes: Sendable {
    /// Wrong codes a minute that are answered as such.
    static let perMinute = 30
    /// Addresses and towns that are remembered.
    static let bound = 2_000

    private var tries: [String: [Date]] = [:]

    /// Counts one; true where there were many from there.
    mutating func count(from source: String, of town: String?, at now: Date) -> Bool {
        let since = now.addingTimeInterval(-60)
        let key = town.map { "\(source) \($0)" } ?? source
        var own = (tries[key] ?? []).filter { $0 >= since }
        let isOften = own.count >= Self.perMinute
        if !isOften { own.append(now) }
        tries[key] = own
        if tries.count > Self.bound { makeRoom(since) }
        return isOften
    }

    func total(at now: Date) -> Int {
        let since = now.addingTimeInterval(-60)
        return tries.values.reduce(0) { $0 + $1.count { $0 >= since } }
    }

    private mutating func makeRoom(_ since: Date) {
        tries = tries.filter { ($0.value.last ?? .distantPast) >= since }
        if tries.count > Self.bound { tries = [:] }
    }
}
