/// A folder as a way in: for a JMA socket receiver, an FTP server, or a person with a USB stick.
///
///     folder/a.xml ──▶ sink ──┬─ accepted, duplicate ──▶ folder/done/a.xml
///                             ├─ refused ──────────────▶ folder/refused/a.xml and a.xml.reason
///                             └─ not recorded ─────────▶ stays, and is offered again
///
/// A file is taken once it is whole: closed by its writer or moved in, as inotify tells; where inotify cannot be had,
/// and for files that were there before us, once two looks find it unchanged. Names that begin with `.` or end in
/// `.tmp` or `.part` are left alone, and so are empty files. `done` and `refused` are the operator's to clear.
internal import ServiceLifecycle

package struct FolderSource: Service {
    package struct Settings: Sendable {
        package var path: String
        /// Octets of one file; more than `BulletinReader` takes is never useful.
        package var sizeLimit = 8 << 20
        /// Silence beyond this raises the alarm.
        package var patience: Duration?
        /// False: looks every second, for network file systems, whose changes inotify does not see.
        package var usesNotices = true

        package init(path: String) { self.path = path }
    }

    package let name: String
    private let settings: Settings
    private let sink: any BulletinSink
    private let watch: any SourceWatch
    private let clock: SourceClock
    private let shelf: FolderShelf
    private let news = FolderNews()

    /// Between two looks through the folder, when nothing tells of changes, and right after the start.
    private static let lookEvery: Duration = .seconds(1)
    /// Between two looks when inotify does tell: for hard links, and for what a full event queue lost.
    private static let looksAnyway: Duration = .seconds(60)

    package init(_ settings: Settings, sink: any BulletinSink, watch: any SourceWatch, clock: SourceClock = SourceClock()) {
        self.settings = settings
        self.sink = sink
        self.watch = watch
        self.clock = clock
        name = "folder:\(settings.path)"
        shelf = FolderShelf(path: settings.path, sizeLimit: settings.sizeLimit)
    }

    package func run() async throws {
        watch.expect(name, within: settings.patience)
        await cancelWhenGracefulShutdown {
            // Cancellation is how this ends, and nothing else is thrown.
            try? await attend()
        }
        news.stopWatching()
    }

    private func attend() async throws {
        var visit = Visit(nextLook: clock.now)
        while true {
            if settings.usesNotices, !news.isWatching { news.watch(settings.path) }
            if clock.now >= visit.nextLook { news.lookThrough() }
            let batch = news.take()
            let waits = await attend(to: batch, &visit)
            plan(&visit, looked: batch.looksThrough, waits: waits)
            try await news.bell.wait(until: visit.nextLook, clock)
            try Task.checkCancellation()
        }
    }

    /// What is remembered from one look to the next.
    private struct Visit {
        var nextLook: SourceClock.Instant
        /// Files as the last look found them.
        var stamps: [String: FolderShelf.Stamp] = [:]
        /// Answered for, and could not be moved away: never taken again while they stay the same.
        var stuck: [String: FolderShelf.Stamp] = [:]
        var looks = 0
        var isRetrying = false
        var isInTrouble = false
        var backoff = Backoff(first: .seconds(1), longest: .seconds(30))

        init(nextLook: SourceClock.Instant) { self.nextLook = nextLook }
    }

    /// - Parameter waits: Whether files are to be offered again. Looks find them, not notices.
    private func plan(_ visit: inout Visit, looked: Bool, waits: Bool) {
        guard looked || (waits && !visit.isRetrying) else { return }
        visit.isRetrying = waits
        if waits {
            visit.nextLook = clock.now + visit.backoff.next(chance: .random(in: 0...1))
        } else {
            visit.backoff.reset()
            // The second look, which takes what the first one found, comes soon in any case.
            visit.nextLook = clock.now + (news.isWatching && visit.looks > 1 ? Self.looksAnyway : Self.lookEvery)
        }
    }

    /// - Returns: True when files are to be offered again.
    private func attend(to batch: (closed: [String], looksThrough: Bool), _ visit: inout Visit) async -> Bool {
        var ready = batch.closed
        if batch.looksThrough {
            switch await shelf.look() {
            case .failure(let trouble):
                visit.isInTrouble = true
                watch.trouble(name, trouble.words)
                return false
            case .success(let found):
                let stable = found.filter { visit.stamps[$0.key] == $0.value && !batch.closed.contains($0.key) }
                let inOrder = stable.sorted { ($0.value.modified, $0.key) < ($1.value.modified, $1.key) }
                ready += inOrder.map { $0.key }
                visit.stamps = found
                visit.stuck = visit.stuck.filter { found[$0.key] == $0.value }
                visit.looks += 1
                if visit.isInTrouble { watch.heard(name) }
                visit.isInTrouble = false
            }
        }
        var waits = false
        for file in ready where !Task.isCancelled {
            if await take(file, &visit) { waits = true }
        }
        return waits
    }

    /// - Returns: True when the file is to be offered again.
    private func take(_ file: String, _ visit: inout Visit) async -> Bool {
        let stamp: FolderShelf.Stamp
        let answer: SinkAnswer
        switch await shelf.read(file) {
        case .nothing: return false
        case .trouble(let words):
            tell(words, &visit)
            return true
        case .unfit(let found, let reason):
            (stamp, answer) = (found, .refused(reason))
        case .whole(let found, let octets):
            guard visit.stuck[file] != found else { return false }
            (stamp, answer) = (found, await sink.take(octets, name: file, source: name))
        }
        if case .notRecorded(let reason) = answer {
            visit.stamps[file] = stamp
            tell("\(file) stays: \(reason)", &visit)
            return true
        }
        visit.stamps[file] = nil
        if let words = await shelf.put(file, after: answer) {
            visit.stuck[file] = stamp
            tell(words, &visit)
        } else {
            watch.heard(name)
        }
        return false
    }

    private func tell(_ words: String, _ visit: inout Visit) {
        visit.isInTrouble = true
        watch.trouble(name, words)
    }
}
