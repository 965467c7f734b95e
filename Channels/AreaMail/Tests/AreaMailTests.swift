import AlertModel
import CellBroadcast
import ChannelKit
import FoundationEssentials
import Testing

@testable import AreaMail

@Suite("Area mail through a cell-broadcast centre")
struct AreaMailTests {
    let centre = FakeCentre()
    let order = "松岩地区に洪水の避難指示。直ちに高台へ避難してください。"
    let wider = "松岩、鹿折地区に洪水の避難指示。直ちに高台へ避難してください。"

    @Test("An evacuation order is one message in UCS-2, title above body")
    func create() async throws {
        let scene = try Scene(centre)
        let receipt = try await scene.deliver(order, to: scene.adapter())
        #expect(receipt.reach == .accepted)
        #expect(receipt.note?.contains("(accepted, nothing more") == true)
        #expect(centre.lines == ["POST /message"])
        let sent = try #require(centre.calls.first?.message)
        #expect(sent.smscb_message.message_id == 0xA004)
        #expect(sent.smscb_message.payload.payload_encoded?.dcs == 72)
        #expect(sent.text == "避難指示\n" + order)
        #expect(receipt.reference == "40964/\(sent.serial.encoded)")
        // One hour at 32 × 1.883 s, so that it ends with its alert.
        #expect(sent.repetition_period == 32 && sent.num_of_bcast == 60)
    }

    @Test("The same delivery twice is one message over there, also after a restart")
    func twice() async throws {
        let scene = try Scene(centre)
        let adapter = try scene.adapter()
        let first = try await scene.deliver(order, to: adapter)
        let second = try await scene.deliver(order, to: adapter)
        try await scene.deliver(order, to: scene.adapter())
        #expect(centre.lines == ["POST /message"])
        #expect(first.reference == second.reference)
    }

    @Test("An update keeps the message code and raises the update number")
    func update() async throws {
        let scene = try Scene(centre)
        try await scene.deliver(order, to: scene.adapter())
        try await scene.deliver(wider, to: scene.adapter(), revision: 2, message: .update)
        // The new one stands before the old one leaves.
        #expect(centre.lines == ["POST /message", "POST /message", "DELETE /message/40964"])
        let serials = centre.calls.compactMap { $0.message?.serial }
        #expect(serials[1] == serials[0].updated)
        #expect(centre.active.keys.sorted() == [40965])
        #expect(centre.active[40965]?.text == "避難指示\n" + wider)
    }

    @Test("Sixteen updates wrap the update number and keep the code")
    func wrap() async throws {
        let scene = try Scene(centre)
        let adapter = try scene.adapter()
        for revision in 1...17 {
            try await scene.deliver("\(order)第\(revision)報", to: adapter, revision: revision, message: .update)
        }
        let serials = centre.calls.compactMap { $0.message?.serial }
        #expect(serials.map { Int($0.update) } == Array(0..<16) + [0])
        #expect(Set(serials.map(\.code)).count == 1)
    }

    @Test("An update that says nothing new is not sent, one that lasts longer is")
    func sameWords() async throws {
        let scene = try Scene(centre)
        let adapter = try scene.adapter()
        try await scene.deliver(order, to: adapter)
        let receipt = try await scene.deliver(order, to: adapter, revision: 2, message: .update)
        #expect(receipt.note?.contains("(on the air already; nothing was sent)") == true)
        try await scene.deliver(order, to: adapter, revision: 3, message: .update, validFor: 7200)
        #expect(centre.lines == ["POST /message", "POST /message", "DELETE /message/40964"])
    }

    @Test("A cancel deletes; what is unknown over there or here counts as gone")
    func cancel() async throws {
        let scene = try Scene(centre)
        try await scene.deliver(order, to: scene.adapter())
        try await scene.deliver("", to: scene.adapter(), revision: 1, message: .cancel)
        #expect(centre.active.isEmpty)
        try await scene.deliver("", to: scene.adapter(), revision: 1, message: .cancel)
        #expect(centre.lines == ["POST /message", "DELETE /message/40964"])
        try await scene.deliver(wider, to: scene.adapter(), event: "2")
        centre.next(.answer(404, "Unknown message ID"))
        try await scene.deliver("", to: scene.adapter(), event: "2", message: .cancel)
    }

    @Test("A cancel without an answer is tried again")
    func cancelUnanswered() async throws {
        let scene = try Scene(centre)
        try await scene.deliver(order, to: scene.adapter())
        centre.next(.failure(.noAnswer("timed out")))
        let first = await failure { () async throws(DeliveryFailure) in try await scene.deliver("", to: make(scene), message: .cancel) }
        guard case .unavailable = first else { Issue.record("\(String(describing: first))"); return }
        try await scene.deliver("", to: scene.adapter(), message: .cancel)
        #expect(centre.active.isEmpty)
    }

    @Test("A lost answer is resolved by a POST of the same serial under another identifier, and the DELETE of the first")
    func lostAnswer() async throws {
        let scene = try Scene(centre)
        let adapter = try scene.adapter()
        centre.next(.takenThenLost)
        let first = await failure { () async throws(DeliveryFailure) in try await scene.deliver(order, to: adapter) }
        #expect(first?.isUnavailable == true)
        try await scene.deliver(order, to: scene.adapter())
        #expect(centre.lines == ["POST /message", "POST /message", "DELETE /message/40964"])
        #expect(Set(centre.calls.compactMap { $0.message?.serial }).count == 1)
    }

    @Test("Where a DELETE of something unknown is never answered, the POST has gone out all the same")
    func silentDelete() async throws {
        let scene = try Scene(centre)
        let adapter = try scene.adapter()
        centre.next(.failure(.noAnswer("reset")), .works, .failure(.noAnswer("timed out")))
        _ = await failure { () async throws(DeliveryFailure) in try await scene.deliver(order, to: adapter) }
        try await scene.deliver(order, to: adapter)
        #expect(centre.active[40965]?.text == "避難指示\n" + order)
    }

    @Test("409 without any memory of it is resolved at once")
    func conflict() async throws {
        let scene = try Scene(centre)
        try await scene.deliver(order, to: scene.adapter())
        let forgetful = try Scene(centre)
        try await forgetful.deliver(wider, to: forgetful.adapter(), event: "2")
        #expect(centre.lines.suffix(3) == ["POST /message", "POST /message", "DELETE /message/40964"])
        centre.next(.answer(409), .answer(409))
        let stuck = await failure { () async throws(DeliveryFailure) in try await forgetful.deliver(order, to: make(forgetful), event: "3") }
        #expect(stuck?.isUnavailable == true)
    }

    @Test("200 with an empty body means nobody was there, and is taken off before the next try")
    func nobodyThere() async throws {
        let scene = try Scene(centre)
        let adapter = try scene.adapter()
        centre.next(.answer(200))
        let first = await failure { () async throws(DeliveryFailure) in try await scene.deliver(order, to: adapter) }
        #expect(first?.isUnavailable == true)
        try await scene.deliver(order, to: adapter)
        #expect(centre.lines == ["POST /message", "POST /message", "DELETE /message/40964"])
    }

    @Test("Nothing was sent when nobody was reached, so nothing is deleted first")
    func unreachable() async throws {
        let scene = try Scene(centre)
        let adapter = try scene.adapter()
        centre.next(.failure(.unreachable("connection refused")))
        let first = await failure { () async throws(DeliveryFailure) in try await scene.deliver(order, to: adapter) }
        #expect(first?.isUnavailable == true)
        try await scene.deliver(order, to: adapter)
        #expect(centre.lines == ["POST /message", "POST /message"])
    }

    enum Kind { case unavailable, throttled, rejected, misconfigured, cancelled }

    @Test("Every other answer has one meaning", arguments: [
        (FakeCentre.Turn.answer(400, "CBCMSG: repetition_period out of range"), Kind.rejected),
        (.answer(401), .misconfigured), (.answer(403), .misconfigured), (.answer(404, "not found"), .misconfigured),
        (.answer(413), .rejected), (.answer(429, headers: [("Retry-After", "7")]), .throttled),
        (.answer(500), .unavailable), (.answer(503, "busy"), .unavailable), (.answer(200, "<html>"), .unavailable),
        (.answer(302), .unavailable), (.answer(600), .unavailable), (.failure(.refused("certificate")), .misconfigured),
        (.failure(.cancelled), .cancelled),
    ])
    func answers(turn: FakeCentre.Turn, expected: Kind) async throws {
        let scene = try Scene(centre)
        let adapter = try scene.adapter()
        centre.next(turn)
        switch (await failure { () async throws(DeliveryFailure) in try await scene.deliver(order, to: adapter) }, expected) {
        case (.unavailable, .unavailable), (.misconfigured, .misconfigured), (.cancelled, .cancelled): break
        case (.rejected(let reason), .rejected):
            if case .answer(400, let words, _) = turn { #expect(reason.contains(words)) }
        case (.throttled(let pause), .throttled): #expect(pause == .seconds(7))
        case (let other, _): Issue.record("\(String(describing: other)) for \(turn)")
        }
    }

    @Test("A message code is never used twice, whatever restarts lie between")
    func codes() async throws {
        let scene = try Scene(centre)
        for event in 1...12 {
            try await scene.deliver("\(order)その\(event)", to: scene.adapter(), event: "\(event)")
        }
        #expect(Set(centre.calls.compactMap { $0.message?.serial.code }).count == 12)
        #expect(Set(centre.active.keys) == Set(0xA004..<0xA010))
    }

    @Test("The words of another event that is on the air are refused")
    func repeated() async throws {
        let scene = try Scene(centre)
        try await scene.deliver(order, to: scene.adapter())
        guard case .rejected = await failure({ () async throws(DeliveryFailure) in try await scene.deliver(order, to: make(scene), event: "2") })
        else { Issue.record("should be refused"); return }
    }

    @Test("When every identifier is in use, the next event is refused and nothing is pushed off the air")
    func full() async throws {
        var scene = try Scene(centre)
        scene.settings["evacuation"] = "0xA004-0xA005"
        try await scene.deliver(order + "一", to: scene.adapter(), event: "1")
        try await scene.deliver(order + "二", to: scene.adapter(), event: "2")
        guard case .rejected(let reason) = await failure({ () async throws(DeliveryFailure) in try await scene.deliver(order + "三", to: make(scene), event: "3") })
        else { Issue.record("should be refused"); return }
        #expect(reason.contains("all 2 message identifiers"))
        // An hour later both have ended by themselves.
        scene.now += 3601
        try await scene.deliver(order + "三", to: scene.adapter(), event: "3")
    }

    /// An adapter whose making cannot fail here.
    private func make<M: Mode>(_ scene: Scene<M>) throws(DeliveryFailure) -> AreaMail<M> {
        do { return try scene.adapter() } catch { throw .misconfigured("\(error)") }
    }
}

extension DeliveryFailure {
    var isUnavailable: Bool { if case .unavailable = self { true } else { false } }
}
