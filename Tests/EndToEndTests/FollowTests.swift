/// A record that is followed: a whole copy, each second what has changed, at the neighbour's too; and all of it back after the town hall is gone.
import ChannelKit
import ChannelKitTesting
import Foundation
import Testing

extension EndToEnd {
    @Suite struct Following {
        private static func object(_ text: String) throws -> [String: Any] {
            try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any], "\(text)")
        }

        private static func names(_ folder: URL, _ suffix: String) -> [String] {
            ((try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []).filter { $0.hasSuffix(suffix) }.sorted()
        }

        private static func notice(_ title: String) -> String { #"{"town":"042056","kind":"notice","mode":"actual","title":"\#(title)","body":"続けて写します"}"# }

        private static func flip(_ file: URL) throws {
            var octets = try Data(contentsOf: file)
            octets[octets.count / 2] ^= 1
            try octets.write(to: file)
        }

        @Test("The town hall is gone in a second: what was said until then opens at the neighbour's from copy and segments; a missing, changed or exchanged segment ends it there and says so", .enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/age-keygen")))
        func gone() async throws {
            let gateway = try await FarEndServer { request in .answer(request.method == "POST" ? 201 : 200) }
            let (home, far) = (try TestHub.newFolder(), try TestHub.newFolder())
            func made(_ name: String) async throws -> (file: String, recipient: String) {
                let file = home.appending(path: name)
                try #require(try await ChildProcess.run("/usr/bin/age-keygen", ["-o", file.path]) == 0)
                let text = try String(contentsOf: file, encoding: .utf8)
                return (file.path, try #require(text.split(whereSeparator: \.isNewline).first { $0.contains("public key: ") }?.split(separator: " ").last.map(String.init)))
            }
            let (first, second) = (try await made("one.key"), try await made("two.key"))
            let keys = ["--identity", first.file, "--identity", second.file], pair = "\(first.recipient),\(second.recipient)"
            let data = home.appending(path: "data"), shelf = home.appending(path: "shelf"), held = far.appending(path: "data/copies-held/042056")
            let key = try await TestHub.with(TownFile(gateway: gateway.url), in: home) { hub in
                try #require(try Self.object(try await hub.call("GET", "/v1/bundles").text)["key"] as? String)
            }
            try await TestHub.with(TownFile(gateway: gateway.url, sources: "copies: {room_mib: 16, partners: [{town: \"042056\", key: \"\(key)\"}]}"), in: far) { partner in
                let follower = try await TestHub.with(TownFile(gateway: gateway.url), in: home) { hub in
                    let follower = try Program(["backup", "--follow", "--every", "1", "--data", data.path, "--out", shelf.path, "--pair", pair, "--push", partner.address])
                    try await eventually("a whole copy at the partner's: \(follower.errors)", within: .seconds(60)) { !Self.names(held, ".copy").isEmpty }
                    for number in 1...3 {
                        let before = Self.names(held, ".part").count
                        _ = try await hub.push(Self.notice("続き\(number)"))
                        _ = try await hub.settled()
                        try await eventually("a segment: \(follower.errors)", within: .seconds(60)) { Self.names(held, ".part").count > before }
                    }
                    // The last word is in one that was begun after it.
                    let before = Self.names(held, ".part").count
                    _ = try await hub.enrol()
                    try await eventually("one more: \(follower.errors)", within: .seconds(60)) { Self.names(held, ".part").count > before }
                    return follower
                }
                try await follower.kill()
                let list = try Self.object(try await partner.call("GET", "/v1/copies").text)
                let copies = try #require(list["copies"] as? [[String: Any]])
                #expect(copies.count == 1 && (copies.first?["segments"] as? Int ?? 0) >= 4, "\(list)")
                // The town hall is gone, with all it had.
                try FileManager.default.removeItem(at: data)
                let copy = held.appending(path: try #require(Self.names(held, ".copy").first)).path
                let proved = try await Program.run(["restore", copy, "--verify", "--format", "json"] + keys)
                #expect(proved.code == 0, "\(proved)")
                let said = try Self.object(proved.out), number = try #require(said["number"] as? Int)
                #expect(said["alerts"] as? Int == 3 && (said["segments"] as? Int ?? 0) >= 4, "\(said)")
                let bare = try Self.object(try await Program.run(["restore", copy, "--verify", "--no-segments", "--format", "json"] + keys).out)
                #expect(bare["alerts"] as? Int == 0, "the copy alone is of the beginning: \(bare)")
                #expect(try await Program.run(["restore", copy, "--verify", "--expect-number", "\(number)"] + keys).code == 0)
                #expect(try await Program.run(["restore", copy, "--verify", "--expect-number", "\(number + 1)"] + keys).code == 65)
                let target = home.appending(path: "back")
                let put = try await Program.run(["restore", copy, "--data", target.path] + keys)
                #expect(put.code == 0 && put.out.contains("差分"), "\(put)")
                #expect(try await Program.run("restore", "--begin", "--data", target.path).code == 0)

                // Three that are broken, each in a folder of its own.
                let parts = Self.names(held, ".part")
                func broken(_ name: String, _ act: (URL) throws -> Void) async throws -> (proof: Program.Ended, put: Program.Ended) {
                    let folder = home.appending(path: name)
                    try FileManager.default.copyItem(at: held, to: folder)
                    try act(folder)
                    let copy = folder.appending(path: URL(filePath: copy).lastPathComponent).path
                    return (try await Program.run(["restore", copy, "--verify"] + keys), try await Program.run(["restore", copy, "--data", folder.appending(path: "data").path, "--format", "json"] + keys))
                }
                let missing = try await broken("missing") { folder in
                    for end in ["", ".slip"] { try FileManager.default.removeItem(at: folder.appending(path: parts[1] + end)) }
                }
                #expect(missing.proof.code == 65 && missing.proof.errors.contains("次の差分がありません"), "\(missing.proof)")
                #expect(try Self.object(missing.put.out)["segments"] as? Int == 1, "what came before it is taken: \(missing.put)")
                let changed = try await broken("changed") { try Self.flip($0.appending(path: parts[parts.count - 1])) }
                #expect(changed.proof.code == 65 && changed.proof.errors.contains("書かれたときと違う"), "\(changed.proof)")
                #expect(try Self.object(changed.put.out)["segments"] as? Int == parts.count - 1)
                let exchanged = try await broken("exchanged") { folder in
                    let (one, two) = (folder.appending(path: parts[0]), folder.appending(path: parts[1]))
                    let octets = (try Data(contentsOf: one), try Data(contentsOf: two))
                    try octets.1.write(to: one)
                    try octets.0.write(to: two)
                }
                #expect(exchanged.proof.code == 65)
                #expect(try Self.object(exchanged.put.out)["segments"] as? Int == 0)

                // A segment that goes on from nothing the partner has: a whole copy is asked for.
                let lone = home.appending(path: "lone")
                try FileManager.default.createDirectory(at: lone, withIntermediateDirectories: true)
                for end in ["", ".slip"] { try FileManager.default.copyItem(at: held.appending(path: parts[1] + end), to: lone.appending(path: parts[1] + end)) }
                let again = try await Program.run("backup", "--again", lone.appending(path: parts[1]).path, "--push", partner.address)
                #expect(again.code == 75, "older than what is held: \(again)")
            }
            for folder in [home, far] { try? FileManager.default.removeItem(at: folder) }  // only temporary folders
            await gateway.stop()
        }

        @Test("Whoever is told to end ends, and whoever is started again begins with a whole copy")
        func again() async throws {
            let gateway = try await FarEndServer { _ in .answer(201) }
            let home = try TestHub.newFolder()
            let shelf = home.appending(path: "shelf"), data = home.appending(path: "data").path
            try await TestHub.with(TownFile(gateway: gateway.url), in: home) { hub in
                let arguments = ["backup", "--follow", "--every", "1", "--data", data, "--out", shelf.path, "--unsealed"]
                let follower = try Program(arguments)
                try await eventually("a whole copy: \(follower.errors)", within: .seconds(60)) { !Self.names(shelf, ".copy").isEmpty }
                _ = try await hub.push(Self.notice("一度"))
                _ = try await hub.settled()
                try await eventually("a segment: \(follower.errors)", within: .seconds(60)) { !Self.names(shelf, ".part").isEmpty }
                follower.signal(SIGTERM)
                _ = try await follower.ended()
                let other = try Program(arguments)
                try await eventually("another whole copy: \(other.errors)", within: .seconds(60)) { Self.names(shelf, ".copy").count == 2 }
                try await other.kill()
                // What was under way when it was killed is nobody's.
                let copy = try #require(Self.names(shelf, ".copy").last)
                let proved = try await Program.run("restore", shelf.appending(path: copy).path, "--verify", "--format", "json")
                #expect(try Self.object(proved.out)["alerts"] as? Int == 1, "\(proved)")
            }
            let wrong = try await Program.run("backup", "--follow", "--data", data, "--out", shelf.path, "--unsealed", "--push", "/mnt/partner")
            #expect(wrong.code == 64 && wrong.errors.contains("--out"), "\(wrong)")
            #expect(try await Program.run("backup", "--every", "5", "--data", data, "--out", shelf.path, "--unsealed").code == 64)
            try? FileManager.default.removeItem(at: home)  // only a temporary folder
            await gateway.stop()
        }
    }
}
