/// The body of `POST /api/ecbe/v1/message`, the interface of an Osmocom cell-broadcast centre (osmo-cbc 0.5.3).
///
/// One value for both sides: the channel writes it, our own centre reads it. Nested as the code of osmo-cbc reads
/// it, one level deeper than its published schema. Sample:
///
/// ```json
/// {"cbe_name":"noroshi","category":"high_priority","repetition_period":30,"scope":{"scope_plmn":{}},
///  "smscb_message":{"message_id":40964,"serial_nr":{"serial_nr_encoded":16400},
///  "payload":{"payload_encoded":{"dcs":72,"pages":["907f96e3"]}}}}
/// ```
package struct ECBEMessage: Codable, Hashable, Sendable {
    package enum Category: String, Codable, Hashable, Sendable { case normal, high_priority, background }

    package var cbe_name: String
    package var category: Category?
    /// 1…4095, in units of 1.883 s.
    package var repetition_period: Int
    /// 0…65535; absent or 0: until deleted.
    package var num_of_bcast: Int?
    /// 0…3600 s; absent: until deleted. ETWS only.
    package var warning_period_sec: Int?
    package var scope: Scope
    package var smscb_message: Content

    package struct Scope: Codable, Hashable, Sendable {
        package var scope_plmn: Empty?
        package init() { scope_plmn = Empty() }
        package struct Empty: Codable, Hashable, Sendable {}
    }

    package struct Content: Codable, Hashable, Sendable {
        package var message_id: Int
        package var serial_nr: Serial
        package var payload: Payload
    }

    /// Exactly one of the two.
    package struct Serial: Codable, Hashable, Sendable {
        package var serial_nr_encoded: Int?
        package var serial_nr_decoded: Decoded?
        package struct Decoded: Codable, Hashable, Sendable {
            package var geo_scope: String
            package var msg_code: Int
            package var update_nr: Int
        }
    }

    /// Exactly one of the three.
    package struct Payload: Codable, Hashable, Sendable {
        package var payload_encoded: Encoded?
        package var payload_decoded: Decoded?
        package var payload_etws: ETWS?

        package struct Encoded: Codable, Hashable, Sendable {
            package var dcs: Int
            package var pages: [String]
        }
        package struct Decoded: Codable, Hashable, Sendable {
            package var character_set: String
            package var language: String?
            package var dcs_class: Int?
            package var data_utf8: String
        }
        package struct ETWS: Codable, Hashable, Sendable {
            package var warning_type: Kind
            package var emergency_user_alert: Bool
            package var popup_on_display: Bool
            package var warning_sec_info: String?
            package struct Kind: Codable, Hashable, Sendable {
                package var warning_type_encoded: Int?
                package var warning_type_decoded: String?
            }
        }
    }
}

extension ECBEMessage {
    /// What goes on the air.
    package enum Broadcast: Hashable, Sendable {
        /// An ETWS primary notification: no text, the phone knows the words.
        case warning(WarningType)
        case text(PagedText)
    }

    /// - Parameters:
    ///   - period: Repetition period in units of 1.883 s.
    ///   - broadcasts: How many times it is sent; nil: until deleted.
    ///   - warningSeconds: For a warning, how long it is repeated.
    package init(
        sender: String, identifier: UInt16, serial: SerialNumber, broadcast: Broadcast, period: Int,
        broadcasts: Int?, warningSeconds: Int?
    ) {
        cbe_name = sender
        category = .high_priority
        repetition_period = period
        num_of_bcast = broadcasts
        scope = Scope()
        var payload = Payload()
        switch broadcast {
        case .text(let paged):
            payload.payload_encoded = .init(dcs: Int(paged.codingScheme), pages: paged.pages.map(Hex.text))
        case .warning(let type):
            warning_period_sec = warningSeconds
            payload.payload_etws = .init(
                warning_type: .init(warning_type_encoded: Int(type.value)),
                emergency_user_alert: type.emergencyUserAlert, popup_on_display: type.popup)
        }
        smscb_message = Content(
            message_id: Int(identifier), serial_nr: Serial(serial_nr_encoded: Int(serial.encoded)), payload: payload)
    }
}

/// Octets as hexadecimal digits.
package enum Hex {
    package static func text(_ octets: [UInt8]) -> String {
        octets.map { octet in
            let digits = String(octet, radix: 16)
            return digits.count == 1 ? "0" + digits : digits
        }.joined()
    }

    /// Nil unless all are digits, in pairs.
    package static func octets(_ text: some StringProtocol) -> [UInt8]? {
        let digits = text.utf8.map { Character(Unicode.Scalar($0)).hexDigitValue }
        guard digits.count.isMultiple(of: 2), !digits.contains(nil) else { return nil }
        return stride(from: 0, to: digits.count, by: 2).map { UInt8((digits[$0] ?? 0) << 4 | (digits[$0 + 1] ?? 0)) }
    }
}

/// One line of the list that our own centre answers to `GET /api/ecbe/v1/message`; osmo-cbc has none.
package struct ECBEListing: Codable, Hashable, Sendable {
    package var message_id: Int
    package var serial_nr: Int

    package init(message_id: Int, serial_nr: Int) {
        self.message_id = message_id
        self.serial_nr = serial_nr
    }
}

/// What a centre's controllers said to one request. Our own centre sends it in a header with every answer; whoever does
/// answers truly, and osmo-cbc does not know it.
package struct ControllerCount: Hashable, Sendable, CustomStringConvertible {
    package var confirmed = 0, refused = 0, silent = 0, away = 0

    package static let header = "Noroshi-Controllers"

    package init() {}

    /// From `confirmed=1 refused=0 silent=0 away=1`; nil when it is none.
    package init?(_ text: String) {
        for part in text.split(separator: " ") {
            let pair = part.split(separator: "=")
            guard pair.count == 2, let count = Int(pair[1]) else { return nil }
            switch pair[0] {
            case "confirmed": confirmed = count
            case "refused": refused = count
            case "silent": silent = count
            case "away": away = count
            default: continue
            }
        }
    }

    package var description: String { "confirmed=\(confirmed) refused=\(refused) silent=\(silent) away=\(away)" }
}
