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

/// What people read.
enum Terminal {
    static func complain(_ words: String) {
        FileHandle.standardError.write(Data((words + "\n").utf8))
    }

    /// Written at once: someone is watching.
    static func say(_ words: String) {
        FileHandle.standardOutput.write(Data((words + "\n").utf8))
    }

    /// A question: the line goes on with the answer.
    static func ask(_ words: String) {
        FileHandle.standardError.write(Data(words.utf8))
    }

    static var isColoured: Bool {
        isatty(STDOUT_FILENO) == 1 && ProcessInfo.processInfo.environment["NO_COLOR"] == nil
    }

    static func paint(_ text: String, _ code: String) -> String {
        isColoured ? "\u{1B}[\(code)m\(text)\u{1B}[0m" : text
    }

    /// Columns padded by what they take on a screen: Japanese letters take two.
    static func table(_ rows: [[String]]) -> String {
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
