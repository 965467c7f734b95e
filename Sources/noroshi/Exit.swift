import AlertModel
import ArgumentParser
import Foundation

/// Exit codes after sysexits.
enum Exit {
    static let usage: Int32 = 64
    static let badData: Int32 = 65
    static let unreachable: Int32 = 69
    static let cannotWrite: Int32 = 73
    /// Somebody was faster: what the order was made on is not what stands.
    static let changed: Int32 = 75
    static let notAllowed: Int32 = 77
    static let badSettings: Int32 = 78

    /// Says why on standard error and ends with that code.
    static func with(_ code: Int32, _ words: String) -> any Error {
        Terminal.complain(words)
        return ExitCode(code)
    }
}

/// What people read. Names, answers and bulletins of others are in it: what cannot be seen is written out, and only our own
/// colours reach the screen.
enum Terminal {
    static func complain(_ words: String) {
        FileHandle.standardError.write(Data((shown(words) + "\n").utf8))
    }

    /// Written at once: someone is watching.
    static func say(_ words: String) {
        FileHandle.standardOutput.write(Data((shown(words) + "\n").utf8))
    }

    /// A question: the line goes on with the answer.
    static func ask(_ words: String) {
        FileHandle.standardError.write(Data(shown(words).utf8))
    }

    /// Stands before the code of a colour; nobody outside knows it.
    private static let mark = UUID().uuidString

    private static func shown(_ words: String) -> String {
        var pieces = words.components(separatedBy: mark)
        let first = pieces.removeFirst()
        return pieces.reduce(into: PlainText.visible(first, keepsLines: true)) { text, piece in
            let code = piece.prefix { $0 != "m" }
            text += "\u{1B}[" + code + PlainText.visible(String(piece.dropFirst(code.count)), keepsLines: true)
        }
    }

    static var isColoured: Bool {
        isatty(STDOUT_FILENO) == 1 && ProcessInfo.processInfo.environment["NO_COLOR"] == nil
    }

    static func paint(_ text: String, _ code: String) -> String {
        isColoured ? "\(mark)\(code)m\(text)\(mark)0m" : text
    }

    /// Columns padded by what they take on a screen: Japanese letters take two.
    static func table(_ rows: [[String]]) -> String {
        let rows = rows.map { $0.map { PlainText.visible($0) } }
        let widths = (0..<(rows.map(\.count).max() ?? 0)).map { column in
            rows.map { column < $0.count ? width($0[column]) : 0 }.max() ?? 0
        }
        return rows.map { row in
            row.enumerated().map { index, cell in
                index == row.count - 1 ? cell : cell + String(repeating: " ", count: widths[index] - width(cell) + 2)
            }.joined()
        }.joined(separator: "\n")
    }

    static func width(_ text: String) -> Int {
        text.unicodeScalars.reduce(0) { $0 + ($1.value >= 0x1100 && !(0x2000...0x2BFF).contains($1.value) ? 2 : 1) }
    }
}
