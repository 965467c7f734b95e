package import AlertModel

/// How long to wait before the next attempt: full jitter over an exponential ceiling, so that many lanes that failed
/// together do not come back together (Brooker, "Exponential Backoff and Jitter", AWS 2015).
package struct RetryPolicy: Sendable {
    package init() {}

    /// `attempt` is the one that failed, from 1; `jitter` is in 0…1.
    package func delay(after attempt: Int, of priority: Priority, jitter: Double) -> Duration {
        let (base, cap): (Double, Double) =
            switch priority {
            case .immediate: (0.1, 2)
            case .urgent: (0.5, 15)
            case .routine: (2, 60)
            case .background: (10, 300)
            }
        let ceiling = min(cap, base * Double(1 << min(attempt - 1, 12)))
        return .seconds(max(0.01, ceiling * jitter))
    }
}
