/// Facts as the template engine sees them: by name, without reflection, and with a witness for what is missing.
import Mustache

struct Facts {
    enum Value {
        case text(String)
        case flag(Bool)
        case list([[FactName: Value]])
    }

    private var values: [FactName: Value] = [:]

    /// Empty texts count as missing.
    mutating func set(_ name: FactName, _ text: String?) {
        guard let text, !text.isEmpty else { return }
        values[name] = .text(text)
    }

    mutating func set(_ name: FactName, flag: Bool) { values[name] = .flag(flag) }

    mutating func set(_ name: FactName, list: [[FactName: Value]]) {
        if !list.isEmpty { values[name] = .list(list) }
    }

    func text(_ name: FactName) -> String? {
        guard case .text(let text) = values[name] else { return nil }
        return text
    }

    func flag(_ name: FactName) -> Bool {
        guard case .flag(let flag) = values[name] else { return false }
        return flag
    }

    func witnessed(by witness: FactWitness) -> FactSheet { FactSheet(values: values, scope: nil, witness: witness) }
}

/// Notes the facts that a text asked for in vain. One per rendering, used by one thread.
final class FactWitness {
    private(set) var missing: [String] = []
    func miss(_ name: String) { missing.append(name) }
}

/// One level of names for Mustache.
struct FactSheet: MustacheParent {
    let values: [FactName: Facts.Value]
    /// The names that belong to this level, so that a shelter without address is not given somebody else's; nil for
    /// the outermost.
    let scope: Set<FactName>?
    let witness: FactWitness

    static let shelterScope: Set<FactName> = [.name, .address, .note, .isFull, .isLast]

    func child(named text: String) -> Any? {
        guard let name = FactName(rawValue: text) else { return scope == nil ? MissingFact(name: text, witness: witness) : nil }
        switch values[name] {
        case .text(let text): return text
        case .flag(let flag): return flag
        case .list(let items):
            return items.map { FactSheet(values: $0, scope: Self.shelterScope, witness: witness) }
        case nil:
            if let scope, !scope.contains(name) { return nil }
            return MissingFact(name: text, witness: witness)
        }
    }
}

/// Stands where a fact is missing: false to a section, noted when a text wants to print it.
struct MissingFact: MustacheCustomRenderable {
    let name: String
    let witness: FactWitness
    var isNull: Bool { true }
    var renderText: String {
        witness.miss(name)
        return ""
    }
}
