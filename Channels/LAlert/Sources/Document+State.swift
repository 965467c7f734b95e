import AlertModel
import ChannelKit
import FoundationEssentials

// From an order or the town's shelters to the lines of a document, and from two states to a headline.

extension EvacuationOrder {
    /// The whole state of the hazard by the town's own table: what stands, and what the document held and does not any more.
    func lines(after standing: [Line], _ act: Act, at time: Date) -> [Line] {
        let rows = act.standing(of: hazard)
        func word(_ level: Int?) -> String {
            level.flatMap(Level.init).map { EvacuationOrder(level: $0, hazard: hazard, districts: []).sortWord } ?? sortWord
        }
        // A document that named the whole town is told district by district from here on.
        let known = standing.filter { line in rows.contains { $0.subject.district == line.id } || act.districts.contains(line.id) || line.isLifted }
        var lines = known.map { line -> Line in
            guard let row = rows.first(where: { $0.subject.district == line.id }) else {
                return line.isLifted ? line : Line(id: line.id, word: line.word, isLifted: true, since: time)
            }
            let word = word(row.state.level)
            return line.word == word && !line.isLifted ? line : Line(id: line.id, word: word, isLifted: false, since: row.since)
        }
        for row in rows where !lines.contains(where: { $0.id == row.subject.district }) {
            lines.append(Line(id: row.subject.district ?? "", word: word(row.state.level), isLifted: false, since: row.since))
        }
        for step in act.steps where step.after == nil && !lines.contains(where: { $0.id == step.subject.district }) {
            lines.append(Line(
                id: step.subject.district ?? "", word: word(step.before?.state.level), isLifted: true, since: time))
        }
        return lines
    }

    /// Sort. Since 2021-05; the spelling of PCXML v2 is not public (README).
    var sortWord: String {
        switch level {
        case .elderly: "高齢者等避難"
        case .order: "避難指示"
        case .emergency: "緊急安全確保"
        }
    }

    /// The whole state after this order. An update is the whole truth of its event: a district it does not name any
    /// more is lifted, and the document says that it was corrected. A lift only lifts what it names, under the word
    /// that was in force there.
    func lines(after standing: [Line], at time: Date) -> (lines: [Line], withdrawn: [String]) {
        var lines = standing
        var withdrawn: [String] = []
        for index in lines.indices where !isLifted && !lines[index].isLifted && !districts.contains(lines[index].id) {
            withdrawn.append(lines[index].id)
            lines[index].isLifted = true
            lines[index].since = time
        }
        for district in districts {
            let index = lines.firstIndex { $0.id == district }
            let word = isLifted ? index.map { lines[$0].word } ?? sortWord : sortWord
            guard let index else {
                lines.append(Line(id: district, word: word, isLifted: isLifted, since: time))
                continue
            }
            guard lines[index].word != word || lines[index].isLifted != isLifted else { continue }
            lines[index] = Line(id: district, word: word, isLifted: isLifted, since: time)
        }
        return (lines, withdrawn)
    }
}

extension ShelterStatus {
    static let openWord = "開設"

    /// Information/Sort. A shelter nobody has spoken of is 未開設.
    var sortWord: String {
        switch state {
        case .open, .full: Self.openWord
        case .closed: "閉鎖"
        case nil: "未開設"
        }
    }

    /// Information/Status. That a shelter is open does not say how full it is.
    var crowdWord: String { state == .full ? "定員一杯" : "不明" }

    /// Full and open are one Sort and two things to tell.
    var line: Line {
        Line(id: shelter.name, word: sortWord, isLifted: state == .full, since: since.map { Date(timeIntervalSince1970: $0) })
    }
}

extension Headquarters {
    /// Type. What is not called a 警戒本部 is a 対策本部.
    var typeWord: String { name.contains("警戒本部") ? "警戒本部" : "対策本部" }
    /// Status. The law says 廃止, PCXML 解散.
    var statusWord: String { state == .open ? "設置" : "解散" }

    /// Since when it stands, not since when it was last spoken of.
    func line(after standing: [Line], at time: Date) -> Line {
        let same = standing.first { $0.id == name && $0.word == statusWord }
        return Line(id: name, word: statusWord, isLifted: state == .closed, since: same?.since ?? time)
    }
}

/// Headline/Text and contentDescription: only what is new. Never cut: too long a list of names is counted instead.
struct Headline {
    /// The telop of the receivers (SaigaiTask).
    static let limit = 255

    let text: String

    init(_ document: Document, _ statement: Statement) {
        let mark = statement.mode == .exercise ? "【訓練】" : ""
        let title = statement.text.title.hasPrefix(mark) ? statement.text.title : mark + statement.text.title
        guard document.change != .cancel else {
            let saysSo = title.contains("取消") || title.contains("誤り")
            text = Self.fitting([saysSo ? title : mark + "取消：" + statement.text.title, mark + "取消"])
            return
        }
        let news = Self.news(document, statement)
        guard !news.isEmpty else {
            text = Self.fitting([title, mark + document.category.words])
            return
        }
        let hazard = if case .evacuation(let order) = statement.subject { order.hazard + "　" } else { "" }
        func joined(_ names: ([String]) -> String) -> String {
            mark + hazard + news.map { "\($0.act)　\(names($0.names))" }.joined(separator: "／")
        }
        text = Self.fitting([
            joined { $0.joined(separator: "、") }, joined { "\($0[0])など\($0.count)か所" },
            mark + document.category.words,
        ])
    }

    private static func news(_ document: Document, _ statement: Statement) -> [(act: String, names: [String])] {
        var news: [(act: String, names: [String])] = []
        for line in document.lines where !document.standing.contains(where: { $0.says(line) }) {
            // A shelter that was never open is no news.
            if document.category == .shelter, line.word == "未開設", document.standing.isEmpty { continue }
            if document.category == .antidisasterHeadquarter {
                news.append((line.id, [line.word]))
                continue
            }
            let act = act(line, document.category)
            if let index = news.firstIndex(where: { $0.act == act }) {
                news[index].names.append(line.id)
            } else {
                news.append((act, [line.id]))
            }
        }
        return news
    }

    private static func act(_ line: Line, _ category: Category) -> String {
        guard category == .shelter else { return line.word + (line.isLifted ? "　解除" : "　発令") }
        return "避難所　" + (line.isLifted ? "満員" : line.word)
    }

    private static func fitting(_ texts: [String]) -> String {
        texts.first { $0.utf16.count <= limit } ?? texts[texts.count - 1]
    }
}

extension Line {
    /// The same news, whenever it began.
    fileprivate func says(_ other: Line) -> Bool { id == other.id && word == other.word && isLifted == other.isLifted }
}
