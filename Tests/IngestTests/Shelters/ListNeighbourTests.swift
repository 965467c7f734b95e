/// Near relations of the lists that others met: the same faults under other words, letters, orders and datums.
import AlertModel
import Codes
import FoundationEssentials
import Testing

@testable import Ingest

private let kesennuma = TownID("042056")!

private func read(_ octets: [UInt8], _ fileName: String = "list.csv") throws(Refusal) -> ShelterList {
    try ShelterListReader.read(octets, fileName: fileName, town: ListTown(kesennuma))
}

private func read(_ text: String, _ fileName: String = "list.csv") throws(Refusal) -> ShelterList { try read(Array(text.utf8), fileName) }

@Suite("Relations of the lists that others met")
struct ListNeighbourTests {
    @Test("A town's code is known under any of its headings, and the next town's row is not ours", arguments: [
        "市町村コード", "自治体コード", "団体コード", "地方公共団体コード", "全国地方公共団体コード", "都道府県コード又は市区町村コード", "市区町村ｺｰﾄﾞ", "市町村CD", "行政区域コード", "自治体ＣＤ", "JISコード",
        "lg_code", "city_code",
    ])
    func codes(heading: String) throws {
        let list = try read("\(heading),施設名,住所,緯度,経度\n042056,甲,試験1,38.90,141.57\n032107,乙,試験2,39.01,141.63\n")
        #expect(list.shelters.map(\.name) == ["甲"], "\(list.columns)")
        #expect(list.elsewhere.values.reduce(0, +) == 1)
    }

    @Test("A heading that turns its column round is nobody's yes", arguments: [
        "津波不可", "津波NG", "災害種別_津波_不可", "津波避難対象外", "津波時の使用不可", "洪水不適", "洪水時閉鎖", "地震使用禁止", "津波以外", "津波（使用できない）",
    ], ["○", "1"])
    func turned(heading: String, mark: String) throws {
        let list = try read("施設名,住所,\(heading)\n甲,気仙沼市1,\(mark)\n乙,気仙沼市2,\n")
        #expect(list.shelters.count == 2 && list.shelters.allSatisfy { !$0.fitness.values.contains(.fit) }, "\(list.shelters)")
        #expect(list.columns.contains { $0.verdict == .doubtful }, "\(list.columns)")
    }

    @Test("One that names both ways is a column of flags", arguments: ["津波（可・不可）", "津波適否", "津波対応可否", "津波避難の可否"])
    func bothWays(heading: String) throws {
        let list = try read("施設名,住所,\(heading)\n甲,気仙沼市1,可\n乙,気仙沼市2,不可\n")
        #expect(list.shelters.map { $0.fitness[.tsunami] } == [.fit, .unfit], "\(list.columns)")
    }

    @Test("What its office has given up is no shelter, however it says so", arguments: [
        ("状態", "廃止"), ("指定状況", "指定解除"), ("指定状況", "指定取消"), ("廃止日", "2020-03-31"), ("廃止年月日", "令和2年3月31日"), ("指定取消", "1"), ("指定解除", "2021/04/01"),
        ("有効", "無効"), ("有効フラグ", "0"), ("運用状況", "休止"), ("現況", "閉鎖"),
    ])
    func givenUp(heading: String, word: String) throws {
        let list = try read("施設名,住所,津波,\(heading)\n甲,気仙沼市1,○,\n乙,気仙沼市2,○,\(word)\n")
        #expect(list.shelters.map(\.name) == ["甲"], "\(list.columns)")
    }

    @Test("What stands is a shelter, whatever the column is called", arguments: [("状態", "1"), ("状態", "指定済"), ("廃止日", ""), ("廃止日", "9999-12-31"), ("有効", "1"), ("有効", "有効"), ("指定解除", "0"), ("現況", "開設可")])
    func stands(heading: String, word: String) throws {
        let list = try read("施設名,住所,津波,\(heading)\n甲,気仙沼市1,○,\(word)\n乙,気仙沼市2,○,\n")
        #expect(list.shelters.map(\.name) == ["甲", "乙"], "\(list.columns) \(list.remarks)")
    }

    @Test("A note that the place is closed counts more than its flags; one of a part of it, or of what is to come, does not", arguments: [
        ("令和5年3月末廃止", true), ("工事のため閉鎖中", true), ("指定を解除しました", true), ("耐震不足のため使用停止", true),
        ("1階は閉鎖中", false), ("令和9年3月廃止予定", false), ("バス路線は廃止", false), ("ペット可", false),
    ])
    func closed(note: String, isClosed: Bool) throws {
        let list = try read("施設名,住所,津波,洪水,備考\n甲,気仙沼市1,○,○,\(note)\n")
        let shelter = try #require(list.shelters.first)
        #expect(shelter.fitness.values.contains(.fit) == !isClosed, "\(shelter.fitness)")
        if isClosed { #expect(list.remarks.contains { $0.kind == .doubtful }) }
    }

    @Test("A neighbour's row is not ours: by a column of its name, by its address without 県 and 郡", arguments: [
        ("所在市町村", "南三陸町", "志津川1"), ("所在市区町村", "大船渡市", "盛町1"), ("所在自治体", "南三陸町", "志津川1"), ("備考", "", "南三陸町志津川1"),
    ])
    func neighbours(heading: String, town: String, address: String) throws {
        let list = try read("施設名,住所,\(heading),緯度,経度\n甲,\(address),\(town),38.90,141.57\n乙,気仙沼市1,,38.90,141.57\n")
        #expect(list.shelters.map(\.name) == ["乙"], "\(list.shelters.map(\.name)) \(list.columns)")
    }

    @Test("A 町 of our own that is called like another's town stays ours")
    func ownQuarter() throws {
        #expect(try read("施設名,住所\n甲,大島町1\n乙,本町2\n").shelters.count == 2)
    }

    @Test("Letters and separators of any office", arguments: ["utf-8", "utf-8 bom", "utf-16le bom", "utf-16be bom", "utf-16le", "utf-16be", "tabs", "semicolons", "cr", "quoted"])
    func forms(form: String) throws {
        let plain = "施設名,住所,津波,緯度,経度\n髙橋会館,気仙沼市1,○,38.90,141.57\n"
        let octets: [UInt8] =
            switch form {
            case "utf-8 bom": [0xEF, 0xBB, 0xBF] + Array(plain.utf8)
            case "utf-16le bom": [0xFF, 0xFE] + plain.utf16.flatMap { [UInt8($0 & 0xFF), UInt8($0 >> 8)] }
            case "utf-16be bom": [0xFE, 0xFF] + plain.utf16.flatMap { [UInt8($0 >> 8), UInt8($0 & 0xFF)] }
            case "utf-16le": plain.utf16.flatMap { [UInt8($0 & 0xFF), UInt8($0 >> 8)] }
            case "utf-16be": plain.utf16.flatMap { [UInt8($0 >> 8), UInt8($0 & 0xFF)] }
            case "tabs": Array(plain.replacing(",", with: "\t").utf8)
            case "semicolons": Array(plain.replacing(",", with: ";").utf8)
            case "cr": Array(plain.replacing("\n", with: "\r").utf8)
            case "quoted": Array(("\"" + plain.dropLast().replacing(",", with: "\",\"").replacing("\n", with: "\"\r\n\"") + "\"\r\n").utf8)
            default: Array(plain.utf8)
            }
        let shelter = try #require(try read(octets).shelters.first)
        #expect(shelter.name == "髙橋会館" && shelter.fitness == [.tsunami: .fit] && shelter.latitude == 38.9)
    }

    @Test("Columns may come in any order", arguments: [[4, 3, 2, 1, 0], [2, 0, 4, 1, 3], [1, 4, 0, 3, 2]])
    func order(places: [Int]) throws {
        let rows = [["施設名", "住所", "津波", "緯度", "経度"], ["甲", "気仙沼市1", "×", "38.90", "141.57"]]
        let shelter = try #require(try read(rows.map { row in places.map { row[$0] }.joined(separator: ",") }.joined(separator: "\n")).shelters.first)
        #expect(shelter.name == "甲" && shelter.address == "気仙沼市1" && shelter.fitness == [.tsunami: .unfit] && shelter.longitude == 141.57)
    }

    @Test("Swapped by heading, in every row or in one: turned, and said", arguments: [
        "甲,141.57,38.90\n乙,141.58,38.91\n", "甲,38.90,141.57\n乙,141.58,38.91\n", "甲,141.57,38.90\n乙,38.91,141.58\n",
    ])
    func swapped(rows: String) throws {
        let list = try read("施設名,緯度,経度\n" + rows)
        #expect(list.shelters.map(\.latitude) == [38.9, 38.91] && list.shelters.map(\.longitude) == [141.57, 141.58])
        #expect(list.remarks.contains { $0.text.contains("逆") })
    }

    @Test("Metres of a plane grid are no degrees: the house stays, its place is left out and said", arguments: [
        "-122345.6,12345.7", "4305123,552345", "389000,1415700", "38.90,0", "138.9,241.57", "-38.90,141.57",
    ])
    func metres(cells: String) throws {
        let list = try read("施設名,住所,緯度,経度\n甲,気仙沼市1,\(cells)\n")
        #expect(list.shelters.map(\.name) == ["甲"] && list.shelters.allSatisfy { $0.latitude == nil && $0.longitude == nil }, "\(list.shelters)")
        #expect(!list.remarks.isEmpty)
    }

    @Test("The old datum is four hundred metres away: said, and never taken for the new one in silence", arguments: [
        "緯度（日本測地系）,経度（日本測地系）", "緯度(旧測地系),経度(旧測地系)", "tky_緯度,tky_経度", "緯度[Tokyo],経度[Tokyo]", "旧測地系_緯度,旧測地系_経度",
    ])
    func datum(headings: String) throws {
        let list = try read("施設名,住所,\(headings)\n甲,気仙沼市1,38.90,141.57\n")
        let shelter = try #require(list.shelters.first)
        #expect(shelter.latitude != 38.90, "\(list.columns)")
        #expect(list.columns.dropFirst(2).allSatisfy { $0.verdict != .used } || !list.remarks.isEmpty, "\(list.columns)")
        let both = try read("施設名,\(headings),緯度（世界測地系）,経度（世界測地系）\n甲,38.90,141.57,38.903,141.566\n")
        #expect(both.shelters.map(\.latitude) == [38.903], "\(both.columns)")
    }

    @Test("A yes and a no have many letters", arguments: [
        ("○", "×"), ("〇", "×"), ("◯", "✕"), ("◎", "✗"), ("●", "x"), ("可", "不可"), ("適", "不適"), ("有", "無"), ("あり", "なし"), ("対応", "非対応"), ("1", "0"), ("TRUE", "FALSE"), ("はい", "いいえ"),
        ("Y", "N"), ("Ｏ", "Ｘ"), ("O", "X"), ("１", "０"), ("使用可", "使用不可"), ("利用可", "利用不可"),
    ])
    func marks(yes: String, no: String) throws {
        let list = try read("施設名,洪水,津波\n甲,\(yes),\(no)\n乙,\(no),\(yes)\n")
        #expect(list.shelters.map(\.fitness) == [[.flood: .fit, .tsunami: .unfit], [.flood: .unfit, .tsunami: .fit]], "\(list.columns)")
    }

    @Test("How many people: with a word, a remark or a comma; a floor's size is none", arguments: [
        ("収容人数", "200", 200), ("収容人数（人）", "200人", 200), ("想定収容人数", "２００名", 200), ("収容可能人数", "約200", 200), ("収容人員", "\"1,200\"", 1_200), ("定員", "200人程度", 200),
        ("最大収容人数", "200", 200), ("避難可能人数", "200", 200), ("収容面積（㎡）", "200", nil), ("床面積", "200", nil), ("収容人数", "200㎡", nil), ("収容世帯数", "200", nil), ("収容人数", "不明", nil),
        ("収容人数", "-", nil),
    ] as [(String, String, Int?)])
    func people(heading: String, cell: String, people: Int?) throws {
        let list = try read("施設名,住所,\(heading)\n甲,気仙沼市1,\(cell)\n")
        #expect(list.shelters.map(\.capacity?.people) == [people], "\(list.columns)")
    }

    @Test("What its publisher took back is not ours, however that is said", arguments: [
        ("表示フラグ", "1", "0"), ("公開フラグ", "公開", "非公開"), ("公開可否", "可", "否"), ("掲載フラグ", "TRUE", "FALSE"), ("非公開フラグ", "0", "1"), ("削除区分", "", "1"), ("廃止フラグ", "0", "1"), ("廃止", "", "○"),
    ])
    func withdrawn(heading: String, shown: String, gone: String) throws {
        let list = try read("施設名,住所,\(heading)\n甲,気仙沼市1,\(shown)\n乙,気仙沼市2,\(gone)\n")
        #expect(list.shelters.map(\.name) == ["甲"], "\(list.columns)")
    }

    @Test("One bad octet costs its row where the name is broken, and a remark where it stands elsewhere", arguments: [1, 20, 39])
    func octet(row: Int) throws {
        for isInName in [true, false] {
            var octets = Array("施設名,住所\n".utf8)
            for number in 1...40 {
                let broken: [UInt8] = number == row ? [0xE3, 0x81] : []
                octets += Array("会館\(number)".utf8) + (isInName ? broken : []) + Array(",気仙沼市\(number)".utf8) + (isInName ? [] : broken) + [0x0A]
            }
            let list = try read(octets)
            #expect(list.shelters.count == (isInName ? 39 : 40) && list.refusedRows == (isInName ? 1 : 0))
            #expect(list.remarks.contains { $0.line == row + 1 && $0.kind == (isInName ? .refused : .doubtful) })
        }
    }
}
