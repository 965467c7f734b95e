/// The certificate authorities of towns. A town's is made when it is first needed. What tablets trust, its certificate, lies in the town's record and moves
/// with it; its key is a file of this machine (`AuthorityKeys`). Where that is not, nothing is signed and nothing is made in its place: edges go on with what
/// they have, until somebody brings the key or makes another authority.
///
/// The key that was before is forgotten when another takes its place.
package import AlertModel
package import ChannelKit
internal import Crypto
package import FoundationEssentials
internal import SwiftASN1
internal import Synchronization
internal import X509

package final class TownAuthorities: Sendable {
    struct Kept: Codable {
        var number: Int
        var certificate: Data
        var crossed: Data?
        var domains: [String]
        var made: Date
        /// When trust in it ends earlier than its certificate does.
        var ends: Date?
    }

    private struct Town {
        /// Nil: its key is not here.
        var newest: TownAuthority?
        var kept: [Kept]
        /// Somebody is making another one.
        var isChanging = false
    }

    /// Somebody else is making another authority.
    package struct Busy: Error {}

    /// A certificate of an edge. Telephones take up to 825 days from an authority that was put in by hand; ninety is what others have got used to, and bounds
    /// what a stolen edge can do.
    package static let lasts: TimeInterval = 90 * 86_400
    /// Another one is asked for when this much is over: a line may be cut for sixty days, and a school's tablets still know their machine.
    package static let renewed: TimeInterval = 30 * 86_400
    /// How long tablets that know the old authority alone go on with the new one: each has been in somebody's hands once in a school year.
    package static let overlap: TimeInterval = 400 * 86_400

    private static let prefix = "town-ca/"
    private let notebook: any Notebook
    private let keys: AuthorityKeys
    private let clock: @Sendable () -> Date
    private let towns = Mutex<[TownID: Town]>([:])

    package init(notebook: any Notebook, keys: AuthorityKeys, clock: @escaping @Sendable () -> Date = { Date() }) { (self.notebook, self.keys, self.clock) = (notebook, keys, clock) }

    // MARK: what there is

    /// All that is trusted, the newest last; empty where the town has none yet. Who only asks makes none.
    package func trusted(of town: TownID) -> [KnownAuthority] { trusted((try? towns.withLock { try found(town, &$0) })?.kept ?? []) }

    /// The same, and the town's first where it has none: on disk with the next write.
    package func made(of town: Owner) -> [KnownAuthority] { trusted((try? known(town))?.kept ?? []) }

    /// Whether this machine can sign for the town.
    package func signs(_ town: TownID) -> Bool { (try? towns.withLock { try found(town, &$0) })?.newest != nil }

    private func trusted(_ kept: [Kept]) -> [KnownAuthority] {
        let now = clock()
        return kept.compactMap(Self.known).filter { $0.ends > now }
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
        let isTakenBack: Bool
    }

    /// Writes down another authority. It signs when it is on disk: `take`, or else `undo`; one of the two has to follow.
    /// - Parameter isTakenBack: somebody else may have the old key: nothing of it is trusted any longer, and each tablet takes the new one in by hand.
    package func prepare(_ town: Owner, domains written: [String]?, isTakenBack: Bool) throws -> Change {
        var said: [String]?
        if let written {
            guard written.count <= ServedName.mostDomains else { throw ServedName.Refusal(words: "ドメインは\(ServedName.mostDomains)個までです (at most \(ServedName.mostDomains) domains)") }
            said = try written.map { try ServedName.domain($0) }
        }
        let own = try begin(town)
        do {
            return try write(another: said ?? own.last.domains, own.town, own.last, isTakenBack, of: town)
        } catch {
            release(town.id)
            throw error
        }
    }

    /// One at a time: two that were written down together would leave the record with one key and the folder with another.
    private func begin(_ town: Owner) throws -> (town: Town, last: Kept) {
        _ = try known(town)
        return try towns.withLock { towns in
            guard let own = towns[town.id], let last = own.kept.last else { throw IssueFailure.noAuthority }
            guard !own.isChanging else { throw Busy() }
            towns[town.id]?.isChanging = true
            return (own, last)
        }
    }

    private func release(_ town: TownID) { towns.withLock { $0[town]?.isChanging = false } }

    private func write(another domains: [String], _ own: Town, _ last: Kept, _ isTakenBack: Bool, of town: Owner) throws -> Change {
        let now = clock()
        var new = try TownAuthority(number: last.number + 1, town: town.name, code: town.id.code, domains: domains, now: now)
        var old = last
        old.ends = isTakenBack ? now : min(now.addingTimeInterval(Self.overlap), Self.known(last)?.ends ?? now)
        // Without the old one's key there is no such word: each tablet takes the new one in by hand.
        if !isTakenBack, let until = old.ends, let before = own.newest {
            new.crossed = try new.crossSigned(by: before, domains: domains, now: now, until: until)
            // To the second, as certificates count.
            old.ends = new.crossed?.notValidAfter
        }
        let kept = try Self.kept(new, number: last.number + 1, domains, now)
        guard let authority = Self.known(kept) else { throw IssueFailure.noAuthority }
        do { try keys.write(new.key, of: kept.certificate, in: town.id) } catch { throw IssueFailure.noAuthority }
        // Those before it have signed for the one that somebody else may have: they lead to it.
        if isTakenBack { for earlier in own.kept.dropLast() { write(Self.ended(earlier, now), town.id) } }
        write(old, town.id)
        write(kept, town.id)
        return Change(authority: authority, town: town.id, new: new, kept: kept, before: old, isTakenBack: isTakenBack)
    }

    /// - Returns: false where another one was quicker.
    package func take(_ change: Change) -> Bool {
        let now = clock()
        let isTaken = towns.withLock { towns in
            guard let own = towns[change.town], own.kept.last?.number == change.before.number else { return false }
            let before = own.kept.dropLast().map { change.isTakenBack ? Self.ended($0, now) : $0 } + [change.before]
            towns[change.town] = Town(newest: change.new, kept: before + [change.kept])
            return true
        }
        if isTaken { keys.drop(of: change.before.certificate, in: change.town) }
        return isTaken
    }

    package func undo(_ change: Change) {
        let kept = towns.withLock { $0[change.town]?.kept ?? [] }
        guard kept.last?.number == change.before.number else { return }
        for one in kept { write(one, change.town) }
        notebook.write(Self.note(change.kept.number, change.town), nil)
        keys.drop(of: change.kept.certificate, in: change.town)
        release(change.town)
    }

    private static func ended(_ kept: Kept, _ until: Date) -> Kept {
        var kept = kept
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
        guard let newest = own.newest else { throw .keyIsAway }
        var served: [ServedName] = []
        for name in names {
            do { served.append(try ServedName(name, under: kept.domains)) } catch { throw .names(error.words) }
        }
        guard (1...ServedName.most).contains(served.count) else { throw .names("1〜\(ServedName.most)個の名前かアドレスが要ります (1 to \(ServedName.most) names)") }
        let now = clock()
        guard newest.certificate.notValidAfter > now, let certificate = try? newest.issue(to: key, served, called: subject, now: now, lasts: Self.lasts) else { throw .noAuthority }
        let chain = [certificate] + (newest.crossed.map { $0.notValidAfter > now ? [$0] : [] } ?? [])
        let ends = certificate.notValidAfter
        return IssuedCertificate(
            chain: chain.compactMap { try? SignedCertificate(der: $0.octets).pem }.joined(), authorities: trusted(own.kept).map(\.certificate.pem).joined(),
            names: served.map(\.text), authority: SignedCertificate(der: kept.certificate).fingerprint, notAfter: ends, renewAfter: now.addingTimeInterval(min(Self.renewed, ends.timeIntervalSince(now) / 3)))
    }

    /// For the test of what the authority itself is kept to, whoever has its key.
    func signUnchecked(_ names: [ServedName], in town: Owner) throws -> String {
        guard let newest = try known(town).newest else { throw IssueFailure.keyIsAway }
        let certificate = try newest.issue(to: P256.Signing.PrivateKey().publicKey, names, called: "x", now: clock(), lasts: Self.lasts)
        return SignedCertificate(der: try certificate.octets).pem
    }

    // MARK: the record

    private func known(_ town: Owner) throws -> Town {
        try towns.withLock { towns in
            if let own = try found(town.id, &towns) { return own }
            let own = try make(town)
            towns[town.id] = own
            return own
        }
    }

    /// What the record has; nil where the town has no authority. A key that somebody brings later counts from then on.
    private func found(_ town: TownID, _ towns: inout [TownID: Town]) throws -> Town? {
        guard var own = try towns[town] ?? read(town) else { return nil }
        if own.newest == nil, let last = own.kept.last, let key = keys.key(of: last.certificate, in: town) {
            own.newest = TownAuthority(
                key: key, certificate: try Certificate(derEncoded: Array(last.certificate)), crossed: try last.crossed.map { try Certificate(derEncoded: Array($0)) })
        }
        towns[town] = own
        return own
    }

    private func read(_ town: TownID) throws -> Town? {
        // One that cannot be read is not as if there were none: another one would be made in its place.
        let kept = try notebook.keys(prefix: Self.prefix + town.code + "/").compactMap { notebook.read($0) }
            .map { try JSONDecoder().decode(Kept.self, from: Data($0)) }.sorted { $0.number < $1.number }
        guard !kept.isEmpty else { return nil }
        // A program that ended between the record's word and this left them.
        for earlier in kept.dropLast() { keys.drop(of: earlier.certificate, in: town) }
        return Town(newest: nil, kept: kept)
    }

    private func make(_ town: Owner) throws -> Town {
        let now = clock(), new = try TownAuthority(number: 1, town: town.name, code: town.id.code, domains: [], now: now)
        let kept = try Self.kept(new, number: 1, [], now)
        try keys.write(new.key, of: kept.certificate, in: town.id)
        write(kept, town.id)
        return Town(newest: new, kept: [kept])
    }

    private static func kept(_ authority: TownAuthority, number: Int, _ domains: [String], _ now: Date) throws -> Kept {
        Kept(number: number, certificate: try authority.certificate.octets, crossed: try authority.crossed?.octets, domains: domains, made: now)
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
