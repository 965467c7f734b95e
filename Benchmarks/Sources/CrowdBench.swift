/// A hundred thousand streams on one hub: what one costs while nothing happens, the last of a message, and all of them back at once after a
/// line that was cut, each with the event it heard last.
import Foundation
import Glibc

struct CrowdBench {
    let hub: String
    let streams: Int
    let work: URL

    /// - Parameter wanted: streams; fewer where the system gives a process no more open files than that.
    init(hub: String, streams wanted: Int, work: URL) {
        var limit = rlimit()
        getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        streams = min(wanted, Int(clamping: limit.rlim_max) * 3 / 4)
        if streams < wanted { say("  \(streams) streams, not \(wanted): a process may have \(limit.rlim_max) open files here") }
        self.hub = hub
        self.work = work
    }

    private static let port: UInt16 = 8495
    private static let octets = 800

    func run(_ figures: Figures) throws {
        let data = work.appending(path: "crowd").path
        let server = try Server(
            hub, ["serve", "--benchmark", "--data", data, "--templates", "Templates", "--listen", "127.0.0.1:\(Self.port)"],
            core: Line.serverCore, port: Self.port)
        defer { server.end() }
        _ = try server.ready()
        let before = server.residentKilobytes
        var crowd = Crowd(port: Self.port)
        var began = now()
        try crowd.open(heads(after: nil))
        figures.add("crowd.opened", now() - began, "s")
        try crowd.drain(seconds: 3)
        figures.add("crowd.idle_resident", (server.residentKilobytes - before) / Double(streams), "KB")

        // One that says which event it heard.
        let probe = Crowd(port: Self.port)
        try probe.open(heads(after: nil).prefix(1).map(\.self))
        _ = try publish(server, "#first#", to: [probe])
        try crowd.drain(seconds: 2)
        guard let id = probe.text.firstMatch(of: #/id: ?([^\n]+)/#).map({ String($0.1) }) else { throw Trouble("no id in \(probe.text)") }
        let last = try publish(server, "#second#", to: [crowd])
        figures.add("crowd.last", last * 1000, "ms")

        // The line is cut for all of them, and is back.
        crowd = Crowd(port: Self.port)
        usleep(2_000_000)
        let processor = server.processorTime
        began = now()
        let heard = try crowd.come(heads(after: id), hearing: "#second#", limit: 120)
        guard heard == streams else { throw Trouble("\(heard) of \(streams) are back") }
        figures.add("crowd.back", now() - began, "s")
        figures.add("crowd.back.processor", (server.processorTime - processor) / Double(streams) * 1e6, "us")
        figures.add("crowd.resident", server.residentKilobytes / 1000, "MB")
    }

    private func heads(after id: String?) -> [String] {
        let head = "GET /v1/stream?benchmark HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: text/event-stream\r\n"
        return [String](repeating: head + (id.map { "Last-Event-ID: \($0)\r\n" } ?? "") + "\r\n", count: streams)
    }

    /// Seconds to the last of `crowds`.
    private func publish(_ server: Server, _ needle: String, to crowds: [Crowd]) throws -> Double {
        let body = Array((String(repeating: "a", count: Self.octets - needle.count) + needle).utf8)
        let start = try server.send(Server.request("POST", "/v1/bench/publish", body, type: "application/json", token: nil))
        var last = 0.0
        for crowd in crowds {
            let heard = try crowd.hear(needle, since: start, limit: 60)
            guard heard.count == crowd.count, let end = heard.last else { throw Trouble("\(heard.count) of \(crowd.count) heard") }
            last = max(last, end)
        }
        _ = try server.answer()
        return last
    }
}
