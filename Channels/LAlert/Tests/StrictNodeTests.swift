import AlertModel
import ChannelKit
import Commons
import Foundation
import Testing

@testable import LAlert

/// The node has to be strict, or the other suites prove nothing.
@Suite("The far end is strict", .timeLimit(.minutes(1)))
struct StrictNodeTests {
    /// A good envelope, and what takes it apart from a good one.
    private static let spoiled: [(what: String, from: String, to: String)] = [
        ("missing", "<commons:jisX0402>042056</commons:jisX0402></commons:targetArea>", "</commons:targetArea>"),
        ("check digit", "<commons:jisX0402>042056</commons:jisX0402></commons:targetArea>",
         "<commons:jisX0402>042057</commons:jisX0402></commons:targetArea>"),
        ("is none of", "<edxlde:distributionType>Report<", "<edxlde:distributionType>Request<"),
        ("distributionStatus says", "<edxlde:distributionStatus>Actual</edxlde:distributionStatus><edxlde:distributionType>",
         "<edxlde:distributionStatus>Exercise</edxlde:distributionStatus><edxlde:distributionType>"),
        ("note stands there", "</edxlde:xmlContent>", "</edxlde:xmlContent><commons:note>x</commons:note>"),
        ("category", "<commons:category>EvacuationOrder<", "<commons:category>Rumour<"),
        ("Sort", "<body:Sort>避難指示<", "<body:Sort>避難勧告<"),
        ("dateTimeSent", "+09:00</edxlde:dateTimeSent>", "</edxlde:dateTimeSent>"),
    ]

    @Test("What is spoiled is refused with 402 and not kept", arguments: spoiled.indices)
    func refuses(index: Int) async throws {
        let hall = try await TownHall()
        _ = try await hall.order(.order, ["南町"], by: hall.adapter())
        await hall.close()
        let good = String(decoding: try #require(hall.normal.every.first).octets, as: UTF8.self)
        let spoil = Self.spoiled[index]
        let bad = good.replacingOccurrences(of: spoil.from, with: spoil.to)
        try #require(bad != good)
        let node = CommonsNode(password: "合言葉&<secret>")
        let answer = node.answer(to: Array(bad.utf8))
        #expect(answer.taken == nil && answer.text.contains(">402<"))
        #expect(answer.text.contains(spoil.what), "\(answer.text)")
        #expect(node.held.isEmpty)
        #expect(node.answer(to: Array(good.utf8)).taken == nil, "the nonce came twice")
    }

    @Test("A revision that nothing stands before, or that comes after a Cancel, is refused")
    func order() async throws {
        let hall = try await TownHall()
        let adapter = try hall.adapter()
        _ = try await hall.order(.order, ["南町"], by: adapter)
        _ = try await hall.order(.emergency, ["南町"], .update, revision: 2, by: adapter)
        _ = try await hall.order(.order, ["南町"], .cancel, revision: 3, by: adapter)
        await hall.close()
        let octets = hall.normal.every.map(\.octets)
        let node = CommonsNode(password: "合言葉&<secret>")
        #expect(node.answer(to: octets[1]).text.contains("a new document begins as Update 2"))
        #expect(node.answer(to: octets[0]).taken != nil)
        #expect(node.answer(to: octets[2]).text.contains("Cancel 3 after revision 1"))
        #expect(node.complaints.count == 2 && node.held.count == 1)
    }

    @Test("Without the right digest nothing is read, and a nonce is good once")
    func tokens() async throws {
        let hall = try await TownHall()
        _ = try await hall.order(.order, ["南町"], by: hall.adapter())
        await hall.close()
        let octets = try #require(hall.normal.every.first).octets
        #expect(CommonsNode(password: "another").answer(to: octets).status == 500)
        let node = CommonsNode(password: "合言葉&<secret>")
        #expect(node.answer(to: octets).taken?.revision == 1)
        #expect(node.answer(to: octets).status == 500)
    }
}
