import AlertModel
import Foundation

/// What people read while the line to the hub is cut.
enum CutNotice {
    private static let languages = ["ja", "ja-x-easy", "en"]

    static func text(_ language: String, since: Date, now: Date) -> String {
        let time = time(language, since, now)
        switch language {
        case "ja-x-easy": return "役所と つながって いません（\(time)から）。最後に 届いた お知らせを 見せて います"
        case "en": return "The line to the town office is cut (since \(time)). You see the last information that arrived"
        default: return "役場との回線が切れています（\(time)から）。最後に届いた情報を表示しています"
        }
    }

    /// The same on a portal page, with where else to look: whoever reads it has nothing else from the town.
    static func pageText(_ language: String, since: Date, now: Date) -> String {
        let advice =
            switch language {
            case "ja-x-easy": "。テレビや ラジオも 見て、聞いて ください。"
            case "en": ". Check television and radio too."
            default: "。テレビ、ラジオ、防災行政無線も確認してください。"
            }
        return text(language, since: since, now: now) + advice
    }

    /// The clock alone, with the date before it when that was another day.
    private static func time(_ language: String, _ date: Date, _ now: Date) -> String {
        let (then, today) = (JapanTime.parts(date), JapanTime.parts(now))
        let clock = "\(then.hour):\(then.minute < 10 ? "0" : "")\(then.minute)"
        guard (then.year, then.month, then.day) != (today.year, today.month, today.day) else { return clock }
        return language == "en" ? "\(then.month)/\(then.day) \(clock)" : "\(then.month)月\(then.day)日 \(clock)"
    }

    /// The data of a `line` event.
    static func event(_ status: LineWatch.Status, now: Date = Date()) -> [UInt8] {
        struct Line: Encodable {
            var state: String
            var since: String?
            var texts: [String: String]?
        }
        let since = status.cutSince
        let line = Line(
            state: status.isCut ? "cut" : "up", since: since.map { JapanTime.text($0, milliseconds: false) },
            texts: since.map { since in
                // The languages are a list of ours, each once.
                Dictionary(uniqueKeysWithValues: languages.map { ($0, text($0, since: since, now: now)) })
            })
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return (try? encoder.encode(line)).map { [UInt8]($0) } ?? Array("{}".utf8)
    }

    /// A portal page that says so at its top. The channel's own page for this day (`stale.…`) has the paragraph
    /// already; our words, which know since when, take its place.
    static func insert(_ words: String, into page: String) -> String {
        let paragraph = "<p class=\"cut\">\(words)</p>"
        if let open = page.range(of: "<p class=\"cut\">"),
            let close = page.range(of: "</p>", range: open.upperBound..<page.endIndex)
        {
            return page.replacingCharacters(in: open.lowerBound..<close.upperBound, with: paragraph)
        }
        guard let main = page.range(of: "<main>") else { return paragraph + page }
        return page.replacingCharacters(in: main, with: "<main>" + paragraph)
    }
}
