import AlertModel
import ChannelKit
import ChannelKitTesting
import Foundation
import Testing

@testable import WiFiPortal

/// What a phone sees: the items on the page as the hub serves it.
struct PageFarEnd: ConformanceFarEnd {
    let directory: URL
    let pages: PageShelf
    let repertoire: Set<FarEndBehaviour> = [.well]
    let settings = ["address": "https://wifi.example.jp/"]
    let forbiddenSettings = [["address": "javascript:alert(1)"], ["continue_url": "ftp://example.jp/"]]

    func start() async throws {}
    func setBehaviour(_ behaviour: FarEndBehaviour) async throws {}
    func arrived() async {}
    func stop() async {}

    func messagesHeld() async -> [HeldMessage] {
        var held: [HeldMessage] = []
        for spot in (try? FileManager.default.contentsOfDirectory(atPath: directory.path)) ?? [] {
            let page = String(decoding: await pages[spot]?.octets(of: "index.ja.html") ?? [], as: UTF8.self)
            held += page.components(separatedBy: "<article class=\"i ").dropFirst().enumerated().map { number, part in
                let text = part.components(separatedBy: "</article>")[0]
                return HeldMessage(id: "\(spot)-\(number)", text: text, isTakenBack: part.hasPrefix("old"))
            }
        }
        return held
    }
}

@Suite("A Wi-Fi portal is a channel")
struct WiFiPortalConformance {
    @Test("with real alerts", arguments: ConformanceCheck.allCases)
    func actual(check: ConformanceCheck) async throws { try await verify(check, as: Actual.self) }

    @Test("with drills", arguments: ConformanceCheck.allCases)
    func exercise(check: ConformanceCheck) async throws { try await verify(check, as: Exercise.self) }

    private func verify<M: Mode>(_ check: ConformanceCheck, as mode: M.Type) async throws {
        let directory = folder(), pages = PageShelf()
        var suite = ChannelConformance<WiFiPortal<M>> { PageFarEnd(directory: directory, pages: pages) }
        suite.directory = directory
        suite.pages = pages
        try await suite.verify(check)
    }
}
