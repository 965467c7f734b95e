/// The keys of towns, and what is signed with them. A town's key is made when it is first needed, lies in its record and moves with it.
///
/// The key that was before is forgotten when another takes its place. Numbers only go up, also over a restart and when the clock is set back.
package import AlertModel
package import Bundles
package import ChannelKit
package import Devices
package import FoundationEssentials
internal import Synchronization

package final class TownSeals: LineSealer {
    /// What is kept of a key: the secret of the newest alone.
    private struct Kept: Codable {
        var secret: String?
        var word: KeyWord
    }

    private struct Town {
        var key: OwnPaperKey
        var words: [KeyWord]
        var number: UInt64
        /// Numbers up to here may have been used before a crash.
        var reserved: UInt64
    }

    /// How long what a key signed still holds when another has taken its place, unless it is taken back: notices stand for weeks.
    package static let overlap: TimeInterval = 40 * 86_400
    /// How long a word on what stands is believed, and how often it is said.
    package static let stateHolds: TimeInterval = 900
    package static let stateEvery: Duration = .seconds(300)
    /// A tablet's board has no more.
    package static let mostInForce = 300

    private static let prefix = "town-key/"
    private static let block: UInt64 = 60_000
    private let notebook: any Notebook
    private let clock: @Sendable () -> Date
    private let towns = Mutex<[TownID: Town]>([:])

    package init(notebook: any Notebook, clock: @escaping @Sendable () -> Date = { Date() }) {
        (self.notebook, self.clock) = (notebook, clock)
    }

    // MARK: keys

    package func key(of town: TownID) -> PaperKey { known(town).key.known }

    /// All keys the town ever had, the newest last.
    package func words(of town: TownID) -> [KeyWord] { known(town).words }

    /// Another key that waits to take the place of the town's.
    package struct Change: Sendable {
        package let word: KeyWord
        fileprivate let town: TownID
        fileprivate let key: OwnPaperKey
        fileprivate let before: KeyWord
    }

    /// Writes down another key. It signs when it is on disk: `take`, or else `undo`.
    /// - Parameter isTakenBack: what the old key signed holds no longer: somebody else may have it.
    /// - Returns: nil where the town has no key that could say so.
    package func prepare(_ town: TownID, isTakenBack: Bool) -> Change? {
        let own = known(town), now = clock(), new = OwnPaperKey()
        guard let last = own.words.last, let word = try? KeyWord(
            new, number: last.number + 1, of: town, by: own.key, at: now, ends: isTakenBack ? now : now.addingTimeInterval(Self.overlap))
        else { return nil }
        write(Kept(secret: nil, word: last), town)
        write(Kept(secret: new.text, word: word), town)
        return Change(word: word, town: town, key: new, before: last)
    }

    /// - Returns: false where another one was quicker.
    package func take(_ change: Change) -> Bool {
        towns.withLock { towns in
            guard towns[change.town]?.words.last == change.before else { return false }
            towns[change.town]?.key = change.key
            towns[change.town]?.words.append(change.word)
            return true
        }
    }

    package func undo(_ change: Change) {
        let own = known(change.town)
        guard own.words.last == change.before else { return }
        write(Kept(secret: own.key.text, word: change.before), change.town)
        notebook.write(Self.note(change.word, change.town), nil)
    }

    private func known(_ town: TownID) -> Town {
        towns.withLock { towns in
            if let own = towns[town] { return own }
            let own = read(town) ?? make(town)
            towns[town] = own
            return own
        }
    }

    private func read(_ town: TownID) -> Town? {
        let kept = notebook.keys(prefix: Self.prefix + town.code + "/word/").compactMap { notebook.read($0) }
            .compactMap { try? JSONDecoder().decode(Kept.self, from: Data($0)) }.sorted { $0.word.number < $1.word.number }
        guard let key = kept.last?.secret.flatMap({ OwnPaperKey(text: $0) }) else { return nil }
        let reserved = notebook.read(Self.numberNote(town)).flatMap { UInt64(String(decoding: $0, as: UTF8.self)) } ?? 0
        return Town(key: key, words: kept.map(\.word), number: reserved, reserved: reserved)
    }

    private func make(_ town: TownID) -> Town {
        let key = OwnPaperKey()
        // A key of 32 octets signs whatever it is given; without a word it could only not be known.
        let word = try? KeyWord(key, number: 1, of: town, by: key, at: clock(), ends: nil)
        if let word { write(Kept(secret: key.text, word: word), town) }
        return Town(key: key, words: word.map { [$0] } ?? [], number: 0, reserved: 0)
    }

    private func write(_ kept: Kept, _ town: TownID) {
        guard let octets = try? JSONEncoder().encode(kept) else { return }
        notebook.write(Self.note(kept.word, town), [UInt8](octets))
    }

    private static func note(_ word: KeyWord, _ town: TownID) -> String {
        let number = String(word.number)
        return prefix + town.code + "/word/" + String(repeating: "0", count: max(0, 6 - number.count)) + number
    }

    private static func numberNote(_ town: TownID) -> String { prefix + town.code + "/number" }

    // MARK: what is signed

    private func next(_ town: TownID) -> (key: OwnPaperKey, number: UInt64) {
        _ = known(town)
        let now = UInt64(max(0, clock().timeIntervalSince1970 * 1000))
        return towns.withLock { towns in
            guard var own = towns[town] else { return (OwnPaperKey(), now) }
            own.number = max(own.number + 1, now)
            if own.number > own.reserved {
                own.reserved = own.number + Self.block
                notebook.write(Self.numberNote(town), Array(String(own.reserved).utf8))
            }
            towns[town] = own
            return (own.key, own.number)
        }
    }

    package func seal(_ line: [UInt8], as name: String, of town: TownID) -> SealedLine? {
        let (key, number) = next(town)
        return EventSeal.seal(line, as: name, by: key, number: number).map { SealedLine(line: $0, number: number) }
    }

    /// An event that an older program left without a seal gets one.
    package func mended(_ event: StreamEvent, of town: TownID) -> StreamEvent {
        guard event.number == nil, event.bearing != nil, let sealed = seal(event.data, as: event.name, of: town) else { return event }
        var mended = event
        (mended.data, mended.number) = (sealed.line, sealed.number)
        return mended
    }

    /// That a device is out.
    package func revocation(of device: String, in town: TownID) -> RevocationSeal? {
        let (key, number) = next(town)
        let octets = Array("noroshi-revoked 1\n{\"device\":\"\(device)\",\"number\":\(number),\"town\":\"\(town.code)\"}".utf8)
        return (try? key.sign(octets)).map { RevocationSeal(key: key.known.mark, number: number, signature: $0) }
    }

    /// What stood at a place when this was said, and the town's keys: without it nobody need believe that something is over.
    private struct State: Encodable {
        struct Exam: Encodable { var from, until: String }

        var at, valid_until, town, site: String
        /// By the event's key the number of its last word; absent where there is too much to name.
        var in_force: [String: UInt64]?
        /// When its tablets are silent on purpose; absent where nothing is planned.
        var exams: [Exam]?
        var keys: [KeyWord]
    }

    /// A tablet that is without its line for so long knows of the examinations until then.
    private static let examsAhead: TimeInterval = 8 * 86_400
    private static let mostExams = 8

    /// - Parameter exams: of this place, the first one first.
    package func state(of topic: StreamTopic, inForce: [String: UInt64], exams: [Examination] = []) -> StreamEvent? {
        let now = clock()
        let soon = exams.filter { $0.until > now && $0.from < now.addingTimeInterval(Self.examsAhead) }.prefix(Self.mostExams)
            .map { State.Exam(from: JapanTime.text($0.from, milliseconds: false), until: JapanTime.text($0.until, milliseconds: false)) }
        let state = State(
            at: JapanTime.text(now, milliseconds: false), valid_until: JapanTime.text(now.addingTimeInterval(Self.stateHolds), milliseconds: false),
            town: topic.town.code, site: topic.site, in_force: inForce.count <= Self.mostInForce ? inForce : nil, exams: soon.isEmpty ? nil : soon, keys: words(of: topic.town))
        guard let line = try? AlertJSON.line(state), let sealed = seal(line, as: "state", of: topic.town) else { return nil }
        return StreamEvent(name: "state", data: sealed.line, key: "other/state", number: sealed.number)
    }
}
