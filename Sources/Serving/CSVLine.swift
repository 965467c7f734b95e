internal import AlertModel
internal import Foundation

/// A row of CSV (RFC 4180), for spreadsheets too: what would be a formula there is a word.
package enum CSVLine {
    package static func text(_ cells: [String]) -> String { cells.map(cell).joined(separator: ",") }

    private static func cell(_ words: String) -> String {
        let plain = PlainText.visible(words)
        let isFormula = plain.first.map { "=+-@".contains($0) } == true && Double(plain) == nil
        let safe = isFormula ? "'" + plain : plain
        guard safe.contains(where: { ",\"".contains($0) }) || safe != safe.trimmingCharacters(in: .whitespaces) else { return safe }
        return "\"" + safe.replacing("\"", with: "\"\"") + "\""
    }
}
