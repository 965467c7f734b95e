import Foundation
import Testing

@Suite("Running some of the tests")
struct TestRunTests {
    @Test("make test takes rooms, one or several; without one all are run")
    func rooms() throws {
        let all = try #require(try said("make", ["-C", package.path, "-n", "test"])).text
        #expect(all.contains("\nTests/run\n") || all.contains("\nTests/run \n"))
        let some = try #require(try said("make", ["-C", package.path, "-n", "test", "ROOM=Targeting Web"])).text
        #expect(some.contains("\nTests/run Targeting Web\n"))
    }

    @Test("The README names each Debian package that its two commands install")
    func packages() throws {
        let script = try String(contentsOf: package.appending(path: "deploy/install-debian-packages"), encoding: .utf8)
        let readme = Set(try String(contentsOf: package.appending(path: "README.md"), encoding: .utf8).split { !($0.isLetter || $0.isNumber || "-.+".contains($0)) }.map { $0.trimmingCharacters(in: ["."]) })
        var names: [String] = []
        for list in ["build", "tests"] {
            let written = try #require(script.split(separator: "\n").first { $0.hasPrefix("\(list)=\"") })
            names += written.dropFirst(list.count + 2).dropLast().split(separator: " ").map(String.init)
        }
        names.append(try #require(script.firstMatch(of: /local name=([a-z0-9-]+)/)?.1).description)
        #expect(names.count > 20)
        for name in names { #expect(readme.contains(name), "\(name) is installed and not named") }
    }

    @Test("The ten slowest tests are named after a run, the slowest first; suites and runs are no tests")
    func slowest() throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "logs-\(UUID().uuidString.prefix(8))")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }  // only a temporary folder
        var log = """
            ◇ Test run started.
            ✔ Test "A word \\"said\\" by others" passed after 2.500 seconds.
            ✘ Test "What fails counts too" with 3 test cases failed after 12.000 seconds with 1 issue.
            ✔ Test plain() passed after 0.500 seconds.
            ✔ Suite "All of it" passed after 99.000 seconds.

            """
        for number in 0..<10 { log += "✔ Test \"Number \(number)\" passed after 1.0\(number) seconds.\n" }
        log += "✔ Test run with 13 tests in 1 suite passed after 98.000 seconds.\n"
        try log.write(to: folder.appending(path: "Web.log"), atomically: true, encoding: .utf8)
        let heard = try #require(
            try said("python3", [package.appending(path: "Tests/slowest").path, folder.path + "/Web.log", folder.path + "/None.log"]))
        let lines = heard.text.split(separator: "\n").map(String.init)
        #expect(lines.count == 11)
        #expect(lines[1].contains("12.00 s  Web") && lines[1].hasSuffix("What fails counts too"))
        #expect(lines[2].contains("2.50 s") && lines[3].hasSuffix("Number 9") && !heard.text.contains("plain") && !heard.text.contains("99.00"))
    }
}
