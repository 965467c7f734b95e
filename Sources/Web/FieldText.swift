/// The text of a header field as anybody may have written it: cut at a separator, with quoted strings kept whole
/// (RFC 9110 §5.6).
///
/// Everything that reads a foreign field goes through here. It takes every octet there is and gives back less, never a
/// trap: no piece is asked for by its number.
package enum FieldText {
    /// The pieces between separators, without the blanks around them; empty pieces are left out (RFC 9110 §5.6.1.2).
    package static func pieces(_ written: some StringProtocol, at separator: Character) -> [Substring] {
        var pieces: [Substring] = []
        var piece = ""
        var isQuoted = false
        var isEscaped = false
        func end() {
            let whole = trimmed(piece[...])
            if !whole.isEmpty { pieces.append(whole) }
        }
        for letter in written {
            if isEscaped {
                isEscaped = false
            } else if isQuoted, letter == "\\" {
                isEscaped = true
            } else if letter == "\"" {
                isQuoted.toggle()
            } else if letter == separator, !isQuoted {
                end()
                piece = ""
                continue
            }
            piece.append(letter)
        }
        end()
        return pieces
    }

    /// Before and after the first `=`, both without blanks; a quoted value without its quotes. Nil where there is no `=`.
    package static func pair(_ written: Substring) -> (name: String, value: String)? {
        guard let equals = written.firstIndex(of: "=") else { return nil }
        let name = trimmed(written[..<equals]).lowercased()
        // Behind the sign found above; at the end that is nothing.
        var value = trimmed(written[written.index(after: equals)...])
        if value.count >= 2, value.hasPrefix("\""), value.hasSuffix("\"") { value = value.dropFirst().dropLast() }
        return name.isEmpty ? nil : (name, String(value))
    }

    /// A token of RFC 9110 §5.6.2.
    package static func isToken(_ text: some StringProtocol) -> Bool {
        !text.isEmpty && text.utf8.allSatisfy { octet in
            switch octet {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
            case 0x21, 0x23...0x27, 0x2A, 0x2B, 0x2D, 0x2E, 0x5E...0x60, 0x7C, 0x7E: true
            default: false
            }
        }
    }

    package static func trimmed(_ text: Substring) -> Substring {
        var text = text.drop { $0 == " " || $0 == "\t" }
        while let last = text.last, last == " " || last == "\t" { text = text.dropLast() }
        return text
    }
}
