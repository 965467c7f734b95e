public import AlertModel
public import ChannelKit
import FoundationEssentials
import Gzip
import Logging

/// The page a Wi-Fi spot (公衆無線LAN, 00000JAPAN) shows to whoever joins it.
///
/// The far end is the shelf that the hub serves from and that edges fetch whole, so that the page stays up when the hub does not.
/// `deliver` changes what the spot shows, keeps it on the disk, or in the notebook where the disk does not take it, and puts the
/// new page on the shelf; `run` ages the pages, and writes what was not. Both modes of a spot share one `PortalSite`, which keeps real and drill in lists of
/// different types and never shows a drill while anything real is in force.
public struct WiFiPortal<M: Mode>: ChannelAdapter {
    public static var manifest: ChannelManifest {
        ChannelManifest(
            name: "wifi-portal", title: "Wi-Fiスポット", role: .page, afterSending: .lastStateWins, drills: .shownApart,
            // Writing is local and takes milliseconds; more at once only fight for the disk.
            concurrency: 8, reservedForImmediate: 4, attemptLimit: .seconds(5), farEndKeys: ["address", "continue_url", "pulse"],
            channelKeys: [])
    }

    let site: PortalSite
    let now: @Sendable () -> Date
    let clock: any Clock<Duration>
    let logger: Logger
    /// Who could not come while there was no program is not missed for it.
    let began: Date

    public init(_ setup: ChannelSetup<M>) throws(SettingsError) {
        try self.init(setup, site: PortalSite.shared(for: setup.directory.path, setup.pages, setup.sharedNotebook, now: setup.wallClock), clock: ContinuousClock())
    }

    init(_ setup: ChannelSetup<M>, site: PortalSite, clock: any Clock<Duration>) throws(SettingsError) {
        self.site = site
        self.clock = clock
        now = setup.wallClock
        began = setup.wallClock()
        logger = setup.logger
    }

    public static func check(_ farEnd: FarEnd<M>) throws(SettingsError) {
        _ = try SpotPlace(farEnd)
    }

    /// The longest text is the one that still fits the first flight of a new connection, alone on its page.
    public static func lint(_ text: RenderedText, _ language: Language, in content: AlertContent) -> [TextProblem] {
        guard let size = PortalPage.excess(text, language, content) else { return [] }
        return [TextProblem(
            rule: "too-long",
            finding: "圧縮後\(size)バイトで、電話への最初の返事に入る\(PortalPage.sizeLimit)を超えます (the page is too large)")]
    }

    public func deliver(_ message: Message<M>, _ delivery: Delivery<M>) async throws(DeliveryFailure) -> Receipt {
        let place: SpotPlace
        do {
            place = try SpotPlace(delivery.farEnd)
        } catch {
            throw .misconfigured(error.reason)
        }
        guard message.alert.message != .ack, message.alert.message != .error else {
            throw .rejected("ページに出すものではありません: \(message.alert.message.rawValue) (not for a page)")
        }
        let time = now()
        guard message.alert.message == .cancel || message.alert.expires > time else {
            throw .rejected("出す前に期限が過ぎました (expired before it could be shown)")
        }
        if message.alert.message != .cancel { try Self.fits(message) }
        let change = try await site.take(PortalEntry(message), for: place, in: message.town, message.shelters, now: time)
        guard change.outcome != .notBesideReal else { throw .rejected(DrillRule.refusal) }
        let unwritten = change.unwritten.map { "ページは出ています。ディスクにはまだ書けません: \($0) (shown, not yet on the disk)" }
        let notes = [change.outcome.note, unwritten].compactMap(\.self)
        return Receipt(reference: "r-\(change.revision)", note: notes.isEmpty ? nil : notes.joined(separator: "。"))
    }

    /// Asked before it was queued; asked again, as a page that people cannot load is none.
    private static func fits(_ message: Message<M>) throws(DeliveryFailure) {
        for (language, text) in message.texts where !lint(text, language, in: message.alert.content).isEmpty {
            throw .rejected("「\(language)」のページは一件だけでも、圧縮後の上限\(PortalPage.sizeLimit)バイトを超えます (too large even with one item)")
        }
    }

    /// Gives a spot its idle page before the first alert. What the spot showed before a restart is kept.
    public func prepare(
        _ farEnd: FarEnd<M>, of town: Town, shelters: [ShelterStatus]
    ) async throws(DeliveryFailure) {
        let place: SpotPlace
        do {
            place = try SpotPlace(farEnd)
        } catch {
            throw .misconfigured(error.reason)
        }
        try await site.prepare(place, in: town, shelters, M.self, now: now())
    }

    /// Whether the spot's own equipment still comes for its page, where it promises to (`pulse`). A crowd's visits prove a line too,
    /// but that nobody comes at night proves nothing.
    public func reach(_ farEnd: FarEnd<M>, deadline: ContinuousClock.Instant) async throws(DeliveryFailure) -> String? {
        let pulse: TimeInterval?
        do {
            pulse = try SpotPlace.pulse(farEnd.settings["pulse"])
        } catch {
            throw .misconfigured(error.reason)
        }
        guard let pulse else { return nil }
        let (inRun, known) = site.visits(at: farEnd.id)
        // One visit may be late.
        guard now().timeIntervalSince(max(inRun ?? began, began)) <= pulse * 2 else {
            throw .unavailable(
                known.map { "この場所の機器が、\(JapanTime($0).clock)からページを読みに来ていません (its equipment has not come for the page since then)" }
                    ?? "この場所の機器は、まだページを読みに来ていません (its equipment has not come for the page yet)")
        }
        // It still has time to come.
        guard let last = inRun else { return nil }
        return "この場所の機器が、\(JapanTime(last).clock)にページを読みました (its equipment read the page then)"
    }

    /// Drills alone: what is real ends by its own words.
    public func clear(_ farEnd: FarEnd<M>) async throws(DeliveryFailure) {
        guard M.name == .exercise else { return }
        try await site.clearDrills(at: farEnd.id, now: now())
    }

    /// Ages the pages: what has expired moves down, what has long ended goes, and the time on the page moves on.
    public func run() async {
        while !Task.isCancelled {
            let next = await site.age(now: now()) { spot, failure in
                logger.error("portal page not renewed", metadata: ["spot": "\(spot)", "reason": "\(failure)"])
            }
            // A spot that gets its first alert meanwhile is looked at after half a minute at the latest.
            let wait = min(30, max(0.1, next?.timeIntervalSince(now()) ?? 30))
            do {
                // Between nothing and a minute, by the line above.
                try await clock.sleep(for: .milliseconds(Int(wait * 1000)))
            } catch {
                return
            }
        }
    }
}
