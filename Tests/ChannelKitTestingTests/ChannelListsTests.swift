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
        let entries = try words(in: "Sources/noroshi/Channels.swift", from: "Entry(", to: "<Actual>.self")
        let listed = try words(in: "Channels/README.md", from: "](", to: "/README.md) | `")
        #expect(targets == folders, "Package.swift")
        #expect(entries == folders, "Sources/noroshi/Channels.swift")
        #expect(listed == folders, "Channels/README.md")
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
