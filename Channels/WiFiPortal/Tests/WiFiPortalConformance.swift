import AlertModel
import ChannelKit
import ChannelKitTesting
import Foundation
import Testing

@testable import WiFiPortal

/// What a phone sees: the items on the page as it lies on the disk.
struct PageFarEnd: ConformanceFarEnd {
    let directory: URL
    let repertoire: Set<FarEndBehaviour> = [.well]
    let settings = ["address": "https://wifi.example.jp/"]
    let forbiddenSettings = [["address": "javascript:alert(1)"], ["continue_url": "ftp://example.jp/"]]

    func start() async throws {}
    func setBehaviour(_ behaviour: FarEndBehaviour) async throws {}
    func arrived() async {}
    func stop() async {}

    func messagesHeld() async -> [HeldMessage] {
        let spots = (try? FileManager.default.contentsOfDirectory(atPath: directory.path)) ?? []
        return spots.flatMap { spot in
            let page = (try? String(contentsOfFile: "\(directory.path)/\(spot)/current/index.ja.html", encoding: .utf8)) ?? ""
            return page.components(separatedBy: "<article class=\"i ").dropFirst().enumerated().map { number, part in
                let text = part.components(separatedBy: "</article>")[0]
                return HeldMessage(id: "\(spot)-\(number)", text: text, isTakenBack: part.hasPrefix("old"))
            }
        }
    }
}

@Suite("A Wi-Fi portal is a channel")
struct WiFiPortalConformance {
    @Test("with real alerts", arguments: ConformanceCheck.allCases)
    func actual(check: ConformanceCheck) async throws { try await verify(check, as: Actual.self) }

    @Test("with drills", arguments: ConformanceCheck.allCases)
    func exercise(check: ConformanceCheck) async throws { try await verify(check, as: Exercise.self) }

    private func verify<M: Mode>(_ check: ConformanceCheck, as mode: M.Type) async throws {
        let directory = folder()
        var suite = ChannelConformance<WiFiPortal<M>> { PageFarEnd(directory: directory) }
        suite.directory = directory
        try await suite.verify(check)
    }
}
