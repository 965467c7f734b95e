/// An edge that speaks and sounds at its own place, over the programs that a town puts there.
import ChannelKitTesting
import ChannelKit
import Foundation
import Glibc
import Testing

extension EndToEnd {
    @Suite struct EdgeVoices {
        /// A loudspeaker and a siren that write down what they are told: the voice is a file, the siren is the example of the channel `program`.
        private struct Box {
            let folder: URL
            let more: [String]

            init() throws {
                folder = try TestHub.newFolder()
                try FileManager.default.createDirectory(at: folder.appending(path: "played"), withIntermediateDirectories: true)
                // A tenth of a second of nothing: RIFF, PCM, 16 bit, mono, 8 kHz.
                func four(_ number: UInt32) -> [UInt8] { (0..<4).map { UInt8(number >> (8 * $0) & 0xFF) } }
                let head = Array("RIFF".utf8) + four(36 + 1600) + Array("WAVEfmt ".utf8) + four(16) + [1, 0, 1, 0] + four(8000) + four(16_000) + [2, 0, 16, 0]
                try Data(head + Array("data".utf8) + four(1600) + [UInt8](repeating: 0, count: 1600)).write(to: folder.appending(path: "voice.wav"))
                try Self.script("#!/bin/sh\nwhile [ \"$1\" != -ow ]; do shift; done\nexec cp \"$(dirname \"$0\")/voice.wav\" \"$2\"\n", folder.appending(path: "voice"))
                // Named by what was begun first; it hangs for as long as it is told to.
                try Self.script(#"""
                    #!/bin/sh
                    here="$(dirname "$0")"
                    number=$(ls "$here/played" | wc -l)
                    { echo "$NOROSHI_MODE $NOROSHI_DELIVERY"; cat "$2"; } > "$here/.new" && mv "$here/.new" "$here/played/$number"
                    while [ -e "$here/hang" ]; do sleep 0.05; done
                    exit 0

                    """#, folder.appending(path: "play"))
                let siren = Program.package.appending(path: "Channels/Program/Example/siren.py").path
                try Self.script("#!/bin/sh\nexec python3 '\(siren)' '\(folder.path)/sounded'\n", folder.appending(path: "siren"))
                more = [
                    "--speak", "command=\(folder.path)/play", "--speak", "arguments={wav} {text}", "--speak", "program=\(folder.path)/voice", "--speak", "dictionary=/",
                    "--speak", "voice=\(folder.path)/voice.wav", "--speak", "times=1", "--program", "\(folder.path)/siren",
                ]
            }

            private static func script(_ text: String, _ file: URL) throws {
                try text.write(to: file, atomically: true, encoding: .utf8)
                chmod(file.path, 0o755)
            }

            func hang(_ isSo: Bool) throws {
                let file = folder.appending(path: "hang")
                if isSo { try Data().write(to: file) } else { try FileManager.default.removeItem(at: file) }
            }

            /// What was begun to be played, in its order.
            var played: [String] {
                let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.appending(path: "played").path)) ?? []
                return names.compactMap { Int($0) }.sorted().compactMap { try? String(contentsOf: folder.appending(path: "played/\($0)"), encoding: .utf8) }
            }
            var sounded: String { (try? String(contentsOf: folder.appending(path: "sounded"), encoding: .utf8)) ?? "" }
        }

        private static func order(_ district: String, level: Int = 4, mode: String = "actual") -> String {
            #"{"town":"042056","kind":"evacuation","mode":"\#(mode)","hazard":"洪水","level":\#(level),"districts":["\#(district)"],"reason":"川の水位"}"#
        }

        @Test("A school speaks for itself, with the line cut and its power taken away in the middle too: each alert once, its end once, a drill as a drill; a speaker that hangs keeps no tablet waiting")
        func speaks() async throws {
            let box = try Box()
            defer { try? FileManager.default.removeItem(at: box.folder) }
            try await Edges.scene(spot: nil, more: box.more) { hub, edge, programs in
                let device = try await hub.enrol()
                try await eventually("the edge knows it") { try await edge.knows(device.token) }
                let tablet = try await edge.tablet(device.token)
                try box.hang(true)
                let first = try await hub.push(Self.order("階上地区"))
                try await eventually("it is being said, and sounded") { box.played.count == 1 && box.sounded.contains(first.id) }
                #expect(box.played[0].hasPrefix("actual \(first.id).042056.speech.school-1\n") && box.played[0].contains("こちらは、") && box.played[0].contains("避難指示"), "\(box.played)")
                #expect(!box.played[0].contains("訓練"))
                // Its speaker hangs: whoever has a tablet reads the next one all the same.
                let second = try await hub.push(Edges.notice("断水のお知らせ"))
                try await eventually("the tablet has both: \(tablet.text)") { tablet.events.count == 2 }
                try await eventually("it waits") { try await edge.metric(#"noroshi_edge_voice_waiting{way="speech"}"#) == 1 }
                #expect(box.played.count == 1)

                // The line, and in the middle of the first words the edge's own power.
                hub.program.signal(SIGSTOP)
                try await edge.program.kill()
                try box.hang(false)
                let again = try await TestEdge.start(hub: hub.port, in: edge.folder, spot: nil, more: box.more)
                programs.append(again.program)
                try await eventually("what waited is said, with nobody to be heard: \(box.played)") { box.played.count == 2 }
                #expect(box.played[1].contains(second.id))
                hub.program.signal(SIGCONT)
                try await eventually("the line is back", within: .seconds(60)) { again.program.errors.contains("line to the hub is up") }

                #expect(try await hub.cancel(first.id).status == 202)
                try await eventually("the end is said: \(box.played)", within: .seconds(40)) { box.played.count == 3 }
                #expect(box.played[2].hasPrefix("actual ") && box.played[2].contains("取り消"), "\(box.played[2])")
                let drill = try await hub.push(Self.order("気仙沼地区", mode: "exercise"))
                try await eventually("a drill: \(box.played)") { box.played.count == 4 }
                #expect(box.played[3].hasPrefix("exercise \(drill.id).") && box.played[3].contains("これは訓練です。") && box.played[3].contains("以上は訓練でした。"))
                // The siren has a word for the order and for its end, none for a notice, and hears of no drill.
                try await eventually("sounded: \(box.sounded)") { box.sounded.split(separator: "\n").count == 2 }
                #expect(!box.sounded.contains(second.id) && !box.sounded.contains(drill.id))
                // All of it once more, over a restart with a hub that tells everything again.
                try await again.program.kill()
                let third = try await TestEdge.start(hub: hub.port, in: edge.folder, spot: nil, more: box.more)
                programs.append(third.program)
                let last = try await hub.push(Self.order("階上地区", level: 5))
                try await eventually("the next one: \(box.played)", within: .seconds(40)) { box.played.last?.contains(last.id) == true && box.sounded.split(separator: "\n").count == 3 }
                #expect(box.played.count == 5, "\(box.played)")
            }
        }

        @Test("An immediate one does not wait for what is being said, which comes again after it; what was taken back stops")
        func interrupts() async throws {
            let box = try Box()
            defer { try? FileManager.default.removeItem(at: box.folder) }
            try await Edges.scene(spot: nil, more: box.more) { hub, edge, _ in
                try await eventually("the edge listens") { try await edge.line() == "up" }
                try box.hang(true)
                let notice = try await hub.push(Edges.notice("断水のお知らせ"))
                try await eventually("it is being said") { box.played.count == 1 }
                let order = try await hub.push(Self.order("階上地区", level: 5))
                try await eventually("the order is: \(box.played)") { box.played.count == 2 }
                #expect(box.played[1].contains(order.id))
                let gone = try await hub.push(Edges.notice("誤り"))
                #expect(try await hub.cancel(gone.id).status == 202)
                try box.hang(false)
                try await eventually("the notice again: \(box.played)") { box.played.count == 3 }
                #expect(box.played[2].contains(notice.id))
                try await eventually("nothing waits") { try await edge.metric(#"noroshi_edge_voice_waiting{way="speech"}"#) == 0 }
                #expect(!box.played.contains { $0.contains(gone.id) || $0.contains("誤り") }, "taken back before anybody heard it")
            }
        }

        @Test("A box whose speaker is not there serves its tablets, and the desk sees at which place nothing is heard; settings that make no sense are said at the start")
        func mute() async throws {
            try await Edges.scene(spot: nil, more: ["--speak", "command=/nonexistent/player", "--program", "/nonexistent/siren"]) { hub, edge, _ in
                let device = try await hub.enrol()
                try await eventually("the edge knows it") { try await edge.knows(device.token) }
                let tablet = try await edge.tablet(device.token)
                _ = try await hub.push(Self.order("階上地区"))
                try await eventually("the tablet has it: \(tablet.text)") { tablet.events.count == 1 }
                try await eventually("it is said to be mute") { try await edge.metric(#"noroshi_edge_voice_up{way="speech"}"#) == 0 && edge.program.errors.contains("nothing is heard at this place") }
                try await eventually("the desk sees it", within: .seconds(40)) {
                    let text = try await hub.call("GET", "/v1/towns/042056/voices").text
                    return text.contains(#""mute":true"#) && text.contains(#""role":"edge""#)
                }
            }
            for wrong in [["--speak", "command"], ["--speak", "volume=11"], ["--speak", "times=2"], ["--program", "siren.py"], ["--drill-program", "x"]] {
                let program = try Program(TestEdge.arguments(hub: 9, in: FileManager.default.temporaryDirectory.appending(path: "noroshi-none")) + wrong)
                #expect(try await program.ended() == 78, "\(wrong): \(program.errors)")
                #expect(program.errors.contains(wrong[0]))
            }
        }
    }
}
