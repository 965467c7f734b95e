/// The telephone, where no channel reached: who called which place, when, and with what answer. A fact of the town like any
/// other act, so that two at the desk do not call the same school, and so that it can be said afterwards who was told how.
package import AlertModel
internal import ChannelKit
package import FoundationEssentials
internal import Ledger

/// One call, as somebody at the desk noted it.
package struct PlaceCall: Sendable, Hashable {
    package enum Answer: String, Sendable, Hashable, CaseIterable, Codable {
        /// Somebody there has it now.
        case reached
        case noAnswer = "no-answer"
        /// Nobody answered, and somebody is going there.
        case onTheWay = "on-the-way"
        /// Anything else: in words.
        case other
    }

    package static let longest = 200

    package var id: String
    package var mode: ModeName
    package var channel, endpoint: String
    package var answer: Answer
    package var words: String?
    /// As the register had it then.
    package var phone: String?
    package var at: Date
    /// Who called: `operator:佐藤`.
    package var actor: String

    package init(id: String, mode: ModeName, channel: String, endpoint: String, answer: Answer, words: String?, phone: String?, at: Date, actor: String) {
        self.id = id
        self.mode = mode
        self.channel = channel
        self.endpoint = endpoint
        self.answer = answer
        self.words = words
        self.phone = phone
        self.at = at
        self.actor = actor
    }
}

extension PlaceCall {
    static let kind = "call"

    private struct Body: Codable {
        var answer: Answer
        var words, phone: String?
    }

    fileprivate var deed: RecordedDeed? {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        guard let body = try? encoder.encode(Body(answer: answer, words: words, phone: phone)) else { return nil }
        return RecordedDeed(
            id: id, mode: mode, kind: Self.kind, subject: "\(channel)/\(endpoint)", at: at, actor: actor, body: String(decoding: body, as: UTF8.self))
    }

    fileprivate init?(_ deed: RecordedDeed) {
        let parts = deed.subject.split(separator: "/", maxSplits: 1).map(String.init)
        guard parts.count == 2, let body = try? JSONDecoder().decode(Body.self, from: Data(deed.body.utf8)) else { return nil }
        self.init(
            id: deed.id, mode: deed.mode, channel: parts[0], endpoint: parts[1], answer: body.answer, words: body.words, phone: body.phone, at: deed.at,
            actor: deed.actor)
    }
}

extension Hub {
    /// Returns once it is on disk, with what is kept under its id: of the same twice the first.
    package func take(_ call: PlaceCall, in town: TownID) async throws -> (kept: PlaceCall, isNew: Bool) {
        guard let deed = call.deed else { return (call, false) }
        let part = ledger.town(town)
        let commit = part.append(deed)
        try await commit.committed()
        if commit.isNew { return (call, true) }
        var query = DeedQuery()
        query.id = call.id
        query.limit = 1
        return (try await part.deeds(query).first.flatMap { PlaceCall($0) } ?? call, false)
    }

    /// The newest first.
    /// - Parameters:
    ///   - since: at or after.
    ///   - before: only what was noted before this one.
    /// - Returns: at most `limit`, and the id to read on from; nil where these were the last.
    package func calls(of town: TownID, _ mode: ModeName, since: Date?, before: String?, limit: Int) async throws -> (calls: [PlaceCall], next: String?) {
        var query = DeedQuery()
        (query.kind, query.mode, query.since, query.before, query.limit) = (PlaceCall.kind, mode, since, before, limit)
        let deeds = try await ledger.town(town).deeds(query)
        return (deeds.compactMap { PlaceCall($0) }, deeds.count == limit ? deeds.last?.id : nil)
    }

    /// The number under which the register has a place: of the shelter it stands in, or of the shelter it is.
    package func phone(of end: Endpoint, in town: Town) -> String? {
        let id = end.shelter ?? end.id
        return shelterStatuses(of: town, .actual).first { $0.shelter.id == id }?.shelter.phone
    }
}
