/// From a script to a sound: open_jtalk for each sentence, then chime, words, chime.
import ChannelKit
import FoundationEssentials
import Glibc

struct Speaker: Sendable {
    let settings: SpeechSettings
    /// Ours alone, for the time of one delivery.
    let folder: URL
    let deadline: ContinuousClock.Instant

    /// A sentence takes 0.1 s (Debian 12, 2 cores, idle, 2026-11) and is given this on a busy one: who hangs is no voice.
    static let patience = Duration.seconds(15)
    /// Sounds of one announcement, in seconds: what a loudspeaker is taken for at the most.
    static let longest = 600.0

    private static let environment = ["PATH": "/usr/local/bin:/usr/bin:/bin", "LANG": "C.UTF-8"]

    func sound(of script: Script) async throws(DeliveryFailure) -> Sound {
        let opening = try await said(script.opening, "opening"), body = try await said(script.body, "body"), closing = try await said(script.closing, "closing")
        guard let rate = body.first?.rate, body.allSatisfy({ $0.rate == rate }) else { throw .rejected("読み上げる言葉がありません (nothing to say)") }
        func pause(_ seconds: Double) -> Sound { .silence(seconds, rate: rate) }
        var sound = Sound(rate: rate, samples: [])
        if settings.hasChime {
            sound.append(.chime(up: true, rate: rate))
            sound.append(pause(0.7))
        }
        func say(_ parts: [Sound]) {
            for part in parts {
                sound.append(part)
                sound.append(pause(0.45))
            }
            sound.append(pause(0.8))
        }
        say(opening)
        // One to five, by the settings.
        for _ in 0..<settings.times { say(body) }
        say(closing)
        if settings.hasChime { sound.append(.chime(up: false, rate: rate)) }
        guard sound.seconds <= Self.longest else {
            throw .rejected("読み上げると\(Int(sound.seconds))秒かかり、上限の\(Int(Self.longest))秒を超えます (too long to be said)")
        }
        return sound
    }

    private func said(_ sentences: [String], _ part: String) async throws(DeliveryFailure) -> [Sound] {
        var sounds: [Sound] = []
        for (number, sentence) in sentences.enumerated() {
            sounds.append(try await said(sentence, folder.appending(component: "\(part)-\(number)")))
        }
        return sounds
    }

    private func said(_ sentence: String, _ file: URL) async throws(DeliveryFailure) -> Sound {
        let (words, wav) = (file.path + ".txt", file.path + ".wav")
        do {
            try Data((sentence + "\n").utf8).write(to: URL(filePath: words))
        } catch {
            throw .unavailable("作業用のファイルを書けません: \(error) (cannot be written)")
        }
        let end: Chore.End
        do throws(Chore.Failure) {
            end = try await Chore.run(
                settings.program, ["-x", settings.dictionary, "-m", settings.voice, "-r", "\(settings.speed)", "-ow", wav, words], environment: Self.environment,
                deadline: min(deadline, .now + Self.patience))
        } catch {
            switch error {
            case .notStarted(let reason, let code):
                throw code == EAGAIN || code == ENOMEM ? .unavailable("open_jtalkを起動できません: \(reason) (not now)") : .misconfigured("open_jtalkを起動できません: \(reason) (cannot be started)")
            case .tooLong: throw .unavailable("open_jtalkが「\(sentence.prefix(20))」で止まりました (open_jtalk hangs)")
            case .cancelled: throw .cancelled
            }
        }
        if end.code != 0, Task.isCancelled { throw .cancelled }
        guard end.code == 0 else { throw .unavailable("open_jtalkが失敗しました（\(end.code)）: \(Self.line(end.complaint)) (open_jtalk failed)") }
        do {
            let octets = Array(try Data(contentsOf: URL(filePath: wav)))
            // Nothing but a head: it read no word of it.
            return try Sound(wav: octets)
        } catch let error as Sound.Unreadable {
            throw .unavailable("open_jtalkの音が読めません: \(error.reason) (no sound)")
        } catch {
            throw .unavailable("open_jtalkが音を書きませんでした: \(Self.line(end.complaint)) (no sound written)")
        }
    }

    static func line(_ text: String) -> String { String(text.prefix(200).map { $0.isNewline ? " " : $0 }) }
}
