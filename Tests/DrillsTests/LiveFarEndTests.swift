/// Ten thousand acts of drills by chance, and no byte of them at a live far end.
///
/// `make drills` plays ten thousand; the test of every day as many as one has time for. `NOROSHI_DRILLS` says how many, `NOROSHI_SEED` which.
import AlertModel
import CellBroadcast
import ChannelKit
import Foundation
import Hub
import Testing

@Suite("Drills by chance", .serialized)
struct LiveFarEndTests {
    private static let asked = ProcessInfo.processInfo.environment
    static let count = asked["NOROSHI_DRILLS"].flatMap { Int($0) } ?? 600
    static let seed = asked["NOROSHI_SEED"].flatMap { UInt64($0) } ?? .random(in: 0..<1_000_000)
    /// Acts between two looks, and looks between two restarts.
    private static let round = 50, restarts = 4
    /// Seconds; an order stands for three days.
    private static let renewed = 86_400.0

    @Test("No byte of a drill reaches a live far end, whatever is done, on every channel, over restarts, and beside what is real")
    func live() async throws {
        let folder = URL.temporaryDirectory.appending(path: "noroshi-drills-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try await Side.with("live", in: folder) { live in
            try await Side.with("drill", in: folder) { drill in
                let ground = try await Ground(live: live, drill: drill, in: folder)
                try await ground.takeUp()
                var acts = Acts(seed: Self.seed), watch = Watch(ground: ground), real: (id: AlertID, at: Date)?
                for round in 0..<max(2, Self.count / Self.round) {
                    // In the last quarter something real is in force: no drill stands beside it.
                    if round == Self.count / Self.round * 3 / 4 {
                        real = try await ground.sendReal(in: nil)
                        watch.isRealInForce = true
                    }
                    // Its time goes on with the turned clock: before it runs out, another takes its place.
                    if let old = real, ground.now.timeIntervalSince(old.at) > Self.renewed { real = try await ground.sendReal(in: old.id) }
                    for _ in 0..<Self.round { try await acts.step(ground) }
                    if await !ground.isQuiet() { Issue.record("seed \(Self.seed): something waits for ever after act \(acts.tried): \(await ground.troubles())") }
                    await watch.look("seed \(Self.seed), act \(acts.tried)")
                    if round % Self.restarts == Self.restarts - 1 {
                        try await ground.restart()
                        #expect(await ground.isQuiet(), "seed \(Self.seed), restart after act \(acts.tried): \(ground.waiting)")
                        await watch.look("seed \(Self.seed), restart after act \(acts.tried)")
                    }
                }
                #expect(acts.taken > acts.tried / 4, "most acts were refused: \(acts.taken) of \(acts.tried)")
                watch.everyChannelHeard()
                await ground.close()
            }
        }
    }
}

extension Ground {
    /// An order for all of the town, for real, until every live far end has it.
    /// - Parameter old: the one whose place it takes.
    fileprivate func sendReal(in old: AlertID?) async throws -> (id: AlertID, at: Date) {
        if let old {
            _ = try await hub.cancel(old, by: Self.person)
            #expect(await isQuiet())
            _ = (transport.taken(), stream.taken(), live.broadcasts())
        }
        let order = #"{"town":"\#(Self.code)","kind":"evacuation","mode":"actual","level":4,"hazard":"津波","districts":["\#(Self.districts.joined(separator: "\",\""))"]}"#
        let pushed = try await hub.push(Array(order.utf8), by: Self.person)
        #expect(await isQuiet())
        // What is real is no drill's: heard, and not looked at.
        #expect(!transport.taken().filter { live.isHere($0.url) }.isEmpty && !stream.taken().isEmpty && !live.broadcasts().isEmpty)
        return (pushed.id, now)
    }
}

/// Looks at what was heard since the last look.
private struct Watch {
    let ground: Ground
    var isRealInForce = false
    /// What the far ends for drills have heard in all, by channel: a drill that nobody hears proves nothing.
    private var heard: [String: Int] = [:]
    private var read: (live: UInt64, drill: UInt64) = (0, 0)

    init(ground: Ground) { self.ground = ground }

    mutating func look(_ when: String) async {
        calls(when)
        air(when)
        program(when)
        tablets(when)
        await pages(when)
    }

    /// Over HTTP and SMTP: nothing for the live ones but the question whether they are there.
    private mutating func calls(_ when: String) {
        for call in ground.transport.taken() where !call.isEmpty {
            // What is real may be put on the air again, at a restart: `air` reads it.
            if isRealInForce, call.url.hasPrefix(ground.live.settings("area-mail")["url"] ?? "-") { continue }
            guard !ground.live.isHere(call.url) else {
                Issue.record("a drill at a live far end, \(when): \(call.url) \(call.text.prefix(300))")
                continue
            }
            let settings = Ground.apart.first { channel in ground.drill.settings(channel).values.contains { call.url.hasPrefix($0) } }
            guard let channel = settings else { continue }
            heard[channel, default: 0] += 1
            switch channel {
            case "l-alert": #expect(call.text.contains("Exercise"), "l-alert: a drill that does not say so, \(when): \(call.text.prefix(600))")
            case "webhook": #expect(call.text.contains(#""mode":"exercise""#), "webhook: a drill that does not say so, \(when): \(call.text.prefix(600))")
            case "mail": #expect(Self.subject(call.text).contains("訓練"), "mail: a drill that does not say so, \(when): \(Self.subject(call.text))")
            default: break
            }
        }
    }

    /// Phones that are not asleep for tests: identifiers of real messages wake people.
    private func air(_ when: String) {
        let real = ground.live.broadcasts().filter { one in
            guard isRealInForce else { return true }
            return one.warning?.value == WarningType.test || one.identifier >= 0xA400 || [0x1103, 0x111D].contains(one.identifier) || ["訓練", Acts.word].contains { one.text?.contains($0) ?? false }
        }
        #expect(real.isEmpty, "area-mail: a drill on the live air, \(when): \(real)")
        for one in ground.drill.broadcasts() where one.verb == .written {
            if let warning = one.warning { #expect(warning.value == WarningType.test, "area-mail: a drill's warning is none of a test, \(when): \(one)") }
            #expect([0x1103, 0x111D].contains(one.identifier) || (0xA400...0xA41F).contains(one.identifier), "area-mail: a drill under a real identifier, \(when): \(one)")
        }
    }

    private mutating func program(_ when: String) {
        let (lines, next) = ground.live.boardLines(from: read.live), (own, ownNext) = ground.drill.boardLines(from: read.drill)
        read = (next, ownNext)
        // The program of what is real is started, and told, by what is real alone.
        let drills = lines.filter { $0.contains("exercise") || $0.contains(Acts.word) }
        #expect(drills.isEmpty, "program: a drill at a live program, \(when): \(drills)")
        if !isRealInForce { #expect(lines.isEmpty, "program: a live program was started by a drill, \(when): \(lines)") }
        heard["program", default: 0] += own.count
        // An attempt that is called off names its delivery and nothing else.
        for line in own where !line.contains("exercise") && !line.contains(#""op":"cancel""#) { Issue.record("program: a drill that does not say so, \(when): \(line.prefix(300))") }
    }

    /// Tablets show both: each line says that it is a drill, and beside what is real there is none.
    private mutating func tablets(_ when: String) {
        for (event, topic) in ground.stream.taken() {
            let line = String(decoding: event.data, as: UTF8.self)
            let isDrill = event.bearing?.mode == .exercise
            #expect(topic.site != "school-tablet-live", "school-tablet: a drill at a tablet that takes none, \(when): \(line.prefix(300))")
            #expect(isDrill && line.contains(#""mode":"exercise""#) && event.key.hasPrefix("exercise/"), "school-tablet: a drill that does not say so, \(when): \(event.key) \(line.prefix(300))")
            if isRealInForce { #expect(event.name == "cancel", "school-tablet: a drill beside what is real, \(when): \(line.prefix(300))") }
            heard["school-tablet", default: 0] += 1
        }
    }

    private mutating func pages(_ when: String) async {
        let live = await ground.page("wifi-portal-live"), both = await ground.page("wifi-portal-both")
        #expect(!live.contains(Acts.word) && !live.contains("訓練"), "wifi-portal: a drill on a page that takes none, \(when)")
        guard both.contains(Acts.word) || both.contains("<section class=\"drill\"") else { return }
        heard["wifi-portal", default: 0] += 1
        #expect(!isRealInForce, "wifi-portal: a drill beside what is real, \(when)")
        // The word is in the drills' own section, or among what was taken back of drills.
        let before = both.components(separatedBy: "訓練")[0]
        #expect(!before.contains(Acts.word), "wifi-portal: a drill that does not say so, \(when)")
    }

    func everyChannelHeard() {
        for channel in Ground.apart + Ground.shared {
            #expect(heard[channel, default: 0] > 0, "\(channel): no drill was heard at all, which proves nothing")
        }
    }

    private static func subject(_ letter: String) -> String {
        let head = letter.components(separatedBy: "\r\n\r\n")[0].replacing("\r\n ", with: " ")
        guard let line = head.components(separatedBy: "\r\n").first(where: { $0.hasPrefix("Subject: ") }) else { return "" }
        return line.matches(of: #/=\?UTF-8\?B\?([^?]*)\?=/#).compactMap { Data(base64Encoded: String($0.1)) }.map { String(decoding: $0, as: UTF8.self) }.joined()
    }
}
