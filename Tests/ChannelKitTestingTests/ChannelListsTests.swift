import Foundation
import Testing

/// A channel is a folder and a place in two lists. Who forgets one of them hears it here.
@Suite("The lists of channels")
struct ChannelListsTests {
    private let package = URL(filePath: "/" + #filePath.split(separator: "/").dropLast(3).joined(separator: "/"))

    private func text(_ path: String) throws -> String {
        try String(contentsOf: package.appending(path: path), encoding: .utf8)
    }

    /// What stands between two marks on every line that has both.
    private func words(in path: String, from start: String, to end: String) throws -> Set<String> {
        try Set(text(path).split(separator: "\n").compactMap { line in
            guard let open = line.range(of: start), let close = line[open.upperBound...].range(of: end) else { return nil }
            return String(line[open.upperBound..<close.lowerBound])
        })
    }

    @Test("Folders, Package.swift, Channels.swift and the README agree")
    func agree() throws {
        let folders = Set(try FileManager.default.contentsOfDirectory(atPath: package.path + "/Channels").filter {
            FileManager.default.fileExists(atPath: "\(package.path)/Channels/\($0)/Sources")
        })
        #expect(folders.count >= 6)
        let targets = try words(in: "Package.swift", from: "    (\"", to: "\", [")
        let entries = try words(in: "Sources/noroshi/Channels.swift", from: "ChannelPair(", to: "<Actual>.self")
        let listed = try words(in: "Channels/README.md", from: "](", to: "/README.md) | `")
        #expect(targets == folders, "Package.swift")
        #expect(entries == folders, "Sources/noroshi/Channels.swift")
        #expect(listed == folders, "Channels/README.md")
    }

    /// A comment may give a channel as an example; a line that runs, or that a browser runs, may not.
    private func mentions(_ name: String, _ line: Substring) -> Bool {
        let code = line.drop { $0 == " " }
        guard !code.hasPrefix("//"), !code.hasPrefix("*"), !code.hasPrefix("/*") else { return false }
        return (code.range(of: " // ").map { code[..<$0.lowerBound] } ?? code).contains(name)
    }

    @Test("No room and no page knows a channel by its name: what they need of it is in its manifest")
    func names() throws {
        let manifests = try FileManager.default.contentsOfDirectory(atPath: package.path + "/Channels").flatMap { folder -> [String] in
            let path = "Channels/\(folder)/Sources/\(folder).swift"
            return FileManager.default.fileExists(atPath: package.appending(path: path).path) ? try Array(words(in: path, from: "name: \"", to: "\", title:")) : []
        }
        #expect(manifests.count >= 6)
        // The settings of the demonstration's town name theirs, as any settings do; the night plays the far ends of real channels.
        let spared = try ["noroshi/DemonstrationTown.swift"] + FileManager.default.contentsOfDirectory(atPath: package.path + "/Sources/Night").map { "Night/\($0)" }
        let folder = package.appending(path: "Sources")
        for case let file as String in FileManager.default.enumerator(atPath: folder.path) ?? .init()
        where [".swift", ".js", ".html", ".css"].contains(where: file.hasSuffix) && !spared.contains(file) {
            let lines = try String(contentsOf: folder.appending(path: file), encoding: .utf8).split(separator: "\n")
            for name in manifests {
                // `program` and `webhook` are words, too: only as a channel's name in quotes.
                let found = lines.first { name.contains("-") ? mentions(name, $0) : $0.contains("channel: \"\(name)\"") || $0.contains("channel == \"\(name)\"") }
                #expect(found == nil, "\(file): \(found ?? "")")
            }
        }
    }

    @Test("The core knows no channel by its type")
    func core() throws {
        let types = try words(in: "Package.swift", from: "    (\"", to: "\", [")
        for room in ["AlertModel", "ChannelKit", "Dispatching", "Hub", "HubAPI", "Ledger", "Rendering", "Targeting"] {
            let folder = package.appending(path: "Sources/\(room)")
            for case let file as String in FileManager.default.enumerator(atPath: folder.path) ?? .init()
            where file.hasSuffix(".swift") {
                let lines = try String(contentsOf: folder.appending(path: file), encoding: .utf8).split(separator: "\n")
                for type in types {
                    #expect(!lines.contains { $0.hasSuffix("import \(type)") }, "\(room)/\(file) imports \(type)")
                }
            }
        }
    }
}
