/// What a town's operator sends: the JSON of `POST /v1/alerts`, and what `noroshi push` makes of its options.
///
///     {"town": "042056", "kind": "evacuation", "mode": "exercise", "level": 4, "hazard": "津波", "districts": ["南町"]}
///
/// Every mis-sent order on record passed a form that let it: the mode has no default, an area left empty is refused
/// and never means everywhere, a field that is misspelt is refused and not ignored, and all that is wrong is said at
/// once, so that nobody in a hurry mends it piece by piece.
import AlertModel
import FoundationEssentials

package struct OperatorAlert: Codable, Sendable, Hashable {
    /// 6-digit code.
    package var town: String
    /// `evacuation`, `shelter`, `headquarters` or `notice`.
    package var kind: String
    /// `actual` or `exercise`.
    package var mode: String
    /// Evacuation: 3 高齢者等避難, 4 避難指示, 5 緊急安全確保.
    package var level: Int?
    package var hazard: String?
    /// 地区 by name; the whole town by one of `EvacuationOrder.wholeTown`.
    package var districts: [String]?
    package var reason: String?
    /// Shelters to go to, by id.
    package var shelters: [String]?
    /// Shelter: whose state changed, by id.
    package var shelter: String?
    /// `open`, `full`, `closed`; of a headquarters `open` (設置) or `closed` (廃止).
    package var state: String?
    package var note: String?
    /// Notice; of a headquarters its name, 災害対策本部 unless given.
    package var title: String?
    package var body: String?
    /// The event of an earlier alert that this one updates.
    package var event: String?
    /// Evacuation: the order is lifted (解除).
    package var lifted: Bool?
    /// RFC 3339 with offset.
    package var expires: String?
    /// A notice of a drill by which tablets are tried: whoever hears one says so there.
    package var test: Bool?
    /// The version of the town's standing the person saw; on another one the order is refused.
    package var basedOn: Int?

    enum CodingKeys: String, CodingKey {
        case town, kind, mode, level, hazard, districts, reason, shelters, shelter, state, note, title, body, event, lifted, expires, test
        case basedOn = "based_on"
    }

    package init(town: String, kind: String, mode: String) {
        self.town = town
        self.kind = kind
        self.mode = mode
    }
}

/// All that is wrong with an operator's alert: the `errors` of problem+json (RFC 9457).
package struct OperatorProblems: Error, Sendable, Equatable, CustomStringConvertible {
    package struct Problem: Sendable, Hashable, Codable {
        package let field: String
        package let detail: String
        /// RFC 6901, as the example of RFC 9457 has it.
        package var pointer: String { field.isEmpty ? "#" : "#/\(field)" }
    }

    package private(set) var problems: [Problem] = []

    package init() {}

    package mutating func add(_ field: String, _ detail: String) {
        problems.append(Problem(field: field, detail: detail))
    }

    /// For people: Japanese first, the English behind it.
    package mutating func add(_ field: String, _ japanese: String, _ english: String) {
        add(field, "\(japanese) (\(english))")
    }

    package var description: String {
        problems.map { $0.field.isEmpty ? $0.detail : "\($0.field): \($0.detail)" }.joined(separator: "; ")
    }
}

extension OperatorAlert {
    /// Octets of a request; the longest sensible one has a tenth of it.
    package static let sizeLimit = 64 << 10

    /// Reads the form: names and types of fields. What they mean for the town is asked by `alert`.
    package static func read(_ octets: [UInt8]) throws(OperatorProblems) -> OperatorAlert {
        var problems = OperatorProblems()
        guard octets.count <= sizeLimit else {
            problems.add("", "長すぎます。\(sizeLimit)オクテットまでです", "longer than \(sizeLimit) octets")
            throw problems
        }
        guard let written = try? JSONDecoder().decode([String: Field].self, from: Data(octets)) else {
            problems.add("", "JSONのオブジェクトとして読めません", "not a JSON object")
            throw problems
        }
        var form = FormReader(written: written)
        var alert = OperatorAlert(
            town: form.required("town"), kind: form.required("kind"), mode: form.required("mode"))
        alert.level = form.number("level")
        alert.hazard = form.text("hazard")
        alert.districts = form.list("districts")
        alert.reason = form.text("reason")
        alert.shelters = form.list("shelters")
        alert.shelter = form.text("shelter")
        alert.state = form.text("state")
        alert.note = form.text("note")
        alert.title = form.text("title")
        alert.body = form.text("body")
        alert.event = form.text("event")
        alert.lifted = form.flag("lifted")
        alert.expires = form.text("expires")
        alert.test = form.flag("test")
        alert.basedOn = form.number("based_on")
        form.refuseOthers()
        guard form.problems.problems.isEmpty else { throw form.problems }
        return alert
    }
}

/// One field of the form, whatever was written there.
private enum Field: Decodable {
    case text(String), number(Int), flag(Bool), list([String]), null, other

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if container.decodeNil() {
            self = .null
        } else if let flag = try? container.decode(Bool.self) {
            self = .flag(flag)
        } else if let number = try? container.decode(Int.self) {
            self = .number(number)
        } else if let text = try? container.decode(String.self) {
            self = .text(text)
        } else if let list = try? container.decode([String].self) {
            self = .list(list)
        } else {
            self = .other
        }
    }
}

/// Takes fields by name and type, and remembers what is left.
private struct FormReader {
    var problems = OperatorProblems()
    private var rest: [String: Field]

    init(written: [String: Field]) { rest = written }

    private mutating func take(_ name: String) -> Field? {
        guard let field = rest.removeValue(forKey: name) else { return nil }
        if case .null = field { return nil }
        return field
    }

    mutating func required(_ name: String) -> String {
        let isThere = rest[name] != nil
        if let text = text(name) { return text }
        if !isThere { problems.add(name, "必要な項目です", "required") }
        return ""
    }

    mutating func text(_ name: String) -> String? {
        switch take(name) {
        case nil: return nil
        case .text(let text): return text
        default: problems.add(name, "文字列で書いてください", "must be a string")
        }
        return nil
    }

    mutating func number(_ name: String) -> Int? {
        switch take(name) {
        case nil: return nil
        case .number(let number): return number
        default: problems.add(name, "整数で書いてください", "must be a whole number")
        }
        return nil
    }

    mutating func flag(_ name: String) -> Bool? {
        switch take(name) {
        case nil: return nil
        case .flag(let flag): return flag
        default: problems.add(name, "true か false で書いてください", "must be true or false")
        }
        return nil
    }

    mutating func list(_ name: String) -> [String]? {
        switch take(name) {
        case nil: return nil
        case .list(let list): return list
        default: problems.add(name, "文字列の並びで書いてください", "must be a list of strings")
        }
        return nil
    }

    mutating func refuseOthers() {
        for name in rest.keys.sorted().prefix(20) { problems.add(String(name.prefix(60)), "このような項目はありません", "no such field") }
    }
}
