/// What the clock does to what waits for a second person, and what a start finds of it.
internal import AlertModel
internal import ChannelKit
internal import Desk
internal import Foundation
internal import Ledger
internal import Logging
internal import Synchronization

extension Hub {
    /// Moves what nobody answered to the next role, and sends what only waited for its time.
    package func turnApprovals() async {
        let (moved, due, lapsed) = approvals.withLock { table in
            let turn = table.tick(clock())
            for act in turn.moved + turn.lapsed { keep(act) }
            for id in table.takeForgotten() { ledger.write(Self.approvalPrefix + id, nil) }
            return turn
        }
        for act in lapsed { tell(lapsed: act) }
        for act in moved {
            logger.warning("nobody answered: it comes to the next role", metadata: [
                "approval": "\(act.id)", "town": "\(act.town)", "next": "\(act.next?.rawValue ?? "")",
            ])
        }
        // Each of them takes its time, and may have been stopped or approved meanwhile.
        for act in due where approvals.withLock({ claim(act.id, in: $0) }) {
            if isStopped(act) { hold(act) } else { await send(due: act) }
        }
    }

    private func tell(lapsed act: WaitingAct) {
        logger.error("nobody approved it, and it is too old by now", metadata: ["approval": "\(act.id)", "town": "\(act.town)"])
        noteDown(act, "だれも承認しないまま古くなり、出なかった：「\(act.title)」（出した人 \(act.by)）", by: "hub")
        guard act.order.isSaid, let town = TownID(act.town) else { return }
        attention.notice(
            .review, act.id, "「\(act.title)」（\(act.by)さん）は、だれも承認しないまま古くなり、出ていません。要るなら、出し直してください (nobody approved it; it was not sent)",
            from: "desk", of: town, at: clock())
    }

    private func send(due act: WaitingAct) async {
        defer { unclaim(act) }
        do throws(DeskFailure) {
            _ = try await send(act, actor: "operator:\(act.by) waited")
            _ = decided(act, by: act.by)
        } catch .unrecorded(let reason) {
            // On its way, though the disk does not know.
            logger.error("what waited for its time is not on disk", metadata: ["approval": "\(act.id)", "error": "\(reason)"])
            _ = decided(act, by: act.by)
        } catch {
            logger.error("what waited for its time could not be sent", metadata: ["approval": "\(act.id)", "error": "\(error)"])
            guard let town = TownID(act.town) else { return }
            attention.notice(
                .review, act.id, "「\(act.title)」は、待ち時間が過ぎましたが出せませんでした。\(error)（could not be sent）", from: "desk", of: town, at: clock())
            approvals.withLock { table in
                if let back = try? table.giveBack(act.id, by: submitter(act), reason: "\(error)", now: clock()) { keep(back) }
            }
        }
    }

    /// Whoever submitted it was stopped meanwhile: it does not go out by itself.
    private func hold(_ act: WaitingAct) {
        approvals.withLock { table in
            if let held = table.hold(act.id, now: clock()) { keep(held) }
            _ = sending.withLock { $0.remove(act.id) }
        }
        logger.warning("its submitter was stopped: it waits for a person", metadata: ["approval": "\(act.id)", "town": "\(act.town)", "by": "\(act.by)"])
        guard let town = TownID(act.town) else { return }
        let words = hasEnded(act)
            ? "「\(act.title)」は、代行が終わったので、時間が来ても出ません。要るなら、この町の人が出し直してください (the pact's release is over: the town's own people submit it anew)"
            : "「\(act.title)」は、出した\(act.by)さんが止められたので、時間が来ても出ません。ほかの人が承認するか、差し戻してください (its submitter was stopped: somebody else decides)"
        attention.notice(.review, act.id, words, from: "desk", of: town, at: clock())
    }

    // MARK: at a start

    func restoreApprovals() async {
        for key in ledger.keys(prefix: Self.approvalPrefix) {
            guard let octets = ledger.read(key), let act = try? JSONDecoder().decode(WaitingAct.self, from: Data(octets)) else { continue }
            approvals.withLock { $0.restore(act, now: clock()) }
            // Killed between its sending and the note of it: the record has it.
            if act.state == .waiting, await isRecorded(act) {
                approvals.withLock { table in
                    if let sent = table.wasSent(act.id) { keep(sent) }
                }
            }
        }
    }

    private func isRecorded(_ act: WaitingAct) async -> Bool {
        var query = AlertQuery()
        query.id = AlertID(act.alert)
        query.limit = 1
        guard let town = TownID(act.town) else { return false }
        // What cannot be read waits for a person.
        return (try? await ledger.town(town).alerts(query).isEmpty == false) ?? false
    }
}
