/// A bulletin as `noroshi read` prints it: one line of JSON with every key in a fixed order, absent facts as null.
///
/// Written by hand: the order of the keys is part of what people compare line by line, and a number that JSON cannot
/// carry (NaN) has to become null here and not an error.
internal import AlertModel

extension Bulletin {
    /// `file` is the name as it was given.
    package func jsonLine(file: String) -> String {
        var line = JSONLine()
        line.object { line in
            line.key("file", file)
            line.key("format", format.rawValue)
            line.key("type", type)
            line.key("title", title)
            line.key("kind", kind.rawValue)
            line.key("status", status.rawValue)
            line.key("message", message.rawValue)
            line.key("identifiers", identifiers)
            line.key("event", event)
            line.key("serial", serial)
            line.key("sent", sent?.text)
            line.key("reported", reported?.text)
            line.key("target", target?.text)
            line.key("expires", expires?.text)
            line.key("sender", sender)
            line.key("editor", editor)
            line.key("headline", headline)
            line.list("areas", areas) { $0.write($1) }
            if let hypocentre { line.key("hypocentre") { $0.write(hypocentre) } } else { line.null("hypocentre") }
            line.list("references", references) { line, reference in
                line.object {
                    $0.key("sender", reference.sender)
                    $0.key("identifier", reference.identifier)
                    $0.key("sent", reference.sent.isEmpty ? nil : reference.sent)
                }
            }
            line.key("severity", severity)
            line.key("urgency", urgency)
            line.key("certainty", certainty)
            line.key("signature", signature?.rawValue)
            line.key("scope", scope)
            line.key("unknown_codes", unknownCodes)
            line.key("unknown_kinds", unknownKinds)
            line.key("unknown_type", isOfUnknownType)
            line.list("unread", unread) { line, unread in
                line.object {
                    $0.key("where", unread.place)
                    $0.key("scheme", unread.scheme)
                    $0.key("code", unread.code)
                    $0.key("name", unread.name)
                }
            }
            line.key("text", text)
            line.key("departures", departures + (doubtfulDate.map { [$0] } ?? []))
        }
        return line.text
    }
}

extension JSONLine {
    fileprivate mutating func write(_ area: AreaStatement) {
        object {
            $0.key("scheme", area.scheme.rawValue)
            $0.key("code", area.code)
            $0.key("name", area.name)
            $0.key("kind_code", area.kindCode)
            $0.key("kind_name", area.kindName)
            $0.key("status", area.status)
            $0.key("value", area.value)
            $0.key("lower", area.lower)
            if let isOrMore = area.isOrMore { $0.key("or_more", isOrMore) }
            $0.key("arrival", area.arrival)
            $0.key("code_type", area.codeType)
        }
    }

    fileprivate mutating func write(_ hypocentre: Hypocentre) {
        object {
            $0.key("name", hypocentre.name)
            $0.key("code", hypocentre.code)
            $0.key("latitude", hypocentre.latitude)
            $0.key("longitude", hypocentre.longitude)
            $0.key("depth_km", hypocentre.depth)
            $0.key("magnitude", hypocentre.magnitude)
            $0.key("magnitude_text", hypocentre.magnitudeText)
            $0.key("assumed", hypocentre.isAssumed)
        }
    }
}

/// JSON being written, left to right.
struct JSONLine {
    private(set) var text = ""
    private var needsComma = false

    mutating func object(_ members: (inout JSONLine) -> Void) {
        text += "{"
        needsComma = false
        members(&self)
        text += "}"
        needsComma = true
    }

    mutating func key(_ name: String, _ write: (inout JSONLine) -> Void) {
        if needsComma { text += "," }
        quote(name)
        text += ":"
        write(&self)
        needsComma = true
    }

    mutating func null(_ name: String) { key(name) { $0.text += "null" } }

    mutating func key(_ name: String, _ value: String?) {
        key(name) { line in
            if let value { line.quote(value) } else { line.text += "null" }
        }
    }

    mutating func key(_ name: String, _ value: Bool) { key(name) { $0.text += value ? "true" : "false" } }

    mutating func key(_ name: String, _ value: Double?) {
        key(name) { line in
            if let value, value.isFinite { line.text += "\(value)" } else { line.text += "null" }
        }
    }

    mutating func key(_ name: String, _ values: [String]) { list(name, values) { $0.quote($1) } }

    mutating func list<Element>(_ name: String, _ elements: [Element], _ write: (inout JSONLine, Element) -> Void) {
        key(name) { line in
            line.text += "["
            for (position, element) in elements.enumerated() {
                if position > 0 { line.text += "," }
                write(&line, element)
            }
            line.text += "]"
        }
    }

    /// RFC 8259, section 7.
    private mutating func quote(_ string: String) {
        text += "\""
        for scalar in string.unicodeScalars {
            switch scalar {
            case "\"": text += "\\\""
            case "\\": text += "\\\\"
            case "\n": text += "\\n"
            case "\r": text += "\\r"
            case "\t": text += "\\t"
            case _ where scalar.value < 0x20:
                let digits = String(scalar.value, radix: 16)
                // Below 0x20 a number has two hexadecimal digits at most.
                text += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: text.unicodeScalars.append(scalar)
            }
        }
        text += "\""
    }
}
