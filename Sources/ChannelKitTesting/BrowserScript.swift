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
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["python3", "-m", "unittest", "-q", script]
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        process.currentDirectoryURL = package.appending(path: "Tests/browser")
        process.standardError = try FileHandle(forWritingTo: words)
        let status = try await withCheckedThrowingContinuation { (waiter: CheckedContinuation<Int32, any Error>) in
            process.terminationHandler = { waiter.resume(returning: $0.terminationStatus) }
            do { try process.run() } catch { waiter.resume(throwing: error) }
        }
        return (status, try String(contentsOf: words, encoding: .utf8))
    }
}
