import NIOCore
import NIOEmbedded
import Testing

@testable import CellBroadcast

@Suite("One connection to a controller, with the clock turned by hand")
struct CBSPConversationTests {
    final class Ear {
        var news: [CBSPConversation.News] = []
        var unreadable: [CBSPError] { news.compactMap { if case .unreadable(let error) = $0 { error } else { nil } } }
        var closings: [String] { news.compactMap { if case .closed(_, let reason) = $0 { reason } else { nil } } }
    }

    let ear = Ear()
    let channel = EmbeddedChannel()
    let conversation: CBSPConversation

    init() throws {
        let ear = ear
        conversation = CBSPConversation(keepAlive: .seconds(10), answerLimit: .seconds(5)) { ear.news.append($0) }
        try channel.pipeline.syncOperations.addHandlers(ByteToMessageHandler(CBSPFrames()), conversation)
        try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 48049)).wait()
    }

    func sent() throws -> CBSPMessage? {
        try channel.readOutbound(as: ByteBuffer.self).map { try CBSPMessage(decoding: Array($0.readableBytesView)) }
    }
    func hear(_ message: CBSPMessage) throws { try channel.writeInbound(ByteBuffer(bytes: message.encoded())) }
    func ask(_ message: CBSPMessage, _ token: UInt64) -> EventLoopFuture<CBSPMessage> {
        let promise = channel.eventLoop.makePromise(of: CBSPMessage.self)
        conversation.ask(message, token: token, limit: .seconds(60), promise: promise)
        return promise.futureResult
    }

    @Test("KEEP-ALIVE goes out every period, and its silence closes the line")
    func keepAlive() throws {
        for _ in 0..<3 {
            channel.embeddedEventLoop.advanceTime(by: .seconds(10))
            #expect(try sent() == .keepAlive(seconds: 10))
            try hear(CBSPMessage(.keepAliveComplete, []))
        }
        channel.embeddedEventLoop.advanceTime(by: .seconds(15))
        #expect(ear.closings == ["no answer to KEEP-ALIVE"])
    }

    @Test("A question without an answer ends at its deadline, and a late answer harms nobody")
    func silence() throws {
        let answer = ask(.kill(1, SerialNumber(encoded: 7), isWarning: false), 1)
        channel.embeddedEventLoop.advanceTime(by: .seconds(5))
        #expect(throws: CBSPFailure.noAnswer) { try answer.wait() }
        try hear(CBSPMessage(.killComplete, [.messageIdentifier(1), .oldSerial(SerialNumber(encoded: 7))]))
        #expect(ear.closings.isEmpty)
    }

    @Test("Answers find their questions by message and serial, in any order")
    func matching() throws {
        let serials = (0..<3).map { SerialNumber(encoded: UInt16($0)) }
        let answers = serials.enumerated().map { ask(.kill(9, $0.element, isWarning: false), UInt64($0.offset + 1)) }
        for serial in serials.reversed() {
            try hear(CBSPMessage(.killComplete, [.messageIdentifier(9), .oldSerial(serial)]))
        }
        for (serial, answer) in zip(serials, answers) { #expect(try answer.wait().oldSerial == serial) }
    }

    @Test("A lost connection ends every question")
    func lost() throws {
        let answer = ask(.reset(), 1)
        try channel.close().wait()
        #expect(throws: CBSPFailure.connectionLost("the controller closed the connection")) { try answer.wait() }
        #expect(throws: CBSPFailure.notConnected) { try ask(.reset(), 2).wait() }
    }

    @Test("More questions than the bound are refused")
    func bound() throws {
        let answers = (0...CBSPQuestions.most).map { ask(.kill(UInt16($0), SerialNumber(encoded: 0), isWarning: false), UInt64($0 + 1)) }
        #expect(throws: CBSPFailure.tooManyQuestions) { try answers.last?.wait() }
        try channel.close().wait()
    }

    @Test("An unreadable message is told and the next one is read")
    func unreadable() throws {
        try channel.writeInbound(ByteBuffer(bytes: [0x7F, 0, 0, 1, 0xFF, 0x16, 0, 0, 2, 0x18, 5]))
        #expect(ear.unreadable == [.unknownType(0x7F)])
        #expect(try sent() == CBSPMessage(.keepAliveComplete, []))
    }

    @Test("A length beyond reason closes the line")
    func tooLong() throws {
        try channel.writeInbound(ByteBuffer(bytes: [0x01, 0xFF, 0xFF, 0xFF]))
        #expect(ear.closings == ["a message of 16777219 octets is longer than any we take"])
    }

    @Test("Messages arrive whole however TCP cuts them")
    func octetByOctet() throws {
        let answer = ask(.reset(), 1)
        let octets = CBSPMessage(.resetComplete, [.cells(.all)]).encoded() + CBSPMessage(.keepAlive, [.keepAlivePeriod(WarningPeriod(seconds: 3))]).encoded()
        _ = try sent()
        for octet in octets { try channel.writeInbound(ByteBuffer(bytes: [octet])) }
        #expect(try answer.wait().type == .resetComplete)
        #expect(try sent()?.type == .keepAliveComplete)
    }

    @Test("A connection to ourselves is no controller")
    func ourselves() throws {
        // An ear of its own: the suite's has heard its channel open already.
        let (mirror, ear) = (EmbeddedChannel(), Ear())
        let own = try SocketAddress(ipAddress: "127.0.0.1", port: 48049)
        (mirror.localAddress, mirror.remoteAddress) = (own, own)
        let conversation = CBSPConversation(keepAlive: .seconds(10), answerLimit: .seconds(5)) { ear.news.append($0) }
        try mirror.pipeline.syncOperations.addHandler(conversation)
        try mirror.connect(to: own).wait()
        #expect(ear.closings == ["connected to ourselves"])
        #expect(ear.news.count == 1)
    }
}
