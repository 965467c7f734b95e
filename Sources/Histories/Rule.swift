/// What a history has to hold, town by town.
package enum Rule: String, Sendable, CaseIterable, Hashable {
    /// Nothing acknowledged is lost: it is in the record, the far end has heard it or what came after it, and in the end each screen shows it.
    case lost
    /// No act is applied twice: one alert, once in the record, under one name at the far end.
    case twice
    /// Nothing is shown after its cancel was acknowledged there: by the screen that took it, by the far end that said yes.
    case afterCancel = "after-cancel"
    /// No screen goes back to an older state, and nothing older is begun at a far end behind something newer.
    case back
    /// One owner at a time for what is audible.
    case owner
    /// Nothing is heard, shown or recorded where nobody asked for it: of another town, or of no act.
    case stray
}

package struct Violation: Sendable, Hashable, CustomStringConvertible {
    package var rule: Rule
    package var town: String
    package var at: Double
    package var node: String
    package var sentence: String
    package var description: String { "\(rule.rawValue) [\(town)] \((at * 1000).rounded() / 1000) s, \(node): \(sentence)" }
}
