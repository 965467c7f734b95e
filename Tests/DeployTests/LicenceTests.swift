import Foundation
import Testing

/// Held against the tools of those who wrote the specifications, where `Tests/outside/install` could fetch them.
@Suite("Whose work it is")
struct LicenceTests {
    private static let python = package.appending(path: ".build/outside/venv/bin/python").path

    /// Nil where the tool is not there.
    private func outside(_ module: String, _ script: String) throws -> (code: Int32, text: String)? {
        guard let heard = try said("sh", ["-c", "cd '\(package.path)' && test -x '\(Self.python)' && '\(Self.python)' -c 'import \(module)' 2>/dev/null"]), heard.code == 0
        else {
            print("skipped: \(module) is not installed (Tests/outside/install)")
            return nil
        }
        return try said("sh", ["-c", "cd '\(package.path)' && \(script)"])
    }

    @Test("reuse finds a licence and a holder for every file")
    func reuse() throws {
        guard let heard = try outside("reuse", "'\(Self.python)' -m reuse lint --lines") else { return }
        #expect(heard.code == 0, "\(heard.text.suffix(3000))")
    }

    @Test("The bill of materials is CycloneDX 1.5 by its own library, and names every pinned package once")
    func bill() throws {
        guard FileManager.default.fileExists(atPath: package.appending(path: "Package.resolved").path) else {
            return print("skipped: the packages are not resolved here")
        }
        let check = """
            import json, sys
            from cyclonedx.schema import SchemaVersion
            from cyclonedx.validation.json import JsonStrictValidator
            text = sys.stdin.read()
            fault = JsonStrictValidator(SchemaVersion.V1_5).validate_str(text)
            if fault: sys.exit(str(fault))
            names = [part["purl"].split("@")[0] for part in json.loads(text)["components"]]
            pins = json.load(open("Package.resolved"))["pins"]
            wanted = ["pkg:swift/" + pin["location"].removeprefix("https://").removesuffix(".git") for pin in pins]
            wrong = [one for one in wanted if names.count(one) != 1]
            if wrong: sys.exit("not named once: " + ", ".join(wrong))
            """
        let file = FileManager.default.temporaryDirectory.appending(path: "bill-\(UUID().uuidString.prefix(8)).py")
        try check.write(to: file, atomically: true, encoding: .utf8)
        defer { try? FileManager.default.removeItem(at: file) }  // only a temporary file
        guard let heard = try outside("cyclonedx.validation", "deploy/third-parties sbom | '\(Self.python)' '\(file.path)'") else { return }
        #expect(heard.code == 0, "\(heard.text.suffix(3000))")
    }
}
