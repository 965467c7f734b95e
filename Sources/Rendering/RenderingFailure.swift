/// Why there is no text. The alert is not sent over this channel and a person is told; a text is never cut or blanked.
package import AlertModel

package enum RenderingFailure: Error, Sendable, Hashable, CustomStringConvertible {
    case noTemplate(channel: String, name: String, language: Language)
    case missingFact(file: String, name: String)
    /// Counted with the drill mark. `found` is the shortest text there was.
    case tooLong(channel: String, language: Language, file: String, part: Part, found: Int, limit: Int)
    case blank(file: String, part: Part)

    package enum Part: String, Sendable, Hashable {
        case title, body
    }

    package var description: String {
        switch self {
        case .noTemplate(let channel, let name, let language):
            "\(channel)に、\(name)の\(language)の文面がありません (no template)"
        case .missingFact(let file, let name): "\(file): この情報に「\(name)」がありません (the alert lacks it)"
        case .tooLong(let channel, let language, let file, let part, let found, let limit):
            "\(file): \(channel)の\(language)の\(part.rawValue)が\(found)文字あり、\(limit)文字を超えます (too many characters)"
        case .blank(let file, let part): "\(file): \(part.rawValue)が空になりました (came out blank)"
        }
    }
}

/// What is wrong with a template, and where.
package struct TemplateProblem: Sendable, Hashable, CustomStringConvertible {
    /// Relative to the folder of templates.
    package let file: String
    /// From 1; nil where the whole file is meant.
    package let line: Int?
    package let text: String

    package init(file: String, line: Int? = nil, text: String) {
        self.file = file
        self.line = line
        self.text = text
    }

    package var description: String {
        if let line { "\(file):\(line): \(text)" } else { "\(file): \(text)" }
    }
}

/// All that is wrong with the templates, one line each.
package struct TemplateProblems: Error, Sendable, Equatable, CustomStringConvertible {
    package let problems: [TemplateProblem]
    package var description: String { problems.map(\.description).joined(separator: "\n") }
}
