import AlertModel
import ChannelKit
import Desk
import Foundation

/// `approval:` of a town. `approval: two`, `approval: none`, or
///
///     approval:
///       wait: 60s
struct ApprovalSettings: Codable, Sendable {
    private struct Timed: Codable {
        var wait: String
    }
    var words: String

    init(words: String) { self.words = words }

    init(from decoder: any Decoder) throws {
        if let word = try? decoder.singleValueContainer().decode(String.self) {
            words = word
        } else {
            words = "wait: " + (try decoder.singleValueContainer().decode(Timed.self)).wait
        }
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(words)
    }

    /// At most an hour: what waits longer has been forgotten.
    static let longest = 3600

    var policy: ApprovalPolicy? {
        if words == "none" { return ApprovalPolicy.none }
        if words == "two" { return .two }
        guard words.hasPrefix("wait:") else { return nil }
        let time = words.dropFirst(5).filter { $0 != " " }
        let (digits, factor) = time.hasSuffix("s") ? (time.dropLast(), 1) : time.hasSuffix("m") ? (time.dropLast(), 60) : (time[...], 0)
        guard factor > 0, let number = Int(digits), number > 0, number <= Self.longest, number * factor <= Self.longest else { return nil }
        return .wait(.seconds(number * factor))
    }
}

extension Settings {
    func makeOpenID() throws(SettingsError) -> OpenIDProvider? {
        guard let openid else { return nil }
        guard OpenIDProvider.isSafe(openid.issuer) else {
            throw SettingsError("openid: issuer: 「\(openid.issuer)」は https:// で始まるアドレスではありません (https, or this machine itself)")
        }
        guard let secret = try? String(contentsOf: URL(filePath: openid.client_secret_file), encoding: .utf8).trimmingCharacters(in: .whitespacesAndNewlines),
            !secret.isEmpty, !secret.contains(where: \.isWhitespace)
        else { throw SettingsError("openid: client_secret_file: \(openid.client_secret_file) が読めないか、秘密一つだけではありません (cannot be read, or does not hold one secret)") }
        guard public_address != nil else { throw SettingsError("openid: public_address も書いてください。認証から戻る先です (public_address is needed: where the provider sends people back)") }
        return OpenIDProvider(
            issuer: openid.issuer, client: openid.client_id, secret: secret, claim: openid.claim ?? "email", name: openid.name ?? "庁内の認証ではじめる")
    }

    func networks() throws(SettingsError) -> [TownID: [Network]] {
        var made: [TownID: [Network]] = [:]
        for town in towns {
            guard let id = TownID(town.code), let own = town.desk_networks else { continue }
            for text in own {
                guard let network = Network(text) else {
                    throw SettingsError("town \(id): desk_networks: 「\(text)」は、アドレスでもネットワーク（例: 10.1.0.0/16）でもありません (no address or network)")
                }
                made[id, default: []].append(network)
            }
            guard made[id] != nil else {
                throw SettingsError("town \(id): desk_networks: 空です。これでは、だれも操作卓を使えません。書くか、行を消してください (empty: nobody could use the desk)")
            }
        }
        return made
    }

    func approvals() throws(SettingsError) -> [TownID: ApprovalPolicy] {
        var made: [TownID: ApprovalPolicy] = [:]
        for town in towns {
            guard let id = TownID(town.code), let own = town.approval else { continue }
            guard let policy = own.policy else {
                throw SettingsError("town \(id): approval: 「\(own.words)」は none（承認なし）、two（二人で）、wait: 60s（一人と時間。1時間まで）のどれでもありません (none, two, or wait: 60s)")
            }
            made[id] = policy
        }
        return made
    }
}
