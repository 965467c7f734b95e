/// A paper that people carry: a few lines of head, an empty line, JSON. Its signature covers the kind, the signer's key and every octet below.
///
///     noroshi-bundle 1
///     key ed25519:BASE64
///     signature BASE64
///
///     {"town":"042056",…}
///
/// There is one way to write a paper: whatever reads back differently is not one, so that no octet of it can be changed unseen.
internal import Crypto
package import FoundationEssentials

/// Why a paper is not taken.
package enum PaperFlaw: Error, Sendable, Hashable {
    /// No paper of ours, or one of a later form.
    case notOurs
    /// Cut, or changed after it was signed.
    case changed
    case tooLong
}

package struct SignedPaper: Sendable, Hashable {
    package enum Kind: String, Sendable, Hashable, CaseIterable {
        /// What is in force in a town.
        case bundle
        /// That somebody has received one.
        case receipt
        /// Beside a sealed copy: its digest, its number and its moment.
        case copy
        /// Where a chain of the record stood when a day was over.
        case root

        fileprivate var mark: String { "noroshi-\(rawValue) 1" }
    }

    /// A town with all it can say in a night takes some tens of kilobytes.
    package static let limit = 256 << 10

    package let kind: Kind
    package let signer: PaperKey
    package let body: [UInt8]
    private let signature: Data

    /// Signs `body`.
    package init(_ kind: Kind, _ body: [UInt8], by key: OwnPaperKey) throws {
        (self.kind, self.body, signer) = (kind, body, key.known)
        signature = try key.sign(Self.signed(kind, key.known, body))
    }

    /// Reads one and holds it against its signature. Whose key it is, is another question.
    package init(octets: [UInt8]) throws(PaperFlaw) {
        guard octets.count <= Self.limit else { throw .tooLong }
        let lines = octets.split(separator: 0x0A, maxSplits: 4, omittingEmptySubsequences: false)
        guard let kind = Kind.allCases.first(where: { Array($0.mark.utf8) == lines.first.map { Array($0) } }) else { throw .notOurs }
        guard lines.count == 5, lines[3].isEmpty,
            let key = Self.value(lines[1], after: "key ").flatMap({ PaperKey($0) }),
            let signature = Self.value(lines[2], after: "signature ").flatMap({ Data(base64Encoded: $0) })
        else { throw .changed }
        (self.kind, signer, body, self.signature) = (kind, key, Array(lines[4]), signature)
        guard self.octets == octets, key.verifies(signature, Self.signed(kind, key, body)) else { throw .changed }
    }

    package var octets: [UInt8] {
        Array("\(kind.mark)\nkey \(signer.text)\nsignature \(signature.base64EncodedString())\n\n".utf8) + body
    }

    /// SHA-256, hex, of the whole paper: what a receipt names.
    package var digest: String { Self.hex(SHA256.hash(data: octets)) }

    private static func value(_ line: ArraySlice<UInt8>, after word: String) -> String? {
        guard line.starts(with: word.utf8) else { return nil }
        return String(validating: line.dropFirst(word.utf8.count), as: UTF8.self)
    }

    private static func signed(_ kind: Kind, _ key: PaperKey, _ body: [UInt8]) -> [UInt8] { Array("\(kind.mark)\n\(key.text)\n\n".utf8) + body }

    static func hex(_ octets: some Sequence<UInt8>) -> String { octets.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined() }
}

/// A key by which papers are known: `ed25519:BASE64`.
package struct PaperKey: Sendable, Hashable, Codable {
    private static let mark = "ed25519:"
    private let raw: Data

    fileprivate init(raw: Data) { self.raw = raw }

    /// Nil for what is no such key.
    package init?(_ text: String) {
        guard text.hasPrefix(Self.mark), let raw = Data(base64Encoded: String(text.dropFirst(Self.mark.count))), raw.count == 32,
            (try? Curve25519.Signing.PublicKey(rawRepresentation: raw)) != nil
        else { return nil }
        self.raw = raw
    }

    package init(from decoder: any Decoder) throws {
        let text = try decoder.singleValueContainer().decode(String.self)
        guard let key = PaperKey(text) else {
            throw DecodingError.dataCorrupted(.init(codingPath: decoder.codingPath, debugDescription: "no key of the form ed25519:BASE64"))
        }
        self = key
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(text)
    }

    package var text: String { Self.mark + raw.base64EncodedString() }

    /// Eighty bits for two people on a telephone: `ABCD-EFGH-IJKL-MNOP`.
    package var fingerprint: String {
        let letters = Base32.text(Array(SHA256.hash(data: raw).prefix(10)))
        return stride(from: 0, to: letters.count, by: 4).map { String(letters.dropFirst($0).prefix(4)) }.joined(separator: "-")
    }

    /// The fingerprint as programs write it: sixteen letters.
    package var mark: String { fingerprint.replacing("-", with: "") }

    /// As people write it down: small letters, blanks or nothing between the fours.
    package func has(fingerprint written: String) -> Bool {
        written.uppercased().filter { $0.isLetter || $0.isNumber } == fingerprint.replacing("-", with: "")
    }

    package func verifies(_ signature: Data, _ octets: [UInt8]) -> Bool {
        (try? Curve25519.Signing.PublicKey(rawRepresentation: raw))?.isValidSignature(signature, for: octets) ?? false
    }
}

/// A hub's own key.
package struct OwnPaperKey: Sendable {
    private let key: Curve25519.Signing.PrivateKey

    /// A new one.
    package init() { key = Curve25519.Signing.PrivateKey() }

    /// As it lies in the data folder; nil for what is none.
    package init?(text: String) {
        guard let raw = Data(base64Encoded: String(text.prefix { !$0.isWhitespace })), let key = try? Curve25519.Signing.PrivateKey(rawRepresentation: raw) else { return nil }
        self.key = key
    }

    package var text: String { key.rawRepresentation.base64EncodedString() + "\n" }
    package var known: PaperKey { PaperKey(raw: key.publicKey.rawRepresentation) }
    package func sign(_ octets: [UInt8]) throws -> Data { try key.signature(for: octets) }
}
