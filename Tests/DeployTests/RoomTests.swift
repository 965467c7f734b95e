import Foundation
import Testing

/// Package.swift as text: its rooms, and which each stands on. The builder itself does not mind an import that is not said there.
private struct Rooms {
    let own: [String: Set<String>]

    init() throws {
        let manifest = try String(contentsOf: package.appending(path: "Package.swift"), encoding: .utf8)
        var blocks: [String: String] = [:]
        for start in manifest.ranges(of: "        room(") {
            let rest = manifest[start.upperBound...]
            var depth = 1
            let end = rest.firstIndex { letter in
                depth += letter == "(" ? 1 : letter == ")" ? -1 : 0
                return depth == 0
            }
            let block = String(rest[..<(end ?? rest.endIndex)])
            if let name = block.firstMatch(of: #/"(\w+)"/#)?.1 { blocks[String(name)] = block }
        }
        let names = Set(blocks.keys)
        own = blocks.reduce(into: [:]) { own, room in
            // What stands in a package of others is none of our rooms, whatever its name.
            let said = room.value.replacing(#/\.product\([^)]*\)/#, with: "")
            var used = Set(said.matches(of: #/"(\w+)"/#).map { String($0.1) }).intersection(names)
            if said.contains(#/\bkit\b/#) { used.formUnion(["AlertModel", "ChannelKit"]) }
            own[room.key] = used.subtracting([room.key])
        }
    }

    /// All that is built before it.
    func under(_ room: String) -> Set<String> {
        var found: Set<String> = []
        var open = [room]
        while let next = open.popLast() {
            for name in own[next] ?? [] where found.insert(name).inserted { open.append(name) }
        }
        return found
    }
}

@Suite("Which way the doors between rooms open")
struct RoomTests {
    @Test("An edge is built without a hub: nothing that decides, sends or knows people stands under Relay")
    func relay() throws {
        let rooms = try Rooms()
        #expect(rooms.own.count > 25)
        for room in ["Relay", "Tablets", "Serving"] {
            let under = rooms.under(room)
            #expect(under.isDisjoint(with: ["Hub", "HubAPI", "Desk", "Dispatching", "Targeting", "Rendering", "Lifecycle", "Ingest", "Memories"]), "\(room): \(under.sorted())")
        }
        #expect(rooms.under("Relay").isSuperset(of: ["Tablets", "Serving", "Streams", "Devices", "Web"]))
        #expect(rooms.under("HubAPI").isSuperset(of: ["Tablets", "Serving", "Hub"]))
    }

    @Test("A room imports those rooms that Package.swift says it stands on, and no other")
    func imports() throws {
        let rooms = try Rooms()
        for (room, own) in rooms.own {
            let folder = package.appending(path: "Sources/\(room)")
            let files = FileManager.default.enumerator(at: folder, includingPropertiesForKeys: nil)?.compactMap { $0 as? URL } ?? []
            for file in files where file.pathExtension == "swift" {
                let text = try String(contentsOf: file, encoding: .utf8)
                let used = Set(text.matches(of: #/(?m)^(?:\w+ )?import (\w+)$/#).map { String($0.1) }).intersection(rooms.own.keys)
                #expect(used.subtracting([room]).isSubset(of: own), "\(room)/\(file.lastPathComponent): \(used.subtracting(own).sorted())")
            }
        }
    }

    @Test("Whoever speaks HTTP asks the hub, and neither its lines, nor what decides, nor the record")
    func questions() throws {
        let own = try #require(try Rooms().own["HubAPI"])
        #expect(own.isDisjoint(with: ["Dispatching", "Targeting", "Ledger", "LedgerStore", "Rendering", "Lifecycle"]), "\(own.sorted())")
    }

    @Test("The arrows in ARCHITECTURE.md are those of Package.swift")
    func picture() throws {
        let rooms = try Rooms()
        let text = try String(contentsOf: package.appending(path: "ARCHITECTURE.md"), encoding: .utf8)
        let drawing = try #require(text.components(separatedBy: "## Which way the doors open").last?.components(separatedBy: "```").dropFirst().first)
        var seen = 0
        for arrow in drawing.matches(of: #/(\w+(?:, \w+)*) ──▶ (\w+(?:, \w+)*)/#) {
            for from in arrow.1.components(separatedBy: ", ") {
                for to in arrow.2.components(separatedBy: ", ") {
                    guard let own = rooms.own[from], rooms.own[to] != nil else { continue }
                    seen += 1
                    #expect(own.contains(to), "\(from) ──▶ \(to)")
                }
            }
        }
        for arrow in drawing.matches(of: #/(\w+) ◀── (\w+(?:, \w+)*)/#) {
            for from in arrow.2.components(separatedBy: ", ") where rooms.own[from] != nil {
                seen += 1
                #expect(rooms.own[from]?.contains(String(arrow.1)) == true, "\(from) ──▶ \(arrow.1)")
            }
        }
        #expect(seen > 20)
    }
}
