/// What a revision does to what a town was told of the event before.
public enum Change: String, Sendable, Codable, CaseIterable {
    /// Nothing was in force of it here.
    case new
    /// A higher level or class.
    case raised
    /// More of the town.
    case widened
    /// The facts told before were wrong (訂正).
    case corrected
    /// Another action, another reason, the place of the earthquake.
    case changed
    /// A lower level, still in force.
    case lowered
    /// Over in a part of the town (一部解除); the rest stands.
    case partLifted = "part-lifted"
    /// It was right and is over (解除).
    case lifted
    /// It was wrong (取消). What stood before it stands again, if anything did.
    case takenBack = "taken-back"
    /// The lift was wrong: what it lifted is still in force.
    case restored
    /// Its time is over (期限), and nobody has lifted it.
    case ranOut = "ran-out"
    /// Nothing new: told so that pages are current.
    case unchanged
}
