import AlertModel
import ChannelKit

// What has gone out to whole cities by mistake: "つい" (喜多方市 2023-05-07), "11" and "abc" (野洲市 2021-02-16), drills in
// live mode (東伊豆町 2025-04-17), system checks (大船渡市 2025-12-18). None of these may pass as real.

extension TextRules {
    /// Fewer letters than this say nothing about what to do: 避難せよ is four, 津波警報 is four.
    private static let leastLetters = 5

    /// Words that only a drill or a check uses. A bare 訓練 may be a place (職業訓練校) or its denial (訓練ではありません).
    private static let drillWords = [
        "【訓練", "（訓練", "(訓練", "［訓練", "[訓練", "《訓練", "【災害訓練", "これは訓練です", "訓練です", "訓練放送", "訓練メール", "訓練配信",
        "試験配信", "配信試験", "動作確認", "疎通確認",
    ]

    func rehearsalProblems(in text: RenderedText) -> [TextProblem] {
        rehearsalProblems(inPart: text.title, isTitle: true) + rehearsalProblems(inPart: text.body, isTitle: false)
            + emptinessProblems(in: text.body)
    }

    private func rehearsalProblems(inPart part: String, isTitle: Bool) -> [TextProblem] {
        let scan = ScannedText(part)
        return scan.characters.indices.compactMap { offset in
            guard let word = Self.rehearsalWord(in: scan, at: offset) else { return nil }
            return TextProblem(
                rule: "looks-like-a-test", finding: "本番の文面に「\(word)」があります (in a real alert)",
                suggestion: "訓練として送るか、その言葉を消してください (send it as an exercise, or take the word out)",
                position: offset, length: word.count, inTitle: isTitle)
        }
    }

    private static func rehearsalWord(in scan: ScannedText, at offset: Int) -> String? {
        if let word = drillWords.first(where: { scan.characters[offset...].starts(with: $0) }) { return word }
        if offset == 0, scan.characters.starts(with: "訓練"), !scan.characters.starts(with: "訓練では") { return "訓練" }
        // コンテスト, プロテスト are other words: テスト only where no katakana stands before it.
        if scan.characters[offset...].starts(with: "テスト"), offset == 0 || !isKatakana(scan.characters[offset - 1]) {
            return "テスト"
        }
        guard scan.has("test", at: offset), offset == 0 || !isLatin(scan.folded[offset - 1]),
              offset + 4 >= scan.folded.count || !isLatin(scan.folded[offset + 4])
        else { return nil }
        return "test"
    }

    private func emptinessProblems(in body: String) -> [TextProblem] {
        let letters = body.filter { $0.isLetter || $0.isNumber }
        guard !letters.isEmpty else { return [] }
        if letters.count < Self.leastLetters || Set(letters).count < 3 {
            return [TextProblem(
                rule: "says-nothing", finding: "「\(body)」では、何が起きて何をすればよいかわかりません (does not say what happens and what to do)",
                suggestion: "どこで何が起き、何をすればよいかを書いてください (say what happens, where, and what to do)", position: 0,
                length: body.count)]
        }
        guard letters.contains(where: Self.isJapanese) else {
            return [TextProblem(
                rule: "says-nothing", finding: "日本語のメールに日本語がありません (no Japanese word in a Japanese mail)", suggestion: "日本語で書いてください "
                    + "(say it in Japanese)")]
        }
        return []
    }

    /// A drill that does not say so, anywhere on the screen.
    func markProblems(in text: RenderedText) -> [TextProblem] {
        guard !Self.isMarked(text.title), !Self.isMarked(text.body) else { return [] }
        return [TextProblem(rule: "drill-unmarked", finding: "訓練とわからない訓練です (a drill that does not say so)",
            suggestion: "題名か本文のはじめに【訓練】と書いてください (begin the title or the body with 【訓練】)")]
    }

    /// What a person hears as a drill wherever it stands.
    private static let drillSentences = ["訓練です", "訓練放送", "訓練メール", "訓練配信"]
    /// Begins with the word, and is a place or the opposite.
    private static let noDrills = ["訓練では", "訓練場", "訓練所", "訓練校", "訓練施設", "訓練セ", "訓練棟", "訓練地", "訓練塔", "訓練公園", "訓練広場"]

    /// In its first words, or as a sentence. The word alone is no mark: 職業訓練センター and 訓練場前 are places.
    private static func isMarked(_ part: String) -> Bool {
        let written = TextRules.canonical(part)
        if drillSentences.contains(where: { written.contains($0) }) { return true }
        if written.hasPrefix("訓練") { return !noDrills.contains { written.hasPrefix($0) } }
        return drillWords.contains { $0.contains("訓練") && written.hasPrefix($0) }
    }

    private static func isLatin(_ character: Character) -> Bool { character.isASCII && character.isLetter }
    private static func isKatakana(_ character: Character) -> Bool { ("ァ"..."ヺ").contains(character) || character == "ー" }
    private static func isJapanese(_ character: Character) -> Bool {
        character.unicodeScalars.contains { (0x3041...0x30FF).contains($0.value) || (0x4E00...0x9FFF).contains($0.value) }
    }
}
