import AlertModel
import ChannelKit
import Foundation
import Testing

@testable import Rendering

/// A folder of templates made for one test, gone with it.
final class TemplateFolder {
    let url = FileManager.default.temporaryDirectory.appending(path: "noroshi-\(UUID().uuidString)")

    init(_ files: [String: String]) throws {
        let words = "{}"
        for (file, text) in files.merging(["words/ja.json": words], uniquingKeysWith: { own, _ in own }) {
            let path = url.appending(path: file)
            try FileManager.default.createDirectory(
                at: path.deletingLastPathComponent(), withIntermediateDirectories: true)
            try Data(text.utf8).write(to: path)
        }
    }

    deinit { try? FileManager.default.removeItem(at: url) }
}

@Suite("What is refused, and how it says so")
struct RefusalTests {
    static let japaneseOnly = ChannelManifest(
        name: "area-mail", role: .crowd, afterSending: .cannotBeChanged, drills: .needOwnFarEnd, titleLimit: 15, bodyLimit: 40,
        languages: [.japanese], concurrency: 8, reservedForImmediate: 2, attemptLimit: .seconds(10))

    func problems(_ text: String) throws -> [String] {
        let folder = try TemplateFolder(["area-mail/eew.ja.mustache": text])
        do {
            _ = try Renderer(directory: folder.url)
            return []
        } catch {
            return error.problems.map(\.description)
        }
    }

    @Test("A mistake in a template is found when it is read, with its file and line", arguments: [
        ("題\n\n{{town}}\n{{twon}}\n", "area-mail/eew.ja.mustache:4: 「twon」という名前はありません (unknown name)"),
        ("{{heigth}}\n\n文\n", "area-mail/eew.ja.mustache:1: 「heigth」という名前はありません (unknown name)"),
        ("題\n\n{{#reason}}\n文\n", "area-mail/eew.ja.mustache:3: 「reason」の区間が閉じていません (section not closed)"),
        ("題\n\n{{#reason}}{{/raeson}}\n", "area-mail/eew.ja.mustache:3: 「/raeson」に当たる区間の始まりがありません (closes no open section)"),
        ("題\n\n{{town\n", "area-mail/eew.ja.mustache:3: 閉じていないタグがあります (a tag is not closed)"),
        ("題\n\n{{>other}}\n", "area-mail/eew.ja.mustache:3: 「>」はこの文面では使えません (not allowed in our templates)"),
        ("題\n\n{{name}}\n", "area-mail/eew.ja.mustache:3: 「name」という名前はありません (unknown name)"),
        ("題\n\n{{shelters}}\n", "area-mail/eew.ja.mustache:3: 「shelters」は文字ではありません。区間として使ってください (no text: use it as a section)"),
        ("題\n\n{{uppercased(town)}}\n", "area-mail/eew.ja.mustache:3: 「uppercased(town)」という名前はありません (unknown name)"),
        ("題\n文\n", "area-mail/eew.ja.mustache:1: 文面は、題、空の行、本文の順です (a title, a blank line and a body)"),
    ])
    func mistakes(text: String, problem: String) throws {
        #expect(try problems(text).contains(problem))
    }

    @Test("A fact that the alert lacks is an error, not a blank")
    func missingFact() throws {
        let folder = try TemplateFolder(["area-mail/eew.ja.mustache": "題\n\n震度{{intensity}}の地震\n"])
        let renderer = try Renderer(directory: folder.url)
        let sample = try Rendered.sample("eew-without-area")
        #expect(throws: RenderingFailure.missingFact(file: "area-mail/eew.ja.mustache", name: "intensity")) {
            try Rendered.texts(sample, Self.japaneseOnly, renderer: renderer)
        }
    }

    @Test("The check reports what a sample lacks, with file and line, and what no sample leads to")
    func check() throws {
        let folder = try TemplateFolder([
            "area-mail/eew.ja.mustache": "題\n\n{{town}}\n震度{{intensity}}\n", "area-mail/flood.ja.mustache": "題\n\n文\n",
        ])
        let samples = Rendered.folder.appending(path: "samples")
        let alone = folder.url.appending(path: "samples")
        try FileManager.default.createDirectory(at: alone, withIntermediateDirectories: true)
        try FileManager.default.copyItem(
            at: samples.appending(path: "eew-without-area.json"), to: alone.appending(path: "eew-without-area.json"))
        let renderer = try Renderer(directory: folder.url)
        do {
            try renderer.checkAll(channels: [Self.japaneseOnly])
            Issue.record("nothing was found")
        } catch {
            #expect(error.problems.map(\.description) == [
                "area-mail/eew.ja.mustache:4: 見本eew-without-area.jsonに「intensity」がありません (the sample lacks it)",
                "area-mail/flood.ja.mustache: ここに来る見本がなく、一度も作られていません (no sample leads here)",
            ])
        }
    }

    @Test("A text that does not fit is refused with the numbers, never cut")
    func tooLong() throws {
        let long = String(repeating: "長", count: 41)
        let folder = try TemplateFolder(["area-mail/eew.ja.mustache": "題\n\n\(long)\n"])
        let renderer = try Renderer(directory: folder.url)
        #expect(throws: RenderingFailure.tooLong(
            channel: "area-mail", language: .japanese, file: "area-mail/eew.ja.mustache", part: .body, found: 41, limit: 40)
        ) {
            try Rendered.texts(Rendered.sample("eew-warning"), Self.japaneseOnly, renderer: renderer)
        }
    }

    @Test("A shorter text of the same grade takes its place, a milder one never does")
    func shorter() throws {
        let long = String(repeating: "長", count: 41)
        var files = ["area-mail/weather.special.ja.mustache": "題\n\n\(long)\n", "area-mail/weather.ja.mustache": "題\n\n軽い\n"]
        let sample = try Rendered.sample("weather-special")
        let milder = try TemplateFolder(files)
        let renderer = try Renderer(directory: milder.url)
        #expect(throws: RenderingFailure.self) {
            try Rendered.texts(sample, Self.japaneseOnly, renderer: renderer)
        }
        files["area-mail/weather.special.short.ja.mustache"] = "題\n\n短い\n"
        let folder = try TemplateFolder(files)
        let texts = try Rendered.texts(sample, Self.japaneseOnly, renderer: Renderer(directory: folder.url))
        #expect(texts[.japanese]?.body == "短い")
    }

    @Test("The drill mark counts")
    func drillCounts() throws {
        let folder = try TemplateFolder(["area-mail/eew.ja.mustache": "題\n\n\(String(repeating: "長", count: 30))\n"])
        let renderer = try Renderer(directory: folder.url)
        let sample = try Rendered.sample("eew-warning")
        #expect(try Rendered.texts(sample, Self.japaneseOnly, .actual, renderer: renderer)[.japanese] != nil)
        // 4 of 【訓練】, 8 of これは訓練です。, 2 of the line break.
        #expect(throws: RenderingFailure.tooLong(
            channel: "area-mail", language: .japanese, file: "area-mail/eew.ja.mustache", part: .body, found: 44, limit: 40)
        ) {
            try Rendered.texts(sample, Self.japaneseOnly, .exercise, renderer: renderer)
        }
    }

    @Test("A cancel without a template of its own is refused rather than told as a warning", arguments: [
        "eew-cancel", "tsunami-cancel", "evacuation-cancel", "tsunami-lifted", "evacuation-lifted", "weather-lifted",
    ])
    func cancelNeedsItsOwn(name: String) throws {
        var files: [String: String] = [:]
        for kind in AlertKind.allCases { files["shared/\(kind.rawValue).ja.mustache"] = "題\n\n逃げて\n" }
        files["shared/default.ja.mustache"] = "題\n\n逃げて\n"
        let folder = try TemplateFolder(files)
        let renderer = try Renderer(directory: folder.url)
        #expect(throws: RenderingFailure.self) {
            try Rendered.texts(Rendered.sample(name), Self.japaneseOnly, renderer: renderer)
        }
    }

    @Test("A language without templates is refused")
    func language() throws {
        let folder = try TemplateFolder(["shared/eew.ja.mustache": "題\n\n文\n"])
        let renderer = try Renderer(directory: folder.url)
        #expect(throws: RenderingFailure.noTemplate(channel: "wifi-portal", name: "eew.warning", language: .english)) {
            var portal = try Rendered.sample("eew-warning")
            portal.message = .alert
            let english = ChannelManifest(
                name: "wifi-portal", role: .page, afterSending: .lastStateWins, drills: .shownApart, languages: [.english],
                concurrency: 2, reservedForImmediate: 1, attemptLimit: .seconds(1))
            return try Rendered.texts(portal, english, renderer: renderer)
        }
    }
}
