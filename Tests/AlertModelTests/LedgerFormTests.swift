import AlertModel
import Foundation
import Testing

/// What lies in ledgers is read by every later version.
@Suite struct LedgerFormTests {
    static let rows: [(String, Detail)] = [
        (#"{"none":{}}"#, .none),
        (
            #"{"evacuation":{"_0":{"level":4,"hazard":"津波","districts":["階上地区"],"shelters":["hashikami-chu"],"lifted":false}}}"#,
            .evacuation(EvacuationOrder(level: .order, hazard: "津波", districts: ["階上地区"], shelters: ["hashikami-chu"]))
        ),
        (
            #"{"shelter":{"_0":{"shelter":"hashikami-chu","name":"階上中学校","state":"open"}}}"#,
            .shelter(ShelterNotice(shelter: "hashikami-chu", name: "階上中学校", state: .open))
        ),
        (#"{"notice":{"_0":{"title":"断水","body":"水が出ません。"}}}"#, .notice(Notice(title: "断水", body: "水が出ません。"))),
    ]

    @Test("The details of ledgers written so far are read, and are written in the same form", arguments: rows)
    func detail(row: (String, Detail)) throws {
        #expect(try JSONDecoder().decode(Detail.self, from: Data(row.0.utf8)) == row.1)
        #expect(try JSONDecoder().decode(Detail.self, from: try JSONEncoder().encode(row.1)) == row.1)
        let form = try JSONSerialization.jsonObject(with: try JSONEncoder().encode(row.1)) as? NSDictionary
        #expect(form == (try JSONSerialization.jsonObject(with: Data(row.0.utf8)) as? NSDictionary))
    }
}
