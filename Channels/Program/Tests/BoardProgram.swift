import AlertModel
import ChannelKit
import ChannelKitTesting
import Foundation
import Glibc
import Synchronization

/// A notice board as a shell script: what it is given lies in a folder, how it behaves is a word in a file there.
final class BoardProgram: ConformanceFarEnd {
    let folder = FileManager.default.temporaryDirectory.appending(path: "program-\(UUID().uuidString)")
    private let arrivals = Tally()
    private let seen = Mutex(0)
    private let pipe = Mutex<Int32>(-1)

    let repertoire = Set(FarEndBehaviour.allCases)
    var settings: [String: String] { ["command": "/bin/sh", "arguments": "[\"\(folder.path)/board.sh\",\"\(folder.path)\"]"] }
    var forbiddenSettings: [[String: String]] {
        [["command": "sh"], ["command": "/nonexistent/siren"], ["command": "/bin/sh", "arguments": "[1]"], ["command": "/bin/sh", "env.NOROSHI_MODE": "actual"]]
    }

    private static let script = #"""
        dir=$1
        [ "$(cat "$dir/mode")" = gone ] && exit 1
        echo "board is up" >&2
        while IFS= read -r line; do
            id=${line#*'"id":"'}
            id=${id%%'"'*}
            mode=$(cat "$dir/mode")
            case $line in
            *'"op":"cancel"'*)
                [ "$mode" = stubborn ] || printf '{"id":"%s","result":"cancelled"}\n' "$id"
                continue ;;
            esac
            case $mode in
            well|slow|silent|stubborn)
                [ -e "$dir/held/$id" ] || { echo "$id" >> "$dir/order"; printf '%s' "$line" > "$dir/held/$id"; } ;;
            esac
            case $mode in
            well) printf 'not an answer\n{"id":"%s","result":"delivered","reference":"%s","reach":"shown"}\n' "$id" "$$" ;;
            slow) printf '{"id":"%s","resu' "$id" ;;
            lying) printf '{"id":"%s","result":"perhaps"}\n' "$id" ;;
            refusing) printf '{"id":"%s","result":"rejected","note":"no"}\n' "$id" ;;
            busy) printf '{"id":"%s","result":"throttled","retry_after_ms":7000}\n' "$id" ;;
            esac
            printf x > "$dir/arrivals"
            [ "$mode" = gone ] && exit 1
        done
        echo bye > "$dir/bye"
        """#

    func start() async throws {
        try FileManager.default.createDirectory(at: folder.appending(path: "held"), withIntermediateDirectories: true)
        try Data(Self.script.utf8).write(to: folder.appending(path: "board.sh"))
        try say("well")
        let path = folder.appending(path: "arrivals").path
        guard mkfifo(path, 0o600) == 0 else { throw SettingsError("no fifo") }
        let end = open(path, O_RDWR)
        pipe.withLock { $0 = end }
        let arrivals = arrivals
        Thread.detachNewThread {
            var octet: UInt8 = 0
            while read(end, &octet, 1) == 1, octet == UInt8(ascii: "x") { arrivals.add() }
            close(end)
        }
    }

    func say(_ mode: String) throws { try Data(mode.utf8).write(to: folder.appending(path: "mode"), options: .atomic) }

    func setBehaviour(_ behaviour: FarEndBehaviour) async throws {
        seen.withLock { $0 = arrivals.count }
        try say(behaviour == .back ? "well" : behaviour.rawValue)
    }

    func arrived() async { await arrivals.reaches(seen.withLock { $0 } + 1) }

    func messagesHeld() async -> [HeldMessage] {
        let order = (try? String(contentsOf: folder.appending(path: "order"), encoding: .utf8)) ?? ""
        return order.split(separator: "\n").map { id in
            let data = (try? Data(contentsOf: folder.appending(path: "held/\(id)"))) ?? Data()
            let request = try? JSONSerialization.jsonObject(with: data) as? [String: Any]
            let texts = (request?["message"] as? [String: Any])?["texts"] as? [String: [String: String]]
            return HeldMessage(id: String(id), text: texts?["ja"]?["body"])
        }
    }

    func stop() async {
        var octet = UInt8(ascii: "q")
        pipe.withLock { _ = write($0, &octet, 1) }
        try? FileManager.default.removeItem(at: folder)
    }
}
