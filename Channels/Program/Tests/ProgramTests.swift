import AlertModel
import ChannelKit
import ChannelKitTesting
import Foundation
import Testing

@testable import Program

@Suite("Program", .timeLimit(.minutes(2)))
struct ProgramTests {
    /// A supervisor before `script`, which sh runs.
    private func supervisor(_ script: String, limits: Conversation.Limits = .init()) throws -> Supervisor {
        let list = String(decoding: try JSONEncoder().encode(["-c", script]), as: UTF8.self)
        let end = Sample.farEnd(["command": "/bin/sh", "arguments": list, "env.SIREN": "north"], as: Exercise.self)
        return try Supervisor(
            ProgramSettings(end), limits: limits, logger: Sample.setup(as: Exercise.self).logger)
    }

    private func ask(
        _ supervisor: Supervisor, _ id: String, within limit: Duration = .seconds(10), message: String = "{}"
    ) async -> Conversation.Outcome {
        await supervisor.ask(id: id, attempt: 1, message: Array(message.utf8), deadline: .now + limit)
    }

    private func end(_ supervisor: Supervisor) async {
        supervisor.stop()
        await supervisor.ended()
    }

    @Test("Several requests are in flight at once and may be answered in any order")
    func outOfOrder() async throws {
        let supervisor = try supervisor("""
            read a; read b
            for line in "$b" "$a"; do id=${line#*'"id":"'}; id=${id%%'"'*}
            printf '{"id":"%s","result":"delivered","reference":"%s"}\\n' "$id" "$id"; done
            read end
            """)
        async let first = ask(supervisor, "one")
        async let second = ask(supervisor, "two")
        #expect(try await [first.get().reference, second.get().reference] == ["one", "two"])
        await end(supervisor)
    }

    @Test("What is no answer is passed over: chatter, broken JSON, strangers' ids, endless lines")
    func nonsense() async throws {
        let supervisor = try supervisor("""
            read a
            echo hello; echo '{"id":1}'; echo '{"id":"stranger","result":"delivered"}'; echo
            head -c 200000 /dev/zero | tr '\\0' 'x'; echo
            head -c 60000 /dev/zero | tr '\\0' '['; echo
            printf '\\377\\376\\n'
            echo '{"id":"one","result":"delivered"}'
            read end
            """)
        #expect(try await ask(supervisor, "one").get() == Receipt())
        await end(supervisor)
    }

    @Test("A program that dies is started again, and what it had is unavailable")
    func dies() async throws {
        let supervisor = try supervisor("""
            read a
            case $a in *'"id":"bad"'*) exit 3;; esac
            id=${a#*'"id":"'}; printf '{"id":"%s","result":"delivered"}\\n' "${id%%'"'*}"
            """)
        guard case .failure(.unavailable(let words)) = await ask(supervisor, "bad") else { Issue.record("no"); return }
        #expect(words.contains("終了コード3"))
        #expect(try await ask(supervisor, "good").get() == Receipt())
        await end(supervisor)
    }

    @Test("A program that holds on to a cancelled request is killed, with all it started")
    func stubborn() async throws {
        var limits = Conversation.Limits()
        (limits.cancel, limits.farewell, limits.mercy) = (.milliseconds(50), .milliseconds(50), .milliseconds(50))
        let supervisor = try supervisor("trap '' TERM; while :; do read a; sleep 1000; done", limits: limits)
        guard case .failure(.unavailable) = await ask(supervisor, "one", within: .milliseconds(100)) else { Issue.record("no"); return }
        // The same id waits until the first program is gone, and is told that the second one does not answer either.
        guard case .failure(.unavailable) = await ask(supervisor, "one", within: .milliseconds(600)) else { Issue.record("no"); return }
        await end(supervisor)
    }

    @Test("A program that does not read holds up nobody")
    func doesNotRead() async throws {
        var limits = Conversation.Limits()
        (limits.cancel, limits.farewell, limits.mercy) = (.milliseconds(50), .milliseconds(50), .milliseconds(50))
        let supervisor = try supervisor("exec sleep 1000", limits: limits)
        let message = "\"" + String(repeating: "あ", count: 200_000) + "\""
        guard case .failure(.unavailable) = await ask(supervisor, "one", within: .milliseconds(200), message: message)
        else { Issue.record("no"); return }
        await end(supervisor)
    }

    @Test("It sees its own environment and nothing of the hub's")
    func environment() async throws {
        let supervisor = try supervisor("""
            read a; printf '{"id":"one","result":"delivered","note":"%s"}\\n' "$(env | sort | cut -d= -f1 | tr '\\n' ' ') $NOROSHI_MODE $SIREN"; read end
            """)
        let note = try await ask(supervisor, "one").get().note
        #expect(note == "LANG NOROSHI_ENDPOINT NOROSHI_MODE NOROSHI_TOWN PATH PWD SIREN  exercise north")
        await end(supervisor)
    }

    @Test("It inherits no descriptor of the hub's, so that no port and no connection lives on in it")
    func descriptors() async throws {
        let listener = try await FarEndServer { _ in .close }
        let supervisor = try supervisor("""
            read a; printf '{"id":"one","result":"delivered","note":"%s"}\\n' "$(ls -l /proc/$$/fd | grep -c socket)"; read end
            """)
        #expect(try await ask(supervisor, "one").get().note == "0")
        await listener.stop()
        await end(supervisor)
    }

    @Test("When the hub stops, the program hears the end of its input and may finish")
    func cleanStop() async throws {
        let board = BoardProgram()
        try await board.start()
        let adapter = try Program<Actual>(Sample.setup(as: Actual.self))
        let message = Sample.message(as: Actual.self)
        let delivery = Sample.delivery(of: message, to: Sample.farEnd(board.settings, as: Actual.self), channel: "program")
        #expect(try await adapter.deliver(message, delivery).reach == .shown)
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await adapter.run() }
            group.cancelAll()
        }
        #expect(FileManager.default.fileExists(atPath: board.folder.path + "/bye"))
        guard case .unavailable("ハブを終了しています (the hub is stopping)") = await failure({ () async throws(DeliveryFailure) in try await adapter.deliver(message, delivery) })
        else { Issue.record("no"); return }
        await board.stop()
    }

    @Test("Too many requests wait elsewhere")
    func full() async throws {
        var limits = Conversation.Limits()
        limits.requests = 0
        let supervisor = try supervisor("read a", limits: limits)
        guard case .failure(.throttled) = await ask(supervisor, "one") else { Issue.record("no"); return }
        await end(supervisor)
    }

    private func failure(_ attempt: () async throws(DeliveryFailure) -> Receipt) async -> DeliveryFailure? {
        do throws(DeliveryFailure) {
            _ = try await attempt()
            return nil
        } catch {
            return error
        }
    }

    private static let python = ["/usr/bin/python3", "/usr/local/bin/python3"].first { FileManager.default.isExecutableFile(atPath: $0) }

    @Test("The example sounds a delivery once, also after a restart", .enabled(if: python != nil, "no python3 here"))
    func siren() async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "siren-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let path = URL(filePath: #filePath).resolvingSymlinksInPath().deletingLastPathComponent()
            .deletingLastPathComponent().appending(path: "Example/siren.py").path
        let log = folder.appending(path: "log")
        let settings = ["command": try #require(Self.python), "arguments": "[\"\(path)\",\"\(log.path)\"]"]
        let message = Sample.message(as: Exercise.self)
        let delivery = Sample.delivery(of: message, to: Sample.farEnd(settings, as: Exercise.self), channel: "program")
        for _ in 1...2 {
            let adapter = try Program<Exercise>(Sample.setup(as: Exercise.self))
            for _ in 1...2 {
                #expect(try await adapter.deliver(message, delivery) == Receipt(reach: .shown, reference: "1"))
            }
            let other = Sample.message(kind: .notice, event: "n", as: Exercise.self)
            let notice = Sample.delivery(of: other, to: delivery.farEnd, channel: "program")
            #expect(await failure { () async throws(DeliveryFailure) in try await adapter.deliver(other, notice) } == .rejected("no signal for notice"))
            await withTaskGroup(of: Void.self) { group in
                group.addTask { await adapter.run() }
                group.cancelAll()
            }
        }
        let lines = try String(contentsOf: log, encoding: .utf8).split(separator: "\n")
        #expect(lines.count == 1 && lines[0].contains("【訓練】"))
    }

    @Test("For real alerts it is a channel", arguments: ConformanceCheck.allCases)
    func actual(check: ConformanceCheck) async throws {
        try await ChannelConformance<Program<Actual>> { BoardProgram() }.verify(check)
    }

    @Test("For drills it is a channel", arguments: ConformanceCheck.allCases)
    func exercise(check: ConformanceCheck) async throws {
        try await ChannelConformance<Program<Exercise>> { BoardProgram() }.verify(check)
    }
}
