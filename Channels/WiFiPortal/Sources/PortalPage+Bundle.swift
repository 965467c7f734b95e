import AlertModel
import ChannelKit
import Crypto
import FoundationEssentials
import Gzip

extension PortalPage {
    /// How long a page may be shown after the last word from the hub before the cut-off page takes its place: three
    /// missed renewals.
    static let validFor = Int(Spot.renewal) * 3

    /// All files of a spot, `manifest.json` last.
    static func bundle(of state: SpotState, now: Date) throws(DeliveryFailure) -> [BundleFolder.File] {
        var files: [BundleFolder.File] = []
        for language in ScreenLanguages.inUse.all {
            let page = PortalPage(state: state, language: language, now: now)
            files += try fitting(page, name: "index.\(language).html") { $0.html() }
            var cutOff = page
            cutOff.isCutOff = true
            files += try fitting(cutOff, name: "stale.\(language).html") { $0.html() }
            if (state.shelters + state.drillShelters).contains(where: { $0.state != nil }) {
                files += try fitting(page, name: "shelters.\(language).html") { $0.sheltersHTML() }
            }
        }
        do {
            files.append(.init(name: "manifest.json", bytes: try PortalManifest(files, state, now: now).json()))
        } catch {
            throw .unavailable("ページの目録を書けません: \(error) (manifest of the page)")
        }
        return files
    }

    /// The page and its gzip, with as much on it as fits.
    private static func fitting(
        _ page: PortalPage, name: String, _ html: (PortalPage) -> String
    ) throws(DeliveryFailure) -> [BundleFolder.File] {
        for detail in Detail.allCases {
            var page = page
            page.detail = detail
            let bytes = Array(html(page).utf8)
            let packed = Gzip.compress(bytes)
            if packed.count <= sizeLimit {
                return [.init(name: name, bytes: bytes), .init(name: name + ".gz", bytes: packed)]
            }
        }
        throw .rejected("\(name)は一件だけでも、圧縮後の上限\(sizeLimit)バイトを超えます (too large even with one item)")
    }

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
        return PortalPage(state: state, language: language, now: content.sent, detail: .firstOnly)
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

    init(_ files: [BundleFolder.File], _ state: SpotState, now: Date) {
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
