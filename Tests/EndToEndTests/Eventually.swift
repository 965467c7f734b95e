import ChannelKitTesting
import Testing

/// These tests start real programs: one after the other, so that each has the machine to itself.
@Suite(.serialized) enum EndToEnd {}

struct NeverHappened: Error, CustomStringConvertible {
    let what: String
    let limit: Duration
    var description: String { "within \(limit) it never happened: \(what)" }
}

/// Asks again and again until there is an answer, at most for `limit`. What `ask` throws counts as "not yet".
@discardableResult
func eventually<Value: Sendable>(
    _ what: @autoclosure () -> String, within limit: Duration = .seconds(15),
    _ ask: () async throws -> Value?
) async throws -> Value {
    let end = ContinuousClock.now.advanced(by: limit)
    var last: (any Error)?
    while ContinuousClock.now < end {
        do {
            if let value = try await ask() { return value }
            last = nil
        } catch {
            last = error
        }
        // Nothing opens this gate: it is a breath between two questions.
        _ = await Gate().opens(within: .milliseconds(10))
    }
    throw NeverHappened(what: what() + (last.map { " (\($0))" } ?? ""), limit: limit)
}

func eventually(
    _ what: @autoclosure () -> String, within limit: Duration = .seconds(15), isTrue: () async throws -> Bool
) async throws {
    try await eventually(what(), within: limit) { try await isTrue() ? true : nil }
}
