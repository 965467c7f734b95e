/// A line of the chronicle in words, from what the record has of it: the act first, then what it is about, then why.
internal import AlertModel
internal import Foundation
internal import Ledger

extension RecordedDeed {
    fileprivate struct Line: Codable {
        var words: String
        /// When it was written down, where that was later.
        var noted: Date?
    }

    init?(_ kind: ChronicleEntry.Kind, _ words: String, id: String, about subject: String, _ mode: ModeName, at: Date, _ actor: String, noted: Date? = nil) {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        encoder.dateEncodingStrategy = .secondsSince1970
        guard let body = try? encoder.encode(Line(words: words, noted: noted)) else { return nil }
        self.init(id: id, mode: mode, kind: kind.rawValue, subject: subject, at: at, actor: actor, body: String(decoding: body, as: UTF8.self))
    }
}

extension ChronicleEntry {
    init(_ alert: RecordedAlert) {
        let content = alert.content
        let (kind, words) = Self.words(content)
        self.init(
            at: alert.accepted, place: ChroniclePlace(at: alert.accepted, source: .alert, id: content.id.text), kind: kind,
            by: kind == .bulletin ? content.sender : Self.name(alert.actor), words: words, alert: content.id)
    }

    /// Nil for a kind of a later version.
    init?(_ deed: RecordedDeed, in town: Town) {
        guard let (kind, words) = Self.words(deed, in: town) else { return nil }
        self.init(at: deed.at, place: ChroniclePlace(at: deed.at, source: .deed, id: deed.id), kind: kind, by: Self.name(deed.actor), words: words)
    }

    init(_ report: RecordedReport, in town: Town, isDrill: Bool) {
        let site = town.endpoints.first { $0.id == report.site }?.name ?? report.site
        self.init(
            at: report.received, place: ChroniclePlace(at: report.received, source: .report, id: report.id), kind: .report, by: site,
            words: Self.words(report) + (isDrill ? "（訓練のあいだに届いた）" : ""), report: (report.id, report.device))
    }

    /// `operator:佐藤 approved:高橋`: what stands before a name is for the record.
    static func name(_ actor: String) -> String {
        var name = actor, more = ""
        if let yes = name.range(of: " approved:") { (more, name) = ("（承認 \(name[yes.upperBound...])）", String(name[..<yes.lowerBound])) }
        if name.hasSuffix(" waited") { (more, name) = ("（待ち時間のあと）", String(name.dropLast(7))) }
        for (mark, word) in [("operator:", ""), ("safe:", "（金庫の鍵）")] where name.hasPrefix(mark) { return "\(name.dropFirst(mark.count))\(word)\(more)" }
        return name + more
    }

    // MARK: what was told

    private static func words(_ content: AlertContent) -> (Kind, String) {
        let isBack = content.message == .cancel
        switch content.detail {
        case .evacuation(let order):
            let act = isBack ? "誤報の取消" : content.act.map { verb($0.change) } ?? (order.isLifted ? "解除" : "発令")
            let places = content.act?.districts ?? [], districts = (places.isEmpty ? order.districts : places).joined(separator: "、")
            return (.order, "\(act)：\(order.level.name)（\(order.hazard)）\(districts)" + (order.reason.map { "。理由：\($0)" } ?? ""))
        case .shelter(let notice):
            let state = isBack ? "取消" : ["open": "開設", "full": "満員", "closed": "閉鎖"][notice.state.rawValue] ?? ""
            return (.shelter, "\(state)：\(notice.all.map(\.name).joined(separator: "、"))" + (notice.note.map { "。\($0)" } ?? ""))
        case .headquarters(let seat):
            return (.headquarters, "\(isBack ? "取消" : seat.state == .open ? "設置" : "廃止")：\(seat.name)" + (seat.note.map { "。\($0)" } ?? ""))
        case .notice(let notice): return (.notice, (isBack ? "取消：" : "") + "\(notice.title)。\(notice.body.replacing("\n", with: " "))")
        case .none:
            let said = content.headline.map { $0 == content.title ? $0 : "\(content.title)　\($0)" } ?? content.title
            return (.bulletin, (isBack ? "取消：" : "") + said)
        }
    }

    private static func verb(_ change: Change) -> String {
        switch change {
        case .new: "発令"
        case .raised: "引き上げ"
        case .widened: "地区の追加"
        case .corrected: "訂正"
        case .changed: "変更"
        case .lowered: "引き下げ"
        case .partLifted: "一部解除"
        case .lifted: "解除"
        case .takenBack: "誤報の取消"
        case .restored: "解除の取消"
        case .ranOut: "期限で終了"
        case .unchanged: "同じ内容をもう一度"
        }
    }

    // MARK: what was done

    private static func words(_ deed: RecordedDeed, in town: Town) -> (Kind, String)? {
        let body = Data(deed.body.utf8)
        switch deed.kind {
        case PlaceCall.kind:
            struct Call: Decodable { var answer: PlaceCall.Answer; var words, phone: String? }
            guard let call = try? JSONDecoder().decode(Call.self, from: body) else { return nil }
            let id = deed.subject.split(separator: "/", maxSplits: 1).last.map(String.init) ?? deed.subject
            let place = town.endpoints.first { "\($0.channel)/\($0.id)" == deed.subject }?.name ?? id
            let answer = switch call.answer {
            case .reached: "伝わった"
            case .noAnswer: "応答なし"
            case .onTheWay: "応答なし。人が向かっている"
            case .other: "ほか"
            }
            return (.call, "\(place)\(call.phone.map { "（\($0)）" } ?? "")に電話：\(answer)" + (call.words.map { "。「\($0)」" } ?? ""))
        case "shelters":
            struct Batch: Decodable { struct One: Decodable {}; var state: String; var sent, refused: [One]; var unchanged: [String] }
            guard let batch = try? JSONDecoder().decode(Batch.self, from: body) else { return nil }
            let state = ["open": "開設", "full": "満員に", "closed": "閉鎖"][batch.state] ?? batch.state
            let rest = [batch.unchanged.isEmpty ? "" : "もう同じ状態 \(batch.unchanged.count)か所", batch.refused.isEmpty ? "" : "出さなかった \(batch.refused.count)か所"].filter { !$0.isEmpty }
            return (.shelter, "まとめて\(state)：\(batch.sent.count)か所" + (rest.isEmpty ? "" : "（\(rest.joined(separator: "、"))）"))
        case "muster":
            guard let said = try? JSONDecoder().decode([String: String].self, from: body) else { return nil }
            switch said["step"] {
            case "begun": return (.muster, "職員を呼びました：\(said["words"] ?? "")（\(said["roles"] ?? "")）")
            case "said": return (.muster, "\(said["person"] ?? "")：" + (["taken": "引き受けた", "cannot": "行けない", "no-answer": "応答なし"][said["answer"] ?? ""] ?? "") + (said["words"].map { "「\($0)」" } ?? ""))
            case "ended": return (.muster, "職員の呼び出しの終わり：" + (["taken": "人がそろった", "nobody": "呼べる人がもういない", "stopped": "人が止めた"][said["outcome"] ?? ""] ?? ""))
            // The calls themselves are in its own list.
            default: return nil
            }
        default:
            let decoder = JSONDecoder()
            decoder.dateDecodingStrategy = .secondsSince1970
            guard let kind = Kind(rawValue: deed.kind), let line = try? decoder.decode(RecordedDeed.Line.self, from: body) else { return nil }
            return (kind, line.words + (line.noted.map { "（\(Hub.clock($0))に記入）" } ?? ""))
        }
    }

    // MARK: what a shelter says

    private static let needs = [
        "water": "水", "food": "食べ物", "blanket": "毛布・暖房", "medical": "けが人・病人・薬", "toilet": "トイレ", "power": "電気・充電", "baby": "赤ちゃん用品", "help": "人手",
    ]

    private static func words(_ report: RecordedReport) -> String {
        struct Said: Decodable {
            var people, households: Int?
            var crowding, water, power, note, corrects: String?
            var needs: [String]?
        }
        guard let said = try? JSONDecoder().decode(Said.self, from: Data(report.body.utf8)) else { return "読めない報告" }
        func supply(_ name: String, _ word: String?) -> String? { ["yes": "\(name)あり", "no": "\(name)なし"][word ?? ""] }
        var parts = [said.people.map { "\($0)人" }, said.households.map { "\($0)世帯" }, said.crowding.flatMap { ["free": "空き", "crowded": "混雑", "full": "満員"][$0] },
            supply("水", said.water), supply("電気", said.power)].compactMap(\.self)
        if let needs = said.needs, !needs.isEmpty { parts.append("困っていること：" + needs.map { Self.needs[$0] ?? $0 }.joined(separator: "、")) }
        if let note = said.note, !note.isEmpty { parts.append("「\(note.replacing("\n", with: " "))」") }
        return (said.corrects == nil ? "" : "前の報告を訂正：") + (parts.isEmpty ? "中身のない報告" : parts.joined(separator: "　"))
    }
}
