/// Real and official bulletins that nobody here wrote: routed to towns all over Japan, rendered for every channel,
/// held against the carriers' rules. Skipped where the corpus is absent.
import AlertModel
import ChannelKit
import Codes
import Foundation
import Ingest
import Targeting
import TextRules
import Testing

@testable import Rendering

enum Corpus {
    /// Read once: 300 files.
    static let renderer: Renderer = {
        guard let renderer = try? Renderer(directory: Rendered.folder) else { preconditionFailure("the templates cannot be read") }
        return renderer
    }()

    static let folder: URL? = {
        let places = [
            ProcessInfo.processInfo.environment["NOROSHI_CORPUS"].map { URL(filePath: $0) },
            Rendered.folder.deletingLastPathComponent().deletingLastPathComponent().appending(path: "shared/corpus"),
        ]
        return places.compactMap { $0 }.first { FileManager.default.fileExists(atPath: $0.appending(path: "jma").path) }
    }()

    static func files(_ path: String) -> [URL] {
        guard let folder = folder?.appending(path: path) else { return [] }
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
        return names.sorted().map { folder.appending(path: $0) }
    }

    /// Every thirtieth town, with the areas of JMA's tables and, for the coast, all stretches of its prefecture.
    static let towns: [Town] = CodeTables.bundled.towns.enumerated().compactMap { position, town in
        guard position % 30 == 0 else { return nil }
        var areas: [AreaScheme: Set<String>] = [.jmaTsunami: Set(town.tsunamiCandidates)]
        for scheme in [AreaScheme.jmaCity, .jmaSeismic, .jmaForecast, .jmaEEW, .localGovernment] {
            areas[scheme] = Set(town.codes(scheme))
        }
        return Town(
            id: town.id, name: town.name, romanName: "Example Town", areas: areas,
            endpoints: Rendered.usual.map { Endpoint(id: "end", channel: $0.name, name: "end") })
    }

    static func content(_ bulletin: Bulletin, file: String) -> AlertContent {
        let received = Date(timeIntervalSince1970: bulletin.sent?.seconds ?? 0)
        guard let sorted = try? Normaliser().sort(bulletin, id: { AlertID(file) }, receivedAt: received).first else {
            preconditionFailure("\(file) is refused")
        }
        return sorted.content
    }

    /// The bulletin of that name, wherever in the corpus it lies; nil without the corpus.
    static func content(named name: String) throws -> AlertContent? {
        for folder in ["jma/official-samples", "jma/official-samples-older", "jma/real-2021-2024", "jma/official-samples-2024-revisions"] {
            guard let file = files(folder).first(where: { $0.lastPathComponent == name }) else { continue }
            return content(try JMAReader.read(Array(Data(contentsOf: file)), fileName: name), file: name)
        }
        return nil
    }

    /// A town by its code, with the areas of JMA's tables.
    static func town(_ code: String, coast: Set<String> = []) throws -> Town {
        let id = try #require(TownID(code)), known = try #require(CodeTables.bundled.town(id))
        var areas: [AreaScheme: Set<String>] = [.jmaTsunami: coast]
        for scheme in [AreaScheme.jmaCity, .jmaSeismic, .jmaForecast, .jmaEEW, .localGovernment] { areas[scheme] = Set(known.codes(scheme)) }
        return Town(
            id: id, name: known.name, romanName: "Example Town", areas: areas,
            endpoints: Rendered.usual.map { Endpoint(id: "end", channel: $0.name, name: "end") })
    }

    /// What the town reads on a channel, in each language; nil where it is not told.
    static func told(
        _ content: AlertContent, _ town: Town, _ manifest: ChannelManifest = Rendered.usual[1]
    ) throws -> [Language: RenderedText]? {
        let decision = try #require(RoutingTable().decide(content, for: town, channels: [manifest], mode: .actual).first)
        guard decision.verdict != .skip else { return nil }
        return try renderer.render(
            content, mode: .actual, town: town, local: decision.local, shelters: [], manifest: manifest)
    }
}

@Suite("Bulletins of the corpus", .enabled(if: Corpus.folder != nil))
struct CorpusTests {
    /// A few different texts of each bulletin are enough.
    static let textsOfOneBulletin = 6

    @Test("Every bulletin that reaches a town has a text on every channel it reaches, and mails obey the carriers", arguments: [
        "jma/official-samples", "jma/official-samples-older", "jma/real-2021-2024",
    ])
    func bulletins(folder: String) throws {
        let renderer = try Renderer(directory: Rendered.folder)
        var rendered = 0
        for file in Corpus.files(folder) {
            let name = file.lastPathComponent
            guard let octets = try? Data(contentsOf: file),
                let bulletin = try? JMAReader.read(Array(octets), fileName: name)
            else { continue }
            rendered += look(Corpus.content(bulletin, file: name), renderer)
        }
        #expect(rendered > 0)
    }

    /// The number of different texts looked at.
    func look(_ content: AlertContent, _ renderer: Renderer) -> Int {
        let decisions = RoutingTable().decide(
            content, towns: Corpus.towns, channels: Rendered.usual, mode: .actual)
        var seen: Set<String> = []
        for decision in decisions where decision.verdict != .skip && seen.count < Self.textsOfOneBulletin {
            let said = decision.local.map { "\($0.kindCode ?? "") \($0.value ?? "")" }
            guard seen.insert("\(decision.channel) \(said)").inserted,
                let town = Corpus.towns.first(where: { $0.id == decision.town }),
                let manifest = Rendered.usual.first(where: { $0.name == decision.channel })
            else { continue }
            look(content, decision, town, manifest, renderer)
        }
        return seen.count
    }

    func look(
        _ content: AlertContent, _ decision: Decision, _ town: Town, _ manifest: ChannelManifest, _ renderer: Renderer
    ) {
        do {
            let texts = try renderer.render(
                content, mode: .actual, town: town, local: decision.local, shelters: [], manifest: manifest)
            for (language, text) in texts {
                for sign in ["NaN", "{{", "震度の", "「」", "（）", "()", "\n\n", "：\n", "のの", "、、"] {
                    #expect(!"\(text.title)|\(text.body)".contains(sign), "\(content.id) \(language): \(text)")
                }
                guard manifest.name == "area-mail" else { continue }
                let problems = TextRules().problems(in: text, about: content.kind, mode: .actual)
                #expect(problems.isEmpty, "\(content.id): \(problems)")
            }
        } catch {
            Issue.record("\(content.id) for \(town.name): \(error)")
        }
    }
}
