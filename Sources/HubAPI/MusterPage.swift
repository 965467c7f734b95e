/// The page of a call-up's link: who is called answers there, without a name or a password. Opening it says nothing, since programs that
/// look through mail open every link; a press does.
internal import AlertModel
internal import Desk
internal import Foundation
internal import HTTPTypes
internal import Hub
internal import Hummingbird
internal import Serving

extension HubRouter {
    private static let musterPolicy = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"

    func addMusterPage(to router: Router<Context>) {
        router.get("/muster/{key}") { _, context in
            guard let (muster, person, town) = hub.called(by: try context.parameters.require("key")) else { return Self.nobodysPage }
            return Self.page(muster, person, town)
        }
        for (path, answer) in [("taken", Muster.Answer.taken), ("cannot", .cannot)] {
            router.post(RouterPath("/muster/{key}/\(path)")) { _, context in
                let key = try context.parameters.require("key")
                do throws(MusterFailure) {
                    _ = try await hub.note(answer, by: key)
                } catch {
                    // Over meanwhile: its page says so. What the disk did not take is asked for again.
                    if case .unrecorded = error { throw Problem(error) }
                }
                return Response.redirect(to: "/muster/\(key)", type: .normal)
            }
        }
    }

    private static var nobodysPage: Response {
        page("職員参集", "<h1>職員参集 <span lang=\"en\">(staff call-up)</span></h1><p class=\"said\">この参集は終わっているか、宛先が違います。役場に電話してください。<span lang=\"en\">(over, or a wrong address: telephone the town hall)</span></p>", .notFound)
    }

    private static func page(_ muster: Muster, _ person: Muster.Person, _ town: Town) -> Response {
        let mark = muster.mode == .exercise ? "<p class=\"drill\"><strong>【訓練】これは訓練です</strong> <span lang=\"en\">(a drill)</span></p>" : ""
        let time = JapanTime.parts(muster.begun)
        let words = muster.words.split(whereSeparator: \.isNewline).map { "<p>\(escaped(String($0)))</p>" }.joined()
        return page("\(muster.mode == .exercise ? "【訓練】" : "")職員参集 \(escaped(town.name))", """
            \(mark)<h1>\(escaped(town.name))　職員参集 <span lang="en">(staff call-up)</span></h1>\
            <p>\(escaped(person.name))さん（\(person.role.japanese)）</p><div class="words">\(words)</div>\
            <p class="about">\(time.month)月\(time.day)日\(time.hour)時\(time.minute)分　\(escaped(muster.by))</p>\(state(muster, person))
            """, .ok)
    }

    private static func page(_ title: String, _ main: String, _ status: HTTPResponse.Status) -> Response {
        let html = """
            <!doctype html><html lang="ja"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">\
            <meta name="robots" content="noindex"><title>\(title)</title><style>\(style)</style></head><body><main>\(main)</main></body></html>

            """
        return Response(
            status: status, headers: [.contentType: "text/html; charset=utf-8", .cacheControl: "no-store", .contentSecurityPolicy: musterPolicy],
            body: .init(byteBuffer: ByteBuffer(string: html)))
    }

    /// What he has said, and what he can say yet.
    private static func state(_ muster: Muster, _ person: Muster.Person) -> String {
        func form(_ answer: String, _ words: String, _ name: String) -> String {
            "<form method=\"post\" action=\"/muster/\(person.key)/\(answer)\"><button class=\"\(name)\">\(words)</button></form>"
        }
        let take = form("taken", "引き受けます <span lang=\"en\">(I take it)</span>", "main"), refuse = form("cannot", "行けません <span lang=\"en\">(I cannot)</span>", "")
        if muster.end?.outcome == .stopped || muster.end?.outcome == .nobody {
            return "<p class=\"said\">この参集は終わりました。<span lang=\"en\">(this call-up is over)</span></p>"
        }
        switch person.said?.answer {
        case .taken: return "<p class=\"said\">引き受けたと記録しました。<span lang=\"en\">(noted: you take it)</span></p>" + refuse
        case .cannot: return "<p class=\"said\">行けないと記録しました。<span lang=\"en\">(noted: you cannot)</span></p>" + take
        case .noAnswer, nil:
            let enough = muster.end == nil ? "" : "<p class=\"said\">必要な人数はそろいました。<span lang=\"en\">(enough people have taken it)</span></p>"
            return enough + take + refuse
        }
    }

    private static let style = """
        body{margin:0;font:1.1rem/1.7 sans-serif;background:#fff;color:#10243e}main{max-width:34rem;margin:0 auto;padding:1rem}\
        h1{font-size:1.3rem;margin:.5rem 0}.drill{border:.3rem dashed #1b5e3a;padding:.5rem 1rem}.words{font-size:1.25rem;font-weight:700;word-break:auto-phrase}\
        .about{color:#444}button{display:block;width:100%;min-height:4rem;margin:.75rem 0;font:inherit;font-weight:700;border:.15rem solid #10243e;border-radius:.5rem;background:#fff;color:#10243e}\
        button.main{background:#10243e;color:#fff}.said{border-left:.5rem solid #1b5e3a;padding:.5rem 1rem;font-weight:700}[lang=en]{font-size:.8em;font-weight:400}\
        @media(prefers-color-scheme:dark){body{background:#14181f;color:#eceff4}.about{color:#c3cad4}button{background:#14181f;color:#eceff4;border-color:#eceff4}button.main{background:#eceff4;color:#14181f}}
        """

    private static func escaped(_ text: String) -> String {
        PlainText.visible(text).replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;").replacing("\"", with: "&quot;")
    }
}
