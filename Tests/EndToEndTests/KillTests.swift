/// The program is killed again and again, wherever it happens to be.
import CellBroadcast
import ChannelKit
import ChannelKitTesting
import Foundation
import Testing

extension EndToEnd {
    @Suite struct Kills {
        static let rounds = ProcessInfo.processInfo.environment["NOROSHI_KILLS"].flatMap { Int($0) } ?? 80

        /// What was sent in one round, and what of it was answered.
        struct Round: Sendable {
            var bulletins: [String] = []
            var notice: String
            var toCancel: String?
            var accepted: [String] = []
            var unanswered: [String] = []
            var pushed: TestHub.Pushed?
            /// The title of the notice before, if its cancelling was accepted.
            var cancelled: String?
        }

        @Test("Killed at any moment, nothing accepted is lost, nothing cancelled comes back, nothing is said in two ways")
        func kills() async throws {
            let hook = try await FarEndServer { _ in
                // Now and then the answer is lost on its way back.
                Int.random(in: 0..<10) == 0 ? .close : .answer(200)
            }
            try await Air.with { air in
                let folder = try TestHub.newFolder()
                let town = TownFile(gateway: air.url, hook: hook.url + "/hook")
                var accepted: Set<String> = []
                var cancelled: Set<String> = []
                var last: Round?
                var ends: [Int] = []
                for number in 1...Self.rounds {
                    if Int.random(in: 0..<5) == 0 { try await killWhileStarting(town, folder) }
                    let hub = try await TestHub.start(town, in: folder)
                    if let last { try await check(last, on: hub, &accepted, &cancelled) }
                    let round = try await load(number, after: last, on: hub)
                    last = round
                    ends.append(air.heard.count)
                }
                try await TestHub.with(town, in: folder) { hub in
                    if let last { try await check(last, on: hub, &accepted, &cancelled) }
                    try await checkWhole(hub, air, ends, accepted, cancelled, hook)
                }
                try FileManager.default.removeItem(at: folder)
            }
            await hook.stop()
        }

        private func killWhileStarting(_ town: TownFile, _ folder: URL) async throws {
            let settings = folder.appending(path: "settings.yaml")
            try Data(town.yaml.utf8).write(to: settings)
            let program = try Program([
                "serve", "--config", settings.path, "--data", folder.appending(path: "data").path, "--listen", "127.0.0.1:0",
                "--templates", Program.package.appending(path: "Templates").path,
            ])
            _ = await Gate().opens(within: .milliseconds(.random(in: 0...300)))
            try await program.kill()
        }

        /// Everything at once, and the end in the middle of it.
        private func load(_ number: Int, after last: Round?, on hub: TestHub) async throws -> Round {
            let quake = Quake(number)
            var bulletins = [try quake.warning(), try Quake(number + 10_000).forecast()]
            if number % 2 == 0 { bulletins.append(try quake.cancel()) }
            var round = Round(bulletins: bulletins, notice: "断水その\(number)番", toCancel: last?.pushed?.id)
            enum Answer: Sendable { case taken([String]), nothing(String), pushed(TestHub.Pushed?), cancelled(Bool), killed }
            let answers = await withTaskGroup(of: Answer.self) { group in
                for bulletin in bulletins {
                    group.addTask {
                        do { return .taken(try await hub.take(bulletin).alerts) } catch { return .nothing(bulletin) }
                    }
                }
                let notice = round.notice
                group.addTask {
                    .pushed(try? await hub.push(
                        #"{"town":"042056","kind":"notice","mode":"actual","title":"\#(notice)","body":"水が出ません。"}"#))
                }
                if let id = round.toCancel {
                    group.addTask { .cancelled((try? await hub.cancel(id))?.status == 202) }
                }
                group.addTask {
                    _ = await Gate().opens(within: .milliseconds(.random(in: 0...150)))
                    try? await hub.program.kill()
                    return .killed
                }
                var answers: [Answer] = []
                for await answer in group { answers.append(answer) }
                return answers
            }
            for answer in answers {
                switch answer {
                case .taken(let ids): round.accepted += ids
                case .nothing(let bulletin): round.unanswered.append(bulletin)
                case .pushed(let pushed):
                    round.pushed = pushed
                    if let pushed { round.accepted.append(pushed.id) }
                case .cancelled(let isDone): round.cancelled = isDone ? last?.notice : nil
                case .killed: break
                }
            }
            return round
        }

        /// What was accepted is there; what was not answered is sent again, as any source does.
        private func check(
            _ round: Round, on hub: TestHub, _ accepted: inout Set<String>, _ cancelled: inout Set<String>
        ) async throws {
            for id in round.accepted {
                let answer = try await hub.call("GET", "/v1/alerts/\(id)")
                #expect(answer.status == 200, "\(id) was accepted before the end and is gone")
            }
            for bulletin in round.unanswered { accepted.formUnion(try await hub.take(bulletin).alerts) }
            accepted.formUnion(round.accepted)
            let shown = itemsInForce(try await hub.page()).joined()
            for title in cancelled { #expect(!isShown(title, shown), "\(title) was taken off and came back") }
            guard let title = round.cancelled else { return }
            // The hub may have ended before the page was written again; it is written soon after the start.
            _ = try await eventually("\(title) leaves the page", within: .seconds(10)) {
                isShown(title, itemsInForce(try await hub.page()).joined()) ? nil : true
            }
            cancelled.insert(title)
        }

        private func isShown(_ title: String, _ text: String) -> Bool {
            text.contains("「\(title)」") || text.contains(">\(title)<")
        }

        private func checkWhole(
            _ hub: TestHub, _ air: Air, _ rounds: [Int], _ accepted: Set<String>, _ cancelled: Set<String>, _ hook: FarEndServer
        ) async throws {
            let known = Set(try await hub.alerts().map(\.id))
            for id in accepted.subtracting(known) {
                #expect(try await hub.call("GET", "/v1/alerts/\(id)").status == 200, "\(id)")
            }
            let open = try await eventually("every delivery ends or is held", within: .seconds(60)) { () -> [TestHub.Row]? in
                var open: [TestHub.Row] = []
                for state in ["waiting", "sending", "retrying", "stopped"] { open += try await hub.rows("state=\(state)") }
                return open.isEmpty ? open : nil
            }
            #expect(open.isEmpty)
            // One delivery is one message, however often it came.
            let received = hook.requests.compactMap { Received($0) }
            for (delivery, messages) in Dictionary(grouping: received, by: \.delivery) {
                #expect(Set(messages.map(\.message)).count == 1, "\(delivery): \(messages)")
            }
            for (event, messages) in Dictionary(grouping: received, by: \.event) {
                // Nothing waits for the disk: a cancel may leave, and the end come before it is in the record and answered. Then it was not
                // accepted, whoever asked for it has no answer, and what it was of stands again and says so once more.
                let cancels = try await recorded(messages.filter { $0.type == "alert.cancelled" }, on: hub, known)
                guard let cancelled = cancels.map(\.left).max() else { continue }
                // By when they left: an attempt that was cut off for the cancel may be read after it, on a line of its own.
                let back = messages.filter { $0.type != "alert.cancelled" && $0.left > cancelled }
                #expect(back.isEmpty && cancelled > 0, "\(event) came back: \(messages)")
            }
            checkSerials(air.heard, rounds)
            // A tablet that comes now hears nothing that was taken back.
            let tablet = try await hub.tablet(try await hub.enrol())
            let heard = tablet.events.map(\.data).joined()
            for title in cancelled { #expect(!heard.contains("「\(title)」") && !heard.contains("\"\(title)\""), "\(title)") }
        }

        private func recorded(_ messages: [Received], on hub: TestHub, _ known: Set<String>) async throws -> [Received] {
            var kept: [Received] = []
            for message in messages {
                if known.contains(message.alert) {
                    kept.append(message)
                } else if try await hub.call("GET", "/v1/alerts/\(message.alert)").status == 200 {
                    kept.append(message)
                }
            }
            return kept
        }

        /// A phone takes a second text under a serial number it knows for the same message. The 256 codes of warnings
        /// come round, a block of 16 later with every kill, so a number may return; not within this many rounds.
        private static let roundsApart = 8

        private func checkSerials(_ heard: [DecodedBroadcast], _ ends: [Int]) {
            var last: [String: (text: String, round: Int)] = [:]
            var round = 0
            for (index, broadcast) in heard.enumerated() {
                while round < ends.count, index >= ends[round] { round += 1 }
                guard broadcast.verb == .written, let text = broadcast.text else { continue }
                let slot = "\(broadcast.identifier) \(broadcast.serial)"
                if let before = last[slot], before.text != text {
                    #expect(round - before.round >= Self.roundsApart, "\(slot): \(before), then \(text) in round \(round)")
                }
                last[slot] = (text, round)
            }
        }
    }
}
