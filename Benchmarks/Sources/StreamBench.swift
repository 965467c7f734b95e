/// The tablets' stream beside nchan: the same crowd, the same messages, one after the other on the same cores.
import Foundation

struct StreamBench {
    let hub: String
    let streams: Int
    let rounds: Int
    let work: URL
    private static let messages = 20
    private static let octets = 800
    private static let module = "/usr/lib/nginx/modules/ngx_nchan_module.so"

    struct Outcome {
        var last: Double
        var processor: Double
        var idle: Double
    }

    /// Milliseconds to the last stream: the measure for what a bulletin may add.
    func run(_ figures: Figures) throws -> Double {
        var ours: [Outcome] = []
        var peers: [Outcome] = []
        for _ in 1...rounds {
            ours.append(try measure(try startHub(), "/v1/stream?benchmark", "/v1/bench/publish"))
            if let nginx = try startNchan() { peers.append(try measure(nginx, "/sub", "/pub")) }
        }
        if peers.isEmpty { say("nchan is not installed (libnginx-mod-nchan): no peer") }
        report(figures, "stream.last", ours.map(\.last), peers.map(\.last), 1000, "ms")
        report(figures, "stream.processor_per_delivery", ours.map(\.processor), peers.map(\.processor), 1e6, "us")
        report(figures, "stream.idle_resident", ours.map(\.idle), peers.map(\.idle), 1, "KB")
        return ours.map(\.last).median * 1000
    }

    private func report(
        _ figures: Figures, _ name: String, _ ours: [Double], _ peers: [Double], _ scale: Double, _ unit: String
    ) {
        let peer = peers.isEmpty ? nil : peers.median * scale
        figures.add(name, ours.median * scale, unit, peer: peer == nil ? nil : "nchan", peer)
    }

    private func measure(_ server: Server, _ subscribe: String, _ publish: String) throws -> Outcome {
        defer { server.end() }
        let before = server.residentKilobytes
        let crowd = Crowd(port: server.port)
        try crowd.open((0..<streams).map { _ in
            "GET \(subscribe) HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: text/event-stream\r\n\r\n"
        })
        try crowd.drain(seconds: 1.5)
        let idle = (server.residentKilobytes - before) / Double(streams)
        var last: [Double] = []
        let processor = server.processorTime
        for number in 1...Self.messages {
            let needle = "#\(10_000_000 + number)#"
            let filling = String(repeating: "a", count: Self.octets - needle.count - 2)
            let body = Array((filling + needle + "aa").utf8)
            let start = try server.send(
                Server.request("POST", publish, body, type: "application/json", token: nil))
            let heard = try crowd.hear(needle, since: start, limit: 20)
            guard heard.count == streams, let end = heard.last else { throw Trouble("\(heard.count) of \(streams) heard") }
            last.append(end)
            _ = try server.answer()
            try crowd.drain(seconds: 0.2)
        }
        let used = (server.processorTime - processor) / Double(streams * Self.messages)
        return Outcome(last: last.median, processor: used, idle: idle)
    }

    private func startHub() throws -> Server {
        let data = work.appending(path: "stream-\(UUID().uuidString.prefix(8))").path
        return try Server(
            hub, ["serve", "--benchmark", "--data", data, "--templates", "Templates", "--listen", "127.0.0.1:8491"],
            core: Line.serverCore, port: 8491)
    }

    private func startNchan() throws -> Server? {
        guard FileManager.default.fileExists(atPath: Self.module) else { return nil }
        let settings = """
            load_module \(Self.module);
            daemon off; master_process off; pid \(work.path)/nginx.pid; error_log \(work.path)/nginx.log crit;
            worker_rlimit_nofile 60000;
            events { worker_connections 30000; }
            http { access_log off; server { listen 127.0.0.1:8492 backlog=4096;
              location = /sub { nchan_subscriber eventsource; nchan_channel_id c; }
              location = /pub { nchan_publisher; nchan_channel_id c; nchan_message_buffer_length 1; } } }
            """
        let file = work.appending(path: "nginx.conf")
        try Data(settings.utf8).write(to: file)
        return try Server("/usr/sbin/nginx", ["-c", file.path], core: Line.serverCore, port: 8492)
    }
}

/// Which core the servers have, and which the crowd.
enum Line {
    static let serverCore = 0
}
