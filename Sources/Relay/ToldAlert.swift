/// An alert as the site's stream tells it, read back for what speaks at the place itself: a loudspeaker, a siren, a lamp.
///
/// A tablet's line has no areas, districts or words of the source beside its texts: whoever is told it here has gravity, kind, change and the
/// texts, and is never told what we do not know. Kept on the edge's disk while it waits, hence `Codable`.
package import AlertModel
internal import ChannelKit
package import Foundation

package struct ToldAlert: Codable, Sendable, Hashable {
    struct House: Codable, Hashable {
        var id, name: String
        var roman_name, address, note: String?
        var state: ShelterNotice.State?
    }
    struct Line: Codable, Hashable {
        var series: String
        var serial: Int?
        var sent: String
        var correction: Bool?
    }

    package let id, event, key: String
    package let kind: AlertKind
    package let message: MessageType
    package let mode: ModeName
    package let gravity: Gravity
    package let change: Change
    package let priority: Priority
    let isOver: Bool
    let sender: String
    package let sent, reported, expires, told: Date
    /// In the languages that a machine is told.
    let texts: [String: RenderedText]
    let town, townName, townRomanName: String
    let revision: Revision
    let hypocentre: Hypocentre?
    let houses: [House]

    /// Nil for what is no alert, and for one that does not say whether it is real.
    package init?(_ line: [UInt8]) {
        struct Said: Decodable {
            var id, event, key, kind, mode, gravity, priority, sender, sent, expires, server_time, town: String
            var message: MessageType
            var change, reported, town_name, town_roman_name: String?
            var over: Bool?
            var texts: [String: RenderedText]
            var revision: Line
            var hypocentre: Hypocentre?
            var shelters: [House]?
        }
        guard let said = try? JSONDecoder().decode(Said.self, from: Data(line)), let mode = ModeName(rawValue: said.mode),
            let gravity = Gravity(word: said.gravity), let priority = Priority(word: said.priority), let sent = Self.date(said.sent),
            let expires = Self.date(said.expires), let told = Self.date(said.server_time)
        else { return nil }
        (id, event, key, message, self.mode) = (said.id, said.event, said.key, said.message, mode)
        // A newer hub may know more kinds and changes than we do.
        kind = AlertKind(rawValue: said.kind) ?? .other
        change = said.change.flatMap(Change.init) ?? (said.message == .cancel ? .takenBack : .new)
        (self.gravity, self.priority, isOver, sender) = (gravity, priority, said.over ?? false, said.sender)
        (self.sent, self.expires, self.told) = (sent, expires, told)
        reported = said.reported.flatMap(Self.date) ?? sent
        texts = said.texts.filter { ["ja", "ja-x-easy", "en"].contains($0.key) }
        (town, townName, townRomanName) = (said.town, said.town_name ?? "", said.town_roman_name ?? "")
        revision = Revision(
            series: said.revision.series, serial: said.revision.serial, sent: Self.date(said.revision.sent) ?? sent,
            isCancel: said.message == .cancel, isCorrection: said.revision.correction ?? false)
        (hypocentre, houses) = (said.hypocentre, said.shelters ?? [])
    }

    private static func date(_ text: String) -> Date? {
        (try? Date(text, strategy: Date.ISO8601FormatStyle(includingFractionalSeconds: false)))
            ?? (try? Date(text, strategy: Date.ISO8601FormatStyle(includingFractionalSeconds: true)))
    }

    /// Nothing of the event is in force any more: it was lifted, taken back, or its time is over.
    package var isEnd: Bool { message == .cancel || isOver }
    /// Nothing that anybody has to hear: pages are made current by it.
    package var isQuiet: Bool { change == .unchanged || change == .ranOut }

    /// As a channel is told it. `M` is the mode it has, or nothing.
    func message<M: Mode>(as mode: M.Type) -> Message<M>? {
        guard M.name == self.mode, let code = TownID(town) else { return nil }
        let title = texts["ja"]?.title ?? texts.values.first?.title ?? ""
        let content = AlertContent(
            id: AlertID(id), event: EventID(event), kind: kind, message: message, revision: revision, type: revision.series, title: title,
            sender: sender, sent: sent, reported: reported, expires: expires, hypocentre: hypocentre, town: code)
        return Message(
            alert: Alert<M>(content), town: Town(id: code, name: townName, romanName: townRomanName, areas: [:]), priority: priority,
            // Their keys differ: a tag is made a language and nothing else.
            texts: Dictionary(uniqueKeysWithValues: texts.map { (Language(rawValue: $0.key), $0.value) }), local: [],
            shelters: houses.map {
                ShelterStatus(shelter: Shelter(id: $0.id, name: $0.name, romanName: $0.roman_name, address: $0.address), state: $0.state, note: $0.note)
            }, gravity: gravity, change: change, isOver: isEnd)
    }
}
