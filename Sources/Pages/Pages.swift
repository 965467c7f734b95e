import Crypto
import Gzip

/// One file of a page, ready to be sent.
package struct PageAsset: Sendable {
    package let contentType: String
    package let bytes: [UInt8]
    package let gzip: [UInt8]
    /// Strong, with its quotes: the checksum of `bytes`. The gzip form needs another one: `gzipTag`.
    package let tag: String
    package let gzipTag: String

    fileprivate init(_ contentType: String, _ bytes: [UInt8]) {
        self.contentType = contentType
        self.bytes = bytes
        gzip = Gzip.compress(bytes)
        let digest = SHA256.hash(data: bytes).prefix(12).map { byte in
            (byte < 16 ? "0" : "") + String(byte, radix: 16)
        }.joined()
        tag = "\"\(digest)\""
        gzipTag = "\"\(digest)-gz\""
    }
}

/// The tablet's page and the operators' desk. Their files are inside the program, so that one binary is the whole hub.
package enum Pages {
    /// `path` as in the request: `/tablet/`, `/tablet/board`, `/tablet/tablet.js`, `/console/` … Nil for everything else.
    package static func asset(_ path: String) -> PageAsset? {
        all[path]
    }

    package static var paths: [String] { all.keys.sorted() }

    /// For every answer with one of these files. Nothing from elsewhere, no inline script, no inline style, no frame
    /// around it; a QR code comes as a `data:` image.
    package static let contentSecurityPolicy = """
        default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; \
        manifest-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'
        """

    private static let html = "text/html; charset=utf-8"
    private static let css = "text/css; charset=utf-8"
    private static let script = "text/javascript; charset=utf-8"

    /// Compressed once, at the first request. The words of screens are read by then.
    private static let all = fixed.merging([
        "/tablet/lists.js": PageAsset(script, TabletLists.script(build: tabletBuild)), "/tablet/readings.js": PageAsset(script, TabletLists.readings()),
    ]) { own, _ in own }

    /// Which build of the tablet's page this is: a short digest of all its files and words, which each tablet says of itself.
    package static let tabletBuild = build(of: fixed.filter { $0.key.hasPrefix("/tablet/") }.sorted { $0.key < $1.key }.map { ($0.key, $0.value.bytes) }, words: TabletLists.script() + TabletLists.readings())

    static func build(of files: [(path: String, bytes: [UInt8])], words: [UInt8]) -> String {
        var digest = SHA256()
        for file in files { digest.update(data: Array("\(file.path) \(file.bytes.count)\n".utf8) + file.bytes) }
        digest.update(data: words)
        return digest.finalize().prefix(5).map { byte in (byte < 16 ? "0" : "") + String(byte, radix: 16) }.joined()
    }

    private static let fixed: [String: PageAsset] = [
        "/tablet/": PageAsset(html, PackageResources.tablet_html),
        "/tablet/board": PageAsset(html, PackageResources.blackboard_html),
        "/tablet/blackboard.css": PageAsset(css, PackageResources.blackboard_css),
        "/tablet/blackboard.js": PageAsset(script, PackageResources.blackboard_js),
        "/tablet/tablet.css": PageAsset(css, PackageResources.tablet_css),
        "/tablet/tablet.js": PageAsset(script, PackageResources.tablet_js),
        "/tablet/alarm.js": PageAsset(script, PackageResources.alarm_js),
        "/tablet/asking.js": PageAsset(script, PackageResources.asking_js),
        "/tablet/board.js": PageAsset(script, PackageResources.board_js),
        "/tablet/classroom.js": PageAsset(script, PackageResources.classroom_js),
        "/tablet/clock.js": PageAsset(script, PackageResources.clock_js),
        "/tablet/ed25519.js": PageAsset(script, PackageResources.ed25519_js),
        "/tablet/enrolment.js": PageAsset(script, PackageResources.enrolment_js),
        "/tablet/erased.js": PageAsset(script, PackageResources.erased_js),
        "/tablet/exam.js": PageAsset(script, PackageResources.exam_js),
        "/tablet/fit.js": PageAsset(script, PackageResources.fit_js),
        "/tablet/front.js": PageAsset(script, PackageResources.front_js),
        "/tablet/furigana.js": PageAsset(script, PackageResources.furigana_js),
        "/tablet/list.js": PageAsset(script, PackageResources.list_js),
        "/tablet/news.js": PageAsset(script, PackageResources.news_js),
        "/tablet/outbox.js": PageAsset(script, PackageResources.outbox_js),
        "/tablet/place.js": PageAsset(script, PackageResources.place_js),
        "/tablet/receiver.js": PageAsset(script, PackageResources.receiver_js),
        "/tablet/photo.js": PageAsset(script, PackageResources.photo_js),
        "/tablet/report.js": PageAsset(script, PackageResources.report_js),
        "/tablet/rollcall.js": PageAsset(script, PackageResources.rollcall_js),
        "/tablet/seals.js": PageAsset(script, PackageResources.seals_js),
        "/tablet/signed.js": PageAsset(script, PackageResources.signed_js),
        "/tablet/signs.js": PageAsset(script, PackageResources.signs_js),
        "/tablet/sleeper.js": PageAsset(script, PackageResources.sleeper_js),
        "/tablet/sound.js": PageAsset(script, PackageResources.sound_js),
        "/tablet/spoken.js": PageAsset(script, PackageResources.spoken_js),
        "/tablet/store.js": PageAsset(script, PackageResources.store_js),
        "/tablet/stream.js": PageAsset(script, PackageResources.stream_js),
        "/tablet/tabs.js": PageAsset(script, PackageResources.tabs_js),
        "/tablet/wake.js": PageAsset(script, PackageResources.wake_js),
        "/tablet/voice.js": PageAsset(script, PackageResources.voice_js),
        "/tablet/words.js": PageAsset(script, PackageResources.words_js),
        "/tablet/worker.js": PageAsset(script, PackageResources.worker_js),
        "/tablet/icon.svg": PageAsset("image/svg+xml", PackageResources.icon_svg),
        "/tablet/tablet.webmanifest": PageAsset("application/manifest+json", PackageResources.tablet_webmanifest),
        "/console/": PageAsset(html, PackageResources.console_html),
        "/console/console.css": PageAsset(css, PackageResources.console_css),
        "/console/console.js": PageAsset(script, PackageResources.console_js),
        "/console/alerts.js": PageAsset(script, PackageResources.alerts_js),
        "/console/api.js": PageAsset(script, PackageResources.api_js),
        "/console/approvals.js": PageAsset(script, PackageResources.approvals_js),
        "/console/behalf.js": PageAsset(script, PackageResources.behalf_js),
        "/console/plans.js": PageAsset(script, PackageResources.plans_js),
        "/console/calls.js": PageAsset(script, PackageResources.calls_js),
        "/console/cards.js": PageAsset(script, PackageResources.cards_js),
        "/console/devices.js": PageAsset(script, PackageResources.devices_js),
        "/console/drills.js": PageAsset(script, PackageResources.drills_js),
        "/console/exams.js": PageAsset(script, PackageResources.exams_js),
        "/console/form.js": PageAsset(script, PackageResources.form_js),
        "/console/give.js": PageAsset(script, PackageResources.give_js),
        "/console/here.js": PageAsset(script, PackageResources.here_js),
        "/console/keys.js": PageAsset(script, PackageResources.keys_js),
        "/console/live.js": PageAsset(script, PackageResources.live_js),
        "/console/log.js": PageAsset(script, PackageResources.log_js),
        "/console/map.css": PageAsset(css, PackageResources.map_css),
        "/console/notices.js": PageAsset(script, PackageResources.notices_js),
        "/console/chronicle.js": PageAsset(script, PackageResources.chronicle_js),
        "/console/map.js": PageAsset(script, PackageResources.map_js),
        "/console/muster.js": PageAsset(script, PackageResources.muster_js),
        "/console/outline.js": PageAsset(script, PackageResources.outline_js),
        "/console/overview.js": PageAsset(script, PackageResources.overview_js),
        "/console/pact.css": PageAsset(css, PackageResources.pact_css),
        "/console/pact.js": PageAsset(script, PackageResources.pact_js),
        "/console/parts.js": PageAsset(script, PackageResources.parts_js),
        "/console/passkeys.js": PageAsset(script, PackageResources.passkeys_js),
        "/console/people.js": PageAsset(script, PackageResources.people_js),
        "/console/push.js": PageAsset(script, PackageResources.push_js),
        "/console/reach.js": PageAsset(script, PackageResources.reach_js),
        "/console/real.js": PageAsset(script, PackageResources.real_js),
        "/console/refusals.js": PageAsset(script, PackageResources.refusals_js),
        "/console/reports.js": PageAsset(script, PackageResources.reports_js),
        "/console/rollcalls.js": PageAsset(script, PackageResources.rollcalls_js),
        "/console/rows.js": PageAsset(script, PackageResources.rows_js),
        "/console/said.js": PageAsset(script, PackageResources.said_js),
        "/console/settings.js": PageAsset(script, PackageResources.settings_js),
        "/console/shelters.js": PageAsset(script, PackageResources.shelters_js),
        "/console/silent.js": PageAsset(script, PackageResources.silent_js),
        "/console/standing.js": PageAsset(script, PackageResources.standing_js),
        "/console/still.js": PageAsset(script, PackageResources.still_js),
        "/console/towns.js": PageAsset(script, PackageResources.towns_js),
        "/console/voices.js": PageAsset(script, PackageResources.voices_js),
        "/console/wall.js": PageAsset(script, PackageResources.wall_js),
        "/console/world.js": PageAsset(script, PackageResources.world_js),
    ]
}
