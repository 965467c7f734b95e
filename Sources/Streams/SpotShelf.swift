package import ChannelKit
internal import Crypto
internal import Synchronization

/// The portal pages as they are served: with their tags, made once for each revision of a spot.
package final class SpotShelf: Sendable {
    package struct Page: Sendable {
        package let contentType: String
        package let bytes: [UInt8]
        package let gzip: [UInt8]?
        package let tag: String
        package let gzipTag: String

        package init(name: String, bytes: [UInt8], gzip: [UInt8]?) {
            contentType = name.hasSuffix(".json") ? "application/json" : "text/html; charset=utf-8"
            self.bytes = bytes
            self.gzip = gzip
            let digest = SHA256.hash(data: bytes).prefix(12).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
            tag = "\"\(digest)\""
            gzipTag = "\"\(digest)-gz\""
        }
    }

    private struct Known {
        var revision: Int
        var pages: [String: Page]
    }

    private let pages: PageShelf
    private let known = Mutex<[String: Known]>([:])
    private let seal: @Sendable (String, [UInt8]) -> [UInt8]

    /// - Parameter seal: puts a town's seal on a spot's manifest, once for each of its revisions.
    package init(pages: PageShelf, seal: @escaping @Sendable (_ spot: String, _ manifest: [UInt8]) -> [UInt8] = { $1 }) {
        (self.pages, self.seal) = (pages, seal)
    }

    /// Nil when the spot has no such page. Only plain names are looked up.
    package func page(_ spot: String, _ name: String) async -> Page? {
        guard Self.isPlain(spot), Self.isPlain(name), !name.hasSuffix(".gz"), let bundle = await pages.bundle(spot) else { return nil }
        // Of an older revision nothing is kept, and nothing of it is given.
        let page = known.withLock { known -> Page? in
            guard let spot = known[spot], spot.revision == bundle.revision else { return nil }
            return spot.pages[name]
        }
        if let page { return page }
        guard let bytes = await bundle.octets(of: name) else { return nil }
        let made = Page(name: name, bytes: name == "manifest.json" ? seal(spot, bytes) : bytes, gzip: await bundle.octets(of: name + ".gz"))
        known.withLock { known in
            if let newest = known[spot]?.revision, newest > bundle.revision { return }
            if known[spot]?.revision != bundle.revision { known[spot] = Known(revision: bundle.revision, pages: [:]) }
            known[spot]?.pages[name] = made
        }
        return made
    }

    package static func isPlain(_ name: String) -> Bool {
        !name.isEmpty && name.utf8.count <= 100 && !name.hasPrefix(".")
            && name.utf8.allSatisfy { (48...57).contains($0) || (65...90).contains($0) || (97...122).contains($0)
                || $0 == 0x2D || $0 == 0x2E || $0 == 0x5F }
    }
}
