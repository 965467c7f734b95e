/// The keys of towns' authorities: files of this machine for its owner's eyes, and nowhere else. They are in no record, and so in no copy of it, in no
/// town's file and in no database: whoever opens one of those signs no certificate (decision 39).
///
/// A file is found by its certificate's fingerprint. One that is of another key, or cannot be read, is none.
internal import AlertModel
internal import Crypto
package import Foundation
internal import SwiftASN1
internal import Synchronization
internal import X509

package final class AuthorityKeys: Sendable {
    private let folder: URL?
    private let held = Mutex<[String: P256.Signing.PrivateKey]>([:])

    /// - Parameter folder: nil: they end with the program.
    package init(folder: URL?) { self.folder = folder }

    func write(_ key: P256.Signing.PrivateKey, of certificate: Data, in town: TownID) throws {
        let name = Self.name(certificate, town)
        guard let folder else { return held.withLock { $0[name] = key } }
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        try OwnFile.write(key.pemRepresentation + "\n", to: folder.appending(path: name))
    }

    func key(of certificate: Data, in town: TownID) -> P256.Signing.PrivateKey? {
        let name = Self.name(certificate, town)
        let found = folder.map { folder in OwnFile.read(folder.appending(path: name)).flatMap { try? P256.Signing.PrivateKey(pemRepresentation: $0) } } ?? held.withLock { $0[name] }
        guard let found, let signed = try? Certificate(derEncoded: Array(certificate)), signed.publicKey == .init(found.publicKey) else { return nil }
        return found
    }

    /// Another one has taken its place, or the disk did not take it.
    func drop(of certificate: Data, in town: TownID) {
        let name = Self.name(certificate, town)
        guard let folder else { return held.withLock { _ = $0.removeValue(forKey: name) } }
        try? FileManager.default.removeItem(at: folder.appending(path: name))
    }

    private static func name(_ certificate: Data, _ town: TownID) -> String {
        "\(town.code)-\(SignedCertificate(der: certificate).fingerprint.filter { $0 != ":" }.prefix(32)).pem"
    }
}
