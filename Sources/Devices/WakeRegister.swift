/// Who asked to be woken: written at the device itself, so that it goes when the device is revoked and moves with it.
///
/// The key by which a town wakes its devices lies in a file of its own that nobody else reads, `KEYS/042056`: whoever has it may wake the town's
/// tablets, and nothing more. It is not in the record and does not move with a town: its pages ask anew, by the other hub's key.
package import AlertModel
package import ChannelKit
internal import Crypto
package import FoundationEssentials
internal import Glibc
internal import Synchronization

/// What a device has said of how it is woken.
package struct WakeAddress: Sendable, Hashable {
    package var address: Sleeper.Address
    package var language: Language
    package var page: String?
    package var asked: Date
}

/// As it lies at the device: an app has `apple` in the place of `browser`.
extension WakeAddress: Codable {
    private enum CodingKeys: String, CodingKey { case browser, apple, language, page, asked }

    package init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        address = try values.decodeIfPresent(String.self, forKey: .apple).map { .apple($0) } ?? .browser(try values.decode(Sleeper.Browser.self, forKey: .browser))
        language = try values.decode(Language.self, forKey: .language)
        page = try values.decodeIfPresent(String.self, forKey: .page)
        asked = try values.decode(Date.self, forKey: .asked)
    }

    package func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: CodingKeys.self)
        switch address {
        case .browser(let browser): try values.encode(browser, forKey: .browser)
        case .apple(let token): try values.encode(token, forKey: .apple)
        }
        try values.encode(language, forKey: .language)
        try values.encodeIfPresent(page, forKey: .page)
        try values.encode(asked, forKey: .asked)
    }
}

extension WakeAddress {
    /// Of a browser.
    package var endpoint: String? {
        guard case .browser(let browser) = address else { return nil }
        return browser.endpoint
    }

    /// Of an app.
    package var appleToken: String? {
        guard case .apple(let token) = address else { return nil }
        return token
    }

    fileprivate func isSame(as other: Sleeper.Address) -> Bool {
        switch (address, other) {
        case (.browser(let mine), .browser(let theirs)): mine.endpoint == theirs.endpoint
        case (.apple(let mine), .apple(let theirs)): mine == theirs
        default: false
        }
    }
}

package enum WakeRefusal: Error, Sendable, Equatable {
    /// For people.
    case bad(String)
    /// No push service that this hub calls.
    case closed(String)
}

package final class WakeRegister: WakeBook {
    private let devices: DeviceRegister
    private let folder: URL
    private let hosts: WakeHosts
    /// The app that Apple's push service wakes for us; nil: none.
    package let appleTopic: String?
    private let keys = Mutex<[TownID: P256.Signing.PrivateKey]>([:])

    /// - Parameter folder: made when the first key is.
    package init(devices: DeviceRegister, folder: URL, hosts: WakeHosts, appleTopic: String? = nil) {
        (self.devices, self.folder, self.hosts, self.appleTopic) = (devices, folder, hosts, appleTopic)
    }

    // MARK: who sleeps

    package func sleepers(at topic: StreamTopic) -> [Sleeper] {
        devices.sleeping(at: topic).compactMap { device in
            guard let wake = device.wake else { return nil }
            // The list may have become shorter since, and Apple's key may have left the settings.
            let verdict = wake.endpoint.map { hosts.verdict($0) }
            guard verdict != .closed, wake.appleToken == nil || appleTopic != nil else { return nil }
            return Sleeper(
                device: device.id, town: device.town, address: wake.address, isForeign: verdict == .known, language: wake.language, page: wake.page, asked: wake.asked)
        }
    }

    package func forget(_ sleeper: Sleeper) { devices.wake(sleeper.device, of: sleeper.town, nil, onlyIf: sleeper) }

    /// - Parameters:
    ///   - key: 65 octets, base64url; so is `secret`, of 16.
    ///   - page: what a hint opens.
    package func ask(_ device: Device, endpoint: String, key: String, secret: String, language: String?, page: String?) throws(WakeRefusal) {
        guard endpoint.utf8.count <= WakeHosts.longest else { throw .bad("endpoint: \(WakeHosts.longest)文字までです (too long)") }
        guard let point = Data(base64URL: key), point.count == 65, (try? P256.KeyAgreement.PublicKey(x963Representation: point)) != nil else {
            throw .bad("keys.p256dh: P-256の公開鍵（65オクテット）をbase64urlで書いてください (an uncompressed P-256 key)")
        }
        guard let shared = Data(base64URL: secret), shared.count == 16 else { throw .bad("keys.auth: 16オクテットをbase64urlで書いてください (16 octets)") }
        let known = ScreenLanguages.inUse.all
        if let page {
            guard page.utf8.count <= 300, let place = WakeHosts.Place(page), place.scheme == "https" || place.host == "localhost" || place.host == "127.0.0.1" else {
                throw .bad("page: 300文字までのhttpsのページを書いてください (an https page)")
            }
        }
        guard hosts.verdict(endpoint) != .closed else {
            throw .closed("endpoint: このハブが呼び出すプッシュサービスではありません。ほかのものは設定の hosts に書きます (no push service that this hub calls)")
        }
        let wake = WakeAddress(
            address: .browser(.init(endpoint: endpoint, key: point, secret: shared)), language: known.first { $0.rawValue == language } ?? .japanese, page: page,
            asked: devices.clock())
        devices.wake(device.id, of: device.town, wake)
    }

    /// An app of the town's own, by Apple's push service.
    package func ask(_ device: Device, apple token: String, language: String?) throws(WakeRefusal) {
        guard appleTopic != nil else { throw .closed("apns_token: このハブには、Appleのプッシュサービスの設定がありません (not set up here)") }
        guard token.wholeMatch(of: /(?:[0-9a-f]{2}){32,100}/) != nil else { throw .bad("apns_token: 端末の番号を16進（小文字）で書いてください (the device's token, small hexadecimal digits)") }
        devices.wake(device.id, of: device.town, WakeAddress(
            address: .apple(token), language: ScreenLanguages.inUse.all.first { $0.rawValue == language } ?? .japanese, page: nil, asked: devices.clock()))
    }

    package func stop(_ device: Device) { devices.wake(device.id, of: device.town, nil) }

    // MARK: the town's key

    package func key(of town: TownID) -> [UInt8]? { signer(town).map { [UInt8]($0.rawRepresentation) } }

    /// What a page asks its browser to take hints from: 65 octets, base64url.
    package func publicKey(of town: TownID) -> String? { signer(town).map { $0.publicKey.x963Representation.base64URL } }

    private func signer(_ town: TownID) -> P256.Signing.PrivateKey? {
        keys.withLock { keys in
            if let key = keys[town] { return key }
            let file = folder.appending(path: town.code).path
            let found = (try? Data(contentsOf: URL(filePath: file))).flatMap { Data(base64URL: String(decoding: $0, as: UTF8.self).filter { !$0.isWhitespace }) }
                .flatMap { try? P256.Signing.PrivateKey(rawRepresentation: $0) }
            guard let key = found ?? Self.make(file, in: folder) else { return nil }
            keys[town] = key
            return key
        }
    }

    /// Whole or not there: a key that is half written would be another one at the next start. One that cannot be read is left alone, for a person.
    private static func make(_ file: String, in folder: URL) -> P256.Signing.PrivateKey? {
        guard access(file, F_OK) != 0 else { return nil }
        try? FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        let key = P256.Signing.PrivateKey(), octets = Array((key.rawRepresentation.base64URL + "\n").utf8), draft = file + ".new"
        unlink(draft)
        let descriptor = open(draft, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { return nil }
        let isWritten = write(descriptor, octets, octets.count) == octets.count && fsync(descriptor) == 0
        close(descriptor)
        guard isWritten, rename(draft, file) == 0 else {
            unlink(draft)
            return nil
        }
        return key
    }
}

extension DeviceRegister {
    func sleeping(at topic: StreamTopic) -> [Device] {
        state.withLock { state in
            state.devices.values.filter { $0.wake != nil && $0.town == topic.town && $0.site == topic.site && $0.revoked == nil }.sorted { $0.id < $1.id }
        }
    }

    /// - Parameter known: nothing changes where it has asked since, by another address or the same.
    func wake(_ id: String, of town: TownID, _ wake: WakeAddress?, onlyIf known: Sleeper? = nil) {
        state.withLock { state in
            guard var device = state.devices[id], device.town == town, device.revoked == nil else { return }
            if let known, device.wake?.address != known.address || device.wake?.asked != known.asked { return }
            device.wake = wake
            state.devices[id] = device
            write(Self.key(device), device)
            guard let address = wake?.address else { return }
            // Registered anew, the same browser is another device: it is woken once.
            for var other in state.devices.values where other.id != id && other.wake?.isSame(as: address) == true {
                other.wake = nil
                state.devices[other.id] = other
                write(Self.key(other), other)
            }
        }
    }
}

extension Data {
    /// RFC 4648, section 5, with or without its padding.
    package init?(base64URL text: String) {
        guard text.utf8.allSatisfy({ (0x30...0x39).contains($0) || (0x41...0x5A).contains($0) || (0x61...0x7A).contains($0) || [0x2D, 0x5F, 0x3D].contains($0) }) else { return nil }
        var plain = text.replacing("-", with: "+").replacing("_", with: "/").replacing("=", with: "")
        while !plain.utf8.count.isMultiple(of: 4) { plain += "=" }
        self.init(base64Encoded: plain)
    }

    package var base64URL: String { base64EncodedString().replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "") }
}
