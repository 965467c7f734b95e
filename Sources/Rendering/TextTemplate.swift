/// One template: first line the title, a blank line, the body.
import AlertModel
import Foundation
import Mustache

struct TextTemplate: Sendable {
    /// `area-mail/evacuation.level4.ja.mustache`.
    let file: String
    private let title: MustacheTemplate
    private let body: MustacheTemplate
    let tags: [TemplateScan.Tag]

    /// Mustache escapes for HTML unless told otherwise; ours is plain text, and channels escape what they must.
    private static let plain = "{{% CONTENT_TYPE:TEXT}}"

    init(_ text: String, file: String) throws(TemplateProblems) {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map { line in
            line.hasSuffix("\r") ? String(line.dropLast()) : String(line)
        }
        guard lines.count >= 3, !lines[0].isEmpty, lines[1].isEmpty else {
            throw TemplateProblems(problems: [
                TemplateProblem(file: file, line: 1, text: "文面は、題、空の行、本文の順です (a title, a blank line and a body)")
            ])
        }
        let scan = TemplateScan(lines.joined(separator: "\n"), file: file)
        guard scan.problems.isEmpty else { throw TemplateProblems(problems: scan.problems) }
        do {
            title = try MustacheTemplate(string: Self.plain + lines[0])
            body = try MustacheTemplate(string: Self.plain + Self.joined(lines[2...]))
        } catch let error as MustacheTemplate.ParserError {
            throw TemplateProblems(problems: [
                TemplateProblem(file: file, line: error.context.lineNumber, text: "\(error.error)")
            ])
        } catch {
            throw TemplateProblems(problems: [TemplateProblem(file: file, text: "\(error)")])
        }
        self.file = file
        tags = scan.tags
    }

    /// A line that holds only tags of sections leaves no line behind, also where two of them meet.
    private static func joined(_ lines: ArraySlice<String>) -> String {
        lines.map { holdsOnlySections($0) ? $0.trimmingCharacters(in: .whitespaces) : $0 + "\n" }.joined()
    }

    private static func holdsOnlySections(_ line: String) -> Bool {
        var rest = line.trimmingCharacters(in: .whitespaces)[...]
        guard !rest.isEmpty else { return false }
        while !rest.isEmpty {
            guard rest.hasPrefix("{{"), let sigil = rest.dropFirst(2).first, "#^/!".contains(sigil),
                let end = rest.firstRange(of: "}}")
            else { return false }
            rest = rest[end.upperBound...]
        }
        return true
    }

    /// The text without drill mark. Every fact it names is there.
    func render(_ facts: Facts) throws(RenderingFailure) -> RenderedLines {
        let witness = FactWitness()
        let sheet = facts.witnessed(by: witness)
        let lines = RenderedLines(title: Self.tidy(title.render(sheet)), body: Self.tidy(body.render(sheet)))
        if let name = witness.missing.first { throw .missingFact(file: file, name: name) }
        if lines.title.isEmpty { throw .blank(file: file, part: .title) }
        if lines.body.isEmpty { throw .blank(file: file, part: .body) }
        return lines
    }

    /// No blanks at the ends of lines, no two blank lines in a row, composed characters (か + ゛ is が).
    static func tidy(_ text: String) -> String {
        var lines: [Substring] = []
        for line in PlainLines.of(text) {
            var line = line.unicodeScalars
            while let last = line.last, last.properties.isWhitespace { line.removeLast() }
            if line.isEmpty && (lines.last?.isEmpty ?? true) { continue }
            lines.append(Substring(line))
        }
        while lines.last?.isEmpty == true { lines.removeLast() }
        let tidy = lines.joined(separator: "\n")
        return PlainLines.isComposed(tidy) ? tidy : tidy.precomposedStringWithCanonicalMapping
    }
}

/// Texts looked at scalar by scalar: a warning for a prefecture has hundreds of them, and asking each for where its characters begin and
/// end took a quarter of the time of making them.
enum PlainLines {
    /// The lines of a text, empty ones too. A line ends where a `Character` is a newline; CR LF is one.
    static func of(_ text: String) -> [Substring] {
        let scalars = text.unicodeScalars
        var lines: [Substring] = []
        var start = scalars.startIndex
        var at = start
        while at < scalars.endIndex {
            let scalar = scalars[at]
            let next = scalars.index(after: at)
            guard isNewline(scalar) else {
                at = next
                continue
            }
            lines.append(Substring(scalars[start..<at]))
            let isPair = scalar == "\r" && next < scalars.endIndex && scalars[next] == "\n"
            at = isPair ? scalars.index(after: next) : next
            start = at
        }
        lines.append(Substring(scalars[start...]))
        return lines
    }

    static func isNewline(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x0A...0x0D, 0x85, 0x2028, 0x2029: true
        default: false
        }
    }

    /// True where nothing in the text can be composed any further (NFC), as far as this can be told from its scalars alone: letters of
    /// Latin and its composed letters, Cyrillic, kana, kanji, Hangul syllables, private use, full width. Of everything else the answer is false, and the
    /// whole rule is asked.
    static func isComposed(_ text: String) -> Bool {
        text.unicodeScalars.allSatisfy { scalar in
            switch scalar.value {
            case 0..<0x300, 0x400...0x482, 0x48A...0x52F, 0x1E00...0x1EFF, 0x2010...0x2027, 0x2030...0x205E, 0x2460...0x27BF, 0x3000...0x3098,
                0x309B...0x30FF, 0x3400...0x9FFF, 0xAC00...0xD7A3, 0xE000...0xF8FF, 0xFF01...0xFFEF: true
            default: false
            }
        }
    }
}

struct RenderedLines: Hashable {
    var title: String
    var body: String
}
