import FoundationEssentials

/// One table: code to name, some names from a certain day on.
struct NameTable: Sendable {
    private var plain: [String: String] = [:]
    /// Names with a day, in the order of their days.
    private var dated: [String: [DatedName]] = [:]
    /// Digits of every code, nil where they differ (rivers): only then lost zeros cannot be given back.
    private var width: Width = .none

    private enum Width { case none, all(Int), mixed }

    struct DatedName: Sendable {
        let from: Date
        let name: String
    }

    /// A name without a day takes the place of all earlier ones.
    mutating func add(_ code: String, _ name: String, from: Date?) {
        note(width: code.utf8.count)
        guard let from else {
            plain[code] = name
            dated[code] = nil
            return
        }
        var names = dated[code, default: []]
        names.removeAll { $0.from == from }
        names.append(DatedName(from: from, name: name))
        names.sort { $0.from < $1.from }
        dated[code] = names
    }

    /// The name on a day, or the latest one.
    func name(_ code: String, at date: Date?) -> String? {
        exact(code, at: date) ?? padded(code).flatMap { exact($0, at: date) }
    }

    /// The code of a name; the first one where several places bear it.
    func code(named name: String) -> String? {
        plain.lazy.filter { $0.value == name }.map(\.key).min()
    }

    private func exact(_ code: String, at date: Date?) -> String? {
        let known = dated[code]?.last { name in date.map { name.from <= $0 } ?? true }
        return known?.name ?? plain[code]
    }

    private func padded(_ code: String) -> String? {
        guard case .all(let width) = width, code.utf8.count < width, !code.isEmpty else { return nil }
        return String(repeating: "0", count: width - code.utf8.count) + code
    }

    private mutating func note(width count: Int) {
        switch width {
        case .none: width = .all(count)
        case .all(count), .mixed: break
        case .all: width = .mixed
        }
    }
}
