import ChannelKit

// Addresses and numbers: no URL, no mail address, no telephone number may stand in an emergency mail (LGDIS,
// SaigaiTask): whoever reads it must not start to call.

extension ScannedText {
    func addressProblems() -> [TextProblem] {
        var found: [TextProblem] = []
        var offset = 0
        while offset < folded.count {
            if let problem = link(at: offset) ?? number(at: offset) {
                found.append(problem)
                offset += max(problem.length ?? 1, 1)
            } else {
                offset += 1
            }
        }
        return found + mailAddresses()
    }

    private func problem(_ rule: String, _ words: String, _ suggestion: String, _ range: Range<Int>) -> TextProblem {
        TextProblem(
            rule: rule, finding: "「\(String(characters[range]))」: \(words) (not in the text)", suggestion: suggestion,
            position: range.lowerBound, length: range.count)
    }

    private func link(at offset: Int) -> TextProblem? {
        for word in ["http://", "https://", "www."] where has(word, at: offset) {
            return problem("url", "ホームページの宛先は書けません (no URL)", "どこを見ればよいかを言葉で書いてください (say where else to look in words)",
                           offset..<end(from: offset, while: Self.isAddressCharacter))
        }
        if has("mailto", at: offset) {
            return problem("mail-address", "メールの宛先は書けません (no mail address)", "担当の課の名前を書いてください (name the office)",
                           offset..<end(from: offset, while: Self.isAddressCharacter))
        }
        for word in ["tel-av:", "tel:"] where has(word, at: offset) {
            return problem("telephone", "電話の宛先は書けません (no telephone link)", "担当の課の名前を書いてください (name the office)",
                           offset..<end(from: offset, while: Self.isAddressCharacter))
        }
        return nil
    }

    private func number(at offset: Int) -> TextProblem? {
        let first = folded[offset]
        if first == "*" || first == "#" {
            let end = end(from: offset + 1) { Self.isDigit($0) || $0 == "*" || $0 == "#" }
            // A service code has four digits or more: #7119, *1234.
            guard end - offset > 4 else { return nil }
            return problem("service-code", "短縮の電話番号は書けません (no service code)", "担当の課の名前を書いてください (name the office)", offset..<end)
        }
        guard first == "0" || first == "+", offset == 0 || !Self.isDigit(folded[offset - 1]) else { return nil }
        var end = end(from: offset + 1) { Self.isDigit($0) || "().-".contains($0) }
        while end > offset + 1, !Self.isDigit(folded[end - 1]) { end -= 1 }
        // Leading 0 or + and nine digits more (SaigaiTask).
        guard folded[(offset + 1)..<end].count(where: Self.isDigit) >= 9 else { return nil }
        return problem("telephone", "電話番号は書けません (no telephone number)", "担当の課の名前を書いてください (name the office)", offset..<end)
    }

    private func mailAddresses() -> [TextProblem] {
        folded.indices.compactMap { at in
            guard folded[at] == "@", at > 0, at + 1 < folded.count,
                  Self.isMailCharacter(folded[at - 1]), Self.isMailCharacter(folded[at + 1])
            else { return nil }
            var start = at
            while start > 0, Self.isMailCharacter(folded[start - 1]) { start -= 1 }
            return problem("mail-address", "メールの宛先は書けません (no mail address)", "担当の課の名前を書いてください (name the office)",
                           start..<end(from: at + 1, while: Self.isMailCharacter))
        }
    }

    private func end(from start: Int, while belongs: (Character) -> Bool) -> Int {
        folded[start...].firstIndex { !belongs($0) } ?? folded.count
    }

    private static func isDigit(_ character: Character) -> Bool { ("0"..."9").contains(character) }
    private static func isAddressCharacter(_ character: Character) -> Bool { character.isASCII && !character.isWhitespace }
    private static func isMailCharacter(_ character: Character) -> Bool {
        character.isASCII && (character.isLetter || character.isNumber || "._%+-".contains(character))
    }
}
