/// By which certificate this machine answers, and until when. It is changed while tablets are on the line: each connection takes the one of its own
/// moment, and those that stand stay as they are.
internal import Crypto
package import Foundation
internal import NIOSSL
internal import Synchronization
internal import X509

package final class CertificateShelf: Sendable {
    package struct State: Sendable, Equatable {
        package var names: [String]
        package var notBefore, notAfter, renewAfter: Date
        /// The fingerprint of the authority that signed it.
        package var authority: String
    }

    private struct Held {
        var context: NIOSSLContext
        var state: State
    }

    private let key: ServingKey
    private let folder: URL?
    private let held = Mutex<Held?>(nil)

    /// - Parameter folder: where it is kept; nil: nowhere.
    package init(_ key: ServingKey, folder: URL?) throws {
        (self.key, self.folder) = (key, folder)
        guard let folder, let octets = try? Data(contentsOf: folder.appending(path: Self.file)), let kept = try? JSONDecoder().decode(IssuedCertificate.self, from: octets) else { return }
        // One of another key, or half a file, is none: another one is asked for.
        try? put(kept)
    }

    private static let file = "edge-certificate.json"

    package var state: State? { held.withLock { $0?.state } }
    var context: NIOSSLContext? { held.withLock { $0?.context } }

    /// Takes a certificate for this machine's key, and keeps it.
    package func take(_ issued: IssuedCertificate) throws {
        let before = held.withLock { $0 }
        try put(issued)
        guard let folder else { return }
        do {
            try OwnFile.write(String(decoding: try JSONEncoder().encode(issued), as: UTF8.self), to: folder.appending(path: Self.file))
            // For people and other programs beside it.
            try OwnFile.write(issued.authorities, to: folder.appending(path: "town-ca.pem"))
        } catch {
            // What is not kept is served all the same where there was none: a full disk makes no school mute.
            if before != nil { throw error }
        }
    }

    private func put(_ issued: IssuedCertificate) throws {
        let chain = try NIOSSLCertificate.fromPEMBytes(Array(issued.chain.utf8))
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: chain.map { .certificate($0) }, privateKey: .privateKey(try NIOSSLPrivateKey(bytes: Array(key.pem.utf8), format: .pem)))
        configuration.minimumTLSVersion = .tlsv12
        configuration.applicationProtocols = ["http/1.1"]
        guard let first = try PEMCertificates.first(issued.chain), P256.Signing.PublicKey(first.publicKey)?.derRepresentation == key.key.publicKey.derRepresentation else {
            throw ServingKey.Unreadable(description: "この機械の鍵の証明書ではありません (a certificate of another key)")
        }
        let context = try NIOSSLContext(configuration: configuration)
        let state = State(names: issued.names, notBefore: first.notValidBefore, notAfter: issued.notAfter, renewAfter: issued.renewAfter, authority: issued.authority)
        held.withLock { $0 = Held(context: context, state: state) }
    }
}
