/// What is over leaves the record by rule, while everything runs.
///
/// The rule is the ledger's (`RetentionRule`); what stands, who waits and whose years count is known here.
internal import AlertModel
internal import ChannelKit
internal import Desk
internal import Dispatching
internal import Foundation
package import FoundationEssentials
package import Ledger
internal import Logging
internal import Synchronization

/// What has left since the start, for the gauges.
package final class RetentionCount: Sendable {
    private let state = Mutex((left: Retired(), last: Date?.none))

    package var left: Retired { state.withLock(\.left) }
    /// When the last round over all towns ended.
    package var last: Date? { state.withLock(\.last) }

    func add(_ done: Retired) { state.withLock { $0.left += done } }
    func end(at now: Date) { state.withLock { $0.last = now } }
}

extension Hub {
    /// One round over all towns. A town whose record cannot be archived is named, and the others go on.
    package func retire(now: Date) async throws {
        var all = Retired()
        for town in towns.all.map(\.id) + [nil] {
            let rule = RetentionRule(
                town: town, years: town.flatMap { years[$0] } ?? RetentionRule.years, keep: town.map(standing) ?? [], now: now)
            do {
                var done = Retired()
                repeat {
                    try Task.checkCancellation()
                    done += try await ledger.retire(rule)
                } while done.isMore
                all += done
                retired.add(done)
                attention.settle(.ledger, subject: Self.archiveName(town), of: town)
            } catch let error as CancellationError {
                throw error
            } catch {
                logger.error("nothing is archived", metadata: ["town": "\(town?.code ?? CommonChain.name)", "error": "\(error)"])
                attention.notice(
                    .ledger, Self.archiveName(town), "終わった記録を保管のファイルに移せません。記録には残っています: \(error) (nothing is archived; it stays in the record)",
                    from: "archive", of: town, at: now)
            }
        }
        let notes = forgetNotes(now: now)
        retired.end(at: now)
        guard all.rows > 0 || notes > 0 else { return }
        logger.notice("what is over left the record", metadata: [
            "alerts": "\(all.alerts)", "skips": "\(all.skips)", "reports": "\(all.reports)", "deeds": "\(all.deeds)", "passed": "\(all.passed)", "bulletins": "\(all.bulletins)",
            "rows": "\(all.rows)", "notes": "\(notes)",
        ])
    }

    private static func archiveName(_ town: TownID?) -> String { "archive \(CommonChain.name(of: town))" }

    /// Alerts whose words stand, in both modes.
    private func standing(in town: TownID) -> Set<AlertID> {
        ModeName.allCases.reduce(into: []) { keep, mode in
            keep.formUnion(inForce(in: town, mode))
            keep.formUnion(lastWords(in: town, mode))
        }
    }

    /// Notes that are over: keys of orders, that a report was read and what was answered, after 30 days. What is in force, registered or waits is
    /// no note that is over; channels take their own away. Returns how many.
    private func forgetNotes(now: Date) -> Int {
        let border = now.addingTimeInterval(-Double(RetentionRule.skipDays) * 86_400)
        var count = orderKeys.forget(before: border)
        for key in ledger.keys(prefix: "report-read/") + ledger.keys(prefix: "report-answer/") + ledger.keys(prefix: "report-place/") {
            struct Mark: Decodable { var at: String }
            guard let octets = ledger.read(key), let mark = try? JSONDecoder().decode(Mark.self, from: Data(octets)),
                mark.at < JapanTime.text(border) else { continue }
            ledger.write(key, nil)
            count += 1
        }
        return count
    }
}
