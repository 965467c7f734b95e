import AlertModel
import ChannelKit
import ChannelKitTesting
import Crypto
import Foundation
import Ledger
import Synchronization
import Testing

@testable import Certificates

/// A town's own authority; `openssl` reads what it signs.
@Suite("A town's certificates")
struct CertificateTests {
    private static let start = Date(timeIntervalSince1970: 1_795_000_000)
    private static let town = TownAuthorities.Owner(id: TownID("042056")!, name: "気仙沼市")

    /// A clock that somebody turns.
    private final class Clock: Sendable {
        private let held = Mutex(CertificateTests.start)
        var now: Date { held.withLock { $0 } }
        func turn(days: Double) { held.withLock { $0.addTimeInterval(days * 86_400) } }
    }

    /// What `openssl` says of files in a folder of their own.
    private struct Room: ~Copyable {
        let folder: URL

        init() throws {
            folder = FileManager.default.temporaryDirectory.appending(path: "noroshi-ca-\(UUID().uuidString)")
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        }

        deinit { try? FileManager.default.removeItem(at: folder) }

        func put(_ name: String, _ text: String) throws { try Data(text.utf8).write(to: folder.appending(path: name)) }

        func openssl(_ words: String...) throws -> (code: Int32, said: String) { try run(words) }

        /// Whether a tablet that trusts `ca` believes `chain` at that time, under that name.
        func believes(_ chain: String, by ca: String, at time: Date, name: String? = nil, address: String? = nil) throws -> (isSo: Bool, said: String) {
            let parts = chain.components(separatedBy: "-----END CERTIFICATE-----\n").filter { $0.contains("BEGIN") }.map { $0 + "-----END CERTIFICATE-----\n" }
            try put("leaf.pem", parts[0])
            try put("between.pem", parts.dropFirst().joined())
            try put("ca.pem", ca)
            var words = ["verify", "-x509_strict", "-purpose", "sslserver", "-no-CApath", "-no-CAstore", "-CAfile", "ca.pem", "-attime", "\(Int(time.timeIntervalSince1970))"]
            if parts.count > 1 { words += ["-untrusted", "between.pem"] }
            if let name { words += ["-verify_hostname", name] }
            if let address { words += ["-verify_ip", address] }
            let answer = try run(words + ["leaf.pem"])
            return (answer.code == 0, answer.said)
        }

        private func run(_ words: [String]) throws -> (code: Int32, said: String) {
            let out = folder.appending(path: "out-\(UUID().uuidString)")
            _ = FileManager.default.createFile(atPath: out.path, contents: nil)
            let handle = try FileHandle(forWritingTo: out)
            let program = Process()
            program.executableURL = URL(filePath: "/usr/bin/openssl")
            program.arguments = words
            program.currentDirectoryURL = folder
            (program.standardOutput, program.standardError, program.standardInput) = (handle, handle, FileHandle.nullDevice)
            try program.run()
            program.waitUntilExit()
            try handle.close()
            return (program.terminationStatus, try String(contentsOf: out, encoding: .utf8))
        }
    }

    /// A town's authorities, the first already made.
    private func authorities(_ notes: any Notebook = MemoryLedger(), _ keys: AuthorityKeys = AuthorityKeys(folder: nil), _ clock: Clock = Clock()) -> TownAuthorities {
        let all = TownAuthorities(notebook: notes, keys: keys, clock: { clock.now })
        _ = all.made(of: Self.town)
        return all
    }

    private func issued(_ all: TownAuthorities, _ names: [String], asked: [String] = [], key: ServingKey = ServingKey()) throws -> IssuedCertificate {
        try all.issue(try key.request(names: asked), of: key.publicKey, names: names, called: "Noroshi edge d-1", in: Self.town).issued
    }

    @Test("OpenSSL believes what is issued, under its names and its addresses alone, for ninety days")
    func openssl() throws {
        let clock = Clock(), room = try Room(), all = authorities(MemoryLedger(), AuthorityKeys(folder: nil), clock)
        let one = try issued(all, ["edge.local", "192.168.10.5", "fd00::5"])
        let ca = all.trusted(of: Self.town.id).map(\.certificate.pem).joined()
        #expect(one.names == ["edge.local", "192.168.10.5", "fd00::5"] && one.authorities == ca)
        for (name, address, isSo) in [
            ("edge.local", nil, true), (nil, "192.168.10.5", true), (nil, "fd00::5", true), ("other.local", nil, false), (nil, "192.168.10.6", false),
        ] as [(String?, String?, Bool)] {
            let answer = try room.believes(one.chain, by: ca, at: clock.now, name: name, address: address)
            #expect(answer.isSo == isSo, "\(name ?? address ?? ""): \(answer.said)")
        }
        for (days, isSo) in [(-0.9, true), (-2, false), (89.9, true), (90.1, false)] {
            let answer = try room.believes(one.chain, by: ca, at: Self.start.addingTimeInterval(days * 86_400), name: "edge.local")
            #expect(answer.isSo == isSo, "\(days): \(answer.said)")
        }
        #expect(one.renewAfter == Self.start.addingTimeInterval(30 * 86_400), "a third: sixty days of a cut line at the least")
        let other = authorities()
        #expect(try !room.believes(one.chain, by: other.trusted(of: Self.town.id).map(\.certificate.pem).joined(), at: clock.now).isSo, "another town's")
        try room.put("ca.pem", ca)
        let text = try room.openssl("x509", "-in", "ca.pem", "-noout", "-text", "-fingerprint", "-sha256").said
        #expect(text.contains(all.trusted(of: Self.town.id)[0].fingerprint), "what people compare")
        for word in ["X509v3 Name Constraints: critical", "DNS:home.arpa", "IP:192.168.0.0/255.255.0.0", "pathlen:1", "TLS Web Server Authentication"] {
            #expect(text.contains(word), "\(word) in \(text)")
        }
    }

    @Test("Whoever has the authority's key is still no other site: what lies outside the constraints OpenSSL does not believe")
    func constraints() throws {
        let clock = Clock(), room = try Room(), all = authorities(MemoryLedger(), AuthorityKeys(folder: nil), clock)
        let ca = all.trusted(of: Self.town.id).map(\.certificate.pem).joined()
        for (name, address) in [("www.example.com", nil), (nil, "203.0.113.5"), ("edge.local", nil)] as [(String?, String?)] {
            let chain = try all.unchecked(name, address, in: Self.town)
            let answer = try room.believes(chain, by: ca, at: clock.now)
            #expect(answer.isSo == (name == "edge.local"), "\(name ?? address ?? ""): \(answer.said)")
            if !answer.isSo { #expect(answer.said.contains("permitted subtree violation")) }
        }
    }

    @Test("Names that are nobody else's, and the town's own domains", arguments: [
        ("edge.local", true), ("EDGE.Local", true), ("a.b.home.arpa", true), ("localhost", true), ("127.0.0.1", true), ("10.255.0.1", true), ("172.31.0.1", true), ("fd12::1", true),
        ("edge.school.kesennuma.miyagi.jp", true), ("school.kesennuma.miyagi.jp", true), ("local", false), ("www.example.com", false), ("8.8.8.8", false), ("172.32.0.1", false),
        ("2001:db8::1", false), ("*.local", false), ("-a.local", false), ("a..local", false), ("edge", false), ("", false), ("kesennuma.miyagi.jp", false), ("edge.local\n", false),
        ("xschool.kesennuma.miyagi.jp", false), ("1.2.3", false),
    ])
    func names(written: String, isTaken: Bool) {
        #expect(((try? ServedName(written, under: ["school.kesennuma.miyagi.jp"])) != nil) == isTaken)
    }

    @Test("A domain is a town's own and no registry", arguments: [("kesennuma.miyagi.jp", true), ("example.com", true), ("lg.jp", false), ("co.jp", false), ("miyagi.jp", false), ("Tokyo.jp", false), ("sendai.jp", false), ("kesennuma.jp", true), ("jp", false), ("com", false), ("a b.jp", false)])
    func domains(written: String, isTaken: Bool) { #expect(((try? ServedName.domain(written)) != nil) == isTaken) }

    @Test("Only names of the register, only by the device's key, only for a request that its own key signed")
    func requests() throws {
        let all = authorities(), key = ServingKey(), names = ["edge.local", "10.0.0.5"]
        #expect(try issued(all, names, asked: ["10.0.0.5"], key: key).names == ["10.0.0.5"])
        #expect(throws: IssueFailure.self) { try issued(all, names, asked: ["other.local"], key: key) }
        #expect(throws: IssueFailure.self) { try issued(all, names, asked: ["10.0.0.6"], key: key) }
        #expect(throws: IssueFailure.otherKey) { try all.issue(try ServingKey().request(), of: key.publicKey, names: names, called: "x", in: Self.town) }
        #expect(throws: IssueFailure.self) { try issued(all, []) }
        #expect(throws: IssueFailure.self) { try issued(all, (0...8).map { "e\($0).local" }) }
        #expect(throws: IssueFailure.self) { try issued(all, ["www.example.com"]) }
        let request = try key.request(), first = try all.issue(request, of: nil, names: names, called: "x", in: Self.town)
        #expect(first.key == key.publicKey, "the first key binds")
        // One octet of it turned: the signature is none.
        var octets = Array(Data(base64Encoded: request.split(separator: "\n").filter { !$0.contains("-----") }.joined())!)
        octets[30] ^= 1
        let turned = "-----BEGIN CERTIFICATE REQUEST-----\n\(Data(octets).base64EncodedString(options: .lineLength64Characters))\n-----END CERTIFICATE REQUEST-----\n"
        for bad in [turned, "", "-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----", String(repeating: "A", count: 9000)] {
            #expect(throws: IssueFailure.self) { try all.issue(bad, of: nil, names: names, called: "x", in: Self.town) }
        }
    }

    @Test("A new authority overlaps: tablets that know the old one alone go on, those that know the new one alone begin, and then the old one ends")
    func overlap() throws {
        let notes = MemoryLedger(), keys = AuthorityKeys(folder: nil), clock = Clock(), room = try Room(), all = authorities(notes, keys, clock)
        let old = all.trusted(of: Self.town.id), before = try issued(all, ["edge.local"])
        let change = try all.prepare(Self.town, domains: ["kesennuma.miyagi.jp"], isTakenBack: false)
        #expect(all.trusted(of: Self.town.id) == old, "nothing before it is on disk")
        #expect(all.take(change) && !all.take(change))
        let both = all.trusted(of: Self.town.id), after = try issued(all, ["edge.local"])
        #expect(both.count == 2 && both[0].fingerprint == old[0].fingerprint && both[1].domains == ["kesennuma.miyagi.jp"])
        #expect(after.authority == both[1].fingerprint && before.authority == both[0].fingerprint)
        for (chain, ca, isSo) in [
            (after.chain, both[0], true), (after.chain, both[1], true), (before.chain, both[0], true), (before.chain, both[1], false),
        ] {
            let answer = try room.believes(chain, by: ca.certificate.pem, at: clock.now, name: "edge.local")
            #expect(answer.isSo == isSo, "\(answer.said)")
        }
        // It outlives the run, and what the old key was is nowhere any more.
        let again = authorities(notes, keys, clock)
        #expect(again.trusted(of: Self.town.id).map(\.fingerprint) == both.map(\.fingerprint))
        #expect(keys.key(of: both[0].certificate.der, in: Self.town.id) == nil && keys.key(of: both[1].certificate.der, in: Self.town.id) != nil)
        #expect(try room.believes(try issued(again, ["edge.local"]).chain, by: both[0].certificate.pem, at: clock.now).isSo)
        clock.turn(days: 401)
        let late = try issued(again, ["x.kesennuma.miyagi.jp"])
        #expect(again.trusted(of: Self.town.id).map(\.fingerprint) == [both[1].fingerprint] && late.chain.components(separatedBy: "BEGIN").count == 2)
        #expect(try room.believes(late.chain, by: both[1].certificate.pem, at: clock.now, name: "x.kesennuma.miyagi.jp").isSo)
    }

    @Test("One that is taken back is trusted no longer, and signs nothing for the new one; an undone change was none")
    func takenBack() throws {
        let notes = MemoryLedger(), keys = AuthorityKeys(folder: nil), clock = Clock(), room = try Room(), all = authorities(notes, keys, clock)
        let old = all.trusted(of: Self.town.id)[0]
        all.undo(try all.prepare(Self.town, domains: nil, isTakenBack: true))
        #expect(authorities(notes, keys, clock).trusted(of: Self.town.id) == [old])
        let change = try all.prepare(Self.town, domains: nil, isTakenBack: true)
        #expect(all.take(change))
        #expect(all.trusted(of: Self.town.id).map(\.number) == [2])
        let chain = try issued(all, ["edge.local"]).chain
        #expect(try !room.believes(chain, by: old.certificate.pem, at: clock.now).isSo)
        #expect(throws: ServedName.Refusal.self) { try all.prepare(Self.town, domains: ["jp"], isTakenBack: false) }
    }

    @Test("With one that is taken back those before it end too: they have signed for it; where the disk did not take that, all is as before")
    func takenBackChain() throws {
        let notes = MemoryLedger(), keys = AuthorityKeys(folder: nil), clock = Clock(), all = authorities(notes, keys, clock)
        #expect(all.take(try all.prepare(Self.town, domains: nil, isTakenBack: false)))
        let both = all.trusted(of: Self.town.id).map(\.number)
        all.undo(try all.prepare(Self.town, domains: nil, isTakenBack: true))
        let again = authorities(notes, keys, clock)
        #expect(both == [1, 2] && again.trusted(of: Self.town.id).map(\.number) == both)
        #expect(all.take(try all.prepare(Self.town, domains: nil, isTakenBack: true)))
        #expect(all.trusted(of: Self.town.id).map(\.number) == [3])
        #expect(authorities(notes, keys, clock).trusted(of: Self.town.id).map(\.number) == [3], "after a restart too")
    }

    @Test("An authority's key is a file of this machine for its owner alone, and in no record; where it is not nothing is signed, nothing is made in its place, and brought back it signs again")
    func keyOfItsOwn() throws {
        let room = try Room(), notes = MemoryLedger(), folder = room.folder.appending(path: "town-ca"), clock = Clock()
        let all = authorities(notes, AuthorityKeys(folder: folder), clock), own = all.trusted(of: Self.town.id)[0]
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.path), file = folder.appending(path: try #require(names.first))
        #expect(names.count == 1 && names[0].hasPrefix("042056-"))
        #expect(try FileManager.default.attributesOfItem(atPath: file.path)[.posixPermissions] as? Int == 0o600)
        #expect(try FileManager.default.attributesOfItem(atPath: folder.path)[.posixPermissions] as? Int == 0o700)
        // What is secret in the key, in no spelling.
        let secret = try #require(AuthorityKeys(folder: folder).key(of: own.certificate.der, in: Self.town.id)).rawRepresentation
        for note in notes.keys(prefix: "town-ca/") {
            let kept = Data(notes.read(note) ?? [])
            #expect(kept.range(of: secret) == nil && !String(decoding: kept, as: UTF8.self).contains("secret"))
            let fields = try #require(try JSONSerialization.jsonObject(with: kept) as? [String: Any])
            #expect(fields.values.compactMap { ($0 as? String).flatMap { Data(base64Encoded: $0) } }.allSatisfy { $0.range(of: secret) == nil })
        }
        // A record that was put back without its key.
        let aside = room.folder.appending(path: "safe.pem")
        try FileManager.default.moveItem(at: file, to: aside)
        let again = TownAuthorities(notebook: notes, keys: AuthorityKeys(folder: folder), clock: { clock.now })
        #expect(again.trusted(of: Self.town.id) == [own] && again.made(of: Self.town) == [own] && !again.signs(Self.town.id))
        #expect(throws: IssueFailure.keyIsAway) { try issued(again, ["edge.local"]) }
        // Another town's key in its place is none.
        try Data((P256.Signing.PrivateKey().pemRepresentation).utf8).write(to: file)
        #expect(throws: IssueFailure.keyIsAway) { try issued(again, ["edge.local"]) }
        try FileManager.default.removeItem(at: file)
        try FileManager.default.moveItem(at: aside, to: file)
        #expect(try issued(again, ["edge.local"]).authority == own.fingerprint && again.signs(Self.town.id), "without a restart")
        // And without it another authority takes its place, with no word of the old one; both are trusted.
        try FileManager.default.removeItem(at: file)
        let last = TownAuthorities(notebook: notes, keys: AuthorityKeys(folder: folder), clock: { clock.now })
        let change = try last.prepare(Self.town, domains: nil, isTakenBack: false)
        #expect(throws: TownAuthorities.Busy.self) { try last.prepare(Self.town, domains: nil, isTakenBack: true) }
        #expect(last.take(change) && last.trusted(of: Self.town.id).map(\.number) == [1, 2])
        let made = try issued(last, ["edge.local"])
        #expect(made.chain.components(separatedBy: "BEGIN").count == 2 && made.authority == last.trusted(of: Self.town.id)[1].fingerprint)
    }

    @Test("Who only asks makes no authority; a record that cannot be read is not as if there were none")
    func nobodyMakes() throws {
        let notes = MemoryLedger(), keys = AuthorityKeys(folder: nil), all = TownAuthorities(notebook: notes, keys: keys, clock: { Self.start })
        #expect(all.trusted(of: Self.town.id).isEmpty && !all.signs(Self.town.id) && notes.keys(prefix: "town-ca/").isEmpty)
        #expect(all.made(of: Self.town).count == 1)
        let note = try #require(notes.keys(prefix: "town-ca/").first)
        notes.write(note, Array("{".utf8))
        let again = TownAuthorities(notebook: notes, keys: keys, clock: { Self.start })
        #expect(again.made(of: Self.town).isEmpty && notes.read(note) == Array("{".utf8))
        #expect(throws: IssueFailure.noAuthority) { try issued(again, ["edge.local"]) }
    }

    @Test("After the authority's own ten years nothing is signed; near their end nothing outlives them")
    func end() throws {
        let clock = Clock(), all = authorities(MemoryLedger(), AuthorityKeys(folder: nil), clock), ends = all.trusted(of: Self.town.id)[0].ends
        clock.turn(days: 3_640)
        let late = try issued(all, ["edge.local"])
        #expect(late.notAfter <= ends && late.renewAfter < late.notAfter)
        clock.turn(days: 20)
        #expect(throws: IssueFailure.noAuthority) { try issued(all, ["edge.local"]) }
    }

    @Test("A profile names each authority once, under the town's own identifier, with the certificate whole")
    func profile() throws {
        let all = authorities(), room = try Room()
        #expect(all.take(try all.prepare(Self.town, domains: nil, isTakenBack: false)))
        let both = all.trusted(of: Self.town.id), text = TrustProfile.mobileconfig(both, town: "気仙沼市 <1>", code: "042056")
        #expect(text == TrustProfile.mobileconfig(both, town: "気仙沼市 <1>", code: "042056"), "the same for the same")
        let page = try #require(try PropertyListSerialization.propertyList(from: Data(text.utf8), format: nil) as? [String: Any])
        let payloads = try #require(page["PayloadContent"] as? [[String: Any]])
        #expect(page["PayloadIdentifier"] as? String == "jp.noroshi.town.042056.ca" && page["PayloadOrganization"] as? String == "気仙沼市 <1>")
        #expect(payloads.compactMap { $0["PayloadContent"] as? Data } == both.map(\.certificate.der))
        #expect(Set(payloads.compactMap { $0["PayloadUUID"] as? String }.compactMap { UUID(uuidString: $0) }).count == 2)
        #expect(payloads.allSatisfy { $0["PayloadType"] as? String == "com.apple.security.root" })
        for one in both { #expect((page["PayloadDescription"] as? String)?.contains(one.fingerprint) == true) }
        try (both[0].certificate.der).write(to: room.folder.appending(path: "ca.crt"))
        #expect(try room.openssl("x509", "-inform", "DER", "-in", "ca.crt", "-noout", "-fingerprint", "-sha256").said.contains(both[0].fingerprint))
    }

    @Test("A machine keeps its key for itself and its certificate over a restart; another key's is none")
    func shelf() throws {
        let room = try Room(), all = authorities()
        let key = try ServingKey.open(in: room.folder), file = room.folder.appending(path: "edge-key.pem")
        #expect(try FileManager.default.attributesOfItem(atPath: file.path)[.posixPermissions] as? Int == 0o600)
        #expect(try ServingKey.open(in: room.folder).publicKey == key.publicKey)
        let shelf = try CertificateShelf(key, folder: room.folder), one = try issued(all, ["edge.local"], key: key)
        #expect(shelf.state == nil && shelf.context == nil)
        try shelf.take(one)
        #expect(shelf.state?.names == ["edge.local"] && shelf.context != nil)
        #expect(try CertificateShelf(key, folder: room.folder).state == shelf.state)
        #expect(try CertificateShelf(ServingKey(), folder: room.folder).state == nil)
        #expect(throws: (any Error).self) { try shelf.take(try issued(all, ["edge.local"])) }
        #expect(shelf.state?.names == ["edge.local"], "the old one serves on")
        // One that somebody has put back by hand.
        try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: file.path)
        #expect(try ServingKey.open(in: room.folder).publicKey == key.publicKey)
        #expect(try FileManager.default.attributesOfItem(atPath: file.path)[.posixPermissions] as? Int == 0o600)
        try Data("not a key".utf8).write(to: file)
        #expect(throws: (any Error).self) { try ServingKey.open(in: room.folder) }
    }
}

extension TownAuthorities {
    /// As somebody would who has its key and none of our rules.
    fileprivate func unchecked(_ name: String?, _ address: String?, in town: Owner) throws -> String {
        let names = [name.map { ServedName(text: $0, kind: .name) }, address.map { ServedName(text: $0, kind: .address($0.split(separator: ".").compactMap { UInt8($0) })) }]
        return try signUnchecked(names.compactMap { $0 }, in: town)
    }
}
