/// A key of a town, said by the key before it: who knows one of them knows the newest.
///
///     key 1 ──signs──▶ key 2 (key 1 ends in a month) ──signs──▶ key 3 (key 2 ends now) …
package import AlertModel
package import Bundles
internal import ChannelKit
package import FoundationEssentials

package struct KeyWord: Sendable, Hashable, Codable {
    /// From 1 up: of two words of the same number the first that is heard holds.
    package var number: Int
    package var town: String
    /// `ed25519:BASE64`.
    package var key: PaperKey
    /// The mark of the key that signed this; the first key's own.
    package var by: String
    package var at: String
    /// Until when what the key before this one signed still holds.
    package var ends: String?
    package var signature: Data

    package init(_ key: OwnPaperKey, number: Int, of town: TownID, by signer: OwnPaperKey, at now: Date, ends: Date?) throws {
        (self.number, self.town, self.key, by) = (number, town.code, key.known, signer.known.mark)
        (at, self.ends) = (JapanTime.text(now, milliseconds: false), ends.map { JapanTime.text($0, milliseconds: false) })
        signature = Data()
        signature = try signer.sign(signed)
    }

    package func isSigned(by signer: PaperKey) -> Bool { signer.mark == by && signer.verifies(signature, signed) }

    /// As RFC 8785 spells it; in none of these stands what JSON escapes.
    private var signed: [UInt8] {
        let end = ends.map { #""ends":"\#($0)","# } ?? ""
        return Array("noroshi-key 1\n{\"at\":\"\(at)\",\"by\":\"\(by)\",\(end)\"key\":\"\(key.text)\",\"number\":\(number),\"town\":\"\(town)\"}".utf8)
    }
}
