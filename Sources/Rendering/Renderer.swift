/// From an alert to the texts of a channel, in every language the channel speaks.
///
///     alert ──▶ facts (typed, per language) ──▶ template ──▶ drill mark ──▶ limits ──▶ text
///                        │                         │                          │
///                  missing: refused         none fits: refused      too long: the shorter one, else refused
///
/// Templates are read and compiled once. Rendering touches no file.
package import AlertModel
package import ChannelKit
package import Foundation

package struct Renderer: Sendable {
    /// Where templates lie that any channel may use.
    static let shared = "shared"
    /// A template larger than this is no template.
    static let fileLimit = 64 << 10

    /// `channel/name.language` → template.
    let templates: [String: TextTemplate]
    let words: WordList
    let directory: URL
    private let choices = TemplateChoices()
    /// Nil: every text is made for itself.
    var shelf: FactShelf? = FactShelf()

    /// Reads `directory/<channel>/*.mustache` and `directory/words/*.json`. Every problem of every file is reported
    /// at once.
    /// - Parameter languages: templates and words of others that are known stay unread; nil for all.
    package init(directory: URL, languages: [Language]? = nil) throws(TemplateProblems) {
        self.directory = directory
        var problems: [TemplateProblem] = []
        var templates: [String: TextTemplate] = [:]
        let silent = Set(languages.map { spoken in ScreenLanguages.inUse.known.filter { !spoken.contains($0) } } ?? [])
        for file in Self.templateFiles(in: directory) where !silent.contains(Self.language(of: file)) {
            do throws(TemplateProblems) {
                let text = try Self.read(directory.appending(path: file), named: file)
                let template = try TextTemplate(String(decoding: text, as: UTF8.self), file: file)
                templates[String(file.dropLast(".mustache".count))] = template
            } catch {
                problems += error.problems
            }
        }
        if templates.isEmpty && problems.isEmpty {
            problems = [TemplateProblem(file: directory.path, text: "このフォルダーに文面がありません (no templates in this folder)")]
        }
        guard problems.isEmpty else { throw TemplateProblems(problems: problems) }
        self.templates = templates
        words = try Self.readWords(in: directory, without: silent)
    }

    private static func templateFiles(in directory: URL) -> [String] {
        let manager = FileManager.default
        let folders = (try? manager.contentsOfDirectory(atPath: directory.path)) ?? []
        return folders.sorted().flatMap { folder in
            ((try? manager.contentsOfDirectory(atPath: directory.appending(path: folder).path)) ?? [])
                .filter { $0.hasSuffix(".mustache") }.sorted().map { "\(folder)/\($0)" }
        }
    }

    /// `shared/tsunami.major.en.mustache`.
    private static func language(of file: String) -> Language {
        Language(rawValue: String(file.dropLast(".mustache".count).split(separator: ".").last ?? ""))
    }

    /// `words/ja.json`, `words/en.json` …: every file is a language.
    private static func readWords(in directory: URL, without silent: Set<Language>) throws(TemplateProblems) -> WordList {
        var list = WordList()
        let folder = directory.appending(path: "words")
        let names = ((try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []).filter { $0.hasSuffix(".json") }.sorted()
        guard !names.isEmpty else {
            throw TemplateProblems(problems: [TemplateProblem(file: folder.path, text: "このフォルダーに単語の一覧がありません (no lists of words in this folder)")])
        }
        for name in names {
            let file = "words/\(name)", language = String(name.dropLast(".json".count))
            if silent.contains(Language(rawValue: language)) { continue }
            try list.add(language, json: read(folder.appending(path: name), named: file), file: file)
        }
        return list
    }

    static func read(_ url: URL, named file: String) throws(TemplateProblems) -> Data {
        let data: Data
        do {
            data = try Data(contentsOf: url)
        } catch {
            throw TemplateProblems(problems: [TemplateProblem(file: file, text: "読めません: \(error) (cannot be read)")])
        }
        guard data.count <= fileLimit, String(validating: data, as: UTF8.self) != nil else {
            throw TemplateProblems(problems: [
                TemplateProblem(file: file, text: "UTF-8でないか、\(fileLimit)バイトを超えています (not UTF-8, or too large)")
            ])
        }
        return data
    }

    /// The texts of one alert for one channel and town. `local` are the statements that concern the town, as its
    /// decision has them. Nothing is cut: what does not fit any template within the manifest's limits is refused.
    ///
    /// `previous` is what a cancel takes back, as it was told to this town: the text then says when and what.
    /// `now` is when it is written: an early warning says of shaking that is there by then that it is there.
    package func render(
        _ content: AlertContent, mode: ModeName, town: Town, local: [AreaStatement], shelters: [ShelterStatus],
        manifest: ChannelManifest, previous: ToldBefore? = nil, vantage: Vantage = .whole, now: Date? = nil
    ) throws(RenderingFailure) -> [Language: RenderedText] {
        let name = TemplateName(content, local: local, vantage: vantage)
        let shelf = FactShelf.isShared(content, previous) ? shelf?.sheet(of: content, local, previous, now: now) : nil
        var texts: [Language: RenderedText] = [:]
        for language in manifest.languages {
            let wording = Wording(language: language, words: words)
            var source = FactSource(
                content: content, town: town, local: local, shelters: shelters, wording: wording, previous: previous,
                vantage: vantage, now: now)
            let shared = source.ownName.isEmpty ? nil : shelf
            if shared != nil { source.alias = OpenLines.anyTown }
            let facts = source.facts(shared)
            texts[language] = try text(name, mode, language, manifest) { [source] template throws(RenderingFailure) in
                guard let shared else { return listed(try template.render(facts), source, mode, language, manifest) }
                return try shared.lines(language, facts, template).lines(of: source.ownName)
            }
        }
        return texts
    }

    /// With what several shelters have to say of each, as far as there is room.
    private func listed(_ lines: RenderedLines, _ source: FactSource, _ mode: ModeName, _ language: Language, _ manifest: ChannelManifest) -> RenderedLines {
        let forms = FactSource.ShelterList.allCases.lazy.map { source.signed(source.listed(lines, $0)) }
        return forms.first { Self.excess(of: self.text($0, mode, language), "", language, manifest) == nil } ?? source.signed(lines)
    }

    /// The first template that fits.
    private func text(
        _ name: TemplateName, _ mode: ModeName, _ language: Language, _ manifest: ChannelManifest,
        _ lines: (TextTemplate) throws(RenderingFailure) -> RenderedLines
    ) throws(RenderingFailure) -> RenderedText {
        var closest: RenderingFailure?
        var closestLength = Int.max
        for template in candidates(name, language, channel: manifest.name) {
            let text = text(try lines(template), mode, language)
            guard let failure = Self.excess(of: text, template.file, language, manifest) else { return text }
            let length = TextLength.count(text.title) + TextLength.count(text.body)
            if length < closestLength { (closest, closestLength) = (failure, length) }
        }
        throw closest ?? .noTemplate(channel: manifest.name, name: name.text, language: language)
    }

    func text(
        _ template: TextTemplate, _ facts: Facts, _ mode: ModeName, _ language: Language
    ) throws(RenderingFailure) -> RenderedText {
        text(try template.render(facts), mode, language)
    }

    func text(_ lines: RenderedLines, _ mode: ModeName, _ language: Language) -> RenderedText {
        var lines = lines
        if mode == .exercise { lines = DrillMark.mark(lines, language) }
        return RenderedText(title: Self.capital(lines.title), body: lines.body)
    }

    /// A kind's name may begin a title.
    private static func capital(_ title: String) -> String { title.prefix(1).uppercased() + title.dropFirst() }

    /// The most fitting name that has a template, the channel's own before the shared one, after each its shorter form,
    /// and at last the channel's default. A text that does not fit never makes way for one of another grade: a special
    /// warning must not shrink to a plain one.
    func candidates(_ name: TemplateName, _ language: Language, channel: String) -> [TextTemplate] {
        choices.of(.init(name: name, language: language, channel: channel)) { look(for: name, language, channel: channel) }
    }

    private func look(for name: TemplateName, _ language: Language, channel: String) -> [TextTemplate] {
        let named = name.candidates.map { templates(named: $0, language, in: [channel, Self.shared]) }
        guard let fitting = named.first(where: { !$0.isEmpty }) else { return [] }
        let last = name.candidates.last.map { templates(named: $0, language, in: [channel]) } ?? []
        return fitting + last.filter { template in !fitting.contains { $0.file == template.file } }
    }

    private func templates(named name: String, _ language: Language, in folders: [String]) -> [TextTemplate] {
        folders.flatMap { folder in
            [templates["\(folder)/\(name).\(language.rawValue)"], templates["\(folder)/\(name).short.\(language.rawValue)"]]
                .compactMap { $0 }
        }
    }

    static func excess(
        of text: RenderedText, _ file: String, _ language: Language, _ manifest: ChannelManifest
    ) -> RenderingFailure? {
        let parts: [(RenderingFailure.Part, String, Int?)] = [
            (.title, text.title, manifest.titleLimit), (.body, text.body, manifest.bodyLimit),
        ]
        for (part, words, limit) in parts {
            let found = TextLength.count(words)
            guard let limit, found > limit else { continue }
            return .tooLong(
                channel: manifest.name, language: language, file: file, part: part, found: found, limit: limit)
        }
        return nil
    }
}

/// What was told to a town before.
package struct ToldBefore: Sendable {
    package let content: AlertContent
    package let local: [AreaStatement]

    package init(content: AlertContent, local: [AreaStatement]) {
        self.content = content
        self.local = local
    }
}
