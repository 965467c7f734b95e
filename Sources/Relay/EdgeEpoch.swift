/// The number of an edge's stream, which differs from that of any earlier run. A machine whose battery is flat begins every run at the same
/// moment by its own clock: the last one is remembered, and passed by.
package import ChannelKit
package import FoundationEssentials

package enum EdgeEpoch {
    private static let note = "relay/epoch"

    package static func next(_ notebook: any Notebook, _ now: Date) -> UInt64 {
        let last = notebook.read(note).flatMap { UInt64(String(decoding: $0, as: UTF8.self)) } ?? 0
        // A year has some 3e10 milliseconds.
        let next = max(last + 1, UInt64(max(0, min(now.timeIntervalSince1970, 1e11)) * 1000))
        notebook.write(note, Array("\(next)".utf8))
        return next
    }
}
