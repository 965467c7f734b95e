// Octets of a CBSP message, both ways. Decoding takes any octets: it says what is wrong and never reads beyond.

package enum CBSPError: Error, Hashable, Sendable, CustomStringConvertible {
    case tooShort(Int)
    case lengthMismatch(said: Int, found: Int)
    case tooLong(Int)
    case unknownType(UInt8)
    case unknownElement(UInt8, offset: Int)
    case truncated(element: UInt8, offset: Int)
    case badElement(UInt8, offset: Int, String)
    case missing(String)

    package var description: String {
        switch self {
        case .tooShort(let count): "\(count) octets are no CBSP message"
        case .lengthMismatch(let said, let found): "the header says \(said) octets, \(found) follow"
        case .tooLong(let count): "a message of \(count) octets is longer than any we take"
        case .unknownType(let type): "message type \(type) is unknown"
        case .unknownElement(let id, let offset): "element \(id) at octet \(offset) is unknown"
        case .truncated(let id, let offset): "element \(id) at octet \(offset) is cut off"
        case .badElement(let id, let offset, let why): "element \(id) at octet \(offset): \(why)"
        case .missing(let name): "\(name) is missing"
        }
    }
}

extension CBSPMessage {
    package static let headerLength = 4
    /// Fifteen pages are 1260 octets; the rest is for lists of some thousand cells.
    package static let longest = 32768

    package func encoded() -> [UInt8] {
        var body: [UInt8] = []
        for element in elements { element.write(to: &body) }
        return [type.rawValue, UInt8(body.count >> 16 & 0xFF), UInt8(body.count >> 8 & 0xFF), UInt8(body.count & 0xFF)] + body
    }

    /// One whole message, header included.
    package init(decoding octets: [UInt8]) throws(CBSPError) {
        guard octets.count >= Self.headerLength else { throw .tooShort(octets.count) }
        guard octets.count <= Self.longest else { throw .tooLong(octets.count) }
        let said = Int(octets[1]) << 16 | Int(octets[2]) << 8 | Int(octets[3])
        guard said == octets.count - Self.headerLength else {
            throw .lengthMismatch(said: said, found: octets.count - Self.headerLength)
        }
        guard let type = Kind(rawValue: octets[0]) else { throw .unknownType(octets[0]) }
        var reader = OctetReader(octets, at: Self.headerLength)
        var elements: [CBSPElement] = []
        while !reader.isAtEnd { elements.append(try CBSPElement(reading: &reader)) }
        self.init(type, elements)
    }
}

/// Reads forward, and only what is there.
struct OctetReader {
    private let octets: [UInt8]
    private(set) var offset: Int

    init(_ octets: [UInt8], at offset: Int = 0) {
        self.octets = octets
        self.offset = offset
    }

    var isAtEnd: Bool { offset >= octets.count }

    mutating func octet() -> UInt8? { take(1)?.first }
    mutating func number() -> UInt16? { take(2).map { UInt16($0[0]) << 8 | UInt16($0[1]) } }

    mutating func take(_ count: Int) -> [UInt8]? {
        guard count <= octets.count - offset else { return nil }
        defer { offset += count }
        return Array(octets[offset..<offset + count])
    }
}

extension CBSPElement {
    func write(to octets: inout [UInt8]) {
        octets.append(identifier)
        switch self {
        case .content(let page):
            // A page has 82 octets at most: `PagedText` and the reader refuse longer ones.
            octets.append(UInt8(page.count))
            // A page has 82 octets at most: `PagedText` and the reader refuse longer ones.
            octets += page + [UInt8](repeating: 0, count: PagedText.octetsPerPage - page.count)
        case .oldSerial(let serial), .newSerial(let serial): octets += Self.two(serial.encoded)
        case .repetitionPeriod(let value), .broadcastsRequested(let value), .messageIdentifier(let value):
            octets += Self.two(value)
        case .warningType(let type): octets += Self.two(type.encoded)
        case .securityInformation(let information): octets += information
        case .cells, .completed, .failures, .loads: writeList(to: &octets)
        case .category(let category): octets.append(category.rawValue)
        case .cause(let cause): octets.append(cause.rawValue)
        case .codingScheme(let value), .recovery(let value), .emergencyIndicator(let value), .channel(let value),
            .pageCount(let value), .schedulePeriod(let value), .reservedSlots(let value), .broadcastType(let value):
            octets.append(value)
        case .warningPeriod(let period), .keepAlivePeriod(let period): octets.append(period.encoded)
        }
    }

    private func writeList(to octets: inout [UInt8]) {
        var list: [UInt8] = []
        switch self {
        case .cells(let cells): list = [cells.naming.rawValue] + cells.cells.flatMap(\.octets)
        case .completed(let completed):
            list = [completed.naming.rawValue]
                + completed.items.flatMap { $0.cell.octets + Self.two($0.broadcasts) + [$0.certainty] }
        case .loads(let loads):
            list = [loads.naming.rawValue] + loads.items.flatMap { $0.cell.octets + Self.two($0.load) }
        case .failures(let failures):
            list = failures.flatMap { [$0.naming.rawValue] + $0.cell.octets + [$0.cause.rawValue] }
        default: break
        }
        octets += Self.two(UInt16(truncatingIfNeeded: list.count)) + list
    }

    // The upper half of sixteen bits is eight.
    private static func two(_ value: UInt16) -> [UInt8] { [UInt8(value >> 8), UInt8(truncatingIfNeeded: value)] }

    init(reading reader: inout OctetReader) throws(CBSPError) {
        let offset = reader.offset
        guard let identifier = reader.octet() else { throw .truncated(element: 0, offset: offset) }
        let length: Int
        switch identifier {
        case 0x01: length = 1 + PagedText.octetsPerPage
        case 0x02, 0x03, 0x06, 0x07, 0x0E, 0x10: length = 2
        case 0x04, 0x08, 0x09, 0x0A:
            guard let said = reader.number() else { throw .truncated(element: identifier, offset: offset) }
            length = Int(said)
        case 0x05, 0x0B...0x0D, 0x0F, 0x12...0x18: length = 1
        case 0x11: length = Self.securityLength
        default: throw .unknownElement(identifier, offset: offset)
        }
        guard let value = reader.take(length) else { throw .truncated(element: identifier, offset: offset) }
        do {
            self = try Self.read(identifier, value)
        } catch {
            throw .badElement(identifier, offset: offset, error.reason)
        }
    }

    private struct Bad: Error { let reason: String }

    private static func read(_ identifier: UInt8, _ value: [UInt8]) throws(Bad) -> CBSPElement {
        switch value.count {
        case _ where [0x04, 0x08, 0x09, 0x0A].contains(identifier): try readList(identifier, value)
        case 1: try readOctet(identifier, value[0])
        case 2: readNumber(identifier, UInt16(value[0]) << 8 | UInt16(value[1]))
        case securityLength: .securityInformation(value)
        default: try readPage(value)
        }
    }

    private static func readPage(_ value: [UInt8]) throws(Bad) -> CBSPElement {
        // Only a value of 83 octets is read as a page.
        let used = Int(value[0])
        guard (1...PagedText.octetsPerPage).contains(used) else { throw Bad(reason: "a page of \(used) octets") }
        // Up to 82, as the line above asks, of 83.
        return .content(Array(value[1...used]))
    }

    private static func readNumber(_ identifier: UInt8, _ value: UInt16) -> CBSPElement {
        switch identifier {
        case 0x02: .oldSerial(SerialNumber(encoded: value))
        case 0x03: .newSerial(SerialNumber(encoded: value))
        case 0x06: .repetitionPeriod(value)
        case 0x07: .broadcastsRequested(value)
        case 0x0E: .messageIdentifier(value)
        default: .warningType(WarningType(encoded: value))
        }
    }

    private static func readOctet(_ identifier: UInt8, _ value: UInt8) throws(Bad) -> CBSPElement {
        switch identifier {
        case 0x05:
            guard let category = Category(rawValue: value) else { throw Bad(reason: "category \(value) is unknown") }
            return .category(category)
        case 0x0B: return .cause(CBSPCause(rawValue: value))
        case 0x0C: return .codingScheme(value)
        case 0x0D: return .recovery(value)
        case 0x0F: return .emergencyIndicator(value)
        case 0x12: return .channel(value)
        case 0x13: return .pageCount(value)
        case 0x14: return .schedulePeriod(value)
        case 0x15: return .reservedSlots(value)
        case 0x16: return .broadcastType(value)
        case 0x17: return .warningPeriod(WarningPeriod(encoded: value))
        default: return .keepAlivePeriod(WarningPeriod(encoded: value))
        }
    }

    private static func readList(_ identifier: UInt8, _ value: [UInt8]) throws(Bad) -> CBSPElement {
        var reader = OctetReader(value)
        if identifier == 0x09 { return .failures(try readFailures(&reader)) }
        let naming = try naming(&reader)
        switch identifier {
        case 0x04:
            let names = try items(&reader, extra: 0, naming).map(\.name)
            guard let cells = CellList(naming, names) else { throw Bad(reason: "names of another length") }
            return .cells(cells)
        case 0x08:
            return .completed(CompletedList(naming: naming, items: try items(&reader, extra: 3, naming).map {
                // `items` gives each the three octets asked for.
                .init(cell: $0.name, broadcasts: UInt16($0.rest[0]) << 8 | UInt16($0.rest[1]), certainty: $0.rest[2])
            }))
        default:
            return .loads(LoadList(naming: naming, items: try items(&reader, extra: 2, naming).map {
                // `items` gives each the two octets asked for.
                .init(cell: $0.name, load: UInt16($0.rest[0]) << 8 | UInt16($0.rest[1]))
            }))
        }
    }

    /// The discriminator stands in the low four bits; the others are spare.
    private static func naming(_ reader: inout OctetReader) throws(Bad) -> CellNaming {
        guard let octet = reader.octet() else { throw Bad(reason: "empty list") }
        guard let naming = CellNaming(rawValue: octet & 0x0F) else { throw Bad(reason: "cell naming \(octet) is unknown") }
        return naming
    }

    private static func items(
        _ reader: inout OctetReader, extra: Int, _ naming: CellNaming
    ) throws(Bad) -> [(name: CellName, rest: [UInt8])] {
        var items: [(name: CellName, rest: [UInt8])] = []
        while !reader.isAtEnd {
            // "All cells" has no names; with nothing more to an item there is no item.
            guard naming.length + extra > 0, let octets = reader.take(naming.length + extra) else {
                throw Bad(reason: "octets left over")
            }
            // The reader gave as many octets as these two together.
            items.append((CellName(Array(octets.prefix(naming.length))), Array(octets.suffix(extra))))
        }
        return items
    }

    private static func readFailures(_ reader: inout OctetReader) throws(Bad) -> [CellFailure] {
        var failures: [CellFailure] = []
        while !reader.isAtEnd {
            let naming = try naming(&reader)
            guard let octets = reader.take(naming.length + 1) else { throw Bad(reason: "octets left over") }
            failures.append(CellFailure(
                naming: naming, cell: CellName(Array(octets.dropLast())), cause: CBSPCause(rawValue: octets[naming.length])))
        }
        return failures
    }
}
