internal import AlertModel
internal import Foundation
internal import Desk
internal import Hub
internal import Hummingbird
internal import Ingest
internal import Serving

/// `GET /v1/sources`: who may say what is true, how far each is believed, what it may raise, and when it was heard of.
extension HubRouter {
    private struct Source: Encodable {
        var name, trust, trust_name: String
        /// Kinds; absent: everything. Empty: what comes is only recorded.
        var raises: [String]?
        /// Towns that hear it; absent: whom it concerns.
        var towns: [String]?
        var last_heard_at, last_bulletin_at, last_bulletin, trouble: String?
        var accepted, refused, duplicates: Int
        var silent: Bool
        /// From the sender's time to ours, last bulletin; below 0 the sender's clock is ahead.
        var lag_seconds: Double?

        init(_ source: SourceHealth.Source, _ rules: SourceRules, _ towns: Set<TownID>?, now: Date) {
            name = source.name
            trust = rules.trust(of: source.name).rawValue
            trust_name = rules.trust(of: source.name).japanese
            raises = rules.raises(source.name)?.map(\.rawValue).sorted()
            self.towns = towns?.map(\.code).sorted()
            last_heard_at = source.lastHeard.map { JapanTime.text($0, milliseconds: false) }
            last_bulletin_at = source.lastBulletinAt.map { JapanTime.text($0, milliseconds: false) }
            last_bulletin = source.lastBulletin
            trouble = source.trouble
            accepted = source.accepted
            refused = source.refused
            duplicates = source.duplicates
            silent = source.isSilent(at: now)
            lag_seconds = source.lag.map { ($0 * 1000).rounded() / 1000 }
        }
    }

    private struct CAP: Encodable {
        /// True: CAP without the signature of one of these is only recorded.
        var signature_required: Bool
        var signers: [String]
    }

    private struct List: Encodable {
        var sources: [Source]
        var cap: CAP
    }

    func addSources(to desk: DeskRoutes) {
        desk.get("/v1/sources") { request, context in
            let now = hub.clock()
            let feeders = hub.people.feeders
            let towns = Dictionary(feeders.map { ("http:\($0.name)", $0.towns) }, uniquingKeysWith: { $1 })
            var known = hub.health.all
            // Who may be a source and has said nothing yet is one all the same.
            for name in towns.keys.sorted() where !known.contains(where: { $0.name == name }) {
                known.append(SourceHealth.Source(name: name))
            }
            return try Answer.json(List(
                sources: known.map { Source($0, hub.sources, towns[$0.name] ?? nil, now: now) },
                cap: CAP(signature_required: hub.trust.namesSomebody, signers: hub.trust.pinTexts)))
        }
    }
}
