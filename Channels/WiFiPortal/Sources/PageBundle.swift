import AlertModel
import ChannelKit
import Crypto
import FoundationEssentials
import Gzip
import Synchronization

/// All files of a spot in one revision, each made when somebody asks for it first.
///
///     index.ja.html        the page: what is in force, cancelled, ended; shelters; time of the page
///     stale.ja.html        the same, saying 役所との通信が切れています and until when each item holds
///     shelters.ja.html     every shelter with a state; only where there is one
///     <each>.gz            the same octets, gzip
///     manifest.json        all of them with their checksums
///
/// They are made on the pages' thread: neither a crowd that asks nor an edge that wants all of them holds a thread of the warnings.
final class PageBundle: PageFiles {
    struct File: Sendable {
        var bytes: [UInt8]
        var gzip: [UInt8]?
    }

    private let state: SpotState
    private let now: Date
    private let made = Mutex<[String: File]>([:])

    init(_ state: SpotState, now: Date) {
        self.state = state
        self.now = now
    }

    var revision: Int { state.revision }

    func octets(of name: String) async -> [UInt8]? {
        let plain = name.hasSuffix(".gz") ? String(name.dropLast(3)) : name
        guard isName(plain) else { return nil }
        var found = made.withLock { $0[plain] }
        if found == nil {
            do throws(DeliveryFailure) {
                found = try await PortalThread.pages.run { () throws(DeliveryFailure) in self.file(plain) }
            } catch {
                // Too many wait for that thread already.
                found = self.file(plain)
            }
        }
        return plain == name ? found?.bytes : found?.gzip
    }

    private var languages: [Language] { ScreenLanguages.inUse.all }
    private var hasShelters: Bool { (state.shelters + state.drillShelters).contains { $0.state != nil } }

    /// Names of pages, without the manifest.
    private var names: [String] {
        languages.flatMap { ["index.\($0).html", "stale.\($0).html"] + (hasShelters ? ["shelters.\($0).html"] : []) }
    }

    private func isName(_ name: String) -> Bool { name == "manifest.json" || names.contains(name) }

    func file(_ name: String) -> File? {
        if let file = made.withLock({ $0[name] }) { return file }
        let file = name == "manifest.json" ? manifest() : page(name)
        // Names that are no page are not kept.
        if let file { made.withLock { $0[name] = file } }
        return file
    }

    private func page(_ name: String) -> File? {
        let parts = name.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 3, parts[2] == "html", let language = languages.first(where: { $0.rawValue == parts[1] }) else { return nil }
        var page = PortalPage(state: state, language: language, now: now)
        switch parts[0] {
        case "index": return Self.fitting(page) { $0.html() }
        case "stale":
            page.isCutOff = true
            return Self.fitting(page) { $0.html() }
        case "shelters" where hasShelters: return Self.fitting(page) { $0.sheltersHTML() }
        default: return nil
        }
    }

    private func manifest() -> File? {
        let files = names.flatMap { name -> [(String, [UInt8])] in
            guard let file = file(name) else { return [] }
            return [(name, file.bytes)] + (file.gzip.map { [(name + ".gz", $0)] } ?? [])
        }
        return (try? PortalManifest(files, state, now: now).json()).map { File(bytes: $0) }
    }

    /// The page and its gzip, with as much on it as fits. Texts that do not fit alone were refused before (`excess`).
    private static func fitting(_ page: PortalPage, _ html: (PortalPage) -> String) -> File {
        var file = File(bytes: [])
        let readings = page.language == .japanese ? [(PortalPage.Detail.full, true)] : []
        for (detail, isRead) in readings + PortalPage.Detail.allCases.map({ ($0, false) }) {
            var page = page
            (page.detail, page.isRead) = (detail, isRead)
            file.bytes = Array(html(page).utf8)
            let packed = Gzip.compress(file.bytes)
            file.gzip = packed
            if packed.count <= PortalPage.sizeLimit { break }
        }
        return file
    }
}

extension PortalPage {
    /// How long a page may be shown after the last word from the hub before the cut-off page takes its place: three
    /// missed renewals.
    static let validFor = Int(Spot.renewal) * 3

    /// Whether a page that shows this text alone fits; nil when it does, else its bytes compressed. Asked before every
    /// alert goes anywhere, so that what certainly fits is not built and compressed first.
    static func excess(_ text: RenderedText, _ language: Language, _ content: AlertContent) -> Int? {
        guard most(text, content) > sizeLimit else { return nil }
        let size = probe(text, language, content)
        return size > sizeLimit ? size : nil
    }

    /// Never less than the uncompressed bytes of such a page.
    static func most(_ text: RenderedText, _ content: AlertContent) -> Int {
        frame + (text.title.utf8.count + text.body.utf8.count + content.sender.utf8.count) * longestEscape
    }

    /// Octets of HTML that one octet of a text may become: a line break that ends a paragraph, `</p><p>`.
    private static let longestEscape = 7

    /// Bytes of the longest page around a text, uncompressed; compression adds some twenty at the worst.
    private static let frame: Int = {
        let now = Date(timeIntervalSince1970: 0)
        let empty = RenderedText(title: "", body: "")
        let sizes = AlertKind.allCases.flatMap { kind in
            let content = AlertContent(
                id: AlertID(""), event: EventID(""), kind: kind, message: .alert,
                revision: Revision(series: "", serial: nil, sent: now), type: "", title: "", sender: "", sent: now,
                expires: now + 60)
            return ScreenLanguages.inUse.all.map { page(empty, $0, content).html().utf8.count }
        }
        return 64 + (sizes.max() ?? 0)
    }()

    /// Bytes compressed of a page that shows this text alone.
    private static func probe(_ text: RenderedText, _ language: Language, _ content: AlertContent) -> Int {
        Gzip.compress(Array(page(text, language, content).html().utf8)).count
    }

    static func page(_ text: RenderedText, _ language: Language, _ content: AlertContent) -> PortalPage {
        var state = SpotState()
        let entry = PortalEntry<Actual>(text, language, content)
        _ = state.take(entry, now: content.sent)
        return PortalPage(state: state, language: language, now: content.sent, detail: .firstOnly, isRead: false)
    }
}

extension PortalEntry {
    /// For trying out a text that is not on its way yet.
    fileprivate init(_ text: RenderedText, _ language: Language, _ content: AlertContent) {
        alert = content.id
        event = content.event
        revision = content.revision
        kind = content.kind
        priority = .immediate
        statedGravity = .emergency
        level = 5
        isLifted = false
        texts = [language.rawValue: text]
        sender = content.sender
        since = content.sent
        issued = content.sent
        expires = content.sent + 60
        cancellation = nil
        wasShown = true
    }
}

/// What is in a bundle, so that a relay can tell whether it has all of it and whether it is new.
struct PortalManifest: Encodable {
    struct Entry: Encodable {
        var sha256: String
        var bytes: Int
    }

    var spot: String
    var town: String
    var revision: Int
    /// RFC 3339.
    var issuedAt: String
    /// Seconds.
    var validFor: Int
    var files: [String: Entry]

    enum CodingKeys: String, CodingKey {
        case spot, town, revision, files
        case issuedAt = "issued_at"
        case validFor = "valid_for"
    }

    init(_ files: [(name: String, bytes: [UInt8])], _ state: SpotState, now: Date) {
        spot = state.place?.id ?? ""
        town = state.place?.town.code ?? ""
        revision = state.revision
        issuedAt = JapanTime(now).stamp
        validFor = PortalPage.validFor
        // Each file of a bundle has a name of its own, made here.
        self.files = Dictionary(uniqueKeysWithValues: files.map { file in
            let digest = SHA256.hash(data: file.bytes)
            return (file.name, Entry(sha256: digest.map(Self.hex).joined(), bytes: file.bytes.count))
        })
    }

    func json() throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        return Array(try encoder.encode(self))
    }

    private static func hex(_ byte: UInt8) -> String {
        (byte < 16 ? "0" : "") + String(byte, radix: 16)
    }
}
