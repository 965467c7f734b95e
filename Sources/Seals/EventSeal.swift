/// The seal of a line of the stream: a town's signature over what it says, which holds whoever brings it and in whichever languages.
///
///     {…,"texts":{"en":{…},"ja":{…}},…,"seal":{"key":"ABCD…","number":1796…,"texts":{"en":"…","ja":"…"},"signature":"…"}}
///                                              └── which key, which of its words, the digest of each text ──┘
///
/// Signed is the event's name and the line as RFC 8785 spells it (JCS), without what changes on its way: `expires_in` (what is left of it as it is told),
/// `delivery` (a school's own), `texts` (some are left out for who reads one language; their digests are in the seal) and the signature itself. Our own lines
/// are spelled so already: signing leaves octets out and changes none.
package import Bundles
internal import Crypto
internal import FoundationEssentials
internal import Web

package struct EventSeal: Sendable, Hashable {
    /// Of a text's digest: SHA-256 cut to 144 bits, 24 letters of base64.
    private static let digestOctets = 18
    private static let left: Set<[UInt8]> = Set(["expires_in", "delivery", "texts", "seal"].map { Array($0.utf8) })

    package let key: String
    package let number: UInt64
    private let texts: [(tag: String, digest: String)]

    package static func == (a: Self, b: Self) -> Bool { a.body == b.body }
    package func hash(into hasher: inout Hasher) { hasher.combine(body) }

    /// The seal without its signature, as it is signed.
    private var body: String {
        let digests = texts.map { "\"\($0.tag)\":\"\($0.digest)\"" }.joined(separator: ",")
        return #"{"key":"\#(key)","number":\#(number),"texts":{\#(digests)}}"#
    }

    /// The line with its seal; nil for what is no line of ours, or has one.
    package static func seal(_ line: [UInt8], as name: String, by key: OwnPaperKey, number: UInt64) -> [UInt8]? {
        guard let members = JSONMembers(line, in: line.indices), let texts = digests(line, members),
            !members.all.contains(where: { line[$0.key].elementsEqual("seal".utf8) })
        else { return nil }
        let seal = EventSeal(key: key.known.mark, number: number, texts: texts)
        guard let signature = try? key.sign(seal.signed(line, members, name)) else { return nil }
        var sealed = line
        while let last = sealed.popLast(), last != UInt8(ascii: "}") {}
        if !members.all.isEmpty { sealed.append(UInt8(ascii: ",")) }
        sealed += Array(#""seal":\#(seal.body.dropLast()),"signature":"\#(signature.base64EncodedString())"}}"#.utf8)
        return sealed
    }

    /// Whose word a line is and which, where one of `keys` has signed it; nil for any other.
    package static func read(_ line: [UInt8], as name: String, keys: [PaperKey]) -> EventSeal? {
        struct Written: Decodable {
            var key: String
            var number: UInt64
            var signature: Data
            var texts: [String: String]
        }
        struct Line: Decodable { var seal: Written }
        guard let members = JSONMembers(line, in: line.indices), let said = try? JSONDecoder().decode(Line.self, from: Data(line)).seal,
            let key = keys.first(where: { $0.mark == said.key }), let own = digests(line, members)
        else { return nil }
        let seal = EventSeal(key: said.key, number: said.number, texts: said.texts.sorted { $0.key < $1.key }.map { (tag: $0.key, digest: $0.value) })
        // What is here is what was signed; what was left out on its way is missed by nobody.
        guard own.allSatisfy({ said.texts[$0.tag] == $0.digest }), key.verifies(said.signature, seal.signed(line, members, name)) else { return nil }
        return seal
    }

    private func signed(_ line: [UInt8], _ members: JSONMembers, _ name: String) -> [UInt8] {
        var parts = members.all.filter { !Self.left.contains(Array(line[$0.key])) }.map { (key: Array(line[$0.key]), value: Array(line[$0.value])) }
        parts.append((key: Array("seal".utf8), value: Array(body.utf8)))
        var octets = Array("noroshi-event 1\n\(name)\n{".utf8)
        for (place, part) in parts.sorted(by: { $0.key.lexicographicallyPrecedes($1.key) }).enumerated() {
            if place > 0 { octets.append(UInt8(ascii: ",")) }
            octets += [UInt8(ascii: "\"")] + part.key + [UInt8(ascii: "\""), UInt8(ascii: ":")] + part.value
        }
        return octets + [UInt8(ascii: "}")]
    }

    /// By tag, sorted; nil where a tag is no plain word.
    private static func digests(_ line: [UInt8], _ members: JSONMembers) -> [(tag: String, digest: String)]? {
        guard let texts = members.all.first(where: { line[$0.key].elementsEqual("texts".utf8) })?.value else { return [] }
        guard let inside = JSONMembers(line, in: texts) else { return nil }
        let all = inside.all.map { member in
            (tag: String(decoding: line[member.key], as: UTF8.self),
                digest: Data(SHA256.hash(data: line[member.value]).prefix(digestOctets)).base64EncodedString())
        }
        guard all.allSatisfy({ $0.tag.utf8.allSatisfy { (0x2D...0x7A).contains($0) && $0 != 0x5C } }) else { return nil }
        return all.sorted { $0.tag < $1.tag }
    }
}
