/// Cuts a receiver's octets into NMEA 0183 sentences, whatever lies between them.
///
/// A `$` begins a sentence wherever it stands: receivers put binary messages without a line end before it. What grows
/// longer than a sentence may be is thrown away to the next beginning.
struct NMEALines {
    /// NMEA 0183 allows 82 octets with the line end; receivers' own sentences are longer.
    static let longest = 200
    private var line: [UInt8] = []
    private var isInside = false

    mutating func take(_ octets: [UInt8]) -> [[UInt8]] {
        var whole: [[UInt8]] = []
        for octet in octets {
            switch octet {
            case UInt8(ascii: "$"), UInt8(ascii: "!"):
                line = [octet]
                isInside = true
            case 0x0A, 0x0D:
                if isInside { whole.append(line) }
                isInside = false
            default:
                guard isInside else { continue }
                line.append(octet)
                if line.count > Self.longest { isInside = false }
            }
        }
        return whole
    }
}

/// What can be said of a sentence without reading its message.
struct NMEASentence: Sendable, Hashable {
    let octets: [UInt8]
    /// Whether the checksum is there and fits.
    let isWhole: Bool

    init(_ octets: [UInt8]) {
        self.octets = octets
        isWhole = Self.isWhole(octets)
    }

    private static let start = Array("$QZQSM,".utf8)
    var isDisasterReport: Bool { octets.starts(with: Self.start) }

    /// What the message says, apart from who said it: without satellite, preamble and both checksums. The three
    /// preambles of L1S come in turn, and the CRC covers them, so one message has three forms from one satellite.
    ///
    /// A damaged sentence is only like itself.
    var identity: [UInt8] {
        // $QZQSM,SS,63 digits*CC: bits 8…225 of 250 are digits 2…55 and half of digit 56.
        let fields = octets.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false)
        guard isWhole, fields.count == 3, fields[2].count == 66, let half = Self.digit(fields[2][fields[2].startIndex + 56])
        else { return octets }
        let digits = fields[2].dropFirst(2).prefix(54)
        return digits.map { (0x61...0x66).contains($0) ? $0 - 0x20 : $0 } + [half >> 2]
    }

    private static func isWhole(_ octets: [UInt8]) -> Bool {
        guard octets.count >= 4, octets[octets.count - 3] == UInt8(ascii: "*"),
            let high = digit(octets[octets.count - 2]), let low = digit(octets[octets.count - 1])
        else { return false }
        return octets[1..<(octets.count - 3)].reduce(0, ^) == high << 4 | low
    }

    private static func digit(_ octet: UInt8) -> UInt8? {
        switch octet {
        case 0x30...0x39: octet - 0x30
        case 0x41...0x46: octet - 0x41 + 10
        case 0x61...0x66: octet - 0x61 + 10
        default: nil
        }
    }
}
