import AlertModel
import Foundation
import Testing

@testable import Ingest

/// Two readers written apart, over every real alert: where they differ, one of them is wrong.
@Suite(
    "Our reader beside one written in Python",
    .enabled(if: CAPSecondReader.isThere && CAPCorpus.isThere, "python3, its reader or the corpus is not here"))
struct CAPSecondReaderTests {
    static let files = [
        "v1.0", "v1.1", "v1.2-xsd-valid", "v1.2-xsd-invalid", "not-wellformed", "synthetic", "feeds", "edxl-de",
    ]
    .flatMap { CAPCorpus.files($0) }

    @Test("Both refuse the same alerts and understand the same of the others")
    func agreement() throws {
        let answers = try CAPSecondReader.read(Self.files.map { "\(CAPCorpus.folder ?? "")/\($0)" })
        try #require(answers.count == Self.files.count)
        for (file, answer) in zip(Self.files, answers) {
            do {
                let bulletin = try CAPReader.read(try CAPCorpus.octets(file))
                compare(bulletin, answer, file)
            } catch let refusal as Refusal {
                #expect(answer.refused != nil, "\(file): refused by us only: \(refusal)")
            }
        }
    }

    private func compare(_ bulletin: Bulletin, _ answer: CAPSecondReader.Answer, _ file: String) {
        #expect(answer.refused == nil, "\(file): refused by the second only: \(answer.refused ?? "")")
        #expect(bulletin.title == answer.title && bulletin.status.rawValue == answer.status, "\(file)")
        #expect(bulletin.message.rawValue == answer.message && bulletin.identifiers == answer.identifiers, "\(file)")
        #expect(bulletin.sender == answer.sender && bulletin.sent?.text == answer.sent, "\(file)")
        #expect(bulletin.reported?.text == answer.reported && bulletin.target?.text == answer.target, "\(file)")
        #expect(bulletin.expires?.text == answer.expires && bulletin.headline == answer.headline, "\(file)")
        #expect(bulletin.severity == answer.severity && bulletin.urgency == answer.urgency, "\(file)")
        #expect(bulletin.certainty == answer.certainty && bulletin.references == answer.references ?? [], "\(file)")
        #expect((bulletin.signature != Bulletin.Signature.none) == answer.signed, "\(file)")
        let areas = answer.areas ?? []
        #expect(bulletin.areas.count == areas.count, "\(file)")
        for (ours, theirs) in zip(bulletin.areas, areas) where ours != theirs {
            Issue.record("\(file): \(ours) against \(theirs)")
            return
        }
    }
}

enum CAPSecondReader {
    struct Answer: Decodable {
        var refused: String?
        var title, status, message, sender, sent, reported, target, expires, headline: String?
        var severity, urgency, certainty: String?
        var identifiers: [String]?
        var references: [Bulletin.Reference]?
        var areas: [AreaStatement]?
        var signed: Bool?
    }

    private static let python = ["/usr/bin/python3", "/usr/local/bin/python3", "/opt/homebrew/bin/python3"]
        .first { FileManager.default.isExecutableFile(atPath: $0) }

    private static let script: String? = {
        // The checkout, or a folder that only links to it.
        let here = URL(filePath: #filePath).resolvingSymlinksInPath()
        let tests = here.deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        let path = tests.appending(path: "independent/read_cap.py").path
        return FileManager.default.fileExists(atPath: path) ? path : nil
    }()

    static var isThere: Bool { python != nil && script != nil }

    static func read(_ files: [String]) throws -> [Answer] {
        guard let python, let script else { return [] }
        let process = Process()
        process.executableURL = URL(filePath: python)
        process.arguments = [script] + files
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        let data = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        let decoder = JSONDecoder()
        return try data.split(separator: 0x0A).map { try decoder.decode(Answer.self, from: Data($0)) }
    }
}
