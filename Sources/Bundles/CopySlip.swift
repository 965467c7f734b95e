/// The slip beside a sealed copy: what the file is, which number it has, whose hub made it. Whoever has a public key of age can seal something; only the
/// hub signs it. An older copy in the place of a newer one is found by its number.
package import FoundationEssentials

package struct CopySlip: Sendable, Hashable {
    package struct Body: Sendable, Hashable, Codable {
        /// Of the file, hex.
        package var sha256: String
        package var octets: Int
        /// Seconds since 1970 at which it was made: a later copy has a higher one, whatever was restored in between.
        package var number: Int
        package var made: Date
        /// Of a segment: the number of the copy it goes on from, and the digest of the file before it, the copy or the last segment.
        package var base: Int?
        package var before: String?

        package init(sha256: String, octets: Int, number: Int, made: Date, base: Int? = nil, before: String? = nil) {
            (self.sha256, self.octets, self.number, self.made) = (sha256, octets, number, made)
            (self.base, self.before) = (base, before)
        }
    }

    package let paper: SignedPaper
    package let body: Body
    package var number: Int { body.number }
    package var signer: PaperKey { paper.signer }

    package init(_ body: Body, by key: OwnPaperKey) throws {
        (paper, self.body) = (try SignedPaper(.copy, Array(try Self.encoder.encode(body)), by: key), body)
    }

    /// Reads one and holds it against its signature. Whose key it is, is another question.
    package init(octets: [UInt8]) throws(PaperFlaw) {
        let paper = try SignedPaper(octets: octets)
        guard paper.kind == .copy else { throw .notOurs }
        guard let body = try? Self.decoder.decode(Body.self, from: Data(paper.body)), body.number > 0, body.octets > 0, Self.isDigest(body.sha256),
            (body.base == nil) == (body.before == nil), body.base.map({ (1..<body.number).contains($0) }) ?? true, body.before.map(Self.isDigest) ?? true
        else { throw .changed }
        (self.paper, self.body) = (paper, body)
    }

    private static func isDigest(_ text: String) -> Bool {
        text.utf8.count == 64 && text.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
    }

    /// The copy that it is, or goes on from.
    package var base: Int { body.base ?? number }
    package var isSegment: Bool { body.base != nil }

    /// In a folder of copies; the slip beside it has `.slip` behind that.
    package var fileName: String {
        let mark = signer.fingerprint.prefix(4)
        return body.base.map { "noroshi-\($0)-\(mark)-\(number).part" } ?? "noroshi-\(number)-\(mark).copy"
    }
    package static let suffix = ".slip"

    private static let encoder = {
        let encoder = JSONEncoder()
        encoder.dateEncodingStrategy = .iso8601
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return encoder
    }()

    private static let decoder = {
        let decoder = JSONDecoder()
        decoder.dateDecodingStrategy = .iso8601
        return decoder
    }()
}
