/// Whether words say something. An order whose reason is 「あ」 or `1234` was sent by a hand that slipped, or by somebody
/// who wanted the form to be quiet; people who are to leave their homes read it. A rule, not a list: so many letters, of
/// so many kinds, not one again and again, and a noun among them.
enum Meaning {
    static let rule = "何が起きているか、起きそうかを、4文字以上の言葉で書いてください（例: 大津波警報が発表されました）。"
        + "数字だけ、同じ文字の繰り返し、漢字もカタカナもない言葉は理由になりません (say in words what happens: four letters or more, of three kinds, with kanji or katakana)"

    private static let letters = 4
    private static let kinds = 3
    /// So many of one letter in a row are no Japanese.
    private static let run = 4

    static func isMissing(in text: String) -> Bool {
        let letters = text.filter { $0.isLetter && $0 != "ー" }
        return letters.count < Self.letters || Set(letters).count < kinds || !letters.contains(where: isCharacter) || hasRun(text)
    }

    private static func hasRun(_ text: String) -> Bool {
        var (last, count): (Character?, Int) = (nil, 0)
        for letter in text where letter.isLetter {
            count = letter == last ? count + 1 : 1
            last = letter
            if count >= run { return true }
        }
        return false
    }

    /// Kanji or katakana: the nouns of a Japanese sentence.
    private static func isCharacter(_ letter: Character) -> Bool {
        letter.unicodeScalars.contains { scalar in
            switch scalar.value {
            case 0x3400...0x9FFF, 0xF900...0xFAFF, 0x20000...0x323AF: true
            case 0x30A1...0x30FA, 0xFF66...0xFF9D: true
            default: scalar == "々"
            }
        }
    }
}
