package import ChannelKit
internal import Crypto
internal import Seals
package import Streams
internal import Foundation
internal import Gzip
package import Logging
internal import Synchronization

/// The portal pages of the site's spots, as the hub has them, kept on disk and swapped in whole.
///
/// A bundle's manifest names every file with its checksum; what is not all there, or was swapped at the hub in
/// between, is not taken, and the old one stays.
package final class SpotMirror: Sendable {
    private struct Manifest: Decodable {
        struct File: Decodable {
            var sha256: String
            var bytes: Int
        }
        var spot: String?
        var files: [String: File]
    }

    private struct Bundle: Codable, Sendable {
        /// The manifest's ETag at the hub.
        var tag: String
        var files: [String: String]
        /// Of the town's seal on it: an older one does not take its place.
        var number: UInt64?
    }

    private struct Shown {
        var bundle: Bundle
        var pages: [String: SpotShelf.Page] = [:]
        /// Pages that say since when the line is cut.
        var cut: [String: SpotShelf.Page] = [:]
        var cutSince: Date?
        /// When one of these changes by itself: something on it is over.
        var cutUntil: Date?
    }

    /// A bundle has two or three pages a language, and there may be thirty languages.
    private static let fileLimit = 100
    private static let octetLimit = 512 << 10
    /// Rounds of one second after an alert, in which its page is expected.
    private static let eager = 5
    private static let patient = 10

    package let spots: [String]
    private let hub: HubLine
    private let watch: LineWatch
    private let trust: TownTrust?
    private let notebook: any Notebook
    private let logger: Logger
    private let shown: Mutex<[String: Shown]>
    private let soon = Mutex(SpotMirror.eager)
    private let rounds = Rounds()
    /// Since when what is brought for a spot is not proven to be the town's: nothing newer is known, as if the line were cut.
    private let doubts = Mutex<[String: Date]>([:])

    package init(spots: [String], hub: HubLine, watch: LineWatch, trust: TownTrust? = nil, notebook: any Notebook, logger: Logger) {
        (self.spots, self.hub, self.watch) = (spots, hub, watch)
        (self.trust, self.notebook, self.logger) = (trust, notebook, logger)
        var known: [String: Shown] = [:]
        for spot in spots {
            guard let octets = notebook.read("spot/\(spot)"),
                let bundle = try? JSONDecoder().decode(Bundle.self, from: Data(octets))
            else { continue }
            known[spot] = Shown(bundle: bundle)
        }
        shown = Mutex(known)
    }

    /// An alert came, or the line is back: pages follow within seconds.
    package func hurry() { soon.withLock { $0 = Self.eager } }

    package func run() async {
        var round = 0
        await rounds.run(every: .seconds(1)) {
            round += 1
            let isEager = soon.withLock { left in
                left = max(0, left - 1)
                return left > 0
            }
            guard isEager || round % Self.patient == 0 else { return }
            for spot in spots { await refresh(spot) }
        }
    }

    func refresh(_ spot: String) async {
        let known = shown.withLock { $0[spot]?.bundle }
        do {
            let answer = try await hub.call(
                "GET", "/spots/\(spot)/manifest.json", headers: known.map { [("If-None-Match", $0.tag)] } ?? [])
            if answer.status == 304 { doubts.withLock { $0[spot] = nil } }
            guard answer.status == 200, let tag = answer.header("ETag") else { return }
            let manifest = try JSONDecoder().decode(Manifest.self, from: Data(answer.body))
            let number = try proven(answer.body, manifest, spot, known)
            guard var bundle = try await fetch(manifest, answer.text, tag, of: spot, known) else { return }
            bundle.number = number
            notebook.write("spot/\(spot)", [UInt8](try JSONEncoder().encode(bundle)))
            shown.withLock { $0[spot] = Shown(bundle: bundle) }
            doubts.withLock { $0[spot] = nil }
        } catch TransportFailure.cancelled {
            return
        } catch {
            logger.info("spot not mirrored", metadata: ["spot": "\(spot)", "reason": "\(error)"])
        }
    }

    private struct Unproven: Error {}

    /// The number of its seal; nil where nothing can be checked. What is not proven is not taken, and the page says that nothing newer is known.
    private func proven(_ octets: [UInt8], _ manifest: Manifest, _ spot: String, _ known: Bundle?) throws(Unproven) -> UInt64? {
        guard let trust, !trust.isBlind else { return nil }
        if let seal = trust.seal(octets, as: "pages"), manifest.spot == spot, seal.number >= known?.number ?? 0 { return seal.number }
        let isNews = doubts.withLock { doubts in
            defer { doubts[spot] = doubts[spot] ?? watch.hubTime() }
            return doubts[spot] == nil
        }
        if isNews { logger.error("spot's pages are not signed by the town", metadata: ["spot": "\(spot)"]) }
        throw Unproven()
    }

    /// Some spot's pages came from somebody else than the town.
    package var isDoubting: Bool { doubts.withLock { !$0.isEmpty } }

    /// Nil when not all of it is there.
    private func fetch(
        _ manifest: Manifest, _ text: String, _ tag: String, of spot: String, _ known: Bundle?
    ) async throws -> Bundle? {
        let wanted = manifest.files.filter { !$0.key.hasSuffix(".gz") }
        guard wanted.count <= Self.fileLimit else { return nil }
        var files = ["manifest.json": text]
        for (name, file) in wanted {
            guard SpotShelf.isPlain(name), file.bytes <= Self.octetLimit else { return nil }
            if let old = known?.files[name], Self.digest(old) == file.sha256 {
                files[name] = old
                continue
            }
            let answer = try await hub.call("GET", "/spots/\(spot)/\(name)", answerLimit: Self.octetLimit)
            guard answer.status == 200, Self.digest(answer.text) == file.sha256 else { return nil }
            files[name] = answer.text
        }
        return Bundle(tag: tag, files: files)
    }

    private static func digest(_ text: String) -> String {
        SHA256.hash(data: Data(text.utf8)).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }

    // MARK: serving

    /// As the hub serves it, and with the word that the line is cut while it is.
    package func page(_ spot: String, _ name: String) -> SpotShelf.Page? {
        let cut = watch.status.cutSince ?? doubts.withLock { $0[spot] }
        let now = watch.hubTime()
        return shown.withLock { all in
            guard let since = cut, name.hasPrefix("index.") else { return Self.plain(name, &all[spot]) }
            return Self.cut(name, since, now, &all[spot])
        }
    }

    private static func plain(_ name: String, _ shown: inout Shown?) -> SpotShelf.Page? {
        if let page = shown?.pages[name] { return page }
        guard let text = shown?.bundle.files[name] else { return nil }
        let page = make(name, text)
        shown?.pages[name] = page
        return page
    }

    private static func cut(_ name: String, _ since: Date, _ now: Date, _ shown: inout Shown?) -> SpotShelf.Page? {
        if shown?.cutSince != since || shown?.cutUntil.map({ $0 <= now }) ?? false {
            shown?.cut = [:]
            shown?.cutUntil = nil
        }
        shown?.cutSince = since
        if let page = shown?.cut[name] { return page }
        let stale = "stale." + name.dropFirst("index.".count)
        guard let text = shown?.bundle.files[stale] ?? shown?.bundle.files[name] else { return nil }
        let language = String(name.dropFirst("index.".count).dropLast(".html".count))
        let aged = PageAging(language: language, now: now).age(text)
        let known = shown?.cutUntil
        shown?.cutUntil = [known, aged.next].compactMap(\.self).min()
        let page = make(name, CutNotice.insert(CutNotice.pageText(language, since: since, now: Date()), into: aged.page))
        shown?.cut[name] = page
        return page
    }

    private static func make(_ name: String, _ text: String) -> SpotShelf.Page {
        let octets = Array(text.utf8)
        return SpotShelf.Page(name: name, bytes: octets, gzip: Gzip.compress(octets))
    }
}
