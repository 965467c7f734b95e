import ChannelKitTesting
import Crypto
import Curl
import Foundation
import Synchronization

@testable import Push

/// `Tests/independent/answer_as_apns.py`, Python's h2 as Apple's service: it says its port, then what it was told, a line of JSON each.
final class AppleService: Sendable {
    struct Told: Decodable {
        struct Claims: Decodable { var alg, kid, iss: String?, iat: Int? }
        var path: String
        var head: [String: String]
        var body: String
        var claims: Claims?
        var connection: Int
        var token: String?
        /// `taken`, Apple's reason, or `not worked on`.
        var state: String
        /// Calls that were open at once on its line until now.
        var at_once: Int
    }

    /// What it has said until now.
    private let lines = Mutex<[String]>([])
    private let child: ChildProcess
    let port: String
    let folder: URL

    private static let root: URL = {
        var url = URL(filePath: #filePath).resolvingSymlinksInPath()
        for _ in 0..<4 { url.deleteLastPathComponent() }
        return url
    }()
    private static let python = root.appending(path: ".build/outside/venv/bin/python")
    static let isThere = (try? run(python, ["-c", "import h2, cryptography"])) == 0 && (try? run(URL(filePath: "/usr/bin/openssl"), ["version"])) == 0

    private static func run(_ program: URL, _ words: [String]) throws -> Int32 {
        let child = Process()
        (child.executableURL, child.arguments) = (program, words)
        (child.standardError, child.standardOutput) = (FileHandle.nullDevice, FileHandle.nullDevice)
        try child.run()
        child.waitUntilExit()
        return child.terminationStatus
    }

    struct Silent: Error {}

    /// - Parameter isOld: it speaks HTTP/1.1 alone.
    init(now: Date = Sample.now, isOld: Bool = false) async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "noroshi-apns-\(UUID().uuidString)")
        self.folder = folder
        func file(_ name: String) -> String { folder.appending(path: name).path }
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        _ = try await ChildProcess.run("/usr/bin/openssl", [
            "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost",
            "-keyout", file("key.pem"), "-out", file("cert.pem"),
        ])
        let key = P256.Signing.PrivateKey()
        try Data(key.pemRepresentation.utf8).write(to: folder.appending(path: "AuthKey.p8"))
        try Data(key.publicKey.pemRepresentation.utf8).write(to: folder.appending(path: "public.pem"))
        child = try ChildProcess(
            Self.python.path,
            [Self.root.appending(path: "Tests/independent/answer_as_apns.py").path, file("cert.pem"), file("key.pem"), file("public.pem"), "\(Int(now.timeIntervalSince1970))"] + (isOld ? ["old"] : []),
            output: .lines)
        var first: String?
        if let lines = child.lines {
            for await line in lines {
                first = line
                break
            }
        }
        guard let first, Int(first) != nil else {
            child.end()
            throw Silent()
        }
        port = first
    }

    /// All it was told until `count` of these were there: its lines come by a pipe, some time after its answers.
    func told(_ count: Int, where isOne: (Told) -> Bool = { _ in true }) async throws -> [Told] {
        func all() throws -> [Told] { try lines.withLock(\.self).map { try JSONDecoder().decode(Told.self, from: Data($0.utf8)) } }
        guard try all().count(where: isOne) < count, let more = child.lines else { return try all() }
        for await line in more {
            lines.withLock { $0.append(line) }
            if try all().count(where: isOne) >= count { break }
        }
        return try all()
    }

    func stop() {
        child.end()
        try? FileManager.default.removeItem(at: folder)
    }

    var settings: [String: String] { Self.settings(folder.appending(path: "AuthKey.p8").path).merging(["apns_host": "https://localhost:\(port)"]) { $1 } }

    static func settings(_ file: String) -> [String: String] {
        ["apns_key_file": file, "apns_key_id": "ABC123DEFG", "apns_team_id": "DEF123GHIJ", "apns_topic": "jp.example.city.bosai"]
    }

    func transport() throws -> CurlTransport {
        var configuration = CurlConfiguration()
        configuration.tls.authorities = folder.appending(path: "cert.pem").path
        return try CurlTransport(configuration)
    }
}
