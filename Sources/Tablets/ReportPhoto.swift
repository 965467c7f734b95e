internal import Foundation

/// A photograph in a shelter's report: a small JPEG (ITU-T T.81), without what a camera writes into it. Where it was taken and by whose telephone is
/// nobody's business here; the page draws it anew, and what another client sends is stripped.
package struct ReportPhoto: Sendable, Equatable {
    /// Octets of the JPEG. 960 pixels of a room are 40 to 60 kilobytes.
    package static let most = 64 << 10
    private static let mostPixels = 2_048

    package let octets: [UInt8]
    package let width, height: Int

    /// Nil where it is no JPEG, not whole, or larger than a report may bring.
    package init?(_ jpeg: [UInt8]) {
        guard jpeg.count <= Self.most, jpeg.starts(with: [0xFF, 0xD8]), jpeg.suffix(2) == [0xFF, 0xD9] else { return nil }
        var kept: [UInt8] = [0xFF, 0xD8], place = 2
        var size: (width: Int, height: Int)?
        while true {
            // Each segment: FF, its mark, its length with these two octets.
            guard place + 4 <= jpeg.count, jpeg[place] == 0xFF else { return nil }
            let mark = jpeg[place + 1], length = Int(jpeg[place + 2]) << 8 | Int(jpeg[place + 3]), end = place + 2 + length
            guard length >= 2, end <= jpeg.count else { return nil }
            switch mark {
            case 0xFF:
                // Octets that fill.
                place += 1
                continue
            case 0xDA:
                guard let size, (1...Self.mostPixels).contains(size.width), (1...Self.mostPixels).contains(size.height) else { return nil }
                (width, height) = size
                // Four octets or more are left there, as asked above.
                octets = kept + jpeg[place...]
                return
            // Frames; C4, C8 and CC are tables.
            case 0xC0...0xCF where ![0xC4, 0xC8, 0xCC].contains(mark):
                guard length >= 8 else { return nil }
                // The segment is long enough, and whole: its end was asked above.
                size = (Int(jpeg[place + 7]) << 8 | Int(jpeg[place + 8]), Int(jpeg[place + 5]) << 8 | Int(jpeg[place + 6]))
                // Its end lies within, and behind its beginning.
                kept += jpeg[place..<end]
            // APP1 to APP15 and comments: place, time, telephone, a second picture.
            case 0xE1...0xEF, 0xFE: break
            case 0x01, 0xD0...0xD9: return nil
            // Its end lies within, and behind its beginning.
            default: kept += jpeg[place..<end]
            }
            place = end
        }
    }
}

extension ShelterReport {
    /// The report as it is recorded: in the photograph's place stands which one it is (`sha256`), or that it could not be kept.
    package static func recorded(_ body: String, photo: ReportPhoto, digest: String?) -> String {
        guard var said = (try? JSONSerialization.jsonObject(with: Data(body.utf8))) as? [String: Any] else { return body }
        said["photo"] = digest.map { ["sha256": $0, "octets": photo.octets.count, "width": photo.width, "height": photo.height] as [String: Any] } ?? ["lost": true]
        guard let octets = try? JSONSerialization.data(withJSONObject: said, options: [.sortedKeys, .withoutEscapingSlashes]) else { return body }
        return String(decoding: octets, as: UTF8.self)
    }
}
