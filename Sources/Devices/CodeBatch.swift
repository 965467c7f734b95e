/// Codes on paper for a day when there is no line: issued beforehand, some for a school, each for one tablet, good for weeks. Where the line is cut an
/// edge turns one into a tablet by itself, and the town hears of it when the line is back.
///
///     issued ──▶ used (here, or at an edge while it was cut) ──▶ its tablet is in the register
///            └─▶ used at two edges that were both cut: who is heard of first has it, the other is out, and is told so
///            └─▶ the batch is taken back, or its time is over
///
/// The town keeps digests alone: a code is sixteen letters of twenty (69 bits), so nobody finds it from its digest, which lies at every edge.
package import AlertModel
internal import ChannelKit
internal import Crypto
package import FoundationEssentials
internal import Synchronization

package struct CodeBatch: Sendable, Hashable, Codable {
    package struct Code: Sendable, Hashable, Codable {
        package var digest: String
        package var used: Date?
        package var device: String?
        /// Tablets that came by it and are kept as refused.
        package var refused: Int?
    }

    /// Of one code: two cut edges make one, some towns have a few. Whatever more comes by it is not kept: it would fill the register.
    static let mostRefused = 4
    package static let longest = 90
    package static let mostCodes = 500
    /// Of a town, that can still be used.
    package static let mostLiving = 5_000
    /// How long one is remembered after its end: an edge may have been cut for weeks.
    static let kept: TimeInterval = 120 * 86_400

    package var id: String
    package var town: TownID
    package var site: String
    package var by: String
    package var issued, expires: Date
    package var revoked: Date?
    package var codes: [Code]

    package var left: Int { codes.count { $0.used == nil } }
    package func isLiving(_ now: Date) -> Bool { revoked == nil && expires > now && left > 0 }
}

/// A code as an edge has it before the line is cut.
package struct MirroredCode: Sendable, Hashable, Codable {
    package var sha256, site: String
    /// Seconds since 1970.
    package var until: Int64
}

/// A tablet that an edge let in by a code of paper.
package struct RedeemedCode: Sendable, Hashable, Codable {
    package var code, device, token_sha256, name: String
    package var public_key: String?
    package var elapsed_ms: Double?

    package init(code: String, device: String, token_sha256: String, name: String, public_key: String?, elapsed_ms: Double? = nil) {
        (self.code, self.device, self.token_sha256, self.name, self.public_key, self.elapsed_ms) = (code, device, token_sha256, name, public_key, elapsed_ms)
    }
}

/// What becomes of it at the hub.
package enum Redemption: String, Sendable, Codable {
    case taken
    /// Another tablet had it first.
    case used
    case revoked, expired
    /// No such code here, what is told of the tablet cannot be, or too many came by the code: the edge lets it go.
    case unknown
}

package enum CodeBatchFailure: Error, Sendable, Equatable {
    case invalid(String)
}

extension DeviceRegister {
    static let paperLength = 16

    /// Whether it is written like a code of paper; such a one is asked for here and nowhere else.
    package static func isPaper(_ written: String) -> Bool { letters(written).count == paperLength }

    package static func paperDigest(_ written: String) -> String { digest("noroshi-paper " + letters(written)) }

    /// `BCDF-GHJK-LMNP-QRST`.
    package static func spelled(paper code: String) -> String {
        let letters = Array(code)
        return stride(from: 0, to: letters.count, by: 4).map { String(letters[$0..<min($0 + 4, letters.count)]) }.joined(separator: "-")
    }

    /// The codes themselves are given out here, and never again.
    package func issue(_ count: Int, to site: String, of town: TownID, days: Int, by person: String) throws(CodeBatchFailure) -> (batch: CodeBatch, codes: [String]) {
        guard (1...CodeBatch.mostCodes).contains(count) else { throw .invalid("数（count）は1〜\(CodeBatch.mostCodes)です (count: 1 to \(CodeBatch.mostCodes))") }
        guard (1...CodeBatch.longest).contains(days) else { throw .invalid("日数（days）は1〜\(CodeBatch.longest)です (days: 1 to \(CodeBatch.longest))") }
        var random = SystemRandomNumberGenerator()
        let codes = (0..<count).map { _ in String((0..<Self.paperLength).map { _ in Self.alphabet.randomElement(using: &random) ?? "B" }) }
        let now = clock()
        let batch = CodeBatch(
            id: "b-" + Self.randomToken().prefix(10), town: town, site: site, by: person, issued: now, expires: now.addingTimeInterval(Double(days) * 86_400), revoked: nil,
            codes: codes.map { .init(digest: Self.paperDigest($0)) })
        let isTaken = state.withLock { state in
            for old in state.batches.values where old.expires.addingTimeInterval(CodeBatch.kept) < now { forget(old, &state) }
            let living = state.batches.values.filter { $0.town == town && $0.isLiving(now) }.reduce(0) { $0 + $1.left }
            guard living + count <= CodeBatch.mostLiving else { return false }
            for code in batch.codes { state.papers[code.digest] = batch.id }
            put(batch, &state)
            return true
        }
        guard isTaken else { throw .invalid("使われていない番号が\(CodeBatch.mostLiving)を超えます。先に古いものを取り消してください (too many unused codes: take old ones back first)") }
        return (batch, codes)
    }

    package func batches(of town: TownID) -> [CodeBatch] {
        state.withLock { $0.batches.values.filter { $0.town == town }.sorted { ($0.issued, $0.id) > ($1.issued, $1.id) } }
    }

    /// What was not used of it opens nothing any more; tablets that came by it stay.
    package func revoke(batch id: String, of town: TownID) -> CodeBatch? {
        state.withLock { state in
            guard var batch = state.batches[id], batch.town == town else { return nil }
            batch.revoked = batch.revoked ?? clock()
            put(batch, &state)
            return batch
        }
    }

    /// One that the disk did not take: nobody was told its codes.
    package func undo(_ batch: CodeBatch) {
        state.withLock { forget(batch, &$0) }
        changed(batch.town)
    }

    /// Whose it is; nil for no code of ours.
    package func town(ofPaper written: String) -> TownID? {
        let digest = Self.paperDigest(written)
        return state.withLock { state in state.papers[digest].flatMap { state.batches[$0]?.town } }
    }

    /// For edges: what can be used still.
    func mirroredCodes(of town: TownID) -> [MirroredCode] {
        let now = clock()
        return batches(of: town).filter { $0.isLiving(now) }.flatMap { batch in
            // A date within a year of now: it fits.
            batch.codes.filter { $0.used == nil }.map { MirroredCode(sha256: $0.digest, site: batch.site, until: Int64(batch.expires.timeIntervalSince1970)) }
        }.sorted { $0.sha256 < $1.sha256 }
    }

    /// With the code as it was typed, at the hub itself.
    func useLocked(_ written: String, _ device: (CodeBatch) -> Device, _ state: inout State) -> Result<Device, EnrolmentFailure> {
        let digest = Self.paperDigest(written), now = clock()
        guard var batch = state.papers[digest].flatMap({ state.batches[$0] }), batch.revoked == nil, let place = batch.codes.firstIndex(where: { $0.digest == digest && $0.used == nil })
        else { return .failure(.unknownCode) }
        guard batch.expires > now else { return .failure(.expiredPaper) }
        let made = device(batch)
        // The place is the index found above.
        (batch.codes[place].used, batch.codes[place].device) = (now, made.id)
        put(batch, &state)
        return .success(made)
    }

    func unuse(_ written: String, by device: String, _ state: inout State) {
        let digest = Self.paperDigest(written)
        guard var batch = state.papers[digest].flatMap({ state.batches[$0] }), let place = batch.codes.firstIndex(where: { $0.digest == digest && $0.device == device }) else { return }
        // The place is the index found above.
        (batch.codes[place].used, batch.codes[place].device) = (nil, nil)
        put(batch, &state)
    }

    /// What an edge did while its line was cut: the code's tablet is in the register from now on, or it is out and hears why. The same told twice is the same.
    /// - Parameter seal: the town's word that a device is out.
    package func merge(_ item: RedeemedCode, in town: TownID, at used: Date, seal: (String) -> RevocationSeal?) -> (outcome: Redemption, device: Device?) {
        guard item.device.hasPrefix("d-"), item.device.utf8.count == 14, item.token_sha256.utf8.count == 64, item.name.utf8.count <= 200, PlainText.isPlain(item.name),
            item.device.utf8.allSatisfy({ (0x30...0x39).contains($0) || (0x41...0x5A).contains($0) || (0x61...0x7A).contains($0) || $0 == 0x2D || $0 == 0x5F }), (try? Self.check(publicKey: item.public_key)) != nil
        else { return (.unknown, nil) }
        let digest = Self.paperDigest(item.code)
        return state.withLock { state in
            guard var batch = state.papers[digest].flatMap({ state.batches[$0] }), batch.town == town, let place = batch.codes.firstIndex(where: { $0.digest == digest }) else { return (.unknown, nil) }
            if let known = state.devices[item.device] {
                guard known.town == town, known.tokenDigest == item.token_sha256 else { return (.unknown, nil) }
                return (known.revoked == nil ? .taken : .used, nil)
            }
            // Every edge has the digests of the town's tablets: one that names another's would take its place, and put it out with itself.
            guard state.byToken[item.token_sha256] == nil, state.revokedTokens[item.token_sha256] == nil else { return (.unknown, nil) }
            var device = Device(
                id: item.device, town: town, site: batch.site, name: item.name.isEmpty ? batch.site : item.name, publicKey: item.public_key, enrolled: used, invitedBy: batch.by,
                tokenDigest: item.token_sha256)
            // It was let in here too, and the answer was lost on its way: the edge then let the same tablet in. What nobody ever used goes.
            if let ghost = batch.codes[place].device.flatMap({ state.devices[$0] }), let key = item.public_key, ghost.publicKey == key, ghost.revoked == nil, ghost.lastSeen == nil {
                state.devices[ghost.id] = nil
                state.byToken[ghost.tokenDigest] = nil
                drop(ghost)
                // The place is the index found above.
                (batch.codes[place].used, batch.codes[place].device) = (nil, nil)
            }
            // By the index that was found.
            let outcome: Redemption = batch.codes[place].used != nil ? .used : batch.revoked != nil ? .revoked : batch.expires < used ? .expired : .taken
            if outcome == .taken {
                // The place is the index found above.
                (batch.codes[place].used, batch.codes[place].device) = (used, device.id)
                put(batch, &state)
                state.byToken[device.tokenDigest] = device.id
            } else {
                // By the index that was found.
                let before = batch.codes[place].refused ?? 0
                guard before < CodeBatch.mostRefused else { return (.unknown, nil) }
                // By the index that was found.
                batch.codes[place].refused = before + 1
                put(batch, &state)
                (device.revoked, device.revocation, device.why) = (clock(), seal(device.id), outcome == .used ? .codeUsed : nil)
                state.revokedTokens[device.tokenDigest] = device.id
            }
            state.devices[device.id] = device
            keep(device)
            return (outcome, device)
        }
    }

    private func put(_ batch: CodeBatch, _ state: inout State) {
        state.batches[batch.id] = batch
        write(Self.key(batch), batch)
        changed(batch.town)
    }

    private func forget(_ batch: CodeBatch, _ state: inout State) {
        state.batches[batch.id] = nil
        for code in batch.codes { state.papers[code.digest] = nil }
        erase(Self.key(batch))
    }

    static let batchPrefix = "invitation-batch/"
    static func key(_ batch: CodeBatch) -> String { "\(batchPrefix)\(batch.town.code)/\(batch.id)" }

    static func readBatches(_ notebook: any Notebook, into state: inout State) {
        for key in notebook.keys(prefix: batchPrefix) {
            guard let batch = notebook.read(key).flatMap({ try? JSONDecoder().decode(CodeBatch.self, from: Data($0)) }) else { continue }
            state.batches[batch.id] = batch
            for code in batch.codes { state.papers[code.digest] = batch.id }
        }
    }

    // MARK: an edge's side

    /// A tablet that this edge let in by itself. The town's list, when it comes, takes its place.
    package func admit(_ device: String, name: String, publicKey: String?, token: String, to site: String, in town: TownID) throws(EnrolmentFailure) -> Device {
        try Self.check(name: name)
        try Self.check(publicKey: publicKey)
        var made = Device(
            id: device, town: town, site: site, name: name.isEmpty ? site : name, publicKey: publicKey, enrolled: clock(), invitedBy: "paper", tokenDigest: Self.digest(token))
        made.isPending = true
        return state.withLock { [made] state in
            state.devices[made.id] = made
            state.byToken[made.tokenDigest] = made.id
            keep(made)
            return made
        }
    }

    /// The hub knows nothing of it, and never will.
    package func dismiss(_ device: String) {
        state.withLock { state in
            guard let known = state.devices[device], known.isPending == true else { return }
            state.devices[device] = nil
            state.byToken[known.tokenDigest] = nil
            drop(known)
        }
    }
}
