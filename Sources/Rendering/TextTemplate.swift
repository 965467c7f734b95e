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
    private static func tidy(_ text: String) -> String {
        var lines: [Substring] = []
        for line in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline) {
            var line = line
            while let last = line.last, last.isWhitespace { line.removeLast() }
            if line.isEmpty && (lines.last?.isEmpty ?? true) { continue }
            lines.append(line)
        }
        while lines.last?.isEmpty == true { lines.removeLast() }
        return lines.joined(separator: "\n").precomposedStringWithCanonicalMapping
    }
}

struct RenderedLines: Hashable {
    var title: String
    var body: String
}
