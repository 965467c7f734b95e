import Foundation
import Glibc
import Testing

/// The package, found from this file.
let package: URL = {
    var url = URL(filePath: #filePath).resolvingSymlinksInPath()
    for _ in 0..<3 { url.deleteLastPathComponent() }
    return url
}()

/// Runs a program and gives what it said; nil where it is not there.
func said(_ program: String, _ arguments: [String]) throws -> (code: Int32, text: String)? {
    let path = ProcessInfo.processInfo.environment["PATH"] ?? ""
    let places: [String] = (path.split(separator: ":").map(String.init) + ["/usr/bin", "/bin", "/usr/sbin", "/sbin"]).map { "\($0)/\(program)" }
    guard let place = places.first(where: { (place: String) in access(place, X_OK) == 0 }) else { return nil }
    let process = Process()
    process.executableURL = URL(filePath: place)
    process.arguments = arguments
    let pipe = Pipe()
    process.standardOutput = pipe
    process.standardError = pipe
    try process.run()
    let octets = pipe.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return (process.terminationStatus, String(decoding: octets, as: UTF8.self))
}

@Suite("What deploy/ says to those who install")
struct UnitFileTests {
    private func lines(_ name: String) throws -> [String] {
        try String(contentsOf: package.appending(path: "deploy/\(name)"), encoding: .utf8).split(separator: "\n").map(String.init)
    }

    @Test("Hub, front and edge are back at once, however often they fall", arguments: ["noroshi.service", "noroshi-front@.service", "noroshi-edge.service"])
    func restarts(unit: String) throws {
        let lines = try lines(unit)
        #expect(lines.contains("Restart=always"))
        #expect(lines.contains("StartLimitIntervalSec=0"))
        let pause = try #require(lines.first { $0.hasPrefix("RestartSec=") })
        let milliseconds = try #require(pause.firstMatch(of: #/^RestartSec=(\d+)ms$/#).flatMap { Int($0.1) }, "\(pause)")
        #expect(milliseconds < 500, "there must be time left of the second to start in")
        #expect(!lines.contains { $0.hasPrefix("ExecStartPre=") }, "it would run before every start after a fall")
    }

    @Test("The hub listens on loopback alone; what is for the crowd goes to the front, and to the hub while that is away")
    func front() throws {
        #expect(try lines("noroshi.service").contains { $0.hasPrefix("ExecStart=") && $0.hasSuffix("--listen 127.0.0.1:8480") })
        let front = try lines("noroshi-front@.service").first { $0.hasPrefix("ExecStart=") }
        #expect(front?.contains(" edge --hub http://127.0.0.1:8480 --site %i ") == true)
        let nginx = try String(contentsOf: package.appending(path: "deploy/nginx/noroshi.conf"), encoding: .utf8)
        let blocks = nginx.matches(of: #/location \/spots\/ \{[^}]*\}[^}]*\}/#).map { String($0.0) }
        #expect(blocks.count == 2 && blocks.allSatisfy { $0.contains("proxy_pass http://noroshi_front;") && $0.contains("zone=noroshi_spots") })
        #expect(nginx.contains("limit_req_status 429;") && nginx.contains("Retry-After"))
        #expect(nginx.contains("server 127.0.0.1:8480 backup;"))
    }

    @Test("systemd reads the units without a word", arguments: ["noroshi.service", "noroshi-front@.service", "noroshi-edge.service", "noroshi-copy.service"])
    func verify(unit: String) throws {
        guard let heard = try said("systemd-analyze", ["verify", package.appending(path: "deploy/\(unit)").path]) else { return }
        // The program itself need not be installed here, nor systemd be running.
        let complaints = heard.text.split(separator: "\n").filter {
            $0.contains("noroshi") && !$0.contains("/usr/local/bin/noroshi is not executable")
        }
        #expect(complaints.isEmpty, "\(heard.text)")
    }

    @Test("The handbook is where the units say, in every way of installing", arguments: ["noroshi.service", "noroshi-front@.service", "noroshi-edge.service", "noroshi-copy.service"])
    func handbook(unit: String) throws {
        let place = "/usr/share/noroshi/RUNBOOK.md"
        #expect(try lines(unit).contains("Documentation=file:\(place)"))
        // A front stands on the hub's own machine.
        let recipe = try lines(["noroshi-edge.service", "noroshi-copy.service"].contains(unit) ? unit : "noroshi.service").filter { $0.hasPrefix("#") }
        #expect(recipe.contains { $0.contains("deploy/RUNBOOK.md") && $0.contains("/usr/share/noroshi/") })
        #expect(try lines("Dockerfile").contains("COPY deploy/RUNBOOK.md /usr/share/noroshi/"))
        #expect(FileManager.default.fileExists(atPath: package.appending(path: "deploy/RUNBOOK.md").path))
    }
}
