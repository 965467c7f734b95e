import CellBroadcast
import Testing

@Suite("Serial numbers and pages")
struct PagedTextTests {
    @Test("A serial number survives its encoding", arguments: [0x0000, 0x0001, 0x3FFF, 0x4010, 0x8000, 0xFFFF] as [UInt16])
    func serialRoundTrip(value: UInt16) { #expect(SerialNumber(encoded: value).encoded == value) }

    @Test("Every serial number survives its encoding")
    func everySerial() { #expect((0...UInt16.max).allSatisfy { SerialNumber(encoded: $0).encoded == $0 }) }

    @Test("An update keeps the code and scope, and after 15 comes 0")
    func update() {
        var serial = SerialNumber(scope: .network, code: 5, update: 14)
        serial = serial.updated
        #expect(serial == SerialNumber(scope: .network, code: 5, update: 15))
        #expect(serial.updated == SerialNumber(scope: .network, code: 5, update: 0))
        #expect(SerialNumber(code: 1024).code == 0)
    }

    @Test("A Japanese text fills 41 units a page and comes back", arguments: [1, 40, 41, 42, 82, 83, 615])
    func japanese(length: Int) throws {
        let text = String((0..<length).map { Array("避難指示、高台へ。")[$0 % 9] })
        let paged = try PagedText(ucs2: text)
        #expect(paged.codingScheme == 0x48)
        #expect(paged.pages.count == (length + 40) / 41)
        #expect(paged.pages.allSatisfy { $0.count == 82 })
        #expect(paged.text == text)
    }

    @Test("The octets of a page are big-endian UCS-2")
    func octets() throws {
        let page = try #require(PagedText(ucs2: "避難\r\nへ").pages.first)
        #expect(page.prefix(12) == [0x90, 0x7F, 0x96, 0xE3, 0x00, 0x0A, 0x30, 0x78, 0x00, 0x0D, 0x00, 0x0D])
        #expect(page.count == 82)
    }

    @Test("616 units are one too many, in words")
    func tooLong() {
        #expect(throws: PagedText.Problem.tooLong(length: 616, limit: 615)) {
            try PagedText(ucs2: String(repeating: "避", count: 616))
        }
        #expect(throws: PagedText.Problem.tooLong(length: 1396, limit: 1395)) {
            try PagedText(gsm: String(repeating: "a", count: 1396))
        }
        #expect(throws: PagedText.Problem.empty) { try PagedText(ucs2: "") }
        #expect(throws: PagedText.Problem.notInAlphabet("避")) { try PagedText(gsm: "a避") }
    }

    @Test("A surrogate pair is never parted by a page")
    func surrogates() throws {
        let text = String(repeating: "あ", count: 40) + "𠮟られる" + String(repeating: "い", count: 40)
        let paged = try PagedText(ucs2: text)
        #expect(paged.pages[0].suffix(2) == [0x00, 0x0D])
        #expect(paged.text == text)
    }

    @Test("A GSM text packs 93 septets into 82 octets and comes back", arguments: [1, 7, 8, 92, 93, 94, 1395])
    func gsm(length: Int) throws {
        let text = String((0..<length).map { Array("Evacuate now @ high ground! ")[$0 % 28] })
        let paged = try PagedText(gsm: text)
        #expect(paged.pages.allSatisfy { $0.count == 82 })
        #expect(paged.text == text)
    }

    @Test("hellohello is packed as TS 23.038 shows it")
    func packing() throws {
        let packed: [UInt8] = [0xE8, 0x32, 0x9B, 0xFD, 0x46, 0x97, 0xD9, 0xEC]
        #expect(try PagedText(gsm: "hellohello").pages.first?.prefix(8) == packed[...])
        // Ten septets leave two bits free in the ninth octet: a CR begins there.
        #expect(try PagedText(gsm: "hellohello").pages.first?[8] == 0x37 | 0x40)
    }

    @Test("An escape stays with what it escapes")
    func escapes() throws {
        let text = String(repeating: "a", count: 92) + "€uro [1] {2}"
        #expect(try PagedText(gsm: text).text == text)
    }

    @Test("Pages from elsewhere must be full, and fifteen at most", arguments: [
        [], [[]], [[UInt8](repeating: 0, count: 83)], [[1], [2]], Array(repeating: [UInt8](repeating: 1, count: 82), count: 16),
    ] as [[[UInt8]]])
    func foreignPages(pages: [[UInt8]]) {
        #expect(throws: PagedText.Problem.self) { try PagedText(codingScheme: 0x48, pages: pages) }
    }

    @Test("A short last page from elsewhere is padded as its alphabet asks, data stays as it is")
    func shortPages() throws {
        #expect(try PagedText(codingScheme: 0x48, pages: [[0x90, 0x7F]]) == PagedText(ucs2: "避"))
        #expect(try PagedText(codingScheme: 0x0F, pages: [[0xE8, 0x32, 0x9B, 0xFD, 0x46, 0x97, 0xD9, 0xEC, 0x37]]).text == "hellohello")
        #expect(try PagedText(codingScheme: 0x44, pages: [[1, 2]]).pages == [[1, 2]])
    }

    @Test("Coding schemes without text show none, and language prefixes are skipped")
    func codingSchemes() throws {
        #expect(try PagedText(codingScheme: 0x44, pages: [[1, 2, 3]]).text == nil)
        #expect(try PagedText(codingScheme: 0x11, pages: [[0x6A, 0x61, 0x90, 0x7F]]).text == "避")
        #expect(try PagedText(codingScheme: 0x01, pages: PagedText(gsm: "Run").pages).text == "Run")
    }

    @Test("A warning type survives its encoding", arguments: [0x0180, 0x0380, 0x0580, 0x0680, 0xFF80] as [UInt16])
    func warningType(value: UInt16) { #expect(WarningType(encoded: value).encoded == value) }
}
