import Foundation
import Testing

extension EndToEnd {
    /// Under a shell's limits, as a person starts it.
    @Suite struct Descriptors {
        private func limits(_ program: Program) throws -> (soft: Int, hard: Int) {
            let text = try String(contentsOfFile: "/proc/\(program.pid)/limits", encoding: .utf8)
            let line = try #require(text.split(separator: "\n").first { $0.hasPrefix("Max open files") })
            let numbers = line.split(separator: " ").compactMap { Int($0) }
            return (numbers[0], numbers[1])
        }

        @Test("The hub takes as many descriptors as it may have, and no more than sixty-five thousand", arguments: [
            ("ulimit -Sn 256; ulimit -Hn 2000;", 2000), ("ulimit -Sn 1024;", 65_536),
        ])
        func raised(shell: String, expected: Int) async throws {
            try await TestHub.with(TownFile(gateway: "http://127.0.0.1:9"), shell: shell) { hub in
                let found = try limits(hub.program)
                #expect(found.soft == min(expected, found.hard), "\(found)")
            }
        }
    }
}
