internal import AlertModel
internal import ChannelKit
internal import Foundation

/// A portal page that nobody renews goes on ending what is over by itself: an `<article>` with `data-until` (seconds
/// since 1970) whose time has come leaves what is in force and stands under 終わった情報, by its title alone.
///
/// Work on the text, since the hub's page is all there is: articles are not nested, and what has no `data-until` stays.
struct PageAging {
    private struct Article {
        var range: Range<String.Index>
        var until: Date?
        var title: String
    }

    let language: String
    let now: Date

    /// The page as of `now`, and when it changes next by itself.
    func age(_ page: String) -> (page: String, next: Date?) {
        let articles = articles(of: page)
        let ended = articles.filter { $0.until.map { $0 <= now } ?? false }
        let next = articles.compactMap(\.until).filter { $0 > now }.min()
        guard !ended.isEmpty else { return (page, next) }
        var text = page
        for article in ended.reversed() { text.removeSubrange(article.range) }
        if articles.allSatisfy({ $0.until.map { $0 <= now } ?? true }) { text = withoutHeading(text) }
        return (append(ended.map(line).joined(), to: text), next)
    }

    private func articles(of page: String) -> [Article] {
        var found: [Article] = []
        var rest = page.startIndex..<page.endIndex
        while let open = page.range(of: "<article", range: rest), let close = page.range(of: "</article>", range: open.upperBound..<page.endIndex) {
            // Both were found in this page, the second behind the first.
            let body = page[open.lowerBound..<close.upperBound]
            found.append(Article(range: open.lowerBound..<close.upperBound, until: until(body), title: title(body)))
            rest = close.upperBound..<page.endIndex
        }
        return found
    }

    private func until(_ article: Substring) -> Date? {
        let head = article.prefix { $0 != ">" }
        guard let mark = head.range(of: "data-until=\"") else { return nil }
        // The end of what was found in it.
        return Double(head[mark.upperBound...].prefix { $0 != "\"" }).map { Date(timeIntervalSince1970: $0) }
    }

    /// The first heading in it, as it is written there.
    private func title(_ article: Substring) -> String {
        for level in ["h2", "h3", "h4"] {
            guard let open = article.range(of: "<\(level)"),
                let start = article.range(of: ">", range: open.upperBound..<article.endIndex),
                let end = article.range(of: "</\(level)>", range: start.upperBound..<article.endIndex)
            else { continue }
            // All three were found in it, one behind the other.
            return String(article[start.upperBound..<end.lowerBound])
        }
        return ""
    }

    private func line(_ article: Article) -> String {
        let time = article.until.map { CutNotice.clock(words, $0, now) } ?? ""
        return "<article class=\"i old\"><p class=\"k\">\(words[.agedMark])</p><h3>\(article.title)</h3><p class=\"w\">\(words(.agedUntil, time))</p></article>"
    }

    /// いま出ている情報 over nothing would say that nothing is: nobody here knows.
    private func withoutHeading(_ page: String) -> String {
        guard let main = page.range(of: "<main>"), let open = page.range(of: "<h1", range: main.upperBound..<page.endIndex),
            let end = page.range(of: "</h1>", range: open.upperBound..<page.endIndex)
        else { return page }
        return page.replacingCharacters(in: open.lowerBound..<end.upperBound, with: "<h1 class=\"no\">\(words[.nothingKnown])</h1>")
    }

    /// Under the page's own heading where it has one, else at its end.
    private func append(_ articles: String, to page: String) -> String {
        let heading = "<h2>\(words[.ended])</h2>"
        if let known = page.range(of: heading) {
            return page.replacingCharacters(in: known, with: heading + articles)
        }
        let section = "<section>\(heading)\(articles)</section>"
        guard let end = page.range(of: "</main>") else { return page + section }
        return page.replacingCharacters(in: end, with: section + "</main>")
    }

    private var words: ScreenWords { ScreenLanguages.inUse.words(Language(rawValue: language)) }
}
