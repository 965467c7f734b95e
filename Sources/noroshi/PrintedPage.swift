import AlertModel
import CAPFeed

/// A page of HTML that stands alone, for a browser and for paper: no script, nothing fetched, and in its title and its colour whether it
/// is real.
struct PrintedPage {
    let isDrill: Bool
    let title: String
    let style: String
    /// Ready to be put in: between the body's marks.
    let body: String

    static func kind(isDrill: Bool) -> String { isDrill ? "【訓練】" : "【実際】" }

    /// Words of others, to be seen for what they are.
    static func text(_ words: String) -> String { XMLText.escaped(PlainText.visible(words, keepsLines: true), inAttribute: true) }

    var html: String {
        """
        <!doctype html>
        <html lang="ja">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
        <title>\(Self.text(Self.kind(isDrill: isDrill) + title))</title>
        <style>\(style)</style>
        </head>
        <body class="\(isDrill ? "drill" : "real")">
        \(body)
        </body>
        </html>

        """
    }
}
