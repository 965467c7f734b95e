import CAPFeed
import ChannelKit
import Crypto
import Foundation
import HubAPI

/// The key the hub signs its CAP with: the one in the settings, or its own, made once and kept in the data folder.
enum Voice {
    /// A sender that no one can own (RFC 6761), where the settings name none.
    static let nobody = "noroshi.invalid"

    static func make(_ settings: Settings.CAPSettings?, data: URL) throws(SettingsError) -> HubVoice {
        do {
            let key = try settings?.key_file.map { try String(contentsOf: URL(filePath: $0), encoding: .utf8) }
                ?? ownKey(in: data)
            let certificate = try settings?.certificate_file.map {
                try String(contentsOf: URL(filePath: $0), encoding: .utf8)
            }
            return HubVoice(
                sender: settings?.sender ?? nobody, signer: try CAPSigner(key: key, certificate: certificate))
        } catch {
            throw SettingsError("cap: \(error)")
        }
    }

    private static func ownKey(in data: URL) throws -> String {
        let file = data.appending(path: "cap-key.pem")
        if let known = try? String(contentsOf: file, encoding: .utf8) { return known }
        let made = P256.Signing.PrivateKey().pemRepresentation
        // Readable by the hub alone from the first moment on.
        let isMade = FileManager.default.createFile(
            atPath: file.path, contents: Data(made.utf8), attributes: [.posixPermissions: 0o600])
        guard isMade else { throw CocoaError(.fileWriteUnknown) }
        return made
    }
}
