/// クロノロ: everything that was done in a town in the order of time, page by page for the desk, whole as a file for the prefecture.
internal import AlertModel
internal import Desk
internal import Foundation
internal import HTTPTypes
internal import Hub
internal import Hummingbird
internal import Serving
internal import Web

extension HubRouter {
    private struct Line: Encodable {
        var at, mode, kind, kind_name, by, words, place: String
        var alert: String?

        init(_ entry: ChronicleEntry, _ mode: ModeName) {
            at = JapanTime.text(entry.at, milliseconds: false)
            self.mode = mode.rawValue
            (kind, kind_name, by, words) = (entry.kind.rawValue, entry.kind.japanese, entry.by, entry.words)
            (alert, place) = (entry.alert?.text, entry.place.text)
        }
    }

    private struct Page: Encodable {
        var entries: [Line]
        /// Give it as `before` to read on; absent when these were the last.
        var next: String?
    }

    private struct Wish: Decodable {
        var town, at: String?
        var id, mode, words: String
    }

    /// Lines of a file, at most: more is asked for in parts.
    static let mostChronicled = 100_000

    func addChronicle(to desk: DeskRoutes) {
        desk.get("/v1/chronicle") { request, context in
            let given = request.uri.queryParameters
            let town = try town(given["town"].map(String.init), for: context.person)
            var question = ChronicleQuestion(
                mode: try Self.mode(request), since: try Self.moment(given["since"], "since"), until: try Self.moment(given["until"], "until"),
                limit: Int(try Self.number(given["limit"], "limit", 1...1000) ?? 100))
            if let written = given["before"] {
                guard let place = ChroniclePlace(String(written)) else { throw Problem(.badRequest, "before は、前のページの next です (before is the next of the page before)") }
                question.before = place
            }
            switch given["format"] ?? "json" {
            case "json":
                let (lines, next) = try await lines(question, in: town)
                return try Answer.json(Page(entries: lines, next: next?.text))
            case "csv": return try await file("csv", "text/csv; charset=utf-8", question, in: town, Self.table)
            case "jsonl": return try await file("jsonl", "application/x-ndjson", question, in: town, Self.objects)
            default: throw Problem(.badRequest, "format は json、csv、jsonl のどれかです (format: json, csv or jsonl)")
            }
        }
        desk.post("/v1/chronicle") { request, context in
            let person = context.person
            let wish = try await Body.decode(Wish.self, request)
            let town = try town(wish.town, for: person)
            let (mode, at, words) = try note(wish)
            guard person.may(.sending(mode), in: town.id) || person.may(.devices, in: town.id) else { throw Problem(.forbidden, person.refusal([.sending(mode), .devices])) }
            let isNew = try await hub.noteDown(words, id: wish.id, at: at, mode, in: town.id, by: person)
            return try Answer.json(["id": wish.id], status: isNew ? .created : .ok)
        }
    }

    private static func table(_ lines: [Line]) -> String {
        var rows = [["時刻", "区分", "種類", "だれが", "内容", "情報の番号"]]
        rows += lines.map { [$0.at, $0.mode == ModeName.actual.rawValue ? "本番" : "訓練", $0.kind_name, $0.by, $0.words, $0.alert ?? ""] }
        // Spreadsheets take it for UTF-8 by its first octets.
        return "\u{FEFF}" + rows.map { CSVLine.text($0) + "\r\n" }.joined()
    }

    private static func objects(_ lines: [Line]) throws -> String {
        let encoder = Answer.encoder()
        return try lines.map { String(decoding: try encoder.encode($0), as: UTF8.self) + "\n" }.joined()
    }

    /// Without reports that somebody has set aside.
    private func lines(_ question: ChronicleQuestion, in town: Town) async throws -> (lines: [Line], next: ChroniclePlace?) {
        let (entries, next) = try await hub.chronicle(of: town, question)
        let shown = entries.filter { entry in
            guard let report = entry.report else { return true }
            return hub.setAside(report: report.id, by: report.device, in: town.id) == nil
        }
        return (shown.map { Line($0, question.mode) }, next)
    }

    /// All of it, the oldest first, as a file to keep.
    private func file(
        _ end: String, _ type: String, _ question: ChronicleQuestion, in town: Town, _ write: ([Line]) throws -> String
    ) async throws -> Response {
        let text = try await Self.inLane(documents) {
            var all: [Line] = [], asked = question
            asked.limit = 1000
            repeat {
                let (lines, next) = try await lines(asked, in: town)
                all += lines
                asked.before = next
            } while asked.before != nil && all.count < Self.mostChronicled
            return try write(all.reversed())
        }
        let day = JapanTime.text(hub.clock(), milliseconds: false).prefix(10)
        return Response(
            status: .ok,
            headers: [
                .contentType: type, .cacheControl: "no-store",
                .contentDisposition: "attachment; filename=\"chronicle-\(town.id.code)-\(question.mode.rawValue)-\(day).\(end)\"",
            ], body: .init(byteBuffer: ByteBuffer(string: text)))
    }

    /// Everything that is wrong with it at once.
    private func note(_ wish: Wish) throws(Problem) -> (ModeName, Date?, String) {
        var errors: [Problem.Field] = []
        let mode = ModeName(rawValue: wish.mode), now = hub.clock()
        let words = wish.words.trimmingCharacters(in: .whitespacesAndNewlines)
        if mode == nil { errors.append(.init(field: "mode", detail: "本番か訓練かを選んでください (actual or exercise)")) }
        if !(1...80).contains(wish.id.utf8.count) || !wish.id.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) {
            errors.append(.init(field: "id", detail: "番号（id）は、空白のないASCIIの1〜80文字です (1 to 80 letters of ASCII)"))
        }
        if !(1...Hub.longestNote).contains(words.count) || !PlainText.isPlain(words) {
            errors.append(.init(field: "words", detail: "書きとめることを、\(Hub.longestNote)文字までの1行で書いてください (1 to \(Hub.longestNote) letters on one line)"))
        }
        var at: Date?
        if let written = wish.at {
            at = try? Date(written, strategy: .iso8601)
            if at.map({ $0 > now || now.timeIntervalSince($0) > 7 * 86_400 }) ?? true {
                errors.append(.init(field: "at", detail: "いつのことかは、いままでの7日のうちの時刻です (a time of the last seven days)"))
            }
        }
        guard errors.isEmpty, let mode else { throw Problem(.unprocessableContent, errors.map(\.detail).joined(separator: "。"), errors: errors) }
        return (mode, at, words)
    }
}
