/// One information element of a CBSP message. TS 48.049 §8.2; the numbers are the element identifiers.
package enum CBSPElement: Hashable, Sendable {
    /// One page, 1…82 octets in use.
    case content([UInt8])
    case oldSerial(SerialNumber)
    case newSerial(SerialNumber)
    case cells(CellList)
    case category(Category)
    /// In units of 1.883 s, 1…4095.
    case repetitionPeriod(UInt16)
    /// 0: until killed.
    case broadcastsRequested(UInt16)
    case completed(CompletedList)
    case failures([CellFailure])
    case loads(LoadList)
    case cause(CBSPCause)
    case codingScheme(UInt8)
    /// 0 the messages are still there, 1 they are lost.
    case recovery(UInt8)
    case messageIdentifier(UInt16)
    /// 1: this is an emergency (ETWS) message.
    case emergencyIndicator(UInt8)
    case warningType(WarningType)
    /// 50 octets; the network's signature, all zero where there is none.
    case securityInformation([UInt8])
    /// 0 basic, 1 extended CBCH.
    case channel(UInt8)
    case pageCount(UInt8)
    case schedulePeriod(UInt8)
    case reservedSlots(UInt8)
    /// What a RESET, RESTART or FAILURE speaks of: 0 CBS, 1 emergency.
    case broadcastType(UInt8)
    case warningPeriod(WarningPeriod)
    case keepAlivePeriod(WarningPeriod)

    package enum Category: UInt8, Sendable, CaseIterable { case high = 0, background, normal }

    package static let securityLength = 50

    package var identifier: UInt8 {
        switch self {
        case .content: 0x01
        case .oldSerial: 0x02
        case .newSerial: 0x03
        case .cells: 0x04
        case .category: 0x05
        case .repetitionPeriod: 0x06
        case .broadcastsRequested: 0x07
        case .completed: 0x08
        case .failures: 0x09
        case .loads: 0x0A
        case .cause: 0x0B
        case .codingScheme: 0x0C
        case .recovery: 0x0D
        case .messageIdentifier: 0x0E
        case .emergencyIndicator: 0x0F
        case .warningType: 0x10
        case .securityInformation: 0x11
        case .channel: 0x12
        case .pageCount: 0x13
        case .schedulePeriod: 0x14
        case .reservedSlots: 0x15
        case .broadcastType: 0x16
        case .warningPeriod: 0x17
        case .keepAlivePeriod: 0x18
        }
    }
}

/// A duration of 1 s to one hour in one octet, or "until it is taken back". TS 48.049 §8.2.25.
///
/// 0 is infinite; up to 10 s in steps of 1 s, to 30 in 2, to 120 in 5, to 600 in 10, to 3600 in 30.
package struct WarningPeriod: Hashable, Sendable {
    package let encoded: UInt8

    package static let infinite = WarningPeriod(encoded: 0)
    package init(encoded: UInt8) { self.encoded = encoded }

    /// The shortest period that is not shorter; beyond an hour it is an hour.
    package init(seconds: Int) {
        let seconds = min(max(seconds, 1), 3600)
        let band = Self.bands.first { seconds <= $0.to } ?? Self.bands[Self.bands.count - 1]
        let steps = (seconds - band.from + band.step - 1) / band.step
        // At most an hour, so the last band's last step: 0x77.
        encoded = UInt8(band.code + steps)
    }

    /// Nil for infinite and for codes the specification leaves open.
    package var seconds: Int? {
        guard encoded > 0, let band = Self.bands.last(where: { Int(encoded) > $0.code }) else { return nil }
        let seconds = band.from + (Int(encoded) - band.code) * band.step
        return seconds <= 3600 ? seconds : nil
    }

    /// `code` stands for `from` seconds; each code more for `step` seconds more, as far as `to`.
    private static let bands: [(code: Int, from: Int, step: Int, to: Int)] = [
        (0, 0, 1, 10), (10, 10, 2, 30), (20, 30, 5, 120), (38, 120, 10, 600), (86, 600, 30, 3600),
    ]
}
