import Foundation
import HTTPTypes
import Testing

@Suite("A town's lists of shelters, by HTTP")
struct ShelterListTests {
    private struct Removal: Decodable {
        var list: String
        var dry_run: Bool
        var removed, kept_open: [String]
    }

    private static let town = "/v1/towns/042056/shelters"

    private func take(_ house: House, _ list: String, _ ids: [String]) async throws {
        let rows = ids.enumerated().map { "\($1),\($1)会館,本町\($0 + 1),38.9\($0),141.57" }.joined(separator: "\n")
        let name = list.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? list
        let answer = try await house.call(
            "POST", "\(Self.town)/import?name=x.csv&list=\(name)", "ID,施設名称,住所,緯度,経度\n\(rows)\n", headers: [.contentType: "text/csv"])
        #expect(answer.status == 200, "\(answer.body)")
    }

    private func remove(_ house: House, _ list: String, _ query: String = "") async throws -> House.Heard {
        let name = list.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? list
        return try await house.call("DELETE", "\(Self.town)/lists/\(name)\(query)")
    }

    private func ids(_ house: House) async throws -> [String] {
        let body = try await house.call("GET", Self.town).body
        return body.matches(of: #/"id":"([^"]*)"/#).map { String($0.1) }.sorted()
    }

    @Test("A trial says what would leave and changes nothing; then the list is gone, and the others stay")
    func removal() async throws {
        let house = try await House()
        try await take(house, "津波避難ビル", ["B1", "B2"])
        try await take(house, "避難所", ["B2", "H1"])
        let trial = try await remove(house, "津波避難ビル", "?dry_run=true")
        let said = try JSONDecoder().decode(Removal.self, from: Data(trial.body.utf8))
        #expect(trial.status == 200 && said.dry_run && said.list == "津波避難ビル" && said.removed == ["B1", "B2"] && said.kept_open.isEmpty)
        #expect(try await ids(house) == ["B1", "B2", "H1"])
        #expect(try await remove(house, "津波避難ビル").status == 200)
        #expect(try await ids(house) == ["B2", "H1"], "B2 stands in the other list too")
        #expect(try await remove(house, "津波避難ビル").status == 404)
    }

    @Test("What is open stays until it is closed")
    func open() async throws {
        let house = try await House()
        try await take(house, "津波避難ビル", ["B1", "B2"])
        for (state, kept) in [("open", ["B1"]), ("closed", [])] {
            let expires = Date().addingTimeInterval(3600).formatted(.iso8601)
            let order = #"{"town":"042056","kind":"shelter","mode":"actual","shelter":"B1","state":"\#(state)","expires":"\#(expires)"}"#
            let answer = try await house.call("POST", "/v1/alerts", order)
            #expect(answer.status == 202, "\(answer.body)")
            let gone = try await remove(house, "津波避難ビル")
            #expect(try JSONDecoder().decode(Removal.self, from: Data(gone.body.utf8)).kept_open == kept, "\(gone.body)")
            // A house that was closed today is still told as closed; it is in no list any more.
            let body = try await house.call("GET", Self.town).body
            #expect(body.matches(of: #/"lists":\["津波避難ビル"\]/#).count == kept.count, "\(body)")
        }
    }

    @Test("Without the right token, of another town or under no such name nothing leaves")
    func refused() async throws {
        let house = try await House()
        try await take(house, "避難所", ["H1"])
        let path = "\(Self.town)/lists/\("避難所".addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? "")"
        #expect(try await house.call("DELETE", path, token: nil).status == 401)
        #expect(try await house.call("DELETE", path, token: "wrong").status == 401)
        #expect(try await house.call("DELETE", path.replacing("042056", with: "011002")).status == 404)
        for name in ["避難", "避難所 ", "%2e%2e", "x/y"] { #expect(try await remove(house, name).status == 404, "\(name)") }
        for query in ["?dry_run=1", "?dry_run=True", "?yes=true"] { #expect(try await remove(house, "避難所", query).status == 400, "\(query)") }
        #expect(try await ids(house) == ["H1"])
    }
}
