/// Marks a drill's text, in every language, before limits are counted: no template can leave it out.
package import AlertModel
internal import ChannelKit

package enum DrillMark {
    /// What a drill's title begins with.
    package static func prefix(_ language: Language) -> String { ScreenLanguages.inUse.words(language)[.drillTitle] }

    static func mark(_ lines: RenderedLines, _ language: Language) -> RenderedLines {
        let words = ScreenLanguages.inUse.words(language)
        return RenderedLines(title: words[.drillTitle] + lines.title, body: words[.drillBody] + "\n" + lines.body)
    }
}
