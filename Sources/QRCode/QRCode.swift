internal import CQREncode

/// A text as a QR code (ISO/IEC 18004), by libqrencode: for paper and screens, and for a terminal.
package enum QRCode {
    /// Rows of dark modules; nil when the text does not fit a code (2,953 octets at the lowest correction).
    static func modules(_ text: String) -> [[Bool]]? {
        guard let code = QRcode_encodeString(text, 0, QR_ECLEVEL_M, QR_MODE_8, 1) else { return nil }
        defer { QRcode_free(code) }
        let width = Int(code.pointee.width)
        guard let data = code.pointee.data else { return nil }
        return (0..<width).map { row in (0..<width).map { data[row * width + $0] & 1 == 1 } }
    }

    /// An SVG of one path, with the quiet zone of four modules.
    package static func svg(_ text: String) -> String? {
        guard let rows = modules(text) else { return nil }
        var path = ""
        for (y, row) in rows.enumerated() {
            var x = 0
            while x < row.count {
                guard row[x] else {
                    x += 1
                    continue
                }
                let start = x
                while x < row.count, row[x] { x += 1 }
                path += "M\(start + 4) \(y + 4)h\(x - start)v1h-\(x - start)z"
            }
        }
        let size = rows.count + 8
        return """
            <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 \(size) \(size)" shape-rendering="crispEdges" \
            role="img"><rect width="\(size)" height="\(size)" fill="#fff"/><path fill="#000" d="\(path)"/></svg>
            """
    }

    /// Two rows of modules to a line of text, light on dark terminals and the other way round.
    package static func text(_ text: String) -> String? {
        guard let rows = modules(text) else { return nil }
        let size = rows.count + 4
        func dark(_ x: Int, _ y: Int) -> Bool {
            let (column, row) = (x - 2, y - 2)
            return rows.indices.contains(row) && rows[row].indices.contains(column) && rows[row][column]
        }
        return stride(from: 0, to: size, by: 2).map { y in
            (0..<size).map { x in
                switch (dark(x, y), dark(x, y + 1)) {
                case (true, true): " "
                case (true, false): "▄"
                case (false, true): "▀"
                case (false, false): "█"
                }
            }.joined()
        }.joined(separator: "\n")
    }
}
