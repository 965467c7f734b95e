/// What a program needs of its machine before it begins: a folder of its own that can be written, keys that fit, a tree
/// that builds.
import ChannelKit
import Foundation
import Glibc
import Testing

extension EndToEnd {
    @Suite struct Folders {
        private func settings(_ more: String = "", in folder: URL) throws -> String {
            let path = folder.appending(path: "settings.yaml").path
            try (more + TownFile(gateway: "http://127.0.0.1:9").yaml).write(toFile: path, atomically: true, encoding: .utf8)
            return path
        }

        @Test("A second hub on a data folder ends with 73 and says which process has it; when that ends, the folder is free")
        func twoHubs() async throws {
            let folder = try TestHub.newFolder()
            let town = TownFile(gateway: "http://127.0.0.1:9")
            let words = ["serve", "--config", try settings(in: folder), "--data", folder.appending(path: "data").path, "--listen", "127.0.0.1:0"]
            try await TestHub.with(town, in: folder) { hub in
                let second = try await Program.run(words)
                #expect(second.code == 73 && second.errors.contains("\(hub.program.pid)"), "\(second)")
                #expect(try await hub.call("GET", "/healthz").status == 200)
            }
            try await TestHub.with(town, in: folder) { hub in
                let alive = try await hub.call("GET", "/healthz")
                #expect(alive.status == 200)
            }
            try FileManager.default.removeItem(at: folder)
        }

        @Test("A folder that cannot be made or written is said in words, with 73")
        func notWritable() async throws {
            let folder = try TestHub.newFolder()
            let path = try settings(in: folder)
            let file = try await Program.run("serve", "--config", path, "--data", "/dev/null/data", "--listen", "127.0.0.1:0")
            #expect(file.code == 73 && file.errors.contains("/dev/null/data") && !file.errors.contains("SQLite"), "\(file)")
            guard geteuid() == 0, access("/usr/bin/setpriv", X_OK) == 0 else { return }
            let data = folder.appending(path: "roots")
            try FileManager.default.createDirectory(at: data, withIntermediateDirectories: true)
            chmod(folder.path, 0o755)
            chmod(path, 0o644)
            chmod(data.path, 0o755)
            let drop = "exec setpriv --reuid 65534 --regid 65534 --clear-groups \"$0\" \"$@\";"
            for words in [["serve", "--listen", "127.0.0.1:0"], ["check", "--before-start"]] {
                let program = try Program(words + ["--config", path, "--data", data.path], shell: drop)
                #expect(try await program.ended() == 73, "\(words) \(program.errors)")
                #expect(program.errors.contains(data.path) && program.errors.contains("uid 0") && program.errors.contains("65534"), "\(program.errors)")
            }
            try FileManager.default.removeItem(at: folder)
        }

        @Test("check refuses the CAP keys and certificates that serve would refuse")
        func keys() async throws {
            guard access("/usr/bin/openssl", X_OK) == 0 else { return }
            let folder = try TestHub.newFolder()
            func file(_ name: String) -> String { folder.appending(path: name).path }
            for (name, kind) in [("own", ["ec", "-pkeyopt", "ec_paramgen_curve:P-256"]), ("other", ["ec", "-pkeyopt", "ec_paramgen_curve:P-256"]), ("rsa", ["rsa:2048"])] {
                let made = Process()
                made.executableURL = URL(filePath: "/usr/bin/openssl")
                made.arguments = ["req", "-x509", "-nodes", "-days", "2", "-subj", "/CN=\(name)", "-keyout", file("\(name).key"), "-out", file("\(name).pem"), "-newkey"] + kind
                made.standardError = FileHandle.nullDevice
                try made.run()
                made.waitUntilExit()
            }
            let table: [(cap: String, code: Int32, word: String)] = [
                ("key_file: \(file("own.key")), certificate_file: \(file("own.pem"))", 0, ""),
                ("key_file: \(file("own.key")), certificate_file: \(file("other.pem"))", 78, "another key"),
                ("key_file: \(file("rsa.key"))", 78, "P-256"),
                ("key_file: /nowhere.key", 78, "/nowhere.key"),
                ("key_file: \(file("own.key")), certificate_file: /nowhere.pem", 78, "/nowhere.pem"),
                ("certificate_file: \(file("own.pem"))", 78, "certificate_file"),
                ("sender: \"a b\"", 78, "cap.sender"),
            ]
            for row in table {
                let path = try settings("cap: {\(row.cap)}\n", in: folder)
                let check = try await Program.run("check", "--config", path)
                #expect(check.code == row.code && (row.word.isEmpty || check.errors.contains(row.word)), "\(row.cap): \(check)")
                guard row.code != 0 else { continue }
                let serve = try await Program.run(
                    "serve", "--config", path, "--data", file("data"), "--listen", "127.0.0.1:0", within: .seconds(20))
                #expect(serve.code == 78, "\(row.cap): \(serve)")
            }
            try FileManager.default.removeItem(at: folder)
        }

        @Test("A far end's misspelt district does not pass check: line, key and the district that was meant")
        func district() async throws {
            let folder = try TestHub.newFolder()
            let path = try settings(in: folder)
            let text = try String(contentsOfFile: path, encoding: .utf8)
            try text.replacing("name: 第一小学校, district: 階上地区", with: "name: 第一小学校, district: 階上池区")
                .write(toFile: path, atomically: true, encoding: .utf8)
            for words in [["check"], ["serve", "--data", folder.path, "--listen", "127.0.0.1:0"]] {
                let program = try Program(words + ["--config", path])
                #expect(try await program.ended() == 78)
                #expect(
                    program.errors.contains(":16: towns[0].endpoints[3].district: 「階上池区」") && program.errors.contains("「階上地区」ではありませんか"),
                    "\(program.errors)")
            }
            try FileManager.default.removeItem(at: folder)
        }

        @Test("Where a far end stands is both numbers or none, and on this earth", arguments: ["latitude: 38.9", "latitude: 38.9, longitude: 241.6", "latitude: 141.6, longitude: 38.9", "latitude: 38.9, longitude: 141.6"])
        func place(words: String) async throws {
            let folder = try TestHub.newFolder(), path = try settings(in: folder)
            let text = try String(contentsOfFile: path, encoding: .utf8)
            try text.replacing("name: 第一小学校, district: 階上地区", with: "name: 第一小学校, district: 階上地区, \(words)").write(toFile: path, atomically: true, encoding: .utf8)
            let check = try await Program.run("check", "--config", path), isFine = words == "latitude: 38.9, longitude: 141.6"
            #expect(check.code == (isFine ? 0 : 78) && check.errors.contains("school-1: latitude（北緯）") == !isFine, "\(check)")
            try FileManager.default.removeItem(at: folder)
        }

        @Test("An examination has a beginning before its end, of a calendar's day, and six hours at most")
        func exams() async throws {
            let folder = try TestHub.newFolder(), path = try settings(in: folder)
            let text = try String(contentsOfFile: path, encoding: .utf8)
            for (from, until, words) in [("2026-12-05 09:00", "2026-12-05 15:00", ""), ("2026-12-05 09:00", "2026-12-05 15:01", "6時間以内"), ("2026-12-05 10:00", "2026-12-05 10:00", "はじめが先"), ("2026-02-30 09:00", "2026-02-30 10:00", "の形で")] {
                try text.replacing("name: 第一小学校, district: 階上地区", with: "name: 第一小学校, district: 階上地区, exams: [{from: \"\(from)\", until: \"\(until)\"}]").write(toFile: path, atomically: true, encoding: .utf8)
                let check = try await Program.run("check", "--config", path)
                #expect(check.code == (words.isEmpty ? 0 : 78) && check.errors.contains(words) || words.isEmpty && check.code == 0, "\(check)")
            }
            let two = { (other: String) in "name: 第一小学校, district: 階上地区, exams: [{from: \"2026-12-05 09:00\", until: \"2026-12-05 12:00\"}, \(other)]" }
            for (other, words) in [("{from: \"2026-12-05 12:00\", until: \"2026-12-05 15:00\"}", ""), ("{from: \"2026-12-05 11:59\", until: \"2026-12-05 12:30\"}", "重なっています"), ("{from: \"2026-12-05 13:00\", until: \"2026-12-05 16:01\"}", "一日に合わせて6時間以内")] {
                try text.replacing("name: 第一小学校, district: 階上地区", with: two(other)).write(toFile: path, atomically: true, encoding: .utf8)
                let check = try await Program.run("check", "--config", path)
                #expect(check.code == (words.isEmpty ? 0 : 78) && (words.isEmpty || check.errors.contains(words)), "\(check)")
            }
            try FileManager.default.removeItem(at: folder)
        }

        @Test("The tree that the Dockerfile copies is a package that loads")
        func container() async throws {
            let swift = ["/opt/swift/usr/bin/swift", "/usr/bin/swift"].first(where: { (path: String) in access(path, X_OK) == 0 })
            guard let swift else { return }
            let recipe = try String(contentsOf: Program.package.appending(path: "deploy/Dockerfile"), encoding: .utf8)
            let stage = recipe.prefix(upTo: recipe.range(of: "RUN swift build")?.lowerBound ?? recipe.endIndex)
            let folder = try TestHub.newFolder()
            for line in stage.split(separator: "\n") where line.hasPrefix("COPY ") {
                for name in line.split(separator: " ").dropFirst().dropLast() {
                    try FileManager.default.copyItem(
                        at: Program.package.appending(path: String(name)), to: folder.appending(path: String(name)))
                }
            }
            let describe = Process()
            describe.executableURL = URL(filePath: swift)
            describe.arguments = ["package", "--package-path", folder.path, "describe"]
            describe.environment = ProcessInfo.processInfo.environment.filter { $0.key != "NOROSHI_ROOM" }
            let output = Pipe()
            describe.standardOutput = output
            describe.standardError = output
            try describe.run()
            let said = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
            describe.waitUntilExit()
            #expect(describe.terminationStatus == 0 && said.contains("noroshi-bench"), "\(said.suffix(500))")
            try FileManager.default.removeItem(at: folder)
        }
    }
}
