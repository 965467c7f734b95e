/// What tablets said last of how full each shelter is. The newest word counts, however late an older one arrives; what everybody
/// has not been told yet is owed, also over a start.
internal import AlertModel
internal import ChannelKit
internal import Devices
internal import Foundation
internal import Synchronization

final class CrowdingWords: Sendable {
    struct Place: Hashable {
        var town: TownID
        var shelter: String
    }

    struct Word: Codable, Hashable {
        var crowding: Crowding
        var site, device: String
        /// When it was said, and when it came.
        var moment, came: Date
        /// Of what it speaks; nil: for real or of the drill, nobody knows.
        var mode: ModeName?
        var isOwed = true
        /// Why a person has to say it.
        var question: String?
    }

    private static let prefix = "report-crowding/"
    private let notebook: any Notebook
    private let words = Mutex<[Place: Word]>([:])

    init(notebook: any Notebook) { self.notebook = notebook }

    /// What the last run kept. Of what a copy brought nothing is owed: a restored hub says nothing by itself.
    func restore(copied: Date?) {
        for key in notebook.keys(prefix: Self.prefix) {
            let parts = key.dropFirst(Self.prefix.count).split(separator: "/", maxSplits: 1).map(String.init)
            guard parts.count == 2, let town = TownID(parts[0]), var word = notebook.read(key).flatMap({ try? JSONDecoder().decode(Word.self, from: Data($0)) })
            else { continue }
            if let copied, word.came <= copied { word.isOwed = false }
            words.withLock { [word] in $0[Place(town: town, shelter: parts[1])] = word }
        }
    }

    func word(of place: Place) -> Word? { words.withLock { $0[place] } }

    var owed: [Place] {
        words.withLock { $0.filter { $0.value.isOwed }.map(\.key) }.sorted { ($0.town, $0.shelter) < ($1.town, $1.shelter) }
    }

    /// False: a newer one is known.
    func take(_ word: Word, of place: Place, at now: Date) -> Bool {
        words.withLock { words in
            // What a clock that ran ahead called now is no bound.
            if let before = words[place], before.moment > word.moment, before.moment <= now { return false }
            words[place] = word
            keep(word, place)
            return true
        }
    }

    /// Nothing, where another word has come meanwhile.
    func change(_ word: Word, of place: Place, _ body: (inout Word) -> Void) {
        words.withLock { words in
            guard words[place] == word else { return }
            var next = word
            body(&next)
            guard next != word else { return }
            words[place] = next
            keep(next, place)
        }
    }

    private func keep(_ word: Word, _ place: Place) {
        notebook.write("\(Self.prefix)\(place.town.code)/\(place.shelter)", (try? JSONEncoder().encode(word)).map { [UInt8]($0) })
    }
}
