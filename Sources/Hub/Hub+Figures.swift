/// The hub in figures, for gauges: queues, deliveries and the record.
package import AlertModel
internal import ChannelKit
internal import Dispatching
internal import FoundationEssentials
internal import Ledger

/// One channel's queue in one mode.
package struct QueueFigures: Sendable {
    package var channel: String
    package var mode: ModeName
    package var waiting: [Priority: Int]
    package var onWire, late, timers, stopped: Int
    /// Seconds since the oldest immediate delivery that is not with its far end was offered: where all seems well, and where the far
    /// end is in trouble; 0 where there is none.
    package var oldestWell, oldestTroubled: Double
}

/// How long deliveries took, counted by upper bound.
package struct DeliveryTimes: Sendable {
    package var channel, priority: String
    /// Seconds.
    package var bounds: [Double]
    /// One more than bounds: what took longer than the last.
    package var counts: [Int]
    package var sum: Double
}

/// Deliveries that ended so.
package struct DeliveryEnds: Sendable {
    package var channel: String
    package var mode: ModeName
    package var state: String
    package var count: Int
}

/// What waits for the disk, and what it is like.
package struct RecordFigures: Sendable {
    package var waiting, lost: Int
    /// Seconds, of the last commit; nil where there is no disk.
    package var commit: Double?
    /// Octets.
    package var size: Int?
    /// What is amiss with it though warnings go out.
    package var troubles: [String]
}

extension Hub {
    package var queues: [QueueFigures] { queues(of: actual) + queues(of: exercise) }

    private func queues<M: Mode>(of line: Line<M>) -> [QueueFigures] {
        line.channels.map { slot in
            let gauges = slot.runner.gauges, oldest = slot.runner.oldestImmediate()
            return QueueFigures(
                channel: slot.manifest.name, mode: M.name, waiting: gauges.waiting, onWire: gauges.onWire, late: gauges.late, timers: gauges.timers,
                stopped: gauges.stopped.count, oldestWell: (oldest.well ?? .zero).milliseconds / 1000, oldestTroubled: (oldest.troubled ?? .zero).milliseconds / 1000)
        }
    }

    package var deliveryEnds: [DeliveryEnds] {
        journal.tallies.sorted { $0.key.channel < $1.key.channel }
            .map { DeliveryEnds(channel: $0.key.channel, mode: $0.key.mode, state: $0.key.state.rawValue, count: $0.value) }
    }

    package var deliveryTimes: [DeliveryTimes] {
        journal.times.sorted { $0.key < $1.key }.map { key, histogram in
            let words = key.split(separator: " ").map(String.init)
            return DeliveryTimes(
                channel: words.first ?? "", priority: words.last ?? "", bounds: LatencyHistogram.bounds, counts: histogram.counts, sum: histogram.sum)
        }
    }

    package var record: RecordFigures {
        let backlog = ledger.backlog, disk = ledger.disk
        return RecordFigures(waiting: backlog.waiting, lost: backlog.lost, commit: disk.map { $0.commit.milliseconds / 1000 }, size: disk.flatMap(\.size), troubles: ledger.troubles)
    }

    /// What a restart held back and nobody has decided about.
    package var heldDeliveries: [ModeName: Int] { journal.held }
    /// Rows in memory, followers, and rows that followers lost because they did not read.
    package var logFigures: (rows: Int, followers: Int, lost: Int) { journal.gauges }
    /// Rows and alerts that left the record for the archive since the start.
    package var archived: (rows: Int, alerts: Int) { (retired.left.rows, retired.left.alerts) }
    /// Events of which it is remembered who was told.
    package func toldEvents(_ mode: ModeName) -> Int { mode == .actual ? actual.toldEvents : exercise.toldEvents }

    /// What the real lines show of themselves, added to what a probe found.
    package func complete(_ report: Readiness.Report) -> Readiness.Report {
        var report = report
        report.add(actual.oldestImmediate())
        report.stopped_lanes = actual.stoppedLanes + exercise.stoppedLanes
        return report
    }
}
