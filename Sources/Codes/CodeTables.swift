/// The dated vocabularies: which codes exist, what they are called, and which areas a town lies in.
package import AlertModel

/// Placeholder interface, to be filled in by this room.
package struct CodeTables: Sendable {
    /// The tables that come with the program.
    package static let bundled = CodeTables()

    /// The name of a code, nil when no table knows it.
    package func name(_ scheme: AreaScheme, _ code: String) -> String? { nil }
}
