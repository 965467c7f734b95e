import CellBroadcast
import Chance
import Testing

@Suite("CBSP octets")
struct CBSPCodecTests {
    static let samples: [(hex: String, message: CBSPMessage)] = [
        // osmo-bsc 1.9.0 on connect: RESTART, all cells, CBS, data lost.
        ("13000008 04000106 1600 0d01", CBSPMessage(.restart, [.cells(.all), .broadcastType(0), .recovery(1)])),
        ("16000002 1805", CBSPMessage(.keepAlive, [.keepAlivePeriod(WarningPeriod(encoded: 5))])),
        ("17000000", CBSPMessage(.keepAliveComplete, [])),
        // osmo-bsc 1.9.0 to a KILL it does not know: all its cells by CGI, cause 2.
        ("06000012 0e1100 027000 090009 00 44f001 0001 0001 02",
         CBSPMessage(.killFailure, [
            .messageIdentifier(0x1100), .oldSerial(SerialNumber(encoded: 0x7000)),
            .failures([CellFailure(naming: .globalIdentity, cell: cell, cause: .referenceNotIdentified)]),
         ])),
        // And to a replacement: how often the old one went out, where the new one does.
        ("02000024 0ea004 034011 024010 08000b 00 44f001 0001 0001 0000 00 040008 00 44f001 0001 0001 1200",
         CBSPMessage(.writeReplaceComplete, replaced)),
        // The beginning of libosmocore's WRITE-REPLACE FAILURE, with a failure list of one cell.
        ("0300000f 0e0003 034170 090006 0100010002 0d", refusal),
    ]

    static let cell = CellName([0x44, 0xF0, 0x01, 0x00, 0x01, 0x00, 0x01])
    static let replaced: [CBSPElement] = [
        .messageIdentifier(0xA004), .newSerial(SerialNumber(encoded: 0x4011)), .oldSerial(SerialNumber(encoded: 0x4010)),
        .completed(CompletedList(naming: .globalIdentity, items: [.init(cell: cell, broadcasts: 0, certainty: 0)])),
        .cells(CellList(.globalIdentity, [cell]) ?? .all), .channel(0),
    ]

    static let refusal = CBSPMessage(.writeReplaceFailure, [
        .messageIdentifier(3), .newSerial(SerialNumber(encoded: 0x4170)),
        .failures([CellFailure(naming: .areaAndCell, cell: CellName([0, 1, 0, 2]), cause: .referenceAlreadyUsed)]),
    ])

    @Test("What a real controller said is understood and written back alike", arguments: samples)
    func vectors(hex: String, message: CBSPMessage) throws {
        let octets = try #require(Hex.octets(hex.filter { $0 != " " }))
        #expect(try CBSPMessage(decoding: octets) == message)
        #expect(message.encoded() == octets)
        #expect(throws: Never.self) { try message.checkMandatory() }
    }

    @Test("A text is written in the order of the specification")
    func writeText() throws {
        let message = CBSPMessage.write(CBSPBroadcast(
            identifier: 0xA004, serial: SerialNumber(encoded: 0x4010),
            content: .text(try PagedText(ucs2: "避難"), category: .high, period: 32, broadcasts: 60)))
        let page = "0152907f96e3" + String(repeating: "000d", count: 39)
        let header = "0100006c0ea0040340100400010612000500060020" + "07003c13010c48"
        #expect(Hex.text(message.encoded()) == header + page)
        #expect(throws: Never.self) { try message.checkMandatory() }
    }

    @Test("A warning carries its type, flags and period")
    func writeWarning() throws {
        let message = CBSPMessage.write(CBSPBroadcast(
            identifier: 0x1100, serial: SerialNumber(encoded: 0x7000),
            content: .warning(WarningType(value: 1), period: WarningPeriod(seconds: 60), security: [UInt8](repeating: 0, count: 50))))
        let security = "11" + String(repeating: "00", count: 50)
        #expect(Hex.text(message.encoded()) == "010000440e1100037000040001060f01100380" + security + "171a")
        #expect(throws: Never.self) { try message.checkMandatory() }
    }

    @Test("Warning periods step as the specification says", arguments: [
        (1, 1, 1), (10, 10, 10), (11, 11, 12), (30, 20, 30), (31, 21, 35), (60, 26, 60), (120, 38, 120), (121, 39, 130), (600, 86, 600),
        (601, 87, 630), (3600, 186, 3600), (99999, 186, 3600), (0, 1, 1),
    ])
    func periods(seconds: Int, code: UInt8, meant: Int) {
        #expect(WarningPeriod(seconds: seconds).encoded == code)
        #expect(WarningPeriod(encoded: code).seconds == meant)
    }

    @Test("Infinite and reserved periods have no seconds", arguments: [0, 187, 255] as [UInt8])
    func openPeriods(code: UInt8) { #expect(WarningPeriod(encoded: code).seconds == nil) }

    static let brokenSamples: [(hex: String, error: CBSPError)] = [
        ("", .tooShort(0)), ("010000", .tooShort(3)), ("16000003 1805", .lengthMismatch(said: 3, found: 2)),
        ("18000000", .unknownType(0x18)), ("16000002 1905", .unknownElement(0x19, offset: 4)),
        ("16000001 18", .truncated(element: 0x18, offset: 4)), ("10000004 04000206", .truncated(element: 4, offset: 4)),
        ("10000004 04000103", .badElement(4, offset: 4, "cell naming 3 is unknown")),
        ("10000005 0400020600", .badElement(4, offset: 4, "octets left over")),
        ("10000003 040000", .badElement(4, offset: 4, "empty list")),
        ("01000002 0503", .badElement(5, offset: 4, "category 3 is unknown")),
        ("01000054 0153" + String(repeating: "00", count: 82), .badElement(1, offset: 4, "a page of 83 octets")),
    ]

    @Test("Broken octets are refused with their place", arguments: brokenSamples)
    func broken(hex: String, error: CBSPError) throws {
        let octets = try #require(Hex.octets(hex.filter { $0 != " " }))
        #expect(throws: error) { try CBSPMessage(decoding: octets) }
    }

    @Test("A message without what must be there is named", arguments: CBSPMessage.Kind.allCases.filter { $0 != .keepAliveComplete })
    func mandatory(type: CBSPMessage.Kind) {
        #expect(throws: CBSPError.self) { try CBSPMessage(type, []).checkMandatory() }
    }

    @Test("Causes are told in words")
    func causes() {
        #expect(CBSPCause(rawValue: 0x0D).words == "message reference already used")
        #expect(CBSPCause(rawValue: 0x0F).words == "LAI or LAC not valid")
        #expect(CBSPCause(rawValue: 0x10).words.contains("does not know"))
    }

    @Test("Any message made of any elements survives its octets", arguments: 0..<40 as Range<UInt64>)
    func roundTrip(seed: UInt64) throws {
        var dice = Dice(seed: seed)
        for type in CBSPMessage.Kind.allCases {
            let message = CBSPMessage(type, (0..<Int.random(in: 0...12, using: &dice)).map { _ in dice.element() })
            #expect(try CBSPMessage(decoding: message.encoded()) == message)
        }
    }

    @Test("Random octets are refused or read, never a crash", arguments: 0..<20 as Range<UInt64>)
    func randomOctets(seed: UInt64) {
        var dice = Dice(seed: seed)
        for _ in 0..<1000 {
            let body = dice.octets(Int.random(in: 0...120, using: &dice))
            let header = [UInt8.random(in: 0...0x18, using: &dice), 0, 0, UInt8(body.count)]
            if let message = try? CBSPMessage(decoding: header + body) {
                // Spare bits are read over; what is written from it reads the same.
                #expect((try? CBSPMessage(decoding: message.encoded())) == message)
            }
        }
    }

    @Test("Mutated messages are refused or read, never a crash", arguments: 0..<20 as Range<UInt64>)
    func mutations(seed: UInt64) {
        var dice = Dice(seed: seed &+ 1000)
        for _ in 0..<300 {
            let message = CBSPMessage(.writeReplace, (0..<6).map { _ in dice.element() })
            var octets = message.encoded()
            for _ in 0..<Int.random(in: 1...4, using: &dice) { dice.mutate(&octets) }
            if let read = try? CBSPMessage(decoding: octets) {
                #expect((try? CBSPMessage(decoding: read.encoded())) == read)
                _ = try? read.checkMandatory()
                _ = read.complaint
            }
        }
    }
}

/// What the codec is tried with.
extension Dice {
    mutating func octets(_ count: Int) -> [UInt8] { (0..<count).map { _ in .random(in: 0...255, using: &self) } }
    mutating func octet() -> UInt8 { .random(in: 0...255, using: &self) }
    mutating func number() -> UInt16 { .random(in: 0...65535, using: &self) }

    mutating func mutate(_ octets: inout [UInt8]) {
        guard !octets.isEmpty else { return }
        let place = Int.random(in: 0..<octets.count, using: &self)
        switch Int.random(in: 0...3, using: &self) {
        case 0: octets[place] = octet()
        case 1: octets[place] ^= 1 << UInt8.random(in: 0...7, using: &self)
        case 2: octets.remove(at: place)
        default: octets.insert(octet(), at: place)
        }
        // Half the time the length is put right again, so that mutations reach the elements.
        if Bool.random(using: &self), octets.count >= 4 {
            let length = octets.count - 4
            octets.replaceSubrange(1...3, with: [UInt8(length >> 16), UInt8(length >> 8 & 0xFF), UInt8(length & 0xFF)])
        }
    }

    mutating func element() -> CBSPElement {
        let naming = CellNaming.allCases.randomElement(using: &self) ?? .allCells
        let count = Int.random(in: 0...5, using: &self)
        func name(_ dice: inout Dice) -> CellName { CellName(dice.octets(naming.length)) }
        switch Int.random(in: 0..<24, using: &self) {
        case 0: return .content(octets(Int.random(in: 1...82, using: &self)))
        case 1: return .oldSerial(SerialNumber(encoded: number()))
        case 2: return .newSerial(SerialNumber(encoded: number()))
        case 3: return .cells(naming == .allCells ? .all : CellList(naming, (0..<count).map { _ in name(&self) }) ?? .all)
        case 4: return .category(.allCases.randomElement(using: &self) ?? .high)
        case 5: return .repetitionPeriod(number())
        case 6: return .broadcastsRequested(number())
        case 7: return .completed(CompletedList(naming: naming, items: (0..<count).map { _ in
            .init(cell: name(&self), broadcasts: number(), certainty: octet()) }))
        case 8: return .failures((0..<count).map { _ in
            CellFailure(naming: naming, cell: name(&self), cause: CBSPCause(rawValue: octet())) })
        case 9: return .loads(LoadList(naming: naming, items: (0..<count).map { _ in .init(cell: name(&self), load: number()) }))
        case 10: return .cause(CBSPCause(rawValue: octet()))
        case 11: return .codingScheme(octet())
        case 12: return .recovery(octet())
        case 13: return .messageIdentifier(number())
        case 14: return .emergencyIndicator(octet())
        case 15: return .warningType(WarningType(encoded: number()))
        case 16: return .securityInformation(octets(50))
        case 17: return .channel(octet())
        case 18: return .pageCount(octet())
        case 19: return .schedulePeriod(octet())
        case 20: return .reservedSlots(octet())
        case 21: return .broadcastType(octet())
        case 22: return .warningPeriod(WarningPeriod(encoded: octet()))
        default: return .keepAlivePeriod(WarningPeriod(encoded: octet()))
        }
    }
}
