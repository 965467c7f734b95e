/// Faults that stand in the simulator's own wrappers, never in the program: each has to be found, or a check is blind.
package enum PlantedFault: String, Sendable, CaseIterable {
    /// A promise is kept before the disk has it.
    case answersBeforeTheDisk
    /// Cancels and takings back that had not come to their far ends when the hub was killed are not sent after it.
    case forgetsCancelsAtTheStart
    /// What failed is tried again after something newer has been said.
    case triesWhatIsSuperseded
    /// A drill goes to the address of the real thing.
    case takesDrillsForReal
    /// Each attempt bears an id of its own: a far end that answered too late shows it twice.
    case newIDForEachAttempt
    /// Why somebody was not told is not written down.
    case forgetsWhyNot
    /// Who is well waits for who hangs.
    case waitsForWhoHangs
    /// What is over by the time of a start goes out all the same.
    case sendsWhatIsOver
    /// What was sent before a kill waits for its second person again.
    case doesNotAskTheRecordForApprovals
    /// What a start has held is shown to nobody.
    case asksNobodyAboutWhatIsHeld
    /// A start reads the drills' table for the real one.
    case mixesUpTables
    /// A page says yes to what takes something back, and goes on showing what it showed.
    case keepsWhatIsTakenBack
    /// Attempts that were cut are never given back.
    case keepsWhatWasCut

    /// The invariants that notice, whichever comes first on a night.
    package var noticed: Set<Int> {
        switch self {
        case .answersBeforeTheDisk: [1]
        case .keepsWhatIsTakenBack: [2, 3]
        case .triesWhatIsSuperseded, .sendsWhatIsOver: [3]
        case .takesDrillsForReal: [4]
        case .newIDForEachAttempt, .doesNotAskTheRecordForApprovals: [5]
        case .forgetsWhyNot: [6]
        case .waitsForWhoHangs: [7]
        case .forgetsCancelsAtTheStart, .asksNobodyAboutWhatIsHeld: [8]
        case .keepsWhatWasCut: [9]
        case .mixesUpTables: [10]
        }
    }
}
