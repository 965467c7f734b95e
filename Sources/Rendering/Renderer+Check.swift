/// Looks at every template before the first alert does.
package import AlertModel
package import ChannelKit
package import Foundation

extension Renderer {
    /// Renders every template these channels may use with every sample that leads to it, real and as a drill, and shows
    /// what each channel would really say to `lint`: the rules of far ends, before an alert meets them.
    ///
    /// Reported are: a fact that a template needs and a sample lacks, with file and line; a sample for which a channel
    /// has no template in one of its languages, or none within its limits; a template that no sample leads to; and what
    /// `lint` says.
    package func checkAll(
        channels: [ChannelManifest], samples folder: URL? = nil, lint: (SampleText) -> [TextProblem] = { _ in [] }
    ) throws(TemplateProblems) {
        var inspection = Inspection(renderer: self)
        for (file, sample) in try readSamples(folder ?? directory.appending(path: "samples")) {
            guard let town = sample.place else {
                inspection.report(file, nil, "\(sample.town.code)は市町村のコードではありません (no town's code)")
                continue
            }
            for language in Set(channels.flatMap(\.languages)).sorted() {
                var rehearsal = Rehearsal(self, sample, town, language)
                for manifest in channels where manifest.languages.contains(language) {
                    inspection.look(&rehearsal, file, manifest, lint)
                }
            }
        }
        inspection.reportUnused(channels)
        guard inspection.problems.isEmpty else { throw TemplateProblems(problems: inspection.problems) }
    }

    func readSamples(_ folder: URL) throws(TemplateProblems) -> [(file: String, sample: Sample)] {
        let names = ((try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? [])
            .filter { $0.hasSuffix(".json") }.sorted()
        guard !names.isEmpty else {
            throw TemplateProblems(problems: [TemplateProblem(file: folder.path, text: "試しに作る見本がありません (no samples to render with)")])
        }
        var samples: [(file: String, sample: Sample)] = []
        for name in names {
            let data = try Self.read(folder.appending(path: name), named: name)
            samples.append((name, try Sample.read(data, file: name)))
        }
        return samples
    }
}

/// What a channel would say of a sample.
package struct SampleText {
    package let channel: String
    package let mode: ModeName
    package let language: Language
    package let text: RenderedText
    package let content: AlertContent
}

/// One sample in one language. Its facts and each template's lines are made once, however many channels share them: a
/// start renders every template there is.
private struct Rehearsal {
    let sample: Sample
    let language: Language
    let name: TemplateName
    private let facts: Facts
    private let renderer: Renderer
    private var lines: [String: Result<RenderedLines, RenderingFailure>] = [:]

    init(_ renderer: Renderer, _ sample: Sample, _ town: Town, _ language: Language) {
        self.renderer = renderer
        self.sample = sample
        self.language = language
        name = TemplateName(sample.content, local: sample.local, vantage: sample.vantage)
        facts = FactSource(
            content: sample.content, town: town, local: sample.local, shelters: sample.shelters ?? [],
            wording: Wording(language: language, words: renderer.words), previous: sample.toldBefore, vantage: sample.vantage
        ).facts()
    }

    mutating func text(_ template: TextTemplate, _ mode: ModeName) throws(RenderingFailure) -> RenderedText {
        let made = lines[template.file] ?? Result { () throws(RenderingFailure) in try template.render(facts) }
        lines[template.file] = made
        return renderer.text(try made.get(), mode, language)
    }
}

private struct Inspection {
    let renderer: Renderer
    private(set) var problems: [TemplateProblem] = []
    private var seen: Set<String> = []

    init(renderer: Renderer) { self.renderer = renderer }

    mutating func look(
        _ rehearsal: inout Rehearsal, _ file: String, _ manifest: ChannelManifest, _ lint: (SampleText) -> [TextProblem]
    ) {
        let language = rehearsal.language
        let candidates = renderer.candidates(rehearsal.name, language, channel: manifest.name)
        guard !candidates.isEmpty else {
            return report(file, nil, "\(manifest.name)に、\(rehearsal.name.text)の\(language)の文面がありません (no template)")
        }
        for mode in ModeName.allCases {
            var told: RenderedText?
            var excesses: [RenderingFailure] = []
            var isRefused = false
            for template in candidates {
                guard let text = text(of: template, &rehearsal, mode, file) else {
                    isRefused = true
                    continue
                }
                if let excess = Renderer.excess(of: text, template.file, language, manifest) {
                    excesses.append(excess)
                } else if told == nil {
                    told = text
                }
            }
            if let told {
                let sample = SampleText(
                    channel: manifest.name, mode: mode, language: language, text: told, content: rehearsal.sample.content)
                for problem in lint(sample) {
                    report(file, nil, "\(manifest.name), \(language), \(mode.rawValue): \(problem.line)")
                }
            } else if !isRefused, let first = excesses.first {
                report(file, nil, "収まる文面がありません: \(first) (no template fits)")
            }
        }
    }

    /// Nil when it could not be rendered, which is reported.
    private mutating func text(
        of template: TextTemplate, _ rehearsal: inout Rehearsal, _ mode: ModeName, _ sample: String
    ) -> RenderedText? {
        seen.insert(template.file)
        do throws(RenderingFailure) {
            return try rehearsal.text(template, mode)
        } catch {
            if case .missingFact(_, let name) = error {
                let line = template.tags.first { $0.name.rawValue == name }?.line
                report(template.file, line, "見本\(sample)に「\(name)」がありません (the sample lacks it)")
            } else {
                report(template.file, nil, "見本\(sample): \(error)")
            }
            return nil
        }
    }

    mutating func reportUnused(_ channels: [ChannelManifest]) {
        let folders = Set(channels.map(\.name) + [Renderer.shared])
        // A language that is not spoken here keeps its files.
        let silent = renderer.words.known.subtracting(channels.flatMap(\.languages).map(\.rawValue))
        for template in renderer.templates.values.sorted(by: { $0.file < $1.file })
        where !seen.contains(template.file) && folders.contains(String(template.file.prefix { $0 != "/" }))
            && !silent.contains(where: { template.file.hasSuffix(".\($0).mustache") }) {
            report(template.file, nil, "ここに来る見本がなく、一度も作られていません (no sample leads here)")
        }
    }

    mutating func report(_ file: String, _ line: Int?, _ text: String) {
        let problem = TemplateProblem(file: file, line: line, text: text)
        if !problems.contains(problem) { problems.append(problem) }
    }
}
