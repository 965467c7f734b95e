/// Reads a template's tags before Mustache does, since Mustache renders an unknown name as nothing.
///
/// Allowed are variables, sections, inverted sections and comments; partials, lambdas, transforms and changes of
/// delimiter are not, so that what a text can say is seen in its own file.
struct TemplateScan {
    struct Tag: Hashable {
        let name: FactName
        /// From 1.
        let line: Int
    }

    private(set) var tags: [Tag] = []
    private(set) var problems: [TemplateProblem] = []
    private let file: String
    private var open: [(name: String, line: Int)] = []

    init(_ text: String, file: String, firstLine: Int = 1) {
        self.file = file
        var line = firstLine
        var rest = text[...]
        while let start = rest.firstRange(of: "{{") {
            line += rest[..<start.lowerBound].count(where: \.isNewline)
            guard let end = rest[start.upperBound...].firstRange(of: "}}") else {
                report(line, "閉じていないタグがあります (a tag is not closed)")
                return
            }
            let tag = rest[start.upperBound..<end.lowerBound]
            rest = rest[end.upperBound...]
            // `{{{name}}}` ends one brace later.
            if tag.hasPrefix("{"), rest.hasPrefix("}") { rest = rest.dropFirst() }
            read(tag, line)
            line += tag.count(where: \.isNewline)
        }
        for section in open { report(section.line, "「\(section.name)」の区間が閉じていません (section not closed)") }
    }

    func line(of name: String) -> Int? { tags.first { $0.name.rawValue == name }?.line }

    private mutating func read(_ tag: Substring, _ line: Int) {
        guard let sigil = tag.first else { return report(line, "空のタグです (an empty tag)") }
        let name = tag.drop { "#^/&{ ".contains($0) }.filter { $0 != " " }
        switch sigil {
        case "!": return
        case "#", "^":
            open.append((name, line))
            look(name, line, asSection: true)
        case "/":
            if open.last?.name == name { open.removeLast() } else { report(line, "「/\(name)」に当たる区間の始まりがありません (closes no open section)") }
        case "&", "{": look(name, line, asSection: false)
        case ">", "<", "$", "%", "=": report(line, "「\(sigil)」はこの文面では使えません (not allowed in our templates)")
        default: look(name, line, asSection: false)
        }
    }

    private mutating func look(_ name: String, _ line: Int, asSection: Bool) {
        let isInside = open.contains { $0.name == FactName.shelters.rawValue && $0.name != name }
        guard let known = FactName(rawValue: name), known.isKnown(insideList: isInside) else {
            return report(line, "「\(name)」という名前はありません (unknown name)")
        }
        if !asSection, known.form != .text { return report(line, "「\(name)」は文字ではありません。区間として使ってください (no text: use it as a section)") }
        tags.append(Tag(name: known, line: line))
    }

    private mutating func report(_ line: Int, _ text: String) {
        problems.append(TemplateProblem(file: file, line: line, text: text))
    }
}
