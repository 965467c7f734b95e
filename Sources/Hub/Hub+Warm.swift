/// The first warning after a start took three times as long as the second: what reads, sorts, decides and composes it ran for the
/// first time. So it runs once before, with a warning that goes nowhere.
internal import AlertModel
internal import Dispatching
internal import FoundationEssentials
internal import Ingest

extension Hub {
    /// Reads a bulletin and composes what it would say in the first towns, as if it were for them. Sends and records nothing.
    package func warm(_ octets: [UInt8]) {
        let now = clock()
        let readings = (try? BulletinReader.readEach(octets, fileName: nil, codes: codes, trust: trust, receivedAt: now, isLive: false)) ?? []
        for reading in readings {
            guard case .success(let bulletin) = reading.outcome,
                let sorted = try? Normaliser(requiresTrustedSignature: false).sort(bulletin, id: { AlertID("warm") }, receivedAt: now)
            else { continue }
            for case .actual(let alert) in sorted {
                for town in towns.all.prefix(3) {
                    var own = alert.content
                    own.town = town.id
                    own.expires = now.addingTimeInterval(60)
                    _ = actual.preview(Alert<Actual>(own))
                }
            }
        }
    }
}
