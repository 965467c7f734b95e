import ChannelKitTesting
import Foundation
import Testing

/// Passing a drill to a live far end is no run-time error: it does not compile.
@Suite("Drill and real", .enabled(if: Compiler.isReady, "needs swiftc and the folder of built modules"))
struct ModeTests {
    @Test("The same call with matching modes compiles", arguments: ["Actual", "Exercise"])
    func matching(mode: String) async throws {
        let (isGood, said) = try await Compiler.check(Compiler.delivery(adapter: mode, message: mode, delivery: mode))
        #expect(isGood, "\(said)")
    }

    @Test("A drill does not compile into a live send, nor the reverse", arguments: [
        ("Actual", "Exercise", "Actual"), ("Actual", "Actual", "Exercise"), ("Actual", "Exercise", "Exercise"),
        ("Exercise", "Actual", "Exercise"), ("Exercise", "Exercise", "Actual"), ("Exercise", "Actual", "Actual"),
    ])
    func crossed(adapter: String, message: String, delivery: String) async throws {
        let snippet = Compiler.delivery(adapter: adapter, message: message, delivery: delivery)
        let (isGood, said) = try await Compiler.check(snippet)
        #expect(!isGood)
        #expect(said.contains("cannot convert value of type"), "\(said)")
    }

    @Test("A far end, a message and a delivery cannot change their mode on the way", arguments: [
        "func f(_ end: FarEnd<Exercise>) -> FarEnd<Actual> { end }",
        "func f(_ alert: Alert<Exercise>) -> Alert<Actual> { alert }",
        "func f(_ message: Message<Exercise>) -> Message<Actual> { message }",
        "func f(_ delivery: Delivery<Actual>) -> Delivery<Exercise> { delivery }",
    ])
    func noWayAcross(declaration: String) async throws {
        let (isGood, said) = try await Compiler.check("import AlertModel\nimport ChannelKit\n\(declaration)\n")
        #expect(!isGood)
        #expect(said.contains("cannot convert return expression"), "\(said)")
    }
}

/// The compiler that built the tests, asked about a snippet.
private enum Compiler {
    /// SwiftPM puts the modules beside the test program.
    static let modules = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
        .deletingLastPathComponent().appending(component: "Modules")

    static let program = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":")
        .map { URL(fileURLWithPath: String($0)).appending(component: "swiftc") }
        .first { FileManager.default.isExecutableFile(atPath: $0.path) }

    static var isReady: Bool {
        program != nil
            && FileManager.default.fileExists(atPath: modules.appending(component: "ChannelKit.swiftmodule").path)
    }

    static func delivery(adapter: String, message: String, delivery: String) -> String {
        """
        import AlertModel
        import ChannelKit
        func send(
            _ adapter: some ChannelAdapter<\(adapter)>, _ message: Message<\(message)>,
            _ delivery: Delivery<\(delivery)>
        ) async throws {
            _ = try await adapter.deliver(message, delivery)
        }

        """
    }

    /// Whether it type-checks, and what the compiler said.
    static func check(_ snippet: String) async throws -> (isGood: Bool, said: String) {
        let folder = FileManager.default.temporaryDirectory.appending(component: "noroshi-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let source = folder.appending(component: "snippet.swift"), log = folder.appending(component: "log")
        try Data(snippet.utf8).write(to: source)
        try Data().write(to: log)
        let status = try await ChildProcess.run(
            try #require(program).path, ["-typecheck", "-swift-version", "6", "-package-name", "noroshi", "-I", modules.path, source.path], output: .file(log.path))
        return (status == 0, String(decoding: try Data(contentsOf: log), as: UTF8.self))
    }
}
