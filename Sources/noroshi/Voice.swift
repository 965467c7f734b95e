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
        try check(settings?.sender ?? nobody)
        let key: String
        if let path = settings?.key_file { key = try read(path, "key_file") } else { key = try ownKey(in: data) }
        return HubVoice(sender: settings?.sender ?? nobody, signer: try signer(settings, key: key))
    }

    /// The same without making anything: `noroshi check`.
    static func check(_ settings: Settings.CAPSettings?, data: URL?) throws(SettingsError) {
        try check(settings?.sender ?? nobody)
        if let path = settings?.key_file {
            _ = try signer(settings, key: try read(path, "key_file"))
        } else if let known = data.flatMap({ try? String(contentsOf: $0.appending(path: keyName), encoding: .utf8) }) {
            _ = try signer(settings, key: known)
        } else if settings?.certificate_file != nil {
            throw SettingsError("cap.certificate_file: key_file がありません。ハブが作る鍵の証明書はまだありません (without key_file: there is no certificate of the key the hub would make)")
        }
    }

    private static func check(_ sender: String) throws(SettingsError) {
        do throws(CAPWriterError) {
            _ = try CAPIssuer(sender: sender, senderName: "-")
        } catch {
            throw SettingsError("cap.sender: \(error)")
        }
    }

    private static func signer(_ settings: Settings.CAPSettings?, key: String) throws(SettingsError) -> CAPSigner {
        let certificate = try settings?.certificate_file.map { path throws(SettingsError) in try read(path, "certificate_file") }
        do throws(CAPWriterError) {
            return try CAPSigner(key: key, certificate: certificate)
        } catch {
            throw SettingsError("cap: 署名の鍵または証明書が使えません: \(error)")
        }
    }

    private static func read(_ path: String, _ setting: String) throws(SettingsError) -> String {
        do {
            return try String(contentsOf: URL(filePath: path), encoding: .utf8)
        } catch {
            throw SettingsError("cap.\(setting): \(path) を読めません (cannot be read: \((error as NSError).localizedDescription))")
        }
    }

    private static let keyName = "cap-key.pem"

    private static func ownKey(in data: URL) throws(SettingsError) -> String {
        let file = data.appending(path: keyName)
        if let known = try? String(contentsOf: file, encoding: .utf8), (try? P256.Signing.PrivateKey(pemRepresentation: known)) != nil { return known }
        // Cut short by a power cut, or of another kind: others know us by it no longer, and warnings go out all the same.
        DataFolder.setAside(file, "CAPの署名の鍵が読めない (the key that signs our CAP cannot be read: a new one is made, tell whoever pins the old one)")
        let made = P256.Signing.PrivateKey().pemRepresentation
        // Readable by the hub alone from the first moment on. A full disk keeps no hub from starting: then the next start makes another.
        _ = FileManager.default.createFile(atPath: file.path, contents: Data(made.utf8), attributes: [.posixPermissions: 0o600])
        return made
    }
}
