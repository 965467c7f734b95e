package import AlertModel
package import ChannelKit
package import Logging

/// One channel in one mode, as the line uses it.
package struct ChannelSlot<M: Mode>: Sendable {
    package let manifest: ChannelManifest
    package let runner: ChannelRunner<M>
    package let lint: @Sendable (RenderedText, Language, AlertContent) -> [TextProblem]
    package let lintAt: @Sendable (RenderedText, Language, AlertContent, FarEnd<M>) -> [TextProblem]
    package let check: @Sendable (FarEnd<M>) throws -> Void
    package let prepare: @Sendable (FarEnd<M>, Town, [ShelterStatus]) async throws(DeliveryFailure) -> Void
    package let reach: @Sendable (FarEnd<M>, ContinuousClock.Instant) async throws(DeliveryFailure) -> String?
    package let clear: @Sendable (FarEnd<M>) async throws(DeliveryFailure) -> Void
    package let report: @Sendable (FarEnd<M>) -> FarEndReport?

    package init<A: ChannelAdapter>(_ adapter: A, observer: any DeliveryObserver, logger: Logger) where A.M == M {
        manifest = A.manifest
        runner = ChannelRunner(adapter, observer: observer, logger: logger)
        lint = { A.lint($0, $1, in: $2) }
        lintAt = { A.lint($0, $1, in: $2, at: $3) }
        check = { try A.check($0) }
        reach = { farEnd, deadline throws(DeliveryFailure) in try await adapter.reach(farEnd, deadline: deadline) }
        clear = { farEnd throws(DeliveryFailure) in try await adapter.clear(farEnd) }
        report = { adapter.report(on: $0) }
        prepare = { farEnd, town, shelters throws(DeliveryFailure) in
            try await adapter.prepare(farEnd, of: town, shelters: shelters)
        }
    }
}
