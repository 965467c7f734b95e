import ChannelKitTesting
import Commons

/// Our strict node behind a server that also answers late, wrong, or never.
final class CommonsFarEnd: Sendable {
    let node: CommonsNode
    let server: FarEndServer

    init(password: String = "合言葉&<secret>") async throws {
        node = CommonsNode(password: password)
        server = try await FarEndServer { _ in .silent }
        behaveWell()
    }

    var url: String { server.url + "/commons/publisher/soap" }
    var held: [CommonsNode.Held] { node.held }
    var every: [CommonsNode.Held] { node.every }
    var complaints: [String] { node.complaints }
    var duplicates: Int { node.duplicates }
    func document(_ category: String) -> CommonsNode.Held? { node.document(category) }

    func behaveWell() { server.behave { [self] in answer(to: $0) } }
    /// Takes the document, and answers otherwise.
    func behave(_ reply: FarEndServer.Reply) {
        server.behave { [self] request in
            _ = answer(to: request)
            return reply
        }
    }
    /// Takes nothing.
    func refuse(_ reply: FarEndServer.Reply) { server.behave { _ in reply } }

    func answer(to request: FarEndServer.Request) -> FarEndServer.Reply { Self.reply(node.answer(to: request.body)) }

    static func code(_ code: Int, _ words: String) -> FarEndServer.Reply { reply(CommonsNode.code(code, words)) }
    static func fault(_ code: String, _ words: String) -> FarEndServer.Reply { reply(CommonsNode.fault(code, words)) }

    private static func reply(_ answer: CommonsNode.NodeReply) -> FarEndServer.Reply {
        .answer(answer.status, headers: [("Content-Type", "text/xml")], body: Array(answer.text.utf8))
    }
}
