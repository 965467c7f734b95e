/// The register of tablets and spots: who was invited, who enrolled, who is out.
///
/// A code is for one device, once, for fifteen minutes, and belongs to a place. The device keeps a token; we keep its
/// digest. Every question the stream asks is answered from memory; what changes is written behind to the notebook, and
/// the caller waits for the disk where a promise is made.
package import AlertModel
package import ChannelKit
internal import Crypto
package import FoundationEssentials
internal import Synchronization

/// What a device may do: a tablet speaks for itself, an edge also for the tablets of its site.
package enum DeviceRole: String, Sendable, Codable {
    case tablet, edge
}

/// Who has a tablet in his hands, as far as roll-calls ask. A tablet of which nothing is said is a place's, and no person's.
package enum DeviceUse: String, Sendable, Codable, CaseIterable {
    case pupil, staff
}

package struct Device: Sendable, Hashable, Codable {
    package var id: String
    package var town: TownID
    /// The school, spot or shelter it belongs to: an endpoint's id.
    package var site: String
    package var name: String
    /// SubjectPublicKeyInfo of its P-256 key, base64, where the device could make one.
    package var publicKey: String?
    package var enrolled: Date
    package var invitedBy: String
    package var revoked: Date?
    package var lastSeen: Date?
    /// Absent in what was written before there were edges: a tablet.
    var role: DeviceRole?
    package var tokenDigest: String
    /// Who has it; nil: it is where it belongs.
    package internal(set) var loan: Loan?
    /// When it last came back.
    package internal(set) var returned: Date?
    package internal(set) var use: DeviceUse?
    /// A class, as the school calls it.
    package internal(set) var group: String?
    /// It has signed a request by its key: from then on its token alone opens nothing.
    package internal(set) var signs: Bool?
    /// The town's word that it is out.
    package internal(set) var revocation: RevocationSeal?
    /// Where it is woken; nil: it has not asked.
    package internal(set) var wake: WakeAddress?
    /// Out of use for good, by a person who has it: broken, given back to who let it, at the end of its years. Not lost.
    package internal(set) var retired: Date?
    /// It has said itself, by its key, that nothing is on it any more.
    package internal(set) var erased: Date?
    /// Why, where that is not a person's decision.
    package internal(set) var why: RevokedFor?
    /// At an edge: it was let in here, and the town has not said yet that it knows it.
    var isPending: Bool?
    /// Of an edge: the names and addresses by which tablets reach it, and so the only ones in its certificate.
    package internal(set) var hosts: [String]?
    /// Until when its certificate is good.
    package internal(set) var certificateEnds: Date?

    package var isEdge: Bool { role == .edge }
}

package enum RevokedFor: String, Sendable, Codable {
    /// Another tablet had its code of paper first.
    case codeUsed = "code-used"
}

/// That a device is out, signed by its town's key: over `noroshi-revoked 1`, a line end and `{"device":…,"number":…,"town":…}`.
package struct RevocationSeal: Sendable, Hashable, Codable {
    package var key: String
    package var number: UInt64
    package var signature: Data

    package init(key: String, number: UInt64, signature: Data) { (self.key, self.number, self.signature) = (key, number, signature) }
}

package struct Invitation: Sendable, Hashable, Codable {
    /// Eight letters without vowels and look-alikes; `BCDF-GHJK` on paper.
    package var code: String
    package var town: TownID
    package var site: String
    package var invitedBy: String
    package var expires: Date
    var role: DeviceRole?
    /// What the device is called where it does not say so itself.
    var name: String?
    var use: DeviceUse?
    var group: String?
    var hosts: [String]?

    package var isForEdge: Bool { role == .edge }
    package var spelled: String { code.prefix(4) + "-" + code.suffix(4) }
}

/// A tablet as an edge of its town may know it: enough to let it in, nothing to pass for it at the hub.
package struct MirroredDevice: Sendable, Hashable, Codable {
    package var id: String
    package var name: String
    /// Absent: the site whose list it stands in.
    package var site: String?
    /// SHA-256 of its token, hex; nil once it was revoked.
    package var token_sha256: String?
    /// The same of one that was revoked: an edge tells it so, and does not say that it knows no such device.
    package var revoked_sha256: String?
    package var use: DeviceUse?
    package var group: String?
    package var public_key: String?
    package var signs: Bool?
    package var revocation: RevocationSeal?
    package var why: RevokedFor?

    package init(_ device: Device) {
        (revocation, why) = (device.revocation, device.why)
        (use, group) = (device.use, device.group)
        (public_key, signs) = (device.publicKey, device.signs)
        id = device.id
        name = device.name
        token_sha256 = device.revoked == nil ? device.tokenDigest : nil
        revoked_sha256 = device.revoked == nil ? nil : device.tokenDigest
    }
}

package enum EnrolmentFailure: Error, Sendable, Equatable, CustomStringConvertible {
    case unknownCode, expiredCode, expiredPaper, tooManyTries, badRequest(String)

    package var description: String {
        switch self {
        case .unknownCode: "この番号の招待はないか、もう使われています (no invitation has this code, or it was used already)"
        case .expiredCode: "招待から15分が過ぎました。新しい番号を頼んでください (the invitation is too old: ask for a new one)"
        case .expiredPaper: "この番号の期限が過ぎました。新しい番号を頼んでください (the code's time is over: ask for a new one)"
        case .tooManyTries: "違う番号が続きました。1分待ってください (too many wrong codes: wait a minute)"
        case .badRequest(let reason): reason
        }
    }
}

package final class DeviceRegister: Sendable {
    struct State {
        var devices: [String: Device] = [:]
        var byToken: [String: String] = [:]
        /// Digests of tokens whose device was revoked here: "revoked" is said to nobody else.
        var revokedTokens: [String: String] = [:]
        var invitations: [String: Invitation] = [:]
        var batches: [String: CodeBatch] = [:]
        /// By a paper code's digest its batch.
        var papers: [String: String] = [:]
        var wrongCodes = WrongCodes()
        var signs: [String: DeviceSigns] = [:]
    }

    /// RFC 8628, section 6.1: letters that are hard to mistake and spell no words.
    static let alphabet = Array("BCDFGHJKLMNPQRSTVWXZ")
    static let codeLength = 8
    package static let validity: TimeInterval = 15 * 60
    // After so many wrong codes (`WrongCodes`) who guesses hears "wait", and a right code gets in all the same. There are 20^8
    // codes, each good for 15 minutes, once.

    /// Wrong codes in the last minute.
    package var wrongCodes: Int {
        let now = clock()
        return state.withLock { $0.wrongCodes.total(at: now) }
    }

    let notebook: any Notebook
    let clock: @Sendable () -> Date
    let mint = NonceMint()
    private let versions = Mutex<[TownID: UInt64]>([:])
    let state: Mutex<State>

    package init(notebook: any Notebook, clock: @escaping @Sendable () -> Date = { Date() }) {
        self.notebook = notebook
        self.clock = clock
        var known = State()
        let decoder = JSONDecoder()
        for key in notebook.keys(prefix: "device/") {
            guard let octets = notebook.read(key), let device = try? decoder.decode(Device.self, from: Data(octets))
            else { continue }
            Self.rename(key, Self.key(device), octets, notebook)
            known.devices[device.id] = device
            Self.index(device, &known)
        }
        for key in notebook.keys(prefix: "invitation/") {
            guard let octets = notebook.read(key),
                let invitation = try? decoder.decode(Invitation.self, from: Data(octets))
            else { continue }
            Self.rename(key, Self.key(invitation), octets, notebook)
            known.invitations[invitation.code] = invitation
        }
        Self.readBatches(notebook, into: &known)
        state = Mutex(known)
    }

    // A town's own, by its key: it moves with its town.
    static func key(_ device: Device) -> String { "device/\(device.town.code)/\(device.id)" }
    static func key(_ invitation: Invitation) -> String { "invitation/\(invitation.town.code)/\(invitation.code)" }

    /// An older program's keys had no town.
    private static func rename(_ old: String, _ new: String, _ octets: [UInt8], _ notebook: any Notebook) {
        guard old != new else { return }
        notebook.write(new, octets)
        notebook.write(old, nil)
    }

    /// The device a token belongs to; nil when it is unknown or revoked.
    package func device(token: String) -> Device? {
        let digest = Self.digest(token)
        return state.withLock { state in state.byToken[digest].flatMap { state.devices[$0] } }
    }

    /// The id of the device that had this token and was revoked; nil when it was not, or was never known here.
    package func revoked(token: String) -> String? {
        let digest = Self.digest(token)
        return state.withLock { $0.revokedTokens[digest] }
    }

    /// Why it was, where no person decided it.
    package func why(of id: String) -> RevokedFor? { state.withLock { $0.devices[id]?.why } }

    /// The town's word on it.
    package func revocation(of id: String) -> RevocationSeal? { state.withLock { $0.devices[id]?.revocation } }

    static func index(_ device: Device, _ state: inout State) {
        if device.revoked == nil {
            state.byToken[device.tokenDigest] = device.id
        } else if !device.tokenDigest.isEmpty {
            state.revokedTokens[device.tokenDigest] = device.id
        }
    }

    package func device(id: String, of town: TownID) -> Device? {
        state.withLock { state in state.devices[id].flatMap { $0.town == town ? $0 : nil } }
    }

    package func devices(of town: TownID) -> [Device] {
        state.withLock { state in
            state.devices.values.filter { $0.town == town }.sorted { ($0.enrolled, $0.id) < ($1.enrolled, $1.id) }
        }
    }

    /// Whether somebody who answers for that place has a tablet there.
    package func hasStaff(_ site: String, in town: TownID) -> Bool {
        state.withLock { state in state.devices.values.contains { $0.use == .staff && $0.site == site && $0.town == town && $0.revoked == nil } }
    }

    /// True when there was such a device; its token is worth nothing from now on.
    /// - Parameter retires: it is out of use, and not lost; who was revoked before stays so.
    package func revoke(_ id: String, of town: TownID, seal: RevocationSeal? = nil, retires: Bool = false) -> Bool {
        state.withLock { state in
            guard var device = state.devices[id], device.town == town else { return false }
            if retires, device.revoked == nil { device.retired = clock() }
            device.revoked = device.revoked ?? clock()
            // Who has it back knows where it is.
            if retires, device.loan != nil { (device.loan, device.returned) = (nil, clock()) }
            device.revocation = device.revocation ?? seal
            device.wake = nil
            state.devices[id] = device
            state.signs[id] = nil
            // Another's stays, whatever is written of this one.
            if state.byToken[device.tokenDigest] == id { state.byToken[device.tokenDigest] = nil }
            Self.index(device, &state)
            keep(device)
            return true
        }
    }

    /// Remembered in memory; written with the next change, since a tablet is seen every few seconds.
    package func saw(_ id: String) {
        state.withLock { $0.devices[id]?.lastSeen = clock() }
    }

    /// How often something of a town's devices has changed in this run, as far as others have to hear of it.
    package func version(of town: TownID) -> UInt64 { versions.withLock { $0[town, default: 0] } }

    func changed(_ town: TownID) { versions.withLock { $0[town, default: 0] += 1 } }

    func keep(_ device: Device) {
        changed(device.town)
        write(Self.key(device), device)
    }

    func drop(_ device: Device) {
        changed(device.town)
        erase(Self.key(device))
    }

    func erase(_ key: String) { notebook.write(key, nil) }

    func write(_ key: String, _ value: some Encodable) {
        guard let octets = try? JSONEncoder().encode(value) else { return }
        notebook.write(key, [UInt8](octets))
    }

    package static func digest(_ token: String) -> String {
        SHA256.hash(data: Data(token.utf8)).map { byte in
            let digits = String(byte, radix: 16)
            return digits.count == 1 ? "0" + digits : digits
        }.joined()
    }

    /// 256 bits, base64url.
    package static func randomToken() -> String {
        var random = SystemRandomNumberGenerator()
        let octets = (0..<32).map { _ in UInt8.random(in: .min ... .max, using: &random) }
        return Data(octets).base64EncodedString()
            .replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
    }
}
