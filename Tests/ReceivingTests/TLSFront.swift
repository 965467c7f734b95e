import ChannelKitTesting
import Foundation

/// TLS before a server on loopback, by Python's ssl: somebody else's hands, and another library's than the hub's.
final class TLSFront: Sendable {
    static let openssl = "/usr/bin/openssl"
    static let python = "/usr/bin/python3"
    static var isThere: Bool { [openssl, python].allSatisfy { FileManager.default.isExecutableFile(atPath: $0) } }

    private static let script = """
        import asyncio, ssl, sys
        async def carry(reader, writer):
            try:
                while octets := await reader.read(65536):
                    writer.write(octets)
                    await writer.drain()
            except OSError:
                pass
            finally:
                writer.close()
        async def meet(reader, writer):
            try:
                inside = await asyncio.open_connection("127.0.0.1", int(sys.argv[2]))
            except OSError:
                return writer.close()
            await asyncio.gather(carry(reader, inside[1]), carry(inside[0], writer))
        async def main():
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(sys.argv[1] + "/cert.pem", sys.argv[1] + "/key.pem")
            server = await asyncio.start_server(meet, "127.0.0.1", 0, ssl=context)
            print(server.sockets[0].getsockname()[1], flush=True)
            await server.serve_forever()
        asyncio.run(main())
        """

    let port: Int
    var authorities: String { "\(scratch.path)/cert.pem" }
    private let scratch: Scratch
    private let process: ChildProcess

    struct Failed: Error {}

    /// - Parameter name: Whom the certificate names.
    init(before inside: Int, name: String) async throws {
        let scratch = try Scratch()
        let made = try await ChildProcess.run(Self.openssl, [
            "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj", "/CN=localhost",
            "-addext", "subjectAltName=DNS:\(name)", "-keyout", "\(scratch.path)/key.pem", "-out", "\(scratch.path)/cert.pem",
        ])
        guard made == 0 else { throw Failed() }
        process = try ChildProcess(Self.python, ["-c", Self.script, scratch.path, "\(inside)"], output: .lines)
        // One line, once it listens; nothing where it ends instead.
        guard let line = await process.lines?.first(where: { _ in true }), let port = Int(line) else { throw Failed() }
        (self.port, self.scratch) = (port, scratch)
    }

    func stop() { process.end() }
}
