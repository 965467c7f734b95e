import AlertModel
import Bundles
import ChannelKit
import Devices
import Foundation
import HTTPTypes
import Ledger
import Memories
import Seals
import Streams
import Testing

@testable import Hub
@testable import HubAPI

/// A tablet that was carried to another place of its town: what the hub gives that place's edge, and takes from it.
@Suite("Tablets at another place than their own")
struct GuestTests {
    private struct Scene {
        let house: House
        /// Of the spot at the station, where the school's tablet is a guest.
        let edge: (token: String, id: String)
        let tablet: (token: String, id: String)

        init(crowding: Bool? = nil) async throws {
            house = try await House(hasNeighbour: true, crowding: crowding)
            edge = try await Self.enrol(house, "eki", #","role":"edge""#)
            tablet = try await Self.enrol(house, "school", #","name":"ある子の端末","use":"staff","group":"3-2""#)
        }

        static func enrol(_ house: House, _ site: String, _ more: String, town: String = House.town) async throws -> (token: String, id: String) {
            let invited = try await house.call("POST", "/v1/devices/invitations", #"{"town":"\#(town)","site":"\#(site)"\#(more)}"#, token: House.root)
            let code = try #require(invited.body.firstMatch(of: /"code":"([^"]+)"/)?.1, "\(invited.body)")
            let role = more.contains("edge") ? #","role":"edge""# : ""
            let made = try await house.call("POST", "/v1/devices", #"{"code":"\#(code)"\#(role)}"#, token: nil)
            return (String(try #require(made.body.firstMatch(of: /"token":"([^"]+)"/)?.1)), String(try #require(made.body.firstMatch(of: /"device_id":"([^"]+)"/)?.1)))
        }

        func get(_ path: String, _ token: String, unless tag: String? = nil) async throws -> House.Heard {
            try await house.call("GET", path, token: token, headers: tag.map { [.ifNoneMatch: $0] } ?? [:])
        }
    }

    @Test("An edge gets its town's tablets without names, signed by the town, and again only when something has changed; nobody else gets them, and none of another town")
    func register() async throws {
        let scene = try await Scene(), far = try await Scene.enrol(scene.house, "ishinomaki-school", "", town: House.neighbour)
        let heard = try await scene.get("/v1/edge/guests", scene.edge.token)
        #expect(heard.status == 200 && heard.body.contains(scene.tablet.id) && heard.body.contains(DeviceRegister.digest(scene.tablet.token)))
        for word in ["ある子の端末", "3-2", scene.tablet.token, far.id, scene.edge.id] { #expect(!heard.body.contains(word), "\(word)") }
        let town = try #require(TownID(House.town)), keys = [scene.house.hub.seals.key(of: town)]
        #expect(EventSeal.read(Array(heard.body.utf8), as: "register", keys: keys) != nil)
        #expect(EventSeal.read(Array(heard.body.replacing(DeviceRegister.digest(scene.tablet.token), with: DeviceRegister.digest("x")).utf8), as: "register", keys: keys) == nil)
        let tag = try #require(heard.headers[.eTag])
        #expect(try await scene.get("/v1/edge/guests", scene.edge.token, unless: tag).status == 304)
        #expect(try await scene.house.call("DELETE", "/v1/devices/\(scene.tablet.id)", token: House.root).status == 204)
        let later = try await scene.get("/v1/edge/guests", scene.edge.token, unless: tag)
        #expect(later.status == 200 && later.body.contains("revoked_sha256") && later.body.contains("revocation"))
        for path in ["/v1/edge/guests", "/v1/edge/elsewhere"] {
            #expect(try await scene.get(path, far.token).status == 403, "a tablet")
            #expect(try await scene.get(path, House.root).status == 401, "a person")
        }
    }

    @Test("What stands at the other places goes to an edge once, however many places heard it, and again when something is told; what a place is owed is said where a guest of it listens")
    func elsewhere() async throws {
        let scene = try await Scene(), town = try #require(TownID(House.town)), school = StreamTopic(town: town, site: "school")
        let line = #"{"areas":[],"delivery":"A/school","event":"E","gravity":"danger","mode":"actual"}"#
        scene.house.hub.stream.publish(
            StreamEvent(name: "alert", data: Array(line.utf8), key: "E", expiresIn: .seconds(600), bearing: .init(mode: .actual, gravity: .danger, isOver: false)), to: school)
        scene.house.hub.stream.publish(StreamEvent(name: "alert", data: Array(#"{"event":"X"}"#.utf8), key: "X"), to: StreamTopic(town: try #require(TownID(House.neighbour)), site: "ishinomaki-school"))
        let heard = try await scene.get("/v1/edge/elsewhere", scene.edge.token)
        #expect(heard.body.contains("event: alert\ndata: {\"areas\":[],\"event\":\"E\",\"gravity\""), "\(heard.body)")
        let map = try #require(heard.body.firstMatch(of: /event: site\ndata: (.+)/)?.1)
        #expect(map.contains(#""site":"school","told":[{"at":12,"lasts":"#) && map.contains(#""line":0,"piece":"\"delivery\":\"A/school\",""#), "\(map)")
        #expect(!heard.body.contains("\"X\"") && !heard.body.contains("ishinomaki"))
        let tag = try #require(heard.headers[.eTag])
        #expect(try await scene.get("/v1/edge/elsewhere", scene.edge.token, unless: tag).status == 304)
        scene.house.hub.sayStates()
        let stated = try await scene.get("/v1/edge/elsewhere?here=school,ishinomaki-school,none", scene.edge.token, unless: tag)
        #expect(stated.status == 200 && stated.body.contains("event: state"))
        let second = try #require(stated.headers[.eTag])
        scene.house.hub.sayStates()
        #expect(try await scene.get("/v1/edge/elsewhere?here=school", scene.edge.token, unless: second).status == 304, "it was said a moment ago")
    }

    @Test("What a guest tells is kept once under its own device and site, with where it was handed in; it answers for no place, neither as heard nor as full")
    func told() async throws {
        let scene = try await Scene(crowding: true)
        let order = #"{"town":"042056","kind":"shelter","mode":"actual","shelter":"gym","state":"open"}"#
        #expect(try await scene.house.call("POST", "/v1/alerts", order, token: House.root).status == 202)
        for _ in 0..<2 {
            let body = #"{"id":"r","device":"\#(scene.tablet.id)","body":"{\"id\":\"r\",\"people\":5,\"crowding\":\"full\"}"}"#
            #expect(try await scene.house.call("POST", "/v1/reports", body, token: scene.edge.token).status == 202)
        }
        let reports = try await scene.house.call("GET", "/v1/reports?town=042056", token: House.root).body
        #expect(reports.contains(#""site":"school""#) && reports.contains(#""handed_in_at":"eki""#) && reports.contains(#""device":"\#(scene.tablet.id)""#), "\(reports)")
        #expect(reports.components(separatedBy: #""id":"\#(scene.tablet.id)/r""#).count == 2, "once")
        let town = try #require(TownID(House.town))
        let gym = scene.house.hub.standings.table(town, ModeName.actual).shelters.first
        guard case .shelter(let notice) = gym?.state else { throw NoShelter() }
        #expect(notice.state == .open, "a tablet that is elsewhere says nothing of its own shelter")
        let own = #"{"id":"own","people":6}"#
        #expect(try await scene.house.call("POST", "/v1/reports", own, token: scene.tablet.token).status == 202)
        #expect(try await scene.house.call("GET", "/v1/reports?town=042056", token: House.root).body.components(separatedBy: "handed_in_at").count == 2, "only what was")

        let touch = #"{"receipts":[{"id":"t","alert":"A","level":"touched","device":"\#(scene.tablet.id)"}]}"#
        #expect(try await scene.house.call("POST", "/v1/receipts", touch, token: scene.edge.token).status == 202)
        let part = scene.house.hub.ledger.town(town)
        let kept = try await part.receipts(of: AlertID("A"))
        #expect(kept.map(\.endpoint) == ["school"] && kept.map(\.reach) == [.shown], "no other place's edge clears a school: \(kept)")

        #expect(try await scene.house.call("POST", "/v1/signs", #"{"signs":[{"device":"\#(scene.tablet.id)","charge":50,"signed":true}]}"#, token: scene.edge.token).status == 202)
        let device = try #require(scene.house.hub.devices.device(id: scene.tablet.id, of: town))
        let signs = scene.house.hub.devices.signs(of: device.id)
        #expect(signs?.last.elsewhere == "eki" && device.signs != true)
        guard case .gone = scene.house.hub.presence([(device, signs)], now: Date()) else { Issue.record("its own school hears nothing by it"); return }
        #expect(try await scene.house.call("POST", "/v1/signs", #"{"signs":[{"charge":50}]}"#, token: scene.tablet.token).status == 202)
        guard case .there = scene.house.hub.presence([(device, scene.house.hub.devices.signs(of: device.id))], now: Date()) else { Issue.record("it is back"); return }
    }
    private struct NoShelter: Error {}

    @Test("A guest's answer to his school's roll-call is his; nobody speaks so for another town's tablet, and no tablet for another")
    func answers() async throws {
        let scene = try await Scene(), far = try await Scene.enrol(scene.house, "ishinomaki-school", #","use":"pupil""#, town: House.neighbour)
        let pupil = try await Scene.enrol(scene.house, "school", #","name":"14番","use":"pupil""#)
        #expect(try await scene.house.call("POST", "/v1/rollcall", #"{"id":"c"}"#, token: scene.tablet.token).status == 201)
        func say(_ id: String, by token: String) async throws -> Int {
            try await scene.house.call("POST", "/v1/rollcall/answers", #"{"device":"\#(id)","answers":[{"id":"a","state":"hurt","place":"駅"}]}"#, token: token).status
        }
        #expect(try await say(pupil.id, by: scene.edge.token) == 202)
        let seen = try await scene.house.call("GET", "/v1/rollcall", token: scene.tablet.token).body
        #expect(seen.contains(#""hurt":1"#) && seen.contains("駅"), "\(seen)")
        #expect(try await say(far.id, by: scene.edge.token) == 403)
        #expect(try await say(pupil.id, by: scene.tablet.token) == 403)
        for (path, body) in [("/v1/reports", #"{"id":"x","device":"\#(far.id)","body":"{}"}"#), ("/v1/receipts", #"{"id":"x","alert":"A","level":"shown","device":"\#(far.id)"}"#), ("/v1/signs", #"{"signs":[{"device":"\#(far.id)"}]}"#)] {
            #expect(try await scene.house.call("POST", path, body, token: scene.edge.token).status == 403, "\(path)")
        }
    }
}
