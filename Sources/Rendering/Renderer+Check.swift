/// Looks at every template before the first alert does.
package import AlertModel
package import ChannelKit
package import Foundation

extension Renderer {
    /// Renders every template these channels may use with every sample that leads to it, real and as a drill.
    ///
    /// Reported are: a fact that a template needs and a sample lacks, with file and line; a sample for which a channel
    /// has no template in one of its languages, or none within its limits; a template that no sample leads to.
    package func checkAll(channels: [ChannelManifest], samples folder: URL? = nil) throws(TemplateProblems) {
        var inspection = Inspection(renderer: self)
        for (file, sample) in try readSamples(folder ?? directory.appending(path: "samples")) {
            for manifest in channels {
                for language in manifest.languages { inspection.look(sample, file, manifest, language) }
            }
        }
        inspection.reportUnused(channels)
        guard inspection.problems.isEmpty else { throw TemplateProblems(problems: inspection.problems) }
    }

    /// What each channel would really say of each sample, shown to `lint`: the rules of far ends, before an alert meets
    /// them. `lint` answers for a channel, a text, its language and its alert.
    package func checkTexts(
        channels: [ChannelManifest], mode: ModeName, samples folder: URL? = nil,
        lint: (String, RenderedText, Language, AlertContent) -> [TextProblem]
    ) throws(TemplateProblems) {
        var found: [TemplateProblem] = []
        for (file, sample) in try readSamples(folder ?? directory.appending(path: "samples")) {
            guard let town = sample.place else { continue }
            for manifest in channels {
                // What cannot be rendered is what `checkAll` reports.
                guard let texts = try? render(
                    sample.content, mode: mode, town: town, local: sample.local, shelters: sample.shelters ?? [],
                    manifest: manifest, previous: sample.toldBefore, isElsewhere: sample.elsewhere ?? false)
                else { continue }
                for (language, text) in texts.sorted(by: { $0.key < $1.key }) {
                    found += lint(manifest.name, text, language, sample.content).map {
                        TemplateProblem(file: file, text: "\(manifest.name), \(language), \(mode.rawValue): \($0.line)")
                    }
                }
            }
        }
        guard found.isEmpty else { throw TemplateProblems(problems: found) }
    }

    func readSamples(_ folder: URL) throws(TemplateProblems) -> [(file: String, sample: Sample)] {
        let names = ((try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? [])
            .filter { $0.hasSuffix(".json") }.sorted()
        guard !names.isEmpty else {
            throw TemplateProblems(problems: [TemplateProblem(file: folder.path, text: "no samples to render with")])
        }
        var samples: [(file: String, sample: Sample)] = []
        for name in names {
            let data = try Self.read(folder.appending(path: name), named: name)
            samples.append((name, try Sample.read(data, file: name)))
        }
        return samples
    }
}

private struct Inspection {
    let renderer: Renderer
    private(set) var problems: [TemplateProblem] = []
    private var seen: Set<String> = []

    init(renderer: Renderer) { self.renderer = renderer }

    mutating func look(_ sample: Sample, _ file: String, _ manifest: ChannelManifest, _ language: Language) {
        guard let town = sample.place else { return report(file, nil, "\(sample.town.code) is no town's code") }
        let name = TemplateName(sample.content, local: sample.local, isElsewhere: sample.elsewhere ?? false)
        let wording = Wording(language: language, words: renderer.words)
        let facts = FactSource(
            content: sample.content, town: town, local: sample.local, shelters: sample.shelters ?? [],
            wording: wording, previous: sample.toldBefore
        ).facts()
        let candidates = renderer.candidates(name, language, channel: manifest.name)
        guard !candidates.isEmpty else {
            return report(file, nil, "\(manifest.name) has no template for \(name.text) in \(language)")
        }
        for mode in ModeName.allCases {
            let excesses = candidates.map { excess(of: $0, facts, mode, language, manifest, file) }
            // Nil: it was refused for another reason, which is reported already.
            if excesses.allSatisfy({ $0 != nil }), let first = excesses.first, let first {
                report(file, nil, "no template fits: \(first)")
            }
        }
    }

    /// Why it does not fit; nil when it does, or when it could not be rendered and that was reported.
    private mutating func excess(
        of template: TextTemplate, _ facts: Facts, _ mode: ModeName, _ language: Language, _ manifest: ChannelManifest,
        _ sample: String
    ) -> RenderingFailure? {
        seen.insert(template.file)
        do throws(RenderingFailure) {
            let text = try renderer.text(template, facts, mode, language)
            return Renderer.excess(of: text, template.file, language, manifest)
        } catch {
            if case .missingFact(_, let name) = error {
                let line = template.tags.first { $0.name.rawValue == name }?.line
                report(template.file, line, "sample \(sample) has no “\(name)”")
            } else {
                report(template.file, nil, "sample \(sample): \(error)")
            }
            return nil
        }
    }

    mutating func reportUnused(_ channels: [ChannelManifest]) {
        let folders = Set(channels.map(\.name) + [Renderer.shared])
        for template in renderer.templates.values.sorted(by: { $0.file < $1.file })
        where !seen.contains(template.file) && folders.contains(String(template.file.prefix { $0 != "/" })) {
            report(template.file, nil, "no sample leads here: it was never rendered")
        }
    }

    private mutating func report(_ file: String, _ line: Int?, _ text: String) {
        let problem = TemplateProblem(file: file, line: line, text: text)
        if !problems.contains(problem) { problems.append(problem) }
    }
}
