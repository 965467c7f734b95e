import AlertModel
import ChannelKit
import Foundation
import Testing

@testable import Rendering

@Suite("Where an order sends people")
struct DestinationTests {
    private func open(_ id: String, _ fitness: [Shelter.Hazard: Shelter.Fitness]?, _ district: String? = nil, at latitude: Double? = nil) -> ShelterStatus {
        ShelterStatus(
            shelter: Shelter(
                id: id, name: id, place: latitude.map { Coordinate(latitude: $0, longitude: 141.5) }, fitness: fitness, district: district),
            state: .open)
    }
    private func order(_ hazard: String, _ districts: [String] = ["市内全域"], named: [String] = []) -> EvacuationOrder {
        EvacuationOrder(level: .order, hazard: hazard, districts: districts, shelters: named)
    }
    private func chosen(_ order: EvacuationOrder, _ shelters: [ShelterStatus]) -> [String] { Destinations(order, shelters).chosen.map(\.shelter.id) }

    @Test("Only what is fit for this hazard is a place to flee to; silence is not fitness")
    func fitness() {
        let all = [
            open("unfit", [.tsunami: .unfit, .flood: .fit]), open("partly", [.tsunami: .conditional]), open("silent", nil),
            open("other", [.flood: .fit]), open("fit", [.tsunami: .fit, .flood: .unfit]),
        ]
        #expect(chosen(order("津波"), all) == ["fit", "partly"])
        #expect(chosen(order("洪水"), all) == ["unfit", "other"])
        #expect(chosen(order("火山現象"), all) == [])
    }

    @Test("Who gives the order may name a place the register is silent about, never one it forbids, and not a closed one")
    func named() {
        var closed = open("closed", [.tsunami: .fit])
        closed.state = .closed
        let all = [open("silent", nil), open("unfit", [.tsunami: .unfit]), open("fit", [.tsunami: .fit]), closed]
        #expect(chosen(order("津波", named: ["silent", "unfit", "closed", "fit"]), all) == ["silent", "fit"])
    }

    @Test("The order's own district first, then the nearest to it, else as in the register")
    func nearest() {
        let fit: [Shelter.Hazard: Shelter.Fitness] = [.flood: .fit]
        let all = [open("far", fit, "唐桑", at: 38.5), open("near", fit, "松岩", at: 38.86), open("own", fit, "階上", at: 38.9), open("nowhere", fit)]
        #expect(chosen(order("洪水", ["階上地区"]), all) == ["own", "near", "far", "nowhere"])
        #expect(chosen(order("洪水"), all) == ["far", "near", "own", "nowhere"])
    }

    @Test("Every text of a tsunami order leaves out the school by the sea, and marks what is fit in part")
    func texts() throws {
        let sample = try Rendered.sample("evacuation-tsunami")
        var content = sample.content
        guard case .evacuation(var order) = content.detail else { return }
        order.shelters = []
        content.detail = .evacuation(order)
        let shelters = [open("浜の学校", [.tsunami: .unfit]), open("知らない学校", nil), open("高台の学校", [.tsunami: .fit]), open("塔", [.tsunami: .conditional])]
        let renderer = try Renderer(directory: Rendered.folder)
        for channel in Rendered.channels {
            let texts = try renderer.render(
                content, mode: .actual, town: try #require(sample.place), local: sample.local, shelters: shelters, manifest: channel)
            for (language, text) in texts {
                #expect(!text.body.contains("浜の学校") && !text.body.contains("知らない学校"), "\(channel.name) \(language)")
            }
            if let japanese = texts[.japanese] { #expect(japanese.body.contains("高台の学校、塔（条件つき）"), "\(channel.name) \(japanese.body)") }
        }
    }
}
