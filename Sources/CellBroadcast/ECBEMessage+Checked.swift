// The message as it came in, checked field by field against the ranges of osmo-cbc's interface, as something to send.

/// Why a message is refused, in words for whoever wrote it. Begins as osmo-cbc's reasons do.
package struct ECBERefusal: Error, Hashable, Sendable, CustomStringConvertible {
    package let reason: String
    init(_ reason: String) { self.reason = "REST: \(reason)" }
    package var description: String { reason }
}

extension ECBEMessage {
    package func checked() throws(ECBERefusal) -> CBSPBroadcast {
        guard !cbe_name.isEmpty, cbe_name.utf8.count <= 255 else { throw ECBERefusal("cbe_name: 1 to 255 octets") }
        guard scope.scope_plmn != nil else { throw ECBERefusal("scope: only scope_plmn is known") }
        let identifier = try Self.number(smscb_message.message_id, 0...65535, "message_id")
        return CBSPBroadcast(
            // Checked against 0 to 65535 two lines up.
            identifier: UInt16(identifier), serial: try smscb_message.serial_nr.checked(), content: try content())
    }

    private func content() throws(ECBERefusal) -> CBSPBroadcast.Content {
        // Checked against 1 to 4095 in the same line.
        let period = UInt16(try Self.number(repetition_period, 1...4095, "repetition_period"))
        let broadcasts = UInt16(try Self.number(num_of_bcast ?? 0, 0...65535, "num_of_bcast"))
        let seconds = try Self.number(warning_period_sec ?? 0, 0...3600, "warning_period_sec")
        let payload = smscb_message.payload
        switch (payload.payload_encoded, payload.payload_decoded, payload.payload_etws) {
        case (let encoded?, nil, nil):
            return .text(try encoded.checked(), category: priority, period: period, broadcasts: broadcasts)
        case (nil, let decoded?, nil):
            return .text(try decoded.checked(), category: priority, period: period, broadcasts: broadcasts)
        case (nil, nil, let etws?):
            return .warning(
                try etws.checkedType(), period: seconds == 0 ? .infinite : WarningPeriod(seconds: seconds),
                security: try etws.checkedSecurity())
        default:
            throw ECBERefusal("payload: exactly one of payload_encoded, payload_decoded, payload_etws")
        }
    }

    private var priority: CBSPElement.Category {
        switch category {
        case .high_priority: .high
        case .background: .background
        case .normal, nil: .normal
        }
    }

    fileprivate static func number(
        _ value: Int, _ range: ClosedRange<Int>, _ name: String
    ) throws(ECBERefusal) -> Int {
        guard range.contains(value) else {
            throw ECBERefusal("\(name): \(value) is not in \(range.lowerBound) to \(range.upperBound)")
        }
        return value
    }
}

extension ECBEMessage.Serial {
    fileprivate func checked() throws(ECBERefusal) -> SerialNumber {
        switch (serial_nr_encoded, serial_nr_decoded) {
        case (let encoded?, nil):
            // Checked against 0 to 65535 in the same line.
            return SerialNumber(encoded: UInt16(try ECBEMessage.number(encoded, 0...65535, "serial_nr_encoded")))
        case (nil, let decoded?):
            let scopes: [String: SerialNumber.Scope] = [
                "cell_wide_immediate": .cellImmediate, "plmn_wide": .network, "lac_sac_tac_wide": .area, "cell_wide": .cell,
            ]
            guard let scope = scopes[decoded.geo_scope] else { throw ECBERefusal("geo_scope: \(decoded.geo_scope) is unknown") }
            let code = try ECBEMessage.number(decoded.msg_code, 0...1023, "msg_code")
            let update = try ECBEMessage.number(decoded.update_nr, 0...15, "update_nr")
            // Checked against 1023 and 15 right above.
            return SerialNumber(scope: scope, code: UInt16(code), update: UInt8(update))
        default:
            throw ECBERefusal("serial_nr: exactly one of serial_nr_encoded, serial_nr_decoded")
        }
    }
}

extension ECBEMessage.Payload.Encoded {
    fileprivate func checked() throws(ECBERefusal) -> PagedText {
        let scheme = try ECBEMessage.number(dcs, 0...255, "dcs")
        var octets: [[UInt8]] = []
        // Sixteen: one more than a message may have.
        for page in pages.prefix(PagedText.mostPages + 1) {
            guard page.utf8.count <= 2 * PagedText.octetsPerPage, let page = Hex.octets(page) else {
                throw ECBERefusal("pages: hexadecimal digits in pairs, 164 at most")
            }
            octets.append(page)
        }
        do {
            // Checked against 0 to 255 at the beginning.
            return try PagedText(codingScheme: UInt8(scheme), pages: octets)
        } catch {
            throw ECBERefusal("pages: \(error)")
        }
    }
}

extension ECBEMessage.Payload.Decoded {
    /// TS 23.038 §5, coding group 0000: the language tells the alphabet is GSM 7 bit.
    private static let languages = ["de", "en", "it", "fr", "es", "nl", "sv", "da", "pt", "fi", "no", "el", "tr", "hu", "pl"]

    fileprivate func checked() throws(ECBERefusal) -> PagedText {
        do throws(PagedText.Problem) {
            switch character_set {
            case "gsm": return try PagedText(codingScheme: try scheme(0x40), pages: PagedText(gsm: data_utf8).pages)
            case "ucs2": return try PagedText(codingScheme: try scheme(0x48), pages: PagedText(ucs2: data_utf8).pages)
            case "8bit": return try PagedText(codingScheme: try scheme(0x44), pages: Self.pages(of: Array(data_utf8.utf8)))
            default: break
            }
        } catch {
            throw ECBERefusal("data_utf8: \(error)")
        }
        throw ECBERefusal("character_set: \(character_set) is none of gsm, ucs2, 8bit")
    }

    private func scheme(_ alphabet: UInt8) throws(PagedText.Problem) -> UInt8 {
        // 01x1 in the high bits says that a message class follows.
        if let dcs_class, (0...3).contains(dcs_class) { return alphabet | 0x10 | UInt8(dcs_class) }
        guard alphabet == 0x40, let language, let code = Self.languages.firstIndex(of: language) else { return alphabet }
        return UInt8(code)
    }

    private static func pages(of data: [UInt8]) -> [[UInt8]] {
        stride(from: 0, to: data.count, by: PagedText.octetsPerPage).map {
            // The stride stays below the count.
            Array(data[$0..<min($0 + PagedText.octetsPerPage, data.count)])
        }
    }
}

extension ECBEMessage.Payload.ETWS {
    fileprivate func checkedType() throws(ECBERefusal) -> WarningType {
        let names = [
            "earthquake": WarningType.earthquake, "tsunami": WarningType.tsunami, "test": WarningType.test,
            "other": WarningType.other, "earthquake_and_tsunami": WarningType.earthquakeAndTsunami,
            // As osmo-cbc 0.5.3 spells it.
            "earthquake_and_tsuname": WarningType.earthquakeAndTsunami,
        ]
        switch (warning_type.warning_type_encoded, warning_type.warning_type_decoded) {
        case (let encoded?, nil):
            // Seven bits carry it (TS 23.041 §9.3.24).
            let value = try ECBEMessage.number(encoded, 0...127, "warning_type_encoded")
            // Checked against 0 to 127 right above, seven bits.
            return WarningType(value: UInt8(value), emergencyUserAlert: emergency_user_alert, popup: popup_on_display)
        case (nil, let decoded?):
            guard let value = names[decoded] else { throw ECBERefusal("warning_type_decoded: \(decoded) is unknown") }
            return WarningType(value: value, emergencyUserAlert: emergency_user_alert, popup: popup_on_display)
        default:
            throw ECBERefusal("warning_type: exactly one of warning_type_encoded, warning_type_decoded")
        }
    }

    fileprivate func checkedSecurity() throws(ECBERefusal) -> [UInt8] {
        guard let octets = Hex.octets(warning_sec_info ?? ""), octets.count <= CBSPElement.securityLength else {
            throw ECBERefusal("warning_sec_info: hexadecimal digits in pairs, 100 at most")
        }
        // Not longer than that, as the guard above asks.
        return octets + [UInt8](repeating: 0, count: CBSPElement.securityLength - octets.count)
    }
}
