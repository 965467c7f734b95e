package import FoundationEssentials
internal import Gzip
package import Ledger

/// The words of an alert as they lie on the disk: JSON, pressed. Words in three languages for each of hundreds of towns are
/// most of what a warning leaves; a row of them is a third of its size, and stays in its page.
package enum SaidForm {
    /// What one alert said in one town, when it is read again.
    private static let limit = 4 << 20

    package static func pack(_ said: [SaidText]) throws -> Data {
        let encoder = JSONEncoder()
        // So that the same words are the same octets, in whichever ledger.
        encoder.outputFormatting = .sortedKeys
        let octets = try encoder.encode(said)
        return octets.count < 512 ? octets : Data(Gzip.compress([UInt8](octets), level: 6))
    }

    /// Also of what was written before it was pressed.
    package static func unpack(_ octets: Data) throws -> [SaidText] { try JSONDecoder().decode([SaidText].self, from: plain(octets)) }

    static func plain(_ octets: Data) throws -> Data {
        octets.starts(with: [0x1F, 0x8B]) ? Data(try Gzip.inflate([UInt8](octets), limit: limit)) : octets
    }
}
