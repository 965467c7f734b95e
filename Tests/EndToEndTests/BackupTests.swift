/// The sealed copy: taken beside a running hub, proved, put back, and silent there.
import ChannelKit
import ChannelKitTesting
import Foundation
import GRDB
import Testing

extension Program {
    /// Another program of this machine, to its end.
    fileprivate static func other(_ path: String, _ arguments: String...) async throws -> Int32 {
        try await ChildProcess.run(path, arguments)
    }
}

extension EndToEnd {
    @Suite struct Backups {
        private static func key(_ folder: URL, _ name: String) async throws -> (file: String, recipient: String) {
            let file = folder.appending(path: name)
            let made = try await Program.other("/usr/bin/age-keygen", "-o", file.path)
            try #require(made == 0, "age-keygen")
            let text = try String(contentsOf: file, encoding: .utf8)
            return (file.path, try #require(text.split(whereSeparator: \.isNewline).first { $0.contains("public key: ") }?.split(separator: " ").last.map(String.init)))
        }

        private static func object(_ text: String) throws -> [String: Any] {
            try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any], "\(text)")
        }

        @Test("A copy is made beside the running hub, sealed for two; either opens and proves it; put back elsewhere it says the same, holds what had not ended and sends nothing", .enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/age-keygen")))
        func there() async throws {
            let gateway = try await FarEndServer { request in .answer(request.method == "POST" ? 201 : 200) }
            let (old, new) = (try TestHub.newFolder(), try TestHub.newFolder())
            let (first, second) = (try await Self.key(old, "one.key"), try await Self.key(old, "two.key"))
            let stranger = try await Self.key(old, "three.key")
            let copy = old.appending(path: "copy.age").path, data = old.appending(path: "data").path
            let device = try await TestHub.with(TownFile(gateway: gateway.url), in: old) { hub in
                let device = try await hub.enrol()
                _ = try await hub.push(#"{"town":"042056","kind":"evacuation","mode":"actual","hazard":"津波","level":4,"districts":["気仙沼地区"],"reason":"津波警報"}"#)
                _ = try await hub.settled()
                let made = try await Program.run("backup", "--data", data, "--out", copy, "--recipient", first.recipient, "--recipient", second.recipient, "--format", "json")
                #expect(made.code == 0, "\(made)")
                #expect(try Self.object(made.out)["alerts"] as? Int == 1)
                #expect(try await Program.run("backup", "--data", data, "--out", copy, "--recipient", first.recipient).code == 73, "nothing is written over")
                // What comes after it is not in it.
                _ = try await hub.push(#"{"town":"042056","kind":"notice","mode":"actual","title":"あと","body":"写しのあと"}"#)
                _ = try await hub.settled()
                return device
            }
            #expect(try Data(contentsOf: URL(filePath: copy)).starts(with: Data("age-encryption.org/v1".utf8)))
            for key in [first, second] {
                let proved = try await Program.run("restore", copy, "--identity", key.file, "--verify", "--format", "json")
                #expect(proved.code == 0, "\(proved)")
                let said = try Self.object(proved.out)
                #expect(said["verified"] as? Bool == true && said["alerts"] as? Int == 1 && (said["facts"] as? Int ?? 0) > 0)
            }
            #expect(try await Program.run("restore", copy, "--identity", stranger.file, "--verify").code == 65)
            #expect(try await Program.run("restore", copy, "--verify").code == 64, "sealed, and no key")
            #expect(try await Program.run("restore", copy, "--identity", first.file, "--data", data).code == 73, "a folder with a life")
            let asked = gateway.requests.count { $0.method == "POST" }
            let target = new.appending(path: "data").path
            let put = try await Program.run("restore", copy, "--identity", second.file, "--data", target)
            #expect(put.code == 0 && put.out.contains("何も送っていません"), "\(put)")
            // Nothing starts on it before a person says so; and only once.
            let refused = try await Program.run("serve", "--data", target, "--listen", "127.0.0.1:0")
            #expect(refused.code == 75 && refused.errors.contains("restore --begin"), "\(refused)")
            let checked = try await Program.run("check", "--data", target, "--before-start")
            #expect(checked.code == 75 && checked.errors.contains("restore --begin"), "what serve says check says: \(checked)")
            #expect(try await Program.run("restore", "--begin", "--data", target).code == 0)
            #expect(try await Program.run("restore", "--begin", "--data", target).code == 75)
            try await TestHub.with(TownFile(gateway: gateway.url), in: new) { hub in
                let standing = try await hub.call("GET", "/v1/towns/042056/standing").text
                #expect(standing.contains("気仙沼地区"), "\(standing)")
                #expect(try await hub.call("GET", "/v1/catch-up", token: device.token).text.contains("避難指示"), "a tablet is at home there")
                #expect(try await hub.call("GET", "/v1/attention").text.contains("写しから戻した"))
                #expect(try await hub.call("GET", "/v1/alerts").text.contains("写しのあと") == false)
                #expect(try await Program.run("log", "verify", "--data", target).code == 0)
            }
            #expect(gateway.requests.count { $0.method == "POST" } == asked, "nothing went out")
            await gateway.stop()
        }

        @Test("What had not ended when the copy was made waits for a person, also where it had just been offered")
        func held() async throws {
            let dead = try await FarEndServer { _ in .answer(503) }
            let (old, new) = (try TestHub.newFolder(), try TestHub.newFolder())
            let copy = old.appending(path: "copy.zst").path
            try await TestHub.with(TownFile(gateway: dead.url), in: old) { hub in
                _ = try await hub.push(#"{"town":"042056","kind":"evacuation","mode":"actual","hazard":"津波","level":4,"districts":["気仙沼地区"],"reason":"津波警報"}"#)
                try await eventually("tried") { dead.requests.contains { $0.method == "POST" } }
                // All others have ended: what is held is the one that cannot.
                try await eventually("the others end") { try await hub.rows().count { ["waiting", "sending", "retrying"].contains($0.state) } == 1 }
                let made = try await Program.run("backup", "--data", old.appending(path: "data").path, "--out", copy, "--unsealed")
                #expect(made.code == 0, "\(made)")
            }
            let asked = dead.requests.count
            // The words, packed as a cell broadcast has them.
            func pages(_ request: FarEndServer.Request) -> String? { request.text.components(separatedBy: #""payload":"#).last }
            let stale = dead.requests.first { $0.method == "POST" }.flatMap(pages)
            #expect(stale != nil)
            let put = try await Program.run("restore", copy, "--data", new.appending(path: "data").path, "--format", "json")
            #expect(try Self.object(put.out)["held"] as? Int == 1, "\(put)")
            #expect(try await Program.run("restore", "--begin", "--data", new.appending(path: "data").path).code == 0)
            try await TestHub.with(TownFile(gateway: dead.url), in: new) { hub in
                let rows = try await hub.call("GET", "/v1/deliveries?state=held").text
                #expect(rows.contains("写しから戻したとき"), "\(rows)")
                // What is new goes out there, and by then what was taken up would have.
                _ = try await hub.push(#"{"town":"042056","kind":"evacuation","mode":"actual","hazard":"洪水","level":4,"districts":["気仙沼地区"],"reason":"川の水位"}"#)
                try await eventually("the new one") { dead.requests.dropFirst(asked).contains { pages($0) != stale } }
            }
            #expect(dead.requests.dropFirst(asked).allSatisfy { pages($0) != stale }, "what is held was sent")
            await dead.stop()
        }

        @Test("A copy that was cut or changed, and a file that is none, is refused whole, and leaves nothing behind")
        func changed() async throws {
            let folder = try TestHub.newFolder(), gateway = try await FarEndServer { _ in .answer(201) }
            let copy = folder.appending(path: "copy.zst"), target = folder.appending(path: "back")
            try await TestHub.with(TownFile(gateway: gateway.url), in: folder) { hub in
                _ = try await hub.push(#"{"town":"042056","kind":"notice","mode":"actual","title":"給水","body":"給水します"}"#)
                _ = try await hub.settled()
                #expect(try await Program.run("backup", "--data", folder.appending(path: "data").path, "--out", copy.path, "--unsealed").code == 0)
                #expect(try await Program.run("backup", "--data", folder.appending(path: "data").path, "--out", copy.path + "2").code == 64, "sealed or said aloud")
            }
            await gateway.stop()
            let whole = try Data(contentsOf: copy)
            func refused(_ octets: Data, _ what: String) async throws {
                let file = folder.appending(path: "bad")
                try octets.write(to: file)
                let said = try await Program.run("restore", file.path, "--data", target.path)
                #expect(said.code == 65, "\(what): \(said)")
                #expect(!FileManager.default.fileExists(atPath: target.path), "\(what)")
            }
            try await refused(whole.dropLast(whole.count / 3), "cut")
            try await refused(Data("age-encryption".utf8), "none")
            try await refused(Data(), "empty")
            // Opened, and packed again with another file, with one more, and with one that leads elsewhere.
            for (what, change) in [
                ("a file changed", "f=$(find . -type f ! -name ledger.sqlite ! -name about.json | head -n 1); echo x >> \"$f\""), ("a file too many", "echo x > another"),
                ("a link", "ln -s /etc/passwd link"), ("no word of itself", "rm about.json"),
            ] {
                let packed = folder.appending(path: "packed")
                let script = "rm -rf '\(packed.path).d'; mkdir '\(packed.path).d'; cd '\(packed.path).d'; zstd -qdc '\(copy.path)' | tar -xf -; \(change); tar -cf - . | zstd -qcf > '\(packed.path)'"
                try #require(try await Program.other("/bin/sh", "-c", script) == 0)
                try await refused(try Data(contentsOf: packed), what)
            }
            // Opened, a row changed, and packed again: the digest says so; with a digest made anew the chain does.
            for isDigestToo in [false, true] {
                let inside = folder.appending(path: "inside-\(isDigestToo)")
                try FileManager.default.createDirectory(at: inside, withIntermediateDirectories: true)
                try #require(try await Program.other("/bin/sh", "-c", "zstd -qdc '\(copy.path)' | tar -xf - -C '\(inside.path)'") == 0)
                let script = """
                    import sqlite3, sys, json, hashlib
                    at = sys.argv[1]
                    db = sqlite3.connect(at + "/ledger.sqlite")
                    db.execute("UPDATE alert SET actor = 'somebody else'"); db.commit(); db.close()
                    if sys.argv[2] == "true":
                        about = json.load(open(at + "/about.json"))
                        octets = open(at + "/ledger.sqlite", "rb").read()
                        for part in about["files"]:
                            if part["path"] == "ledger.sqlite":
                                part["sha256"], part["octets"] = hashlib.sha256(octets).hexdigest(), len(octets)
                        json.dump(about, open(at + "/about.json", "w"))
                    """
                try #require(try await Program.other("/usr/bin/env", "python3", "-c", script, inside.path, "\(isDigestToo)") == 0)
                let packed = folder.appending(path: "packed-\(isDigestToo)")
                try #require(try await Program.other("/bin/sh", "-c", "tar -C '\(inside.path)' -cf - . | zstd -qc > '\(packed.path)'") == 0)
                try await refused(try Data(contentsOf: packed), "a row changed, digest \(isDigestToo)")
            }
            // What would be refused is not made.
            try #require(try await Program.other("/usr/bin/sqlite3", folder.appending(path: "data/ledger.sqlite").path, "UPDATE alert SET actor = 'somebody else'") == 0)
            let useless = try await Program.run("backup", "--data", folder.appending(path: "data").path, "--out", copy.path + "3", "--unsealed")
            #expect(useless.code == 65 && !FileManager.default.fileExists(atPath: copy.path + "3"), "\(useless)")
            // The disk is full where it would be put: nothing is said against the copy.
            let small = folder.appending(path: "small")
            try FileManager.default.createDirectory(at: small, withIntermediateDirectories: true)
            if geteuid() == 0, try await Program.other("/bin/mount", "-t", "tmpfs", "-o", "size=64k", "none", small.path) == 0 {
                let full = try await Program.run("restore", copy.path, "--data", small.appending(path: "data").path)
                _ = try await Program.other("/bin/umount", small.path)
                #expect(full.code == 73 && full.errors.contains("写しが壊れているのではありません"), "\(full)")
            }
            for place in [folder, folder.appending(path: "data")] {
                let left = try FileManager.default.contentsOfDirectory(atPath: place.path).filter { $0.hasPrefix(".copy-") || $0.contains(".new") }
                #expect(left.isEmpty, "\(left)")
            }
        }

        @Test("Of a copy for pairs one holder opens nothing, two of different pairs nothing, and either pair all of it, in any order; also without the program", .enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/age-keygen")))
        func pairs() async throws {
            let folder = try TestHub.newFolder(), gateway = try await FarEndServer { _ in .answer(201) }
            var keys: [(file: String, recipient: String)] = []
            for name in ["one", "two", "three", "four"] { keys.append(try await Self.key(folder, name)) }
            let copy = folder.appending(path: "copy").path, data = folder.appending(path: "data").path
            try await TestHub.with(TownFile(gateway: gateway.url), in: folder) { hub in
                _ = try await hub.push(#"{"town":"042056","kind":"notice","mode":"actual","title":"給水","body":"給水します"}"#)
                _ = try await hub.settled()
                let both = ["--pair", "\(keys[0].recipient),\(keys[1].recipient)", "--pair", "\(keys[2].recipient),\(keys[3].recipient)"]
                let made = try await Program.run(["backup", "--data", data, "--out", copy] + both)
                #expect(made.code == 0, "\(made)")
                #expect(try await Program.run(["backup", "--data", data, "--out", copy + "2", "--recipient", keys[0].recipient] + both).code == 64)
                #expect(try await Program.run("backup", "--data", data, "--out", copy + "2", "--pair", "\(keys[0].recipient),\(keys[0].recipient)").code == 64, "one person is no pair")
            }
            await gateway.stop()
            func opened(_ numbers: Int...) async throws -> Program.Ended {
                try await Program.run(["restore", copy, "--verify"] + numbers.flatMap { ["--identity", keys[$0].file] })
            }
            for number in keys.indices {
                let alone = try await opened(number)
                #expect(alone.code == 64 && alone.errors.contains("二人の鍵"), "\(alone)")
                #expect(try await opened(number, number).code == 65, "twice oneself is no pair")
            }
            #expect(try await opened(0, 2).code == 65)
            #expect(try await opened(1, 3).code == 65)
            for pair in [[0, 1], [1, 0], [2, 3], [3, 2]] {
                let whole = try await opened(pair[0], pair[1])
                #expect(whole.code == 0, "\(pair): \(whole)")
            }
            let put = try await Program.run("restore", copy, "--identity", keys[3].file, "--identity", keys[2].file, "--data", folder.appending(path: "back").path)
            #expect(put.code == 0 && !FileManager.default.fileExists(atPath: folder.appending(path: "back/.pair").path), "\(put)")
            // As the letter in it says.
            let out = folder.appending(path: "by-hand").path
            let hand = "mkdir '\(out)' && cd '\(out)' && tar -xf '\(copy)' && age -d -i '\(keys[0].file)' pair-1.age | age -d -i '\(keys[1].file)' > copy.key && age -d -i copy.key copy.age | zstd -qd | tar -xf - && test -f about.json"
            #expect(try await Program.other("/bin/sh", "-c", hand) == 0)
            // No holder's part of it is anything alone, and nothing of the key is in it.
            #expect(try await Program.other("/bin/sh", "-c", "cd '\(out)' && age -d -i '\(keys[0].file)' pair-1.age > half && ! grep -aq AGE-SECRET half && ! grep -aq AGE-SECRET '\(copy)'") == 0)
            let stages = try FileManager.default.contentsOfDirectory(atPath: data).filter { $0.hasPrefix(".copy-") }
            #expect(stages.isEmpty)
        }

        @Test("A copy has a number and its hub's signature: an older one in its place, one that somebody else sealed, and one beside the wrong slip are refused; a folder of copies only grows")
        func numbered() async throws {
            let folder = try TestHub.newFolder(), gateway = try await FarEndServer { _ in .answer(201) }
            let data = folder.appending(path: "data").path, shelf = folder.appending(path: "partner")
            func path(_ name: String) -> String { folder.appending(path: name).path }
            try FileManager.default.createDirectory(at: shelf, withIntermediateDirectories: true)
            var numbers: [Int] = [], signer = ""
            try await TestHub.with(TownFile(gateway: gateway.url), in: folder) { _ in
                for name in ["a", "b"] {
                    let made = try await Program.run("backup", "--data", data, "--out", path(name), "--unsealed", "--push", shelf.path, "--format", "json")
                    #expect(made.code == 0, "\(made)")
                    let said = try Self.object(made.out)
                    numbers.append(try #require(said["number"] as? Int))
                    signer = try #require(said["signer"] as? String)
                    // The next second has another number.
                    try await eventually("a second") { Int(Date().timeIntervalSince1970) > numbers[numbers.count - 1] }
                }
            }
            await gateway.stop()
            #expect(numbers[0] < numbers[1])
            func verified(_ name: String, _ more: String...) async throws -> Program.Ended { try await Program.run(["restore", path(name), "--verify"] + more) }
            let whole = try await verified("b", "--expect-number", "\(numbers[1])", "--signer", signer)
            #expect(whole.code == 0 && whole.out.contains("番号 \(numbers[1])"), "\(whole)")
            let older = try await verified("a", "--expect-number", "\(numbers[1])")
            #expect(older.code == 65 && older.errors.contains("古い写し"), "\(older)")
            #expect(try await verified("b", "--signer", "AAAA-BBBB-CCCC-DDDD").code == 65)
            let manager = FileManager.default
            // The new one's slip beside the old one.
            try manager.copyItem(atPath: path("a"), toPath: path("c"))
            try manager.copyItem(atPath: path("b.slip"), toPath: path("c.slip"))
            #expect(try await verified("c", "--expect-number", "\(numbers[1])").code == 65)
            try manager.copyItem(atPath: path("b"), toPath: path("d"))
            #expect(try await verified("d", "--expect-number", "1").code == 65, "a number is asked for, and there is no slip")
            #expect(try await verified("d").code == 0)
            // Another hub's signature under our copy.
            let strange = try TestHub.newFolder()
            try await TestHub.with(TownFile(gateway: "http://127.0.0.1:9"), in: strange) { _ in }
            let sealed = try await Program.run("backup", "--data", strange.appending(path: "data").path, "--out", path("e"), "--unsealed")
            try #require(sealed.code == 0)
            try manager.removeItem(atPath: path("e.slip"))
            try manager.copyItem(atPath: path("b.slip"), toPath: path("e.slip"))
            #expect(try await verified("e").code == 65)
            // The partner's folder: both are there, and the older one is not put there again.
            let names = try manager.contentsOfDirectory(atPath: shelf.path).sorted()
            #expect(names.count == 4 && names.filter { $0.hasSuffix(".slip") }.count == 2, "\(names)")
            #expect(try await Program.run("restore", shelf.appending(path: names[2]).path, "--verify", "--expect-number", "\(numbers[1])").code == 0)
        }

        @Test("A sealed copy is pushed to the neighbour's hub and held there: again is once, an older one is refused there and in a folder, the two keys prove what is held, half a one leaves nothing, and every no has a sentence", .enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/age-keygen")))
        func pushed() async throws {
            let gateway = try await FarEndServer { _ in .answer(201) }
            let (home, far) = (try TestHub.newFolder(), try TestHub.newFolder())
            let (first, second) = (try await Self.key(home, "one.key"), try await Self.key(home, "two.key"))
            let data = home.appending(path: "data").path, shelf = home.appending(path: "shelf")
            func path(_ name: String) -> String { home.appending(path: name).path }
            try FileManager.default.createDirectory(at: shelf, withIntermediateDirectories: true)
            func backup(_ name: String, _ more: String...) async throws -> Program.Ended {
                try await Program.run(["backup", "--data", data, "--out", path(name), "--pair", "\(first.recipient),\(second.recipient)"] + more)
            }
            var key = "", numbers: [Int] = []
            try await TestHub.with(TownFile(gateway: gateway.url), in: home) { hub in
                key = try #require(try Self.object(try await hub.call("GET", "/v1/bundles").text)["key"] as? String)
                for name in ["a", "b"] {
                    let made = try await backup(name, "--push", shelf.path, "--format", "json")
                    numbers.append(try #require(try Self.object(made.out)["number"] as? Int))
                    try await eventually("a second") { Int(Date().timeIntervalSince1970) > numbers[numbers.count - 1] }
                }
            }
            func again(_ name: String, _ target: String) async throws -> Program.Ended { try await Program.run("backup", "--again", path(name), "--push", target) }
            // A hub that holds nobody's, and one that is not there.
            try await TestHub.with(TownFile(gateway: gateway.url)) { hub in
                let stranger = try await again("a", hub.address)
                #expect(stranger.code == 77 && stranger.errors.contains("copies.partners") && stranger.errors.contains("--again \(path("a"))"), "\(stranger)")
            }
            let nobody = try await again("a", "http://127.0.0.1:9")
            #expect(nobody.code == 69 && nobody.errors.contains("届きません"), "\(nobody)")
            try await TestHub.with(TownFile(gateway: gateway.url, sources: "copies: {room_mib: 16, partners: [{town: \"042056\", key: \"\(key)\"}]}"), in: far) { hub in
                let held = far.appending(path: "data/copies-held/042056")
                func names() -> [String] { ((try? FileManager.default.contentsOfDirectory(atPath: held.path)) ?? []).sorted() }
                let here = try await backup("c", "--push", hub.address)
                #expect(here.code == 0 && here.out.contains("届けました"), "\(here)")
                let once = try await again("c", hub.address)
                #expect(once.code == 0 && once.out.contains("もう届いています"), "\(once)")
                for (target, words) in [(hub.address, "もう預かっています"), (shelf.path, "新しい写しです")] {
                    let older = try await again("a", target)
                    #expect(older.code == 75 && older.errors.contains(words), "\(older)")
                }
                #expect(names().count == 3, "\(names())")
                let list = try Self.object(try await hub.call("GET", "/v1/copies").text)
                let copies = try #require(list["copies"] as? [[String: Any]]), newest = try #require(copies.first?["number"] as? Int)
                #expect(copies.count == 1, "\(list)")
                // What is held opens there for the two, and for the one alone it does not.
                let copy = held.appending(path: try #require(names().first)).path
                let proved = try await Program.run("restore", copy, "--identity", first.file, "--identity", second.file, "--expect-number", "\(numbers[1])", "--verify")
                #expect(proved.code == 0, "\(proved)")
                #expect(try await Program.run("restore", copy, "--identity", first.file, "--verify").code == 64)
                // The holder's own copy has nothing of it, nor of the keys that wake its tablets.
                let keys = far.appending(path: "data/push/keys")
                try FileManager.default.createDirectory(at: keys, withIntermediateDirectories: true)
                for name in ["keys/042056", "AuthKey_ABC123DEFG.p8"] { try Data("key".utf8).write(to: far.appending(path: "data/push/\(name)")) }
                // The real one of the town's authority: asked for, it is made.
                let made = try await hub.call("GET", "/v1/towns/042056/ca")
                let authorities = try FileManager.default.contentsOfDirectory(atPath: far.appending(path: "data/town-ca").path)
                let rights = try FileManager.default.attributesOfItem(atPath: far.appending(path: "data/town-ca/\(authorities.first ?? "")").path)[.posixPermissions] as? Int
                #expect(made.status == 200 && authorities.count == 1 && rights == 0o600, "\(made.text)")
                let own = far.appending(path: "own.zst").path
                #expect(try await Program.run("backup", "--data", far.appending(path: "data").path, "--out", own, "--unsealed").code == 0)
                #expect(try await Program.other("/bin/sh", "-c", "zstd -qdc '\(own)' | tar -tf - | grep -qE 'copies-held|push/keys|p8|town-ca'") == 1)
                // Half a one, and one in chunks that breaks off: a slip that was not used yet, and a line that dies.
                try await eventually("a second") { Int(Date().timeIntervalSince1970) > newest }
                try #require(try await backup("d").code == 0)
                let script = """
                    import base64, socket, sys
                    host, port, file = sys.argv[1], int(sys.argv[2]), sys.argv[3]
                    slip, octets = base64.b64encode(open(file + ".slip", "rb").read()), open(file, "rb").read()
                    half = octets[:len(octets) // 2]
                    for length, body in [(b"Content-Length: %d" % len(octets), half), (b"Transfer-Encoding: chunked", b"%x\\r\\n" % len(half) + half + b"\\r\\n")]:
                        with socket.create_connection((host, port)) as line:
                            line.sendall(b"POST /v1/copies HTTP/1.1\\r\\nHost: hub\\r\\nNoroshi-Slip: " + slip + b"\\r\\n" + length + b"\\r\\n\\r\\n" + body)
                            line.shutdown(socket.SHUT_WR)
                            line.settimeout(20)
                            try:
                                line.recv(4096)
                            except OSError:
                                pass
                    """
                let place = try #require(URLComponents(string: hub.address))
                #expect(try await Program.other("/usr/bin/env", "python3", "-c", script, place.host ?? "", "\(place.port ?? 0)", path("d")) == 0)
                try await eventually("nothing of it is left") { names().count == 3 }
                let whole = try await again("d", hub.address)
                #expect(whole.code == 0, "the place is free again: \(whole)")
            }
            let open = try await Program.run("backup", "--data", data, "--out", path("e"), "--unsealed", "--push", "http://127.0.0.1:9")
            #expect(open.code == 64 && open.errors.contains("封をしない"), "\(open)")
            let clear = try await again("a", "http://hub.example.jp")
            #expect(clear.code == 64 && clear.errors.contains("https://"), "\(clear)")
            await gateway.stop()
        }

        @Test("Where the settings ask for it the hub proves by itself that a copy opens: the figures are on the desk and among the gauges, nothing is sent and nothing is left; where it cannot, it says why")
        func drill() async throws {
            let gateway = try await FarEndServer { _ in .answer(201) }
            for (shell, words) in [(String?.none, "写しから戻せることを確かめました"), ("PATH=/var/empty; export PATH;", "写しから戻す訓練が、最後まで行きませんでした")] {
                let folder = try TestHub.newFolder()
                try await TestHub.with(TownFile(gateway: gateway.url, sources: "copies: {drill: monthly}"), in: folder, shell: shell) { hub in
                    try await eventually("a word of it", within: .seconds(60)) { try await hub.call("GET", "/v1/attention").text.contains(words) }
                    let gauges = try await hub.call("GET", "/metrics").text
                    let proved = gauges.split(separator: "\n").first { $0.hasPrefix("noroshi_copy_proved_timestamp_seconds ") }
                    #expect((proved == "noroshi_copy_proved_timestamp_seconds 0.0") == (shell != nil), "\(proved ?? "none")")
                    let left = try FileManager.default.contentsOfDirectory(atPath: folder.appending(path: "data").path).filter { $0.hasPrefix(".copy-") }
                    #expect(left.isEmpty, "\(left)")
                }
            }
            #expect(gateway.requests.allSatisfy { $0.method != "POST" })
            await gateway.stop()
            let wrong = try TestHub.newFolder().appending(path: "s.yaml")
            try Data((TownFile(gateway: "http://127.0.0.1:9", sources: "copies: {drill: yearly}").yaml).utf8).write(to: wrong)
            #expect(try await Program.run("check", "--config", wrong.path, "--templates", Program.package.appending(path: "Templates").path).code == 78)
        }

        @Test("A copy taken while rows leave for their archive is whole: what is in both counts once")
        func leaving() async throws {
            let folder = try TestHub.newFolder(), gateway = try await FarEndServer { _ in .answer(201) }
            try await TestHub.with(TownFile(gateway: gateway.url), in: folder) { hub in
                for number in 0..<20 { _ = try await hub.push(#"{"town":"042056","kind":"notice","mode":"actual","title":"給水\#(number)","body":"給水します"}"#) }
                _ = try await hub.settled()
            }
            await gateway.stop()
            // As a kill between the two leaves it: a month's file holds rows that the ledger has still.
            let data = folder.appending(path: "data"), month = data.appending(path: "archive/042056/2026-01.sqlite")
            try FileManager.default.createDirectory(at: month.deletingLastPathComponent(), withIntermediateDirectories: true)
            // With what lies in its log still.
            let ledger = try DatabaseQueue(path: data.appending(path: "ledger.sqlite").path)
            try await ledger.writeWithoutTransaction { try $0.execute(sql: "VACUUM INTO ?", arguments: [month.path]) }
            try ledger.close()
            let copy = folder.appending(path: "copy.zst").path
            let made = try await Program.run("backup", "--data", data.path, "--out", copy, "--unsealed")
            #expect(made.code == 0, "\(made)")
            #expect(try await Program.run("restore", copy, "--verify").code == 0)
            // What cannot be read is said, and no copy is made without it.
            let broken = data.appending(path: "archive/042056/2026-02.sqlite")
            try Data("no database".utf8).write(to: broken)
            let refused = try await Program.run("backup", "--data", data.path, "--out", copy + "2", "--unsealed")
            #expect(refused.code == 73 && refused.errors.contains("2026-02"), "\(refused)")
            #expect(!FileManager.default.fileExists(atPath: copy + "2"))
        }
    }
}
