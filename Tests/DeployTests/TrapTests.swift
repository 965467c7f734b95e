import Foundation
import Testing

/// `Tests/traps/find` is part of `make check`; here it is run, and run against code that it must not let pass.
@Suite("Operations that may trap have a reason")
struct TrapTests {
    private static let script = package.appending(path: "Tests/traps/find").path

    @Test("In every room that reads from outside")
    func house() throws {
        guard let heard = try said("python3", [Self.script]) else { return }
        #expect(heard.code == 0, "\(heard.text)")
    }

    @Test("The finder finds what ended the hub, and its kind", arguments: [
        #"let tag = wish.split(separator: ";")[0].lowercased()"#, "let a = octets[4]", "let a = text!", "let a = try! read()", "let a = b as! C",
        "let n = UInt8(length)", "let n = Int(seconds * 1000)", "let p = text.prefix(count)", "let p = text.dropFirst(said)", "let s = octets[a..<b]",
        "var o = [UInt8](repeating: 0, count: length)", "queue.removeFirst()", "let h = number % buckets", "precondition(length < 10)",
        "let d = Dictionary(uniqueKeysWithValues: pairs)", "for i in low...high { take(i) }", "let i = text.index(start, offsetBy: n)",
    ])
    func finds(line: String) throws {
        guard let heard = try run("func f() {\n    \(line)\n}\n") else { return }
        #expect(heard.code == 1, "\(line)")
        let reasoned = try run("func f() {\n    // Never more than there are, by the guard above.\n    \(line)\n}\n")
        #expect(reasoned?.code == 0, "\(line): \(reasoned?.text ?? "")")
    }

    @Test("It lets pass what cannot trap", arguments: [
        #"let tag = wish.split(separator: ";").first ?? """#, #"let n = UInt8(text, radix: 16)"#, "let n = UInt8(truncatingIfNeeded: length)",
        "guard let n = Int(text) else { return nil }", "let p = text.prefix(10)", "let a = known[\"name\"]", "let a: [UInt8] = []", "if a != b { c() }",
        "let i = list.firstIndex(of: x)", "while let last = line.last, last == 0x0A { line.removeLast() }", "let x = a > b ? !c : !d",
    ])
    func passes(line: String) throws {
        guard let heard = try run("func f() {\n    \(line)\n}\n") else { return }
        #expect(heard.code == 0, "\(heard.text)")
    }

    private func run(_ code: String) throws -> (code: Int32, text: String)? {
        let file = FileManager.default.temporaryDirectory.appending(path: "trap-\(UUID().uuidString).swift")
        try Data(code.utf8).write(to: file)
        defer { try? FileManager.default.removeItem(at: file) }  // only a temporary file
        return try said("python3", [Self.script, file.path])
    }
}
