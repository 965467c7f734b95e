import Desk
import Devices
import Foundation
import Testing

@testable import HubAPI

@Suite("Drills, over HTTP")
struct DrillRouteTests {
    private func id(_ answer: House.Heard) throws -> String { String(try #require(answer.body.firstMatch(of: /"id":"(D-[^"]+)"/)?.1)) }

    @Test("Planned, begun, ended, erased, each by its step and by who may; one runs at a time")
    func steps() async throws {
        let readers = [Operator(name: "reader", tokenDigest: DeviceRegister.digest("reader"), scopes: [.read]), Operator(name: "practises", tokenDigest: DeviceRegister.digest("practises"), scopes: [.drill, .read])]
        let house = try await House(operators: readers)
        #expect(try await house.call("POST", "/v1/drills", #"{"title":"秋の訓練"}"#, token: "reader").status == 403)
        let made = try await house.call("POST", "/v1/drills", #"{"title":"秋の訓練","note":"沿岸","at":"2026-12-01T10:00:00+09:00"}"#, token: "practises")
        #expect(made.status == 201 && made.body.contains(#""state":"planned""#) && made.body.contains(#""by":"practises""#), "\(made.body)")
        let drill = try id(made)
        for word in ["end", "erase"] { #expect(try await house.call("POST", "/v1/drills/\(drill)/\(word)", token: "practises").status == 409) }
        #expect(try await house.call("POST", "/v1/drills/\(drill)/begin", token: "reader").status == 403)
        #expect(try await house.call("POST", "/v1/drills/\(drill)/begin", token: "practises").body.contains(#""state":"running""#))
        let other = try id(try await house.call("POST", "/v1/drills", #"{"title":"冬の訓練"}"#))
        let second = try await house.call("POST", "/v1/drills/\(other)/begin")
        #expect(second.status == 409 && second.body.contains("秋の訓練"), "\(second.body)")
        let notice = #"{"town":"\#(House.town)","kind":"notice","mode":"exercise","title":"給水","body":"訓練"}"#
        #expect(try await house.call("POST", "/v1/alerts", notice, token: "practises").status == 202)
        #expect(try await house.call("GET", "/v1/drills/\(drill)", "", token: "reader").body.contains(#""score":{"#), "so far, while it runs")
        #expect(try await house.call("POST", "/v1/drills/\(drill)/end", token: "practises").body.contains(#""state":"over""#))
        #expect(try await house.call("POST", "/v1/drills/\(drill)/erase", token: "practises").body.contains(#""state":"erased""#))
        #expect(try await house.call("POST", "/v1/drills/\(drill)/erase", token: "practises").status == 409)
        let list = try await house.call("GET", "/v1/drills", "", token: "reader").body
        #expect(list.contains("冬の訓練") && list.contains(#""state":"erased""#))
        let standing = try await house.call("GET", "/v1/towns/\(House.town)/standing?mode=exercise", "")
        #expect(!standing.body.contains("給水"), "\(standing.body)")
    }

    @Test("A drill of another town is nobody's here, and a plan that says nothing is refused by field")
    func walls() async throws {
        let house = try await House(hasNeighbour: true)
        let theirs = try id(try await house.call("POST", "/v1/drills", #"{"town":"\#(House.neighbour)","title":"隣の訓練"}"#, token: House.root))
        for (method, path) in [("GET", ""), ("POST", "/begin"), ("POST", "/end"), ("POST", "/erase")] {
            #expect(try await house.call(method, "/v1/drills/\(theirs)\(path)", token: House.token).status == 404)
        }
        #expect(try await house.call("GET", "/v1/drills?town=\(House.neighbour)", token: House.token).status == 403)
        let empty = try await house.call("POST", "/v1/drills", #"{"title":" ","at":"tomorrow"}"#)
        #expect(empty.status == 422 && empty.body.contains(#""field":"title""#) && empty.body.contains(#""field":"at""#), "\(empty.body)")
    }

    @Test("What shelters reported in a drill is set aside when it is erased, and stays where something real stood", arguments: [false, true])
    func reports(isReal: Bool) async throws {
        let house = try await House()
        let code = try await house.call("POST", "/v1/devices/invitations", #"{"site":"school"}"#).body.firstMatch(of: /"code":"([^"]+)"/)?.1 ?? ""
        let token = String(try await house.call("POST", "/v1/devices", #"{"code":"\#(code)","name":"a"}"#, token: nil).body.firstMatch(of: /"token":"([^"]+)"/)?.1 ?? "")
        if isReal {
            let order = #"{"town":"\#(House.town)","kind":"headquarters","mode":"actual","state":"open"}"#
            #expect(try await house.call("POST", "/v1/alerts", order).status == 202)
        }
        #expect(try await house.call("POST", "/v1/reports", #"{"id":"before","people":1}"#, token: token).status == 202)
        let drill = try id(try await house.call("POST", "/v1/drills", #"{"title":"訓練"}"#))
        _ = try await house.call("POST", "/v1/drills/\(drill)/begin")
        #expect(try await house.call("POST", "/v1/reports", #"{"id":"within","people":2}"#, token: token).status == 202)
        for word in ["end", "erase"] { #expect(try await house.call("POST", "/v1/drills/\(drill)/\(word)").status == 200) }
        let shown = try await house.call("GET", "/v1/reports", "").body
        #expect(shown.contains("before") && shown.contains("within") == isReal, "\(shown)")
        #expect(try await house.call("GET", "/v1/reports?aside=true", "").body.contains("within"), "nothing is thrown away")
    }
}
