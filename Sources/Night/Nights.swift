/// Many nights, on as many threads as there are cores: they share texts and nothing else.
import Dispatch
import Foundation
import Synchronization

package struct Nights: Sendable {
    package let from: UInt64
    package let count: UInt64
    package let planted: PlantedFault?
    /// No new night is begun after it.
    package let within: Duration?

    package init(from: UInt64 = 0, count: UInt64, planted: PlantedFault? = nil, within: Duration? = nil) {
        (self.from, self.count, self.planted, self.within) = (from, count, planted, within)
    }

    package struct Sum: Sendable {
        package var nights = 0
        package var broken: [NightReport] = []
        package var digests: [UInt64: UInt64] = [:]
        package var happenings = 0, alerts = 0, attempts = 0, kills = 0
        package var hours = 0.0

        package var words: String {
            "\(nights) nights of \(Int(hours)) hours: \(happenings) happenings, \(alerts) alerts, \(attempts) attempts, \(kills) kills; \(broken.count) broken."
        }

        fileprivate mutating func add(_ report: NightReport) {
            nights += 1
            if report.broken != nil { broken.append(report) }
            digests[report.seed] = report.digest
            happenings += report.happenings
            alerts += report.alerts
            attempts += report.attempts
            kills += report.kills
            hours += report.hours
        }
    }

    package func play(_ shelf: NightShelf) -> Sum {
        let begun = ContinuousClock.now
        let sum = Mutex(Sum())
        let next = Atomic<UInt64>(0)
        DispatchQueue.concurrentPerform(iterations: ProcessInfo.processInfo.activeProcessorCount) { _ in
            while true {
                let index = next.add(1, ordering: .relaxed).oldValue
                guard index < count, within.map({ begun.duration(to: .now) < $0 }) ?? true else { return }
                let report = Night(seed: from + index, planted: planted).play(shelf)
                sum.withLock { $0.add(report) }
            }
        }
        return sum.withLock { sum in
            sum.broken.sort { $0.seed < $1.seed }
            return sum
        }
    }

    /// A night that breaks, the earliest that was come to; nil where all hold.
    package func firstBroken(_ shelf: NightShelf) -> NightReport? {
        let found = Mutex<NightReport?>(nil)
        let next = Atomic<UInt64>(0)
        DispatchQueue.concurrentPerform(iterations: ProcessInfo.processInfo.activeProcessorCount) { _ in
            while found.withLock({ $0 == nil }) {
                let index = next.add(1, ordering: .relaxed).oldValue
                guard index < count else { return }
                let report = Night(seed: from + index, planted: planted).play(shelf)
                guard report.broken != nil else { continue }
                found.withLock { before in before = before.map { $0.seed < report.seed ? $0 : report } ?? report }
            }
        }
        return found.withLock { $0 }
    }
}

extension NightReport {
    package var verdict: String {
        let kept = "\(happenings) happenings, \(alerts) alerts, \(attempts) attempts, \(kills) kills"
        return broken.map { "seed \(seed): \($0) (\(kept))" } ?? "seed \(seed): everything held and has settled (\(kept))"
    }
}
