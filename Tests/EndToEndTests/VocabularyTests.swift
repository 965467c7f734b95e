import ChannelKit
import Foundation
import Glibc
import Testing

extension EndToEnd {
    @Suite struct Vocabularies {
        private struct Attention: Decodable {
            struct Row: Decodable { var topic, subject, words: String; var times: Int }
            var attention: [Row]
        }
        private func rows(_ hub: TestHub) async throws -> [String] {
            try await hub.get("/v1/attention", as: Attention.self).attention.map { "\($0.topic) \($0.subject) \($0.times)" }.sorted()
        }
        private static let bulletin: String = {
            let path = Program.package.appending(path: "Tests/Fixtures/jma/type-nobody-knows.xml")
            // Of today: a bulletin of another century is said to be ahead, which is another story.
            return ((try? String(contentsOf: path, encoding: .utf8)) ?? "").replacing("2099-01-01", with: "2026-01-01")
        }()

        @Test("What no table knows is said once; a file laid in while the hub runs makes it known; a bad one is said and changes nothing")
        func story() async throws {
            let folder = try TestHub.newFolder()
            let words = folder.appending(path: "vocabularies")
            try FileManager.default.createDirectory(at: words, withIntermediateDirectories: true)
            var town = TownFile(gateway: "http://127.0.0.1:9")
            town.sources = "vocabularies: [\"\(words.path)\"]"
            try await TestHub.with(town, in: folder) { hub in
                try await hub.take(Self.bulletin)
                let second = try await hub.take(Self.bulletin.replacing("<Serial>1", with: "<Serial>2"))
                #expect(second.notes.contains { $0.contains("unknown codes") && $0.contains("jma-city:9999900") })
                let seen = try await rows(hub)
                #expect(seen == ["unknown-code jma-city:9999900 2", "unknown-type 新しい種類の情報 2"], "\(seen)")
                let said = hub.program.errors.components(separatedBy: "jma-city:9999900").count - 1
                #expect(said == 1, "one line in the log")
                let metrics = try await hub.call("GET", "/metrics", token: nil).text
                #expect(metrics.contains(#"noroshi_attention{topic="unknown-code"} 1"#))
                #expect(metrics.contains(#"noroshi_attention_sightings{topic="unknown-code"} 2"#))

                let file = words.appending(path: "merged.tsv")
                try Data("@table jma-city\n9999900\t合併前の町\n".utf8).write(to: file)
                hub.program.signal(SIGHUP)
                try await eventually("the names are in force") {
                    hub.program.errors.contains("vocabularies are in force")
                }
                let third = try await hub.take(Self.bulletin.replacing("<Serial>1", with: "<Serial>3"))
                #expect(third.notes.filter { $0.contains("unknown codes") } == [])

                try Data("@table jma-city\n9999900\n".utf8).write(to: file)
                hub.program.signal(SIGHUP)
                try await eventually("the flaw is said") { try await rows(hub).contains { $0.hasPrefix("vocabulary \(file.path)") } }
                let fourth = try await hub.take(Self.bulletin.replacing("<Serial>1", with: "<Serial>4"))
                #expect(fourth.notes.filter { $0.contains("unknown codes") } == [], "the old names stay")

                try Data("@table jma-city\n9999900\t合併後の町\n".utf8).write(to: file)
                hub.program.signal(SIGHUP)
                try await eventually("mended is off the list") { try await !rows(hub).contains { $0.hasPrefix("vocabulary") } }
            }
            try FileManager.default.removeItem(at: folder)
        }

        @Test("A bad vocabulary does not keep the hub from starting; a check says it")
        func badAtStart() async throws {
            let folder = try TestHub.newFolder()
            let file = folder.appending(path: "bad.tsv")
            try Data("@table jma-city\n1\n".utf8).write(to: file)
            var town = TownFile(gateway: "http://127.0.0.1:9")
            town.sources = "vocabularies: [\"\(file.path)\"]"
            try await TestHub.with(town, in: folder) { hub in
                let said = try await rows(hub)
                #expect(said == ["vocabulary \(file.path) 1"])
            }
            let settings = folder.appending(path: "settings.yaml").path
            let strict = try await Program.run("check", "--config", settings)
            #expect(strict.code == 78 && strict.errors.contains("\(file.path):2"))
            let lenient = try await Program.run("check", "--before-start", "--config", settings)
            #expect(lenient.code == 0 && lenient.errors.contains("\(file.path):2"))
            try FileManager.default.removeItem(at: folder)
        }
    }
}
