/// How a hub comes to write into the record.
///
///     alone ──▶ claim ──── another's ──▶ again, for so long as it has patience ──▶ refused
///     one of several ──▶ look ──── somebody is on duty ──▶ stand by: look again, five times a second
///                          └────── nobody is, and its last renewal is a second old by our own clock ──▶ claim ──▶ renew (a thread of its own) ──▶ the notebook ──▶ on duty
///
/// Whether a lease has run out is said by the database's clock, and that may be put right by a minute while its owner renews it: so nobody takes over who has not seen
/// for himself that it stood still for as long as its owner may act.
///
/// Whoever stands by hands over what still waits on this machine's disk: he was on duty once, and what he recorded here belongs into the record,
/// whoever has it now.
internal import Ledger
internal import LedgerStore
internal import Logging

// Sendable: handed from the thread that opened it to the one that writes.
struct PostgresClaim: @unchecked Sendable {
    var line: PostgresLine
    var writer: Int64
    var notes: [String: [UInt8]]
    var lease: PostgresLease?
}

struct PostgresStandby {
    let address: PostgresAddress
    /// The folder's, and where it is one of several before it its own.
    let name: String
    let waiting: WaitingRows?
    let logger: Logger

    // MARK: alone

    func claim(until deadline: ContinuousClock.Instant) throws -> PostgresClaim {
        while true {
            var words: String
            do {
                let line = try PostgresLine.open(address)
                do {
                    try PostgresCheck.look(at: line)
                    if let claim = try claim(nil, on: line) { return claim }
                    let holder = LeaseHolder(owner: try PostgresOwner.lease(on: line).owner, address: "").name
                    words = "この記録には別のハブ（\(holder)）が書いています。一つの記録に書けるハブは一つだけです。交代させるハブには、どちらの設定にも hub: を書きます (another hub writes into this record; one record, one hub, unless both have hub: in their settings)"
                } catch let error as PostgresTrouble where error.mayPass {
                    words = "\(error)"
                }
            } catch let error as PostgresTrouble {
                words = "\(error)"
            } catch let error as PostgresCheck.Refusal {
                throw PostgresLedger.Refusal(description: error.description)
            }
            guard ContinuousClock.now < deadline else { throw PostgresLedger.Refusal(description: words) }
            PostgresThread.rest(.milliseconds(200))
        }
    }

    // MARK: one of several

    private static let beat = Duration.milliseconds(200)
    /// After the database was away its owner's hub is waited for so long: it is looking for it, too.
    private static let grace = Duration.seconds(2)

    /// Returns when this hub is on duty.
    func stand(_ bid: LeaseBid) throws -> PostgresClaim {
        var line: PostgresLine?, isAway = false, back: ContinuousClock.Instant?, told = "", disk = ContinuousClock.now
        var seen: (word: String, at: ContinuousClock.Instant)?
        while true {
            do {
                if line?.isBroken ?? true {
                    let found = try PostgresLine.open(address)
                    do {
                        try PostgresCheck.look(at: found)
                    } catch let error as PostgresCheck.Refusal {
                        throw PostgresLedger.Refusal(description: error.description)
                    }
                    line = found
                }
                if let line {
                    let lease = try PostgresOwner.lease(on: line)
                    if isAway { (isAway, back) = (false, .now) }
                    if seen?.word != lease.word { seen = (lease.word, .now) }
                    let isStill = seen.map { $0.at.duration(to: .now) >= DutyTerm.own } ?? false
                    if let claim = try look(lease, bid, on: line, isStill, back, &disk) { return claim }
                    told = ""
                }
            } catch let error as PostgresTrouble {
                // A row that somebody who was stopped has locked is no trouble of the database's.
                if case .away = error {
                    (line, isAway) = (nil, true)
                    bid.standsBy(nil)
                }
                // Five times a second: what is said again is not told again.
                let words = "\(error)"
                logger.log(level: words == told ? .debug : .warning, "the database does not answer who stands by", metadata: ["trouble": "\(words)"])
                told = words
            }
            PostgresThread.rest(Self.beat)
        }
    }

    /// - Parameters:
    ///   - isStill: nobody has renewed it for as long as its owner may act.
    ///   - back: since when the database is there again.
    ///   - disk: before when what waits here is not looked at again.
    private func look(
        _ lease: PostgresOwner.Lease, _ bid: LeaseBid, on line: PostgresLine, _ isStill: Bool, _ back: ContinuousClock.Instant?, _ disk: inout ContinuousClock.Instant
    ) throws -> PostgresClaim? {
        let isOurs = lease.owner == name
        if !lease.isHeld || isOurs {
            let isPatient = back.map { $0.duration(to: .now) < Self.grace } ?? false
            if isOurs || lease.isFree || isStill && !isPatient, let claim = try claim(bid, on: line) { return claim }
        }
        bid.standsBy(lease.isHeld ? LeaseHolder(owner: lease.owner, address: lease.address) : nil)
        guard let waiting, !waiting.isEmpty, disk <= .now else { return nil }
        do throws(PostgresTrouble) {
            try PostgresHandover(waiting, by: nil, for: .zero, takesNotes: false, logger: logger).run(on: line)
        } catch {
            guard case .disk(let words) = error else { throw error }
            // The database is there, and who is on duty is known: without notes all of it may be handed over again.
            logger.critical("what waits on this machine's disk stays there", metadata: ["error": "\(words)"])
            disk = .now + PostgresHandover.pause
        }
        return nil
    }

    // MARK: both

    private func claim(_ bid: LeaseBid?, on line: PostgresLine) throws -> PostgresClaim? {
        let asked = ContinuousClock.now
        guard let claim = try PostgresOwner.claim(name, at: bid?.address, on: line) else { return nil }
        let lease = bid.map { _ in PostgresLease(address, token: claim.writer, asked: asked, logger: logger) }
        // At once: what is read now takes longer than the lease.
        lease?.start()
        do {
            if let waiting, !waiting.isEmpty {
                // What it wrote while it had no neighbour yet is its own too: under the name of its folder.
                let isOwn = ["", name, String(name.split(separator: "/").last ?? "")].contains(claim.former)
                try PostgresHandover(waiting, by: claim.writer, for: bid == nil ? PostgresOwner.term : .zero, takesNotes: isOwn, logger: logger).run(on: line)
            }
            return PostgresClaim(line: line, writer: claim.writer, notes: try notes(line), lease: lease)
        } catch {
            lease?.stop()
            throw error
        }
    }

    /// Page by page: a country's notebook has tens of megabytes.
    private func notes(_ line: PostgresLine) throws -> [String: [UInt8]] {
        var notes: [String: [UInt8]] = [:], last = ""
        try line.begin([PostgresSchema.hub], readsOnly: true)
        while true {
            let rows = try line.run("SELECT key, value FROM note WHERE town = 'hub' AND key > $1::text ORDER BY key LIMIT 500", [.text(last)], keepsPlan: true)
            for row in 0..<rows.count {
                last = rows.text(row, 0) ?? last
                notes[last] = rows.bytes(row, 1)
            }
            guard rows.count == 500 else { break }
        }
        try line.say("COMMIT")
        return notes
    }
}
