/// The certificate authorities of towns. A town's is made when it is first needed, lies in its record and moves with it, as its signature's key does:
/// tablets that trust it go on to trust it at the hub that serves the town next.
///
/// The key that was before is forgotten when another takes its place.
package import AlertModel
package import ChannelKit
internal import Crypto
package import FoundationEssentials
internal import SwiftASN1
internal import Synchronization
internal import X509

/// An authority as people see it.
package struct KnownAuthority: Sendable, Hashable {
    package var number: Int
    package var certificate: SignedCertificate
    package var domains: [String]
    package var made: Date
    /// Until when it is trusted.
    package var ends: Date
    package var fingerprint: String { certificate.fingerprint }
}

/// What an edge gets for its request.
package struct IssuedCertificate: Sendable, Hashable, Codable {
    /// Its own first, then what leads to an authority that tablets may know alone; PEM.
    package var chain: String
    /// All that tablets of the town trust, PEM, the newest last.
    package var authorities: String
    package var names: [String]
    /// The fingerprint of the authority that signed it.
    package var authority: String
    package var notAfter: Date
    package var renewAfter: Date

    package init(chain: String, authorities: String, names: [String], authority: String, notAfter: Date, renewAfter: Date) {
        (self.chain, self.authorities, self.names, self.authority) = (chain, authorities, names, authority)
        (self.notAfter, self.renewAfter) = (notAfter, renewAfter)
    }
}

package enum IssueFailure: Error, Sendable, Equatable {
    /// No request, or not signed by the key it brings.
    case unreadable(String)
    /// Signed by a key that is not this device's.
    case otherKey
    /// A name that the register does not have for it.
    case names(String)
    case noAuthority
}

package final class TownAuthorities: Sendable {
    struct Kept: Codable {
        var number: Int
        /// PKCS #8, of the newest alone.
        var secret: Data?
        var certificate: Data
        var crossed: Data?
        var domains: [String]
        var made: Date
        /// When trust in it ends earlier than its certificate does.
        var ends: Date?
    }

    private struct Town {
        var newest: TownAuthority
        var kept: [Kept]
    }

    /// A certificate of an edge. Telephones take up to 825 days from an authority that was put in by hand; ninety is what others have got used to, and
    /// three months of a line that is cut.
    package static let lasts: TimeInterval = 90 * 86_400
    /// How long tablets that know the old authority alone go on with the new one: each has been in somebody's hands once in a school year.
    package static let overlap: TimeInterval = 400 * 86_400

    private static let prefix = "town-ca/"
    private let notebook: any Notebook
    private let clock: @Sendable () -> Date
    private let towns = Mutex<[TownID: Town]>([:])

    package init(notebook: any Notebook, clock: @escaping @Sendable () -> Date = { Date() }) { (self.notebook, self.clock) = (notebook, clock) }

    // MARK: what there is

    /// All that is trusted, the newest last.
    package func trusted(of town: Owner) -> [KnownAuthority] {
        let now = clock()
        return (try? known(town))?.kept.compactMap(Self.known).filter { $0.ends > now } ?? []
    }

    /// A town as far as its authority names it.
    package struct Owner: Sendable {
        package var id: TownID
        package var name: String
        package init(id: TownID, name: String) { (self.id, self.name) = (id, name) }
    }

    private static func known(_ kept: Kept) -> KnownAuthority? {
        guard let certificate = try? Certificate(derEncoded: Array(kept.certificate)) else { return nil }
        return KnownAuthority(
            number: kept.number, certificate: SignedCertificate(der: kept.certificate), domains: kept.domains, made: kept.made,
            ends: min(kept.ends ?? .distantFuture, certificate.notValidAfter))
    }

    // MARK: another one

    package struct Change: Sendable {
        package let authority: KnownAuthority
        let town: TownID
        let new: TownAuthority
        let kept, before: Kept
    }

    /// Writes down another authority. It signs when it is on disk: `take`, or else `undo`.
    /// - Parameter isTakenBack: somebody else may have the old key: nothing of it is trusted any longer, and each tablet takes the new one in by hand.
    package func prepare(_ town: Owner, domains written: [String]?, isTakenBack: Bool) throws -> Change {
        let own = try known(town), now = clock()
        guard let last = own.kept.last else { throw IssueFailure.noAuthority }
        var domains: [String] = []
        for domain in written ?? last.domains { domains.append(try ServedName.domain(domain)) }
        guard domains.count <= ServedName.mostDomains else { throw ServedName.Refusal(words: "ドメインは\(ServedName.mostDomains)個までです (at most \(ServedName.mostDomains) domains)") }
        var new = try TownAuthority(number: last.number + 1, town: town.name, code: town.id.code, domains: domains, now: now)
        var old = last
        old.secret = nil
        old.ends = isTakenBack ? now : min(now.addingTimeInterval(Self.overlap), own.newest.certificate.notValidAfter)
        if !isTakenBack, let until = old.ends {
            new.crossed = try new.crossSigned(by: own.newest, domains: domains, now: now, until: until)
            // To the second, as certificates count.
            old.ends = new.crossed?.notValidAfter
        }
        let kept = try Self.kept(new, number: last.number + 1, domains, now)
        guard let authority = Self.known(kept) else { throw IssueFailure.noAuthority }
        // Those before it have signed for the one that somebody else may have: they lead to it.
        if isTakenBack { for earlier in own.kept.dropLast() { write(Self.ended(earlier, now), town.id) } }
        write(old, town.id)
        write(kept, town.id)
        return Change(authority: authority, town: town.id, new: new, kept: kept, before: last)
    }

    /// - Returns: false where another one was quicker.
    package func take(_ change: Change) -> Bool {
        let now = clock()
        return towns.withLock { towns in
            guard let own = towns[change.town], own.kept.last?.number == change.before.number else { return false }
            let before = own.kept.map { kept in
                // Its own overlap, or none of anything.
                guard let until = change.new.crossed?.notValidAfter else { return Self.ended(kept, now) }
                return kept.number == change.before.number ? Self.ended(kept, until) : kept
            }
            towns[change.town] = Town(newest: change.new, kept: before + [change.kept])
            return true
        }
    }

    package func undo(_ change: Change) {
        let kept = towns.withLock { $0[change.town]?.kept ?? [] }
        guard kept.last?.number == change.before.number else { return }
        for one in kept { write(one, change.town) }
        notebook.write(Self.note(change.kept.number, change.town), nil)
    }

    private static func ended(_ kept: Kept, _ until: Date) -> Kept {
        var kept = kept
        kept.secret = nil
        kept.ends = min(kept.ends ?? until, until)
        return kept
    }

    // MARK: what it signs

    /// - Parameters:
    ///   - request: PKCS #10, PEM.
    ///   - publicKey: the device's own, SubjectPublicKeyInfo in base64; nil: it has none yet.
    ///   - names: what the register has for it.
    /// - Returns: the certificate, and the key that asked for it.
    package func issue(
        _ request: String, of publicKey: String?, names: [String], called subject: String, in town: Owner
    ) throws(IssueFailure) -> (issued: IssuedCertificate, key: String) {
        guard request.utf8.count <= 8192, let csr = try? CertificateSigningRequest(pemEncoded: request) else {
            throw .unreadable("証明書の願い（csr）が読めません。PKCS #10 を PEM で書いてください (csr: PKCS #10 in PEM)")
        }
        guard csr.publicKey.isValidSignature(csr.signature, for: csr), let key = P256.Signing.PublicKey(csr.publicKey) else {
            throw .unreadable("csr: P-256 の鍵と、その鍵の署名が要ります (a P-256 key and its own signature)")
        }
        let spelled = key.derRepresentation.base64EncodedString()
        guard publicKey.map({ $0 == spelled }) ?? true else { throw .otherKey }
        return (try issue(to: key, try wanted(by: csr, of: names), called: subject, in: town), spelled)
    }

    /// For the hub itself.
    package func issue(to own: ServingKey, names: [String], called subject: String, in town: Owner) throws(IssueFailure) -> IssuedCertificate {
        try issue(to: own.key.publicKey, names, called: subject, in: town)
    }

    /// What is asked for, or all that the register has.
    private func wanted(by csr: CertificateSigningRequest, of names: [String]) throws(IssueFailure) -> [String] {
        guard let asked = try? csr.attributes.extensionRequest?.extensions.subjectAlternativeNames, !asked.isEmpty else { return names }
        var wanted: [String] = []
        for name in asked {
            let text: String? =
                switch name {
                case .dnsName(let name): name.lowercased()
                case .ipAddress(let octets): names.first { (try? ServedName($0, under: []))?.kind == .address(Array(octets.bytes)) }
                default: nil
                }
            guard let text, names.contains(text) else { throw .names("\(name)") }
            wanted.append(text)
        }
        return wanted
    }

    private func issue(to key: P256.Signing.PublicKey, _ names: [String], called subject: String, in town: Owner) throws(IssueFailure) -> IssuedCertificate {
        guard let own = try? known(town), let kept = own.kept.last else { throw .noAuthority }
        var served: [ServedName] = []
        for name in names {
            do { served.append(try ServedName(name, under: kept.domains)) } catch { throw .names(error.words) }
        }
        guard (1...ServedName.most).contains(served.count) else { throw .names("1〜\(ServedName.most)個の名前かアドレスが要ります (1 to \(ServedName.most) names)") }
        let now = clock()
        guard let certificate = try? own.newest.issue(to: key, served, called: subject, now: now, lasts: Self.lasts) else { throw .noAuthority }
        let chain = [certificate] + (own.newest.crossed.map { $0.notValidAfter > now ? [$0] : [] } ?? [])
        let ends = certificate.notValidAfter
        return IssuedCertificate(
            chain: chain.compactMap { try? SignedCertificate(der: $0.octets).pem }.joined(), authorities: trusted(of: town).map(\.certificate.pem).joined(),
            names: served.map(\.text), authority: SignedCertificate(der: kept.certificate).fingerprint, notAfter: ends, renewAfter: now.addingTimeInterval(ends.timeIntervalSince(now) * 2 / 3))
    }

    /// For the test of what the authority itself is kept to, whoever has its key.
    func signUnchecked(_ names: [ServedName], in town: Owner) throws -> String {
        let certificate = try known(town).newest.issue(to: P256.Signing.PrivateKey().publicKey, names, called: "x", now: clock(), lasts: Self.lasts)
        return SignedCertificate(der: try certificate.octets).pem
    }

    // MARK: the record

    private func known(_ town: Owner) throws -> Town {
        try towns.withLock { towns in
            if let own = towns[town.id] { return own }
            let own = try read(town.id) ?? make(town)
            towns[town.id] = own
            return own
        }
    }

    private func read(_ town: TownID) throws -> Town? {
        let kept = notebook.keys(prefix: Self.prefix + town.code + "/").compactMap { notebook.read($0) }
            .compactMap { try? JSONDecoder().decode(Kept.self, from: Data($0)) }.sorted { $0.number < $1.number }
        guard let last = kept.last, let secret = last.secret else { return nil }
        let crossed = try last.crossed.map { try Certificate(derEncoded: Array($0)) }
        return Town(
            newest: TownAuthority(key: try P256.Signing.PrivateKey(derRepresentation: secret), certificate: try Certificate(derEncoded: Array(last.certificate)), crossed: crossed),
            kept: kept)
    }

    private func make(_ town: Owner) throws -> Town {
        let now = clock(), new = try TownAuthority(number: 1, town: town.name, code: town.id.code, domains: [], now: now)
        let kept = try Self.kept(new, number: 1, [], now)
        write(kept, town.id)
        return Town(newest: new, kept: [kept])
    }

    private static func kept(_ authority: TownAuthority, number: Int, _ domains: [String], _ now: Date) throws -> Kept {
        Kept(
            number: number, secret: authority.key.derRepresentation, certificate: try authority.certificate.octets, crossed: try authority.crossed?.octets, domains: domains, made: now)
    }

    private func write(_ kept: Kept, _ town: TownID) {
        guard let octets = try? JSONEncoder().encode(kept) else { return }
        notebook.write(Self.note(kept.number, town), [UInt8](octets))
    }

    private static func note(_ number: Int, _ town: TownID) -> String {
        let text = String(number)
        return prefix + town.code + "/" + String(repeating: "0", count: max(0, 6 - text.count)) + text
    }
}
