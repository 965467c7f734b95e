/// An order sent again after a lost answer is the same order.
import ChannelKit
import ChannelKitTesting
import Foundation
import Synchronization
import Testing

extension EndToEnd {
    @Suite struct OrderKeys {
        static let notice = #"{"town":"042056","kind":"notice","mode":"actual","title":"断水のお知らせ","body":"本吉地区で断水しています。"}"#

        private func push(_ hub: TestHub, _ body: String = notice, key: String) async throws -> HTTPAnswer {
            try await hub.call("POST", "/v1/alerts", Array(body.utf8), headers: [(name: "Idempotency-Key", value: key)])
        }

        private func id(_ answer: HTTPAnswer) throws -> String {
            try #require(answer.status == 202, "\(answer.status) \(answer.text)")
            return try JSONDecoder().decode(TestHub.Pushed.self, from: Data(answer.body)).id
        }

        @Test("The same key and order is one alert, sent once; the same key for another order is refused")
        func once() async throws {
            let hook = try await FarEndServer { _ in .answer(200) }
            try await TestHub.with(TownFile(gateway: "http://127.0.0.1:9", hook: hook.url + "/hook")) { hub in
                let first = try await push(hub, key: #""a-1""#)
                #expect(first.header("Idempotent-Replayed") == nil)
                await hook.arrived(1)
                let again = try await push(hub, key: #""a-1""#)
                #expect(again.header("Idempotent-Replayed") == "true")
                #expect(try id(again) == id(first))
                #expect(try id(try await push(hub, key: "a-1")) == id(first), "bare and in quotes are one key")
                let other = try await push(hub, Self.notice.replacing("断水", with: "停電"), key: #""a-1""#)
                #expect(other.status == 422 && other.problem?.detail?.contains("Idempotency-Key") == true, "\(other.text)")
                #expect(try await push(hub, key: "a b").status == 400)
                #expect(try await push(hub, key: String(repeating: "k", count: 129)).status == 400)

                let cancels = try await withThrowingTaskGroup(of: HTTPAnswer.self) { group in
                    let path = "/v1/alerts/\(try id(first))/cancel"
                    for _ in 0..<4 {
                        group.addTask { try await hub.call("POST", path, headers: [(name: "Idempotency-Key", value: "c-1")]) }
                    }
                    return try await group.reduce(into: []) { $0.append($1) }
                }
                #expect(Set(try cancels.map(id)).count == 1, "four at once are one cancel")
                #expect(try await push(hub, key: "c-1").status == 422)
                try await hub.settled("channel=webhook")
                #expect(try await hub.alerts().count == 2)
                #expect(hook.requests.compactMap { Received($0)?.type } == ["alert.published", "alert.cancelled"])
                let fresh = try await push(hub, key: "a-2")
                #expect(try id(fresh) != id(first))
            }
            await hook.stop()
        }

        @Test("An order that was refused does not use up its key")
        func refused() async throws {
            try await TestHub.with(TownFile(gateway: "http://127.0.0.1:9")) { hub in
                let bad = Self.notice.replacing("\"title\"", with: "\"titel\"")
                let (refused, taken) = (try await push(hub, bad, key: "b-1"), try await push(hub, key: "b-1"))
                #expect(refused.status == 422 && taken.status == 202, "\(refused.text) \(taken.text)")
            }
        }

        @Test("Killed between the push and the retry, nothing is told twice", arguments: [false, true])
        func killed(answered: Bool) async throws {
            let hook = try await FarEndServer { _ in .answer(200) }
            let town = TownFile(gateway: "http://127.0.0.1:9", hook: hook.url + "/hook")
            let folder = try TestHub.newFolder()
            let hub = try await TestHub.start(town, in: folder)
            if answered {
                _ = try id(try await push(hub, key: "k-1"))
                await hook.arrived(1)
                try await hub.program.kill()
            } else {
                // The far end has it; whether the disk has, nobody knows.
                async let answer = try? push(hub, key: "k-1")
                await hook.arrived(1)
                try await hub.program.kill()
                _ = await answer
            }
            let told = Set(hook.requests.compactMap { Received($0)?.delivery })
            try await TestHub.with(town, in: folder) { hub in
                let again = try id(try await push(hub, key: "k-1"))
                let row = try #require(try await hub.settled("channel=webhook&alert=\(again)").first)
                #expect(told == [row.delivery.replacing(".", with: ":")], "the delivery the far end knows")
                #expect(try await hub.alerts().map(\.id) == [again])
                #expect(try await push(hub, Self.notice.replacing("断水", with: "停電"), key: "k-1").status == 422)
                let all = Set(hook.requests.compactMap { Received($0)?.delivery })
                #expect(all == told, "nothing new was told")
            }
            await hook.stop()
            try FileManager.default.removeItem(at: folder)
        }

        @Test("push asks again under the same key when the answer is lost, and with --key so may a person")
        func command() async throws {
            let answers = Count()
            let hub = try await FarEndServer { request in
                // What stands is asked first; this hub keeps none.
                guard request.method == "POST" else { return .answer(404) }
                // Twice: on a connection that was used before, libcurl itself asks once more and says nothing.
                return answers.next() <= 2 ? .close : .answer(202, body: Array(#"{"id":"a","event":"e","mode":"actual"}"#.utf8))
            }
            let words = ["push", "--town", "042056", "--kind", "notice", "--title", "a", "--body", "b", "--actual", "--hub", hub.url]
            let program = try Program(words)
            #expect(try await program.ended() == 0, "\(program.errors)")
            #expect(program.errors.contains("asking again") && program.out.contains("a"), "\(program.errors)")
            let keys = hub.requests.compactMap { $0.header("Idempotency-Key") }
            #expect(keys.count == 3 && Set(keys).count == 1, "\(keys)")
            #expect(Set(hub.requests.filter { $0.method == "POST" }.map(\.text)).count == 1)
            let own = try Program(words + ["--key", "mine"])
            #expect(try await own.ended() == 0, "\(own.errors)")
            #expect(hub.requests.last?.header("Idempotency-Key") == #""mine""#)
            await hub.stop()
        }
    }
}

/// Counts from 1, from any thread.
private final class Count: Sendable {
    private let value = Mutex(0)
    func next() -> Int { value.withLock { $0 += 1; return $0 } }
}
