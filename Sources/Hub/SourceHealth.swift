internal import AlertModel
package import FoundationEssentials
internal import Synchronization

/// Where bulletins come from and when each way in was last heard of: a silent source is noticed before the night it
/// matters.
package final class SourceHealth: Sendable {
    package struct Source: Sendable, Hashable {
        /// `http`, `folder:/var/spool/jma`, `feed:eqvol`, `dmdata:1`, `qzss:/dev/ttyUSB0`
        package var name: String
        package var lastHeard: Date?
        package var lastBulletin: String?
        package var lastBulletinAt: Date?
        /// Seconds between the sender's time and our receiving it.
        package var lag: TimeInterval?
        package var accepted = 0
        package var refused = 0
        package var duplicates = 0
        /// Silence beyond this raises the alarm; nil: this source may be silent.
        package var patience: TimeInterval?
        package var trouble: String?

        package init(name: String) { self.name = name }

        package func isSilent(at now: Date) -> Bool {
            guard let patience else { return false }
            return lastHeard.map { now.timeIntervalSince($0) > patience } ?? false
        }
    }

    private let sources = Mutex<[String: Source]>([:])

    package init() {}

    package func expect(_ name: String, within patience: TimeInterval?, since now: Date) {
        change(name) {
            $0.patience = patience
            $0.lastHeard = $0.lastHeard ?? now
        }
    }

    /// The source is there, with or without a bulletin.
    package func heard(_ name: String, at now: Date) {
        change(name) {
            $0.lastHeard = now
            $0.trouble = nil
        }
    }

    package func trouble(_ name: String, _ words: String) { change(name) { $0.trouble = words } }

    func count(_ name: String, at now: Date, bulletin: String?, sent: Date?, _ path: WritableKeyPath<Source, Int>) {
        change(name) { source in
            source.lastHeard = now
            source[keyPath: path] += 1
            if let bulletin {
                source.lastBulletin = bulletin
                source.lastBulletinAt = now
            }
            if let sent { source.lag = now.timeIntervalSince(sent) }
        }
    }

    package var all: [Source] { sources.withLock { $0.values.sorted { $0.name < $1.name } } }

    private func change(_ name: String, _ body: (inout Source) -> Void) {
        sources.withLock { sources in
            // Bounded: names come from the settings and a few fixed words.
            guard sources[name] != nil || sources.count < 200 else { return }
            var source = sources[name] ?? Source(name: name)
            body(&source)
            sources[name] = source
        }
    }
}
