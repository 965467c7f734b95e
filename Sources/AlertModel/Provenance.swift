/// How far a way in is believed. Who is less believed may raise an alarm; what a more believed one has said he does not
/// lower, lift or take back.
public enum SourceTrust: String, Sendable, Codable, Hashable, CaseIterable, Comparable {
    /// Anybody who may hand bulletins in: a token with `feed`, CAP without a pinned signature.
    case other
    /// CAP signed by one of the keys of the settings.
    case signed
    /// A receiver of the town's own: the signal proves nobody's name.
    case receiver
    /// JMA by DMDATA.JP, by its feeds or from a folder.
    case official

    private var rank: Int {
        switch self {
        case .other: 1
        case .signed: 2
        case .receiver: 3
        case .official: 4
        }
    }

    public static func < (left: SourceTrust, right: SourceTrust) -> Bool { left.rank < right.rank }
}

/// By whom a bulletin came, as far as it decides what it may do to what was said before. Kept with the alert, so that
/// a restart judges as the first run did.
public struct Provenance: Sendable, Codable, Hashable {
    public var trust: SourceTrust
    /// The key that signed it, as the settings pin it (`sha256/…`); nil where nobody trusted did.
    public var signer: String?
    /// It came behind a newer word on its event: it may raise and widen what was told, nothing else.
    public var isLate: Bool?

    public init(trust: SourceTrust, signer: String? = nil) {
        self.trust = trust
        self.signer = signer
    }
}
