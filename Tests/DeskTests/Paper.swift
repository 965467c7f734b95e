import ChannelKit
import Synchronization

/// A notebook that outlives the people's register, as the record does.
final class Paper: Notebook {
    private let pages = Mutex<[String: [UInt8]]>([:])
    func read(_ key: String) -> [UInt8]? { pages.withLock { $0[key] } }
    func write(_ key: String, _ value: [UInt8]?) { pages.withLock { $0[key] = value } }
    func keys(prefix: String) -> [String] { pages.withLock { $0.keys.filter { $0.hasPrefix(prefix) }.sorted() } }
    var everything: String { pages.withLock { $0.map { "\($0.key) \(String(decoding: $0.value, as: UTF8.self))" }.joined(separator: "\n") } }
}
