package import AlertModel
internal import ChannelKit
internal import Crypto
internal import FoundationEssentials
internal import Synchronization

/// From a code to a device, and back where the disk would not.
extension DeviceRegister {
    package func invite(
        to site: String, of town: TownID, by person: String, role: DeviceRole = .tablet, name: String? = nil, use: DeviceUse? = nil,
        group: String? = nil, hosts: [String]? = nil
    ) -> Invitation {
        var random = SystemRandomNumberGenerator()
        let code = String((0..<Self.codeLength).map { _ in Self.alphabet.randomElement(using: &random) ?? "B" })
        let invitation = Invitation(
            code: code, town: town, site: site, invitedBy: person,
            expires: clock().addingTimeInterval(Self.validity), role: role, name: name, use: use, group: group, hosts: hosts)
        state.withLock { state in
            for old in state.invitations.values where old.expires < clock() {
                state.invitations[old.code] = nil
                notebook.write(Self.key(old), nil)
            }
            state.invitations[code] = invitation
            write(Self.key(invitation), invitation)
        }
        return invitation
    }

    /// Turns a code into a device and its token, once.
    /// - Parameters:
    ///   - role: what the code has to be for; a code for the other leaves it good.
    ///   - site: where the code has to be for; nil is anywhere.
    ///   - source: the address it comes from: its wrong codes are counted.
    package func enrol(
        code written: String, publicKey: String?, name: String, role: DeviceRole = .tablet, site: String? = nil,
        from source: String = "-"
    ) throws(EnrolmentFailure) -> (device: Device, token: String) {
        try Self.check(name: name)
        try Self.check(publicKey: publicKey)
        let code = Self.letters(written)
        let token = Self.randomToken()
        let now = clock()
        let outcome: Result<Device, EnrolmentFailure> = state.withLock { state in
            if code.count == Self.paperLength {
                guard role == .tablet else { return .failure(.badRequest("code: この番号はタブレット用です。中継機には noroshi device invite --edge で作ってください (this code is for a tablet)")) }
                let made = useLocked(code, { batch in
                    Device(
                        id: "d-" + Self.randomToken().prefix(12), town: batch.town, site: batch.site, name: name.isEmpty ? batch.site : name, publicKey: publicKey, enrolled: now,
                        invitedBy: batch.by, tokenDigest: Self.digest(token))
                }, &state)
                switch made {
                case .success(let device):
                    state.devices[device.id] = device
                    state.byToken[device.tokenDigest] = device.id
                    keep(device)
                    return made
                case .failure(.unknownCode): return .failure(state.wrongCodes.count(from: source, of: nil, at: now) ? .tooManyTries : .unknownCode)
                case .failure: return made
                }
            }
            guard let invitation = state.invitations[code] else {
                // What cannot be a code guesses none.
                guard code.count == Self.codeLength else { return .failure(.unknownCode) }
                return .failure(state.wrongCodes.count(from: source, of: nil, at: now) ? .tooManyTries : .unknownCode)
            }
            if let reason = Self.objection(to: invitation, role, site) {
                let isOften = state.wrongCodes.count(from: source, of: invitation.town.code, at: now)
                return .failure(isOften ? .tooManyTries : .badRequest(reason))
            }
            state.invitations[code] = nil
            notebook.write(Self.key(invitation), nil)
            guard invitation.expires > now else { return .failure(.expiredCode) }
            var device = Device(
                id: "d-" + Self.randomToken().prefix(12), town: invitation.town, site: invitation.site,
                name: name.isEmpty ? invitation.name ?? invitation.site : name, publicKey: publicKey, enrolled: now,
                invitedBy: invitation.invitedBy, role: invitation.role, tokenDigest: Self.digest(token), use: invitation.use, group: invitation.group)
            device.hosts = invitation.hosts
            state.devices[device.id] = device
            state.byToken[device.tokenDigest] = device.id
            keep(device)
            return .success(device)
        }
        return (try outcome.get(), token)
    }

    static func check(name: String) throws(EnrolmentFailure) {
        guard PlainText.isPlain(name) else {
            throw .badRequest("name: 使えない文字（制御文字、書字の向きを変える文字）が入っています (control characters or marks that reorder text)")
        }
        guard name.utf8.count <= 200 else { throw .badRequest("name: 200オクテットまでです (at most 200 octets)") }
    }

    static func check(publicKey: String?) throws(EnrolmentFailure) {
        guard let publicKey else { return }
        guard let octets = Data(base64Encoded: publicKey), publicKey.utf8.count <= 400, (try? P256.Signing.PublicKey(derRepresentation: octets)) != nil
        else { throw .badRequest("public_key: P-256の公開鍵を、SubjectPublicKeyInfoのbase64で書いてください "
            + "(a P-256 key as base64 of its SubjectPublicKeyInfo)") }
    }

    /// An enrolment that the disk did not take: the device is none, and its code is as good as new.
    package func undo(_ device: Device, code written: String) {
        let code = Self.letters(written)
        if code.count == Self.paperLength {
            return state.withLock { state in
                state.devices[device.id] = nil
                state.byToken[device.tokenDigest] = nil
                drop(device)
                unuse(code, by: device.id, &state)
            }
        }
        let invitation = Invitation(
            code: code, town: device.town, site: device.site, invitedBy: device.invitedBy,
            expires: clock().addingTimeInterval(Self.validity), role: device.role, use: device.use, group: device.group, hosts: device.hosts)
        state.withLock { state in
            state.devices[device.id] = nil
            state.byToken[device.tokenDigest] = nil
            drop(device)
            state.invitations[code] = invitation
            write(Self.key(invitation), invitation)
        }
    }

    /// Behind a point stands the town's key, for who registers.
    static func letters(_ written: String) -> String { written.prefix { $0 != "." }.uppercased().filter { alphabet.contains($0) } }

    private static func objection(to invitation: Invitation, _ role: DeviceRole, _ site: String?) -> String? {
        if invitation.isForEdge, role != .edge { return "code: この招待は中継機用で、タブレット用ではありません (this invitation is for an edge, not for a tablet)" }
        if !invitation.isForEdge, role == .edge {
            return "code: この招待はタブレット用です。中継機には noroshi device invite --edge で作ってください (this invitation is for a tablet)"
        }
        if let site, site != invitation.site { return "code: この招待は\(site)とは別の場所のものです (for another site)" }
        return nil
    }
}
