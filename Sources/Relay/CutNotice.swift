import AlertModel
import ChannelKit
import Foundation

/// What people read while the line to the hub is cut.
enum CutNotice {
    static func text(_ language: String, since: Date, now: Date) -> String {
        let words = ScreenLanguages.inUse.words(Language(rawValue: language))
        return words(.cutLine, clock(words, since, now))
    }

    /// The same on a portal page, with where else to look: whoever reads it has nothing else from the town.
    static func pageText(_ language: String, since: Date, now: Date) -> String {
        text(language, since: since, now: now) + ScreenLanguages.inUse.words(Language(rawValue: language))[.cutAdvice]
    }

    /// The clock alone, with the date before it when that was another day.
    static func clock(_ words: ScreenWords, _ date: Date, _ now: Date) -> String {
        let (then, today) = (JapanTime.parts(date), JapanTime.parts(now))
        let clock = "\(then.hour):\(then.minute < 10 ? "0" : "")\(then.minute)"
        guard (then.year, then.month, then.day) != (today.year, today.month, today.day) else { return clock }
        return words.date(month: then.month, day: then.day) + " " + clock
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
                Dictionary(
                    ScreenLanguages.inUse.all.map { ($0.rawValue, text($0.rawValue, since: since, now: now)) }, uniquingKeysWith: { $1 })
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
