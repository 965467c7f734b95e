internal import AlertModel
internal import Desk
internal import Foundation
internal import Hub
internal import Hummingbird
internal import Logging
internal import Serving

/// Whether a town's record is what was written, fact by fact.
extension HubRouter {
    func addChain(to desk: DeskRoutes) {
        desk.get("/v1/towns/{code}/chain") { request, context in
            let person = context.person
            let town = try town(try context.parameters.require("code"), for: person)
            let expected = try request.uri.queryParameters["expect"].map { written throws(Problem) in
                guard Hub.isChainHead(String(written)) else {
                    throw Problem(.badRequest, "expect は「番号:指紋」です (expect: NUMBER:HASH, as this call said it before)")
                }
                return String(written)
            }
            // All of a town's record is read: one after the other.
            return try await Self.inLane(chains) {
                let own = try await hub.proof(of: town.id, expecting: expected), common = try await hub.proof(of: nil)
                if let flaw = own.flaw ?? common.flaw {
                    hub.logger.critical("the record is not what was written", metadata: [
                        "town": "\(town.id)", "fact": "\(flaw.number.map(String.init) ?? "-")", "subject": "\(flaw.subject)",
                    ])
                }
                return try Answer.json(Page(town: town.id.code, own: ChainShape(own), common: ChainShape(common)))
            }
        }
    }

    private struct Page: Encodable {
        var town: String
        /// The town's own record, and what passed it and others by.
        var own, common: ChainShape
    }
}

/// A chain as it was found.
struct ChainShape: Encodable {
    struct Head: Encodable {
        var number: Int64
        /// SHA-256, hex: to be written down elsewhere.
        var hash: String
    }

    struct Flaw: Encodable {
        var number: Int64?
        var kind: String?
        var subject, words: String
    }

    var chain: String
    var facts: Int
    var head: Head
    var flaw: Flaw?
    var signed: Signed?

    /// Its signed days.
    struct Signed: Encodable {
        var days: Int
        var last: String
        /// Of the hub's key.
        var signer: String
    }

    init(_ report: ChainProof) {
        chain = report.chain
        facts = report.facts
        head = Head(number: report.number, hash: report.hash)
        flaw = report.flaw.map { Flaw(number: $0.number, kind: $0.kind, subject: $0.subject, words: $0.words) }
        signed = report.days.map { Signed(days: $0.count, last: $0.last, signer: $0.signer) }
    }

    private enum CodingKeys: String, CodingKey { case chain, facts, head, flaw, signed }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(chain, forKey: .chain)
        try container.encode(facts, forKey: .facts)
        try container.encode(head, forKey: .head)
        // Null says that it was looked for.
        try container.encode(flaw, forKey: .flaw)
        try container.encode(signed, forKey: .signed)
    }
}
