import AlertModel
import FoundationEssentials
import Testing

@testable import Codes

private let tables = CodeTables.bundled
/// 2026-05-27T23:59:59+09:00 and the second after it.
private let lastOldSecond = Date(timeIntervalSince1970: 1_779_893_999)
private let firstNewSecond = Date(timeIntervalSince1970: 1_779_894_000)

private func id(_ code: String) throws -> TownID { try #require(TownID(code)) }
private func town(_ code: String) throws -> TownAreas { try #require(tables.town(id(code))) }

@Suite("Code tables")
struct CodeTablesTests {
    @Test("Areas are found in the table of their scheme", arguments: [
        (AreaScheme.jmaCity, "0420500", "気仙沼市"), (.jmaCity, "0410100", "仙台青葉区"), (.jmaSeismic, "220", "宮城県北部"),
        (.jmaForecast, "040010", "東部"), (.jmaForecast, "011000", "宗谷地方"), (.jmaEEW, "9040", "宮城"),
        (.jmaEEW, "9920", "東北"), (.jmaTsunami, "220", "宮城県"), (.jmaTsunami, "291", "東北地方太平洋沿岸"),
        (.jmaVolcano, "506", "桜島"), (.localGovernment, "042056", "気仙沼市"), (.localGovernment, "040002", "宮城県"),
    ])
    func names(scheme: AreaScheme, code: String, name: String) {
        #expect(tables.name(scheme, code) == name)
    }

    @Test("A code that lost its leading zero still resolves")
    func lostZeros() {
        #expect(tables.name(.jmaCity, "420500") == "気仙沼市")
        #expect(tables.name(.localGovernment, "42056") == "気仙沼市")
        #expect(tables.kindName(.weather, "3", at: lastOldSecond) == "大雨警報")
        #expect(tables.kindName(.comment, "215", at: firstNewSecond) == tables.kindName(.comment, "0215", at: firstNewSecond))
    }

    @Test("Unknown codes are unknown, and schemes without a table say so")
    func unknown() {
        #expect(tables.name(.jmaForecast, "990000") == nil)
        #expect(!tables.knows(.jmaCity, "9999999"))
        #expect(tables.knows(.jmaCity))
        #expect(!tables.knows(.polygon))
        #expect(tables.kindName(.weather, "42", at: firstNewSecond) == nil)
    }

    @Test("Warnings get the names with levels on the day they entered, not a second earlier")
    func datedKinds() {
        #expect(tables.kindName(.weather, "03", at: lastOldSecond) == "大雨警報")
        #expect(tables.kindName(.weather, "03", at: firstNewSecond) == "レベル３大雨警報")
        #expect(tables.kindName(.weather, "43", at: lastOldSecond) == nil)
        #expect(tables.kindName(.weather, "43", at: firstNewSecond) == "レベル４大雨危険警報")
        #expect(tables.kindName(.weather, "05", at: firstNewSecond) == "暴風警報")
    }

    @Test("Every table of kinds has entries", arguments: zip(KindTable.allCases, [
        "03", "52", "15", "31", "10", "3", "1", "1", "22", "30", "120", "0215",
    ]))
    func kinds(table: KindTable, code: String) {
        #expect(tables.kindName(table, code, at: firstNewSecond) != nil)
    }

    @Test("Comments keep their line breaks")
    func lineBreaks() {
        #expect(tables.kindName(.comment, "0122", at: firstNewSecond)?.hasPrefix("＜津波警報＞\n") == true)
    }

    @Test("Tables outside the schemes are found by their own name")
    func codeTypes() {
        #expect(tables.name(codeType: "全国・地方予報区等", "011000") == "九州南部・奄美地方")
        #expect(tables.name(codeType: "震央地名", "288") == "三陸沖")
        #expect(tables.name(codeType: "都道府県", "4") == "宮城県")
        #expect(tables.name(codeType: "高潮予報区間", "26xxxx") == nil)
    }
}

@Suite("A town's areas")
struct TownAreasTests {
    @Test("気仙沼市 lies in one area of each kind")
    func plainTown() throws {
        let town = try town("042056")
        #expect(town.name == "気仙沼市")
        #expect(town.prefecture == "宮城県")
        #expect(town.kana == "けせんぬまし")
        #expect(town.cityCodes == ["0420500"])
        #expect(town.seismic == ["220"])
        #expect(town.forecast == ["040014", "040010", "040000"])
        #expect(town.eew == ["9040", "9920"])
        #expect(town.tsunamiCandidates == ["220"])
        #expect(town.codes(.localGovernment) == ["042056", "040002"])
    }

    @Test("A designated city has its wards' codes and its parts, a ward those of its city")
    func wards() throws {
        let city = try town("041009")
        let ward = try town("041017")
        #expect(city.cityCodes.contains("0410100") && city.cityCodes.contains("0410001"))
        #expect(city.seismic == ["222"])
        #expect(ward.name == "仙台市青葉区")
        #expect(ward.parent == city.id)
        #expect(ward.cityCodes.first == "0410100" && ward.cityCodes.contains("0410002"))
        #expect(!ward.cityCodes.contains("0410200"), "another ward's code")
        #expect(ward.forecast.contains("040011") && ward.forecast.contains("040021"))
    }

    @Test("Split prefectures fall into their EEW areas", arguments: [
        ("011011", ["9011", "9910"]), ("012025", ["9012", "9910"]), ("012041", ["9013", "9910"]),
        ("012068", ["9014", "9910"]), ("131016", ["9131", "9931"]), ("134015", ["9132", "9932"]),
        ("134210", ["9133", "9933"]), ("462012", ["9461", "9951"]), ("462225", ["9462", "9952"]),
        ("472018", ["9471", "9960"]), ("473570", ["9472", "9960"]), ("472140", ["9473", "9960"]),
        ("473821", ["9474", "9960"]), ("192015", ["9190", "9935"]), ("242012", ["9240", "9936"]),
        ("352012", ["9350", "9942"]),
    ])
    func eew(code: String, areas: [String]) throws {
        #expect(try town(code).eew == areas)
    }

    @Test("A town of two seismic areas has both")
    func twoSeismicAreas() throws {
        #expect(try town("422029").seismic == ["730", "737"])
    }

    @Test("Every town resolves in every table it names")
    func closure() {
        #expect(tables.towns.count == 1913)
        for town in tables.towns {
            for scheme in [AreaScheme.jmaCity, .jmaSeismic, .jmaForecast, .jmaEEW] {
                let codes = town.codes(scheme)
                #expect(codes.allSatisfy { tables.knows(scheme, $0) }, "\(town.id) \(town.name)")
                #expect(!codes.isEmpty || town.id.code == "016951", "\(town.id) \(town.name) has no \(scheme.rawValue)")
            }
            #expect(town.tsunamiCandidates.allSatisfy { tables.knows(.jmaTsunami, $0) })
            #expect(tables.knows(.localGovernment, town.prefectureCode))
        }
    }

    @Test("Every seismic area and every 府県予報区 of EEW is some town's; so is every coast")
    func nothingLeftOver() {
        let towns = tables.towns
        let eew = Set(towns.flatMap(\.eew))
        #expect(eew.count == 70)
        #expect(Set(towns.flatMap(\.seismic)).count == 188)
        let coasts = Set(towns.flatMap(\.tsunamiCandidates))
        #expect(coasts.count == 66, "66 津波予報区 in CoastTsunami")
    }

    @Test("A town is found by its code as people write it, never by a guess", arguments: [
        ("042056", "042056"), ("42056", "042056"), ("04205", "042056"), ("4205", "042056"), ("042057", nil),
        ("", nil), ("気仙沼市", nil), ("0420560", nil),
    ] as [(String, String?)])
    func written(code: String, id: String?) {
        #expect(tables.town(written: code)?.code == id)
    }
}

@Suite("Overlays")
struct OverlayTests {
    @Test("An overlay adds names, dates and towns without touching the bundled tables")
    func overlay() throws {
        let text = """
            # tomorrow
            @edition 2027-04-01
            @table weather
            03\tレベル３大雨警報（新）\t2027-04-01
            99\t試しの警報
            @table jma-seismic
            220\t宮城県北部（改）\r
            @table town
            042056\t気仙沼市\t宮城県\tけせんぬまし\t\t0420500\t220\t040014\t9040 9920\t220
            """
        let newer = try tables.adding(Array(text.utf8), from: "overlay.tsv")
        let spring = Date(timeIntervalSince1970: 1_806_505_200)
        #expect(newer.edition == "2027-04-01")
        #expect(newer.kindName(.weather, "03", at: firstNewSecond) == "レベル３大雨警報")
        #expect(newer.kindName(.weather, "03", at: spring) == "レベル３大雨警報（新）")
        #expect(newer.kindName(.weather, "99", at: lastOldSecond) == "試しの警報")
        #expect(newer.name(.jmaSeismic, "220") == "宮城県北部（改）")
        #expect(newer.town(try id("042056"))?.forecast == ["040014"])
        #expect(newer.towns.count == tables.towns.count)
        #expect(tables.name(.jmaSeismic, "220") == "宮城県北部")
        #expect(tables.edition == "2026-07-07")
    }

    @Test("A file that is not understood is refused whole, with its line", arguments: [
        ("03\t大雨警報", 1), ("@table weather\n03", 2), ("@table weather\n03\t名\t2026-13-01", 2), ("@edition soon", 1),
        ("@tables weather", 1), ("@table town\n042057\ta\tb\tc\td\te\tf\tg\th\ti", 2), ("@table town\n042056\ta", 2),
        ("@table weather\n\t大雨警報", 2),
    ])
    func refused(text: String, line: Int) {
        #expect { try tables.adding(Array(text.utf8), from: "x") } throws: { ($0 as? UnreadableTable)?.line == line }
    }

    @Test("Octets that are no UTF-8, and a file larger than four megabytes, are refused")
    func notText() {
        #expect(throws: UnreadableTable.self) { try tables.adding([0x40, 0xFF, 0xFE], from: "x") }
        #expect(throws: UnreadableTable.self) { try tables.adding([UInt8](repeating: 0x0A, count: 5 << 20), from: "x") }
    }

    @Test("A file that is not there is an error that names it")
    func missing() {
        #expect { try tables.adding(contentsOf: URL(fileURLWithPath: "/nowhere/codes.tsv")) } throws: {
            ($0 as? UnreadableTable)?.file == "/nowhere/codes.tsv"
        }
    }

    @Test("A name in Latin letters is proposed from the reading", arguments: [
        ("042056", "Kesennuma City"), ("131016", "Chiyoda Ward"), ("011011", "Chuo Ward, Sapporo City"), ("094111", "Nakagawa Town"),
        ("012149", "Wakkanai City"), ("012092", "Yubari City"), ("271004", "Osaka City"),
    ])
    func romanNames(_ code: String, _ name: String) {
        #expect(TownID(code).flatMap { CodeTables.bundled.romanName($0) } == name)
    }

    @Test("Every town with a reading has a proposal, in plain letters")
    func everyRomanName() {
        for town in CodeTables.bundled.towns where town.kana != nil {
            let name = CodeTables.bundled.romanName(town.id)
            #expect(name?.allSatisfy { $0.isASCII && ($0.isLetter || $0 == " " || $0 == ",") } == true, "\(town.id) \(town.name) \(town.kana ?? "") \(name ?? "nil")")
        }
    }
}
