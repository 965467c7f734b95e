/// How full a shelter says it is, by its own tablet.
package enum Crowding: String, Sendable, Codable, CaseIterable {
    case free, crowded, full
}
