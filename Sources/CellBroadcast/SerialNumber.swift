/// The 16 bits by which a phone knows one cell-broadcast message from the next: scope, message code, update number.
///
/// Source: 3GPP TS 23.041 §9.4.1.2.1. An update keeps the code and raises the update number; a phone shows the
/// message again when either changes.
package struct SerialNumber: Hashable, Sendable, CustomStringConvertible {
    /// How far a message that was shown once counts as seen.
    package enum Scope: UInt8, Sendable, CaseIterable {
        /// Shown at once, valid in this cell only.
        case cellImmediate = 0
        /// The whole network (PLMN).
        case network = 1
        /// Location, service or tracking area.
        case area = 2
        case cell = 3
    }

    package var scope: Scope
    /// 0…1023. In an ETWS message the two top bits are flags: `emergencyUserAlert`, `popup`.
    package private(set) var code: UInt16
    /// 0…15.
    package private(set) var update: UInt8

    package static let codes: UInt16 = 1024
    package static let updates: UInt8 = 16
    /// TS 23.041 §9.4.1.2.1: bits of the message code of an ETWS message.
    package static let emergencyUserAlert: UInt16 = 0x200
    package static let popup: UInt16 = 0x100

    /// Code and update number are taken modulo their ranges.
    package init(scope: Scope = .network, code: UInt16, update: UInt8 = 0) {
        self.scope = scope
        self.code = code % Self.codes
        self.update = update % Self.updates
    }

    package init(encoded: UInt16) {
        self.init(
            scope: Scope(rawValue: UInt8(encoded >> 14)) ?? .cell, code: encoded >> 4 & 0x3FF,
            update: UInt8(encoded & 0xF))
    }

    // Widening only; the init kept each part within its bits.
    package var encoded: UInt16 { UInt16(scope.rawValue) << 14 | code << 4 | UInt16(update) }

    /// The next revision of the same message; after 15 comes 0.
    package var updated: SerialNumber { SerialNumber(scope: scope, code: code, update: update + 1) }

    package var description: String { "\(encoded) (code \(code), update \(update))" }
}

extension SerialNumber: Codable {
    package init(from decoder: any Decoder) throws {
        self.init(encoded: try decoder.singleValueContainer().decode(UInt16.self))
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(encoded)
    }
}
