/// Published lists of nine municipalities.
import AlertModel
import FoundationEssentials
import Testing

@testable import Ingest

private let lists: URL? = {
    let named = ProcessInfo.processInfo.environment["NOROSHI_CORPUS"].map { URL(fileURLWithPath: $0) }
    var root = URL(fileURLWithPath: #filePath)
    for _ in 0..<5 { root.deleteLastPathComponent() }
    return [named, root.appendingPathComponent("shared/corpus")].compactMap(\.self)
        .map { $0.appendingPathComponent("shelters") }.first { FileManager.default.fileExists(atPath: $0.path) }
}()

struct PublishedList: Sendable, CustomTestStringConvertible {
    let file: String
    let layout: ShelterList.Layout
    let encoding: ShelterList.Encoding
    let count: Int
    let town: String
    var refused = 0
    /// Rows with each of: 洪水, 地震, 津波; counted beside our reader.
    var hazards: [Int] = [0, 0, 0]
    var testDescription: String { file }
}

@Suite("Published shelter lists", .enabled(if: lists != nil, "no corpus here: set NOROSHI_CORPUS"))
struct ShelterCorpusTests {
    @Test("Every row of a published list is read", arguments: [
        PublishedList(file: "01100_2.csv", layout: .gsiSites, encoding: .utf8, count: 348, town: "011002", hazards: [277, 295, 0]),
        PublishedList(file: "04100_1.csv", layout: .gsiShelters, encoding: .utf8, count: 210, town: "041009"),
        PublishedList(file: "04100_2.csv", layout: .gsiSites, encoding: .utf8, count: 311, town: "041009", hazards: [188, 256, 79]),
        PublishedList(file: "27100_1.csv", layout: .gsiShelters, encoding: .utf8, count: 875, town: "271004"),
        PublishedList(file: "27100_2.csv", layout: .gsiSites, encoding: .utf8, count: 3_088, town: "271004", hazards: [1_654, 1_438, 2_027]),
        PublishedList(file: "122033_103_evacuation_space_ichikawa_sjis.csv", layout: .recommended, encoding: .cp932, count: 121,
                      town: "122033", hazards: [102, 119, 119]),
        PublishedList(file: "382019_evacuation_space_matsuyama.csv", layout: .recommended, encoding: .utf8, count: 390,
                      town: "382019", hazards: [137, 390, 331]),
        PublishedList(file: "nanao-2024/reference_data.csv", layout: .recommended, encoding: .utf8, count: 112, town: "172022",
                      hazards: [87, 93, 88]),
        PublishedList(file: "nanao-2024/open_shelter_Nanao-shi_2024-01-09-1800.csv", layout: .recommended, encoding: .utf8,
                      count: 29, town: "172022", hazards: [27, 28, 22]),
        PublishedList(file: "nanao-2024/open_shelter_Nanao-shi_2024-01-11-1800.csv", layout: .recommended, encoding: .utf8,
                      count: 28, town: "172022", hazards: [26, 27, 22]),
    ])
    func published(_ published: PublishedList) throws {
        let octets = Array(try Data(contentsOf: try #require(lists).appendingPathComponent(published.file)))
        let list = try ShelterListReader.read(octets, fileName: published.file)
        #expect(list.layout == published.layout && list.encoding == published.encoding)
        #expect(list.shelters.count == published.count)
        #expect(list.refusedRows == published.refused, "\(list.remarks.filter { $0.kind == .refused })")
        #expect(Set(list.shelters.map(\.id)).count == list.shelters.count)
        #expect(Set(list.shelters.map { $0.town?.code }) == [published.town])
        #expect(list.shelters.allSatisfy { $0.latitude != nil && !$0.name.isEmpty && !$0.kinds.isEmpty })
        let hazards = [Shelter.Hazard.flood, .earthquake, .tsunami].map { hazard in
            // 津波：2階以上 in a note makes a condition of the mark.
            list.shelters.count { [.fit, .conditional].contains($0.fitness[hazard]) }
        }
        #expect(hazards == published.hazards)
    }

    @Test("What the lists are known for is mended: kana, capacities, people counted")
    func defects() throws {
        func read(_ name: String) throws -> ShelterList {
            try ShelterListReader.read(Array(try Data(contentsOf: try #require(lists).appendingPathComponent(name))), fileName: name)
        }
        let ichikawa = try read("122033_103_evacuation_space_ichikawa_sjis.csv")
        #expect(ichikawa.shelters.first?.kana == "ケンリツコクブンコウコウ")
        #expect(ichikawa.shelters.allSatisfy { !$0.hasOwnID })
        let matsuyama = try read("382019_evacuation_space_matsuyama.csv")
        #expect(matsuyama.shelters.first?.capacity?.people == 50_700)
        let nanao = try read("nanao-2024/open_shelter_Nanao-shi_2024-01-09-1800.csv")
        #expect(nanao.shelters.first?.occupants == 180)
        #expect(nanao.shelters.first?.countedAt == "令和6年1月9日午後6時時点")
        #expect(nanao.shelters.contains { $0.kinds == [.temporary] })
    }
}
