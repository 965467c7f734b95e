import ChannelKitTesting
import FoundationEssentials
import Glibc

/// tshark on the loopback interface: what a third party reads on the wire.
final class WireWatcher {
    static let program = "/usr/bin/tshark"
    static var isInstalled: Bool { FileManager.default.isExecutableFile(atPath: program) }

    private let process: ChildProcess

    /// Watches CBSP to and from `address`.
    init(_ address: String) throws {
        process = try ChildProcess(
            Self.program,
            ["-l", "-i", "lo", "-f", "host \(address) and tcp port 48049", "-d", "tcp.port==48049,cbsp", "-O", "cbsp"],
            output: .lines)
    }

    /// Asked, it ends its capturing child and removes its file.
    deinit { process.end(SIGTERM) }

    /// False when this user may not capture.
    func hasBegun() async -> Bool { await line(with: "Capture started") != nil }

    /// The first line from here on that contains `words`; nil when the capture ends before.
    func line(with words: String) async -> String? { await process.lines?.first { $0.contains(words) } }
}
