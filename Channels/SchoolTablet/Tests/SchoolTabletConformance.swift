import AlertModel
import ChannelKit
import ChannelKitTesting
import Foundation
import Testing

@testable import SchoolTablet

/// What a tablet makes of the stream: the last word per key, and nothing of a cancel that it has no alert for.
struct TabletFarEnd: ConformanceFarEnd {
    let stream: RecordingStream
    let repertoire: Set<FarEndBehaviour> = [.well]
    let settings: [String: String] = [:]

    func start() async throws {}
    func setBehaviour(_ behaviour: FarEndBehaviour) async throws {}
    func arrived() async { await stream.reaches(1) }
    func stop() async {}

    private struct Line: Decodable {
        struct Text: Decodable { var title, body: String }
        var texts: [String: Text]
    }

    func messagesHeld() async -> [HeldMessage] {
        var held: [HeldMessage] = []
        for published in stream.published {
            let event = published.event
            let line = try? JSONDecoder().decode(Line.self, from: Data(event.data))
            let text = line?.texts["ja"].map { $0.title + "\n" + $0.body }
            let index = held.firstIndex { $0.id == event.key }
            switch (index, event.isRevocation) {
            case (nil, true): break
            case (nil, false): held.append(HeldMessage(id: event.key, text: text))
            case (let index?, true): held[index].isTakenBack = true
            case (let index?, false): held[index] = HeldMessage(id: event.key, text: text)
            }
        }
        return held
    }
}

@Suite("A school tablet is a channel")
struct SchoolTabletConformance {
    @Test("with real alerts", arguments: ConformanceCheck.allCases)
    func actual(check: ConformanceCheck) async throws { try await verify(check, as: Actual.self) }

    @Test("with drills", arguments: ConformanceCheck.allCases)
    func exercise(check: ConformanceCheck) async throws { try await verify(check, as: Exercise.self) }

    private func verify<M: Mode>(_ check: ConformanceCheck, as mode: M.Type) async throws {
        let stream = RecordingStream()
        var suite = ChannelConformance<SchoolTablet<M>> { TabletFarEnd(stream: stream) }
        suite.stream = stream
        try await suite.verify(check)
    }
}
