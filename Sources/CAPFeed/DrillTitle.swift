/// What others read of a drill begins with its mark, whoever wrote the words.
///
/// The word alone is no mark: a shelter may be called 職業訓練センター, and an order's district 訓練場前.
internal import AlertModel

enum DrillTitle {
    static let mark = "【訓練】"

    /// - Parameter own: the mark of the words' language.
    static func marked(_ words: String, _ mode: ModeName, by own: String = DrillTitle.mark) -> String {
        mode == .exercise && !words.hasPrefix(own) ? own + words : words
    }
}
