/// The same as a page to read: a row a sample, a column a language, lengths and limits beside each text.
import AlertModel
import ChannelKit

extension TextBook {
    package var page: String {
        var html = """
            <!DOCTYPE html><html lang="ja"><meta charset="utf-8"><title>すべての文面</title>
            <style>
            body { font: 15px/1.6 sans-serif; margin: 1em 2em; } h2 { margin: 1.6em 0 .3em; font-size: 1em; border-top: 2px solid #888; padding-top: .4em; }
            .row { display: flex; gap: 1em; flex-wrap: wrap; } .text { flex: 1 1 20em; border: 1px solid #ccc; padding: .5em .7em; white-space: pre-line; }
            .text b { display: block; font-size: 1.1em; } .text small { color: #666; } .bad { border: 3px solid #b00; }
            </style><h1>すべての文面</h1><p>
            """
        html += "文面 \(entries.count)、収まらない文面 \(entries.count { $0.text == nil })</p>\n"
        for (sample, entries) in bySample {
            html += "<h2>\(Self.escape(sample))　<small>\(Self.escape(entries[0].name))</small></h2>\n"
            for language in languages(of: entries) {
                html += "<div class=\"row\">" + entries.filter { $0.language == language }.map(Self.cell).joined() + "</div>\n"
            }
        }
        return html + "</html>\n"
    }

    private static func cell(_ entry: Entry) -> String {
        let language = Self.escape(entry.language.rawValue)
        guard let text = entry.text else {
            return "<div class=\"text bad\" lang=\"\(language)\"><small>\(escape(entry.channel))</small>\n\(escape(entry.problem ?? ""))</div>"
        }
        func length(_ text: String, _ limit: Int?) -> String { "\(TextLength.count(text))" + (limit.map { "/\($0)" } ?? "") }
        return """
            <div class="text" lang="\(language)"><b>\(escape(text.title))</b>\(escape(text.body))
            <small>\(escape(entry.channel)) \(language)　題 \(length(text.title, entry.limits.title))　本文 \(length(text.body, entry.limits.body))</small></div>
            """
    }

    private static func escape(_ text: String) -> String {
        text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;").replacing("\"", with: "&quot;")
    }
}
