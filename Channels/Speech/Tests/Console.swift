import ChannelKit
import ChannelKitTesting
import Foundation
import Testing

@testable import Speech

/// Debian's open_jtalk with its dictionary and voice.
enum Voice {
    static let settings: SpeechSettings? = try? SpeechSettings(["folder": "/tmp"])
    static let isThere = settings != nil
    static let missing: Comment = "apt install open-jtalk open-jtalk-mecab-naist-jdic hts-voice-nitech-jp-atr503-m001 (contrib)"

    /// What it will say, by its own account: the readings of the trace file, one after the other.
    static func reading(_ sentence: String) async throws -> String {
        let settings = try #require(settings)
        let folder = FileManager.default.temporaryDirectory.appending(component: "noroshi-reading-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        func path(_ name: String) -> String { folder.appending(component: name).path }
        try (sentence + "\n").write(toFile: path("in"), atomically: true, encoding: .utf8)
        let code = try await ChildProcess.run(settings.program, ["-x", settings.dictionary, "-m", settings.voice, "-ot", path("trace"), path("in")])
        #expect(code == 0)
        let trace = try String(contentsOfFile: path("trace"), encoding: .utf8)
        let analysis = trace.components(separatedBy: "[Output label]").first?.components(separatedBy: "[Text analysis result]").last ?? ""
        return analysis.split(separator: "\n").compactMap { $0.split(separator: ",", omittingEmptySubsequences: false).dropFirst(9).first }
            .joined().filter { $0 != "’" }
    }
}

/// A console that plays what it is handed: a script that takes the words away first, so that what was played is there to be read.
final class Console: ConformanceFarEnd {
    let folder: URL

    init() throws {
        folder = FileManager.default.temporaryDirectory.appending(component: "noroshi-console-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder.appending(component: "played"), withIntermediateDirectories: true)
    }

    var repertoire: Set<FarEndBehaviour> { [.well, .silent, .refusing] }
    func path(_ name: String) -> String { folder.appending(component: name).path }
    var settings: [String: String] { ["command": path("play"), "arguments": "{wav} {text}", "times": "1", "program": path("voice"), "dictionary": "/", "voice": path("voice.wav")] }
    var forbiddenSettings: [[String: String]] {
        [["folder": "/nowhere"], ["command": path("play"), "folder": "/tmp"], settings.merging(["voice": "/nowhere"]) { $1 }, settings.merging(["arguments": "x"]) { $1 }]
    }

    /// Its voice is a file that is as quick as a file: the real one is heard in tests of its own.
    func start() async throws {
        try Data(Sound.chime(up: true, rate: 8000).wav).write(to: folder.appending(component: "voice.wav"))
        try "#!/bin/sh\nwhile [ \"$1\" != -ow ]; do shift; done\nexec cp \"$(dirname \"$0\")/voice.wav\" \"$2\"\n".write(toFile: path("voice"), atomically: true, encoding: .utf8)
        chmod(path("voice"), 0o755)
        try #"""
        #!/bin/sh
        here="$(dirname "$0")"
        cp "$2" "$here/played/$NOROSHI_DELIVERY" || exit 75
        test -s "$1" || exit 65
        case "$(cat "$here/behaviour")" in
        silent) echo x > "$here/began"; exec tail -f /dev/null;;
        refusing) rm "$here/played/$NOROSHI_DELIVERY"; echo "no such loudspeaker" >&2; exit 65;;
        esac
        exit 0

        """#.write(toFile: path("play"), atomically: true, encoding: .utf8)
        chmod(path("play"), 0o755)
        mkfifo(path("began"), 0o600)
        try await setBehaviour(.well)
    }

    func setBehaviour(_ behaviour: FarEndBehaviour) async throws {
        try behaviour.rawValue.write(toFile: path("behaviour"), atomically: true, encoding: .utf8)
    }

    /// Opening a pipe waits for who writes to it, on a thread of its own.
    func arrived() async {
        let path = path("began")
        await withCheckedContinuation { (waiter: CheckedContinuation<Void, Never>) in
            Thread.detachNewThread {
                let end = open(path, O_RDONLY | O_CLOEXEC)
                // To the end of what is said: who writes where nobody reads any more dies of it.
                var octets = [UInt8](repeating: 0, count: 16)
                while read(end, &octets, octets.count) > 0 {}
                close(end)
                waiter.resume()
            }
        }
    }

    func messagesHeld() async -> [HeldMessage] {
        let played = folder.appending(component: "played")
        let names = (try? FileManager.default.contentsOfDirectory(atPath: played.path)) ?? []
        return names.sorted().map { HeldMessage(id: $0, text: try? String(contentsOf: played.appending(component: $0), encoding: .utf8)) }
    }

    /// Whoever waits at the pipe is let go.
    func stop() async {
        close(open(path("began"), O_RDWR | O_NONBLOCK | O_CLOEXEC))
        try? FileManager.default.removeItem(at: folder)
    }
}
