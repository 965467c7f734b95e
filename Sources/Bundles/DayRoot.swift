/// Where a chain of the record stood when a day was over, signed by the hub's key.
///
///     2026-11-27 ──digest──▶ 2026-11-28 ──digest──▶ 2026-11-29 …
///      fact 4812              fact 5106              fact 9733
///
/// Whoever has the record's file and not the key can make a whole chain anew; he cannot make its days anew. A day on which nothing was
/// recorded has none. Each names the one before, so that none is taken out of the middle.
internal import FoundationEssentials

package struct DayRoot: Sendable, Hashable {
    package struct Body: Sendable, Hashable, Codable {
        /// A town's code, or `common`.
        package var chain: String
        /// In Japan: `2026-11-28`.
        package var day: String
        /// The last fact of that day and its hash, hex.
        package var number: Int64
        package var hash: String
        /// The digest of the root before; nil of the first.
        package var after: String?
        /// Seconds since 1970 at which it was signed.
        package var signed: Int

        package init(chain: String, day: String, number: Int64, hash: String, after: String?, signed: Int) {
            (self.chain, self.day, self.number, self.hash, self.after, self.signed) = (chain, day, number, hash, after, signed)
        }
    }

    package let paper: SignedPaper
    package let body: Body
    package var signer: PaperKey { paper.signer }

    package init(_ body: Body, by key: OwnPaperKey) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        (paper, self.body) = (try SignedPaper(.root, Array(try encoder.encode(body)), by: key), body)
    }

    /// Reads one and holds it against its signature. Whose key it is, is another question.
    package init(octets: [UInt8]) throws(PaperFlaw) {
        let paper = try SignedPaper(octets: octets)
        guard paper.kind == .root else { throw .notOurs }
        guard let body = try? JSONDecoder().decode(Body.self, from: Data(paper.body)), body.number > 0, body.hash.utf8.count == 64 else { throw .changed }
        (self.paper, self.body) = (paper, body)
    }
}

/// The signed days of one chain.
package struct SignedDays: Sendable, Hashable {
    /// Why they are not what was signed; for people, Japanese first.
    package struct Flaw: Error, Sendable, Hashable {
        package var words: String
    }

    /// The oldest first.
    package private(set) var roots: [DayRoot] = []
    package var last: DayRoot? { roots.last }

    /// - Parameters:
    ///   - papers: in their order, as they lie in the record.
    ///   - beside: the newest, as it lies beside the record; one that the record lacks at its end belongs to it.
    ///   - key: by whom they have to be signed; nil: all by the same.
    ///   - isEnd: only the newest are there, and what was before is not asked.
    package init(_ papers: [[UInt8]], beside: [UInt8]?, of chain: String, by key: PaperKey?, isEnd: Bool = false) throws(Flaw) {
        for octets in papers { try take(octets, chain, key, followsUnseen: isEnd && roots.isEmpty) }
        guard let beside else { return }
        let newest = try read(beside, chain)
        guard !roots.contains(newest) else { return }
        guard newest.body.after == last?.paper.digest else {
            throw Flaw(words: "\(newest.body.day)の署名が記録から消えています。記録の署名は\(last?.body.day ?? "ひとつもありません")までです (signed days are gone from the record: \(newest.body.day) was signed)")
        }
        try take(beside, chain, key, followsUnseen: false)
    }

    private func read(_ octets: [UInt8], _ chain: String) throws(Flaw) -> DayRoot {
        do throws(PaperFlaw) {
            let root = try DayRoot(octets: octets)
            guard root.body.chain == chain else { throw PaperFlaw.notOurs }
            return root
        } catch {
            throw Flaw(words: "\(last.map { "\($0.body.day)の次の" } ?? "最初の")署名が読めないか、書き換えられています (a signed day is not what was signed)")
        }
    }

    private mutating func take(_ octets: [UInt8], _ chain: String, _ key: PaperKey?, followsUnseen: Bool) throws(Flaw) {
        let root = try read(octets, chain)
        guard root.signer == key ?? roots.first?.signer ?? root.signer else {
            throw Flaw(words: "\(root.body.day)の署名は、このハブの鍵のものではありません（鍵 \(root.signer.fingerprint)） (signed by another key than this hub's)")
        }
        guard followsUnseen || root.body.after == last?.paper.digest, root.body.day > last?.body.day ?? "", root.body.number > last?.body.number ?? 0 else {
            throw Flaw(words: "\(root.body.day)の署名は、その前の署名に続いていません。間の署名が消えています (a signed day does not follow the one before: some are gone)")
        }
        roots.append(root)
    }
}
