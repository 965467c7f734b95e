/// What somebody reads aloud of an alert: over 防災行政無線, on the town's FM, from a car with a megaphone.
///
///     10 s   name and what to do
///     30 s   who says it · name · where · what to do · who said it
///     60 s   the same with all that fits, and the name and what to do once more
///
/// Made of the words that went out, sentence by sentence: none is cut, and what does not fit is left out from the end, what to do last of all.
/// Japanese: it is what a reader at a town hall reads.
package struct ReadAloud: Sendable, Hashable, Encodable {
    /// Letters without spaces, a second: 300 a minute, at which newsreaders of NHK read (a former one says 300 to 350; a minute of news is written with 300).
    /// A loudspeaker outdoors wants pauses beside: its reader takes the shorter one.
    package static let lettersPerMinute = 300
    package static let lengths = [10, 30, 60]

    /// 10, 30 or 60; and what it takes at that pace: longer where the name alone is.
    package var seconds, takes, letters: Int
    package var text: String

    /// For each length, the shortest first.
    package static func scripts(title: String, body: String, sender: String, isDrill: Bool) -> [ReadAloud] {
        let name = spoken(title), sentences = sentences(of: body, without: sender)
        return lengths.map { seconds in
            let room = seconds * lettersPerMinute / 60
            var (head, tail) = (isDrill ? "訓練、訓練。" : "", "")
            if seconds > 10 { (head, tail) = (head + "こちらは、\(sender)です。", (isDrill ? "これは訓練です。" : "") + "こちらは、\(sender)でした。") }
            // What asks for something goes first into what room there is; then the others, as they stand.
            var chosen: Set<Int> = []
            var left = room - count(head + name + tail)
            for isAct in seconds > 10 ? [true, false] : [true] {
                for (index, sentence) in sentences.enumerated() where asks(sentence) == isAct && !chosen.contains(index) && count(sentence) <= left {
                    chosen.insert(index)
                    left -= count(sentence)
                }
            }
            let middle = sentences.indices.filter(chosen.contains).map { sentences[$0] }
            // The sentences were found by their own places.
            let act = middle.first(where: asks) ?? ""
            let again = seconds >= 60 && count("くり返します。" + name + act) <= left ? "くり返します。" + name + act : ""
            let text = ([head, name] + middle + [again, tail]).filter { !$0.isEmpty }.joined(separator: "\n")
            return ReadAloud(seconds: seconds, takes: (count(text) * 60 + lettersPerMinute - 1) / lettersPerMinute, letters: count(text), text: text)
        }
    }

    /// Letters that take time.
    static func count(_ text: String) -> Int { text.count { !$0.isWhitespace } }

    private static func asks(_ sentence: String) -> Bool { sentence.hasSuffix("ください。") || sentence.hasSuffix("避難。") }

    /// A title as one says it: 避難指示（警戒レベル4）洪水：全員避難 is three breaths.
    private static func spoken(_ title: String) -> String {
        let plain = title.replacing("【訓練】", with: "").replacing("（", with: "、").replacing("）", with: "、").replacing("：", with: "。").replacing("　", with: "、")
        return String(plain.replacing("、。", with: "。").trimmingPrefix { $0 == "、" }) + (plain.hasSuffix("。") ? "" : "。")
    }

    /// Lines and sentences, without who and when: that stands in the frame, and a time that has passed misleads.
    private static func sentences(of body: String, without sender: String) -> [String] {
        body.replacing("【訓練】", with: "").split(separator: "\n").flatMap { line -> [String] in
            let line = String(line.trimmingPrefix { $0 == "・" || $0 == " " || $0 == "　" })
            guard !(line.hasPrefix("（") && line.hasSuffix("）")), !line.contains("://") else { return [] }
            return line.split(separator: "。").map { String($0) + "。" }
        }.filter { sentence in
            !["こちらは\(sender)です。", "こちらは、\(sender)です。", "これは訓練です。"].contains(sentence)
        }
    }
}
