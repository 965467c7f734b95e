import Foundation
import ChannelKit
import ChannelKitTesting
import Gzip
import Testing

@testable import Pages

@Suite("Pages inside the program")
struct PagesTests {
    /// The package's folder: this file is two folders below it, through links if need be.
    static let root = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath()
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    @Test("Every file of the two rooms is served, as it is in the source", arguments: ["Tablet", "Console"])
    func complete(room: String) throws {
        let folder = Self.root.appending(path: "Sources/Pages/\(room)")
        for name in try FileManager.default.contentsOfDirectory(atPath: folder.path) {
            let place = "/\(room.lowercased())/" + (["blackboard.html": "board", "\(room.lowercased()).html": ""][name] ?? name)
            let asset = try #require(Pages.asset(place), "\(place)")
            #expect(asset.bytes == Array(try Data(contentsOf: folder.appending(path: name))), "\(name)")
        }
    }

    @Test("Each has its type, its gzip and two strong tags", arguments: Pages.paths)
    func forms(path: String) throws {
        let asset = try #require(Pages.asset(path))
        #expect(try Gzip.inflate(asset.gzip, limit: 1 << 20) == asset.bytes)
        #expect(asset.tag.hasPrefix("\"") && asset.tag.hasSuffix("\"") && asset.tag.count == 26)
        #expect(asset.gzipTag != asset.tag)
        #expect(asset.contentType.hasPrefix("text/html") == (path.hasSuffix("/") || path == "/tablet/board") && !asset.contentType.isEmpty)
    }

    @Test("A tablet has the words of every language there is a file for")
    func lists() throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "screens-\(UUID().uuidString.prefix(8))")
        defer { try? FileManager.default.removeItem(at: folder) }  // only a temporary folder
        try FileManager.default.copyItem(at: Self.root.appending(path: "Templates/screens"), to: folder)
        try FileManager.default.copyItem(at: folder.appending(path: "en.json"), to: folder.appending(path: "eo.json"))
        let script = String(decoding: TabletLists.script(try ScreenLanguages(folder: folder)), as: UTF8.self)
        #expect(script.hasPrefix("export const LISTS = [{\"language\":\"ja\"") && script.contains("{\"language\":\"eo\""))
        #expect(script.contains("\"kind.tsunami\":\"津波\"") && script.contains("\"outbox\":\"{} not sent yet\"") && script.contains("\"full\":\"満員\""))
    }

    @Test("Nothing else is there", arguments: ["", "/", "/tablet", "/tablet/..", "/tablet/tablet.html", "/tablet/board/", "/tablet/blackboard.html", "/console/api"])
    func nothingElse(path: String) {
        #expect(Pages.asset(path) == nil)
    }

    /// What is fetched when somebody opens it, and not before.
    static let later: Set = ["/tablet/erased.js", "/console/devices.js", "/console/exams.js", "/tablet/asking.js", "/tablet/ed25519.js", "/tablet/furigana.js", "/tablet/readings.js", "/tablet/sleeper.js", "/tablet/wake.js", "/console/map.js", "/console/map.css", "/console/notices.js", "/console/chronicle.js", "/console/muster.js", "/console/pact.js", "/console/pact.css", "/console/overview.js", "/console/outline.js", "/console/settings.js", "/console/people.js", "/console/shelters.js"]

    // The tablets: 0.3 kB of them are whom a tablet has to trust before it opens its school's relay, with a QR code, and until when each relay has its certificate.
    @Test("What is fetched when it is opened weighs little too", arguments: [("map", 5_800), ("devices", 6_300), ("notices", 4_500), ("chronicle", 3_200), ("muster", 4_500), ("pact", 5_900), ("overview", 2_600), ("outline", 2_300), ("settings", 5_000), ("people", 3_800), ("shelters", 3_700)])
    func weightOfLaterRooms(name: String, limit: Int) {
        let bytes = Self.later.filter { $0.hasPrefix("/console/\(name).") }.compactMap { Pages.asset($0)?.gzip.count }.reduce(0, +)
        #expect((1...limit).contains(bytes), "\(bytes) bytes compressed")
    }

    @Test("What wakes a tablet is fetched where a browser can be woken, and weighs little")
    func weightOfWaking() {
        let bytes = ["/tablet/sleeper.js", "/tablet/wake.js"].compactMap { Pages.asset($0)?.gzip.count }.reduce(0, +)
        #expect((1...3_900).contains(bytes), "\(bytes) bytes compressed")
    }

    // Fetched behind the first view by every tablet, so that the switch works while the line is cut; the table is some 6 kB of it.
    @Test("How kanji are read is fetched behind everything else, and weighs little")
    func weightOfReadings() throws {
        let bytes = try ["/tablet/furigana.js", "/tablet/readings.js"].map { try #require(Pages.asset($0)).gzip.count }.reduce(0, +)
        #expect((1...9_900).contains(bytes), "\(bytes) bytes compressed")
        #expect(String(decoding: try #require(Pages.asset("/tablet/readings.js")).bytes, as: UTF8.self).contains("\\n避難指示（ひなんしじ）\\n"))
    }

    @Test("Whatever a tablet needs of its page is kept on it for when the hub is away")
    func kept() throws {
        let worker = String(decoding: try #require(Pages.asset("/tablet/worker.js")).bytes, as: UTF8.self)
        for path in Pages.paths where path.hasPrefix("/tablet/") && !["/tablet/", "/tablet/worker.js", "/tablet/wake.js"].contains(path) {
            #expect(worker.contains("\"\(path.dropFirst("/tablet/".count))\""), "\(path)")
        }
    }

    // The desk, without its registers, which nobody needs at night: with plans, lending, what is set aside, real and drill as two places, the first room and a wall, the telephone and
    // its sheet of paper, what is read aloud (0.5 kB), several shelters in one act, who else is there, places that cannot be reached, who calls for help, who waits for the last word of an order, what is to be said there now and what an approval changes, in whose name one works (1.9 kB: it is on the strip of every room), which tablets a test did not reach (0.3 kB), a town's first start, and the doors to five rooms that are fetched later (their markup,
    // 1 kB each: it is there while the line is slow). The tablet of a resident gets none of it. The
    // tablet: with the electronic blackboard (8 kB), which each keeps beside its own page, so that either opens while the hub is away;
    // a report that says crowding, water and power, and what it says of its own battery and sound; more languages than a row shows unfold (0.7 kB); who of a
    // school is safe, for pupil and teacher (4.8 kB: it has to be there when the line is cut, and asks twice before it hides a call for help), signatures (0.9 kB), and whether what
    // arrives is the town's own word, also from a machine that is behind the time (5 kB: it has to be there when another machine answers), a photograph drawn small (0.9 kB), the seconds to the
    // shaking (0.5 kB: no text may say them), the door to being woken (0.3 kB), a number of its own where it has no code, and where it has erased itself (0.5 kB), where it stands
    // with the nearest fit shelters and the house's own procedure (3.2 kB: it has to be there without a line), what it says aloud (1.6 kB), and an
    // examination with a beginning, an end, the list of what came meanwhile and what the town has planned, and a test that asks whether it was heard (3.6 kB: it ends while the line is cut), and the switch for readings, with what gives way to what to do and what compares
    // what is written (1.1 kB: the readings themselves are below). Its words are counted by language, below.
    @Test("A first visit weighs little", arguments: [("/tablet/", 73_000), ("/console/", 98_500)])
    func weight(room: String, limit: Int) {
        let bytes = Pages.paths.filter { $0.hasPrefix(room) && $0 != "/tablet/lists.js" && !Self.later.contains($0) }.compactMap { Pages.asset($0)?.gzip.count }.reduce(0, +)
        #expect(bytes <= limit, "\(room) is \(bytes) bytes compressed")
    }

    @Test("The page says which build it is, and every file and word of it counts")
    func build() throws {
        let script = String(decoding: try #require(Pages.asset("/tablet/lists.js")).bytes, as: UTF8.self)
        #expect(script.contains("export const BUILD = \"\(Pages.tabletBuild)\";") && Pages.tabletBuild.count == 10)
        #expect(Set([Pages.tabletBuild, Pages.build(of: [("/tablet/", [1])], words: []), Pages.build(of: [("/tablet/", [2])], words: []), Pages.build(of: [("/tablet/", [1])], words: [3])]).count == 4)
    }

    // All of them, since whoever is handed the tablet while the line is cut may read any. 2,850: which way a shelter lies and what it is not fit for is read
    // by whoever has to go there.
    @Test("Each language that a tablet can speak adds little to that")
    func weightOfWords() throws {
        let bytes = try #require(Pages.asset("/tablet/lists.js")).gzip.count
        #expect(bytes <= 2_850 * ScreenLanguages.inUse.all.count, "\(bytes) bytes compressed")
    }

    // 2,850: as above; the two words of a shaking that comes; three by which a person has the tablet wake and a hint is shown; and that a word is not proven to be the town's is read by whoever is handed the tablet, in his own language too.
    @Test("Also where a town speaks all of them")
    func weightOfAllWords() throws {
        let all = ScreenLanguages.inUse.everyOne
        let bytes = Gzip.compress(TabletLists.script(all)).count
        #expect(bytes <= 2_850 * all.known.count, "\(bytes) bytes compressed")
    }

    @Test("The pages load nothing from elsewhere, and have neither inline script nor inline style", arguments: Pages.paths)
    func selfContained(path: String) throws {
        let text = String(decoding: try #require(Pages.asset(path)).bytes, as: UTF8.self)
        for foreign in ["https://", "http://"] {
            // The names of XML vocabularies are no addresses.
            let others = text.components(separatedBy: foreign).dropFirst().filter { !$0.hasPrefix("www.w3.org/2000/svg") }
            #expect(others.isEmpty, "\(foreign)")
        }
        for inline in [" style=\"", " onclick=\"", "innerHTML", "document.write", "eval("] {
            #expect(!text.contains(inline), "\(inline)")
        }
    }

    /// Colours written in the style sheets: ink on ground.
    static let pairs = [
        ("#fff", "#0c000c"), ("#fff", "#aa00aa"), ("#0c000c", "#ff2800"), ("#0c000c", "#f2e700"), ("#fff", "#a8001c"),
        ("#fff", "#0b4a8f"), ("#fff", "#1b5e3a"), ("#fff", "#5a5a5a"), ("#0f3b24", "#d9efe2"),
        ("#10243e", "#ffe27a"), ("#fff", "#10243e"), ("#444", "#fff"), ("#444", "#f3f5f8"), ("#333", "#e4e4e4"),
        ("#555", "#e4e4e4"), ("#5c2300", "#fff3e2"), ("#0b4a8f", "#fff"), ("#a8001c", "#fff"),
        // The desk in a dark room.
        ("#eceff4", "#14181f"), ("#eceff4", "#1e242e"), ("#eceff4", "#18271f"), ("#eceff4", "#2a3240"), ("#c3cad4", "#14181f"),
        ("#8ec1ff", "#1e242e"), ("#8fd6ae", "#1e242e"), ("#ff9aa5", "#1e242e"), ("#ffd9a0", "#3a2a12"), ("#d9efe2", "#20402e"),
        ("#aaa", "#333"),
        // The drill's own ground, by day and by night.
        ("#111", "#e3f0e7"), ("#444", "#e3f0e7"), ("#eceff4", "#10231a"), ("#c3cad4", "#10231a"),
    ]

    @Test("Every pair of colours has a contrast of at least 4.5 to 1", arguments: pairs)
    func contrast(ink: String, ground: String) throws {
        let light = try [ink, ground].map(Self.luminance).sorted()
        #expect((light[1] + 0.05) / (light[0] + 0.05) >= 4.5, "\(ink) on \(ground)")
        let sheets = ["/tablet/tablet.css", "/console/console.css"].compactMap { Pages.asset($0)?.bytes }
        #expect(sheets.contains { String(decoding: $0, as: UTF8.self).contains(ground) }, "\(ground) is no longer used")
    }

    /// Relative luminance, WCAG 2.2.
    static func luminance(_ colour: String) throws -> Double {
        var digits = colour.dropFirst()
        if digits.count == 3 { digits = Substring(digits.map { "\($0)\($0)" }.joined()) }
        let number = try #require(UInt32(digits, radix: 16))
        let parts = [16, 8, 0].map { shift in
            let value = Double(number >> UInt32(shift) & 255) / 255
            return value <= 0.04045 ? value / 12.92 : pow((value + 0.055) / 1.055, 2.4)
        }
        return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]
    }

    /// Waiting for the browser holds up no cooperative thread: the other tests of this run need them.
    @Test(
        "In a real browser the pages do what they promise", .enabled(if: BrowserScript.isPossible, "no chromium on this machine"),
        .serialized, arguments: ["test_harness.py", "test_modules.py", "test_tablet.py", "test_tablet_cases.py", "test_seals.py", "test_wake.py", "test_languages.py", "test_blackboard.py", "test_console.py"])
    func browser(script: String) async throws {
        let (status, said) = try await BrowserScript.run(script, in: Self.root)
        #expect(status == 0, "\(said)")
    }
}
