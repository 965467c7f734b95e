import AlertModel
import Foundation

/// A list of tablets to be invited: CSV with the columns `name` and `site`, and `use` and `group` where it has them, in this order or another; a first line says which.
enum DeviceList {
    struct Row: Hashable {
        var name: String
        var site: String
        /// Of the columns `use` and `group`, where the list has them.
        var use, group: String?
    }
    struct Refusal: Error {
        var reason: String
    }
    /// A town's schools; more is a mistake.
    static let most = 20_000

    static func read(_ file: String) throws(Refusal) -> [Row] {
        guard let octets = FileManager.default.contents(atPath: file) else { throw Refusal(reason: "読めません (cannot be read)") }
        guard octets.count <= 4 << 20, let text = String(validating: octets, as: UTF8.self) else {
            throw Refusal(reason: "UTF-8でないか、大きすぎます (not UTF-8, or too large)")
        }
        return try rows(text)
    }

    static func rows(_ text: String) throws(Refusal) -> [Row] {
        let plain = text.hasPrefix("\u{FEFF}") ? String(text.dropFirst()) : text
        let lines = plain.split(omittingEmptySubsequences: false) { $0 == "\n" || $0 == "\r\n" || $0 == "\r" }.map { cells(String($0)) }
        guard let head = lines.first, let name = head.firstIndex(of: "name"), let site = head.firstIndex(of: "site") else {
            throw Refusal(reason: "一行目に name と site の列がありません (the first line names no columns name and site)")
        }
        var rows: [Row] = []
        for (number, line) in lines.enumerated().dropFirst() where line != [""] {
            guard line.count > max(name, site), !line[name].isEmpty, !line[site].isEmpty, PlainText.isPlain(line[name]), line[name].count <= 64 else {
                throw Refusal(reason: "\(number + 1)行目に name か site がないか、使えない文字があります (line \(number + 1): name or site is missing or not plain)")
            }
            func more(_ column: String) -> String? { head.firstIndex(of: column).flatMap { $0 < line.count && !line[$0].isEmpty ? line[$0] : nil } }
            let (use, group) = (more("use"), more("group"))
            guard use.map({ ["pupil", "staff"].contains($0) }) ?? true, group.map({ $0.count <= 20 && PlainText.isPlain($0) }) ?? true else {
                throw Refusal(reason: "\(number + 1)行目の use は pupil か staff、group は20文字までです (line \(number + 1): use or group cannot be read)")
            }
            rows.append(Row(name: line[name], site: line[site], use: use, group: group))
        }
        guard !rows.isEmpty, rows.count <= most else { throw Refusal(reason: "端末が一つもないか、\(most)台を超えています (none, or more than \(most))") }
        return rows
    }

    /// RFC 4180 within one line: a cell in quotes may hold commas, and quotes twice.
    private static func cells(_ line: String) -> [String] {
        var (cells, cell, isQuoted, last) = ([String](), "", false, Character(" "))
        for letter in line {
            switch letter {
            case "\"" where isQuoted: isQuoted = false
            case "\"" where last == "\"": (cell, isQuoted) = (cell + "\"", true)
            case "\"": isQuoted = true
            case "," where !isQuoted: (cells, cell) = (cells + [cell.trimmingCharacters(in: .whitespaces)], "")
            default: cell.append(letter)
            }
            last = letter
        }
        return cells + [cell.trimmingCharacters(in: .whitespaces)]
    }
}
