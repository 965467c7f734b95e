import AlertModel
import ChannelKit
import ChannelKitTesting
import Foundation
import Testing

@testable import Speech

@Suite("Speech", .timeLimit(.minutes(3)))
struct SpeechTests {
    private func folder() throws -> URL {
        let folder = FileManager.default.temporaryDirectory.appending(component: "noroshi-spool-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        return folder
    }

    private func deliver<M: Mode>(
        _ message: Message<M>, _ settings: [String: String], notebook: any Notebook = MemoryNotebook(), within limit: Duration = .seconds(50), now: Date = Sample.now
    ) async throws -> Result<Receipt, DeliveryFailure> {
        let work = try folder()
        defer { try? FileManager.default.removeItem(at: work) }
        let adapter = try Speech<M>(ChannelSetup(
            settings: [:], transport: NoTransport(), stream: RecordingStream(), notebook: notebook, directory: work, logger: Sample.setup(as: M.self).logger, wallClock: { now }))
        let delivery = Sample.delivery(of: message, to: Sample.farEnd(settings, as: M.self), channel: "speech", deadline: .now + limit)
        let outcome: Result<Receipt, DeliveryFailure>
        do throws(DeliveryFailure) {
            outcome = .success(try await adapter.deliver(message, delivery))
        } catch {
            outcome = .failure(error)
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: work.path).isEmpty, "what it worked with is left behind")
        return outcome
    }

    private func files(_ folder: URL) throws -> [String] { try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted() }

    // MARK: ALSA

    private static let aplay = "/usr/bin/aplay"

    @Test("ALSA's own player takes the sound as it is and plays it to its last sample; without its card nothing counts as heard", .enabled(if: FileManager.default.isExecutableFile(atPath: aplay), "apt install alsa-utils"))
    func alsa() async throws {
        let console = try Console()
        try await console.start()
        defer { try? FileManager.default.removeItem(at: console.folder) }
        let message = Sample.message(as: Actual.self), spool = try folder()
        defer { try? FileManager.default.removeItem(at: spool) }
        let voice = console.settings.filter { !["command", "arguments"].contains($0.key) }
        _ = try await deliver(message, voice.merging(["folder": spool.path]) { $1 }).get()
        let wav = try Data(contentsOf: spool.appending(component: try #require(files(spool).first { $0.hasSuffix(".wav") })))

        // ALSA's plugins: `file` writes down what a card would be given, `null` has no card.
        let heard = console.path("heard.raw")
        let receipt = try await deliver(message, voice.merging(["command": Self.aplay, "arguments": "-q -D file:\(heard),raw {wav}"]) { $1 }).get()
        #expect(receipt.reach == .reached)
        // RIFF's head has 44 octets; aplay fills the last period with silence.
        let (samples, played) = (wav.dropFirst(44), try Data(contentsOf: URL(filePath: heard)))
        #expect(samples.count > 10_000 && played.starts(with: samples) && played.dropFirst(samples.count).allSatisfy { $0 == 0 })
        #expect(try await deliver(message, voice.merging(["command": Self.aplay, "arguments": "-q -D null {wav}"]) { $1 }).get().reach == .reached)
        guard case .failure(.unavailable(let reason)) = try await deliver(message, voice.merging(["command": Self.aplay, "arguments": "-q -D nosuchcard {wav}"]) { $1 }) else {
            Issue.record("played without a card")
            return
        }
        #expect(reason.contains("nosuchcard") || reason.contains("audio open error"), "\(reason)")
    }

    // MARK: What is said

    @Test("What a dictionary of ordinary words reads wrong is read right: open_jtalk's own account of what it will say", .enabled(if: Voice.isThere, Voice.missing), arguments: [
        ("大津波警報", "オーツナミケーホー"), ("震度５弱", "シンドゴジャク"), ("震度６強", "シンドロクキョー"), ("震度5-", "シンドゴジャク"), ("高潮警報", "タカシオケーホー"), ("内水氾濫", "ナイスイハンラン"),
        ("１１月１日１６時０５分", "ジューイチガツツイタチジューロクジゴフン"), ("4時00分", "ヨジ"), ("11月28日16時41分", "ジューイチガツニジューハチニチジューロクジヨンジューイップン"),
        ("高さ10mの津波", "タカサジューメートルノツナミ"), ("避難指示", "ヒナンシジ"), ("緊急安全確保", "キンキューアンゼンカクホ"), ("高齢者等避難", "コーレーシャトーヒナン"), ("警戒レベル４", "ケーカイレベルヨン"),
        ("土砂災害警戒情報", "ドシャサイガイケーカイジョーホー"), ("記録的短時間大雨情報", "キロクテキタンジカンオーアメジョーホー"), ("噴火警報", "フンカケーホー"), ("高台へ", "タカダイエ"), ("命を守る行動", "イノチヲマモルコードー"),
    ])
    func readings(text: String, kana: String) async throws {
        let sentence = try #require(Script.sentences(text).first)
        let said = try await Voice.reading(sentence)
        #expect(said == kana, "\(sentence)")
    }

    @Test("Names of places are read as the tables, the shelters' register and the settings have them", .enabled(if: Voice.isThere, Voice.missing))
    func places() async throws {
        let message = Sample.message(words: "魚町の人は高台へ", as: Actual.self)
        let script = Script(message, call: nil, readings: ["魚町": "さかなまち"])
        #expect(script.opening == ["こちらは、けせんぬましです。"])
        let body = try #require(script.body.first { $0.contains("さかなまち") })
        #expect(try await Voice.reading(body).contains("サカナマチノヒト"))
        let settings = try SpeechSettings(["folder": "/tmp", "readings": "魚町=さかなまち、南町=みなみまち"])
        #expect(settings.readings == ["魚町": "さかなまち", "南町": "みなみまち"])
    }

    @Test("Each sentence fits into open_jtalk's one line, brackets and addresses are not said, and a long text says that it was cut")
    func sentences() {
        let long = String(repeating: "あいうえお、", count: 400)
        let sentences = Script.sentences("【訓練】避難指示です。\nhttps://example.jp/x を見て！\n（気象庁発表）\n――――\n" + long)
        #expect(sentences.prefix(3) == ["訓練避難指示です。", " を見て！", "気象庁発表"])
        #expect(sentences.allSatisfy { $0.utf8.count <= Script.sentenceLimit && $0.contains { $0.isLetter } })
        #expect(sentences.joined().filter { $0 == "お" }.count == 400)
        let texts: [Language: RenderedText] = [.japanese: RenderedText(title: "題", body: String(repeating: "文。", count: 100))]
        #expect(Script(Sample.message(texts: texts, as: Actual.self), call: nil, readings: [:]).isCut)
    }

    @Test("A drill says so before and after")
    func drill() {
        let script = Script(Sample.message(as: Exercise.self), call: nil, readings: [:])
        #expect(script.opening.first == "これは訓練です。" && script.closing.last == "訓練です。" && script.closing.contains("以上は訓練でした。"))
        #expect(!Script(Sample.message(as: Actual.self), call: nil, readings: [:]).opening.joined().contains("訓練"))
    }

    // MARK: Where it goes

    @Test("A file is there whole, with its words: chime, three times the text, chime; the same delivery is not put there twice", .enabled(if: Voice.isThere, Voice.missing))
    func spool() async throws {
        let (spool, book) = (try folder(), MemoryNotebook())
        defer { try? FileManager.default.removeItem(at: spool) }
        let message = Sample.message(as: Actual.self)
        let receipt = try await deliver(message, ["folder": spool.path], notebook: book).get()
        let names = try files(spool)
        #expect(names == ["20260401T090001-honban-op_042056_sample_1-sample_1_1.txt", "20260401T090001-honban-op_042056_sample_1-sample_1_1.wav"])
        #expect(receipt.reach == .accepted && receipt.reference == names.last)
        let sound = try Sound(wav: Array(try Data(contentsOf: spool.appending(component: try #require(names.last)))))
        let once = try Sound(wav: Array(try await wav(message, ["times": "1"])))
        let (all, one) = (sound.seconds, once.seconds)
        #expect(sound.rate == 48_000 && one > 8 && all > one + 4 && all < one * 3, "\(one) s, \(all) s")
        #expect(sound.samples.prefix(10_000).contains { abs(Int($0)) > 5000 }, "no chime")
        #expect(try String(contentsOf: spool.appending(component: try #require(names.first)), encoding: .utf8).contains("高台へ"))
        // Taken by the console, and the same once more.
        for name in names { try FileManager.default.removeItem(at: spool.appending(component: name)) }
        _ = try await deliver(message, ["folder": spool.path], notebook: book).get()
        #expect(try files(spool).isEmpty)
    }

    private func wav<M: Mode>(_ message: Message<M>, _ settings: [String: String]) async throws -> Data {
        let spool = try folder()
        defer { try? FileManager.default.removeItem(at: spool) }
        _ = try await deliver(message, settings.merging(["folder": spool.path]) { $1 }).get()
        return try Data(contentsOf: spool.appending(component: try #require(try files(spool).last)))
    }

    @Test("What nobody has taken yet goes when it is changed or taken back, or is two days old; another's files stay", .enabled(if: Voice.isThere, Voice.missing))
    func stale() async throws {
        let spool = try folder()
        defer { try? FileManager.default.removeItem(at: spool) }
        try Data().write(to: spool.appending(component: "town.wav"))
        let settings = ["folder": spool.path, "times": "1", "chime": "no"]
        _ = try await deliver(Sample.message(as: Actual.self), settings).get()
        _ = try await deliver(Sample.message(event: "sample-2", as: Actual.self), settings).get()
        _ = try await deliver(Sample.message(.cancel, revision: 2, as: Actual.self), settings).get()
        let names = try files(spool).filter { $0.hasSuffix(".wav") }
        #expect(names == ["20260401T090001-honban-op_042056_sample_2-sample_2_1.wav", "20260401T090002-honban-op_042056_sample_1-sample_1_2.wav", "town.wav"])
        _ = try await deliver(Sample.message(event: "sample-3", revision: 49 * 3600, as: Actual.self), settings, now: Sample.now.addingTimeInterval(49 * 3600)).get()
        #expect(try files(spool).filter { $0.hasSuffix(".wav") }.count == 2)
    }

    // MARK: When it does not speak

    @Test("open_jtalk that hangs, fails, says nothing or is not there is a clear failure, and leaves nothing in the folder")
    func broken() async throws {
        let (spool, tools) = (try folder(), try folder())
        defer { for folder in [spool, tools] { try? FileManager.default.removeItem(at: folder) } }
        var made = 0
        func program(_ body: String) throws -> [String: String] {
            made += 1
            let path = tools.appending(component: "voice-\(made)").path
            try "#!/bin/sh\n\(body)\n".write(toFile: path, atomically: true, encoding: .utf8)
            chmod(path, 0o755)
            return ["folder": spool.path, "program": path, "dictionary": "/", "voice": "/dev/null"]
        }
        let hangs = try await deliver(Sample.message(as: Actual.self), try program("exec tail -f /dev/null"), within: .milliseconds(300))
        guard case .failure(.unavailable(let words)) = hangs else {
            Issue.record("\(hangs)")
            return
        }
        #expect(words.contains("止まりました"))
        for (body, said) in [("echo no voice >&2; exit 3", "失敗しました（3）: no voice"), ("exit 0", "音を書きませんでした"), (#"while [ "$1" != -ow ]; do shift; done; echo hello > "$2""#, "WAVではありません")] {
            let outcome = try await deliver(Sample.message(as: Actual.self), try program(body))
            guard case .failure(.unavailable(let words)) = outcome else {
                Issue.record("\(body): \(outcome)")
                continue
            }
            #expect(words.contains(said), "\(words)")
        }
        guard case .failure(.misconfigured(let missing)) = try await deliver(Sample.message(as: Actual.self), ["folder": spool.path, "program": "/usr/bin/no_jtalk"]) else {
            Issue.record("a missing program is no misconfiguration")
            return
        }
        #expect(missing.contains("apt install open-jtalk"))
        #expect(try files(spool).isEmpty)
    }

    @Test("A sound as a file is read back as it was, and what is cut short is none")
    func file() throws {
        let sound = Sound(rate: 16_000, samples: [0, 1, -1, .max, .min, 256])
        #expect(try Sound(wav: sound.wav) == sound)
        for count in [0, 11, 40] { #expect(throws: Sound.Unreadable.self) { try Sound(wav: Array(sound.wav.prefix(count))) } }
        let chime = Sound.chime(up: true, rate: 8000)
        #expect(chime.samples.count == 4 * 4400 && chime.samples.map { abs(Int($0)) }.max() ?? 0 < 12_000)
    }

    @Test("For real alerts it is a channel", arguments: ConformanceCheck.allCases)
    func actual(check: ConformanceCheck) async throws { try await verify(check, Actual.self) }
    @Test("For drills it is a channel", arguments: ConformanceCheck.allCases)
    func exercise(check: ConformanceCheck) async throws { try await verify(check, Exercise.self) }

    private func verify<M: Mode>(_ check: ConformanceCheck, _ mode: M.Type) async throws {
        var suite = ChannelConformance<Speech<M>> { try Console() }
        suite.shortDeadline = .seconds(2)
        suite.patience = .seconds(10)
        try await suite.verify(check)
    }
}
