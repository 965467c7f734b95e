/// What an edge itself believes: it passes what tablets are told on as it is, and takes pages for its spots by the town's signature alone.
/// It learned the town's key when it was enrolled; one of before takes the first that it hears of.
internal import AlertModel
package import Bundles
package import ChannelKit
package import FoundationEssentials
internal import Seals
internal import Synchronization

package final class TownTrust: Sendable {
    private static let note = "relay/keys"
    private let ring: Mutex<KeyRing>
    private let notebook: any Notebook
    private let clock: @Sendable () -> Date

    /// - Parameters:
    ///   - first: as the hub said it at the enrolment.
    ///   - clock: the hub's time.
    package init(topic: StreamTopic, first: PaperKey?, notebook: any Notebook, clock: @escaping @Sendable () -> Date) {
        (self.notebook, self.clock) = (notebook, clock)
        let kept = notebook.read(Self.note).flatMap { try? JSONDecoder().decode(KeyRing.self, from: Data($0)) }
        // Enrolled anew, it believes whom it was given now.
        let known = kept.flatMap { kept in first.map { kept.knows($0) } ?? true ? kept : nil }
        ring = Mutex(known ?? KeyRing(of: topic.town, first: first))
    }

    /// Nothing can be held against a key: what comes is taken, as before there were keys.
    package var isBlind: Bool { ring.withLock(\.isEmpty) }

    /// The keys in what the town says of what stands.
    func learn(_ state: [UInt8]) {
        struct Line: Decodable { var keys: [KeyWord] }
        guard let words = try? JSONDecoder().decode(Line.self, from: Data(state)).keys else { return }
        ring.withLock { ring in
            guard ring.learn(words, at: clock()), let octets = try? JSONEncoder().encode(ring) else { return }
            notebook.write(Self.note, [UInt8](octets))
        }
    }

    /// Whose word it is, where it is the town's.
    func seal(_ line: [UInt8], as name: String) -> EventSeal? {
        EventSeal.read(line, as: name, keys: ring.withLock { $0.trusted(at: clock()) })
    }
}
