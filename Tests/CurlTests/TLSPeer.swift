// nginx and openssl as peers that know TLS and HTTP/2 better than we could fake them.

import Foundation
import Glibc

/// An nginx on loopback with certificates of its own making, valid for `gateway.example`.
struct TLSPeer: Sendable {
    let folder: URL
    /// HTTP/2 and 1.1, ten streams to a connection.
    let port: UInt16
    /// Asks for a client's certificate.
    let strictPort: UInt16
    /// TLS 1.1 and nothing newer.
    let oldPort: UInt16
    /// `sha256//…` of the server's key.
    let pin: String

    static let nginx = program("nginx")
    static let openssl = program("openssl")
    static var isThere: Bool { nginx != nil && openssl != nil }

    var authorities: String { folder.appending(component: "ca.pem").path }
    var certificate: String { folder.appending(component: "client.pem").path }
    var key: String { folder.appending(component: "client.key").path }

    /// Runs `body` with a peer, and takes it down whatever happens.
    static func with(_ body: (TLSPeer) async throws -> Void) async throws {
        let peer = try await start()
        do {
            try await body(peer)
        } catch {
            try await peer.stop()
            throw error
        }
        try await peer.stop()
    }

    private static func start() async throws -> TLSPeer {
        let folder = FileManager.default.temporaryDirectory.appending(component: "noroshi-tls-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        try await certificates(in: folder)
        let ports = try freePorts(3)
        let file = folder.appending(component: "nginx.conf")
        try configuration(folder.path, ports).write(to: file, atomically: true, encoding: .utf8)
        // It goes into the background once it listens, so that its end is its beginning.
        try await run(nginx, ["-p", folder.path, "-c", file.path, "-e", "\(folder.path)/error.log"])
        let pin = try await pin(in: folder)
        return TLSPeer(folder: folder, port: ports[0], strictPort: ports[1], oldPort: ports[2], pin: pin)
    }

    private func stop() async throws {
        let file = folder.appending(component: "nginx.conf").path
        try await Self.run(Self.nginx, ["-p", folder.path, "-c", file, "-e", "\(folder.path)/error.log", "-s", "stop"])
        // nginx takes its own files away meanwhile, which removing trips over.
        for _ in 0..<5 where (try? FileManager.default.removeItem(at: folder)) != nil { break }
    }

    private static func configuration(_ folder: String, _ ports: [UInt16]) -> String {
        """
        daemon on; worker_processes 1; pid \(folder)/nginx.pid; error_log \(folder)/error.log;
        events { worker_connections 256; }
        http {
          access_log off;
          client_body_temp_path \(folder)/b; proxy_temp_path \(folder)/p; fastcgi_temp_path \(folder)/f;
          uwsgi_temp_path \(folder)/u; scgi_temp_path \(folder)/s;
          ssl_certificate \(folder)/server.pem; ssl_certificate_key \(folder)/server.key;
          http2_max_concurrent_streams 10; keepalive_requests 10000;
          server { listen 127.0.0.1:\(ports[0]) ssl http2; location / { return 200 "$server_protocol"; } }
          server {
            listen 127.0.0.1:\(ports[1]) ssl; ssl_client_certificate \(folder)/ca.pem; ssl_verify_client on;
            location / { return 200 "$ssl_client_s_dn"; }
          }
          server {
            listen 127.0.0.1:\(ports[2]) ssl; ssl_protocols TLSv1.1; ssl_ciphers DEFAULT@SECLEVEL=0;
            location / { return 200 "old"; }
          }
        }

        """
    }

    private static func certificates(in folder: URL) async throws {
        func path(_ name: String) -> String { folder.appending(component: name).path }
        let newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
        try await run(openssl, ["req", "-x509", "-days", "2", "-subj", "/CN=test authority"] + newKey
            + ["-keyout", path("ca.key"), "-out", path("ca.pem")])
        for (name, subject) in [("server", "/CN=gateway.example"), ("client", "/CN=noroshi")] {
            let names = ["-addext", "subjectAltName=DNS:gateway.example"]
            try await run(openssl, ["req", "-x509", "-days", "2", "-subj", subject] + newKey + names
                + ["-CA", path("ca.pem"), "-CAkey", path("ca.key"), "-addext", "basicConstraints=critical,CA:FALSE",
                   "-keyout", path("\(name).key"), "-out", path("\(name).pem")])
        }
    }

    private static func pin(in folder: URL) async throws -> String {
        func path(_ name: String) -> String { folder.appending(component: name).path }
        try await run(openssl, ["pkey", "-in", path("server.key"), "-pubout", "-outform", "der", "-out", path("key.der")])
        try await run(openssl, ["dgst", "-sha256", "-binary", "-out", path("pin"), path("key.der")])
        return "sha256//" + (try Data(contentsOf: folder.appending(component: "pin"))).base64EncodedString()
    }

    private static func freePorts(_ count: Int) throws -> [UInt16] {
        let servers = try (0..<count).map { _ in try LoopbackServer { _ in } }
        defer { for server in servers { server.stop() } }
        return servers.map(\.port)
    }

    private static func program(_ name: String) -> URL? {
        let folders = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":").map(String.init)
        return (folders + ["/usr/sbin"]).map { URL(fileURLWithPath: $0).appending(component: name) }
            .first { FileManager.default.isExecutableFile(atPath: $0.path) }
    }

    struct Failed: Error { let command: String }

    /// Not Foundation's Process: on Linux that waits for a daemon's children too.
    private static func run(_ program: URL?, _ arguments: [String]) async throws {
        let path = program?.path ?? ""
        let status = await withCheckedContinuation { (waiter: CheckedContinuation<Int32, Never>) in
            runThread { waiter.resume(returning: spawn(path, arguments)) }
        }
        guard status == 0 else { throw Failed(command: "\(path) \(arguments.joined(separator: " "))") }
    }

    /// Blocks until the program ends; its exit status, or -1.
    private static func spawn(_ path: String, _ arguments: [String]) -> Int32 {
        var files = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&files)
        defer { posix_spawn_file_actions_destroy(&files) }
        for number: Int32 in 0...2 { posix_spawn_file_actions_addopen(&files, number, "/dev/null", O_RDWR, 0) }
        var words = ([path] + arguments).map { strdup($0) } + [nil]
        defer { for word in words { free(word) } }
        var pid = pid_t(), status: Int32 = 0
        guard posix_spawn(&pid, path, &files, nil, &words, environ) == 0, waitpid(pid, &status, 0) == pid else { return -1 }
        return status == 0 ? 0 : -1
    }
}
