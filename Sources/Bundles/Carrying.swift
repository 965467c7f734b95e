/// Whether what was carried here is taken: a value, asked before anything is kept.
package import FoundationEssentials

package struct Carrying: Sendable {
    /// What a hub holds of one town, one mode and one signer. The number stays when all else is over: an older paper is never news again.
    package struct Held: Sendable, Hashable, Codable {
        package var number: Int
        package var digest: String
        /// The paper itself; empty where its time was over and its room was needed.
        package var octets: Data
        package var brought: Date
        package var by: String

        package init(_ paper: SignedPaper, _ bundle: TownBundle, brought: Date, by: String) {
            (number, digest, octets) = (bundle.number, paper.digest, Data(paper.octets))
            (self.brought, self.by) = (brought, by)
        }
    }

    package enum Refusal: Error, Sendable, Hashable {
        /// Nobody here has said that this key may speak for the town.
        case stranger(fingerprint: String)
        /// A newer one of the same signer is here, or was.
        case older(held: Int)
        /// Another paper of the same number: the signer has said two things under one.
        case twoOfOneNumber
        case over(expired: Date)
        /// Made more than a day ahead of this hub's clock.
        case ahead(made: Date)
        /// To be believed for longer than any hub writes one: it would have its room for good.
        case longer(expires: Date)
    }

    package enum Novelty: Sendable, Hashable { case new, known }

    package static let patience: TimeInterval = 86_400
    /// Hours for which a paper may be believed, from when it was made.
    package static let longest = 72

    package static func judge(
        _ paper: SignedPaper, _ bundle: TownBundle, held: Held?, isTrusted: Bool, now: Date
    ) throws(Refusal) -> Novelty {
        guard isTrusted else { throw .stranger(fingerprint: paper.signer.fingerprint) }
        if let held {
            if held.digest == paper.digest { return .known }
            if bundle.number == held.number { throw .twoOfOneNumber }
            if bundle.number < held.number { throw .older(held: held.number) }
        }
        guard !bundle.isOver(at: now) else { throw .over(expired: Seconds.date(bundle.expires)) }
        guard Seconds.date(bundle.made).timeIntervalSince(now) < patience else { throw .ahead(made: Seconds.date(bundle.made)) }
        // Any two numbers may stand there.
        let seconds = bundle.expires.subtractingReportingOverflow(bundle.made)
        guard !seconds.overflow, seconds.partialValue <= longest * 3600 else { throw .longer(expires: Seconds.date(bundle.expires)) }
        return .new
    }
}
