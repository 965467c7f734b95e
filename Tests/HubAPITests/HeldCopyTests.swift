import AlertModel
import Bundles
import ChannelKitTesting
import Crypto
import Desk
import Foundation
import HTTPTypes
import Hub
import Hummingbird
import NIOCore
import Synchronization
import Testing

@testable import HubAPI

/// A hub that holds a partner town's sealed copies: taken by their signed slip, never an older one, never too much, and read by nobody here.
@Suite("Sealed copies of a partner town")
struct HeldCopyTests {
    private static let partner = "042021", third = "043231"
    private static let mark = "age-encryption.org/v1\n"

    /// A day that is turned by hand, a folder, and the keys of two towns.
    private final class Scene: Sendable {
        let folder = FileManager.default.temporaryDirectory.appending(path: "held-\(UUID().uuidString)")
        let key = OwnPaperKey(), other = OwnPaperKey(), stranger = OwnPaperKey()
        let house: House
        let shelf: HeldCopies

        init(_ change: (inout HeldCopies.Bounds) -> Void = { _ in }) async throws {
            var bounds = HeldCopies.Bounds()
            bounds.room = 16 << 20
            change(&bounds)
            let town = try #require(TownID(partner)), third = try #require(TownID(third))
            let day = Clock(date: Date(timeIntervalSince1970: 1_796_000_000))
            clock = day
            shelf = HeldCopies(
                [.init(town: town, name: "石巻市", keys: [key.known]), .init(town: third, name: "女川町", keys: [other.known])], in: folder, bounds: bounds,
                clock: { day.date.withLock { $0 } }, isSealed: { $0.starts(with: mark.utf8) })
            house = try await House(hasNeighbour: true, copies: shelf, clock: { day.date.withLock { $0 } })
        }
        deinit { try? FileManager.default.removeItem(at: folder) }

        final class Clock: Sendable {
            let date: Mutex<Date>
            init(date: Date) { self.date = Mutex(date) }
        }
        let clock: Clock
        var now: Int { Int(clock.date.withLock { $0 }.timeIntervalSince1970) }
        func turn(_ seconds: TimeInterval) { clock.date.withLock { $0 += seconds } }

        func slip(_ text: String, _ number: Int, by key: OwnPaperKey? = nil, octets: Int? = nil) throws -> CopySlip {
            let digest = SHA256.hash(data: Data(text.utf8)).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
            return try CopySlip(.init(sha256: digest, octets: octets ?? text.utf8.count, number: number, made: Date(timeIntervalSince1970: Double(number))), by: key ?? self.key)
        }

        func push(_ text: String, _ slip: CopySlip, query: String = "", type: String = "application/octet-stream") async throws -> House.Heard {
            try await house.call("POST", "/v1/copies" + query, text, token: nil, headers: Self.head(slip, type))
        }

        static func head(_ slip: CopySlip, _ type: String = "application/octet-stream") -> HTTPFields {
            var fields: HTTPFields = [.contentType: type]
            fields[.slip] = Data(slip.paper.octets).base64EncodedString()
            return fields
        }

        /// Every file of the shelf, by its way from it.
        var files: [String] {
            let root = folder.appending(path: HeldCopies.folderName)
            return (FileManager.default.enumerator(atPath: root.path)?.compactMap { $0 as? String } ?? []).filter { $0.contains("/") }.sorted()
        }
    }

    @Test("A copy is taken octet for octet with its slip beside it, the same again is once, and it is shown to who keeps the hub, to nobody else, and read by nobody")
    func taken() async throws {
        let scene = try await Scene(), text = Self.mark + String(repeating: "封", count: 400_000), slip = try scene.slip(text, scene.now)
        #expect(try await scene.push("", slip, query: "?dry_run=true").status == 200)
        #expect(scene.files.isEmpty, "a question writes nothing")
        let first = try await scene.push(text, slip)
        #expect(first.status == 201 && first.body.contains(#""town":"042021""#), "\(first)")
        let again = try await scene.push(text, slip)
        #expect(again.status == 200 && again.body.contains(#""duplicate":true"#), "\(again)")
        let file = scene.folder.appending(path: "\(HeldCopies.folderName)/\(Self.partner)/\(slip.fileName)")
        #expect(try Data(contentsOf: file) == Data(text.utf8))
        #expect(try Data(contentsOf: URL(filePath: file.path + ".slip")) == Data(slip.paper.octets))
        #expect(try FileManager.default.attributesOfItem(atPath: file.path)[.posixPermissions] as? Int == 0o600)
        let list = try await scene.house.call("GET", "/v1/copies", token: House.root)
        #expect(list.status == 200 && list.body.contains(#""town_name":"石巻市""#) && list.body.contains(#""proved":true"#) && list.body.contains(slip.body.sha256), "\(list)")
        #expect(list.body.contains(#""held":1"#) && list.body.contains(#""newest_age_s":0"#), "\(list.body)")
        for token in [nil, House.token] as [String?] { #expect([401, 403].contains(try await scene.house.call("GET", "/v1/copies", token: token).status)) }
        let gauges = try await scene.house.call("GET", "/metrics", token: House.root).body
        #expect(gauges.contains(#"noroshi_held_copies{town="042021"} 1.0"#) && gauges.contains(#"noroshi_held_copy_age_seconds{town="042021"} 0.0"#))
        #expect(gauges.contains(#"noroshi_held_copy_age_seconds{town="043231"} -1.0"#))
        for path in ["/v1/copies/1", "/v1/copies/\(slip.fileName)"] { #expect(try await scene.house.call("GET", path, token: House.root).status == 404) }
    }

    @Test("Only a newer number is taken: an older copy, the same number with other octets and an old slip played again are refused, and what is held stays as it is")
    func older() async throws {
        let scene = try await Scene(), text = Self.mark + "new", old = Self.mark + "old"
        let (newer, older) = (try scene.slip(text, scene.now), try scene.slip(old, scene.now - 60))
        #expect(try await scene.push(old, older).status == 201)
        #expect(try await scene.push(text, newer).status == 201)
        let before = scene.files
        for (what, body, slip) in [("played again", old, older), ("older", Self.mark + "x", try scene.slip(Self.mark + "x", scene.now - 1)), ("same number", Self.mark + "y", try scene.slip(Self.mark + "y", scene.now))] {
            for query in ["", "?dry_run=true"] {
                let answer = try await scene.push(body, slip, query: query)
                #expect(answer.status == 409 && answer.body.contains("番号 \(scene.now) の写しを、もう預かっています"), "\(what): \(answer)")
            }
        }
        #expect(scene.files == before)
        // Of another town its own numbers count.
        #expect(try await scene.push(old, try scene.slip(old, scene.now - 3600, by: scene.other)).status == 201)
        // A clock that is wrong by years would shut the door behind it.
        let ahead = try await scene.push(text, try scene.slip(text, scene.now + 10 * 365 * 86_400))
        #expect(ahead.status == 422 && ahead.body.contains("時計"), "\(ahead)")
    }

    @Test("Without a slip 401, of a key that is in no settings 403, a slip that was changed or is no slip of a copy 422; a token opens nothing here, and nothing is written")
    func strangers() async throws {
        let scene = try await Scene(), text = Self.mark + "x", slip = try scene.slip(text, scene.now)
        for token in [nil, House.token, House.root] as [String?] { #expect(try await scene.house.call("POST", "/v1/copies", text, token: token, headers: [.contentType: "application/octet-stream"]).status == 401) }
        let stranger = try await scene.push(text, try scene.slip(text, scene.now, by: scene.stranger))
        #expect(stranger.status == 403 && stranger.body.contains(scene.stranger.known.fingerprint), "\(stranger)")
        var changed = slip.paper.octets
        changed[changed.count - 2] ^= 1
        let paper = try SignedPaper(.receipt, slip.paper.body, by: scene.key)
        let swapped = String(decoding: slip.paper.octets, as: UTF8.self).replacing(scene.key.known.text, with: scene.other.known.text)
        for octets in [changed, paper.octets, Array(swapped.utf8), Array("../../../../etc/passwd".utf8), []] {
            var fields: HTTPFields = [.contentType: "application/octet-stream"]
            fields[.slip] = Data(octets).base64EncodedString()
            let answer = try await scene.house.call("POST", "/v1/copies", text, token: nil, headers: fields)
            #expect([401, 422].contains(answer.status), "\(answer)")
        }
        // A signature is over numbers and a digest: what else might be a path is none.
        for digest in ["../../ledger.sqlite", String(repeating: "A", count: 64)] {
            let body = try CopySlip(.init(sha256: digest, octets: 1, number: scene.now, made: Date()), by: scene.key)
            #expect(try await scene.push("x", body).status == 422)
        }
        #expect(try await House().call("POST", "/v1/copies", text, token: nil, headers: Scene.head(slip)).status == 403, "a hub that holds none")
        #expect(try await scene.push(text, slip, type: "text/plain").status == 415)
        #expect(scene.files.isEmpty)
    }

    @Test("What is cut, changed, too long, unsealed or larger than is taken leaves nothing behind, and the next one is taken")
    func broken() async throws {
        let scene = try await Scene { $0.largest = 1 << 20 }, text = Self.mark + String(repeating: "x", count: 600_000), slip = try scene.slip(text, scene.now)
        for (what, body, status) in [("cut", String(text.dropLast()), 400), ("changed", String(text.dropLast()) + "y", 422), ("longer", text + "y", 422), ("empty", "", 400)] {
            let answer = try await scene.push(body, slip)
            #expect(answer.status == status && answer.body.contains("何も残していません"), "\(what): \(answer)")
            #expect(scene.files.isEmpty, "\(what)")
            // In chunks there is no length that could lie.
            let parts = try await scene.house.stream("/v1/copies", pieces: [body], headers: Scene.head(slip))
            #expect(parts.status == status, "\(what): \(parts)")
            #expect(scene.files.isEmpty, "\(what)")
        }
        let gone = try await scene.house.stream("/v1/copies", pieces: [String(text.prefix(400_000))], headers: Scene.head(slip), fails: true)
        #expect(gone.status == 400 && scene.files.isEmpty, "\(gone)")
        let open = String(repeating: "(µ/ý zstd", count: 10)
        let unsealed = try await scene.push(open, try scene.slip(open, scene.now))
        #expect(unsealed.status == 422 && unsealed.body.contains("封がしてありません") && scene.files.isEmpty, "\(unsealed)")
        let large = try await scene.push(text, try scene.slip(text, scene.now, octets: 2 << 20))
        #expect(large.status == 413 && large.body.contains("1 MiB"), "\(large)")
        #expect(try await scene.house.stream("/v1/copies", pieces: text.map(String.init).chunked(50_000), headers: Scene.head(slip)).status == 201, "piece by piece")
        #expect(scene.files.count == 3)
        // What a kill left goes at the next start; what is held stays.
        let left = scene.folder.appending(path: "\(HeldCopies.folderName)/\(Self.partner)/.new-x")
        try Data("half".utf8).write(to: left)
        _ = HeldCopies([], in: scene.folder, bounds: .init(), clock: { Date() }, isSealed: { _ in true })
        #expect(scene.files.count == 3 && !FileManager.default.fileExists(atPath: left.path))
    }

    @Test("Where the disk has no room but the record's own, or fills while a copy comes, the answer is 507 in words and nothing stays")
    func full() async throws {
        let scene = try await Scene { $0.room = 1 << 60 }, text = Self.mark + "x", slip = try scene.slip(text, scene.now)
        for query in ["", "?dry_run=true"] {
            let answer = try await scene.push(text, slip, query: query)
            #expect(answer.status == 507 && answer.body.contains("預かる側の記録のための空きには手を付けません"), "\(answer)")
        }
        #expect(scene.files.isEmpty)
        // A small disk, and somebody else who writes on it while a copy comes.
        let small = try await Scene()
        try FileManager.default.createDirectory(at: small.folder, withIntermediateDirectories: true)
        guard geteuid() == 0, try await ChildProcess.run("/bin/mount", ["-t", "tmpfs", "-o", "size=20m", "none", small.folder.path]) == 0 else { return }
        let long = Self.mark + String(repeating: "x", count: 2 << 20), coming = try small.slip(long, small.now), partner = try #require(small.shelf.partner(of: coming))
        let taking = try #require(try await small.shelf.begin(coming, of: partner, from: "-").taking)
        try await taking.write(Array(long.utf8.prefix(1 << 20)))
        let rows = small.folder.appending(path: "rows")
        try Data(count: 3 << 20).write(to: rows)
        await #expect(throws: HeldCopies.Refusal.noRoom) { try await taking.write(Array(long.utf8.dropFirst(1 << 20))) }
        await taking.abandon()
        #expect(small.files.isEmpty && small.shelf.free < 1 << 20)
        try FileManager.default.removeItem(at: rows)
        #expect(try await small.push(long, coming).status == 201)
        _ = try await ChildProcess.run("/bin/umount", [small.folder.path])
    }

    @Test("Two of one town at once: the second waits outside, also with the same number, and then it is the same one; other towns come in beside it")
    func atOnce() async throws {
        let scene = try await Scene(), text = Self.mark + "x", slip = try scene.slip(text, scene.now), partner = try #require(scene.shelf.partner(of: slip))
        let (_, taking) = try await scene.shelf.begin(slip, of: partner, from: "-")
        let first = try #require(taking)
        let second = try await scene.push(text, slip)
        #expect(second.status == 503 && second.headers[.retryAfter] == "60" && second.body.contains("1分たってから"), "\(second)")
        #expect(try await scene.push(text, try scene.slip(text, scene.now, by: scene.other)).status == 201)
        try await first.write(Array(text.utf8))
        _ = try await first.finish()
        #expect(try await scene.push(text, slip).status == 200)
        #expect(scene.files.filter { $0.hasPrefix(Self.partner) }.count == 3)
    }

    @Test("Ten thousand small ones of a hub that somebody else took: sixty an hour come in, they spoil one day, and the days before stay; the newest never leaves")
    func flood() async throws {
        let scene = try await Scene { $0.days = 3 }
        var days: [CopySlip] = []
        for day in 0..<4 {
            if day > 0 { scene.turn(86_400) }
            let text = Self.mark + "day \(day)"
            days.append(try scene.slip(text, scene.now))
            #expect(try await scene.push(text, days[day]).status == 201)
        }
        func names() -> [String] { scene.files.filter { $0.hasSuffix(".copy") }.map { String($0.dropFirst(Self.partner.count + 1)) } }
        #expect(names() == days.dropFirst().map(\.fileName), "three days")
        var taken = 1, last = days[3]
        for number in 0..<100 {
            let text = Self.mark + "rubbish \(number)"
            let slip = try scene.slip(text, scene.now + 1 + number), answer = try await scene.push(text, slip)
            #expect([201, 429].contains(answer.status), "\(answer)")
            if answer.status == 201 { (taken, last) = (taken + 1, slip) }
        }
        #expect(taken == 60)
        #expect(names() == [days[1].fileName, days[2].fileName, last.fileName], "one day is spoilt")
        // Larger than all of them may be together: the newest stays alone.
        let small = try await Scene { ($0.largest, $0.total) = (2000, 2500) }
        for day in 0..<2 {
            small.turn(86_400)
            let text = Self.mark + String(repeating: "\(day)", count: 1500)
            #expect(try await small.push(text, try small.slip(text, small.now)).status == 201)
        }
        #expect(small.files.count == 3)
    }

    @Test("When none has come for two days, and when one rots on this disk, somebody here is told; what is well rings nothing")
    func watched() async throws {
        let scene = try await Scene(), text = Self.mark + "x", slip = try scene.slip(text, scene.now)
        #expect(try await scene.push(text, slip).status == 201)
        func attention() async throws -> String {
            _ = try await scene.house.call("GET", "/v1/copies", token: House.root)
            return try await scene.house.call("GET", "/v1/attention", token: House.root).body
        }
        #expect(try await attention().contains(#""topic":"copies""#) == false)
        #expect(try await attention().contains("石巻市の写しを預かっています。最新は11月30日9時53分のもの、1本"))
        scene.turn(2 * 86_400)
        #expect(try await attention().contains("石巻市の写しが届いていません"))
        let next = Self.mark + "y", newer = try scene.slip(next, scene.now)
        #expect(try await scene.push(next, newer).status == 201)
        #expect(try await attention().contains(#""topic":"copies""#) == false)
        scene.turn(8 * 86_400)
        let file = scene.folder.appending(path: "\(HeldCopies.folderName)/\(Self.partner)/\(newer.fileName)")
        try Data((Self.mark + "z").utf8).write(to: file)
        for _ in 0..<2 { await scene.shelf.prove() }
        #expect(try await attention().contains("受け取ったときと違います"))
        #expect(try await scene.house.call("GET", "/v1/copies", token: House.root).body.contains(#""proved":false"#))
    }
}

extension Array {
    fileprivate func chunked(_ count: Int) -> [String] where Element == String {
        stride(from: 0, to: self.count, by: count).map { self[$0..<Swift.min($0 + count, self.count)].joined() }
    }
}
