/// Runs a test written for the real browser: one of Tests/browser.
package import Foundation
import Testing

package enum BrowserScript {
    /// Chromium is installed.
    package static let isPossible = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"]
        .contains(where: FileManager.default.isExecutableFile)

    /// How it ended, and what it said. Waiting for the browser holds up no cooperative thread: the other tests of this run
    /// need them. What passed only when it was run once more is a warning of the test that asked for it (`Tests/browser/run.py`).
    package static func run(
        _ script: String, in package: URL, environment: [String: String] = [:]
    ) async throws -> (status: Int32, words: String) {
        let words = FileManager.default.temporaryDirectory.appending(path: "noroshi-\(UUID().uuidString).txt")
        try Data().write(to: words)
        defer { try? FileManager.default.removeItem(at: words) }
        let status = try await ChildProcess.run(
            "/usr/bin/env", ["--chdir", package.appending(path: "Tests/browser").path, "python3", "run.py", script],
            environment: environment, output: .file(words.path))
        let said = try String(contentsOf: words, encoding: .utf8)
        for line in said.split(separator: "\n") where status == 0 && line.hasPrefix("unsteady: ") {
            Issue.record(Comment(rawValue: String(line)), severity: .warning)
        }
        return (status, said)
    }
}
