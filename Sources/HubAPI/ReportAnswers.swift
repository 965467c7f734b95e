/// What the desk answers to a shelter's report: a short text, shown on the tablet with its time.
internal import AlertModel
internal import ChannelKit
internal import Desk
internal import Foundation
internal import HTTPTypes
internal import Hub
internal import Hummingbird
internal import Logging
internal import Synchronization
internal import Serving

/// All that was answered to one report, the latest last.
struct ReportAnswers: Codable {
    struct Item: Codable {
        var at, by, text: String
    }

    static let longest = 200
    /// Of one report; who has more to say telephones.
    static let most = 20

    /// Of the latest; by it the note leaves in time.
    var at: String
    var items: [Item]

    /// Two answers at once are two.
    private static let keeping = Mutex(())

    private static func note(_ id: String, _ town: TownID) -> String { "report-answer/\(town.code)/\(id)" }

    static func of(_ id: String, in town: TownID, _ notebook: any Notebook) -> [Item] {
        notebook.read(note(id, town)).flatMap { try? JSONDecoder().decode(Self.self, from: Data($0)) }?.items ?? []
    }

    static func keep(_ item: Item, to id: String, in town: TownID, _ notebook: any Notebook) {
        keeping.withLock { _ in
            // A positive number: of fewer, all.
            let all = Self(at: item.at, items: (of(id, in: town, notebook) + [item]).suffix(most))
            guard let octets = try? JSONEncoder().encode(all) else { return }
            notebook.write(note(id, town), [UInt8](octets))
        }
    }
}

extension HubRouter {
    func addReportAnswers(to desk: DeskRoutes) {
        desk.post("/v1/reports/answer") { request, context in
            struct Wish: Decodable {
                var town: String?
                var id, text: String
            }
            let person = context.person
            let wish = try await Body.decode(Wish.self, request)
            let town = try town(wish.town, for: person)
            let text = wish.text.trimmingCharacters(in: .whitespacesAndNewlines)
            guard !text.isEmpty, text.count <= ReportAnswers.longest, text.unicodeScalars.allSatisfy({ $0.properties.generalCategory != .control }) else {
                let words = "返事は1〜\(ReportAnswers.longest)文字、1行です (text: 1 to \(ReportAnswers.longest) characters on one line)"
                throw Problem(.unprocessableContent, words, errors: [.init(field: "text", detail: words)])
            }
            guard try await isKnown(wish.id, in: town.id) else { throw Problem(.notFound, "この報告は、ここにはありません (no such report here)") }
            let now = JapanTime.text(hub.clock())
            // Who answers has read it.
            ReportReading(at: now, by: person.name).keep(wish.id, in: town.id, hub.notebook)
            ReportAnswers.keep(.init(at: now, by: person.name, text: text), to: wish.id, in: town.id, hub.notebook)
            hub.noteDown(.report, "避難所へ返事：「\(text)」", about: wish.id, .actual, in: town.id, by: person.actor)
            hub.logger.notice("report answered", metadata: ["by": "\(person.name)", "town": "\(town.id)", "report": "\(wish.id)"])
            try await hub.onDisk()
            return Response(status: .noContent)
        }
    }
}
