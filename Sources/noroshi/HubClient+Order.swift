import ChannelKit
import Foundation

/// Orders: what must not be sent twice, and must not be taken for sent when it was not.
///
/// Each bears a key (`Idempotency-Key`). When the answer is lost the same order is asked for again under the same key,
/// which the hub takes once; when that is of no use either, the person gets the key to go on with.
extension HubClient {
    /// How long a lost answer is asked for again. A hub starts within seconds, also over a long ledger.
    private static let patience: Duration = .seconds(30)

    func order(
        _ path: String, body: [UInt8] = [], key: String?, headers: [(name: String, value: String)] = []
    ) async throws -> [String: Any] {
        let key = key ?? UUID().uuidString.lowercased()
        let end = ContinuousClock.now.advanced(by: Self.patience)
        var pause: Duration = .milliseconds(500)
        var isPerhapsTaken = false
        while true {
            let trouble: String
            switch await ask(path, body, key, headers) {
            case .success(let answer) where answer.status != 503: return try Self.value(of: answer) as? [String: Any] ?? [:]
            case .success(let answer): trouble = Self.words(answer)
            case .failure(.noAnswer(let reason)): trouble = reason
            case .failure(.unreachable(let reason)) where isPerhapsTaken: trouble = reason
            case .failure(let failure): throw unreachable(failure)
            }
            isPerhapsTaken = true
            guard ContinuousClock.now < end else { throw Self.unknown(trouble, key) }
            Terminal.complain("応答がありません。同じ依頼をもう一度確かめます（二重には送られません）… no answer, asking again: \(trouble)")
            try await ContinuousClock().sleep(for: pause)
            pause = min(pause * 2, .seconds(4))
        }
    }

    private func ask(
        _ path: String, _ body: [UInt8], _ key: String, _ more: [(name: String, value: String)]
    ) async -> Result<HTTPAnswer, TransportFailure> {
        do throws(TransportFailure) {
            return .success(try await call(
                "POST", path, body: body, headers: more + [(name: "Idempotency-Key", value: "\"\(key)\"")]))
        } catch {
            return .failure(error)
        }
    }

    private static func unknown(_ trouble: String, _ key: String) -> any Error {
        Exit.with(Exit.unreachable, """
            送られたかどうか確認できません。同じ内容に --key \(key) を付けてやり直せば、二重には送られません。
            (\(trouble). It is not known whether the hub took it; the same command with --key \(key) is safe: it is sent once.)
            """)
    }
}
