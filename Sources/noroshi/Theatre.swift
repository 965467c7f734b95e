/// A night of the past, played again as a drill in a room that nothing leaves, and scored.
///
///     bulletins (their own rhythm) ─┐
///     what the desk does (a script) ─┴▶ the program's rooms, drills' line, a clock that is turned by hand ──▶ score
///
/// Time is the play's: an hour takes no longer than what is done in it, and the same play has the same score to the last bit. What is played is a
/// drill by its type, and the room has no far end that is anywhere.
import AlertModel
import ChannelKit
import Codes
import Desk
import Devices
import Dispatching
import Streams
import Foundation
import Hub
import Ingest
import LedgerStore
import Logging
import NIOPosix
import Rendering
import Synchronization
import Yams

struct Theatre: Sendable {
    static let folderName = "theatre", scriptName = "theatre.yaml"

    let name: String
    let title: String
    let folder: URL
    private let templates: URL
    private let settings: Settings
    private let acts: [Act]

    private struct Act: Sendable {
        var after: Double
        /// As a desk sends it, without town and mode.
        var order: [UInt8]
    }

    /// How it went: in seconds of the play, since its first bulletin.
    struct Score: Encodable, Hashable {
        struct Word: Encodable, Hashable {
            var after_s: Int
            var by, title: String
            var asked, delivered: Int
        }
        var theatre, title: String
        var bulletins: Int
        /// Until the first far end had a word, and until the desk's first.
        var to_first_s, to_desk_s: Int?
        var words: [Word]
        var asked, delivered, misses, doubles: Int
        var never: [String]
    }

    init(_ name: String, in templates: URL) throws(Refusal) {
        let plays = templates.appending(path: Self.folderName), folder = plays.appending(path: name)
        let names = ((try? FileManager.default.contentsOfDirectory(atPath: plays.path)) ?? []).filter {
            FileManager.default.fileExists(atPath: plays.appending(path: $0).appending(path: Self.scriptName).path)
        }.sorted()
        guard names.contains(name) else {
            throw Refusal("--theatre: 「\(PlainText.visible(name))」はありません。次のどれかです (none of these): \(names.joined(separator: ", "))")
        }
        do {
            let text = try String(contentsOf: folder.appending(path: Self.scriptName), encoding: .utf8)
            let script = try Yams.load(yaml: text) as? [String: Any] ?? [:]
            settings = try YAMLDecoder().decode(Settings.self, from: text)
            title = script["title"] as? String ?? name
            acts = try (script["desk"] as? [[String: Any]] ?? []).map { act in
                let after = (act["after"] as? Int).map(Double.init) ?? act["after"] as? Double ?? 0
                return Act(after: after, order: try Self.order(act["order"] as? [String: Any] ?? [:]))
            }
        } catch {
            throw Refusal("\(folder.path): 台本が読めません: \(error) (the script cannot be read)")
        }
        (self.name, self.folder, self.templates) = (name, folder, templates)
    }

    private static func order(_ fields: [String: Any]) throws -> [UInt8] { [UInt8](try JSONSerialization.data(withJSONObject: fields, options: .sortedKeys)) }

    // MARK: playing

    /// What happens at one moment of the play.
    private enum Happening {
        case bulletin([UInt8])
        case act([UInt8])
    }

    func perform() async throws -> Score {
        let scenes: [Play.Scene]
        do throws(Refusal) { scenes = try Play.scenes(in: folder) } catch { throw Exit.with(Exit.badData, error.reason) }
        guard let first = scenes.first?.sent else { throw Exit.with(Exit.badData, "電文がありません (no bulletins)") }
        let stage = FileManager.default.temporaryDirectory.appending(path: "noroshi-theatre-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: stage, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        defer { try? FileManager.default.removeItem(at: stage) }
        let room = try await Room(settings, in: stage, templates, at: first)
        return try await room.closed {
            let drill = try await room.hub.plan(title, note: nil, at: nil, in: room.town.id, by: Room.person)
            _ = try await room.hub.begin(drill.id, by: Room.person)
            let play = scenes.map { ($0.offset, 0, Happening.bulletin($0.octets)) } + acts.map { ($0.after, 1, Happening.act($0.order)) }
            for (offset, _, happening) in play.sorted(by: { ($0.0, $0.1) < ($1.0, $1.1) }) {
                room.turn(to: first.addingTimeInterval(offset))
                try await room.hub.endWhatRanOut(now: room.now)
                switch happening {
                case .bulletin(let octets): try await room.tell(octets)
                case .act(let order): try await room.order(order)
                }
                try await room.quiet()
            }
            // What came in the last second counts.
            room.turn(to: room.now.addingTimeInterval(1))
            guard let score = try await room.hub.end(drill.id, by: Room.person).score else { throw Exit.with(Exit.badData, "採点がありません (no score)") }
            return self.score(score, scenes.count, since: first)
        }
    }

    private func score(_ score: DrillScore, _ bulletins: Int, since first: Date) -> Score {
        func after(_ date: Date) -> Int { Int(date.timeIntervalSince(first).rounded()) }
        return Score(
            theatre: name, title: title, bulletins: bulletins, to_first_s: score.alerts.filter { $0.delivered > 0 }.map { after($0.at) }.min(),
            to_desk_s: score.alerts.filter { $0.by == Room.person.actor && $0.delivered > 0 }.map { after($0.at) }.min(),
            words: score.alerts.map { .init(after_s: after($0.at), by: $0.by, title: $0.title, asked: $0.asked, delivered: $0.delivered) },
            asked: score.asked, delivered: score.delivered, misses: score.misses, doubles: score.doubles, never: score.never.map { "\($0.channel)/\($0.endpoint)" })
    }

    func say(_ score: Score, _ format: OutputFormat) {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        guard format == .table else { return Terminal.say((try? encoder.encode(score)).map { String(decoding: $0, as: UTF8.self) } ?? "") }
        func time(_ seconds: Int?) -> String { seconds.map { "\($0) 秒 (s)" } ?? "—" }
        Terminal.say("【訓練】\(score.title)  電文 \(score.bulletins) (bulletins)")
        Terminal.say(Terminal.table([["最初の電文から AFTER", "だれが BY", "題 TITLE", "届いた/頼んだ HAD/ASKED"]] + score.words.map {
            ["+\($0.after_s) 秒", $0.by, $0.title, "\($0.delivered)/\($0.asked)"]
        }))
        Terminal.say(Terminal.table([
            ["最初の送り先まで (to the first)", time(score.to_first_s)], ["机の最初の一言まで (to the desk's first)", time(score.to_desk_s)],
            ["届いた/頼んだ (had/asked)", "\(score.delivered)/\(score.asked)"], ["届かなかった (misses)", "\(score.misses)"], ["同じ言葉が二度 (doubles)", "\(score.doubles)"],
        ]))
    }
}

extension Theatre {
    /// The play's time.
    private final class Day: Sendable {
        private let state: Mutex<Date>
        init(_ begin: Date) { state = Mutex(begin) }
        var now: Date { state.withLock(\.self) }
        func turn(to date: Date) { state.withLock { $0 = max($0, date) } }
    }

    /// The program's own rooms, with nothing around them.
    private struct Room: Sendable {
        static let person = Operator(name: "訓練の机", tokenDigest: DeviceRegister.digest("theatre"))
        /// Deliveries of a room without lines end in milliseconds.
        private static let patience = Duration.seconds(30)

        let hub: Hub
        let town: Town
        private let day: Day
        private let ledger: SQLiteLedger
        private let stream: StreamHub

        init(_ settings: Settings, in folder: URL, _ templates: URL, at begin: Date) async throws {
            let logger = Logger(label: "theatre") { _ in SwiftLogNoOpLogHandler() }
            let day = Day(begin)
            let time = HubClock(wall: { day.now })
            let clock: @Sendable () -> Date = { time.now }
            ledger = try SQLiteLedger(path: folder.appending(path: "ledger.sqlite").path, logger: logger)
            stream = try await StreamHub.start(on: MultiThreadedEventLoopGroup.singleton, epoch: 1, notebook: ledger, clock: clock)
            let renderer = try HubProgram.loadTemplates(templates)
            let house = House(settings: settings, data: folder, ledger: ledger, stream: stream, seals: nil, transport: SealedTransport(), logger: logger, clock: clock)
            let journal = DeliveryJournal(ledger: ledger, clock: clock)
            let towns = TownRegister(try settings.makeTowns(codes: .bundled, channels: Channels.all.map(\.manifest)))
            guard let town = towns.all.first else { throw SettingsError("\(Theatre.scriptName): 町がありません (no town)") }
            let (actual, exercise) = try house.lines(towns, renderer, journal)
            var parts = Hub.Parts(
                actual: actual, exercise: exercise, towns: towns, ledger: ledger, journal: journal, devices: DeviceRegister(notebook: ledger), stream: stream,
                people: People([Self.person], notebook: ledger), logger: logger, time: time, start: StartWatch(began: time.now))
            let chance = Chance()
            parts.chance = { chance.next() }
            (hub, self.town, self.day) = (Hub(parts), town, day)
        }

        /// Ids of the same play are the same: SplitMix64 (Steele, Lea, Flood 2014) from one seed.
        private final class Chance: Sendable {
            private let state = Mutex<UInt64>(0)
            func next() -> UInt64 {
                state.withLock { state in
                    state &+= 0x9E37_79B9_7F4A_7C15
                    var mixed = (state ^ (state >> 30)) &* 0xBF58_476D_1CE4_E5B9
                    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
                    return mixed ^ (mixed >> 31)
                }
            }
        }

        var now: Date { day.now }
        func turn(to date: Date) { day.turn(to: date) }

        /// The drills' runners work as long as `body`; those of what is real are never started.
        func closed<Value: Sendable>(_ body: () async throws -> Value) async throws -> Value {
            try await withThrowingDiscardingTaskGroup(returning: Value.self) { group in
                for slot in hub.exercise.channels { group.addTask { try? await slot.runner.run() } }
                defer { group.cancelAll() }
                await hub.exercise.prepare()
                let value = try await body()
                stream.close()
                await ledger.close()
                return value
            }
        }

        func tell(_ octets: [UInt8]) async throws {
            var way = Intake(source: "theatre")
            way.replay = "theatre"
            do throws(IntakeFailure) { _ = try await hub.take(octets, way) } catch { throw Exit.with(Exit.badData, "\(error)") }
        }

        func order(_ order: [UInt8]) async throws {
            guard var fields = try JSONSerialization.jsonObject(with: Data(order)) as? [String: Any] else { return }
            (fields["town"], fields["mode"]) = (town.id.code, ModeName.exercise.rawValue)
            let octets = [UInt8](try JSONSerialization.data(withJSONObject: fields, options: .sortedKeys))
            do throws(DeskFailure) { _ = try await hub.push(octets, by: Self.person) } catch { throw Exit.with(Exit.badData, "\(Theatre.scriptName): \(error)") }
        }

        /// Until everything that was told is with its far end: what comes next finds nothing under way.
        func quiet() async throws {
            let end = ContinuousClock.now.advanced(by: Self.patience)
            while hub.exercise.channels.contains(where: { $0.runner.gauges.loads > 0 }) {
                guard ContinuousClock.now < end else { throw Exit.with(Exit.badData, "演じている途中で配信が終わりません (a delivery does not end)") }
                try await ContinuousClock().sleep(for: .milliseconds(2))
            }
            try await hub.onDisk()
        }
    }
}
