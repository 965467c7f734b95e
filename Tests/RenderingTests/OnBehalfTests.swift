import AlertModel
import ChannelKit
import Testing

@testable import Rendering

@Suite("Another town speaks in a town's name")
struct OnBehalfTests {
    @Test("Whoever does so is named in every language and on every channel; what a town may say itself, its helper may say too")
    func everySample() throws {
        let renderer = try Renderer(directory: Rendered.folder), helper = try #require(TownID("042021"))
        var count = 0
        for (file, sample) in Rendered.samples where sample.content.town != nil {
            for manifest in Rendered.book {
                func texts(_ content: AlertContent) throws -> [Language: RenderedText] {
                    try renderer.render(
                        content, mode: .exercise, town: try #require(sample.place), local: sample.local, shelters: sample.shelters ?? [], manifest: manifest,
                        previous: sample.toldBefore, vantage: sample.vantage)
                }
                guard let alone = try? texts(sample.content) else { continue }
                var content = sample.content
                content.onBehalf = OnBehalf(pact: "P-1", town: helper, name: "南三陸町", romanName: "Minamisanriku Town")
                let said = try texts(content)
                #expect(said.keys == alone.keys)
                for (language, text) in said {
                    #expect(text.title == alone[language]?.title)
                    #expect(text.body.contains("南三陸町") || text.body.contains("Minamisanriku Town"), "\(file) \(language)")
                    count += 1
                }
            }
        }
        #expect(count > 100)
    }
}
