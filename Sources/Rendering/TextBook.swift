/// Every text on one page: each sample, on each channel, in each language, with its length, its limit and the template it came
/// from. For the person who reads them all in an hour, and for a review that must see what a change of words changes.
package import ChannelKit
package import AlertModel
package import Foundation

package struct TextBook: Sendable {
    /// One text as people would read it.
    package struct Entry: Sendable, Hashable {
        package let sample: String
        package let channel: String
        package let language: Language
        /// `tsunami.major`; what the words were chosen by.
        package let name: String
        /// Nil where no text fits; then `problem` says why.
        package let text: RenderedText?
        package let problem: String?
        package let limits: (title: Int?, body: Int?)

        package static func == (left: Entry, right: Entry) -> Bool {
            (left.sample, left.channel, left.language, left.text) == (right.sample, right.channel, right.language, right.text)
        }
        package func hash(into hasher: inout Hasher) {
            hasher.combine(sample)
            hasher.combine(channel)
            hasher.combine(language)
        }
    }

    package let entries: [Entry]

    /// Of the samples of a folder of templates. Channels without a text for a kind have no entry.
    package init(_ renderer: Renderer, channels: [ChannelManifest], samples folder: URL? = nil) throws(TemplateProblems) {
        var entries: [Entry] = []
        for (file, sample) in try renderer.readSamples(folder ?? renderer.directory.appending(path: "samples")) {
            guard let town = sample.place else { continue }
            let name = TemplateName(sample.content, local: sample.local).text
            for manifest in channels where manifest.kinds?.contains(sample.kind) != false {
                var texts: [Language: RenderedText] = [:]
                var problem: String?
                do throws(RenderingFailure) {
                    texts = try renderer.render(
                        sample.content, mode: .actual, town: town, local: sample.local, shelters: sample.shelters ?? [],
                        manifest: manifest, previous: sample.toldBefore)
                } catch {
                    problem = "\(error)"
                }
                for language in manifest.languages {
                    let text = texts[language]
                    entries.append(Entry(
                        sample: String(file.dropLast(".json".count)), channel: manifest.name, language: language, name: name, text: text,
                        problem: problem, limits: (manifest.titleLimit, manifest.bodyLimit)))
                }
            }
        }
        self.entries = entries
    }

    /// The three that whoever reviews a change reads at once, `texts.txt`; each further language has a file of its own, which its reader is given:
    /// `texts.vi.txt`.
    package static let together: [Language] = [.japanese, .easyJapanese, .english]

    /// By name of the file.
    package var files: [String: String] {
        let others = Set(entries.map(\.language)).subtracting(Self.together)
        let own = others.map { ("texts.\($0.rawValue).txt", plain([$0])) }
        return Dictionary(own + [("texts.txt", plain(Self.together))], uniquingKeysWith: { $1 })
    }

    /// For git: a text that several channels share is there once.
    private func plain(_ shown: [Language]) -> String {
        var lines = ["# Every text, as `make texts` writes it. Not to be edited: change a template or a word, and look at what changed here.", ""]
        for (sample, entries) in bySample {
            let languages = languages(of: entries).filter { shown.contains($0) }
            guard !languages.isEmpty else { continue }
            lines.append("## \(sample) (\(entries[0].name))")
            for language in languages {
                var said: [(channels: [String], entry: Entry)] = []
                for entry in entries where entry.language == language {
                    if let index = said.firstIndex(where: { $0.entry.text == entry.text && $0.entry.problem == entry.problem }) {
                        said[index].channels.append(entry.channel)
                    } else {
                        said.append(([entry.channel], entry))
                    }
                }
                for (channels, entry) in said {
                    lines.append("[\(language.rawValue)] \(channels.joined(separator: ", "))")
                    lines.append(entry.text.map { "\($0.title)\n\($0.body)" } ?? "!! \(entry.problem ?? "no text")")
                }
            }
            lines.append("")
        }
        return lines.joined(separator: "\n") + "\n"
    }

    var bySample: [(sample: String, entries: [Entry])] {
        var order: [String] = []
        var groups: [String: [Entry]] = [:]
        for entry in entries {
            if groups[entry.sample] == nil { order.append(entry.sample) }
            groups[entry.sample, default: []].append(entry)
        }
        return order.map { ($0, groups[$0] ?? []) }
    }

    func languages(of entries: [Entry]) -> [Language] {
        entries.reduce(into: []) { if !$0.contains($1.language) { $0.append($1.language) } }
    }
}
