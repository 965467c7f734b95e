/// Whose words somebody believes: the keys of a town he knows, each newer one learned from the one before it. A value.
///
/// Who knows none takes the newest he hears of first, and from then on no other one's.
package import AlertModel
package import Bundles
internal import ChannelKit
package import FoundationEssentials

package struct KeyRing: Sendable, Hashable, Codable {
    private struct Known: Sendable, Hashable, Codable {
        var key: PaperKey
        /// When what it signed holds no longer.
        var ends: Date?
    }

    private let town: String
    private var known: [Known]
    private var number = 0

    package init(of town: TownID, first: PaperKey?) {
        self.town = town.code
        known = first.map { [Known(key: $0)] } ?? []
    }

    /// True: nothing can be held against a key yet.
    package var isEmpty: Bool { known.isEmpty }

    package func knows(_ key: PaperKey) -> Bool { known.contains { $0.key == key } }

    package func trusted(at now: Date) -> [PaperKey] { known.filter { one in one.ends.map { $0 > now } ?? true }.map(\.key) }

    /// Returns whether a key is known that was not.
    package mutating func learn(_ words: [KeyWord], at now: Date) -> Bool {
        let before = known.count, all = words.filter { $0.town == town }.sorted { $0.number < $1.number }
        for word in all {
            if known.contains(where: { $0.key == word.key }) {
                number = max(number, word.number)
            } else if known.isEmpty {
                guard word == all.last else { continue }
                known = [Known(key: word.key)]
                number = word.number
            } else if word.number > number, let signer = known.firstIndex(where: { $0.key.mark == word.by }),
                known[signer].ends.map({ $0 > now }) ?? true, word.isSigned(by: known[signer].key)
            {
                known[signer].ends = word.ends.flatMap { try? Date($0, strategy: .iso8601) }
                known.append(Known(key: word.key))
                number = word.number
            }
        }
        return known.count != before
    }
}
