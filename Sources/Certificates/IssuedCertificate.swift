/// What a town's authority is seen as, what it gives, and why it gives nothing.
package import FoundationEssentials

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
    /// The town has an authority, and its key is not on this machine.
    case keyIsAway
    /// It has had enough for now.
    case tooOften
}
