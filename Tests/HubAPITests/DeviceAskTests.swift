import AlertModel
import Desk
import Devices
import Foundation
import HTTPTypes
import Synchronization
import Testing

@testable import Hub
@testable import HubAPI

/// A tablet without a code: it shows one of its own, and a person says for which place.
@Suite("Tablets that ask to be let in")
struct DeviceAskTests {
    private func field(_ answer: House.Heard, _ key: String) throws -> String {
        String(try #require(answer.body.firstMatch(of: try Regex("\"\(key)\":\"([^\"]+)\"", as: (Substring, Substring).self))?.1, "\(answer.body)"))
    }

    private func ask(_ house: House, _ name: String = "体育館", from address: String = "192.0.2.9", token: String? = nil, more: String = "") async throws -> (code: String, secret: String) {
        let asked = try await house.call("POST", "/v1/device-asks", #"{"name":"\#(name)"\#(more)}"#, token: token, from: address)
        #expect(asked.status == 201, "\(asked.body)")
        return (try field(asked, "code"), try field(asked, "secret"))
    }

    private func answer(_ house: House, _ secret: String) async throws -> House.Heard {
        try await house.call("POST", "/v1/device-asks/answer", #"{"secret":"\#(secret)"}"#, token: nil)
    }

    @Test("It waits until a person has typed what it shows, seen what asks and named a place; then it is in, once, and the same answer comes again where it was lost")
    func approved() async throws {
        let house = try await House()
        let (code, secret) = try await ask(house)
        #expect(code.count == 7)
        #expect(try await answer(house, secret).body.contains("waiting"))
        let seen = try await house.call("POST", "/v1/device-asks/look", #"{"code":"\#(code.lowercased())"}"#)
        #expect(seen.status == 200 && seen.body.contains("体育館") && seen.body.contains("192.0.2.9") && !seen.body.contains(secret), "\(seen.body)")
        #expect(try await answer(house, secret).body.contains("waiting"), "to look is no yes")
        #expect(try await house.call("POST", "/v1/device-asks/approve", #"{"code":"\#(code)","site":"eki"}"#).status == 400, "no place of tablets")
        #expect(try await house.call("POST", "/v1/device-asks/approve", #"{"code":"\#(code)","site":"school","use":"staff"}"#).status == 200)
        #expect(try await house.call("GET", "/v1/devices").body.contains("体育館") == false, "nothing is registered before it comes for it")
        let made = try await answer(house, secret)
        #expect(made.status == 201)
        let token = try field(made, "token")
        #expect(try await house.call("GET", "/v1/catch-up", token: token).status == 200)
        #expect(try field(try await answer(house, secret), "token") == token, "its answer was lost on the way")
        let devices = try await house.call("GET", "/v1/devices").body
        #expect(devices.components(separatedBy: "体育館").count == 2 && devices.contains(#""use":"staff""#), "\(devices)")
        #expect(try await house.call("POST", "/v1/device-asks/approve", #"{"code":"\#(code)","site":"school"}"#).status == 404, "once")
        #expect(try await house.call("GET", "/v1/chronicle?town=\(House.town)&mode=actual").body.contains("番号を見て端末の登録を認めた"))
    }

    @Test("After ten minutes it is over, for the tablet and for who types its number; the code opens nothing to who asks, and nothing says why a number is wrong")
    func over() async throws {
        let now = Mutex(Date(timeIntervalSince1970: 1_796_000_000))
        let house = try await House(clock: { now.withLock(\.self) })
        let (code, secret) = try await ask(house)
        #expect(try await answer(house, code).status == 404)
        let wrong = try await house.call("POST", "/v1/device-asks/look", #"{"code":"BBBBBB"}"#)
        now.withLock { $0 += 601 }
        let late = try await house.call("POST", "/v1/device-asks/look", #"{"code":"\#(code)"}"#)
        #expect(late.status == 404 && late.body == wrong.body, "\(late.body) \(wrong.body)")
        #expect(try await answer(house, secret).status == 404)
        #expect(try await house.call("POST", "/v1/device-asks/approve", #"{"code":"\#(code)","site":"school"}"#).body == wrong.body)
    }

    @Test("Who guesses waits, whoever types a right number does not; one address does not fill the list; nobody without the right, or of another town, lets one in")
    func walls() async throws {
        // No allowance comes back while it is counted.
        let moment = Date(timeIntervalSince1970: 1_796_000_000)
        let house = try await House(hasNeighbour: true, clock: { moment })
        let (code, _) = try await ask(house)
        for path in ["look", "approve"] {
            #expect(try await house.call("POST", "/v1/device-asks/\(path)", #"{"code":"\#(code)","site":"school"}"#, token: nil).status == 401)
        }
        #expect(try await house.call("POST", "/v1/device-asks/approve", #"{"code":"\#(code)","town":"042021","site":"ishinomaki-school"}"#).status == 403)
        var last = 0
        for _ in 0..<31 { last = try await house.call("POST", "/v1/device-asks/look", #"{"code":"BBBBBB"}"#).status }
        #expect(last == 429)
        #expect(try await house.call("POST", "/v1/device-asks/look", #"{"code":"\#(code)"}"#).status == 200)
        var refused = 0
        for _ in 0..<62 where try await house.call("POST", "/v1/device-asks", "{}", token: nil, from: "192.0.2.77").status == 429 { refused += 1 }
        #expect(refused == 2)
        _ = try await ask(house, from: "192.0.2.78")
        #expect(try await house.call("POST", "/v1/device-asks", #"{"public_key":"x"}"#, token: nil).status == 400)
    }

    @Test("Who asks and asks from one address has a hundred open at the most: the oldest of its own goes, and nobody else's")
    func room() throws {
        let now = Mutex(Date(timeIntervalSince1970: 1_796_000_000)), asks = DeviceAsks(clock: { now.withLock(\.self) })
        func isOpen(_ secret: String) -> Bool { if case .waiting = asks.answer(to: secret) { true } else { false } }
        let other = try asks.ask(name: "", publicKey: nil, from: "192.0.2.1", site: nil).secret
        var own: [String] = []
        for _ in 0..<110 {
            // As fast as an address may ask.
            if own.count >= 60 { now.withLock { $0 += 2 } }
            own.append(try asks.ask(name: "", publicKey: nil, from: "192.0.2.2", site: nil).secret)
        }
        #expect(own.filter(isOpen).count == 100 && own.suffix(50).allSatisfy(isOpen), "of those that came in the same moment any goes")
        #expect(isOpen(other))
    }

    @Test("Beyond an edge the desk sees from where it asks there; nobody else says so for another")
    func beyond() async throws {
        let house = try await House()
        let invited = try field(try await house.call("POST", "/v1/devices/invitations", #"{"site":"eki","role":"edge"}"#), "code")
        let edge = try field(try await house.call("POST", "/v1/devices", #"{"code":"\#(invited)","role":"edge"}"#, token: nil), "token")
        let near = try await ask(house, token: edge, more: #","from":"10.0.0.5""#)
        let seen = try await house.call("POST", "/v1/device-asks/look", #"{"code":"\#(near.code)"}"#).body
        #expect(seen.contains(#""address":"10.0.0.5""#) && seen.contains(#""site":"eki""#), "\(seen)")
        let liar = try await ask(house, more: #","from":"10.0.0.5""#)
        let told = try await house.call("POST", "/v1/device-asks/look", #"{"code":"\#(liar.code)"}"#).body
        #expect(told.contains(#""address":"192.0.2.9""#) && !told.contains("10.0.0.5") && !told.contains("\"site\""))
    }
}
