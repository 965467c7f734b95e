/// Real or drill, as a type.
///
/// Every mis-sent drill on record was a flag, a menu row or a left-over record. Here the mode is part of the
/// type of everything on the line, from `Alert` through `Delivery` and `Message` to the adapter, so that a drill
/// cannot compile into a live send.
public protocol Mode: Sendable {
    static var name: ModeName { get }
}

/// Real: it may wake people (通常, CAP Actual).
public enum Actual: Mode {
    public static let name = ModeName.actual
}

/// A drill (訓練, CAP Exercise): every text says so, and live far ends never see it.
public enum Exercise: Mode {
    public static let name = ModeName.exercise
}

/// The mode as a word, for records and for people. Never used to decide where something is sent.
public enum ModeName: String, Sendable, Codable, CaseIterable {
    case actual, exercise
}
