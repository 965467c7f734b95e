import Bundles
import Foundation
import LedgerStore

extension CopySegment {
    /// How far a copy was followed.
    struct Followed {
        var last: CopySlip
        var about: SealedCopy.About
        var count = 0
        /// Why no further; nil: there was nothing more.
        var stop: String?
    }

    /// Puts all that goes on from a copy, and lies beside it, onto the opened copy. What is missing or changed ends it there, and is said.
    static func follow(
        _ file: URL, _ slip: CopySlip, _ about: SealedCopy.About, identities: [String], onto stage: URL, progress: (String) -> Void
    ) async throws -> Followed {
        var followed = Followed(last: slip, about: about)
        let folder = file.deletingLastPathComponent(), (slips, unread) = parts(in: folder, after: slip)
        if !unread.isEmpty { followed.stop = "添え書き（.slip）がないか読めない差分があります: \(unread.prefix(3).joined(separator: "、")) (segments without a readable slip)" }
        guard !slips.isEmpty else { return followed }
        var index = try PageIndex(of: stage.appending(path: SealedCopy.ledgerName)), made = about.made
        for next in slips {
            let part = folder.appending(path: next.fileName), box = stage.appending(path: ".segment")
            guard next.body.before == followed.last.body.sha256 else {
                followed.stop = "番号 \(followed.last.number) の次の差分がありません (the one after number \(followed.last.number) is missing)"
                break
            }
            guard let found = try? SealedCopy.digest(part), found.octets == next.body.octets, found.digest == next.body.sha256 else {
                followed.stop = "番号 \(next.number) の差分が、書かれたときと違うか、ありません (number \(next.number) is not as it was written)"
                break
            }
            // What its hub has signed, and opens, fits; or nothing of all this is to be believed.
            try await SealedCopy.unpack(part, identities: identities, into: box, progress: { _ in })
            made = try apply(box, to: stage, &index).made
            try FileManager.default.removeItem(at: box)
            (followed.last, followed.count) = (next, followed.count + 1)
            if followed.count % 100 == 0 { progress("差分を重ねています… \(followed.count)／\(slips.count) (following)") }
        }
        guard followed.count > 0 else { return followed }
        progress("確かめています… (checking)")
        followed.about = try await SealedCopy.describe(stage, made: made)
        return followed
    }

    /// What goes on from a copy, in its order, and the files beside it that say so by their name alone.
    private static func parts(in folder: URL, after slip: CopySlip) -> (slips: [CopySlip], unread: [String]) {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
        let slips = names.filter { $0.hasSuffix(".part" + CopySlip.suffix) }.compactMap { name in
            (try? Data(contentsOf: folder.appending(path: name))).flatMap { try? CopySlip(octets: [UInt8]($0)) }
        }.filter { $0.isSegment && $0.base == slip.number && $0.signer == slip.signer }.sorted { $0.number < $1.number }
        let known = Set(slips.map(\.fileName)), mark = slip.fileName.dropLast(".copy".count) + "-"
        return (slips, names.filter { $0.hasPrefix(mark) && $0.hasSuffix(".part") && !known.contains($0) }.sorted())
    }

    /// Files that go on from a copy whose own slip is missing: it cannot be told whose they are.
    static func liesBeside(_ file: URL) -> Bool {
        let mark = file.deletingPathExtension().lastPathComponent + "-"
        return ((try? FileManager.default.contentsOfDirectory(atPath: file.deletingLastPathComponent().path)) ?? []).contains { $0.hasPrefix(mark) && $0.hasSuffix(".part") }
    }
}
