/// The built program as a child process: started, listened to, asked to end or killed.
/// Not Foundation's Process, for what `ChildProcess` says.
import ChannelKitTesting
import Foundation
import Glibc
import Synchronization

final class Program: Sendable {
    struct CannotStart: Error { let code: Int32 }

    private struct State {
        var out: [UInt8] = []
        var errors: [UInt8] = []
        var openEnds = 2
        var status: Int32?
    }

    let pid: pid_t
    private let state = Mutex(State())

    /// `.build/debug/noroshi`, beside the test bundle; `NOROSHI_PROGRAM` says another.
    static let path: String = {
        if let said = ProcessInfo.processInfo.environment["NOROSHI_PROGRAM"] { return said }
        var folder = URL(filePath: CommandLine.arguments[0]).resolvingSymlinksInPath()
        for _ in 0..<8 {
            folder.deleteLastPathComponent()
            let program = folder.appending(path: "noroshi").path
            if FileManager.default.isExecutableFile(atPath: program), !isFolder(program) { return program }
        }
        return package.appending(path: ".build/debug/noroshi").path
    }()

    /// The package, found from this file. Links are followed.
    static let package: URL = {
        var url = URL(filePath: #filePath).resolvingSymlinksInPath()
        for _ in 0..<3 { url.deleteLastPathComponent() }
        return url
    }()

    private static func isFolder(_ path: String) -> Bool {
        var isFolder: ObjCBool = false
        return FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) && isFolder.boolValue
    }

    /// - Parameter shell: words of `sh` before the program, as `ulimit -S -f 100;`.
    init(
        _ arguments: [String], environment: [String: String] = [:], input: [UInt8] = [], shell: String? = nil
    ) throws {
        let words = shell.map { ["/bin/sh", "-c", "\($0) exec \"$0\" \"$@\"", Self.path] + arguments }
            ?? [Self.path] + arguments
        let (toChild, fromOut, fromErrors) = (try Pipe.make(), try Pipe.make(), try Pipe.make())
        let inherited = ProcessInfo.processInfo.environment.filter { !$0.key.hasPrefix("NOROSHI_") }
        pid = try ChildProcess.spawn(
            words, inherited.merging(environment) { $1 }, input: toChild.read, output: fromOut.write, errors: fromErrors.write)
        for end in [toChild.read, fromOut.write, fromErrors.write] { close(end) }
        // Small inputs only: they fit into the pipe.
        _ = input.withUnsafeBytes { write(toChild.write, $0.baseAddress, $0.count) }
        close(toChild.write)
        listen(to: fromOut.read) { $0.out += $1 }
        listen(to: fromErrors.read) { $0.errors += $1 }
    }

    /// Reads on a thread of its own until the other end is closed.
    private func listen(to end: Int32, _ take: @escaping @Sendable (inout State, ArraySlice<UInt8>) -> Void) {
        Thread.detachNewThread { [self] in
            var buffer = [UInt8](repeating: 0, count: 16_384)
            while true {
                let count = read(end, &buffer, buffer.count)
                guard count > 0 else { break }
                state.withLock { take(&$0, buffer[..<count]) }
            }
            close(end)
            state.withLock { $0.openEnds -= 1 }
        }
    }

    var out: String { state.withLock { String(decoding: $0.out, as: UTF8.self) } }
    var errors: String { state.withLock { String(decoding: $0.errors, as: UTF8.self) } }
    var lines: [String] { out.split(separator: "\n").map(String.init) }

    func signal(_ number: Int32) { Glibc.kill(pid, number) }

    /// How it ended: the exit code, or 128 and the signal. Once both its outputs are closed.
    func ended(within limit: Duration = .seconds(30)) async throws -> Int32 {
        try await eventually("the program ends: \(errors.suffix(500))", within: limit) {
            self.poll().map { $0 }
        }
    }

    var isRunning: Bool {
        _ = poll()
        return state.withLock { $0.status == nil }
    }

    private func poll() -> Int32? {
        state.withLock { state in
            if state.status == nil {
                var status: Int32 = 0
                guard waitpid(pid, &status, WNOHANG) == pid else { return nil }
                let number = status & 0x7F
                state.status = number == 0 ? (status >> 8) & 0xFF : 128 + number
            }
            return state.openEnds == 0 ? state.status : nil
        }
    }

    /// As a power cut would end it; returns when it is gone.
    func kill() async throws {
        signal(SIGKILL)
        _ = try await ended()
    }
}

private enum Pipe {
    static func make() throws -> (read: Int32, write: Int32) {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { throw Program.CannotStart(code: errno) }
        return (ends[0], ends[1])
    }
}

extension Program {
    struct Ended: Sendable {
        var code: Int32
        var out: String
        var errors: String
        var lines: [String] { out.split(separator: "\n").map(String.init) }
    }

    /// Runs one command to its end.
    static func run(
        _ arguments: String..., environment: [String: String] = [:], input: [UInt8] = [],
        within limit: Duration = .seconds(60)
    ) async throws -> Ended {
        try await run(arguments, environment: environment, input: input, within: limit)
    }

    static func run(
        _ arguments: [String], environment: [String: String] = [:], input: [UInt8] = [],
        within limit: Duration = .seconds(60)
    ) async throws -> Ended {
        let program = try Program(arguments, environment: environment, input: input)
        do {
            let code = try await program.ended(within: limit)
            return Ended(code: code, out: program.out, errors: program.errors)
        } catch {
            program.signal(SIGKILL)
            throw error
        }
    }
}
