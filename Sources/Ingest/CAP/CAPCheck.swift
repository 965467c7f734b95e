/// Walks a document along `CAPGrammar` and says, for the first element that does not fit, which and why.
struct CAPCheck {
    let version: CAPVersion
    /// It ends a warning: times are read as they are meant (`CAPDoubt`).
    var isInDoubt = false

    /// Names of the signature's namespace: the only foreign elements CAP allows, last in `alert`.
    static let signatureNamespace = "http://www.w3.org/2000/09/xmldsig#"

    func check(_ root: XMLElement) throws(Refusal) {
        // A signature may refer to the alert by an Id, which no schema of CAP knows.
        if let attribute = root.unexpectedAttribute(allowed: ["Id", "ID", "id"]) {
            throw refusal("alert", "属性\(attribute)は使えません (attribute not allowed)")
        }
        try checkSequence(of: root, CAPGrammar.alert(version), path: "alert", signaturesMayFollow: true)
    }

    private func refusal(_ path: String, _ rule: String) -> Refusal {
        Refusal("CAP \(version.rawValue): \(path): \(rule)")
    }

    private func checkSequence(
        of parent: XMLElement, _ slots: [CAPSlot], path: String, signaturesMayFollow: Bool = false
    ) throws(Refusal) {
        guard !parent.hasLooseText else { throw refusal(path, "要素の間に文字があります (text between its elements)") }
        var slot = 0
        var count = 0
        var inSignatures = false
        for child in parent.children {
            let name = child.name
            if signaturesMayFollow, child.namespace == Self.signatureNamespace {
                inSignatures = true
                continue
            }
            guard child.namespace == version.namespace else {
                throw refusal(path, "要素\(name)はこの版のCAPのものではありません（名前空間「\(child.namespace)」） (not of this CAP version)")
            }
            guard !inSignatures else { throw refusal("\(path)/\(name)", "署名の後にあります (stands after the signature)") }
            // The slot moves only to one that was found, so it is a place in the list.
            guard let found = slots[slot...].firstIndex(where: { $0.name == name }) else {
                throw misplaced(name, slots, at: slot, path: path)
            }
            if found != slot {
                try checkCount(count, of: slots[slot], path: path)
                // Found behind the slot, and it is another one.
                for skipped in slots[(slot + 1)..<found] { try checkCount(0, of: skipped, path: path) }
                slot = found
                count = 0
            }
            count += 1
            guard count <= slots[slot].most else {
                throw refusal("\(path)/\(name)", "二度以上あります (appears more than once)")
            }
            let number = slots[slot].most > 1 ? "[\(count)]" : ""
            try checkContent(of: child, slots[slot].content, path: "\(path)/\(name)\(number)")
        }
        try checkCount(count, of: slots[slot], path: path)
        // The slot is a place in the list; behind the last one that is nothing.
        for left in slots[(slot + 1)...] { try checkCount(0, of: left, path: path) }
    }

    private func checkCount(_ count: Int, of slot: CAPSlot, path: String) throws(Refusal) {
        guard count >= slot.least else {
            throw refusal("\(path)/\(slot.name)", "ないか、順番が違います (missing or out of order)")
        }
    }

    private func misplaced(_ name: String, _ slots: [CAPSlot], at slot: Int, path: String) -> Refusal {
        // The slot is a place in the list.
        if slots[..<slot].contains(where: { $0.name == name }) {
            return refusal("\(path)/\(name)", "\(slots[slot].name)の後にあり、順番が違うか重なっています (out of order or repeated)")
        }
        return refusal("\(path)/\(name)", "ここに置ける要素ではありません (no such element in this place)")
    }

    private func checkContent(of element: XMLElement, _ content: CAPSlot.Content, path: String) throws(Refusal) {
        if let attribute = element.unexpectedAttribute(allowed: []) {
            throw refusal(path, "属性\(attribute)は使えません (attribute not allowed)")
        }
        switch content {
        case .sequence(let slots): return try checkSequence(of: element, slots, path: path)
        case .pair where version != .v10:
            let parts: [CAPSlot] = [.one("valueName", .saying), .one("value")]
            return try checkSequence(of: element, parts, path: path)
        default: break
        }
        guard !element.hasChildElements else { throw refusal(path, "文字の中に要素があります (elements inside a text)") }
        let text = element.text
        let value = text.collapsed
        switch content {
        case .text, .pair, .sequence: break
        case .saying:
            guard !text.trimmingXMLSpace().isEmpty else { throw refusal(path, "空です (is empty)") }
        case .word(let words):
            guard words.contains(text) || isInDoubt && words.contains(CAPDoubt.word(text)) else {
                throw refusal(path, "「\(text.prefix(40))」は使えません。次のどれかです: \(words.joined(separator: ", ")) (none of these)")
            }
        case .language:
            guard value.isLanguageTag else {
                throw refusal(path, "「\(value.prefix(40))」は言語タグ（RFC 3066）ではありません (no language tag)")
            }
        case .dateTime:
            // Without a time of its own a message is none; its other times may be missing.
            guard isMoment(value) || isInDoubt && (CAPDoubt.time(value) != nil || !path.hasSuffix("/sent")) else {
                throw refusal(path, "「\(value.prefix(40))」は 2026-04-01T09:00:00+09:00 のような日時ではありません (no time)")
            }
        case .integer:
            guard value.isNumber(decimals: false) else {
                throw refusal(path, "「\(value.prefix(40))」は整数ではありません (no whole number)")
            }
        case .uri:
            guard value.isURIReference else { throw refusal(path, "「\(value.prefix(80))」はURIではありません (no URI)") }
        case .decimal:
            guard value.isNumber(decimals: true) else { throw refusal(path, "「\(value.prefix(40))」は数ではありません (no number)") }
        }
    }

    /// CAP 1.1 and 1.2 forbid `Z` and know no fraction, but both are certain in meaning and are written by many: read, with
    /// a remark. A time without a zone is no moment and is refused in all three. XML Schema knows no leap second.
    private func isMoment(_ text: String) -> Bool {
        guard Timestamp(text) != nil else { return false }
        let octets = Array(text.utf8)
        // A timestamp has twenty octets at the least.
        guard octets[17] != 0x36 else { return false }
        // The same twenty octets hold here, too.
        return version == .v10 || octets[10] == 0x54 && octets.last != 0x7A
    }
}

extension String {
    /// Without XML's white space at both ends (the `collapse` of numbers, dates and tags).
    var collapsed: String {
        func isSpace(_ octet: UInt8) -> Bool { octet == 0x20 || octet == 0x09 || octet == 0x0A || octet == 0x0D }
        let octets = utf8
        guard let start = octets.firstIndex(where: { !isSpace($0) }),
            let end = octets.lastIndex(where: { !isSpace($0) })
        else { return "" }
        return String(self[start...end])
    }

    /// `xs:language`: `[a-zA-Z]{1,8}(-[a-zA-Z0-9]{1,8})*`.
    var isLanguageTag: Bool {
        let parts = utf8.split(separator: 0x2D, omittingEmptySubsequences: false)
        for (index, part) in parts.enumerated() {
            guard (1...8).contains(part.count) else { return false }
            for octet in part {
                let isLetter = (0x41...0x5A).contains(octet) || (0x61...0x7A).contains(octet)
                guard isLetter || (index > 0 && (0x30...0x39).contains(octet)) else { return false }
            }
        }
        return true
    }

    /// What issuers get wrong of `xs:anyURI`: one fragment at most, whole percent escapes, a scheme that begins with a letter.
    var isURIReference: Bool {
        let octets = Array(utf8)
        guard octets.count(where: { $0 == 0x23 }) <= 1 else { return false }
        func isHex(_ octet: UInt8) -> Bool { UnicodeScalar(octet).properties.isASCIIHexDigit }
        for (index, octet) in octets.enumerated() where octet == 0x25 {
            guard index + 2 < octets.count, isHex(octets[index + 1]), isHex(octets[index + 2]) else { return false }
        }
        guard let colon = octets.firstIndex(where: { [0x3A, 0x2F, 0x3F, 0x23].contains($0) }), octets[colon] == 0x3A
        else {
            return true
        }
        guard let first = octets.first, (0x41...0x5A).contains(first & 0xDF) else { return false }
        return octets[..<colon].allSatisfy {
            (0x30...0x39).contains($0) || (0x41...0x5A).contains($0 & 0xDF) || [0x2B, 0x2D, 0x2E].contains($0)
        }
    }

    /// `xs:integer` or `xs:decimal`: an optional sign and digits, no exponent, no NaN.
    func isNumber(decimals: Bool) -> Bool {
        var digits = 0
        var points = 0
        for (index, octet) in utf8.enumerated() {
            switch octet {
            case 0x30...0x39: digits += 1
            case 0x2B, 0x2D: guard index == 0 else { return false }
            case 0x2E: points += 1
            default: return false
            }
        }
        return digits > 0 && points <= (decimals ? 1 : 0)
    }

    /// A number written as CAP writes it; nil for anything else and for what no Double can hold.
    var capNumber: Double? {
        guard isNumber(decimals: true), let value = Double(self), value.isFinite else { return nil }
        return value
    }
}
