/// What the mobile carriers forbid in an emergency mail (緊急速報メール・エリアメール), looked for before anything
/// is queued.
///
/// The carriers' guide 「緊急速報メール 配信の手引き」 v3.3 is not public in full. The limits here are those on which
/// deployed senders agree (LGDIS of 石巻市, NIED's SaigaiTask): where they differ, the stricter one is taken, because
/// a mail refused here can be reworded and a mail refused by a carrier during a flood cannot.
///
///     title, body ──▶ length ──▶ characters ──▶ addresses ──▶ looks like a test? ──▶ [TextProblem]
///
/// Every problem is returned, not only the first: who rewords a text wants to do it once.
package import AlertModel
package import ChannelKit

package struct TextRules: Sendable {
    /// UTF-16 units after NFC. LGDIS and SaigaiTask: 15.
    package var titleLimit: Int
    /// All carriers at once: 200 (au, SoftBank). docomo alone: 500 (SaigaiTask).
    package var bodyLimit: Int
    /// What a line break counts. LGDIS counts 2, SaigaiTask 1: the worse case holds for both.
    package var newlineLength: Int
    /// Subjects a municipality may send on.
    package var subjects: Set<AlertKind>

    package init(
        titleLimit: Int = 15, bodyLimit: Int = 200, newlineLength: Int = 2,
        subjects: Set<AlertKind> = Self.municipalSubjects
    ) {
        self.titleLimit = titleLimit
        self.bodyLimit = bodyLimit
        self.newlineLength = newlineLength
        self.subjects = subjects
    }

    /// 避難情報, 津波, 噴火警報, 土砂災害警戒情報, 指定河川洪水予報 (k-tai.watch 2021-07), and the earthquake early
    /// warning, which the carriers take from 気象庁 and this hub sends to its own laboratory far ends only.
    /// 特別警報 ended on 2022-12-26; the opening of a shelter was never on the list.
    package static let municipalSubjects: Set<AlertKind> = [.evacuation, .tsunami, .volcano, .landslide, .flood, .eew]

    /// Every problem of `text`, title first, each in order of position. Empty: it may go.
    ///
    /// - Parameter previous: The body sent last to the same far end; phones drop a mail whose body they have seen.
    package func problems(
        in text: RenderedText, about kind: AlertKind, mode: ModeName, previous: String? = nil
    ) -> [TextProblem] {
        var found = subjectProblems(of: kind)
        found += problems(inPart: text.title, limit: titleLimit, isTitle: true)
        found += problems(inPart: text.body, limit: bodyLimit, isTitle: false)
        found += mode == .actual ? rehearsalProblems(in: text) : markProblems(in: text)
        if let previous, Self.canonical(previous) == Self.canonical(text.body), !text.body.isEmpty {
            found.append(TextProblem(
                rule: "same-as-last", finding: "直前と同じ本文です。電話は同じメールを捨てます (this body was sent last)",
                suggestion: "変わったことを書いてください (say what has changed)"))
        }
        return found
    }

    private func subjectProblems(of kind: AlertKind) -> [TextProblem] {
        guard !subjects.contains(kind) else { return [] }
        let allowed = subjects.map(\.rawValue).sorted().joined(separator: ", ")
        return [TextProblem(
            rule: "subject", finding: "\(kind.rawValue)は緊急速報メールで送れる種類ではありません (no subject for an emergency mail)",
            suggestion: "ほかの経路で伝えてください。送れるのは \(allowed) です (leave it to the other channels)")]
    }

    private func problems(inPart part: String, limit: Int, isTitle: Bool) -> [TextProblem] {
        let scan = ScannedText(part)
        guard !scan.isBlank else {
            return [TextProblem(
                rule: "blank", finding: "空にできません (must not be blank)",
                suggestion: isTitle ? "何の情報かを一言で書いてください (say in a word what it is)" : "say what happens, where, and what to do", inTitle: isTitle)]
        }
        var found: [TextProblem] = []
        if let problem = lengthProblem(of: part, limit: limit) { found.append(problem) }
        found += scan.characterProblems() + scan.addressProblems()
        return found.map { problem in
            var placed = problem
            placed.inTitle = isTitle
            return placed
        }.sorted { ($0.position ?? -1, $0.rule) < ($1.position ?? -1, $1.rule) }
    }

    private func lengthProblem(of part: String, limit: Int) -> TextProblem? {
        let length = measure(part)
        guard length > limit else { return nil }
        return TextProblem(
            rule: "too-long",
            finding: "\(length)文字あり、上限の\(limit)文字を超えます（改行は\(newlineLength)文字） (too many characters)",
            suggestion: "\(length - limit)文字縮めてください (shorten it)",
            position: firstBeyond(limit, in: part))
    }

    /// The length as the carriers' systems count it: UTF-16 units after NFC, a line break as `newlineLength`.
    package func measure(_ text: String) -> Int {
        Self.canonical(text).reduce(0) { $0 + length(of: $1) }
    }

    private func length(of character: Character) -> Int {
        character.isNewline ? newlineLength : character.utf16.count
    }

    private func firstBeyond(_ limit: Int, in text: String) -> Int? {
        var total = 0
        for (offset, character) in Self.canonical(text).enumerated() {
            total += length(of: character)
            if total > limit { return offset }
        }
        return nil
    }
}
