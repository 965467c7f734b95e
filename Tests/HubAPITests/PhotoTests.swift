import AlertModel
import Chance
import Foundation
import HTTPTypes
import Devices
import Hub
import Ledger
import Synchronization
import Tablets
import Testing

@testable import HubAPI

@Suite("A photograph in a report")
struct PhotoTests {
    /// A JPEG as a telephone writes it: with a place and a time (APP1), a second picture (APP2) and a word of its maker (COM).
    private static func picture(width: Int = 640, height: Int = 480, secrets: Bool = true, octets: Int = 3_000) -> [UInt8] {
        func segment(_ mark: UInt8, _ body: [UInt8]) -> [UInt8] { [0xFF, mark, UInt8((body.count + 2) >> 8), UInt8((body.count + 2) & 0xFF)] + body }
        let secret = secrets ? segment(0xE1, Array("Exif\0\0GPS 38.9072N".utf8)) + segment(0xE2, Array("MPF second".utf8)) + segment(0xFE, Array("my telephone".utf8)) : []
        let frame = segment(0xC0, [8, UInt8(height >> 8), UInt8(height & 0xFF), UInt8(width >> 8), UInt8(width & 0xFF), 1, 1, 0x11, 0])
        return [0xFF, 0xD8] + segment(0xE0, Array("JFIF\0".utf8)) + secret + segment(0xDB, Array(repeating: 1, count: 65)) + frame
            + segment(0xDA, [1, 1, 0, 0, 63, 0]) + Array(repeating: 0x55, count: octets) + [0xFF, 0xD9]
    }

    private struct Scene {
        var house: House
        var folder: URL
        var token: String
    }

    private func scene() async throws -> Scene {
        let folder = FileManager.default.temporaryDirectory.appending(path: "photos-\(UUID().uuidString.prefix(8))")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let house = try await House(hasNeighbour: true, photos: ReportPhotos(in: folder, logger: House.logger))
        let code = try await house.call("POST", "/v1/devices/invitations", #"{"town":"042056","site":"school"}"#)
        let word = try #require(code.body.firstMatch(of: /"code":"([^"]+)"/)?.1)
        let device = try await house.call("POST", "/v1/devices", #"{"code":"\#(word)","name":"a"}"#, token: nil)
        return Scene(house: house, folder: folder, token: String(try #require(device.body.firstMatch(of: /"token":"([^"]+)"/)?.1)))
    }

    private func report(_ scene: Scene, _ picture: [UInt8], _ id: String = "r") async throws -> House.Heard {
        try await scene.house.call("POST", "/v1/reports", #"{"id":"\#(id)","people":3,"photo":"\#(Data(picture).base64EncodedString())"}"#, token: scene.token)
    }

    @Test("The desk sees it as it was sent, less what a camera writes into it; the record has its digest and not its octets; sent twice it is one")
    func kept() async throws {
        let scene = try await scene()
        defer { try? FileManager.default.removeItem(at: scene.folder) }  // only a temporary folder
        for _ in 0..<2 { #expect(try await report(scene, Self.picture()).status == 202) }
        let list = try await scene.house.call("GET", "/v1/reports").body
        let id = String(try #require(list.firstMatch(of: /"id":"([^"]+)"/)?.1))
        #expect(list.contains(#"\"width\":640"#) && list.contains(#"\"sha256\":\""#) && list.utf8.count < 2_000, "\(list)")
        let bare = try #require(ReportPhoto(Self.picture(secrets: false)))
        #expect(ReportPhoto(Self.picture())?.octets == bare.octets && bare.width == 640 && bare.height == 480)
        let seen = try await scene.house.call("GET", "/v1/reports/photo?id=\(id)")
        #expect(seen.status == 200 && seen.headers[.contentType] == "image/jpeg" && seen.headers[.cacheControl] == "no-store")
        let files = try FileManager.default.contentsOfDirectory(atPath: scene.folder.appending(path: "report-photos/042056").path)
        #expect(files.count == 1)
        let file = scene.folder.appending(path: "report-photos/042056/\(files[0])")
        #expect(Array(try Data(contentsOf: file)) == bare.octets)
        #expect(try FileManager.default.attributesOfItem(atPath: file.path)[.posixPermissions] as? Int == 0o600)
        #expect(try await scene.house.call("GET", "/v1/reports/photo?id=\(id)", token: scene.token).status != 200, "a tablet reads none")
        #expect(try await scene.house.call("GET", "/v1/reports/photo?id=other").status == 404)
    }

    @Test("A tablet that has sent pictures for days and is heard at last all at once keeps none of its own short reports back")
    func many() async throws {
        let now = Mutex(Date(timeIntervalSince1970: 1_795_930_320))
        let house = try await House(clock: { now.withLock { $0 } })
        let invited = house.hub.devices.invite(to: "school", of: try #require(TownID(House.town)), by: "desk").code
        let token = try house.hub.devices.enrol(code: invited, publicKey: nil, name: "").token
        let photo = Data(Self.picture(octets: 60_000)).base64EncodedString()
        for number in 0..<60 {
            let heard = try await house.call("POST", "/v1/reports", #"{"id":"p\#(number)","photo":"\#(photo)"}"#, token: token)
            #expect(heard.status == 202, "\(number): \(heard.body)")
            now.withLock { $0 += 10 }
        }
        #expect(try await house.call("POST", "/v1/reports", #"{"id":"water"}"#, token: token).status == 202)
    }

    @Test("It leaves after ninety days and the report stays; where the disk would not, the report says so and is taken")
    func left() async throws {
        let scene = try await scene()
        defer { try? FileManager.default.removeItem(at: scene.folder) }  // only a temporary folder
        #expect(try await report(scene, Self.picture()).status == 202)
        let photos = ReportPhotos(in: scene.folder, logger: House.logger)
        await photos.sweep(now: Date().addingTimeInterval(89 * 86_400))
        let id = String(try #require(try await scene.house.call("GET", "/v1/reports").body.firstMatch(of: /"id":"([^"]+)"/)?.1))
        #expect(try await scene.house.call("GET", "/v1/reports/photo?id=\(id)").status == 200)
        await photos.sweep(now: Date().addingTimeInterval(91 * 86_400))
        let gone = try await scene.house.call("GET", "/v1/reports/photo?id=\(id)")
        #expect(gone.status == 404 && gone.body.contains("90日で消えます"), "\(gone.body)")
        // A file lies where the folder should be.
        try FileManager.default.removeItem(at: scene.folder.appending(path: "report-photos"))  // only a temporary folder
        try Data().write(to: scene.folder.appending(path: "report-photos"))
        #expect(try await report(scene, Self.picture(), "s").status == 202)
        #expect(try await scene.house.call("GET", "/v1/reports").body.contains(#"\"lost\":true"#))
    }

    @Test("What is no small JPEG is refused in words a keeper reads, and a report without one may not be as large", arguments: [
        "x", "", "AAAA", Data(PhotoTests.picture(octets: 66_000)).base64EncodedString(), Data(PhotoTests.picture(width: 4_000)).base64EncodedString(),
        Data(PhotoTests.picture().dropLast(1)).base64EncodedString(), Data([0x89, 0x50, 0x4E, 0x47]).base64EncodedString(),
    ])
    func refused(picture: String) async throws {
        let scene = try await scene()
        defer { try? FileManager.default.removeItem(at: scene.folder) }  // only a temporary folder
        let answer = try await scene.house.call("POST", "/v1/reports", #"{"id":"r","photo":"\#(picture)"}"#, token: scene.token)
        #expect(answer.status == 422 && answer.body.contains("64 KiB までのJPEG") && answer.body.contains(#""field":"photo""#), "\(answer.status) \(answer.body)")
        let long = String(repeating: "あ", count: 6_000)
        #expect(try await scene.house.call("POST", "/v1/reports", #"{"id":"r","note":"\#(long)"}"#, token: scene.token).status == 413)
    }

    @Test("Whatever octets are brought: no trap, and what is taken is a JPEG without a segment that tells of who took it")
    func changed() throws {
        var chance = Dice(seed: 14)
        let good = Self.picture(octets: 40)
        for _ in 0..<4_000 {
            var octets = good
            for _ in 0..<Int.random(in: 1...4, using: &chance) {
                switch Int.random(in: 0..<3, using: &chance) {
                case 0: octets[Int.random(in: 0..<octets.count, using: &chance)] = UInt8.random(in: 0...255, using: &chance)
                case 1: octets.remove(at: Int.random(in: 0..<octets.count, using: &chance))
                default: octets.insert(UInt8.random(in: 0...255, using: &chance), at: Int.random(in: 0..<octets.count, using: &chance))
                }
                if octets.isEmpty { octets = [0] }
            }
            guard let photo = ReportPhoto(octets) else { continue }
            #expect(photo.octets.starts(with: [0xFF, 0xD8]) && photo.octets.count <= octets.count)
            #expect(ReportPhoto(photo.octets) == photo, "once stripped there is nothing more to strip")
        }
    }
}
