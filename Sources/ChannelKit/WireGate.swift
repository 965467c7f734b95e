/// Whether what an attempt hands to the wire may still go.
///
/// Between an attempt's turn and the moment at which its call leaves, a call may wait: for a place beside others to the same far end, for the far end's
/// name, for a thread. A machine that was stopped meanwhile wakes in the middle of that, and another hub may have been on duty for long.
/// Whoever opens the line asks once more, right before, on a thread of his own; what may not go ends as cancelled.
package enum WireGate {
    /// Of the attempt that this task belongs to.
    @TaskLocal package static var isOpen: @Sendable () -> Bool = { true }
}
