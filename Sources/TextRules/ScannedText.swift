import ChannelKit

/// A title or body taken apart: the characters as written, and the same folded for looking up patterns.
///
/// Folding keeps the number of characters, so that a place found in `folded` is the place in the text.
struct ScannedText {
    let characters: [Character]
    /// Full-width ASCII as ASCII, small letters, every dash as `-`.
    let folded: [Character]

    init(_ text: String) {
        characters = Array(TextRules.canonical(text))
        folded = characters.map(Self.fold)
    }

    var isBlank: Bool { characters.allSatisfy(\.isWhitespace) }

    private static let dashes: Set<Character> = ["‐", "‑", "‒", "–", "—", "―", "−", "ー", "ｰ"]

    private static func fold(_ character: Character) -> Character {
        if dashes.contains(character) { return "-" }
        guard character.unicodeScalars.count == 1, let scalar = character.unicodeScalars.first else { return character }
        // U+FF01…U+FF5E are ASCII 0x21…0x7E in full width.
        if (0xFF01...0xFF5E).contains(scalar.value), let narrow = Unicode.Scalar(scalar.value - 0xFEE0) {
            return lowercase(narrow)
        }
        return lowercase(scalar)
    }

    private static func lowercase(_ scalar: Unicode.Scalar) -> Character {
        guard ("A"..."Z").contains(scalar), let small = Unicode.Scalar(scalar.value + 0x20) else {
            return Character(scalar)
        }
        return Character(small)
    }

    /// True where `word` (folded) begins at `offset`.
    func has(_ word: String, at offset: Int) -> Bool {
        folded[offset...].starts(with: word)
    }

    /// Characters no phone of every carrier shows alike.
    func characterProblems() -> [TextProblem] {
        guard let table = JISCharacters.table else {
            return [TextProblem(
                rule: "characters", finding: "使える文字を調べられません (cannot tell which characters are allowed)",
                suggestion: "このシステムのiconvがCP932を知りません。glibcの変換モジュールを入れてください (install glibc's conversion modules)")]
        }
        return characters.enumerated().compactMap { offset, character in
            table.rule(broken: character).map { broken in
                TextProblem(
                    rule: broken.rule, finding: "\(character) is \(broken.words)",
                    suggestion: Self.suggestion(for: character), position: offset, length: 1)
            }
        }
    }

    private static func suggestion(for character: Character) -> String {
        TextRules.plain(String(character)).map { "「\($0)」と書いてください (write so)" } ?? "消すか、言葉で書いてください (leave it out or write it in words)"
    }
}
