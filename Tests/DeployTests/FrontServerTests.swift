/// nginx with the file as shipped, in front of a hub that is a line of its own.
import Foundation
import Glibc
import Synchronization
import Testing

@Suite("nginx in front of the hub", .serialized)
struct FrontServerTests {
    /// The shipped file on ports anybody may have, and behind it a server that answers everything.
    private final class Front {
        let folder: URL
        let file: URL
        let (plain, tls, hub): (Int, Int, Int)
        private let server = Process()

        /// Below where this machine takes the ports of its own calls from, and another three each time: a server before this one may
        /// still be going, and would answer in its place.
        private static let next = Mutex(20_000 + Int(ProcessInfo.processInfo.processIdentifier) % 2_000 * 6)
        private static func ports() -> Int {
            while true {
                let base = next.withLock { port in
                    defer { port = port + 4 < 32_700 ? port + 4 : 20_000 }
                    return port
                }
                if (base...base + 3).allSatisfy(isFree) { return base }
            }
        }
        private static func isFree(_ port: Int) -> Bool {
            let socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
            defer { close(socket) }
            return with(port) { bind(socket, $0, $1) } == 0
        }

        /// - Parameter hasEdge: whether something listens where the portal pages' own server stands.
        init?(hasEdge: Bool = true) throws {
            folder = FileManager.default.temporaryDirectory.appending(path: "noroshi-nginx-\(UUID().uuidString.prefix(8))")
            file = folder.appending(path: "nginx.conf")
            let base = Self.ports()
            (plain, tls, hub) = (base, base + 1, base + 2)
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            guard let made = try said("openssl", [
                "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=x", "-keyout", "\(folder.path)/key.pem", "-out", "\(folder.path)/fullchain.pem",
            ]), made.code == 0 else { return nil }
            let shipped = package.appending(path: "deploy/nginx")
            let own = try String(contentsOf: shipped.appending(path: "noroshi.conf"), encoding: .utf8)
                .replacing("/etc/ssl/noroshi", with: folder.path).replacing("/etc/nginx/noroshi_", with: shipped.path + "/noroshi_")
                // No second protocol where the machine has none.
                .replacing("listen [::]:80 default_server;", with: "").replacing("listen [::]:443 ssl http2;", with: "")
                .replacing("listen 80 ", with: "listen 127.0.0.1:\(plain) ").replacing("listen 443 ", with: "listen 127.0.0.1:\(tls) ")
                .replacing("server 127.0.0.1:8480", with: "server 127.0.0.1:\(hub)").replacing("server 127.0.0.1:8481", with: "server 127.0.0.1:\(hasEdge ? hub : base + 3)")
            let places = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map { "\($0)_temp_path \(folder.path)/\($0);" }.joined(separator: " ")
            // The shipped main file as it is, but for what only root has, and one worker, which has to hold everything alone.
            let main = try String(contentsOf: shipped.appending(path: "nginx.conf"), encoding: .utf8)
            let whole = main
                .replacing("user www-data;", with: "").replacing("worker_processes auto;", with: "worker_processes 1;")
                .replacing("/run/nginx.pid", with: "\(folder.path)/pid").replacing("/var/log/nginx/error.log", with: "\(folder.path)/errors crit")
                .replacing("access_log /var/log/nginx/access.log;", with: "access_log off; \(places)")
                .replacing("include /etc/nginx/modules-enabled/*.conf;", with: "").replacing("include /etc/nginx/conf.d/*.conf;", with: "")
                .replacing("include /etc/nginx/sites-enabled/*;", with: """
                    server { listen 127.0.0.1:\(hub) backlog=4096; location / { return 200 "the hub\\n"; } }
                    \(own)
                    """)
            try Data(whole.utf8).write(to: file)
        }

        func nginx(_ words: String...) throws -> (code: Int32, text: String)? { try said("nginx", ["-p", folder.path, "-c", file.path] + words) }

        /// Statuses of so many calls, up to 200 of them at once.
        func ask(_ count: Int, _ address: String, token: String = "") throws -> [String: Int] {
            let heard = try said("sh", [
                "-c", "curl -sk -Z -H 'Authorization:\(token.isEmpty ? "" : " Bearer " + token)' --parallel-max 200 --parallel-immediate -o /dev/null -w '%{http_code}\\n' '\(address)?n=[1-\(count)]' 2>/dev/null",
            ])
            return Dictionary((heard?.text ?? "").split(separator: "\n").map { (String($0), 1) }, uniquingKeysWith: +)
        }

        /// As a child, and not a daemon: that would hold whatever Foundation listens to for a child's end.
        func start() throws -> Bool {
            guard try nginx("-v") != nil, try said("curl", ["--version"]) != nil else { return false }
            server.executableURL = URL(filePath: "/bin/sh")
            server.arguments = ["-c", "PATH=$PATH:/usr/sbin:/sbin; exec nginx -p '\(folder.path)' -c '\(file.path)' -g 'daemon off;' 2>'\(folder.path)/words'"]
            try server.run()
            let waits = "for i in $(seq 100); do curl -s -o /dev/null http://127.0.0.1:\(hub)/ && exit 0; sleep 0.05; done; exit 1"
            guard try said("sh", ["-c", waits])?.code == 0 else {
                throw NotStarted(words: (try? String(contentsOf: folder.appending(path: "words"), encoding: .utf8)) ?? "")
            }
            return true
        }
        struct NotStarted: Error { let words: String }

        deinit {
            if server.isRunning {
                server.terminate()
                server.waitUntilExit()
            }
            try? FileManager.default.removeItem(at: folder)  // only a temporary folder
        }
    }

    @Test("nginx reads the file as shipped")
    func reads() throws {
        guard let front = try Front(), let heard = try front.nginx("-t") else { return print("skipped: nginx is not installed") }
        #expect(heard.code == 0, "\(heard.text)")
    }

    @Test("Two thousand phones behind one address get their page, over either protocol; so do a carrier's who follow a link", arguments: [
        "https:/spots/eki/", "http:/spots/eki/", "https:/captive-portal/eki", "https:/alerts/20260401-1", "http:/generate_204",
    ])
    func crowd(what: String) throws {
        guard let front = try Front(), try front.start() else { return print("skipped: nginx or curl is not installed") }
        let isPlain = what.hasPrefix("http:")
        let address = "\(isPlain ? "http" : "https")://127.0.0.1:\(isPlain ? front.plain : front.tls)\(what.drop { $0 != "/" })"
        let heard = try front.ask(2000, address)
        #expect(heard == ["200": 2000], "\(heard)")
    }

    @Test("Where no server of portal pages runs, and while it starts again, no phone gets less for it")
    func noEdge() throws {
        guard let front = try Front(hasEdge: false), try front.start() else { return print("skipped: nginx or curl is not installed") }
        for address in ["https://127.0.0.1:\(front.tls)/spots/eki/", "http://127.0.0.1:\(front.plain)/spots/eki/", "http://127.0.0.1:\(front.plain)/generate_204"] {
            let heard = try front.ask(1000, address)
            #expect(heard == ["200": 1000], "\(address): \(heard)")
        }
    }

    @Test("A school's tablets, all at once after a power cut, get their pages; what each then says counts for it alone")
    func school() throws {
        guard let front = try Front(), try front.start() else { return print("skipped: nginx or curl is not installed") }
        let address = "https://127.0.0.1:\(front.tls)"
        // Five hundred of them, with every file of the page.
        let files = try FileManager.default.contentsOfDirectory(atPath: package.appending(path: "Sources/Pages/Tablet").path).count
        let count = 500 * files
        #expect(files > 25)
        let heard = try front.ask(count, address + "/tablet/tablet.js")
        #expect(heard == ["200": count], "\(heard)")
        for token in 1...3 { #expect(try front.ask(200, address + "/v1/catch-up", token: "t-\(token)") == ["200": 200]) }
    }

    @Test("Who asks too much is told 429 and for how long to wait, never 503")
    func tooMuch() throws {
        guard let front = try Front(), try front.start() else { return print("skipped: nginx or curl is not installed") }
        let address = "https://127.0.0.1:\(front.tls)/v1/alerts"
        let counts = try front.ask(1000, address)
        #expect(counts["429", default: 0] > 500 && counts["200", default: 0] >= 200 && counts.count == 2, "\(counts)")
        let head = try #require(try said("sh", ["-c", "curl -sk -i -Z --parallel-max 50 '\(address)?n=[1-300]' 2>/dev/null"])).text.lowercased()
        #expect(head.contains(" 429") && head.contains("retry-after: 2"), "\(head.suffix(600))")
    }

    @Test("Five hundred enrolments, two thirds of them with a wrong code first, and five hundred lines of one school's address, at once")
    func classroom() throws {
        guard let front = try Front(), try front.start() else { return print("skipped: nginx or curl is not installed") }
        let address = "https://127.0.0.1:\(front.tls)"
        #expect(try front.ask(850, address + "/v1/devices") == ["200": 850])
        // And there is an end to it for who guesses.
        let guessed = try front.ask(1500, address + "/v1/devices")
        #expect(guessed["429", default: 0] > 500, "\(guessed)")
        // Each with a token of its own, all at once.
        let call = "curl -sk -o /dev/null -w '%{http_code}\\n' -H 'Authorization: Bearer t-{}' '\(address)/v1/stream'"
        let heard = try said("sh", ["-c", "seq 500 | xargs -P 100 -I{} \(call)"])
        let counts = Dictionary((heard?.text ?? "").split(separator: "\n").map { (String($0), 1) }, uniquingKeysWith: +)
        #expect(counts == ["200": 500], "\(counts)")
    }

    @Test("Three thousand connections that say nothing or half of something keep nobody out")
    func silence() throws {
        guard let front = try Front(), try front.start() else { return print("skipped: nginx or curl is not installed") }
        var crowd: [Int32] = []
        defer { for socket in crowd { close(socket) } }
        for number in 0..<3000 {
            guard let socket = connected(to: number % 2 == 0 ? front.tls : front.plain) else { continue }
            crowd.append(socket)
            let half = Array(["", "GET /spots/eki/ HTTP/1.1\r\nHost: x\r\nX", "\u{16}\u{3}\u{1}"][number % 3].utf8)
            _ = half.withUnsafeBytes { send(socket, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
        }
        #expect(crowd.count == 3000)
        #expect(try front.ask(200, "https://127.0.0.1:\(front.tls)/tablet/") == ["200": 200])
        #expect(try front.ask(200, "http://127.0.0.1:\(front.plain)/spots/eki/") == ["200": 200])
    }

    private func connected(to port: Int) -> Int32? {
        let socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        if with(port, { connect(socket, $0, $1) }) == 0 { return socket }
        close(socket)
        return nil
    }

    @Test("Every server of the shipped file waits no longer than it says, and there are places for a crowd")
    func patience() throws {
        let folder = package.appending(path: "deploy/nginx")
        let conf = try String(contentsOf: folder.appending(path: "noroshi.conf"), encoding: .utf8)
        let servers = conf.split(separator: "\n").filter { $0.contains("listen 80 ") || $0.contains("listen 443 ") }
        #expect(conf.ranges(of: "include /etc/nginx/noroshi_patience.conf;").count == servers.count)
        let patience = try String(contentsOf: folder.appending(path: "noroshi_patience.conf"), encoding: .utf8)
        for word in ["client_header_timeout", "client_body_timeout", "send_timeout", "keepalive_timeout"] { #expect(patience.contains(word + " ")) }
        let main = try String(contentsOf: folder.appending(path: "nginx.conf"), encoding: .utf8)
        #expect(main.contains("worker_connections 16384;") && main.contains("worker_rlimit_nofile 65536;"))
    }

    @Test("What is for nobody outside is not there", arguments: ["/metrics", "/v1/bench/publish"])
    func inside(path: String) throws {
        guard let front = try Front(), try front.start() else { return print("skipped: nginx or curl is not installed") }
        // Loopback may read the gauges; the shipped file names nobody else.
        let conf = try String(contentsOf: package.appending(path: "deploy/nginx/noroshi.conf"), encoding: .utf8)
        #expect(conf.contains("location = /metrics { allow 127.0.0.1; allow ::1; deny all;"))
        #expect(try front.ask(1, "https://127.0.0.1:\(front.tls)\(path)") == [path == "/metrics" ? "200" : "404": 1])
        #expect(try front.ask(1, "http://127.0.0.1:\(front.plain)\(path)") == ["301": 1])
    }
}

/// What a call of the socket library asks for: a port of this machine's own.
private func with(_ port: Int, _ call: (UnsafePointer<sockaddr>, socklen_t) -> Int32) -> Int32 {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = in_port_t(UInt16(port)).bigEndian
    address.sin_addr.s_addr = inet_addr("127.0.0.1")
    return withUnsafePointer(to: &address) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { call($0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
    }
}
