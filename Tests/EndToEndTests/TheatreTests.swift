/// Nights of the past, played again as drills.
import ChannelKitTesting
import Foundation
import Testing

extension EndToEnd {
    @Suite struct Theatres {
        private static let names = ["tohoku-2011", "kumamoto-2016", "double-quake-2018", "noto-2024"]

        private struct Score: Decodable {
            struct Word: Decodable { var after_s: Int; var by, title: String; var asked, delivered: Int }
            var bulletins, asked, delivered, misses, doubles: Int
            var to_first_s, to_desk_s: Int?
            var words: [Word]
        }

        @Test("The same play has the same score, bit by bit: everybody is told, nobody twice, and the desk's acts stand in it", arguments: names)
        func twice(name: String) async throws {
            let words = ["replay", "--theatre", name, "--sealed", "--format", "json"]
            let (first, second) = (try await Program.run(words, environment: [:]), try await Program.run(words, environment: [:]))
            #expect(first.code == 0 && first.out == second.out && !first.out.isEmpty, "\(first)\n\(second)")
            let score = try JSONDecoder().decode(Score.self, from: Data(first.out.utf8))
            #expect(score.misses == 0 && score.doubles == 0 && score.asked > 0 && score.asked == score.delivered, "\(first.out)")
            #expect(score.to_desk_s ?? -1 >= 120 && score.words.contains { $0.by.contains("訓練の机") }, "\(first.out)")
            switch name {
            case "noto-2024":
                #expect(score.to_first_s == 0 && score.words.count >= 8, "\(first.out)")
                #expect(score.words.contains { $0.title.contains("津波") && $0.after_s == 700 }, "大津波警報 at 16:22, 700 s after the early warning: \(first.out)")
            case "double-quake-2018":
                // 震度3 is below what a town is woken for: the early warning was all, and the desk's word about it.
                #expect(score.to_first_s == 0 && score.words.count <= 3, "\(first.out)")
            default: #expect(score.to_first_s ?? 99 <= 5, "\(first.out)")
            }
        }

        @Test("At a hub a play is one of its drills, planned, run and scored, and nothing of it is real")
        func atHub() async throws {
            let hook = try await FarEndServer { _ in .answer(200) }
            try await TestHub.with(TownFile(gateway: "http://127.0.0.1:9", hook: hook.url + "/hook")) { hub in
                let environment = ["NOROSHI_HUB": hub.address, "NOROSHI_TOKEN": TownFile.token]
                let ended = try await Program.run(["replay", "--theatre", "double-quake-2018", "--speed", "60"], environment: environment)
                #expect(ended.code == 0 && ended.out.contains("二つの地震"), "\(ended)")
                #expect(hook.requests.isEmpty, "the live receiver heard something")
                let listed = try await Program.run(["drill", "list", "--format", "json"], environment: environment)
                #expect(listed.out.contains(#""state":"over""#), "\(listed)")
                #expect(try await hub.alerts().allSatisfy { $0.mode == "exercise" })
            }
            await hook.stop()
        }

        @Test("A name that is none, a speed out of bounds, both a folder and a play: usage")
        func usage() async throws {
            for words in [
                ["--theatre", "edo-1703", "--sealed"], ["--theatre", "noto-2024", "--speed", "61"], ["--theatre", "noto-2024", "--speed", "0.5"],
                ["--theatre", "noto-2024", "Templates/demo"], [], ["Templates/demo", "--sealed"],
            ] {
                let ended = try await Program.run(["replay"] + words, environment: [:])
                #expect(ended.code == 64, "\(words): \(ended)")
            }
        }
    }
}
