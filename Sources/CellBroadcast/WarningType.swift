/// What an ETWS primary notification warns of, with the two flags that wake the phone.
///
/// Source: 3GPP TS 23.041 §9.3.24: seven bits of value, then the two flags, seven bits of padding.
package struct WarningType: Codable, Hashable, Sendable {
    /// 0 earthquake, 1 tsunami, 2 both, 3 test, 4 other; 5…127 are reserved.
    package var value: UInt8
    package var emergencyUserAlert: Bool
    package var popup: Bool

    package static let earthquake: UInt8 = 0, tsunami: UInt8 = 1, earthquakeAndTsunami: UInt8 = 2
    package static let test: UInt8 = 3, other: UInt8 = 4

    /// `value` is taken modulo 128.
    package init(value: UInt8, emergencyUserAlert: Bool = true, popup: Bool = true) {
        self.value = value & 0x7F
        self.emergencyUserAlert = emergencyUserAlert
        self.popup = popup
    }

    package init(encoded: UInt16) {
        self.init(
            // Sixteen bits without nine are seven.
            value: UInt8(encoded >> 9), emergencyUserAlert: encoded & 0x100 != 0, popup: encoded & 0x80 != 0)
    }

    package var encoded: UInt16 {
        // Widening only, from an octet.
        UInt16(value) << 9 | (emergencyUserAlert ? 0x100 : 0) | (popup ? 0x80 : 0)
    }

    package var words: String {
        switch value {
        case Self.earthquake: "earthquake"
        case Self.tsunami: "tsunami"
        case Self.earthquakeAndTsunami: "earthquake and tsunami"
        case Self.test: "test"
        case Self.other: "other"
        default: "reserved (\(value))"
        }
    }
}

extension WarningType: CustomStringConvertible {
    package var description: String { words }
}
