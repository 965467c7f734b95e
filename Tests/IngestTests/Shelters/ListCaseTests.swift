/// Lists as towns really send them, and what became of each column and each row.
import AlertModel
import Codes
import FoundationEssentials
import Testing

@testable import Ingest

private typealias Fitness = AlertModel.Shelter.Fitness
private typealias Hazard = AlertModel.Shelter.Hazard
private let kesennuma = TownID("042056")!

private func readList(
    _ text: String, _ fileName: String = "list.csv", town: ListTown? = ListTown(kesennuma), name: String? = nil, map: [String] = []
) throws(Refusal) -> ShelterList {
    var mappings: [ColumnMapping] = []
    for text in map { mappings.append(try ColumnMapping(text)) }
    return try ShelterListReader.read(Array(text.utf8), fileName: fileName, town: town, name: name, map: mappings)
}

@Suite("Whose shelter a row speaks of")
struct TownEvidenceTests {
    private static let gsi = "NO,共通ID,都道府県名及び市町村名,施設・場所名,住所,洪水,地震,津波,緯度,経度,備考\n"

    @Test("The former national layout has codes under another heading: rows of the next town are not ours")
    func formerLayout() throws {
        let list = try readList("""
            市町村コード,都道府県名及び市町村名,NO,施設・場所名,住所,洪水,津波,緯度,経度
            04205,宮城県気仙沼市,1,甲,宮城県気仙沼市1,1,,38.9,141.57
            03210,岩手県陸前高田市,2,乙,岩手県陸前高田市2,,1,39.015,141.63
            3210.0,,3,丙,,,1,39.016,141.631
            """)
        #expect(list.shelters.map(\.name) == ["甲"])
        #expect(list.elsewhere == [TownID("032107")!: 2] && list.refusedRows == 0)
    }

    @Test("A row that names another town in any way is not ours", arguments: [
        "市区町村コード,名称,住所\n032107,乙,", "市区町村コード,名称,住所\n=\"03210\",乙,", "市町村名,名称,住所\n陸前高田市,乙,", "地方公共団体名,名称,住所\n岩手県陸前高田市,乙,",
        "名称,住所\n乙,岩手県陸前高田市高田町1", "名称,住所\n乙,陸前高田市高田町1", "共通ID,名称,住所\nE0321000001201,乙,", "名称,住所\n乙,本吉郡南三陸町志津川1",
        "名称,住所\n乙,宮城県石巻市1",
    ])
    func elsewhere(text: String) throws {
        let list = try readList(text + "\n,,\n")
        #expect(list.shelters.isEmpty && list.elsewhere.values.reduce(0, +) == 1, "\(list.remarks)")
    }

    @Test("A row that contradicts itself, lies far away, or says what nobody understands, is refused", arguments: [
        "市区町村コード,名称,住所,緯度,経度\n042056,乙,岩手県陸前高田市1,,", "市区町村コード,名称,住所,緯度,経度\n032107,乙,宮城県気仙沼市1,,",
        "市区町村コード,名称,住所,緯度,経度\n042056,乙,香川県高松市番町1,34.3,134.0", "市区町村コード,名称,住所,緯度,経度\n,乙,試験1,34.3,134.0",
        "市区町村コード,名称,住所,緯度,経度\n042056,乙,気仙沼市試験1,36.0,137.2", "市区町村コード,名称,住所,緯度,経度\n99999,乙,試験1,,",
        "市区町村コード,名称,住所,緯度,経度\n03,乙,試験1,,", "市区町村コード,名称,住所,緯度,経度\n032,乙,試験1,,",
    ])
    func refused(text: String) throws {
        let list = try readList(text)
        #expect(list.shelters.isEmpty && list.refusedRows == 1, "\(list.shelters)")
    }

    @Test("Silence is filled by the town given, and what speaks for it is ours", arguments: [
        ",乙,試験1,38.9,141.57", ",乙,八日町1,,", ",乙,気仙沼市八日町1,38.9,141.57", ",乙,宮城県本吉郡本吉町津谷,38.8,141.5", "04205,乙,,,", "42056.0,乙,,,",
        "205,乙,,,", "04,乙,,,", "040002,乙,,,", "99999,乙,宮城県気仙沼市1,,", "042056,乙,宮城県登米市1,,",
    ])
    func ours(row: String) throws {
        let list = try readList("市区町村コード,名称,住所,緯度,経度\n" + row)
        #expect(list.shelters.map(\.town) == [kesennuma], "\(list.remarks) \(list.elsewhere)")
    }

    @Test("The name of the file or a title speaks where the rows are silent", arguments: [
        ("03210_2.csv", ""), ("/tmp/避難所_032107.csv", ""), ("陸前高田市避難所.csv", ""), ("list.csv", "岩手県陸前高田市 避難所一覧,,\n"),
    ])
    func file(name: String, title: String) throws {
        let text = title + "名称,住所,緯度\n甲,試験1,\n"
        #expect(try readList(text, name).refusedRows == 1)
        #expect(try readList(title + "市区町村コード,名称,住所\n042056,甲,試験1\n", name).shelters.count == 1, "a code in the row is surer")
    }

    @Test("More than a few strangers refuse the file, a few among many do not")
    func wrongFile() throws {
        let ours = (1...60).map { ",甲\($0),気仙沼市\($0),38.9,141.5" }, theirs = (1...4).map { ",乙\($0),試験\($0),34.3,134.0" }
        let header = "市区町村コード,名称,住所,緯度,経度\n"
        let mixed = try readList(header + (ours + theirs).joined(separator: "\n"))
        #expect(mixed.shelters.count == 60 && mixed.refusedRows == 4)
        #expect(throws: Refusal.self) { try readList(header + (ours.prefix(10) + theirs).joined(separator: "\n")) }
    }

    @Test("The place is held against what is known of the town, and against the others of the list")
    func distance() throws {
        let near = ListTown(kesennuma, outline: [Coordinate(latitude: 38.9, longitude: 141.57)])
        let text = "名称,緯度,経度\n甲,38.0,140.3\n"
        #expect(try readList(text, town: near).shelters.isEmpty)
        let rows = (1...6).map { "甲\($0),38.9,141.5\($0)" }.joined(separator: "\n") + "\n乙,37.75,140.3"
        let far = try readList("名称,緯度,経度\n" + rows)
        #expect(far.shelters.count == 7 && far.remarks.contains { $0.kind == .doubtful && $0.line == 8 })
    }
}

@Suite("What each column is used as")
struct ColumnTests {
    private func verdicts(_ list: ShelterList) -> [String: String] {
        Dictionary(list.columns.map { ($0.header, $0.use ?? $0.verdict.rawValue) }, uniquingKeysWith: { first, _ in first })
    }

    @Test("A column of names is known by many words", arguments: [
        "USER_施設名称", "Name", "指定緊急避難場所名", "指定避難所", "指定避難所名", "施設の名称", "施設・場所名称", "施設名（通称）", "避難場所", "避難場所・避難所名", "避難場所名称",
        "避難所名称", "避難施設名称", "【施設名】", "[名称]", "※施設名", "①施設名称", "施設名※1", "施設\n名称", "施設情報_名称", "shelter_name", "津波避難ビル名", "建物名称", "Ｎａｍｅ",
    ])
    func names(header: String) throws {
        let list = try readList("\"\(header)\",住所,緯度,経度\n試験小学校,気仙沼市試験1,38.90,141.57\n")
        #expect(list.shelters.map(\.name) == ["試験小学校"])
    }

    @Test("Other people's names are no names of shelters", arguments: ["施設管理者名", "担当部署名称", "学校区名", "自治体_名称", "所有者の名称"])
    func otherNames(header: String) {
        #expect(throws: Refusal.self) { try readList("\(header),緯度,経度\n試験,38.90,141.57\n") }
    }

    @Test("指定避難所 heads names in one list and flags in another")
    func namesOrFlags() throws {
        let flags = try readList("名称,指定避難所,福祉避難所\n甲,○,\n乙,,○\n")
        #expect(flags.shelters.map(\.kinds) == [[.shelter], [.welfare]])
        #expect(verdicts(try readList("避難所名,避難場所\n甲,乙公園\n"))["避難場所"] == "ignored")
    }

    @Test("A header of two lines is one header, whichever line holds the hazards", arguments: [
        "施設名,住所,災害種別,,,緯度,経度\n,,洪水,土砂災害,津波,,\n", "施設名,住所,対象とする災害,,,緯度,経度\n施設名,住所,洪水,土砂,津波,緯度,経度\n",
        "施設,,災害,,,位置,\n名称,住所,洪水,土砂災害,津波,緯度,経度\n", ",,災害種別,,,,\n名称,住所,洪水,土砂災害,津波,緯度,経度\n",
        "避難所一覧（令和8年）\n施設名,住所,災害種別,,,緯度,経度\n,,洪水,土砂災害,津波,,\n",
    ])
    func twoLines(header: String) throws {
        let list = try readList(header + "甲,気仙沼市1,○,△,×,38.9,141.57\n")
        let shelter = try #require(list.shelters.first)
        #expect(list.shelters.count == 1 && shelter.name == "甲" && shelter.latitude == 38.9)
        #expect(shelter.fitness == [.flood: .fit, .landslide: .conditional, .tsunami: .unfit])
    }

    @Test("Hazards of a city's list are read: in English, under two scales, with remarks in the cell")
    func cityHazards() throws {
        let list = try readList("""
            "#property","latitude","longitude","name","address","flood_L1","flood_L2","inundation","sedimentDisaster","stormSurge","tunami","fire","earthquake","capacity"
            "1","38.90","141.57","甲","気仙沼市試験1","○","△","○","○（2階以上）","△","×（浸水のため）","○","○","238"
            """)
        let shelter = try #require(list.shelters.first)
        #expect(shelter.fitness == [.flood: .conditional, .landslide: .conditional, .stormSurge: .conditional, .tsunami: .unfit, .fire: .fit, .earthquake: .fit])
        let verdicts = verdicts(list)
        #expect(verdicts["inundation"] == "doubtful" && verdicts["#property"] == "ignored" && verdicts["flood_L1"] == "災害種別_洪水")
        #expect(list.columns.count == 14 && list.columns.map(\.position) == Array(1...14))
    }

    @Test("Where the water comes is not where one is safe from it", arguments: [
        "浸水想定区域", "洪水浸水想定区域", "津波浸水想定区域内", "土砂災害警戒区域", "津波浸水深", "高潮ハザードマップ", "洪水時の注意事項", "津波到達時間", "地震・津波", "洪水リスク",
    ])
    func zones(header: String) throws {
        let list = try readList("名称,\(header)\n甲,○\n")
        #expect(list.shelters.first?.fitness == [:])
        #expect(list.columns[1].verdict == .doubtful)
        #expect(try ShelterListReader.read(Array("名称,浸水想定区域,\n,洪水,津波\n甲,○,○\n".utf8), fileName: "x").shelters.first?.fitness == [:])
    }

    @Test("A blank is a no where nobody writes a no, and silence where somebody does", arguments: [
        ("甲,○,○\n乙,○,\n", Fitness.unfit), ("甲,○,○\n乙,○,\n丙,○,×\n", nil), ("甲,,\n乙,,\n", nil), ("甲,1,1\n乙,1,\n", .unfit), ("甲,1,1\n乙,1,\n丙,1,0\n", nil),
    ])
    func blanks(rows: String, fitness: AlertModel.Shelter.Fitness?) throws {
        #expect(try readList("名称,洪水,津波\n" + rows).shelters[1].fitness[.tsunami] == fitness)
    }

    @Test("A note that forbids counts more than a flag", arguments: [
        ("津波時は使用不可", [Hazard.tsunami]), ("洪水○ 津波×", [.tsunami]), ("津波：×、高潮：×、洪水：○", [.tsunami, .stormSurge]), ("土砂災害×", [.landslide]), ("津波・高潮を除く", [.tsunami, .stormSurge]), ("地震は可、津波は不可", [.tsunami]), ("津波時は1階使用不可", []), ("鍵は学校", []),
        ("洪水の際は開設しない", [.flood]), ("※津波災害には対応していません", [.tsunami]), ("地震・津波以外で使用", [.earthquake, .tsunami]),
        ("土砂災害時のみ使用可", Hazard.allCases.filter { $0 != .landslide }), ("津波のみ対象外", [.tsunami]), ("駐車は職員のみ", []), ("高潮には適さない。津波は可", [.stormSurge]),
        ("地震に限り2階以上を使用", []), ("地震以外は使用不可", Hazard.allCases.filter { $0 != .earthquake }),
    ])
    func notes(note: String, hazards: [AlertModel.Shelter.Hazard]) throws {
        let list = try readList("名称,洪水,高潮,地震,津波,備考\n甲,○,○,○,○,\"\(note)\"\n")
        #expect(Set(list.shelters[0].fitness.filter { $0.value == .unfit }.keys) == Set(hazards))
        #expect(list.shelters[0].note == note)
    }

    @Test("A note that speaks of floors makes a condition, and never lifts what is forbidden", arguments: [
        ("洪水時は２階以上", [Hazard.flood]), ("※洪水（２階以上）", [.flood]), ("洪水のときは開かない場合があります", [.flood]), ("津波時に使用できない場合がある", [.tsunami]), ("津波・高潮の際は3階以上に避難", [.tsunami, .stormSurge]), ("津波時は1階使用不可", [.tsunami]), ("地震に限り2階以上を使用", [.earthquake]),
        ("2階以上\n鍵は学校", []), ("大雨：2階以上", [.flood, .inlandFlood]), ("鍵は2階以上の部屋", []), ("土砂災害時は谷側の1階を除く", [.landslide]), ("津波は不可、洪水は2階以上", [.flood]),
    ])
    func floors(note: String, hazards: [AlertModel.Shelter.Hazard]) throws {
        let list = try readList("名称,洪水,高潮,地震,津波,備考\n甲,○,○,○,○,\"\(note)\"\n")
        #expect(Set(list.shelters[0].fitness.filter { $0.value == .conditional }.keys) == Set(hazards))
        #expect(list.shelters[0].fitness[.tsunami] == (note.contains("津波は不可") ? .unfit : hazards.contains(.tsunami) ? .conditional : .fit))
        #expect(try readList("名称,津波,備考\n甲,×,津波時は2階以上\n").shelters[0].fitness[.tsunami] == .unfit)
    }

    @Test("A unit under a heading is no column's word", arguments: [
        ("施設名,住所,収容人数\n,,(人)\n甲,試験1,200\n", 200), ("施設名,住所,収容人数,緯度,経度\n,,人,(度),(度)\n甲,試験1,200,38.90,141.57\n", 200),
        ("施設名,住所,収容人数,対応災害,\n,,（人）,洪水,津波\n甲,試験1,200,○,×\n", 200), ("施設名,住所,収容人数\n,,（名）\n甲,試験1,200名\n", 200),
        ("施設名,住所,床面積\n,,(㎡)\n甲,試験1,200\n", nil),
    ] as [(String, Int?)])
    func units(text: String, people: Int?) throws {
        let list = try readList(text)
        #expect(list.shelters.map(\.name) == ["甲"] && list.shelters.first?.capacity?.people == people, "\(list.columns) \(list.remarks)")
        if text.contains("津波") { #expect(list.shelters.first?.fitness == [.flood: .fit, .tsunami: .unfit]) }
    }

    @Test("A list of tsunami buildings is fit for what it is a list of", arguments: [("津波避難ビル", "list.csv"), (nil, "津波避難ビル一覧.csv")] as [(String?, String)])
    func tsunamiBuildings(name: String?, file: String) throws {
        #expect(try readList("名称,住所\n甲,気仙沼市1\n", file, name: name).shelters[0].fitness == [.tsunami: .fit])
    }

    @Test("A column is named by hand, by its heading or its number, or left out")
    func mappings() throws {
        let text = "呼び方,ところ,つなみ,施設名,緯度,経度\n甲,気仙沼市1,○,乙,38.9,141.57\n"
        let list = try readList(text, map: ["呼び方=施設名称", "ところ=住所", "#3=津波"])
        let shelter = try #require(list.shelters.first)
        #expect(shelter.name == "甲" && shelter.address == "気仙沼市1" && shelter.fitness == [.tsunami: .fit])
        #expect(list.columns.map(\.verdict) == [.used, .used, .used, .ignored, .used, .used])
        #expect(try readList("名称,備考\n甲,内部\n", map: ["備考=無視"]).shelters[0].note == nil)
        #expect(throws: Refusal.self) { try readList(text, map: ["呼び方=何か"]) }
        #expect(throws: Refusal.self) { try readList(text, map: ["ない列=施設名"]) }
        #expect(throws: Refusal.self) { try readList(text, map: ["施設名"]) }
    }

    @Test("Who finds no column of names says which there are and how to name one")
    func nameless() {
        let refusal = #expect(throws: Refusal.self) { try readList("呼び方,ところ\n甲,乙\n") }
        #expect(refusal?.reason.contains("呼び方") == true && refusal?.reason.contains("--map") == true)
    }

    @Test("What its publisher withdrew is not taken; capacities with a remark in the heading or the cell are")
    func withdrawn() throws {
        let list = try readList("""
            id,表示フラグ,避難所名,収容人数（およそ）
            1,1,甲,200
            2,0,乙,80
            3,1,丙,約1,200人
            """.replacing("約1,200人", with: "\"約1,200人程度\""))
        #expect(list.shelters.map(\.name) == ["甲", "丙"] && list.shelters.map(\.capacity?.people) == [200, 1_200])
        #expect(try readList("名称,削除フラグ\n甲,0\n乙,1\n").shelters.map(\.name) == ["甲"])
        #expect(try readList("名称,公開フラグ\n甲,\n").shelters.count == 1)
    }

    @Test("Degrees, minutes and seconds, and both in one cell")
    func degrees() throws {
        let list = try readList("名称,緯度経度\n甲,\"38.9,141.57\"\n")
        #expect(list.shelters[0].latitude == 38.9 && list.shelters[0].longitude == 141.57)
        let packed = try readList("名称,緯度,経度\n甲,38度54分0秒,\"141°34'12\"\"\"\n")
        #expect(packed.shelters[0].latitude == 38.9 && abs((packed.shelters[0].longitude ?? 0) - 141.57) < 1e-9)
    }

    @Test("One bad octet costs its row, not the file")
    func badOctet() throws {
        let good = (1...40).map { "施設番号\($0)の公民館,気仙沼市試験\($0)\n" }.joined()
        var utf8 = Array(("名称,住所\n" + good).utf8)
        utf8 += [0xFF] + Array("会館,気仙沼市\n試験園,気仙沼市\n".utf8)
        let list = try ShelterListReader.read(utf8, fileName: "x.csv", town: ListTown(kesennuma))
        #expect(list.encoding == .utf8 && list.shelters.count == 41 && list.refusedRows == 1)
        // 名称, then 髙, then 0xA0, which CP932 has no letter for.
        let cp932: [UInt8] = [0x96, 0xBC, 0x8F, 0xCC, 0x0A] + Array(repeating: [0xFB, 0xFC, 0x0A], count: 30).flatMap(\.self) + [0xFD, 0x41, 0x0A]
        let other = try ShelterListReader.read(cp932, fileName: "x.csv", town: ListTown(kesennuma))
        #expect(other.encoding == .cp932 && other.shelters.map(\.name) == ["髙"] && other.refusedRows >= 1)
    }
}

private let cases: URL? = {
    var root = URL(fileURLWithPath: #filePath)
    for _ in 0..<5 { root.deleteLastPathComponent() }
    let folder = root.appendingPathComponent("shared/cases")
    return FileManager.default.fileExists(atPath: folder.path) ? folder : nil
}()

@Suite("Lists that others met", .enabled(if: cases != nil, "no cases here"))
struct ListCaseTests {
    private func read(_ path: String, name: String? = nil) throws -> ShelterList {
        let file = try #require(cases).appendingPathComponent(path)
        return try ShelterListReader.read(
            Array(try Data(contentsOf: file)), fileName: file.lastPathComponent, town: ListTown(kesennuma), name: name)
    }

    @Test("01: one shelter is ours, two rows lie in the next town", arguments: ["input.csv", "list.csv"])
    func formerHeader(file: String) throws {
        let list = try read("01-gsi-old-header-other-town/\(file)")
        #expect(list.shelters.count == 1 && list.elsewhere.values.map(\.self) == [2])
    }

    @Test("06: every heading is a name's")
    func headings() throws {
        let folder = try #require(cases).appendingPathComponent("06-header-names")
        let files = try FileManager.default.contentsOfDirectory(atPath: folder.path)
        #expect(files.count >= 13)
        for file in files { #expect(try read("06-header-names/\(file)").shelters.map(\.name) == ["試験小学校"], "\(file)") }
    }

    @Test("07, 08, 09, 15, 22")
    func others() throws {
        #expect(try read("07-one-bad-byte/input.csv").shelters.map(\.name).prefix(2) == ["試験小学校", "髙橋会館"])
        let elsewhere = try read("08-coordinates-elsewhere/input.csv")
        #expect(elsewhere.shelters.isEmpty && elsewhere.refusedRows + elsewhere.elsewhere.count == 2)
        #expect(try read("09-lost-columns/input.csv").columns.filter { $0.header == "tunami" }.map(\.use) == ["災害種別_津波"])
        let unfit = try #require(try read("15-hazard-unfit-shelter/04205_2.csv").shelters.first)
        #expect(unfit.fitness[.tsunami] == .unfit && unfit.fitness[.earthquake] == .fit && unfit.note == "津波時は使用不可")
        let withdrawn = try read("22-display-flag-and-units/input.csv")
        #expect(withdrawn.shelters.map(\.capacity?.people) == [200])
    }
}
