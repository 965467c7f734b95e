import AlertModel
import Chance
import Foundation
import Ingest
import Meanings
import Testing

@testable import Lifecycle

/// JMA's own sequences, where they are: `NOROSHI_CORPUS`, or `../shared/corpus` beside the checkout.
private enum Corpus {
    static let folder: URL? = {
        var package = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath()
        for _ in 0..<3 { package.deleteLastPathComponent() }
        let place = ProcessInfo.processInfo.environment["NOROSHI_CORPUS"].map { URL(fileURLWithPath: $0) }
            ?? package.appending(path: "../shared/corpus").standardizedFileURL
        let folder = place.appending(path: "jma")
        return FileManager.default.fileExists(atPath: folder.path) ? folder : nil
    }()

    static let isThere = folder != nil

    /// Read once: twenty tests shuffle it.
    static let earlyWarning = Result { try sequence(["77_01_", "37_01_"]) }

    /// The alerts of the files that begin so, in the order they were sent.
    static func sequence(_ prefixes: [String], in name: String = "official-samples") throws -> [AlertContent] {
        guard let folder = folder?.appending(path: name) else { return [] }
        let files = try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
            .filter { file in prefixes.contains(where: file.hasPrefix) }
        return try files.flatMap { file in
            let octets = try Array(Data(contentsOf: folder.appending(path: file)))
            let bulletins = try BulletinReader.read(octets, fileName: file, receivedAt: start)
            return try bulletins.flatMap { bulletin in
                // Each came when it was sent.
                let came = bulletin.sent.map { Date(timeIntervalSince1970: $0.seconds) } ?? start
                return try Normaliser().sort(bulletin, id: { AlertID(file) }, receivedAt: came)
            }.map(\.content)
        }.sorted { ($0.sent, $0.type, $0.revision.serial ?? 0) < ($1.sent, $1.type, $1.revision.serial ?? 0) }
    }
}

@Suite("Sequences JMA published", .enabled(if: Corpus.isThere))
struct CorpusSequenceTests {
    private func town(_ codes: String...) throws -> Place {
        Place(id: try #require(TownID("042056")), codes: Set(codes))
    }

    /// 77: VXSE45 1…33, 36: VXSE44, 37: VXSE43. 愛媛県南予, serial 32 cancelled.
    @Test("An early warning in three types with its cancel is told once and taken back once")
    func earlyWarning() throws {
        let sequence = try Corpus.sequence(["77_01_", "36_01_", "37_01_"])
        #expect(sequence.count >= 69 && Set(sequence.map(\.event)).count == 1)
        let warned = Set(sequence.flatMap(\.areas).filter { $0.scheme == .jmaSeismic && $0.isEarthquakeWarning }.map(\.code))
        #expect(!warned.isEmpty)
        for code in warned.sorted() {
            var stories = EventStories()
            let heard = stories.run(sequence, for: try town(code))
            #expect(heard.last == .cancelled && heard.filter { $0 == .cancelled }.count == 1)
            #expect(heard.filter { $0 == .first }.count == 1)
            #expect(heard.dropFirst().dropLast().allSatisfy { $0 == .higher }, "\(code) \(heard)")
            #expect(stories.inForce(at: start).isEmpty)
            #expect(stories.towns(toldOf: sequence[0].event).isEmpty)
        }
    }

    @Test("The same in any order, twice over: cancelled at the end, and nothing told is left standing", arguments: 0..<20)
    func earlyWarningShuffled(seed: Int) throws {
        var dice = Dice(seed: UInt64(seed))
        let sequence = try Corpus.earlyWarning.get()
        let mixed = (sequence + sequence).shuffled(using: &dice)
        let code = try #require(sequence.flatMap(\.areas).first { $0.scheme == .jmaSeismic && $0.isEarthquakeWarning }).code
        var stories = EventStories()
        let heard = stories.run(mixed, for: try town(code))
        #expect(heard.isEmpty || heard.last == .cancelled)
        #expect(stories.inForce(at: start).isEmpty)
        #expect(stories.towns(toldOf: sequence[0].event).isEmpty)
    }

    /// 2011-03-11: warning, upgrade to 大津波警報, wider, information in between, and on 13 March down to 予報.
    @Test("The tsunami of 2011 is told when it rises and ends, not by each information")
    func tsunami2011() throws {
        let sequence = try Corpus.sequence(["32-39_11_02", "32-39_11_03", "32-39_11_06", "32-39_11_08", "32-39_11_09", "32-39_11_10", "32-39_11_11", "32-39_11_13"])
            .filter { $0.kind == .tsunami }
        var heard: [String: [News.Cause]] = [:]
        for code in ["220", "210", "300", "310"] {
            var stories = EventStories()
            heard[code] = stories.run(sequence, for: try town(code))
        }
        // 岩手県 and 宮城県 had 大津波警報 from the first bulletin, 茨城県 and 千葉県九十九里・外房 rose to it.
        #expect(heard["210"] == [.first, .lifted] && heard["220"] == [.first, .lifted])
        #expect(heard["300"] == [.first, .higher, .lifted] && heard["310"] == [.first, .higher, .lifted])
        for (code, causes) in heard {
            #expect(causes.filter { $0 == .first }.count == 1, "\(code) \(causes)")
            #expect(causes.count < sequence.count, "\(code) \(causes)")
            #expect(causes.last == .lifted || causes.last == .lowered, "\(code) \(causes)")
        }
    }

    @Test("A real advisory and its lifting")
    func realAdvisory() throws {
        let sequence = try Corpus.sequence(["20220918154907", "20220918171502"], in: "real-2021-2024")
        let code = try #require(sequence.first?.areas.first { $0.kindCode == "62" }?.code)
        var stories = EventStories()
        #expect(stories.run(sequence, for: try town(code)) == [.first, .lifted])
        var elsewhere = EventStories()
        #expect(elsewhere.run(sequence, for: try town("100")) == [])
    }

    /// 岩手・宮城内陸地震: hypocentre, its cancel, intensities 1…3, their cancel, the update and its cancel.
    @Test("Taking back a hypocentre takes no intensity back; taking back the intensities does")
    func earthquake2008() throws {
        let sequence = try Corpus.sequence(["32-35_06_"])
        let first = try #require(sequence.first { $0.type == "VXSE53" })
        let city = try #require(first.areas.first { $0.scheme == .jmaCity && $0.value?.hasPrefix("6") == true })
        var stories = EventStories()
        let heard = stories.run(sequence, for: try town(city.code))
        #expect(heard.first == .first && heard.filter { $0 == .cancelled }.count == 1, "\(heard)")
        #expect(sequence.contains { $0.type == "VXSE52" && $0.message == .cancel && $0.sent > first.sent })
    }

    @Test("A drill's sequence is a drill's to the end")
    func drill() throws {
        let sequence = try Corpus.sequence(["32-39_13_"])
        #expect(!sequence.isEmpty && sequence.allSatisfy { $0.event.text.hasPrefix("exercise/") })
    }

    @Test("Every bulletin of one folder goes through without a story too many", arguments: ["official-samples", "real-2021-2024"])
    func all(folder: String) throws {
        let sequence = try Corpus.sequence([""], in: folder)
        var stories = EventStories()
        let place = try town("220", "0420500", "0420200")
        _ = stories.run(sequence, for: place)
        #expect(stories.count == Set(sequence.map(\.event)).count || stories.count < sequence.count)
        var again = stories
        for content in sequence.suffix(200) {
            switch again.take(content, source: "second", now: content.sent) {
            case .sameAgain, .outdated, .notTheirs, .toldByLevelFormat: break
            case .news, .cancels, .cancelsNothing: Issue.record("told again: \(content.id)")
            }
        }
    }
}
