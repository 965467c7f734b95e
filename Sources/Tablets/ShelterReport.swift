/// What a shelter says of itself, as far as the hub looks into it. A report is kept as it came; what is here is refused where it
/// cannot be understood, so that nobody at the desk reads 満員 where something else was meant.
///
/// Every key may be absent or null: that is "not said". An old client knows none of them.
package import Devices
internal import Foundation
internal import HTTPTypes
package import Serving

package struct ShelterReport: Sendable, Equatable {
    /// Whether there is water, or electricity.
    package enum Supply: String, Sendable, CaseIterable {
        case yes, no, unknown
    }

    package var households: Int?
    package var crowding: Crowding?
    package var water, power: Supply?
    /// The id of this device's earlier report that this one takes the place of.
    package var corrects: String?
    package var photo: ReportPhoto?

    private static let most = 99_999

    /// - Throws: a 422 with a sentence for each field.
    package init(_ octets: [UInt8]) throws(Problem) {
        let read = (try? JSONDecoder().decode(Reading.self, from: Data(octets))) ?? Reading()
        guard read.faults.isEmpty else {
            throw Problem(.unprocessableContent, read.faults.map(\.detail).joined(separator: "。"), errors: read.faults)
        }
        self = read.report
    }

    private init() {}

    /// Field by field, so that every fault is told at once.
    private struct Reading: Decodable {
        enum Key: String, CodingKey { case id, households, crowding, water, power, corrects, photo }
        var report = ShelterReport()
        var faults: [Problem.Field] = []

        init() {}

        init(from decoder: any Decoder) throws {
            let said = try decoder.container(keyedBy: Key.self)
            report.households = take(.households, said, "世帯の数は0〜\(ShelterReport.most)です (households: 0 to \(ShelterReport.most))") { (count: Int) in
                (0...ShelterReport.most).contains(count) ? count : nil
            }
            report.crowding = take(.crowding, said, "混み具合は free（空き）, crowded（混雑）, full（満員）のどれかです (crowding: one of these)", Crowding.init(rawValue:))
            report.water = take(.water, said, "水は yes（出る）, no（出ない）, unknown（わからない）のどれかです (water: one of these)", Supply.init(rawValue:))
            report.power = take(.power, said, "電気は yes（使える）, no（使えない）, unknown（わからない）のどれかです (power: one of these)", Supply.init(rawValue:))
            let own = try? said.decode(String.self, forKey: .id)
            report.corrects = take(.corrects, said, "訂正する報告は、この端末の前の報告の番号（id）です (corrects: the id of an earlier report of this device)") {
                (id: String) in !id.isEmpty && id.utf8.count <= 100 && id != own ? id : nil
            }
            report.photo = take(.photo, said, "写真は \(ReportPhoto.most / 1024) KiB までのJPEGです。小さくして送ってください (photo: a JPEG of at most \(ReportPhoto.most / 1024) KiB, in base64)") {
                (text: String) in Data(base64Encoded: text).flatMap { ReportPhoto([UInt8]($0)) }
            }
        }

        private mutating func take<Written: Decodable, Value>(
            _ key: Key, _ said: KeyedDecodingContainer<Key>, _ words: String, _ value: (Written) -> Value?
        ) -> Value? {
            guard said.contains(key), (try? said.decodeNil(forKey: key)) == false else { return nil }
            let found = (try? said.decode(Written.self, forKey: key)).flatMap(value)
            if found == nil { faults.append(.init(field: key.rawValue, detail: words)) }
            return found
        }
    }
}
