/// Marks a drill's text, in every language, before limits are counted: no template can leave it out.
package import AlertModel

package enum DrillMark {
    /// What a drill's title and body begin with.
    package static func prefix(_ language: Language) -> String {
        switch language {
        case .easyJapanese: "【訓練（くんれん）】"
        case .japanese: "【訓練】"
        default: "[DRILL] "
        }
    }

    static func mark(_ lines: RenderedLines, _ language: Language) -> RenderedLines {
        let prefix = prefix(language)
        return switch language {
        case .japanese: RenderedLines(title: prefix + lines.title, body: prefix + "これは訓練です。\n" + lines.body)
        case .easyJapanese:
            RenderedLines(
                title: prefix + lines.title, body: prefix + "これは 訓練です。本当の 災害では ありません。\n" + lines.body)
        default: RenderedLines(title: prefix + lines.title, body: prefix + "This is a drill.\n" + lines.body)
        }
    }
}
