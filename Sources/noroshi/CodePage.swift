import AlertModel
import CAPFeed
import Foundation

/// Codes of paper on A4, twelve to a sheet, to be cut apart: each with its QR code, its place and its last day.
struct CodePage {
    private let title, until: String
    private let codes: [(code: String, picture: String)]

    /// From the hub's answer.
    init?(_ answer: Any) {
        guard let answer = answer as? [String: Any], let batch = answer["batch"] as? [String: Any], let codes = answer["codes"] as? [[String: Any]], let place = answer["site_name"] as? String,
            let until = batch["expires_at"] as? String
        else { return nil }
        title = "\(place)　タブレット登録の番号"
        self.until = String(until.prefix(10))
        self.codes = codes.compactMap { one in
            guard let code = one["code"] as? String, let picture = one["qr_svg"] as? String else { return nil }
            return (code, picture)
        }
        guard self.codes.count == codes.count else { return nil }
    }

    private static func text(_ words: String) -> String { XMLText.escaped(PlainText.visible(words), inAttribute: true) }

    var html: String {
        // The picture is our own hub's: as an image it can neither run nor fetch anything.
        let cards = codes.enumerated().map { number, one in
            let picture = "data:image/svg+xml;base64," + Data(one.picture.utf8).base64EncodedString()
            return """
                <li><img alt="登録用のQRコード" src="\(picture)"><p><b>\(Self.text(title))</b></p><p class="code">\(Self.text(one.code))</p>
                <p>\(Self.text(until))まで。1台だけ、一度だけ使えます（\(number + 1)/\(codes.count)）</p></li>
                """
        }.joined(separator: "\n")
        return """
            <!doctype html>
            <html lang="ja">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
            <title>\(Self.text(title))</title>
            <style>\(Self.style)</style>
            </head>
            <body>
            <h1>\(Self.text(title))</h1>
            <p>回線が切れていても、学校の中継機で登録できる番号です。鍵のかかるところに置き、要るときに1枚ずつ切って渡してください。タブレットで防災タブレットのページを開き、QRコードを読むか、番号を入れます。</p>
            <ol>\(cards)</ol>
            </body>
            </html>

            """
    }

    private static let style = """
        @page{size:A4;margin:10mm}body{font-family:"Noto Sans CJK JP",sans-serif;color:#000;background:#fff;margin:0 auto;max-width:190mm}h1{font-size:14pt;margin:0}p{margin:1mm 0;font-size:9pt}
        ol{list-style:none;padding:0;margin:0;display:grid;grid-template-columns:repeat(3,1fr)}li{border:.2mm dashed #444;padding:3mm;break-inside:avoid;text-align:center}
        img{width:34mm;height:34mm}.code{font:700 11pt monospace;letter-spacing:.05em}
        """
}
