import AlertModel
import Bundles
import ChannelKit
import Devices
import Dispatching
import Foundation
import Ledger
import Hub
import Seals
import Tablets
import Testing

@testable import HubAPI
@testable import Streams

/// A town's key on its way to tablets, and what the hub says with it.
@Suite("The town's key over HTTP")
struct KeyRouteTests {
    private func found(_ answer: House.Heard, _ key: String) -> String {
        (try? JSONSerialization.jsonObject(with: Data(answer.body.utf8)) as? [String: Any])?[key] as? String ?? ""
    }

    private func enrolled(_ house: House) async throws -> House.Heard {
        let code = found(try await house.call("POST", "/v1/devices/invitations", #"{"site":"school"}"#), "code")
        return try await house.call("POST", "/v1/devices", #"{"code":"\#(code)","name":"a"}"#, token: nil)
    }

    @Test("The invitation names the key, the desk its fingerprint, and the device hears it when it is enrolled")
    func enrolment() async throws {
        let house = try await House(), key = house.hub.seals.key(of: TownID(House.town)!)
        let invitation = try await house.call("POST", "/v1/devices/invitations", #"{"site":"school"}"#)
        let url = found(invitation, "url"), code = found(invitation, "code").filter { $0 != "-" }
        #expect(url.hasSuffix("/tablet/#\(code).\(key.mark)") && found(invitation, "town_key") == key.fingerprint)
        #expect(found(try await house.call("GET", "/v1/devices"), "town_key") == key.fingerprint)
        // As somebody types all that stands behind the sign.
        let device = try await house.call("POST", "/v1/devices", #"{"code":"\#(code).\#(key.mark)","name":"a"}"#, token: nil)
        #expect(device.status == 201 && found(device, "town_key") == key.text)
    }

    @Test("A new key is the keeper's to make; it is signed by the old one, outlives the run, and stands in the chronicle")
    func change() async throws {
        let ledger = MemoryLedger(), house = try await House(ledger: ledger, hasNeighbour: true), path = "/v1/towns/042056/key"
        let before = try await house.call("GET", path)
        #expect(try await house.call("POST", path, "{}", token: "desk-reader").status >= 401)
        #expect(try await house.call("GET", "/v1/towns/042021/key").status == 403)
        let made = try await house.call("POST", path, #"{"taken_back":true}"#, token: House.root)
        #expect(made.status == 201 && found(made, "key") != found(before, "key"))
        struct Page: Decodable { var keys: [KeyWord] }
        let words = try JSONDecoder().decode(Page.self, from: Data(made.body.utf8)).keys
        #expect(words.count == 2 && words[1].isSigned(by: words[0].key) && words[1].ends != nil)
        #expect(try await House(ledger: ledger).call("GET", path).body == made.body)
        #expect(try await house.call("GET", "/v1/chronicle?mode=actual").body.contains(found(made, "fingerprint")))
    }

    @Test("Who is out hears it with the town's signature, also where it was an older program that took him off")
    func revoked() async throws {
        let house = try await House(), town = TownID(House.town)!
        for isOld in [false, true] {
            let device = try await enrolled(house), id = found(device, "device_id")
            if isOld {
                #expect(house.hub.devices.revoke(id, of: town))
                house.hub.sealRevocations()
            } else {
                #expect(try await house.call("DELETE", "/v1/devices/\(id)").status == 204)
            }
            struct Told: Decodable {
                var device: String
                var seal: RevocationSeal
            }
            let answer = try await house.call("GET", "/v1/catch-up", token: found(device, "token"))
            let told = try JSONDecoder().decode(Told.self, from: Data(answer.body.utf8))
            let octets = Array("noroshi-revoked 1\n{\"device\":\"\(id)\",\"number\":\(told.seal.number),\"town\":\"042056\"}".utf8)
            #expect(answer.status == 401 && told.device == id && house.hub.seals.key(of: town).verifies(told.seal.signature, octets))
            guard case .revoked(id, let seal, _) = house.router.admission().admit(StreamRequest(target: "/v1/stream", token: found(device, "token"))) else {
                Issue.record("it is revoked")
                continue
            }
            #expect(try JSONDecoder().decode(RevocationSeal.self, from: Data(seal ?? [])) == told.seal)
        }
    }

    @Test("A tablet that was told what the town has not signed stands at its place's name until it has not for a while")
    func doubt() async throws {
        let house = try await House(), token = found(try await enrolled(house), "token")
        func attention() async throws -> String { try await house.call("GET", "/v1/attention").body }
        for (word, isSaid) in [("ok", false), ("doubt", true), ("another", false), ("doubt", true), ("unchecked", false)] {
            #expect(try await house.call("POST", "/v1/signs", #"{"signs":[{"seals":"\#(word)"}]}"#, token: token).status == 202)
            await house.hub.askVoices(now: house.hub.clock())
            #expect(try await attention().contains("\"unproven\"") == isSaid, "\(word)")
            let known = try await house.call("GET", "/v1/devices").body
            #expect(known.contains("\"seals\":\"\(word)\"") == (word != "another"))
        }
        _ = try await house.call("POST", "/v1/signs", #"{"signs":[{"seals":"doubt"}]}"#, token: token)
        await house.hub.askVoices(now: house.hub.clock().addingTimeInterval(3600))
        #expect(try await !attention().contains("\"unproven\""))
    }

    @Test("What stands is owed to a place after each change, and to who listens there every five minutes; it is said once")
    func states() async throws {
        let house = try await House(), topic = StreamTopic(town: TownID(House.town)!, site: "school"), stream = house.hub.stream
        func said() -> [String: UInt64]? {
            struct Line: Decodable { var in_force: [String: UInt64] }
            return stream.latest("other/state", in: topic).flatMap { try? JSONDecoder().decode(Line.self, from: Data($0.data)).in_force }
        }
        house.hub.sayStates()
        #expect(said() == nil, "nobody is there and nothing was said")
        let bearing = StreamEvent.Bearing(mode: .actual, gravity: .danger, isOver: false)
        stream.publish(StreamEvent(name: "alert", data: Array("{}".utf8), key: "e", expiresIn: .seconds(600), bearing: bearing, number: 4), to: topic)
        house.hub.sayStates()
        #expect(said() == ["e": 4])
        let first = stream.latest("other/state", in: topic)
        house.hub.sayStates()
        #expect(stream.latest("other/state", in: topic) == first, "it is said")
        stream.publish(StreamEvent(name: "cancel", data: Array("{}".utf8), key: "e", expiresIn: .seconds(600), isRevocation: true, bearing: bearing, number: 5), to: topic)
        house.hub.sayStates()
        #expect(said() == [:])
        #expect(stream.unstated(every: .seconds(300), upTo: 9).isEmpty)
        // An examination that the town has set for this place is said at once, and so is that it was taken back.
        var town = try #require(house.hub.towns[topic.town])
        let exam = Examination(from: house.hub.clock(), until: house.hub.clock().addingTimeInterval(3600)), before = town.endpoints
        func isTold() -> Bool { stream.latest("other/state", in: topic).map { String(decoding: $0.data, as: UTF8.self).contains(#""exams":[{"from":"#) } ?? false }
        town.endpoints.append(Endpoint(id: "school", channel: "tablets", name: "学校", exams: [exam]))
        await house.hub.use(town)
        house.hub.sayStates()
        #expect(isTold())
        town.endpoints = before + [Endpoint(id: "school", channel: "tablets", name: "学校")]
        await house.hub.use(town)
        house.hub.sayStates()
        #expect(!isTold())
        // A town that this hub does not serve has no key here.
        stream.publish(StreamEvent(name: "alert", data: Array("{}".utf8), key: "e", expiresIn: .seconds(600), bearing: bearing), to: StreamTopic(town: TownID("011002")!, site: "x"))
        house.hub.sayStates()
        #expect(stream.latest("other/state", in: StreamTopic(town: TownID("011002")!, site: "x")) == nil)
    }
}
