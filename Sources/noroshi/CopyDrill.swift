import ChannelKit
import Foundation
import Hub
import LedgerStore
import Logging
import ServiceLifecycle

/// The restore drill, by itself: a copy is made beside the running hub, opened, held against what it says of itself, and thrown away. Its figures are
/// on the desk and among the gauges. Both are this program's own commands, as children that give way to everything; nothing is sent, nothing put back.
struct CopyDrill: Service {
    /// How often it is asked whether it is time; how soon after one that failed.
    static let look = Duration.seconds(60), again: TimeInterval = 86_400
    let hub: Hub
    let data: URL
    let every: TimeInterval

    func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                if isDue { await drill() }
                // Cancelled: the loop ends.
                try? await ContinuousClock().sleep(for: Self.look)
            }
        }
    }

    private var isDue: Bool {
        guard let last = hub.copyProof else { return true }
        return hub.clock().timeIntervalSince(last.at) >= (last.trouble == nil ? every : min(every, Self.again))
    }

    private func drill() async {
        // Named as what no copy takes along.
        let copy = data.appending(path: Stage.mark + "drill.zst"), said = data.appending(path: Stage.mark + "drill.json")
        let files = [copy, said, URL(filePath: copy.path + ".slip")]
        func clear() { files.forEach { try? FileManager.default.removeItem(at: $0) } }
        clear()
        defer { clear() }
        var proof = CopyProof(at: hub.clock(), took: 0, lost: 0, facts: 0)
        do {
            try checkRoom()
            let made = try await ask(["backup", "--data", data.path, "--out", copy.path, "--unsealed"], said)
            let opened = try await ask(["restore", copy.path, "--verify"], said)
            proof.took = opened["took_s"] as? Double ?? 0
            proof.lost = max(0, (opened["age_s"] as? Double ?? 0))
            proof.facts = made["facts"] as? Int ?? 0
        } catch is CancellationError {
            return
        } catch {
            proof.trouble = (error as? TownFile.Failure)?.description ?? (error is Pipeline.Full ? "ディスクがいっぱいです (the disk is full)" : "\(error)")
        }
        proof.at = hub.clock()
        guard !Task.isCancelled else { return }
        hub.keep(proof)
        hub.logger.notice("restore drill", metadata: ["took_s": "\(proof.took)", "facts": "\(proof.facts)", "trouble": "\(proof.trouble ?? "-")"])
    }

    /// A drill that fills the disk of the hub it is for would be none: the copy, what it is made from, and what it becomes.
    private func checkRoom() throws {
        let facts = try FileManager.default.attributesOfFileSystem(forPath: data.path)
        let ledger = try FileManager.default.attributesOfItem(atPath: data.appending(path: SealedCopy.ledgerName).path)[.size] as? Int ?? 0
        let free = facts[.systemFreeSize] as? Int ?? 0
        guard free > 5 * ledger else { throw TownFile.Failure.disk("空きが足りません。\(5 * ledger >> 20) MiB 要ります (not enough room for a drill)") }
    }

    private func ask(_ words: [String], _ said: URL) async throws -> [String: Any] {
        let own = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        try? FileManager.default.removeItem(at: said)
        try await Pipeline([["env", "TMPDIR=\(data.path)", "nice", "-n", "19", own] + words + ["--format", "json"]]).run(from: nil, to: said)
        return try JSONSerialization.jsonObject(with: Data(contentsOf: said)) as? [String: Any] ?? [:]
    }
}
