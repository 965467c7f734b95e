import Foundation

/// What a preview says: every channel's text, what would change where, and that nothing was sent.
struct PreviewPrint {
    let format: OutputFormat

    func show(_ answer: [String: Any]) {
        let previews = answer["previews"] as? [[String: Any]] ?? []
        let changes = answer["changes"] as? [[String: Any]] ?? []
        let warnings = answer["warnings"] as? [String] ?? []
        guard format == .table else {
            for preview in previews { Terminal.say(JSONLine.text(preview)) }
            var rest: [String: Any] = ["changes": changes]
            for key in ["version", "change", "take_back", "warnings"] { rest[key] = answer[key] }
            return answer["changes"] == nil ? () : Terminal.say(JSONLine.text(rest))
        }
        var hasProblem = false
        for preview in previews { hasProblem = show(text: preview) || hasProblem }
        show(changes, version: answer["version"] as? Int)
        for warning in warnings { Terminal.say(Terminal.paint("注意  \(warning)", "33")) }
        Terminal.say(
            hasProblem
                ? "このままでは受け付けられません。何も送っていません。 It would be refused. Nothing was sent."
                : "何も送っていません。 Nothing was sent.")
    }

    /// True where something in it would be refused.
    private func show(text preview: [String: Any]) -> Bool {
        let verdict = ["send": "送る send", "skip": "送らない skip"][preview["verdict"] as? String ?? ""] ?? ""
        let head = ["channel", "language", "priority"].compactMap { preview[$0] as? String } + [verdict]
        Terminal.say(Terminal.paint("── " + head.joined(separator: " · "), "1") + "  \(preview["reason"] as? String ?? "")")
        if let title = preview["title"] as? String { Terminal.say(title) }
        if let body = preview["body"] as? String { Terminal.say(body) }
        let problems = preview["problems"] as? [[String: Any]] ?? []
        for problem in problems { Terminal.say(Terminal.paint("  ✗ \(Self.words(of: problem))", "31")) }
        Terminal.say("")
        return !problems.isEmpty
    }

    private func show(_ changes: [[String: Any]], version: Int?) {
        guard !changes.isEmpty || version != nil else { return }
        let rows = changes.map { change in
            let place = change["district"] as? String ?? change["id"] as? String ?? change["kind"] as? String ?? ""
            return [place, change["hazard"] as? String ?? "", Self.state(change, "before"), "→", Self.state(change, "after")]
        }
        if !rows.isEmpty {
            Terminal.say(Terminal.table([["変わるところ WHERE", "災害 HAZARD", "いま BEFORE", "", "あと AFTER"]] + rows))
        }
        if let version { Terminal.say("見ている状況の番号 \(version)（送るとき --based-on \(version)）") }
    }

    private static func state(_ change: [String: Any], _ key: String) -> String {
        if let name = change["\(key)_name"] as? String { return name }
        guard let value = change[key], !(value is NSNull) else { return "なし" }
        return ShelterWord.of("\(value)")
    }

    /// Rule, place and what to do.
    private static func words(of problem: [String: Any]) -> String {
        let part = problem["in_title"] as? Bool == true ? "題名 title" : "本文 body"
        let place = (problem["position"] as? Int).map { ", \(part) \($0 + 1)文字目 (character \($0 + 1))" } ?? ""
        return "\(problem["rule"] ?? "")\(place): \(problem["text"] ?? "")"
    }
}

/// 開設, 満員, 閉鎖.
enum ShelterWord {
    static func of(_ state: String) -> String { ["open": "開設", "full": "満員", "closed": "閉鎖"][state] ?? state }
}
