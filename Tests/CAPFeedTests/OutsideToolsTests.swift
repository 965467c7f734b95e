import AlertModel
import Foundation
import Ingest
import Testing

@testable import CAPFeed

/// What other people's programs say about what we write: xmllint with the OASIS schema, xmlsec1, openssl.
enum OutsideTools {
    static func path(_ tool: String) -> String? {
        ["/usr/bin", "/usr/local/bin", "/opt/homebrew/bin"].map { "\($0)/\(tool)" }
            .first { FileManager.default.isExecutableFile(atPath: $0) }
    }

    static let schema: String? = {
        let environment = ProcessInfo.processInfo.environment["NOROSHI_CORPUS"]
        let here = FileManager.default.currentDirectoryPath
        let beside = "/" + #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
        return [environment, "\(beside)/../shared/corpus", "\(here)/../shared/corpus", "\(here)/../../shared/corpus"]
            .compactMap { $0 }
            .map { "\($0)/cap/schema/oasis-CAP-v1.2.xsd" }.first { FileManager.default.fileExists(atPath: $0) }
    }()

    static func run(_ tool: String, _ arguments: [String], in folder: URL) throws -> (status: Int32, text: String) {
        let process = Process()
        process.executableURL = URL(filePath: path(tool) ?? "/usr/bin/\(tool)")
        process.arguments = arguments
        process.currentDirectoryURL = folder
        let output = Pipe()
        process.standardOutput = output
        process.standardError = output
        try process.run()
        let data = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return (process.terminationStatus, String(decoding: data, as: UTF8.self))
    }

    static func withFolder(_ body: (URL) throws -> Void) throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "cap-feed-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try body(folder)
    }
}

@Suite("Our CAP in other programs")
struct OutsideToolsTests {
    @Test("Both feeds are well-formed to xmllint, and each entry has what RFC 4287 asks for", .enabled(if: OutsideTools.path("xmllint") != nil, "xmllint is not here"), arguments: [ModeName.actual, .exercise])
    func atom(mode: ModeName) throws {
        try OutsideTools.withFolder { folder in
            var odd = FeedSamples.order()
            (odd.id, odd.headline) = (AlertID("op/2"), "<&\"'> 見出し")
            let octets = AlertFeed.atom(
                town: FeedSamples.town, mode: mode, entries: [.init(content: FeedSamples.order(), mode: mode), .init(content: odd, mode: mode)], address: "https://hub.example.jp",
                issuer: try FeedSamples.issuer(), updated: FeedSamples.sent)
            try Data(octets).write(to: folder.appending(path: "a.atom"))
            // 4.1.1, 4.1.2: each entry with id, title, updated, and with an alternate link or content.
            let rule = "count(//*[local-name()='entry'][*[local-name()='id'] and *[local-name()='title'] and *[local-name()='updated'] and (*[local-name()='link'][@rel='alternate'] or *[local-name()='content'])])"
            let answer = try OutsideTools.run("xmllint", ["--xpath", rule, "a.atom"], in: folder)
            #expect(answer.status == 0 && answer.text.hasPrefix("2"), "\(answer.text)")
        }
    }

    @Test(
        "The OASIS schema finds nothing to blame",
        .enabled(
            if: OutsideTools.path("xmllint") != nil && OutsideTools.schema != nil, "xmllint or the schema is not here"),
        arguments: [MessageType.alert, .update, .cancel])
    func schema(message: MessageType) throws {
        try OutsideTools.withFolder { folder in
            let octets = try CAPWriter.document(
                for: FeedSamples.order(message), mode: .exercise, texts: FeedSamples.texts, town: FeedSamples.town,
                issuer: try FeedSamples.issuer(), references: message == .alert ? [] : [FeedSamples.reference])
            try Data(octets).write(to: folder.appending(path: "a.cap"))
            let schema = try #require(OutsideTools.schema)
            let answer = try OutsideTools.run("xmllint", ["--noout", "--schema", schema, "a.cap"], in: folder)
            #expect(answer.status == 0, "\(answer.text)")
        }
    }

    @Test(
        "xmlsec1 and our own reader verify our signature, and both notice a change",
        .enabled(
            if: OutsideTools.path("xmlsec1") != nil && OutsideTools.path("openssl") != nil,
            "xmlsec1 or openssl is not installed"),
        arguments: [true, false])
    func signature(withCertificate: Bool) throws {
        try OutsideTools.withFolder { folder in
            _ = try OutsideTools.run(
                "openssl",
                [
                    "req", "-x509", "-nodes", "-days", "2", "-subj", "/CN=mihon", "-newkey", "ec", "-pkeyopt",
                    "ec_paramgen_curve:P-256", "-keyout", "key.pem", "-out", "cert.pem",
                ], in: folder)
            func text(_ name: String) throws -> String {
                try String(contentsOf: folder.appending(path: name), encoding: .utf8)
            }
            let signer = try CAPSigner(
                key: try text("key.pem"), certificate: withCertificate ? try text("cert.pem") : nil)
            let octets = try CAPWriter.document(
                for: FeedSamples.order(), mode: .actual, texts: FeedSamples.texts, town: FeedSamples.town,
                issuer: try FeedSamples.issuer(), signer: signer)
            try Data(octets).write(to: folder.appending(path: "a.cap"))
            try Data(signer.publicKey.utf8).write(to: folder.appending(path: "public.pem"))
            let key = withCertificate ? ["--trusted-pem", "cert.pem"] : ["--pubkey-pem", "public.pem"]
            let answer = try OutsideTools.run("xmlsec1", ["--verify"] + key + ["a.cap"], in: folder)
            #expect(answer.status == 0, "\(answer.text)")
            let trust = try CAPTrust(entries: [signer.publicKey])
            #expect(try CAPReader.read(octets, trust: trust).signature == .valid)
            #expect(try CAPReader.read(octets).signature == .unverified)

            let changed = Array(String(decoding: octets, as: UTF8.self).replacing("鹿折", with: "大島").utf8)
            #expect(try CAPReader.read(changed, trust: trust).signature == .invalid)
            try Data(changed).write(to: folder.appending(path: "b.cap"))
            #expect(try OutsideTools.run("xmlsec1", ["--verify"] + key + ["b.cap"], in: folder).status != 0)
            if let schema = OutsideTools.schema, OutsideTools.path("xmllint") != nil {
                let valid = try OutsideTools.run("xmllint", ["--noout", "--schema", schema, "a.cap"], in: folder)
                #expect(valid.status == 0, "\(valid.text)")
            }
        }
    }

    @Test(
        "A certificate of another key is refused before it makes alerts look forged",
        .enabled(if: OutsideTools.path("openssl") != nil, "openssl is not installed"))
    func otherCertificate() throws {
        try OutsideTools.withFolder { folder in
            for name in ["a", "b"] {
                _ = try OutsideTools.run(
                    "openssl",
                    [
                        "req", "-x509", "-nodes", "-subj", "/CN=\(name)", "-newkey", "ec", "-pkeyopt",
                        "ec_paramgen_curve:P-256", "-keyout", "\(name).key", "-out", "\(name).pem",
                    ], in: folder)
            }
            let key = try String(contentsOf: folder.appending(path: "a.key"), encoding: .utf8)
            let certificate = try String(contentsOf: folder.appending(path: "b.pem"), encoding: .utf8)
            #expect(throws: CAPWriterError.self) { try CAPSigner(key: key, certificate: certificate) }
        }
    }
}
