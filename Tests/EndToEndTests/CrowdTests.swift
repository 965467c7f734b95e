/// Who holds connections without a word: hub and edge under a shell's limit of descriptors.
import ChannelKit
import ChannelKitTesting
import Foundation
import Glibc
import Testing

/// Connections that say nothing, half a head, or half a body, held until the end.
private final class SilentCrowd {
    private static let halves = [
        "", "GET /v1/str", "GET /v1/stream HTTP/1.1\r\nHost: hub\r\n", "GET /spots/kesennuma-eki/ HTTP/1.1\r\nHost: hub\r\nX: ",
        "POST /v1/devices HTTP/1.1\r\nHost: hub\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n{",
        "POST /v1/bulletins HTTP/1.1\r\nHost: hub\r\nTransfer-Encoding: chunked\r\n\r\nfff\r\n",
    ]
    private(set) var sockets: [Int32] = []

    func add(_ count: Int, to port: Int) {
        for number in 0..<count {
            let socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_port = in_port_t(UInt16(port)).bigEndian
            address.sin_addr.s_addr = inet_addr("127.0.0.1")
            let reached = withUnsafePointer(to: &address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
            }
            guard reached == 0 else { close(socket); continue }
            let words = Array(Self.halves[number % Self.halves.count].utf8)
            _ = words.withUnsafeBytes { send(socket, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            sockets.append(socket)
        }
    }

    deinit { for socket in sockets { close(socket) } }
}

extension Program {
    /// Seconds of processor time so far.
    func processorTime() throws -> Double {
        let stat = try String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8)
        let fields = stat[(stat.lastIndex(of: ")") ?? stat.startIndex)...].split(separator: " ")
        return Double((Int(fields[12]) ?? 0) + (Int(fields[13]) ?? 0)) / Double(sysconf(Int32(_SC_CLK_TCK)))
    }

    /// The soft limit, from outside.
    func limitDescriptors(to number: Int) throws {
        let tool = Process()
        tool.executableURL = URL(filePath: "/usr/bin/prlimit")
        tool.arguments = ["--pid", "\(pid)", "--nofile=\(number):"]
        try tool.run()
        tool.waitUntilExit()
        #expect(tool.terminationStatus == 0)
    }

    /// The share of one processor it uses while nobody asks it anything.
    func idleLoad() async throws -> Double {
        let before = try processorTime()
        // Nothing opens this gate: two seconds in which a loop that spins shows.
        _ = await Gate().opens(within: .seconds(2))
        return (try processorTime() - before) / 2
    }
}

extension EndToEnd {
    @Suite struct Crowds {
        private static func notice(_ title: String) -> String {
            #"{"town":"042056","kind":"notice","mode":"actual","title":"\#(title)","body":"断水です。"}"#
        }

        @Test("Sixteen hundred silent and half-sent connections keep no tablet out and no warning in")
        func hub() async throws {
            let hook = try await FarEndServer { _ in .answer(200) }
            try await TestHub.with(TownFile(gateway: "http://127.0.0.1:9", hook: hook.url + "/hook"), shell: "ulimit -n 1024;") { hub in
                let device = try await hub.enrol()
                let early = try await hub.tablet(device)
                let crowd = SilentCrowd()
                crowd.add(1600, to: hub.port)
                let late = try await hub.tablet(try await hub.enrol())
                let alert = try await hub.push(Self.notice("断水"))
                await hook.arrived(1)
                try await eventually("both are told") { early.text.contains(alert.id) && late.text.contains(alert.id) }
                crowd.add(400, to: hub.port)
                #expect(!early.isClosed && !late.isClosed, "who is known is not pushed out")
                #expect(try await hub.program.idleLoad() < 0.5)
                let gauges = try await hub.call("GET", "/metrics").text
                #expect(gauges.firstMatch(of: #/noroshi_connections_pushed_out_total [1-9]/#) != nil, "\(gauges)")
                #expect(hub.program.errors.contains("the longest silent stranger was pushed out"))
                try await eventually("they are let go of by their deadlines", within: .seconds(40)) {
                    let text = try await hub.call("GET", "/metrics").text
                    return text.firstMatch(of: #/noroshi_connections ([0-9]+)/#).flatMap { Int($0.1) }.map { $0 < 10 } ?? false
                }
                #expect(!early.isClosed && !late.isClosed)
            }
        }

        @Test("A hub without any descriptor left does not stop listening, nor does it spin")
        func none() async throws {
            try await TestHub.with(TownFile(gateway: "http://127.0.0.1:9")) { hub in
                let line = try await hub.tablet(try await hub.enrol())
                let open = try FileManager.default.contentsOfDirectory(atPath: "/proc/\(hub.program.pid)/fd").count
                try hub.program.limitDescriptors(to: open + 4)
                let crowd = SilentCrowd()
                crowd.add(200, to: hub.port)
                try await eventually("it has noticed") { hub.program.errors.contains("no descriptors left") }
                #expect(try await hub.program.idleLoad() < 0.5)
                let late = try await hub.tablet(try await hub.enrol())
                try hub.program.limitDescriptors(to: 1000)
                let alert = try await hub.push(Self.notice("断水"))
                try await eventually("both are told") { line.text.contains(alert.id) && late.text.contains(alert.id) }
            }
        }

        @Test("Four files of a hundred thousand sentences and twenty readers of feed and gauges keep no order waiting")
        func files() async throws {
            let hook = try await FarEndServer { _ in .answer(200) }
            try await TestHub.with(TownFile(gateway: "http://127.0.0.1:9", hook: hook.url + "/hook")) { hub in
                let line = "$QZQSM,55," + String(repeating: "0", count: 63) + "*00\n"
                let file = Array(String(repeating: line, count: 100_000).utf8)
                try await withThrowingTaskGroup(of: HTTPAnswer?.self) { group in
                    for number in 0..<4 {
                        group.addTask { try await hub.call("POST", "/v1/bulletins", file + Array("# \(number)\n".utf8), type: "text/plain") }
                    }
                    for number in 0..<20 {
                        group.addTask {
                            for _ in 0..<5 {
                                let path = number % 2 == 0 ? "/metrics" : "/v1/towns/042056/alerts.atom"
                                let status = try await hub.call("GET", path).status
                                #expect(status == 200)
                            }
                            return nil
                        }
                    }
                    _ = try await hub.push(Self.notice("避難"))
                    await hook.arrived(1)
                    for try await answer in group {
                        guard let answer else { continue }
                        #expect(answer.status == 422 && answer.text.contains("一時間分ほどに分けて"), "\(answer.status) \(answer.text)")
                    }
                }
                let status = try String(contentsOfFile: "/proc/\(hub.program.pid)/status", encoding: .utf8)
                let peak = status.firstMatch(of: #/VmHWM:\s+(\d+) kB/#).flatMap { Int($0.1) } ?? 0
                #expect(peak < 700_000, "\(peak) kB")
            }
        }

        @Test("An edge under sixteen hundred silent and half-sent connections passes on to tablets what the hub says")
        func edge() async throws {
            let folder = try TestHub.newFolder()
            try await TestHub.with(TownFile(gateway: "http://127.0.0.1:9")) { hub in
                let edge = try await TestEdge.start(hub: hub.port, in: folder, code: try await hub.edgeCode(), shell: "ulimit -n 1024;")
                defer { edge.program.signal(SIGKILL) }
                let device = try await hub.enrol()
                try await eventually("the edge knows the tablet") { try await edge.knows(device.token) }
                let crowd = SilentCrowd()
                crowd.add(1600, to: edge.port)
                let tablet = try await edge.tablet(device.token)
                let alert = try await hub.push(Self.notice("断水"))
                try await eventually("told: \(tablet.text)") { tablet.text.contains(alert.id) }
                #expect(try await edge.call("GET", "/tablet/").status == 200)
                #expect(try await edge.program.idleLoad() < 0.5)
                #expect(!tablet.isClosed)
            }
            try? FileManager.default.removeItem(at: folder)
        }
    }
}
