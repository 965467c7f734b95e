/// Signing in where a town already has its people (OpenID Connect Core 1.0, code flow, with PKCE by RFC 7636).
///
/// Who somebody is there is looked for among the accounts here: a role is given here and nowhere else. The provider's token is taken
/// from its own address over TLS, which stands in for its signature (Core, 3.1.3.7, step 6).
internal import Crypto
internal import Devices
package import Foundation
internal import Synchronization

package struct OpenIDProvider: Sendable {
    /// `https://login.city.example.jp`, as its tokens name it.
    package var issuer: String
    package var client: String
    package var secret: String
    /// Which of its words is our account's name: `email`, `preferred_username` …
    package var claim: String
    /// What the button says.
    package var name: String

    package init(issuer: String, client: String, secret: String, claim: String, name: String) {
        (self.issuer, self.client, self.secret, self.claim, self.name) = (issuer, client, secret, claim, name)
    }

    package var discovery: String { issuer + (issuer.hasSuffix("/") ? "" : "/") + ".well-known/openid-configuration" }

    /// Over https, or on this machine itself: `localhost`, `127.0.0.1`.
    package static func isSafe(_ address: String) -> Bool {
        guard let url = URL(string: address), let host = url.host() else { return false }
        return url.scheme == "https" || url.scheme == "http" && ["localhost", "127.0.0.1"].contains(host)
    }
}

/// What a provider says of itself (OpenID Connect Discovery 1.0, 3).
package struct OpenIDAddresses: Decodable, Sendable {
    package var issuer: String
    package var authorization_endpoint: String
    package var token_endpoint: String

    /// Nil where it is another's, or not as safe as it must be.
    package static func read(_ octets: [UInt8], of provider: OpenIDProvider) -> OpenIDAddresses? {
        guard let read = try? JSONDecoder().decode(OpenIDAddresses.self, from: Data(octets)), read.issuer == provider.issuer,
            [read.authorization_endpoint, read.token_endpoint].allSatisfy(OpenIDProvider.isSafe)
        else { return nil }
        return read
    }
}

/// Browsers that were sent there and have not come back, each for ten minutes and once.
package final class OpenIDVisits: Sendable {
    package struct Visit: Sendable {
        /// What comes back with the browser.
        package var state: String
        package var nonce: String
        /// Known to us alone until the code is exchanged.
        package var verifier: String
        var until: Date

        /// RFC 7636 4.2.
        package var challenge: String { Base64URL.text(SHA256.hash(data: Array(verifier.utf8))) }
    }

    static let lifetime: TimeInterval = 600
    static let most = 10_000
    private let open = Mutex<[String: Visit]>([:])

    package init() {}

    package func begin(now: Date) -> Visit {
        let visit = Visit(
            state: DeviceRegister.randomToken(), nonce: DeviceRegister.randomToken(), verifier: DeviceRegister.randomToken(),
            until: now.addingTimeInterval(Self.lifetime))
        open.withLock { open in
            open = open.filter { $0.value.until > now }
            if open.count >= Self.most, let oldest = open.min(by: { $0.value.until < $1.value.until })?.key { open[oldest] = nil }
            open[visit.state] = visit
        }
        return visit
    }

    package func end(_ state: String, now: Date) -> Visit? {
        open.withLock { $0.removeValue(forKey: state) }.flatMap { $0.until > now ? $0 : nil }
    }
}

extension OpenIDProvider {
    private struct Tokens: Decodable {
        var id_token: String
    }

    /// A claim is one or a list of texts (`aud`).
    private struct Claims: Decodable {
        var iss: String
        var aud: [String]
        var azp: String?
        var exp: Double
        var iat: Double?
        var nonce: String?
        var words: [String: String] = [:]

        private struct Key: CodingKey {
            var stringValue: String
            var intValue: Int? { nil }
            init(stringValue: String) { self.stringValue = stringValue }
            init?(intValue: Int) { nil }
        }

        init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: Key.self)
            func key(_ name: String) -> Key { Key(stringValue: name) }
            iss = try container.decode(String.self, forKey: key("iss"))
            aud = try (try? container.decode([String].self, forKey: key("aud"))) ?? [container.decode(String.self, forKey: key("aud"))]
            azp = try container.decodeIfPresent(String.self, forKey: key("azp"))
            exp = try container.decode(Double.self, forKey: key("exp"))
            iat = try container.decodeIfPresent(Double.self, forKey: key("iat"))
            nonce = try container.decodeIfPresent(String.self, forKey: key("nonce"))
            for key in container.allKeys { words[key.stringValue] = try? container.decode(String.self, forKey: key) }
            // An address that the provider has not seen answered is anybody's.
            if (try? container.decode(Bool.self, forKey: key("email_verified"))) == false { words["email"] = nil }
        }
    }

    /// Whom the token endpoint's answer names; nil where anything is not as it must be (Core, 3.1.3.7).
    package func person(_ octets: [UInt8], nonce: String, now: Date) -> String? {
        guard let answer = try? JSONDecoder().decode(Tokens.self, from: Data(octets)) else { return nil }
        let parts = answer.id_token.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 3, let body = Base64URL.octets(String(parts[1])),
            let claims = try? JSONDecoder().decode(Claims.self, from: Data(body))
        else { return nil }
        // Clocks differ by a minute here and there.
        let seconds = now.timeIntervalSince1970
        guard claims.iss == issuer, claims.aud.contains(client), claims.aud.count == 1 || claims.azp == client,
            claims.exp > seconds - 60, claims.iat.map({ $0 < seconds + 300 }) ?? true, claims.nonce == nonce
        else { return nil }
        return claims.words[claim].flatMap { $0.isEmpty ? nil : $0 }
    }
}

extension People {
    /// Who was let in elsewhere, and has an account here.
    package func signIn(openID name: String, from address: String, now: Date) throws(PeopleFailure) -> (cookie: String, person: Operator, session: Session) {
        let name = Self.plain(name)
        return try state.withLock { state throws(PeopleFailure) in
            guard var account = state.accounts[name], !account.isDisabled else {
                throw .forbidden("「\(name)」という人は、ここには登録されていません。管理者に登録してもらってください (no account here of this name)")
            }
            account.lastSignIn = now
            state.accounts[name] = account
            keep(Note.account + name, account)
            let session = Session(name: name, safe: nil, began: now, used: now, proved: now, from: address)
            return (state.open(session, keep), account.person, session)
        }
    }
}
