package import AlertModel
package import ChannelKit
package import FoundationEssentials
package import Rendering

/// What an alert says over each channel, before anything is queued: texts, and every objection to them.
package struct Composer<M: Mode>: Sendable {
    package struct Text: Sendable {
        package let channel: String
        package let texts: [Language: RenderedText]
        /// Empty when it may go out.
        package let problems: [TextProblem]
    }

    private let renderer: Renderer
    private let channels: [String: ChannelSlot<M>]

    package init(renderer: Renderer, channels: [ChannelSlot<M>]) {
        self.renderer = renderer
        self.channels = Dictionary(channels.map { ($0.manifest.name, $0) }, uniquingKeysWith: { $1 })
    }

    /// - Parameter farEnds: Also asked what they forbid; none where nobody could reword the text any more.
    package func text(
        _ content: AlertContent, channel: String, town: Town, local: [AreaStatement], shelters: [ShelterStatus],
        previous: EventMemory.Words? = nil, farEnds: [String] = [], vantage: Vantage = .whole, now: Date? = nil
    ) -> Text {
        guard let slot = channels[channel] else {
            return Text(channel: channel, texts: [:], problems: [TextProblem(rule: "no-channel", finding: "「\(channel)」という経路はありません "
                + "(no such channel)")])
        }
        do throws(RenderingFailure) {
            let texts = try renderer.render(
                content, mode: M.name, town: town, local: local, shelters: shelters, manifest: slot.manifest,
                previous: previous.map { ToldBefore(content: $0.content, local: $0.local) }, vantage: vantage, now: now)
            let ends = town.endpoints.filter { $0.channel == channel && farEnds.contains($0.id) }
                .compactMap { FarEnd<M>($0, of: town.id) }
            let problems = texts.sorted { $0.key < $1.key }.flatMap { language, text in
                slot.lint(text, language, content) + ends.flatMap { slot.lintAt(text, language, content, $0) }
            }
            return Text(channel: channel, texts: texts, problems: problems)
        } catch {
            return Text(channel: channel, texts: [:], problems: [TextProblem(rule: "rendering", finding: "\(error)")])
        }
    }
}
