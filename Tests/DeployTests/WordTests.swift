import Foundation
import Testing

/// `Tests/words/find` is part of `make check`; here it is run, and run against sentences that it must not let pass.
@Suite("Sentences are Japanese first, in the house's words")
struct WordTests {
    private static let script = package.appending(path: "Tests/words/find").path

    @Test("Every refusal, help line and text of the house")
    func house() throws {
        guard let heard = try said("python3", [Self.script]) else { return }
        #expect(heard.code == 0, "\(heard.text)")
    }

    @Test("The finder finds the next English sentence", arguments: [
        #"throw Problem(.badRequest, "receipts: at most 500 at once")"#, #"throw SettingsError("url: missing; an https address")"#,
        #"throw Refusal("gzip inside gzip")"#, #"@Option(help: "Only this alert.") var alert: String?"#,
        #"throw .rejected("no Japanese text was rendered")"#, #"throw .unavailable("not reached: \(reason)")"#,
        #"report(line, "unknown name “\(name)”")"#, #"throw SettingsError("url: not an address (宛先ではありません)")"#,
        #"TextProblem(rule: "blank", finding: "must not be blank")"#, #"static let c = CommandConfiguration(abstract: "One device.")"#,
    ])
    func finds(line: String) throws {
        guard let heard = try run(line) else { return }
        #expect(heard.code == 1, "\(line)")
    }

    @Test("It lets pass what is Japanese first, and what programs read", arguments: [
        #"throw Problem(.badRequest, "receipts: 一度に500件までです (at most 500 at once)")"#,
        #"throw SettingsError("town \(id): areas: 区域の種類「\(word)」はありません (no such scheme)")"#,
        #"problems.add("districts", "名前のない地区があります", "an empty name")"#, #"logger.warning("not allowed", metadata: [:])"#,
        #"throw refusal("alert/info", "空です (is empty)")"#,
    ])
    func passes(line: String) throws {
        guard let heard = try run(line) else { return }
        #expect(heard.code == 0, "\(heard.text)")
    }

    private func run(_ code: String) throws -> (code: Int32, text: String)? {
        let file = FileManager.default.temporaryDirectory.appending(path: "words-\(UUID().uuidString).swift")
        try Data("func f() {\n    \(code)\n}\n".utf8).write(to: file)
        defer { try? FileManager.default.removeItem(at: file) }  // only a temporary file
        return try said("python3", [Self.script, file.path])
    }
}
