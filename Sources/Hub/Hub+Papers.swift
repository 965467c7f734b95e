/// What is in force as a paper, and what a paper said where it was brought.
package import AlertModel
package import Bundles
internal import ChannelKit
package import Desk
internal import Dispatching
internal import Foundation
internal import Ledger
internal import Logging
internal import Memories

/// Why a paper that was brought is not taken; nothing was changed.
package enum PaperFailure: Error, Sendable {
    case flaw(PaperFlaw)
    case refusal(Carrying.Refusal)
    case forbidden(String)
    /// There is no room for one more town, or for one more key.
    case full
    /// A receipt of what did not leave here.
    case notOurs

    package var words: String {
        switch self {
        case .flaw(.notOurs): "狼煙の伝書ではないか、このハブが知らない新しい形です (no paper of ours, or of a later form)"
        case .flaw(.changed): "途中で切れているか、書かれたあとに変わっています。取り込んでいません (cut or changed; nothing was taken)"
        case .flaw(.tooLong): "大きすぎます。伝書は\(SignedPaper.limit >> 10) KiBまでです (too long)"
        case .refusal(.stranger(let print)):
            "差出人の鍵を、この町のものとして知りません。差出人に電話などで指紋 \(print) を確かめ、同じなら --trust \(print) を付けてもう一度取り込んでください "
                + "(unknown key: compare its fingerprint with the sender)"
        case .refusal(.older(let held)): "もっと新しい伝書（番号 \(held)）をもう持っています (older than what is held)"
        case .refusal(.twoOfOneNumber): "同じ番号で中身の違う伝書です。差出人に確かめてください (two papers of one number: ask the sender)"
        case .refusal(.over(let date)): "期限（\(JapanTime.text(date, milliseconds: false))）を過ぎています (its time is over)"
        case .refusal(.ahead(let date)): "作られた時刻（\(JapanTime.text(date, milliseconds: false))）が一日より先です。どちらかの時計を確かめてください (made more than a day ahead: check the clocks)"
        case .refusal(.longer(let date)): "期限（\(JapanTime.text(date, milliseconds: false))）が、作られてから\(Carrying.longest)時間より先です (to be believed for too long)"
        case .forbidden(let words): words
        case .full: "期限の内の伝書でいっぱいです。期限が過ぎれば置けます (full of papers whose time is not over: there is room when one of them is)"
        case .notOurs: "この受取は、ここから出た伝書のものではありません (a receipt of no paper that left here)"
        }
    }
}

package struct BroughtPaper: Sendable {
    package var paper: SignedPaper
    package var bundle: TownBundle
    package var isKnown: Bool
    /// To be carried back; nil for what was only looked at.
    package var receipt: SignedPaper?
}

extension Hub {
    /// Hours for which a paper may be believed.
    package static let paperHours = 1...Carrying.longest

    /// What is in force in a town now, signed, under the next number.
    /// - Parameter page: the channel whose words people read in full.
    package func carry(_ town: Town, _ mode: ModeName, hours: Int, place: String, page: String?) async throws -> SignedPaper {
        let now = clock(), table = standing(of: town.id, mode)
        var bundle = TownBundle(
            town: town.id, name: town.name, mode: mode, place: place, number: 0, made: now, expires: now.addingTimeInterval(TimeInterval(hours) * 3600))
        bundle.districts = table.orders(in: town.districts).compactMap { row in
            guard let level = row.state.level, let district = row.subject.district else { return nil }
            return .init(district: district, hazard: row.subject.hazard ?? "", level: level, since: row.since, until: row.until)
        }
        bundle.shelters = table.shelters.compactMap { row in
            guard case .shelter(let notice) = row.state else { return nil }
            return .init(name: notice.name, state: notice.state.rawValue, since: row.since)
        }
        if let row = table.headquarters, case .headquarters(let seat) = row.state { bundle.headquarters = seat.name }
        // The gravest first: what is left out for want of room is the least of it.
        let alerts = try await alerts(lastWords(in: town.id, mode), of: town.id).map { ($0, gravity(of: $0, in: town)) }
        for (alert, _) in alerts.sorted(by: { ($0.1 ?? .information, $0.0.content.sent) > ($1.1 ?? .information, $1.0.content.sent) }) {
            let words = try await words(of: alert, in: town.id, page)
            bundle.add(.init(
                id: alert.content.id.text, kind: alert.content.kind.rawValue, title: words.title, body: words.body, sent: alert.content.sent,
                expires: alert.content.expires))
        }
        return try papers.write(town.id, mode, now: now) { number in
            bundle.number = number
            return try SignedPaper(.bundle, try bundle.octets(), by: papers.own)
        }
    }

    /// As they were said where people read most of it; as it was ordered where they were said to nobody.
    private func words(of alert: SaidAlert, in town: TownID, _ page: String?) async throws -> (title: String, body: String) {
        let said = try await ledger.town(town).said(alert.content.id).compactMap { one in one.texts[.japanese].map { (one.channel, $0) } }
        if let text = said.first(where: { $0.0 == page })?.1 ?? said.map(\.1).max(by: { $0.body.count < $1.body.count }) { return (text.title, text.body) }
        if case .notice(let notice) = alert.content.detail { return (notice.title, notice.body) }
        return (alert.content.title, alert.content.headline ?? "")
    }

    /// Takes what was carried here. It is kept and shown, and nobody is told by it.
    package func bring(
        _ octets: [UInt8], by person: Operator, trusting fingerprint: String?, isTrial: Bool, place: String
    ) throws(PaperFailure) -> BroughtPaper {
        let (paper, bundle): (SignedPaper, TownBundle)
        do throws(PaperFlaw) {
            paper = try SignedPaper(octets: octets)
            bundle = try TownBundle(of: paper)
        } catch {
            throw .flaw(error)
        }
        guard let id = TownID(bundle.town) else { throw .flaw(.notOurs) }
        let town = towns[id]
        // Of a town that is another's here nobody else's people decide; of one that is nobody's here whoever sends for real.
        if town != nil, !Self.mayBring(person, id) {
            throw .forbidden("市町村\(id)の仕事をする権限がありません (this operator does not work for town \(id))")
        }
        let now = clock(), answer: Carrying.Novelty?
        do throws(Carrying.Refusal) {
            answer = try papers.take(
                paper, bundle, isOwn: { self.towns[$0] != nil }, pins: fingerprint, isTrial: isTrial, by: person.actor, now: now)
        } catch {
            logger.warning("a paper is not taken", metadata: ["town": "\(id)", "number": "\(bundle.number)", "signer": "\(paper.signer.fingerprint)", "by": "\(person.name)", "why": "\(error)"])
            throw .refusal(error)
        }
        guard let answer else { throw .full }
        if !isTrial {
            logger.notice("a paper was brought", metadata: ["town": "\(id)", "number": "\(bundle.number)", "signer": "\(paper.signer.fingerprint)", "by": "\(person.name)", "known": "\(answer == .known)"])
            if answer == .new { notice(Carrying.Held(paper, bundle, brought: now, by: person.actor), paper, bundle) }
            settlePapers()
        }
        let receipt = isTrial ? nil : try? SignedPaper(.receipt, BundleReceipt(of: paper, bundle, received: now, place: place).octets(), by: papers.own)
        return BroughtPaper(paper: paper, bundle: bundle, isKnown: answer == .known, receipt: receipt)
    }

    private static func mayBring(_ person: Operator, _ town: TownID) -> Bool { person.may(.send, in: town) || person.may(.admin, in: town) }

    /// That what left here has arrived. False where that was known.
    package func bringReceipt(_ octets: [UInt8], by person: Operator) throws(PaperFailure) -> (BundleReceipt, SignedPaper, isNew: Bool) {
        let (paper, receipt): (SignedPaper, BundleReceipt)
        do throws(PaperFlaw) {
            paper = try SignedPaper(octets: octets)
            receipt = try BundleReceipt(of: paper)
        } catch {
            throw .flaw(error)
        }
        guard let id = TownID(receipt.town), towns[id] != nil else { throw .notOurs }
        guard Self.mayBring(person, id) else { throw .forbidden("市町村\(id)の仕事をする権限がありません (this operator does not work for town \(id))") }
        guard let isNew = papers.take(receipt, of: paper, by: person.actor, now: clock()) else { throw .notOurs }
        if isNew {
            logger.notice("a paper has arrived", metadata: ["town": "\(id)", "number": "\(receipt.number)", "at": "\(receipt.place)", "signer": "\(paper.signer.fingerprint)"])
        }
        return (receipt, paper, isNew)
    }

    /// What was brought, as far as this person may see it.
    package func brought(for person: Operator) -> [(held: Carrying.Held, paper: SignedPaper, bundle: TownBundle)] {
        papers.brought.filter { one in
            guard let id = TownID(one.bundle.town), towns[id] != nil else { return true }
            return person.may(id)
        }.sorted { ($0.held.brought, $0.held.digest) > ($1.held.brought, $1.held.digest) }
    }

    /// The desk says what was brought by hand, for as long as it may be believed.
    func noticePapers() { papers.brought.forEach { notice($0.held, $0.paper, $0.bundle) } }

    private func notice(_ held: Carrying.Held, _ paper: SignedPaper, _ bundle: TownBundle) {
        guard !bundle.isOver(at: clock()) else { return }
        attention.notice(
            .carried, Self.subject(paper, bundle),
            "\(bundle.mode == .exercise ? "【訓練】" : "")\(bundle.town_name)の状況が手で運ばれてきました。\(Self.clock(Seconds.date(bundle.made)))の時点、\(Self.clock(held.brought))に取り込み。"
                + "noroshi bundle list で読めます。何も自動では送りません (brought by hand; nothing is sent by it)",
            from: bundle.place, of: TownID(bundle.town).flatMap { towns[$0]?.id }, at: held.brought)
    }

    /// What has a newer one of its signer, or may not be believed any more, is no news.
    package func settlePapers() {
        let now = clock()
        attention.settle(.carried, except: Set(papers.brought.filter { !$0.bundle.isOver(at: now) }.map { Self.subject($0.paper, $0.bundle) }))
    }

    private static func subject(_ paper: SignedPaper, _ bundle: TownBundle) -> String {
        "\(bundle.town)/\(bundle.mode.rawValue)/\(paper.signer.fingerprint)/\(bundle.number)"
    }
}
