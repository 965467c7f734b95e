/// Facts to render the templates with before an alert does: Templates/samples/*.json.
import AlertModel
import Foundation

/// One sample as people write it. Times are RFC 3339.
struct Sample: Decodable {
    struct Place: Decodable {
        var code: String
        var name: String
        var romanName: String
        enum CodingKeys: String, CodingKey {
            case code, name
            case romanName = "roman_name"
        }
    }

    var kind: AlertKind
    var message: MessageType
    var type: String
    var title: String
    var headline: String?
    /// Nil for the town's own alert.
    var sender: String?
    var reported: Date
    var town: Place
    var areas: [AreaStatement]?
    var hypocentre: Hypocentre?
    var evacuation: EvacuationOrder?
    var shelter: ShelterNotice?
    var headquarters: Headquarters?
    var notice: Notice?
    var shelters: [ShelterStatus]?
    var previous: Before?
    var act: Acted?
    /// For a far end whose own district it does not concern.
    var elsewhere: Bool?
    /// For a far end whose own district stands under this level while others change.
    var stands: Stand?
    struct Stand: Decodable {
        var district: String
        var level: Int
    }
    var vantage: Vantage {
        if let stands { return .stands(district: stands.district, level: stands.level) }
        return elsewhere == true ? .elsewhere : .whole
    }

    /// What a person's act changes and leaves.
    struct Acted: Decodable {
        struct Row: Decodable {
            var hazard, district: String
            var level: Int
        }
        var change: Change
        /// The level before, in the order's own districts.
        var before: Int?
        var standing: [Row]?
        var besides: [ShelterNotice]?
    }
    var remarks: [Remark]?
    var happened: Date?
    var until: Date?

    /// What a cancel takes back.
    struct Before: Decodable {
        var reported: Date
        var areas: [AreaStatement]
        var hypocentre: Hypocentre?
    }

    static func read(_ data: Data, file: String) throws(TemplateProblems) -> Sample {
        let decoder = JSONDecoder()
        decoder.dateDecodingStrategy = .iso8601
        do {
            return try decoder.decode(Sample.self, from: data)
        } catch {
            throw TemplateProblems(problems: [TemplateProblem(file: file, text: "見本として読めません: \(error) (no sample)")])
        }
    }

    /// Nil where the town's code is none.
    var place: Town? {
        TownID(town.code).map {
            Town(id: $0, name: town.name, romanName: town.romanName, areas: [:], shelters: (shelters ?? []).map(\.shelter))
        }
    }

    var content: AlertContent {
        var content = AlertContent(
            id: AlertID("sample"), event: EventID("sample"), kind: kind, message: message,
            revision: Revision(series: type, serial: 1, sent: reported, isCancel: message == .cancel), type: type,
            title: title, headline: headline, sender: sender ?? town.name, sent: reported, reported: reported,
            expires: reported.addingTimeInterval(3600), areas: areas ?? [], hypocentre: hypocentre, detail: detail,
            town: sender == nil ? TownID(town.code) : nil, act: acted)
        content.remarks = remarks
        content.happened = happened
        content.validUntil = until
        return content
    }

    private var acted: Act? {
        guard let act else { return nil }
        func row(_ subject: Act.Subject, _ level: Int) -> Act.Row {
            Act.Row(
                subject: subject, state: .level(level), since: reported, by: "sample", until: nil, event: EventID("sample"),
                act: AlertID("sample"))
        }
        let standing = (act.standing ?? []).map { row(.evacuation(hazard: $0.hazard, district: $0.district), $0.level) }
        let steps = (evacuation?.districts ?? []).map { district in
            let subject = Act.Subject.evacuation(hazard: evacuation?.hazard ?? "", district: district)
            return Act.Step(
                subject: subject, before: act.before.map { row(subject, $0) }, after: standing.first { $0.subject == subject })
        }
        var made = Act(version: 1, by: "sample", change: act.change, steps: steps, standing: standing)
        made.besides = act.besides
        return made
    }

    var toldBefore: ToldBefore? {
        previous.map { before in
            var content = content
            content.message = .alert
            content.reported = before.reported
            content.areas = before.areas
            content.hypocentre = before.hypocentre
            return ToldBefore(content: content, local: before.areas)
        }
    }

    private var detail: Detail {
        if let evacuation { return .evacuation(evacuation) }
        if let shelter { return .shelter(shelter) }
        if let headquarters { return .headquarters(headquarters) }
        if let notice { return .notice(notice) }
        return .none
    }

    /// All areas are the town's, but for what no town lies in.
    var local: [AreaStatement] {
        (areas ?? []).filter { $0.scheme != .jmaRiver && $0.scheme != .jmaVolcano }
    }
}
