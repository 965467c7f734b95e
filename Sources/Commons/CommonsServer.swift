/// The node on loopback, over HTTP: SOAP 1.1, one address, bounded bodies. No TLS: it is for this machine.
internal import Hummingbird
internal import Logging

package struct CommonsServer: Sendable {
    private let node: CommonsNode
    private let schema: EDXLSchema?
    /// 0 takes any free port.
    private let port: Int
    private let onTaken: @Sendable (CommonsNode.Held) -> Void

    /// A town with a thousand shelters sends about 700 kB.
    private static let bodyLimit = 2 << 20

    /// - Parameter schema: Also asked about every report, where it is on this machine.
    package init(
        _ node: CommonsNode, schema: EDXLSchema? = nil, port: Int = 0,
        onTaken: @escaping @Sendable (CommonsNode.Held) -> Void = { _ in }
    ) {
        self.node = node
        self.schema = schema
        self.port = port
        self.onTaken = onTaken
    }

    /// Listens and serves until its task is cancelled.
    package func run(onBound: @escaping @Sendable (Int) async -> Void) async throws {
        let router = Router()
        router.post("commons/publisher/soap") { request, _ in
            let body = try await request.body.collect(upTo: Self.bodyLimit)
            return await answer(Array(body.readableBytesView))
        }
        let application = Application(
            router: router, configuration: .init(address: .hostname("127.0.0.1", port: port), serverName: "commons"),
            onServerRunning: { channel in await onBound(channel.localAddress?.port ?? port) },
            logger: Logger(label: "commons", factory: { _ in SwiftLogNoOpLogHandler() }))
        // Not `runService`: signals belong to the program around us.
        try await application.run()
    }

    private func answer(_ octets: [UInt8]) async -> Response {
        let answer = node.answer(to: octets, objection: await schema?.objection(to: octets))
        if let held = answer.taken { onTaken(held) }
        return Response(
            status: .init(code: answer.status), headers: [.contentType: "text/xml; charset=utf-8"],
            body: .init(byteBuffer: ByteBuffer(string: answer.text)))
    }
}
