import AlertModel
import ChannelKit
import ChannelKitTesting
import Curl
import Testing

@Suite("The suite every channel runs", .timeLimit(.minutes(2)))
struct ConformanceTests {
    private func suite<A: ChannelAdapter>(
        _ adapter: A.Type, _ transport: any HTTPTransport
    ) -> ChannelConformance<A> {
        var suite = ChannelConformance<A>(transport: transport) { NoticeBoard(A.M.name) }
        suite.patience = .seconds(2)
        suite.grace = .seconds(2)
        suite.shortDeadline = .milliseconds(150)
        return suite
    }

    private func result<A: ChannelAdapter>(
        of check: ConformanceCheck, _ adapter: A.Type
    ) async throws -> ConformanceResult {
        let transport = try CurlTransport()
        let result = try await suite(adapter, transport).result(of: check)
        await transport.shutdown()
        return result
    }

    @Test("A good channel passes every check", arguments: ConformanceCheck.allCases)
    func good(check: ConformanceCheck) async throws {
        let real = try await result(of: check, PostChannel<Actual, Faultless>.self)
        #expect(real == (check == .saysDrill ? .skipped("this is the adapter for real alerts") : .kept))
        #expect(try await result(of: check, PostChannel<Exercise, Faultless>.self) == .kept)
    }

    @Test("A channel with a fault breaks the check that is there for it", arguments: [
        (NewNameEachTime.self, [.sameTwice, .update, .cancel, .retryAfterSilence]),
        (IgnoresCancellation.self, [.stopsWhenCancelled]),
        (IgnoresDeadline.self, [.deadline, .slow]),
        (BelievesAnything.self, [.deadline, .lying, .refusing, .busy, .goneAndBack, .stopsWhenCancelled]),
        (GivesUpForGood.self, [.deadline, .slow, .lying, .goneAndBack]),
        (Blocks.self, [.holdsNoThread]),
        (TakesAnyLength.self, [.tooLong]),
        (ForgetsDrill.self, [.saysDrill]),
        (TakesAnySettings.self, [.settings]),
        (DeliversNothing.self, [.delivers, .twoDeliveries, .update]),
        (HasBadManifest.self, [.manifest]),
        (ChecksOnlyAtStart.self, [.otherMode]),
        (CancelsOnlyWhatWasConfirmed.self, [.cancelUncertain]),
        (ForgetsAtRestart.self, [.afterRestart]),
        (WorksForever.self, [.runEnds]),
        (NeverReturns.self, [.stopsWhenCancelled]),
    ] as [(any Faulty.Type, [ConformanceCheck])])
    func faulty(fault: any Faulty.Type, checks: [ConformanceCheck]) async throws {
        for check in checks {
            let result = try await broken(check, fault)
            guard case .broken(let findings) = result else {
                Issue.record("\(fault) got through “\(check.rawValue)”: \(result)")
                continue
            }
            #expect(!findings.isEmpty)
        }
    }

    private func broken<F: Faulty>(_ check: ConformanceCheck, _ fault: F.Type) async throws -> ConformanceResult {
        try await result(of: check, PostChannel<Exercise, F>.self)
    }

    @Test("What is broken is recorded as an issue of the test that ran the check")
    func recordsIssues() async {
        await withKnownIssue {
            let suite = ChannelConformance<PostChannel<Actual, HasBadManifest>> { NoticeBoard(.actual) }
            try await suite.verify(.manifest)
        }
    }

    @Test("What the far end cannot play is skipped in plain words")
    func skips() async throws {
        let suite = ChannelConformance<PostChannel<Actual, Faultless>> { OnlyGood() }
        #expect(try await suite.result(of: .lying) == .skipped("the far end cannot play lying"))
        #expect(try await suite.result(of: .goneAndBack) == .skipped("the far end cannot play back, gone"))
    }
}

/// A far end inside the process, as a folder or a stream is.
private struct OnlyGood: ConformanceFarEnd {
    let repertoire: Set<FarEndBehaviour> = [.well]
    let settings: [String: String] = [:]
    func start() async throws {}
    func setBehaviour(_ behaviour: FarEndBehaviour) async throws {}
    func arrived() async {}
    func messagesHeld() async -> [HeldMessage] { [] }
    func stop() async {}
}
