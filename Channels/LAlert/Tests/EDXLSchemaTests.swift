import AlertModel
import ChannelKit
import ChannelKitTesting
import Commons
import Foundation
import Testing

@testable import LAlert

/// The public schema of EDXL-DE 1.0, where it is: `NOROSHI_CORPUS`, or `../shared/corpus` beside the checkout.
private let schema: EDXLSchema? = {
    let beside = "/" + #filePath.split(separator: "/").dropLast(4).joined(separator: "/")
    let here = FileManager.default.currentDirectoryPath
    return [ProcessInfo.processInfo.environment["NOROSHI_CORPUS"], "\(beside)/../shared/corpus", "\(here)/../shared/corpus", "\(here)/../../shared/corpus"]
        .compactMap { $0 }.compactMap { EDXLSchema(file: "\($0)/cap/schema/edxl-de-1.0.xsd") }.first
}()

@Suite(
    "EDXL-DE by its public schema",
    .enabled(if: schema != nil, "no schema (NOROSHI_CORPUS) or no xmllint here"), .timeLimit(.minutes(1)))
struct EDXLSchemaTests {
    @Test("Every kind of document follows it")
    func follows() async throws {
        var hall = try await TownHall()
        hall.extra["urgent_mail"] = "UMC1"
        let adapter = try hall.adapter()
        _ = try await hall.order(.order, ["南町"], by: adapter)
        _ = try await hall.order(.emergency, ["南町"], .update, revision: 2, body: "命の危険。直ちに安全確保。", by: adapter)
        _ = try await hall.order(.order, ["南町"], .cancel, revision: 3, body: "避難指示を取り消します。", by: adapter)
        _ = try await hall.shelters([("第一小", .open), ("公民館", nil)], revision: 1, by: adapter)
        let seat = Detail.headquarters(Headquarters(state: .open))
        _ = try await hall.send(
            TownHall<Actual>.message(.headquarters, .alert, event: "seat", revision: 1, detail: seat, title: "災害対策本部の設置", body: "設置しました。"),
            by: adapter)
        await hall.close()
        #expect(hall.normal.every.count == 8)
        let schema = try #require(schema)
        for held in hall.normal.every {
            #expect(await schema.objection(to: held.octets) == nil)
        }
    }

    @Test("It objects to what does not")
    func objects() async throws {
        let hall = try await TownHall()
        _ = try await hall.order(.order, ["南町"], by: hall.adapter())
        await hall.close()
        let good = String(decoding: try #require(hall.normal.every.first).octets, as: UTF8.self)
        let bad = good.replacingOccurrences(of: "<edxlde:distributionType>Report<", with: "<edxlde:distributionType>Rumour<")
        #expect(try await #require(schema).objection(to: Array(bad.utf8))?.contains("distributionType") == true)
    }
}
