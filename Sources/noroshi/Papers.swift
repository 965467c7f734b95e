import AlertModel
import Bundles
import ChannelKit
import Foundation

/// The key by which this hub's papers are known, made once and kept in the data folder, and whose papers it takes.
enum Papers {
    static let keyName = "paper-key"

    static func ownKey(in data: URL) throws(SettingsError) -> OwnPaperKey {
        let file = data.appending(path: keyName)
        if let known = try? String(contentsOf: file, encoding: .utf8), !known.isEmpty {
            guard let key = OwnPaperKey(text: known) else { throw SettingsError("\(file.path): 伝書の鍵として読めません (no key)") }
            return key
        }
        let made = OwnPaperKey()
        // Readable by the hub alone from the first moment on. A full disk keeps no hub from starting: then the next start makes another.
        _ = FileManager.default.createFile(atPath: file.path, contents: Data(made.text.utf8), attributes: [.posixPermissions: 0o600])
        return made
    }

    /// The key of a folder's hub; nil where it is not there, or not ours to read.
    static func known(in data: URL) -> PaperKey? {
        guard let text = try? String(contentsOf: data.appending(path: keyName), encoding: .utf8), !text.isEmpty else { return nil }
        return OwnPaperKey(text: text)?.known
    }

    static func trust(_ settings: Settings) throws(SettingsError) -> [TownID: Set<PaperKey>] {
        var trusted: [TownID: Set<PaperKey>] = [:]
        for signer in settings.bundles?.trust ?? [] {
            guard let town = TownID(signer.town) else { throw SettingsError("bundles.trust: 「\(signer.town)」は市町村コードではありません (town: no local government code)") }
            guard let key = PaperKey(signer.key) else {
                throw SettingsError("bundles.trust: 「\(signer.key.prefix(80))」は伝書の鍵ではありません。ed25519: で始まります。相手の noroshi bundle list が表示します (key: no key)")
            }
            trusted[town, default: []].insert(key)
        }
        return trusted
    }
}
