package import FoundationEssentials
/// What the ways in hand to, and whom they tell how they fare. The hub is both.
///
///     FolderSource ─┐
///     FeedSource   ─┤  octets          ┌─▶ SinkAnswer: what may be done with the original
///     DMDATASource ─┼─────────▶ sink ──┘
///     SentenceSource┘  heard, trouble ─▶ watch: is the way in alive, whatever it carries

/// Takes bulletins. Called from several sources at once.
package protocol BulletinSink: Sendable {
    /// - Parameters:
    ///   - name: The file's name or the sender's words for it: JMA's type stands in it and nowhere else.
    ///   - source: `folder:/var/spool/jma`, `feed:eqvol`, `dmdata:1`, `qzss:/dev/ttyUSB0`.
    func take(_ octets: [UInt8], name: String?, source: String) async -> SinkAnswer
}

package enum SinkAnswer: Sendable, Hashable {
    /// Ours from here on, and on disk.
    case accepted
    /// Exactly this one was taken before.
    case duplicate
    /// Read and not taken; offering it again changes nothing.
    case refused(String)
    /// Not on disk: to be offered again.
    case notRecorded(String)
}

/// Notices a way in that has fallen silent.
package protocol SourceWatch: Sendable {
    /// Called once at the start. Silence beyond `patience` raises the alarm; nil: this source may be silent.
    func expect(_ name: String, within patience: Duration?)
    /// The far end is there, with or without a bulletin.
    func heard(_ name: String)
    /// What is wrong, for the operator; `heard` takes it back.
    func trouble(_ name: String, _ words: String)
    /// What time it is at the far end, as it says with an answer, this moment.
    func told(_ name: String, _ time: Date)
}
