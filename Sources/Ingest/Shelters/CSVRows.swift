/// RFC 4180, as municipalities write it: quoted cells with line breaks and doubled quotes, CRLF, LF or CR, and a
/// quote in the middle of a bare cell, which is only a letter.
///
/// Rows come one at a time with the line they begin on. A row over its bounds, or a quote that never closes, is an
/// error of that row; the parser goes on where the line ends.
struct CSVRows: Sequence, IteratorProtocol {
    static let columnLimit = 256
    static let cellLimit = 64 << 10

    struct Row {
        /// Counted from 1.
        let line: Int
        var cells: [String]
        var flaw: String?
        var isBlank: Bool { cells.allSatisfy { $0.allSatisfy(\.isWhitespace) } }
    }

    private let octets: [UInt8]
    private let separator: UInt8
    private var position = 0
    private var line = 1

    /// Tabs or semicolons where the first line has more of them than commas.
    init(_ octets: [UInt8]) {
        self.octets = octets
        let first = octets.prefix { $0 != 0x0A && $0 != 0x0D }
        let most = [0x2C, 0x09, 0x3B].map { (separator: UInt8) in (separator, first.count { $0 == separator }) }.reduce((0x2C, 0)) { $1.1 > $0.1 ? $1 : $0 }
        separator = most.0
    }

    mutating func next() -> Row? {
        guard position < octets.count else { return nil }
        var row = Row(line: line, cells: [])
        while true {
            let cell = readCell(&row)
            if row.cells.count < Self.columnLimit {
                row.cells.append(String(decoding: cell, as: UTF8.self))
            } else {
                row.flaw = "\(Self.columnLimit)列より多い (more than \(Self.columnLimit) columns)"
            }
            guard position < octets.count, octets[position] == separator else { break }
            position += 1
        }
        endLine()
        return row
    }

    private mutating func readCell(_ row: inout Row) -> [UInt8] {
        var cell: [UInt8] = []
        var isQuoted = false
        if position < octets.count, octets[position] == 0x22 {
            isQuoted = true
            position += 1
        }
        while position < octets.count {
            let octet = octets[position]
            if isQuoted {
                if octet == 0x22 {
                    guard position + 1 < octets.count, octets[position + 1] == 0x22 else {
                        isQuoted = false
                        position += 1
                        continue
                    }
                    position += 1
                } else if octet == 0x0A {
                    line += 1
                }
            } else if octet == separator || octet == 0x0A || octet == 0x0D {
                break
            }
            if cell.count < Self.cellLimit { cell.append(octet) } else { row.flaw = "\(Self.cellLimit)オクテットより長い欄 (a cell too long)" }
            position += 1
        }
        if isQuoted { row.flaw = "閉じない引用符 (a quote that never closes)" }
        return cell
    }

    private mutating func endLine() {
        guard position < octets.count else { return }
        if octets[position] == 0x0D, position + 1 < octets.count, octets[position + 1] == 0x0A { position += 1 }
        position += 1
        line += 1
    }
}
