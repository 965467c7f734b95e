import AlertModel
import Bundles
import Crypto
import Foundation
import HTTPTypes
import Hub
import Synchronization
import Testing

@testable import HubAPI

/// What a minute has changed in a partner town's record, sealed: taken where it goes on from what is held, and nowhere else.
@Suite("Segments of a partner town's copies")
struct HeldSegmentTests {
    private final class Scene: Sendable {
        static let mark = "age-encryption.org/v1\n"
        let folder = FileManager.default.temporaryDirectory.appending(path: "segments-\(UUID().uuidString)")
        let key = OwnPaperKey(), house: House, shelf: HeldCopies
        /// Turned by hand.
        let clock: Clock

        final class Clock: Sendable {
            private let now = Mutex(HeldSegmentTests.day)
            var date: Date { Date(timeIntervalSince1970: TimeInterval(now.withLock { $0 })) }
            func turn(to second: Int) { now.withLock { $0 = second } }
        }

        init(total: Int = 8 << 30) async throws {
            let town = try #require(TownID("042021")), turned = Clock()
            clock = turned
            let clock: @Sendable () -> Date = { turned.date }
            var bounds = HeldCopies.Bounds()
            (bounds.room, bounds.total) = (16 << 20, total)
            shelf = HeldCopies([.init(town: town, name: "石巻市", keys: [key.known])], in: folder, bounds: bounds, clock: clock) { $0.starts(with: Self.mark.utf8) }
            house = try await House(hasNeighbour: true, copies: shelf, clock: clock)
        }
        deinit { try? FileManager.default.removeItem(at: folder) }

        static func digest(_ text: String) -> String { SHA256.hash(data: Data(text.utf8)).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined() }

        func push(_ text: String, _ number: Int, base: Int? = nil, before: String? = nil) async throws -> House.Heard {
            let body = CopySlip.Body(
                sha256: Self.digest(Self.mark + text), octets: (Self.mark + text).utf8.count, number: number, made: Date(timeIntervalSince1970: Double(number)), base: base,
                before: before.map { Self.digest(Self.mark + $0) })
            var head: HTTPFields = [.contentType: "application/octet-stream"]
            head[try #require(HTTPField.Name("Noroshi-Slip"))] = Data(try CopySlip(body, by: key).paper.octets).base64EncodedString()
            return try await house.call("POST", "/v1/copies", Self.mark + text, token: nil, headers: head)
        }

        var files: [String] { ((try? FileManager.default.contentsOfDirectory(atPath: folder.appending(path: "copies-held/042021").path)) ?? []).filter { $0.hasSuffix(".copy") || $0.hasSuffix(".part") }.sorted() }
    }
    fileprivate static let day = 1_796_000_000

    @Test("One that goes on is taken, again is once; one after a gap, of another copy, or before any copy is refused, and a whole copy is asked for")
    func row() async throws {
        let scene = try await Scene(), first = Self.day
        let lone = try await scene.push("a1", first + 1, base: first, before: "a")
        #expect(lone.status == 409 && lone.body.contains("写しを丸ごと送ってください"), "\(lone.body)")
        #expect(try await scene.push("a", first).status == 201)
        #expect(try await scene.push("a1", first + 60, base: first, before: "a").status == 201)
        #expect(try await scene.push("a1", first + 60, base: first, before: "a").body.contains(#""duplicate":true"#))
        for (text, base, before) in [("gap", first, "a"), ("other", first - 5, "a1"), ("strange", first, "nobody")] {
            #expect(try await scene.push(text, first + 120, base: base, before: before).status == 409, "\(text)")
        }
        #expect(try await scene.push("a2", first + 120, base: first, before: "a1").status == 201)
        let list = try await scene.house.call("GET", "/v1/copies", token: House.root).body
        #expect(list.contains(#""segments":2"#) && list.contains(#""held":1"#), "\(list)")
    }

    @Test("A row that outgrows the partner's room ends: a whole copy is asked for, and takes its place")
    func full() async throws {
        let scene = try await Scene(total: 100), first = Self.day
        #expect(try await scene.push("a", first).status == 201)
        #expect(try await scene.push("a1", first + 60, base: first, before: "a").status == 201)
        var before = "a1", last = 201
        for minute in 2..<8 where last == 201 {
            last = try await scene.push("a\(minute)", first + minute * 60, base: first, before: before).status
            before = "a\(minute)"
        }
        #expect(last == 409)
        #expect(try await scene.push("b", first + 3_600).status == 201)
    }

    @Test("A minute each for days is not too often; of the two newest copies the segments stay, of older days the copy alone")
    func leave() async throws {
        let scene = try await Scene()
        for day in 0..<4 {
            let base = Self.day + day * 86_400
            scene.clock.turn(to: base)
            #expect(try await scene.push("day \(day)", base).status == 201)
            var before = "day \(day)"
            // More than the sixty copies of an hour, on one day.
            for minute in 1...(day < 3 ? 3 : 70) {
                scene.clock.turn(to: base + minute * 60)
                let text = "\(day) \(minute)"
                let answer = try await scene.push(text, base + minute * 60, base: base, before: before)
                #expect(answer.status == 201, "\(text): \(answer.body)")
                before = text
            }
        }
        #expect(scene.files.count { $0.hasSuffix(".copy") } == 4)
        #expect(scene.files.count { $0.hasSuffix(".part") } == 73)
        #expect(scene.files.filter { $0.hasSuffix(".part") }.allSatisfy { $0.contains("\(Self.day + 2 * 86_400)") || $0.contains("\(Self.day + 3 * 86_400)") })
    }
}
