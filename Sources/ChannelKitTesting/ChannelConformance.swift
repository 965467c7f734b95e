// One suite for every channel.
//
//     @Suite struct SirenConformance {
//         let suite = ChannelConformance<Siren<Actual>>(transport: …) { SirenFarEnd() }
//
//         @Test("A siren is a channel", arguments: ConformanceCheck.allCases)
//         func conforms(check: ConformanceCheck) async throws { try await suite.verify(check) }
//     }
//
// Run it for `Actual` and for `Exercise`: a drill cannot be given to a live adapter, so there is no test for that but
// one that does not compile.

package import AlertModel
package import ChannelKit
package import FoundationEssentials
package import Testing

package struct ChannelConformance<A: ChannelAdapter>: Sendable {
    /// How long what should be prompt may take: long enough for a busy machine, far shorter than any attempt.
    package var patience: Duration = .seconds(2)
    /// How long it is waited for what has to happen at all: reached in vain only where it does not.
    package var grace: Duration = .seconds(10)
    /// What the suite gives attempts that are to run into their deadline.
    package var shortDeadline: Duration = .milliseconds(300)
    /// An alert the channel has a use for.
    package var kind: AlertKind = .evacuation
    package var priority: Priority = .urgent
    /// The channel's settings, apart from its far ends'.
    package var channelSettings: [String: String] = [:]
    /// Where the adapter publishes and where it writes, for channels whose far end is there. One suite per check then.
    package var stream: any StreamPublisher = RecordingStream()
    package var directory: URL?
    package var pages = PageShelf()
    /// For channels that wake devices.
    package var wakes: (any WakeBook)?

    let transport: any HTTPTransport
    let makeFarEnd: @Sendable () async throws -> any ConformanceFarEnd

    package init(
        transport: any HTTPTransport = NoTransport(),
        farEnd: @escaping @Sendable () async throws -> any ConformanceFarEnd
    ) {
        self.transport = transport
        makeFarEnd = farEnd
    }

    /// Runs one check and records what is wrong.
    package func verify(_ check: ConformanceCheck, sourceLocation: SourceLocation = #_sourceLocation) async throws {
        guard case .broken(let findings) = try await result(of: check) else { return }
        for finding in findings {
            Issue.record("\(A.manifest.name): \(check.rawValue): \(finding)", sourceLocation: sourceLocation)
        }
    }

    /// Runs one check against a far end of its own.
    package func result(of check: ConformanceCheck) async throws -> ConformanceResult {
        let farEnd = try await makeFarEnd()
        let missing = check.needs.subtracting(farEnd.repertoire)
        guard missing.isEmpty else {
            return .skipped("the far end cannot play \(missing.map(\.rawValue).sorted().joined(separator: ", "))")
        }
        try await farEnd.start()
        let scene = try Scene(suite: self, farEnd: farEnd)
        do {
            try await scene.play(check)
        } catch {
            await scene.leave()
            throw error
        }
        await scene.leave()
        if !scene.findings.isEmpty { return .broken(scene.findings) }
        return scene.skip.map { .skipped($0) } ?? .kept
    }
}
