import ChannelKit

/// One text for a post: all languages where there is room; else fewer, the last in the town's order first; of the last one left whole lines go from the
/// end, the shelters before the reason. Title, place and action (the first two lines) and who says it when (the last) are never cut.
struct PostText: Equatable {
    let words: String
    let isCut: Bool

    /// Nil where not even the least fits.
    init?(_ texts: [RenderedText], room: Int, counted: (String) -> Int) {
        for count in stride(from: texts.count, to: 0, by: -1) {
            // From one to all of them.
            let words = texts.prefix(count).map { $0.title + "\n\n" + $0.body }.joined(separator: "\n\n――――\n\n")
            if counted(words) <= room {
                self.init(words: words, isCut: count < texts.count)
                return
            }
        }
        guard let first = texts.first else { return nil }
        var lines = first.body.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        let signature = lines.last.flatMap { $0.hasSuffix("）") || $0.hasSuffix(")") ? $0 : nil }
        if signature != nil { lines.removeLast() }
        while lines.count >= Self.least {
            let words = ([first.title, ""] + lines + ["…"] + [signature].compactMap(\.self)).joined(separator: "\n")
            if counted(words) <= room {
                self.init(words: words, isCut: true)
                return
            }
            lines.removeLast()
        }
        return nil
    }

    private init(words: String, isCut: Bool) {
        self.words = words
        self.isCut = isCut
    }

    private static let least = 2
}
