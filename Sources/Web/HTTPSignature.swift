/// HTTP Message Signatures (RFC 9421), as far as devices of ours write them: what of a request is covered, and the text that is signed.
/// Reads what others wrote and cannot trap; knows nothing of keys.
package struct HTTPSignature: Sendable, Equatable {
    /// Covered components in their order, without their quotes: `@method`, `content-digest`.
    package var covered: [String]
    package var nonce: String?
    package var keyID: String?
    package var algorithm: String?
    /// Octets, still as base64.
    package var signature: String
    /// Everything behind the label, as it came: the last line of what is signed.
    private var parameters: String

    /// What a field may have; a signature of ours has some 200.
    private static let longest = 2000

    /// - Returns: nil where the two fields are no signature of one message: none, several, with parameters of components, or unreadable.
    package init?(input: String, signature: String) {
        guard input.utf8.count <= Self.longest, signature.utf8.count <= Self.longest, let equals = input.firstIndex(of: "=") else { return nil }
        let label = input[..<equals]
        guard !label.isEmpty, label.allSatisfy({ $0.isASCII && ($0.isLowercase || $0.isNumber || "-_.*".contains($0)) }) else { return nil }
        parameters = String(input[equals...].dropFirst())
        guard signature.hasPrefix("\(label)=:"), signature.hasSuffix(":"), signature.utf8.count > label.utf8.count + 3 else { return nil }
        // At the end there is nothing to drop.
        self.signature = String(signature.dropFirst(label.count + 2).dropLast())
        guard self.signature.allSatisfy({ $0.isASCII && ($0.isLetter || $0.isNumber || "+/=".contains($0)) }) else { return nil }
        covered = []
        guard parameters.hasPrefix("("), let end = parameters.firstIndex(of: ")") else { return nil }
        for item in parameters[..<end].dropFirst().split(separator: " ") {
            guard item.count > 2, item.hasPrefix("\""), item.hasSuffix("\"") else { return nil }
            let name = String(item.dropFirst().dropLast())
            guard Self.isComponent(name), !covered.contains(name) else { return nil }
            covered.append(name)
        }
        // From the bracket found above.
        guard Self.read(parameters[end...].dropFirst(), into: &self) else { return nil }
    }

    private static func isComponent(_ name: String) -> Bool {
        name.allSatisfy { $0.isASCII && ($0.isLowercase || $0.isNumber || $0 == "-") || $0 == "@" } && !name.dropFirst().contains("@")
    }

    /// `;name="text"` and `;name=123`, each once. A text may hold neither quotes nor backslashes.
    private static func read(_ written: Substring, into one: inout HTTPSignature) -> Bool {
        var (rest, seen) = (written, Set<Substring>())
        while !rest.isEmpty {
            guard rest.first == ";", let equals = rest.firstIndex(of: "=") else { return false }
            let name = rest[..<equals].dropFirst()
            guard seen.insert(name).inserted else { return false }
            rest = rest[equals...].dropFirst()
            let value: Substring
            if rest.first == "\"" {
                rest = rest.dropFirst()
                guard let quote = rest.firstIndex(of: "\"") else { return false }
                value = rest[..<quote]
                rest = rest[quote...].dropFirst()
                guard !value.contains("\\"), value.unicodeScalars.allSatisfy({ (0x20..<0x7F).contains($0.value) }) else { return false }
            } else {
                value = rest.prefix { $0 != ";" }
                guard !value.isEmpty, value.allSatisfy({ $0.isASCII && $0.isNumber }) else { return false }
                rest = rest.dropFirst(value.count)
            }
            switch name {
            case "nonce": one.nonce = String(value)
            case "keyid": one.keyID = String(value)
            case "alg": one.algorithm = String(value)
            case "created", "expires", "tag": break
            default: return false
            }
        }
        return true
    }

    /// RFC 9421 §2.5: the text that was signed.
    /// - Parameter value: of a covered component; nil where the message has none, and then nothing was signed.
    package func base(_ value: (String) -> String?) -> String? {
        var lines = ""
        for name in covered {
            guard let value = value(name) else { return nil }
            lines += "\"\(name)\": \(value)\n"
        }
        return lines + "\"@signature-params\": \(parameters)"
    }
}
