import Ingest
import AlertModel
import Codes
import Foundation
import Testing

/// Bulletins nobody here wrote, and a second reader that shares no code with ours (Tests/independent/read_jma.py).
@Suite("JMA bulletins of the corpus")
struct JMACorpusTests {
    @Test("Every bulletin is read, with a type and a sender", .enabled(if: JMASamples.corpus != nil, "no corpus at hand"))
    func readsAll() throws {
        #expect(JMASamples.corpusFiles.count > 300)
        for file in JMASamples.corpusFiles {
            do {
                let bulletin = try JMAReader.read(
                    Array(try Data(contentsOf: file)), fileName: file.lastPathComponent, codes: .bundled)
                #expect(bulletin.type != nil, "\(file.lastPathComponent)")
                #expect(!bulletin.sender.isEmpty)
                #expect(bulletin.sent != nil && bulletin.reported != nil && bulletin.target != nil)
                if bulletin.kind == .eew, bulletin.message == .alert { #expect(bulletin.identifiers.count == 1) }
            } catch {
                Issue.record("\(file.lastPathComponent): \(error)")
            }
        }
    }

    @Test("Both readers understand the same", .enabled(if: JMASamples.corpus != nil, "no corpus at hand"),
        .enabled(if: JMASecondReader.isAtHand, "no python3 at hand"))
    func agreement() throws {
        let answers = try JMASecondReader.read(JMASamples.corpusFiles)
        #expect(answers.count == JMASamples.corpusFiles.count)
        for (file, theirs) in zip(JMASamples.corpusFiles, answers) {
            let bulletin = try JMAReader.read(
                Array(try Data(contentsOf: file)), fileName: file.lastPathComponent, codes: .bundled)
            compare(bulletin, theirs, file.lastPathComponent)
        }
    }

    private func compare(_ ours: Bulletin, _ theirs: JMASecondReader.Answer, _ file: String) {
        let comment = Comment(rawValue: file)
        #expect(ours.title == theirs.title, comment)
        #expect(ours.kind.rawValue == theirs.kind, comment)
        #expect(ours.status.rawValue == theirs.status, comment)
        #expect(ours.message.rawValue == theirs.message, comment)
        #expect(ours.identifiers == theirs.identifiers, comment)
        #expect(ours.serial == theirs.serial, comment)
        #expect(ours.sent?.text == theirs.sent, comment)
        #expect(ours.reported?.text == theirs.reported, comment)
        #expect(ours.target?.text == theirs.target, comment)
        #expect(ours.expires?.text == theirs.expires, comment)
        #expect(ours.sender == theirs.sender, comment)
        #expect(ours.headline == theirs.headline, comment)
        // Nor the region a title names: that has a test of its own.
        let stated = ours.type == "VPFT50" ? [] : ours.areas
        #expect(stated.count == theirs.areas.count, comment)
        // The other reader knows neither what was in force before nor long-period motion: these have tests of their own.
        let known = stated.map { area in
            var area = area
            (area.lastKind, area.longPeriod) = (nil, nil)
            return area
        }
        let difference = Set(known).symmetricDifference(theirs.areas)
        #expect(difference.isEmpty, "\(file): \(difference.prefix(3))")
        compare(ours.hypocentre, theirs.hypocentre, comment)
    }

    private func compare(_ ours: Hypocentre?, _ theirs: Hypocentre?, _ comment: Comment) {
        func near(_ one: Double?, _ other: Double?) -> Bool {
            guard let one, let other else { return one == nil && other == nil }
            return abs(one - other) < 1e-5
        }
        #expect((ours == nil) == (theirs == nil), comment)
        #expect(ours?.name == theirs?.name && ours?.code == theirs?.code, comment)
        #expect(ours?.magnitudeText == theirs?.magnitudeText && ours?.isAssumed == theirs?.isAssumed, comment)
        #expect(near(ours?.latitude, theirs?.latitude) && near(ours?.longitude, theirs?.longitude), comment)
        #expect(near(ours?.depth, theirs?.depth) && near(ours?.magnitude, theirs?.magnitude), comment)
    }
}

/// Runs read_jma.py once over many files.
enum JMASecondReader {
    struct Answer: Decodable {
        var title, kind, status, message, sent, sender: String
        var identifiers: [String]
        var serial, reported, target, expires, headline: String?
        var areas: [AreaStatement]
        var hypocentre: Hypocentre?
    }

    static let python = ["/usr/bin/python3", "/usr/local/bin/python3"].first {
        FileManager.default.isExecutableFile(atPath: $0)
    }
    static var isAtHand: Bool { python != nil }

    static func read(_ files: [URL]) throws -> [Answer] {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: try #require(python))
        process.arguments = [JMASamples.package.appending(path: "Tests/independent/read_jma.py").path] + files.map(\.path)
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        let data = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
        return try data.split(separator: 0x0A).map { try JSONDecoder().decode(Answer.self, from: $0) }
    }
}
