import AlertModel
import ChannelKit
import Foundation
import Testing

@testable import Rendering

@Suite struct DistrictTests {
    private func english(_ districts: [String], _ roman: [String: String] = [:]) throws -> String {
        let sample = try Rendered.sample("evacuation-level4")
        var content = sample.content
        guard case .evacuation(var order) = content.detail else { throw NotAnOrder() }
        order.districts = districts
        content.detail = .evacuation(order)
        var town = try #require(sample.place)
        town.districtRomanNames = roman
        let renderer = try Renderer(directory: Rendered.folder)
        let texts = try renderer.render(
            content, mode: .actual, town: town, local: sample.local, shelters: sample.shelters ?? [],
            manifest: Rendered.portal)
        for district in districts where !district.hasSuffix("全域") {
            #expect(texts[.japanese]?.body.contains(district) == true)
        }
        return try #require(texts[.english]).body
    }
    private struct NotAnOrder: Error {}

    @Test("English names a district as the town spells it, and says of a name without a spelling that it is Japanese")
    func english() throws {
        let text = try english(["階上地区", "大島地区", "市内全域"], ["階上地区": "Hashikami District"])
        #expect(text.contains("Hashikami District") && !text.contains("階上地区"), "\(text)")
        #expect(text.contains("大島地区 (name in Japanese)"), "\(text)")
        #expect(text.contains("the whole city"), "\(text)")
    }
}
