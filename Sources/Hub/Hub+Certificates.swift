/// Certificates of edges: the hub's part in them.
package import AlertModel
package import Certificates
internal import ChannelKit
package import Devices
internal import Logging
internal import Streams
internal import Synchronization

extension Hub {
    package func owner(_ town: TownID) -> TownAuthorities.Owner { .init(id: town, name: self.town(town)?.name ?? town.code) }

    /// Whom the town's tablets may trust, the newest last; empty where the town has needed none yet.
    package func authorities(of town: TownID) -> [KnownAuthority] { authorities.trusted(of: town) }

    /// The same for a person who asks: the first is made where there is none.
    package func madeAuthorities(of town: TownID) async throws -> [KnownAuthority] {
        let known = authorities.trusted(of: town)
        guard known.isEmpty else { return known }
        let made = authorities.made(of: owner(town))
        try await onDisk()
        return made
    }

    /// Whether the key of the town's authority is at this hub.
    package func signsCertificates(of town: TownID) -> Bool { authorities.signs(town) }

    /// Signs an edge's request, and writes down until when.
    package func certify(_ edge: Device, _ request: String) throws(IssueFailure) -> IssuedCertificate {
        let (issued, key) = try authorities.issue(request, of: edge.publicKey, names: edge.hosts ?? [], called: "Noroshi edge \(edge.id)", in: owner(edge.town))
        // Counted behind the key: a copied token keeps no edge from its certificate.
        guard certificateWishes.withLock({ $0.take(60, of: edge.id, at: clock()) }) == nil else { throw .tooOften }
        guard devices.certified(edge.id, of: edge.town, key: key, until: issued.notAfter) else { throw .otherKey }
        logger.notice("edge has a certificate", metadata: ["device": "\(edge.id)", "town": "\(edge.town)", "names": "\(issued.names)", "until": "\(JapanTime.text(issued.notAfter))"])
        return issued
    }

    /// Signs for a machine that is in no register, as the hub's own: a person says what it is called.
    package func certify(_ request: String, _ names: [String], in town: TownID) throws(IssueFailure) -> IssuedCertificate {
        try authorities.issue(request, of: nil, names: names, called: "Noroshi machine", in: owner(town)).issued
    }

    /// Another authority takes the place of a town's, once it is on disk; the town's edges come for new certificates at once.
    /// - Returns: nil where another change was quicker.
    package func changeAuthority(of town: TownID, domains: [String]?, isTakenBack: Bool) async throws -> KnownAuthority? {
        let change: TownAuthorities.Change
        do { change = try authorities.prepare(owner(town), domains: domains, isTakenBack: isTakenBack) } catch is TownAuthorities.Busy { return nil }
        do {
            try await onDisk()
        } catch {
            authorities.undo(change)
            throw error
        }
        guard authorities.take(change) else { return nil }
        for edge in devices.devices(of: town) where edge.isEdge && edge.revoked == nil { stream.tell(device: edge.id, "register") }
        logger.notice("town has another certificate authority", metadata: ["town": "\(town)", "fingerprint": "\(change.authority.fingerprint)", "taken_back": "\(isTakenBack)"])
        return change.authority
    }
}
