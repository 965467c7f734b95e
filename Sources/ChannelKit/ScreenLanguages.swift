/// The languages of this program's screens: those there are words for, read once at the start.
public import AlertModel
public import Foundation
internal import Synchronization

/// A list of words that cannot be used, with everything that is wrong with it.
public struct ScreenWordsProblem: Error, CustomStringConvertible {
    public let description: String
}

public struct ScreenLanguages: Sendable {
    /// Those that are spoken: Japanese, easy Japanese, English, then the others by tag. Every alert is made in each of them.
    public let all: [Language]
    /// Those there are words for, in the same order.
    public let known: [Language]
    private let words: [Language: ScreenWords]

    /// Japanese where there is no such language.
    public func words(_ language: Language) -> ScreenWords {
        words[language] ?? words[.japanese] ?? ScreenWords(language: language, texts: [:])
    }

    /// - Parameter folder: `Templates/screens`.
    public init(folder: URL) throws(ScreenWordsProblem) {
        var problems: [String] = []
        var read: [Language: ScreenWords] = [:]
        let files = ((try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []).filter { $0.hasSuffix(".json") }.sorted()
        for file in files {
            let language = Language(rawValue: String(file.dropLast(".json".count)))
            do {
                let groups = try JSONDecoder().decode([String: [String: String]].self, from: Data(contentsOf: folder.appending(path: file)))
                let flat = groups.flatMap { group, words in words.map { ("\(group).\($0)", $1) } }
                read[language] = ScreenWords(language: language, texts: Dictionary(flat, uniquingKeysWith: { $1 }))
            } catch {
                problems.append("\(folder.lastPathComponent)/\(file): 単語の一覧として読めません: \(error) (no list of words)")
            }
        }
        guard let japanese = read[.japanese] else {
            throw ScreenWordsProblem(description: (problems + ["\(folder.path)/ja.json: 画面の単語がありません (no words of screens)"]).joined(separator: "\n"))
        }
        for words in read.values.sorted(by: { $0.language < $1.language }) {
            problems += Self.flaws(of: words, beside: japanese).map { "\(folder.lastPathComponent)/\(words.language).json: \($0)" }
        }
        guard problems.isEmpty else { throw ScreenWordsProblem(description: problems.joined(separator: "\n")) }
        let first = [Language.japanese, .easyJapanese, .english]
        known = first.filter { read[$0] != nil } + read.keys.filter { !first.contains($0) }.sorted()
        all = known.filter { read[$0]?[.when] == "always" }
        self.words = read
    }

    /// These and no others; the words of the others stay at hand.
    /// - Parameter tags: as a person wrote them. Japanese is one of them: every alert has a text in it.
    public func speaking(_ tags: [String]) throws(ScreenWordsProblem) -> ScreenLanguages {
        let chosen = tags.map { Language(rawValue: $0) }
        let strange = chosen.filter { !known.contains($0) }.map { "「\($0)」の単語がありません (no words of this language)" }
        let problems = strange + (chosen.contains(.japanese) ? [] : ["ja（日本語）は、いつも要ります (Japanese is always one of them)"])
        guard problems.isEmpty else {
            let there = known.map(\.rawValue).joined(separator: ", ")
            throw ScreenWordsProblem(description: problems.map { "languages: \($0)" }.joined(separator: "\n") + "\nあるのは: \(there) (those there are)")
        }
        return ScreenLanguages(all: known.filter { chosen.contains($0) }, known: known, words: words)
    }

    /// All there are words for.
    public var everyOne: ScreenLanguages { ScreenLanguages(all: known, known: known, words: words) }

    private init(all: [Language], known: [Language], words: [Language: ScreenWords]) {
        (self.all, self.known, self.words) = (all, known, words)
    }

    private static func flaws(of words: ScreenWords, beside japanese: ScreenWords) -> [String] {
        let needed = Set(japanese.texts.keys).union(ScreenWords.Word.allCases.map(\.rawValue)).union(AlertKind.allCases.map { "kind.\($0.rawValue)" })
        var flaws = needed.subtracting(words.texts.keys).sorted().map { "「\($0)」がありません (this word is missing)" }
        flaws += Set(words.texts.keys).subtracting(needed).sorted().map { "「\($0)」という単語は使いません (no such word)" }
        for (key, text) in words.texts.sorted(by: { $0.key < $1.key }) where japanese.texts[key].map(holes) ?? 0 != holes(text) {
            flaws.append("「\(key)」の {} の数が日本語と違います (another number of {} than in Japanese)")
        }
        if words[.months].split(separator: " ").count != 12 { flaws.append("「language.months」は、空白で区切った十二か月です (twelve, parted by spaces)") }
        if !["always", "named"].contains(words[.when]) { flaws.append("「language.when」は always か named です (one of these)") }
        if words.language == .japanese, words[.when] == "named" { flaws.append("「language.when」は always です (Japanese is always spoken)") }
        if !["japanese", "roman"].contains(words[.names]) { flaws.append("「language.names」は japanese か roman です (one of these)") }
        return flaws
    }

    private static func holes(_ text: String) -> Int { text.ranges(of: "{}").count }

    // MARK: Those of this program

    private static let held = Mutex<ScreenLanguages?>(nil)

    /// Once, at the start, before anything is shown.
    public static func use(_ languages: ScreenLanguages) { held.withLock { $0 = languages } }

    /// Those in use. Where nobody has said which (in tests and tools), those of the folder of templates that is found.
    public static var inUse: ScreenLanguages {
        if let known = held.withLock({ $0 }) { return known }
        guard let folder = TemplatePlace.found, let found = try? ScreenLanguages(folder: folder.appending(path: "screens")) else {
            // Our own mistake: every program reads them first, and says what is wrong with them.
            preconditionFailure("no words of screens: ScreenLanguages.use comes first")
        }
        return held.withLock { known in
            known = known ?? found
            return known ?? found
        }
    }
}

/// Where the templates are, when nobody says so.
public enum TemplatePlace {
    /// The first of: `NOROSHI_TEMPLATES`, ./Templates, beside the program and its parents, /usr/share/noroshi/Templates.
    public static var found: URL? {
        if let said = ProcessInfo.processInfo.environment["NOROSHI_TEMPLATES"] { return URL(filePath: said) }
        var candidates = [URL(filePath: "Templates")]
        var folder = URL(filePath: CommandLine.arguments[0]).resolvingSymlinksInPath().deletingLastPathComponent()
        for _ in 0..<5 {
            candidates.append(folder.appending(path: "Templates"))
            folder.deleteLastPathComponent()
        }
        candidates.append(URL(filePath: "/usr/share/noroshi/Templates"))
        return candidates.first { FileManager.default.fileExists(atPath: $0.appending(path: "words/ja.json").path) }
    }
}
