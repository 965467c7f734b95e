/// A server under measurement: a child process, what it used of processor and memory, and plain HTTP to it.
import Foundation
import Glibc

final class Server {
    let port: UInt16
    let process: Process
    private var connection: Int32?

    init(_ program: String, _ arguments: [String], core: Int?, port: UInt16) throws {
        self.port = port
        if let socket = try? Crowd.connect(to: port) {
            close(socket)
            throw Trouble("something listens on \(port) already: the hub of a run that was broken off?")
        }
        process = Process()
        process.executableURL = URL(filePath: core == nil ? program : "/usr/bin/taskset")
        process.arguments = core.map { ["-c", "\($0)", program] + arguments } ?? arguments
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        let end = now() + 30
        while now() < end {
            guard process.isRunning else { throw Trouble("\(program) ended with \(process.terminationStatus)") }
            if let socket = try? Crowd.connect(to: port) {
                close(socket)
                return
            }
            usleep(50_000)
        }
        throw Trouble("\(program) does not listen on \(port)")
    }

    /// Seconds until a hub has read its record and takes alerts.
    func ready(within seconds: Double = 60) throws -> Double {
        let start = now()
        while now() < start + seconds {
            _ = try send(Self.request("GET", "/readyz", [], type: "application/json", token: nil))
            if try answer().status == 200 { return now() - start }
            usleep(5_000)
        }
        throw Trouble("the hub on \(port) is not ready after \(seconds) s")
    }

    func end() {
        if let connection { close(connection) }
        connection = nil
        kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
    }

    /// Seconds of processor time of the process so far, in steps of 10 ms.
    var processorTime: Double {
        guard let text = try? String(contentsOfFile: "/proc/\(process.processIdentifier)/stat", encoding: .utf8) else { return 0 }
        let fields = text[(text.lastIndex(of: ")") ?? text.startIndex)...].split(separator: " ")
        return fields.count > 13 ? (Double(fields[12]) ?? 0) / 100 + (Double(fields[13]) ?? 0) / 100 : 0
    }

    var residentKilobytes: Double {
        guard let text = try? String(contentsOfFile: "/proc/\(process.processIdentifier)/status", encoding: .utf8),
            let line = text.split(separator: "\n").first(where: { $0.hasPrefix("VmRSS:") })
        else { return 0 }
        return line.split(separator: " ").dropFirst().first.flatMap { Double($0) } ?? 0
    }

    // MARK: HTTP

    static func request(_ method: String, _ path: String, _ body: [UInt8], type: String, token: String?) -> [UInt8] {
        var head = "\(method) \(path) HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: \(body.count)\r\nContent-Type: \(type)\r\n"
        if let token { head += "Authorization: Bearer \(token)\r\n" }
        return Array((head + "\r\n").utf8) + body
    }

    /// Writes on the kept connection and returns the moment before the first octet left; `answer()` follows.
    func send(_ request: [UInt8]) throws -> Double {
        let socket = try connection ?? Crowd.connect(to: port)
        connection = socket
        let start = now()
        Crowd.write(request, to: socket)
        return start
    }

    /// Status and body of what was sent last.
    func answer() throws -> (status: Int, body: String) {
        guard let socket = connection else { throw Trouble("nothing was sent") }
        var octets: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = read(socket, &buffer, buffer.count)
            guard count > 0 else { throw Trouble("the server hung up: \(String(decoding: octets, as: UTF8.self))") }
            octets += buffer[..<count]
            guard let end = octets.firstRange(of: Array("\r\n\r\n".utf8)) else { continue }
            let head = String(decoding: octets[..<end.lowerBound], as: UTF8.self).lowercased()
            guard let length = head.firstMatch(of: #/content-length: *(\d+)/#).flatMap({ Int($0.1) }) else {
                throw Trouble("no Content-Length in: \(head)")
            }
            guard octets.count >= end.upperBound + length else { continue }
            let status = head.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
            return (status, String(decoding: octets[end.upperBound...].prefix(length), as: UTF8.self))
        }
    }

    @discardableResult
    func call(_ method: String, _ path: String, _ body: String, token: String?, expecting: Set<Int>) throws -> String {
        _ = try send(Self.request(method, path, Array(body.utf8), type: "application/json", token: token))
        let answer = try answer()
        guard expecting.contains(answer.status) else { throw Trouble("\(method) \(path): \(answer.status) \(answer.body)") }
        return answer.body
    }
}
