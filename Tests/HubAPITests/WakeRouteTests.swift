import AlertModel
import ChannelKit
import Crypto
import Devices
import Foundation
import Hub
import Testing

@testable import HubAPI

@Suite("Devices ask to be woken")
struct WakeRouteTests {
    private static let point = P256.KeyAgreement.PrivateKey().publicKey.x963Representation

    static func wish(
        _ endpoint: String = "https://fcm.googleapis.com/fcm/send/abc:def", key: Data = point, secret: Data = Data(repeating: 3, count: 16), more: String = ""
    ) -> String {
        #"{"endpoint":"\#(endpoint)","keys":{"p256dh":"\#(key.base64URL)","auth":"\#(secret.base64URL)"},"language":"en","page":"https://hub.example.jp/tablet/"\#(more)}"#
    }

    private func tablet(_ house: House, at site: String = "school") async throws -> (id: String, token: String) {
        func found(_ text: String, _ key: String) -> String { text.components(separatedBy: "\"\(key)\":\"").dropFirst().first.map { String($0.prefix { $0 != "\"" }) } ?? "" }
        let code = found(try await house.call("POST", "/v1/devices/invitations", #"{"site":"\#(site)"}"#).body, "code")
        let made = try await house.call("POST", "/v1/devices", #"{"code":"\#(code)","name":"a"}"#, token: nil).body
        return (found(made, "device_id"), found(made, "token"))
    }

    private func topic(_ site: String = "school") throws -> StreamTopic { StreamTopic(town: try #require(TownID(House.town)), site: site) }

    @Test("A device asks, is woken in its people's language, and is not any more when it says so")
    func asks() async throws {
        let house = try await House(hasWakes: true), device = try await tablet(house)
        let before = try await house.call("GET", "/v1/wake-ups", token: device.token)
        #expect(before.status == 200 && before.body.contains(#""public_key":"B"#) && !before.body.contains("endpoint"))
        #expect(try await house.call("POST", "/v1/wake-ups", Self.wish(), token: device.token).status == 204)
        let sleeper = try #require(house.wakes.sleepers(at: try topic()).first)
        #expect(sleeper.device == device.id && sleeper.language == .english && sleeper.isForeign && sleeper.page == "https://hub.example.jp/tablet/")
        #expect(sleeper.address == .browser(.init(endpoint: "https://fcm.googleapis.com/fcm/send/abc:def", key: Self.point, secret: Data(repeating: 3, count: 16))))
        let after = try await house.call("GET", "/v1/wake-ups", token: device.token).body
        #expect(after.contains("abc:def") && after.contains(#""language":"en""#))
        #expect(try await house.call("GET", "/v1/devices/\(device.id)").body.contains(#""woken":true"#))
        #expect(!(try await house.call("GET", "/v1/devices/\(device.id)").body.contains("fcm")), "its address is nobody's at the desk")
        #expect(try await house.call("DELETE", "/v1/wake-ups", token: device.token).status == 204)
        #expect(house.wakes.sleepers(at: try topic()).isEmpty)
    }

    @Test("Whoever is revoked or has moved is not woken there any more, and the same browser under another name is woken once")
    func leaves() async throws {
        let house = try await House(hasWakes: true), one = try await tablet(house), two = try await tablet(house)
        for device in [one, two] { #expect(try await house.call("POST", "/v1/wake-ups", Self.wish(), token: device.token).status == 204) }
        #expect(house.wakes.sleepers(at: try topic()).map(\.device) == [two.id])
        #expect(house.wakes.sleepers(at: try topic("eki")).isEmpty)
        #expect(try await house.call("DELETE", "/v1/devices/\(two.id)").status == 204)
        #expect(house.wakes.sleepers(at: try topic()).isEmpty)
        #expect(house.hub.devices.device(id: two.id, of: try topic().town)?.wake == nil)
        #expect(try await house.call("POST", "/v1/wake-ups", Self.wish(), token: two.token).status == 401)
    }

    @Test("What a push service has forgotten is forgotten here, and what the device has said since is not")
    func forgotten() async throws {
        let house = try await House(hasWakes: true), device = try await tablet(house)
        _ = try await house.call("POST", "/v1/wake-ups", Self.wish(), token: device.token)
        let old = try #require(house.wakes.sleepers(at: try topic()).first)
        _ = try await house.call("POST", "/v1/wake-ups", Self.wish("https://fcm.googleapis.com/fcm/send/new"), token: device.token)
        house.wakes.forget(old)
        let new = try #require(house.wakes.sleepers(at: try topic()).first)
        #expect(new.address != old.address)
        house.wakes.forget(new)
        #expect(house.wakes.sleepers(at: try topic()).isEmpty)
    }

    @Test("Nothing private, nothing strange and nothing long is taken for a push service", arguments: [
        "http://fcm.googleapis.com/x", "https://fcm.googleapis.com:8443/x", "https://127.0.0.1/x", "https://localhost/x", "https://10.0.0.1/x", "https://169.254.169.254/latest/meta-data/",
        "https://[::1]/x", "https://fcm.googleapis.com@10.0.0.1/x", "https://fcm.googleapis.com.evil.example/x", "https://evilfcm.googleapis.com/x", "https://push.apple.com/x",
        "https://evil.example/?fcm.googleapis.com", "https://fcm.googleapis.com#@evil.example/", "https://FCM.googleapis.com/x", "https://fcm.googleapis.com\\\\@evil.example/", "ftp://fcm.googleapis.com/x",
        "https://push.town.example:444/x", "http://push.town.example/x", "https://fcm.googleapis.com/" + String(repeating: "a", count: 1_000), "https://fcm.googleapis.com/a b", "https://2130706433/x", "",
    ])
    func walls(endpoint: String) async throws {
        let house = try await House(hasWakes: true), device = try await tablet(house)
        let answer = try await house.call("POST", "/v1/wake-ups", Self.wish(endpoint), token: device.token)
        #expect([400, 422].contains(answer.status), "\(answer.status)")
        #expect(house.wakes.sleepers(at: try topic()).isEmpty)
    }

    @Test("Known push services and the town's own are taken", arguments: [
        ("https://updates.push.services.mozilla.com/wpush/v2/gAAA_-=", true), ("https://web.push.apple.com/QGu", true), ("https://wns2-par02p.notify.windows.com/w/?token=BQYA%2b", true),
        ("https://push.town.example/u/1", false),
    ])
    func taken(endpoint: String, isForeign: Bool) async throws {
        let house = try await House(hasWakes: true), device = try await tablet(house)
        let answer = try await house.call("POST", "/v1/wake-ups", Self.wish(endpoint), token: device.token)
        #expect(answer.status == 204, "\(answer.body)")
        #expect(house.wakes.sleepers(at: try topic()).first?.isForeign == isForeign)
    }

    @Test("Keys that are none are refused by their name", arguments: [
        (Data([4]) + Data(repeating: 1, count: 64), Data(repeating: 3, count: 16), "p256dh"), (Data(repeating: 4, count: 33), Data(repeating: 3, count: 16), "p256dh"),
        (P256.KeyAgreement.PrivateKey().publicKey.x963Representation, Data(repeating: 3, count: 15), "auth"),
    ])
    func keys(key: Data, secret: Data, name: String) async throws {
        let house = try await House(hasWakes: true), device = try await tablet(house)
        let answer = try await house.call("POST", "/v1/wake-ups", Self.wish(key: key, secret: secret), token: device.token)
        #expect(answer.status == 400 && answer.body.contains(name))
        let long = try await house.call("POST", "/v1/wake-ups", Self.wish(more: #","x":"\#(String(repeating: "a", count: 5_000))""#), token: device.token)
        #expect(long.status == 413)
    }

    @Test("Where nothing wakes devices of its place a device hears so, and nobody else is answered")
    func elsewhere() async throws {
        let house = try await House(), device = try await tablet(house)
        let answer = try await house.call("GET", "/v1/wake-ups", token: device.token)
        #expect(answer.status == 200 && answer.body == "{}")
        #expect(try await house.call("POST", "/v1/wake-ups", Self.wish(), token: device.token).status == 404)
        for method in ["GET", "POST", "DELETE"] { #expect(try await house.call(method, "/v1/wake-ups", method == "POST" ? Self.wish() : nil, token: nil).status == 401) }
        let many = try await House(hasWakes: true), busy = try await tablet(many)
        var last = 204
        for _ in 0..<21 { last = try await many.call("POST", "/v1/wake-ups", Self.wish(), token: busy.token).status }
        #expect(last == 429)
    }

    @Test("The town's key lies on the disk for its owner's eyes alone, is the same at the next start, and is never made anew over one that cannot be read")
    func key() throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "noroshi-wakes-\(UUID().uuidString)"), town = try #require(TownID(House.town))
        defer { try? FileManager.default.removeItem(at: folder) }
        func register() throws -> WakeRegister { WakeRegister(devices: DeviceRegister(notebook: Paper()), folder: folder, hosts: try WakeHosts(nil)) }
        let key = try #require(try register().publicKey(of: town))
        #expect(try register().publicKey(of: town) == key)
        let file = folder.appending(path: town.code)
        let mode = try #require(FileManager.default.attributesOfItem(atPath: file.path)[.posixPermissions] as? NSNumber)
        #expect(mode.intValue == 0o600)
        try Data("broken\n".utf8).write(to: file)
        #expect(try register().publicKey(of: town) == nil)
        #expect(try String(contentsOf: file, encoding: .utf8) == "broken\n")
    }

    @Test("An app's token of Apple's is taken where the town has set it up, and is no browser's address")
    func apple() async throws {
        let house = try await House(hasWakes: true), device = try await tablet(house), token = String(repeating: "0a", count: 32)
        for wrong in ["", "0a", String(repeating: "0A", count: 32), String(repeating: "../", count: 22), String(repeating: "0a", count: 101)] {
            #expect(try await house.call("POST", "/v1/wake-ups", #"{"apns_token":"\#(wrong)"}"#, token: device.token).status == 400)
        }
        #expect(try await house.call("POST", "/v1/wake-ups", "{}", token: device.token).status == 400)
        #expect(try await house.call("POST", "/v1/wake-ups", #"{"apns_token":"\#(token)","language":"en"}"#, token: device.token).status == 204)
        #expect(house.wakes.sleepers(at: try topic()).map(\.address) == [.apple(token)])
        #expect(try await house.call("POST", "/v1/wake-ups", Self.wish(more: #","apns_token":"\#(token)""#), token: device.token).status == 400)
        let said = try await house.call("GET", "/v1/wake-ups", token: device.token).body
        #expect(!said.contains("endpoint") && said.contains(#""apns_token":"\#(token)""#) && said.contains(#""apns_topic":"jp.example.city.bosai""#))
        #expect(!(try await house.call("GET", "/v1/devices/\(device.id)").body.contains(token)), "its address is nobody's at the desk")
        let own = try #require(house.hub.devices.device(id: device.id, of: try topic().town))
        let bare = WakeRegister(devices: house.hub.devices, folder: FileManager.default.temporaryDirectory.appending(path: "noroshi-wakes-none"), hosts: try WakeHosts(nil))
        #expect(throws: WakeRefusal.self) { try bare.ask(own, apple: token, language: nil) }
        #expect(bare.sleepers(at: try topic()).isEmpty, "nobody is called by a key that has left the settings")
        // Registered anew, the same app is another device: it is woken once.
        let other = try await tablet(house)
        #expect(try await house.call("POST", "/v1/wake-ups", #"{"apns_token":"\#(token)"}"#, token: other.token).status == 204)
        #expect(house.wakes.sleepers(at: try topic()).map(\.device) == [other.id])
        #expect(try await house.call("DELETE", "/v1/wake-ups", token: other.token).status == 204 && house.wakes.sleepers(at: try topic()).isEmpty)
    }

    @Test("A device that has asked again, by the same address too, is not forgotten for what was said of it before")
    func askedAgain() async throws {
        let house = try await House(hasWakes: true), device = try await tablet(house), wish = #"{"apns_token":"\#(String(repeating: "0a", count: 32))"}"#
        _ = try await house.call("POST", "/v1/wake-ups", wish, token: device.token)
        var old = try #require(house.wakes.sleepers(at: try topic()).first)
        old.asked -= 1
        house.wakes.forget(old)
        let new = try #require(house.wakes.sleepers(at: try topic()).first)
        house.wakes.forget(new)
        #expect(house.wakes.sleepers(at: try topic()).isEmpty)
    }

    @Test("What lies at a device from before there were apps is read, and an app's comes back as it was")
    func kept() throws {
        struct Before: Encodable { var browser: Sleeper.Browser, language: Language, page: String?, asked: Date }
        let browser = Sleeper.Browser(endpoint: "https://push.town.example/u/1", key: Self.point, secret: Data(repeating: 3, count: 16)), now = Date(timeIntervalSince1970: 1_770_000_000)
        let before = try JSONEncoder().encode(Before(browser: browser, language: .english, page: "https://hub.example.jp/tablet/", asked: now))
        let read = try JSONDecoder().decode(WakeAddress.self, from: before)
        #expect(read.address == .browser(browser) && read.language == .english && read.page == "https://hub.example.jp/tablet/" && read.asked == now)
        #expect(try JSONDecoder().decode(WakeAddress.self, from: JSONEncoder().encode(read)) == read)
        var app = read
        (app.address, app.page) = (.apple("0a"), nil)
        #expect(try JSONDecoder().decode(WakeAddress.self, from: JSONEncoder().encode(app)) == app)
    }

    @Test("A list of hosts that cannot be meant is refused", arguments: ["fcm.googleapis.com", "http://push.town.example", "https://a.example/x", "https://u@a.example", "*"])
    func hosts(list: String) { #expect(throws: SettingsError.self) { try WakeHosts(list) } }

    private final class Paper: Notebook {
        func read(_ key: String) -> [UInt8]? { nil }
        func write(_ key: String, _ value: [UInt8]?) {}
        func keys(prefix: String) -> [String] { [] }
    }
}
