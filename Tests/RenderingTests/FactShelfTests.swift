import AlertModel
import ChannelKit
import Foundation
import Testing

@testable import Rendering

@Suite("What towns have in common is made once")
struct FactShelfTests {
    private static func towns() -> [Town] {
        [("042056", "気仙沼市", "Kesennuma City"), ("043621", "山元町", ""), ("131016", "千代田区", "Chiyoda City"), ("016942", "大樹村", "Taiki Village")].compactMap {
            code, name, roman in
            TownID(code).map { Town(id: $0, name: name, romanName: roman, areas: [:], districts: ["南町"]) }
        }
    }

    private func said(
        _ renderer: Renderer, _ sample: Sample, _ town: Town, local: [AreaStatement], previous: ToldBefore?, _ mode: ModeName
    ) -> [String] {
        do throws(RenderingFailure) {
            return try renderer.render(
                sample.content, mode: mode, town: town, local: local, shelters: sample.shelters ?? [], manifest: Rendered.tablet, previous: previous,
                vantage: sample.vantage
            ).sorted { $0.key < $1.key }.map { "\($0.key): \($0.value.title)|\($0.value.body)" }
        } catch {
            return ["\(error)"]
        }
    }

    @Test("Town after town, district after district, the words are those of a renderer that makes each for itself")
    func equal() throws {
        let shared = try Renderer(directory: Rendered.folder)
        let towns = Self.towns()
        #expect(towns.count == 4)
        var count = 0
        for (file, sample) in Rendered.samples {
            let previous = sample.toldBefore
            // The same bulletin for another district, and a cancel of what was told otherwise elsewhere.
            let scenes = [
                (sample.local, previous), (Array(sample.local.dropFirst()), previous),
                (sample.local, previous.map { ToldBefore(content: $0.content, local: Array($0.local.dropFirst())) }), (sample.local, previous),
            ]
            for (local, previous) in scenes {
                for town in towns {
                    var fresh = shared
                    fresh.shelf = nil
                    let alone = said(fresh, sample, town, local: local, previous: previous, .actual)
                    #expect(said(shared, sample, town, local: local, previous: previous, .actual) == alone, "\(file), \(town.name)")
                    count += 1
                }
            }
        }
        #expect(count > 1000)
    }

    @Test("A bulletin that comes again under its id with other words is not mistaken for the first")
    func sameID() throws {
        let renderer = try Renderer(directory: Rendered.folder)
        let town = try #require(Self.towns().first)
        let (_, sample) = try #require(Rendered.samples.first { $0.sample.content.kind == .eew && $0.sample.content.message != .cancel })
        func body(_ content: AlertContent) throws -> String? {
            try renderer.render(content, mode: .actual, town: town, local: sample.local, shelters: [], manifest: Rendered.tablet)[.japanese]?.body
        }
        var later = sample.content
        later.reported = (later.reported ?? later.sent).addingTimeInterval(3600)
        let first = try body(sample.content)
        #expect(try body(later) != first)
        #expect(try body(sample.content) == first)
    }
}
