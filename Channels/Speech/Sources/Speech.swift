/// An announcement in Japanese for a town's loudspeakers (防災行政無線): chime, the text three times, chime; by open_jtalk on this machine.
///
///     alert ──▶ Script (sentences, readings) ──open_jtalk──▶ Sound ──▶ a file in a console's folder, or a command that plays it
///
/// No network and no other machine. What was said was said: an update and a cancel are announcements of their own. A file that still
/// lies in the folder when its event is changed or taken back is removed: nobody is to play it any more.
public import AlertModel
public import ChannelKit
import FoundationEssentials
import Glibc
import Synchronization

public struct Speech<M: Mode>: ChannelAdapter {
    /// All ours. `attemptLimit`: a dozen sentences at 0.1 s, and a console's answer; a command that plays waits for the sound's end (a minute for an ordinary
    /// text). `endpointWindow` 1: a loudspeaker says one thing at a time. `concurrency` 4: speaking costs a core.
    public static var manifest: ChannelManifest {
        ChannelManifest(
            name: "speech", title: "防災行政無線の音声", role: .machine, afterSending: .cannotBeChanged, drills: .needOwnFarEnd, languages: [.japanese], concurrency: 4,
            reservedForImmediate: 2, attemptLimit: .seconds(60), farEndKeys: SpeechSettings.keys, runsHere: true, channelKeys: [])
    }

    /// Seconds that a player has beyond one and a half times its sound: who takes longer hangs.
    private static var afterSound: Double { 20 }

    private let setup: ChannelSetup<M>

    public init(_ setup: ChannelSetup<M>) throws(SettingsError) { self.setup = setup }

    public static func check(_ farEnd: FarEnd<M>) throws(SettingsError) { _ = try SpeechSettings(farEnd.settings) }

    /// Says a word to nobody: the voice works. Nothing is put in the folder and nothing played.
    public func reach(_ farEnd: FarEnd<M>, deadline: ContinuousClock.Instant) async throws(DeliveryFailure) -> String? {
        let settings = try Self.settings(of: farEnd)
        let folder = try makeFolder()
        defer { try? FileManager.default.removeItem(at: folder) }
        let test = Script(opening: [], body: ["試験。"], closing: [])
        let sound = try await Speaker(settings: settings, folder: folder, deadline: deadline).sound(of: test)
        return "声が出せます（\(sound.rate)ヘルツ）。スピーカーから聞こえるかは分かりません (the voice works; whether a speaker is heard is not known)"
    }

    public func deliver(_ message: Message<M>, _ delivery: Delivery<M>) async throws(DeliveryFailure) -> Receipt {
        let settings = try Self.settings(of: delivery.farEnd)
        let name = Self.name(message, delivery)
        if let known = setup.notebook.read("said/" + delivery.id.text) { return Receipt(reach: .accepted, reference: name, note: String(decoding: known, as: UTF8.self)) }
        let script = Script(message, call: settings.call, readings: settings.readings)
        let folder = try makeFolder()
        defer { try? FileManager.default.removeItem(at: folder) }
        let sound = try await Speaker(settings: settings, folder: folder, deadline: delivery.deadline).sound(of: script)
        guard !Task.isCancelled else { throw .cancelled }
        let words = (script.opening + script.body + script.closing).joined(separator: "\n") + "\n"
        let left = script.isCut ? "、長いので途中までです (cut: it was longer than a speaker should say)" : ""
        let receipt: Receipt
        switch settings.way {
        case .folder(let path, let hours):
            let spool = Spool(folder: URL(filePath: path), hours: hours)
            try spool.put(name, sound.wav, words, event: Self.event(message), now: setup.wallClock())
            receipt = Receipt(reference: name + ".wav", note: "\(Int(sound.seconds.rounded(.up)))秒の音声を置きました (put there)\(left)")
        case .command(let command, let arguments):
            try await play(sound, words, command, arguments, folder, delivery)
            receipt = Receipt(reach: .reached, reference: name, note: "\(Int(sound.seconds.rounded(.up)))秒の音声を流し終えました (played to its end)\(left)")
        }
        remember(delivery.id, receipt.note ?? "")
        return receipt
    }

    public func clear(_ farEnd: FarEnd<M>) async throws(DeliveryFailure) {
        guard case .folder(let path, let hours) = try Self.settings(of: farEnd).way else { return }
        Spool(folder: URL(filePath: path), hours: hours).remove { _ in true }
    }

    private func play(
        _ sound: Sound, _ words: String, _ command: String, _ arguments: [String], _ folder: URL, _ delivery: Delivery<M>
    ) async throws(DeliveryFailure) {
        let (wav, text) = (folder.appending(component: "announcement.wav"), folder.appending(component: "announcement.txt"))
        do {
            try Data(sound.wav).write(to: wav)
            try Data(words.utf8).write(to: text)
        } catch {
            throw .unavailable("音声のファイルを書けません: \(error) (cannot be written)")
        }
        let end: Chore.End
        do throws(Chore.Failure) {
            end = try await Chore.run(
                command, arguments.map { $0.replacing("{wav}", with: wav.path).replacing("{text}", with: text.path) },
                environment: [
                    "PATH": "/usr/local/bin:/usr/bin:/bin", "LANG": "C.UTF-8", "NOROSHI_MODE": M.name.rawValue, "NOROSHI_TOWN": delivery.farEnd.town.code,
                    "NOROSHI_ENDPOINT": delivery.farEnd.id, "NOROSHI_DELIVERY": delivery.id.text,
                ], deadline: min(delivery.deadline, .now + .seconds(sound.seconds * 1.5 + Self.afterSound)))
        } catch {
            switch error {
            case .notStarted(let reason, let code):
                throw code == EAGAIN || code == ENOMEM ? .unavailable("鳴らすプログラムを起動できません: \(reason) (not now)") : .misconfigured("鳴らすプログラムを起動できません: \(reason) (cannot be started)")
            case .tooLong: throw .unavailable("鳴らすプログラムが時間内に終わりません (it did not end in time)")
            case .cancelled: throw .cancelled
            }
        }
        // It fell when we had stopped: what it says of itself then is nobody's trouble.
        if end.code != 0, Task.isCancelled { throw .cancelled }
        // sysexits.h: 64 to 70 say that this will not do, 77 and 78 that somebody has to look.
        switch end.code {
        case 0: return
        case 64...70: throw .rejected("鳴らすプログラムが断りました（\(end.code)）: \(Speaker.line(end.complaint)) (it refused)")
        case 77, 78, 126, 127: throw .misconfigured("鳴らすプログラムが使えません（\(end.code)）: \(Speaker.line(end.complaint)) (it cannot be used)")
        default: throw .unavailable("鳴らすプログラムが失敗しました（\(end.code)）: \(Speaker.line(end.complaint)) (it failed)")
        }
    }

    /// The last five hundred: a delivery that comes again is not said again.
    private func remember(_ id: DeliveryID, _ note: String) {
        let kept = setup.notebook.read("order").map { String(decoding: $0, as: UTF8.self).split(separator: "\n").map(String.init) } ?? []
        let order = kept.filter { $0 != id.text } + [id.text]
        let gone = order.dropLast(500)
        setup.notebook.write(
            [("said/" + id.text, Array(note.utf8)), ("order", Array(order.suffix(500).joined(separator: "\n").utf8))] + gone.map { ("said/" + $0, nil) })
    }

    private func makeFolder() throws(DeliveryFailure) -> URL {
        let folder = setup.directory.appending(component: "speaking-\(UUID().uuidString)")
        do {
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            return folder
        } catch {
            throw .unavailable("作業用のフォルダを作れません: \(error) (no folder)")
        }
    }

    /// Of one event at one far end; in the order of their names they are to be played.
    private static func event(_ message: Message<M>) -> String { Spool.plain(message.alert.event.text) }
    private static func name(_ message: Message<M>, _ delivery: Delivery<M>) -> String {
        "\(Spool.stamp(message.alert.sent))-\(M.name == .exercise ? "kunren" : "honban")-\(event(message))-\(Spool.plain(delivery.alert.text))"
    }

    private static func settings(of farEnd: FarEnd<M>) throws(DeliveryFailure) -> SpeechSettings {
        do {
            return try SpeechSettings(farEnd.settings)
        } catch {
            throw .misconfigured("\(farEnd.id): \(error)")
        }
    }
}
