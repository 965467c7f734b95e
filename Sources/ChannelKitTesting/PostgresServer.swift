import Foundation
import Glibc

/// A PostgreSQL of Debian's in a folder of its own, as nobody in particular: to be asked, frozen, killed and started again. It ends with the
/// process that started it, however that ends.
///
/// It writes without fsync: what a killed server has committed lies in the kernel, and no power fails here.
package final class PostgresServer: Sendable {
    package struct Trouble: Error, CustomStringConvertible { package let description: String }

    /// Where Debian puts its programs; nil where the server is not installed.
    private static let programs: String? = (15...30).map { "/usr/lib/postgresql/\($0)/bin" }.last { access($0 + "/postgres", X_OK) == 0 && access($0 + "/initdb", X_OK) == 0 }
    package static var isInstalled: Bool { programs != nil }

    /// One for all tests of a process that spoil nothing of it.
    package static let shared = Task { try await PostgresServer() }

    private let folder: URL
    package let port: Int
    private let held: HeldPort
    /// Closed when this process ends, and that ends the server.
    private let leash: Int32

    package convenience init() async throws { try await self.init(beginning: #""$2/initdb" -D "$1/data" -U postgres --auth=trust -E UTF8 --locale=C --no-sync"#) }

    /// A standby of this one, which follows it and takes reads alone until it is promoted. From now on a commit waits for it.
    package func standby() async throws -> PostgresServer {
        let other = try await PostgresServer(beginning: #""$2/pg_basebackup" -D "$1/data" -R -X stream -c fast --no-sync -U postgres -h 127.0.0.1 -p \#(port)"#)
        try await psql("ALTER SYSTEM SET synchronous_standby_names = '*'")
        try await psql("SELECT pg_reload_conf()")
        return other
    }

    /// It is the primary from now on, and waits for nobody.
    package func promote() async throws {
        try await psql("SELECT pg_promote()")
        try await psql("ALTER SYSTEM RESET synchronous_standby_names")
        try await psql("SELECT pg_reload_conf()")
    }

    private init(beginning: String) async throws {
        guard let programs = Self.programs else { throw Trouble(description: "no PostgreSQL here") }
        folder = URL.temporaryDirectory.appending(path: "noroshi-postgres-\(UUID().uuidString.prefix(8))")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        held = try HeldPort()
        port = held.number
        var ends: [Int32] = [-1, -1], words: [Int32] = [-1, -1]
        guard pipe(&ends) == 0, pipe(&words) == 0 else { throw Trouble(description: "no pipe") }
        for end in ends + words { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        leash = ends[1]
        // The server refuses to be root's.
        let script = """
            cd /; as=; if [ "$(id -u)" = 0 ]; then chown nobody "$1"; as="setpriv --reuid=nobody --regid=nogroup --clear-groups"; fi
            printf '%s' "$as" >"$1/as"
            $as \(beginning) >"$1/words" 2>&1 \
              && $as "$2/pg_ctl" -D "$1/data" -l "$1/data/log" -o "-k '$1' -p $3 -c listen_addresses=127.0.0.1 -c fsync=off -c max_connections=300 -c autovacuum=off -c shared_buffers=64MB" -w start >>"$1/words" 2>&1 \
              && echo ready || echo failed
            exec >&-
            cat >/dev/null
            $as "$2/pg_ctl" -D "$1/data" -m immediate stop >/dev/null 2>&1
            rm -rf "$1"
            """
        let environment = ProcessInfo.processInfo.environment
        _ = try ChildProcess.spawn(["/bin/sh", "-c", script, "sh", folder.path, programs, "\(port)"], environment, input: ends[0], output: words[1], errors: 2)
        close(ends[0])
        close(words[1])
        let (said, folder) = (words[0], folder)
        let answer = await withCheckedContinuation { (done: CheckedContinuation<String, Never>) in
            Thread.detachNewThread {
                var octets = [UInt8](repeating: 0, count: 100)
                let count = read(said, &octets, octets.count)
                close(said)
                done.resume(returning: String(decoding: octets.prefix(max(0, count)), as: UTF8.self))
            }
        }
        guard answer.hasPrefix("ready") else {
            throw Trouble(description: (try? String(contentsOf: folder.appending(path: "words"), encoding: .utf8)) ?? answer)
        }
    }

    deinit { close(leash) }

    /// As libpq takes it; over loopback, as a database elsewhere would be.
    package func address(_ database: String, role: String, parameters: String = "") -> String {
        "postgresql://\(role)@127.0.0.1:\(port)/\(database)\(parameters)"
    }

    /// What psql prints, as the keeper of the database.
    @discardableResult
    package func psql(_ sql: String, in database: String = "postgres") async throws -> String {
        let name = UUID().uuidString, file = folder.appending(path: "\(name).sql"), output = folder.appending(path: "\(name).out")
        try sql.write(to: file, atomically: true, encoding: .utf8)
        defer { for one in [file, output] { try? FileManager.default.removeItem(at: one) } }
        let code = try await ChildProcess.run(
            "\(Self.programs ?? "")/psql", ["-h", "127.0.0.1", "-p", "\(port)", "-U", "postgres", "-d", database, "-v", "ON_ERROR_STOP=1", "-XAtq", "-f", file.path],
            output: .file(output.path))
        let words = (try? String(contentsOf: output, encoding: .utf8)) ?? ""
        guard code == 0 else { throw Trouble(description: words) }
        return words.trimmingCharacters(in: .whitespacesAndNewlines)
    }

    // MARK: what happens to servers

    /// The postmaster and all that serve.
    private var processes: [pid_t] {
        guard let text = try? String(contentsOf: folder.appending(path: "data/postmaster.pid"), encoding: .utf8),
            let first = text.split(separator: "\n").first.flatMap({ pid_t($0) })
        else { return [] }
        let all = ((try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []).compactMap { pid_t($0) }
        return [first] + all.filter { pid in
            guard let line = try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8), let end = line.lastIndex(of: ")") else { return false }
            return line[end...].split(separator: " ").dropFirst(2).first == "\(first)"
        }
    }

    private func signal(_ signal: Int32) { for pid in processes { _ = Glibc.kill(pid, signal) } }

    /// It keeps its connections and says nothing any more.
    package func freeze() { signal(SIGSTOP) }
    package func wake() { signal(SIGCONT) }

    /// As a machine that dies.
    package func kill() { signal(SIGKILL) }

    package func startAgain() async throws {
        let script = """
            as=$(cat "$1/as"); until $as "$2/pg_ctl" -D "$1/data" -l "$1/data/log" -o "-k '$1' -p $3 -c listen_addresses=127.0.0.1 -c fsync=off -c max_connections=300 -c autovacuum=off" -w start >>"$1/words" 2>&1
            do test -d "$1" || exit 1; done
            """
        let code = try await ChildProcess.run("/bin/sh", ["-c", script, "sh", folder.path, Self.programs ?? "", "\(port)"])
        guard code == 0 else { throw Trouble(description: "does not start again") }
    }

    /// As its keeper ends it.
    package func stop() async throws {
        let script = "$(cat \"$1/as\") \"$2/pg_ctl\" -D \"$1/data\" -m fast -w stop"
        _ = try await ChildProcess.run("/bin/sh", ["-c", script, "sh", folder.path, Self.programs ?? ""])
    }
}
