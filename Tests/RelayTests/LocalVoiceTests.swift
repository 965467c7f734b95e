import AlertModel
import ChannelKit
import ChannelKitTesting
import Foundation
import Ledger
import Logging
import Seals
import Synchronization
import Testing

@testable import Relay

/// An edge's own voice over a far end that answers as it is told, and writes down what it was.
@Suite("An edge speaks at its own place", .timeLimit(.minutes(2)))
struct LocalVoiceTests {
    private static let topic = StreamTopic(town: TownID("042056")!, site: "school")
    private static let logger = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })

    private final class FarEnd: LocalFarEnd {
        enum Answer: Sendable { case well, hanging, failing(DeliveryFailure) }
        private struct State {
            var answer = Answer.well
            var reach: DeliveryFailure?
            var heard: [String] = []
            var waiters: [CheckedContinuation<Void, Never>] = []
        }
        private let state = Mutex(State())
        let name = "speech", remembers = false
        var heard: [String] { state.withLock { $0.heard } }
        func behave(_ answer: Answer) { state.withLock { $0.answer = answer } }
        func reach(_ failure: DeliveryFailure?) { state.withLock { $0.reach = failure } }
        func takes(_ alert: ToldAlert) -> Bool { alert.kind != .eew }

        func deliver(_ alert: ToldAlert, attempt: Int) async throws(DeliveryFailure) -> Receipt {
            let answer = state.withLock { state in
                state.heard.append("\(alert.mode.rawValue) \(alert.id)")
                return state.answer
            }
            switch answer {
            case .well: return Receipt(reach: .reached)
            case .failing(let failure): throw failure
            case .hanging:
                let (never, end) = AsyncStream<Never>.makeStream()
                for await _ in never {}
                end.finish()
                throw .cancelled
            }
        }
        func reach() async throws(DeliveryFailure) { if let failure = state.withLock({ $0.reach }) { throw failure } }
        func run() async {
            let (never, end) = AsyncStream<Never>.makeStream()
            for await _ in never {}
            end.finish()
        }
    }

    private struct Scene {
        let far = FarEnd(), notes: MemoryLedger, watch: LineWatch, voices: LocalVoices
        let flushed = Count(), troubles = Count()
        final class Count: Sendable { let value = Mutex(0) }

        init(_ notes: MemoryLedger = MemoryLedger(), trust: TownTrust? = nil, isTimeKnown: Bool = true) {
            self.notes = notes
            watch = LineWatch(patience: .seconds(40), notebook: notes)
            if isTimeKnown { watch.learn(hubTime: ToldLine.date) }
            let (flushed, troubles) = (flushed, troubles)
            let voice = LocalVoice(far, .init(
                notebook: notes, watch: watch, onDisk: { flushed.value.withLock { $0 += 1 } }, freshness: { [60, 900, 7200, 43_200][$0.rawValue] },
                troubled: { troubles.value.withLock { $0 += 1 } }, logger: LocalVoiceTests.logger))
            voices = LocalVoices([voice], trust: trust, logger: LocalVoiceTests.logger)
        }

        func running(_ body: () async throws -> Void) async throws {
            let task = Task { await voices.run() }
            defer { task.cancel() }
            try await body()
            task.cancel()
            await task.value
        }

        func heard(_ wanted: [String]) async throws {
            try await until { far.heard.count >= wanted.count && voices.all[0].gauges.waiting == 0 }
            #expect(far.heard == wanted)
        }

        func until(_ isTrue: () -> Bool) async throws {
            let deadline = ContinuousClock.now + .seconds(30)
            while !isTrue() {
                guard .now < deadline else { throw TooLate(heard: far.heard) }
                await Task.yield()
            }
        }
        struct TooLate: Error { let heard: [String] }
    }

    @Test("It is said once, after it was written down, by its own mode; what its far end is not for is not said")
    func once() async throws {
        let scene = Scene()
        try await scene.running {
            scene.voices.take("alert", ToldLine.line("a"))
            scene.voices.take("alert", ToldLine.line("a"))
            scene.voices.take("alert", ToldLine.line("quake", event: "q", kind: "eew", priority: "immediate"))
            try await scene.heard(["actual a"])
            #expect(scene.flushed.value.withLock { $0 } == 1)
            scene.voices.take("alert", ToldLine.line("d", event: "d", mode: "exercise"))
            try await scene.heard(["actual a", "exercise d"])
        }
        // The same disk, the same events once more.
        let again = Scene(scene.notes)
        try await again.running {
            again.voices.take("alert", ToldLine.line("a"))
            again.voices.take("cancel", ToldLine.line("c", message: "cancel", change: "taken-back", over: true))
            again.voices.take("cancel", ToldLine.line("c", message: "cancel", change: "taken-back", over: true))
            try await again.heard(["actual c"])
        }
    }

    @Test("A speaker that hangs lets an immediate one through, and the end of what it says")
    func hanging() async throws {
        let scene = Scene()
        scene.far.behave(.hanging)
        try await scene.running {
            scene.voices.take("alert", ToldLine.line("notice", event: "n", gravity: "information", priority: "background"))
            try await scene.until { scene.far.heard == ["actual notice"] }
            scene.far.behave(.well)
            scene.voices.take("alert", ToldLine.line("now", event: "i", gravity: "emergency", priority: "immediate"))
            try await scene.heard(["actual notice", "actual now", "actual notice"])
            scene.far.behave(.hanging)
            scene.voices.take("alert", ToldLine.line("order", event: "o"))
            try await scene.until { scene.far.heard.last == "actual order" }
            scene.far.behave(.well)
            scene.voices.take("cancel", ToldLine.line("back", event: "o", message: "cancel", change: "taken-back", over: true))
            try await scene.heard(["actual notice", "actual now", "actual notice", "actual order", "actual back"])
        }
    }

    @Test("Where the town's key is known, only what the town has signed is said")
    func proven() async throws {
        let seals = TownSeals(notebook: MemoryLedger(), clock: { ToldLine.now }), stranger = TownSeals(notebook: MemoryLedger(), clock: { ToldLine.now })
        let scene = Scene(trust: TownTrust(topic: Self.topic, first: seals.key(of: Self.topic.town), notebook: MemoryLedger(), clock: { ToldLine.now }))
        let signed = try #require(seals.seal(ToldLine.line("a"), as: "alert", of: Self.topic.town)?.line)
        let forged = try #require(stranger.seal(ToldLine.line("b", event: "b"), as: "alert", of: Self.topic.town)?.line)
        let changed = Array(String(decoding: try #require(seals.seal(ToldLine.line("e", event: "e2", gravity: "danger"), as: "alert", of: Self.topic.town)?.line), as: UTF8.self).replacing("高台へ", with: "海岸へ").utf8)
        try await scene.running {
            for line in [forged, changed, ToldLine.line("c", event: "c"), signed] { scene.voices.take("alert", line) }
            // An alert's seal is no cancel's.
            scene.voices.take("cancel", signed)
            try await scene.heard(["actual a"])
            #expect(scene.voices.unprovenCount == 4)
        }
    }

    @Test("What waited while nobody knew the time is said when the hub is heard, if it is still young, and else not")
    func unknownTime() async throws {
        let scene = Scene(isTimeKnown: false)
        try await scene.running {
            scene.voices.take("alert", ToldLine.line("young", event: "y", told: ToldLine.now.addingTimeInterval(-600)))
            scene.voices.take("alert", ToldLine.line("old", event: "o", told: ToldLine.now.addingTimeInterval(-3600)))
            #expect(scene.voices.all[0].gauges.waiting == 2)
            scene.watch.learn(hubTime: ToldLine.date)
            try await scene.heard(["actual young"])
        }
    }

    @Test("A place that would not be heard says so until it is heard again; a refusal is no fault")
    func trouble() async throws {
        let scene = Scene()
        scene.far.behave(.failing(.misconfigured("no card")))
        try await scene.running {
            #expect(!scene.voices.isMute)
            scene.voices.take("alert", ToldLine.line("a"))
            try await scene.until { scene.voices.isMute && scene.troubles.value.withLock { $0 } == 1 }
            #expect(scene.voices.all[0].trouble?.contains("no card") == true)
            scene.far.behave(.failing(.rejected("no signal for it")))
            scene.voices.take("alert", ToldLine.line("b", event: "b"))
            try await scene.until { !scene.voices.isMute && scene.troubles.value.withLock { $0 } == 2 }
        }
        let mute = Scene()
        mute.far.reach(.misconfigured("open_jtalk is not there"))
        try await mute.running { try await mute.until { mute.voices.isMute } }
    }
}
