/// Whether a copy that is held is still what came: disks forget, and nobody opens it here. What opens it is in other hands.
internal import AlertModel
internal import Bundles
internal import Crypto
internal import Foundation

extension HeldCopies {
    private static let piece = 4 << 20

    /// Octets that are read in one go, and a little: segments are small and many.
    private static let breath = 64 << 20

    /// Reads those that were not looked at for longest, where that is a week ago.
    package func prove() async {
        let now = clock()
        let due = await read().values.joined().filter { $0.seen.proved.map { now.timeIntervalSince($0) >= Self.proofLasts } ?? false }
        var octets = 0
        for one in due.sorted(by: { ($0.seen.proved ?? now) < ($1.seen.proved ?? now) }) where octets < Self.breath {
            octets += one.slip.body.octets
            await prove(one, now)
        }
    }

    private func prove(_ one: Held, _ now: Date) async {
        guard let isSame = await isWhole(one) else { return }
        var seen = one.seen
        seen.proved = isSame ? now : nil
        let octets = (try? JSONEncoder().encode(seen)) ?? Data()
        await thread.run { [self] in
            // Gone meanwhile: then there is nothing to say of it.
            guard FileManager.default.fileExists(atPath: one.file.path) else { return }
            try? Taking.put(octets, at: Self.seenFile(one.file))
            look()
        }
    }

    /// Piece by piece, so that a copy that comes meanwhile waits for no more than one. Nil: it is not there any more.
    private func isWhole(_ one: Held) async -> Bool? {
        guard let file = try? FileHandle(forReadingFrom: one.file) else { return nil }
        defer { try? file.close() }
        var (hash, count) = (SHA256(), 0)
        while !Task.isCancelled {
            let octets = await thread.run { (try? file.read(upToCount: Self.piece)) ?? Data() }
            guard !octets.isEmpty else {
                return count == one.slip.body.octets && hash.finalize().map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined() == one.slip.body.sha256
            }
            hash.update(data: octets)
            count += octets.count
        }
        return nil
    }
}
