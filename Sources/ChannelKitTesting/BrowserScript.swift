/// Runs a test written for the real browser: one of Tests/browser.
package import Foundation

package enum BrowserScript {
    /// Chromium is installed.
    package static let isPossible = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"]
        .contains(where: FileManager.default.isExecutableFile)

    /// How it ended, and what it said. Waiting for the browser holds up no cooperative thread: the other tests of this run
    /// need them.
    package static func run(
        _ script: String, in package: URL, environment: [String: String] = [:]
    ) async throws -> (status: Int32, words: String) {
        let words = FileManager.default.temporaryDirectory.appending(path: "noroshi-\(UUID().uuidString).txt")
        try Data().write(to: words)
        defer { try? FileManager.default.removeItem(at: words) }
        let status = try await ChildProcess.run(
            "/usr/bin/env", ["--chdir", package.appending(path: "Tests/browser").path, "python3", "-m", "unittest", "-q", script],
            environment: environment, output: .file(words.path))
        return (status, try String(contentsOf: words, encoding: .utf8))
    }
}
