/// Whether a copy of this record really opens: the last drill, its figures, and a word to people where there is none.
internal import AlertModel
internal import Bundles
internal import ChannelKit
package import Foundation
internal import Ledger

/// One restore drill: a copy made beside the running hub, opened, and held octet for octet against what it says of itself.
package struct CopyProof: Sendable, Codable, Hashable {
    package var at: Date
    /// Seconds from the copy to a record that could be served.
    package var took: Double
    /// Seconds of record that came after the moment the copy was taken at: what would have been lost.
    package var lost: Double
    package var facts: Int
    /// Why it did not come to its end; nil where all was as it was written.
    package var trouble: String?

    package init(at: Date, took: Double, lost: Double, facts: Int, trouble: String? = nil) {
        (self.at, self.took, self.lost, self.facts, self.trouble) = (at, took, lost, facts, trouble)
    }
}

extension Hub {
    private static let proofNote = "copy-proof"
    /// For so long the desk says that it went well.
    private static let tells: TimeInterval = 7 * 86_400

    package var copyProof: CopyProof? { ledger.read(Self.proofNote).flatMap { try? JSONDecoder().decode(CopyProof.self, from: Data($0)) } }

    package func keep(_ proof: CopyProof) {
        ledger.write(Self.proofNote, (try? JSONEncoder().encode(proof)).map { [UInt8]($0) })
        attention.settle(.copies, subject: "drill")
        noticeProof()
    }

    func noticeProof() {
        guard let proof = copyProof, proof.trouble != nil || clock().timeIntervalSince(proof.at) < Self.tells else { return }
        let time = Self.clock(proof.at)
        let words = proof.trouble.map { "写しから戻す訓練が、最後まで行きませんでした（\(time)）: \($0) (the restore drill failed)" }
            ?? "写しから戻せることを確かめました。最後: \(time)、かかった時間 \(Self.minutes(proof.took))、失われたはずの記録 \(Self.minutes(proof.lost))分、記録 \(proof.facts) 件 (the restore drill: proved)"
        attention.notice(.copies, "drill", words, from: "drill", at: proof.at)
    }

    private static func minutes(_ seconds: Double) -> String { seconds < 60 ? "\(Int(seconds.rounded(.up)))秒" : "\(Int(seconds) / 60)分\(Int(seconds) % 60)秒" }
}

// MARK: copies of other towns

extension Hub {
    /// What is held for others, and what is amiss with it.
    package func noticeHeld(_ shelf: HeldCopies) {
        let held = shelf.held, now = clock()
        for partner in shelf.partners {
            let own = held[partner.town] ?? [], subject = "held/\(partner.town)"
            let state = own.last.map { newest in
                "\(partner.name)の写しを預かっています。最新は\(Self.clock(Seconds.date(newest.slip.number)))のもの、\(own.count { !$0.slip.isSegment })本、\(own.map(\.slip.body.octets).reduce(0, +) >> 20) MiB (another town's sealed copies are held here)"
            }
            attention.settle(.held, subject: subject, except: state)
            if let state { attention.notice(.held, subject, state, from: "copies", at: now, isNews: false) }
            let words: String? =
                if let rotten = own.first(where: { $0.seen.proved == nil }) {
                    "預かっている\(partner.name)の写し（番号 \(rotten.slip.number)）が、受け取ったときと違います。このハブのディスクを調べ、\(partner.name)に伝えてください (a copy held for another town is not what it was)"
                } else if let newest = own.last, now.timeIntervalSince(newest.seen.received) >= HeldCopies.stale {
                    "\(partner.name)の写しが届いていません。最後は\(Self.clock(newest.seen.received))です。\(partner.name)に伝えてください (no new copy has come from that town)"
                } else {
                    nil
                }
            attention.settle(.copies, subject: subject, except: words)
            if let words { attention.notice(.copies, subject, words, from: "copies", at: now) }
        }
    }
}
