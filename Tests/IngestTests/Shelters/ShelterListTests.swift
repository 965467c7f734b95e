import AlertModel
import Codes
import Testing

@testable import Ingest

private func list(_ text: String, _ fileName: String = "list.csv") throws(Refusal) -> ShelterList {
    try ShelterListReader.read(Array(text.utf8), fileName: fileName)
}

private let recommended = "全国地方公共団体コード,ID,名称,名称_カナ,所在地_連結表記,緯度,経度,災害種別_洪水,災害種別_崖崩れ、土石流及び地滑り,"
    + "災害種別_津波,指定避難所との重複,想定収容人数,備考\n"

@Suite("Shelter lists")
struct ShelterListTests {
    @Test("GSI's list of sites: hazards, town from the common id, kinds")
    func gsiSites() throws {
        let list = try list("""
            \u{FEFF}NO,共通ID,都道府県名及び市町村名,施設・場所名,住所,洪水,崖崩れ、土石流及び地滑り,高潮,地震,津波,大規模な火事,内水氾濫,火山現象,指定避難所との住所同一,緯度,経度,備考\r
            1,E0420500001202,宮城県気仙沼市,見本中学校,宮城県気仙沼市見本1-1,1,1,,1,,,1,,1,38.9,141.5,"2階以上\r
            鍵は学校"\r
            """)
        let shelter = try #require(list.shelters.first)
        #expect(list.layout == .gsiSites && list.encoding == .utf8 && list.remarks.isEmpty)
        #expect(shelter.id == "E0420500001202" && shelter.hasOwnID)
        #expect(shelter.town?.code == "042056")
        #expect(shelter.hazards == [.flood, .landslide, .earthquake, .inlandFlood])
        #expect(shelter.kinds == [.site, .shelter])
        #expect(shelter.note == "2階以上\n鍵は学校")
        #expect(shelter.latitude == 38.9 && shelter.longitude == 141.5)
    }

    @Test("GSI's list of shelters: audience and requirements become the note")
    func gsiShelters() throws {
        let list = try list("""
            NO,共通ID,都道府県名及び市町村名,施設・場所名,住所,指定緊急避難場所との住所同一,その他市町村長が必要と認める事項,受入対象者,緯度,経度,備考
            7,E0410000001111,宮城県仙台市,見本小学校,宮城県仙台市見本2,,二次開設,高齢者,38.2,140.9,備え
            """)
        let shelter = try #require(list.shelters.first)
        #expect(list.layout == .gsiShelters)
        #expect(shelter.kinds == [.shelter])
        #expect(shelter.town?.code == "041009")
        #expect(shelter.note == "二次開設\n受入対象者: 高齢者\n備え")
    }

    @Test("The town of a file without codes is in its name", arguments: [
        ("13101_2.csv", "131016"), ("/srv/lists/042056_shelters.csv", "042056"), ("list.csv", nil), ("99999_1.csv", nil),
    ] as [(String, String?)])
    func townFromFileName(name: String, code: String?) throws {
        let list = try list("施設・場所名,住所,緯度,経度\n見本,どこか,35,139\n", name)
        #expect(list.shelters.first?.town?.code == code)
    }

    @Test("A town is found by its full name, and never by a name two towns have")
    func townFromName() throws {
        let header = "都道府県名,市区町村名,名称,緯度,経度\n"
        #expect(try list(header + "東京都,府中市,見本,35,139").shelters.first?.town?.code == "132063")
        #expect(try list(header + ",府中市,見本,35,139").shelters.first?.town == nil)
    }

    @Test("Columns are found by name: another order, another edition, a nameless column between")
    func columnOrder() throws {
        let list = try list("""
            備考,経度,緯度,,想定収容人数,名称,ID,災害種別_津波,市区町村コード
            ,141.5,38.9,？,"1,200 ",見本公園,A1,1.0,42056
            """)
        let shelter = try #require(list.shelters.first)
        #expect(list.layout == .recommended)
        #expect(shelter.name == "見本公園" && shelter.capacity?.people == 1_200 && shelter.hazards == [.tsunami])
        #expect(shelter.town?.code == "042056")
        #expect(list.remarks.map(\.text) == [
            "コード 42056 を 042056 と読んだ (code read as 042056)", "収容人数「1,200 」を 1200 と読んだ (capacity read as 1200)",
        ])
    }

    @Test("Half-width kana, prose capacity, no-break spaces and missing ids are mended and reported by line")
    func mending() throws {
        let list = try list(recommended
            + "042056,,見本小学校,ﾐﾎﾝｼｮｳｶﾞｯｺｳﾌﾟｰﾙ,気仙沼市\u{A0}見本3,38.9,141.5,○,,×,,\"屋内1,371人／屋外5,470人（面積の1/2）\",\n")
        let shelter = try #require(list.shelters.first)
        #expect(shelter.kana == "ミホンショウガッコウプール")
        #expect(shelter.capacity == .init(people: nil, text: "屋内1,371人／屋外5,470人（面積の1/2）"))
        #expect(shelter.address == "気仙沼市 見本3")
        #expect(shelter.hazards == [.flood])
        #expect(!shelter.hasOwnID && shelter.id.hasPrefix("042056-"))
        #expect(list.remarks.count == 4 && list.remarks.allSatisfy { $0.line == 2 && $0.kind == .mended })
    }

    @Test("A made id stays when rows move, and differs between shelters")
    func madeIDs() throws {
        let one = "042056,,甲,,住所一,38.9,141.5,,,,,,\n", two = "042056,,乙,,住所二,38.9,141.5,,,,,,\n"
        let ids = try list(recommended + one + two).shelters.map(\.id)
        #expect(try list(recommended + two + one).shelters.map(\.id) == ids.reversed())
        #expect(Set(ids).count == 2)
    }

    @Test("Coordinates: swapped ones are turned, impossible ones left out", arguments: [
        ("141.5,38.9", 38.9, "緯度と経度が逆だった (latitude and longitude were the wrong way round)"),
        ("0,0", nil, "緯度経度 0, 0 は日本の外なので除いた (coordinates lie outside Japan; left out)"), (",", nil, "緯度経度がない (no coordinates)"),
        ("３８．９,141.5", 38.9, nil), ("北緯38,141.5", nil, "緯度経度 北緯38, 141.5 は数でないので除いた (coordinates are no numbers; left out)"),
        ("nan,141.5", nil, "緯度経度 nan, 141.5 は数でないので除いた (coordinates are no numbers; left out)"),
    ] as [(String, Double?, String?)])
    func coordinates(cells: String, latitude: Double?, remark: String?) throws {
        let list = try list("ID,名称,緯度,経度\nA,見本,\(cells)\n")
        #expect(list.shelters.first?.latitude == latitude)
        #expect((list.shelters.first?.longitude == nil) == (latitude == nil))
        #expect(list.remarks.first?.text == remark)
    }

    @Test("Rows that cannot be trusted are refused with their line; the others stay")
    func refusedRows() throws {
        let list = try list("""
            ID,名称,緯度,経度,公開フラグ
            A,甲,38.9,141.5,1
            B,,38.9,141.5,1
            C,丙,町,38.9,141.5,1
            D,丁,38.9,141.5,0
            A,甲,38.9,141.5,1
            A,戊,38.9,141.5,1

            E,己,38.9,141.5
            F,"庚,38.9,141.5,1
            """)
        #expect(list.shelters.map(\.name) == ["甲", "戊", "己"])
        #expect(Set(list.shelters.map(\.id)).count == 3)
        #expect(list.remarks.filter { $0.kind == .refused }.map(\.line) == [3, 4, 5, 6, 10])
        #expect(list.refusedRows == 5)
    }

    @Test("Lists of open shelters: people, and when, from a column or from the header")
    func openShelters() throws {
        let header = "ID,地区,名称,人数_令和6年1月9日午後6時時点,緯度,経度,災害種別_津波\n"
        let first = try list(header + "NEW001,御祓,寄合い処,40,37.0,136.9,\nCC01,御祓,会館,\"1,130\",37.0,136.9,1.0\n")
        #expect(first.shelters.map(\.occupants) == [40, 1_130])
        #expect(first.shelters.map(\.countedAt) == ["令和6年1月9日午後6時時点", "令和6年1月9日午後6時時点"])
        #expect(first.shelters.map(\.kinds) == [[.temporary], [.shelter]])
        let second = try list("ID,名称,人数,時点,緯度,経度,災害種別_津波\nCC01,会館,9,令和6年1月11日午後6時,37.0,136.9,1.0\n")
        #expect(second.shelters.first?.occupants == 9)
        #expect(second.shelters.first?.countedAt == "令和6年1月11日午後6時")
    }

    @Test("LGDIS and the LINE layout")
    func otherLayouts() throws {
        let lgdis = try list("""
            shelter_code,name,kana,address,tel,fax,email_address,admin_name,capacity,shelter_type,address_code,latitude,longitude,remarks
            S-01,見本会館,みほんかいかん,石巻市見本1,0225-00-0000,,,石巻市,120,指定避難所,042021,38.43,141.3,
            """)
        #expect(lgdis.layout == .lgdis)
        let shelter = try #require(lgdis.shelters.first)
        #expect(shelter.kinds == [.shelter] && shelter.capacity?.people == 120 && shelter.town?.code == "042021")
        let line = try list("""
            名前,ふりがな,住所,緯度,経度,電話番号,種別,災害種別1,災害種別5,ID1,ID2,公開フラグ
            見本公園,みほんこうえん,見本町1,38.43001,141.30001,,3,1,1,042021,17,1
            """)
        #expect(line.layout == .line)
        let park = try #require(line.shelters.first)
        #expect(park.kinds == [.shelter, .site] && park.hazards == [.flood, .tsunami])
        #expect(park.id == "042021-17")
    }

    @Test("EUC-JP of older systems is told from CP932, also from one of half-width kana")
    func eucJP() throws {
        let euc: [UInt8] = [0xCC, 0xBE, 0xBE, 0xCE, 0x0A, 0xC2, 0xE8, 0xB0, 0xEC, 0xBE, 0xAE, 0xB3, 0xD8, 0xB9, 0xBB, 0x0A, 0xB9, 0xE2, 0xBA, 0xEA, 0xB2, 0xF1, 0xB4, 0xDB, 0x0A]
        let list = try ShelterListReader.read(euc, fileName: "x.csv")
        #expect(list.encoding == .eucJP && list.shelters.map(\.name) == ["第一小学校", "高崎会館"])
        let half: [UInt8] = [0x96, 0xBC, 0x8F, 0xCC, 0x0A, 0xC0, 0xDE, 0xB2, 0xB2, 0xC1, 0xBC, 0xD6, 0xB3, 0x0A]
        #expect(try ShelterListReader.read(half, fileName: "x.csv").encoding == .cp932)
    }

    @Test("CP932 with its own letters, and UTF-16, are converted; octets of neither are refused")
    func encodings() throws {
        let cp932: [UInt8] = [0x96, 0xBC, 0x8F, 0xCC, 0x0D, 0x0A, 0x87, 0x40, 0xFB, 0xFC, 0xB1, 0x0D, 0x0A]  // 名称, ①髙ｱ
        let list = try ShelterListReader.read(cp932, fileName: "x.csv")
        #expect(list.encoding == .cp932)
        #expect(list.shelters.first?.name == "①髙ア")
        let utf16: [UInt8] = [0xFF, 0xFE] + Array("名称\n見本".utf16).flatMap { [UInt8($0 & 0xFF), UInt8($0 >> 8)] }
        #expect(try ShelterListReader.read(utf16, fileName: "x.csv").shelters.first?.name == "見本")
        #expect(throws: Refusal.self) { try ShelterListReader.read([0x96, 0xBC, 0xFF, 0xFF, 0x80], fileName: "x.csv") }
    }

    @Test("A file that is no list is refused with what was found", arguments: [
        "", "\n\n\n", "こんにちは", "a,b,c\n1,2,3", "<?xml version=\"1.0\"?>", "\"名称",
    ])
    func noList(text: String) {
        #expect(throws: Refusal.self) { try list(text) }
    }

    @Test("A title above the header is passed over")
    func title() throws {
        #expect(try list("避難所一覧（令和8年）,,\n\n名称,緯度,経度\n見本,38.9,141.5").shelters.count == 1)
    }
}

@Suite("CSV as municipalities write it")
struct CSVRowsTests {
    private func rows(_ text: String) -> [[String]] { CSVRows(Array(text.utf8)).map(\.cells) }

    @Test("Quotes, line breaks, line ends and empty cells", arguments: [
        ("a,b\r\nc,d\r\n", [["a", "b"], ["c", "d"]]), ("a,b\nc,d", [["a", "b"], ["c", "d"]]), ("a,b\rc,d", [["a", "b"], ["c", "d"]]),
        ("\"a\r\nb\",\"c\"\"d\"\r\n", [["a\r\nb", "c\"d"]]), (",\n", [["", ""]]), ("a\"b,c", [["a\"b", "c"]]),
        ("\"a\"b,c", [["ab", "c"]]), ("a\tb\n", [["a", "b"]]), ("\"\",x", [["", "x"]]), ("", []), ("\n", [[""]]),
    ])
    func cells(text: String, cells: [[String]]) {
        #expect(rows(text) == cells)
    }

    @Test("Lines are counted through quoted line breaks")
    func lineNumbers() {
        #expect(CSVRows(Array("a\n\"b\nc\nd\",e\r\nf\n".utf8)).map(\.line) == [1, 2, 5])
    }

    @Test("Too many columns, too long a cell and an open quote are flaws of their row")
    func bounds() {
        let wide = String(repeating: ",", count: 300) + "\na"
        #expect(CSVRows(Array(wide.utf8)).map { $0.flaw == nil } == [false, true])
        let long = String(repeating: "x", count: 70_000) + "\na"
        #expect(CSVRows(Array(long.utf8)).map { $0.flaw == nil } == [false, true])
        #expect(CSVRows(Array("a\n\"b".utf8)).map { $0.flaw == nil } == [true, false])
    }

    @Test("Any octets end in finite time and without a crash")
    func noise() {
        var generator = SystemRandomNumberGenerator()
        let letters: [UInt8] = [0x22, 0x2C, 0x0A, 0x0D, 0x61, 0xE3, 0x81, 0x82, 0x09, 0x00]
        for _ in 0..<500 {
            let octets = (0..<200).map { _ in letters.randomElement(using: &generator) ?? 0 }
            #expect(CSVRows(octets).reduce(0) { $0 + $1.cells.count } <= 201)
            _ = try? ShelterListReader.read(Array("名称,緯度\n".utf8) + octets, fileName: "x")
        }
    }
}
