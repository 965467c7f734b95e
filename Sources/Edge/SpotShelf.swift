package import ChannelKit
internal import Crypto
package import FoundationEssentials
internal import Synchronization

/// The portal pages: what no disk has taken yet from where it was made, the others as they lie on disk, kept in memory
/// until their bundle is swapped.
///
/// A bundle folder never changes once `current` points to it, so its name is its version: one `readlink` a request
/// tells whether what is in memory is still right.
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

    private struct Bundle {
        var version: String
        var pages: [String: Page]
    }

    private let directory: URL
    private let pages: PageShelf
    private let bundles = Mutex<[String: Bundle]>([:])

    package init(directory: URL, pages: PageShelf) {
        self.directory = directory
        self.pages = pages
    }

    /// Nil when the spot has no such page. Only plain names are looked up.
    package func page(_ spot: String, _ name: String) async -> Page? {
        guard Self.isPlain(spot), Self.isPlain(name), !name.hasSuffix(".gz"), name != "state.json" else { return nil }
        if let fresh = pages[spot] {
            // By its revision in memory and by its folder's name on disk: neither is ever taken for the other. A closure, no place.
            return kept(spot, version: "memory \(fresh.revision)", name) {
                // Names that are there or not.
                fresh.files[name].map { Page(name: name, bytes: $0, gzip: fresh.files[name + ".gz"]) }
            }
        }
        let folder = directory.appending(path: spot)
        guard let version = try? FileManager.default.destinationOfSymbolicLink(
            atPath: folder.appending(path: "current").path), Self.isPlain(version)
        else { return nil }
        return kept(spot, version: version, name) { Self.read(folder.appending(path: version), name) }
    }

    private func kept(_ spot: String, version: String, _ name: String, _ make: () -> Page?) -> Page? {
        let known: Page? = bundles.withLock { bundles in
            guard let bundle = bundles[spot], bundle.version == version else {
                bundles[spot] = Bundle(version: version, pages: [:])
                return nil
            }
            return bundle.pages[name]
        }
        if let known { return known }
        guard let page = make() else { return nil }
        bundles.withLock { bundles in
            if bundles[spot]?.version == version { bundles[spot]?.pages[name] = page }
        }
        return page
    }

    package static func isPlain(_ name: String) -> Bool {
        !name.isEmpty && name.utf8.count <= 100 && !name.hasPrefix(".")
            && name.utf8.allSatisfy { (48...57).contains($0) || (65...90).contains($0) || (97...122).contains($0)
                || $0 == 0x2D || $0 == 0x2E || $0 == 0x5F }
    }

    private static func read(_ folder: URL, _ name: String) -> Page? {
        guard let data = try? Data(contentsOf: folder.appending(path: name)) else { return nil }
        let packed = (try? Data(contentsOf: folder.appending(path: name + ".gz"))).map { [UInt8]($0) }
        return Page(name: name, bytes: [UInt8](data), gzip: packed)
    }
}
